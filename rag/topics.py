"""What a message about a person's own things is about: their GPU, their system, their cohort, …"""

import re
from collections.abc import Mapping

from rag.patterns import any_of, any_way

_COUNT = "[一二三四五六七八九十\\d]"

_CARD = r"(?<![a-z\d])(?:[ahlvp]\d{2,3}|[1-5]0[5-9]0|16[5-9]0)(?:\s?(?:ti|super|d))?(?![a-z\d])"

_TOPICS = {
    "gpu": any_way(
        any_of("显卡 显存 英伟达 昇腾 国产卡 核显 集显 独显"),
        rf"\b{any_of('gpus? v?ram rtx gtx tesla quadro radeon nvidia amd npu mps ascend atlas t4')}\b",
        _CARD,
    ),
    "machine": any_way(
        any_of(
            "电脑 机器(?!人|学习|翻译) 笔记本 轻薄本 游戏本 台式 服务器 主机 开发机 集群 超算 设备 配置 "
            "内存 硬盘"
        ),
        rf"\b{any_of('machine laptop server box pc computer desktop device hardware')}s?\b",
        rf"\b{any_of('mac macbook cluster slurm memory disk cpu')}\b|\d\s?核",
    ),
    "system": any_way(
        r"系统|环境|\bwin(?:dows)?\s?(?:7|8|10|11|server)?\b|\bmac\s?os\b",
        rf"\b{any_of('ubuntu debian centos linux wsl2? arch fedora mac macbook')}\b",
        r"\b(?:os|system|setup|environment)\b",
    ),
    "versions": any_way(
        r"版本|驱动|cuda|cudnn|\b(?:python|py)\s?\d|torch\s?\d|\bversions?\b|\bdrivers?\b|\d\.\d"
    ),
    "cohort": any_way(
        rf"{_COUNT}\s?[期班组]|[哪几]一?个?[期班组]|\b(?:cohort|camp|class|group)\s?\d|\bcohort\b"
    ),
    "uid": any_way(r"uid|学号|报名号|编号|\bstudent (?:id|number)\b|\bids?\b"),
    "name": any_way(r"我[叫姓]|名字|昵称|\bname\b|\bcall me\b"),
    "work": any_way(
        any_of("作业 关卡 任务 项目 课题 毕设 毕业设计 论文 比赛 在(?:做|写|搞|弄|搭|训|微调|部署)"),
        rf"\b{any_of('homework assignment project thesis task paper competition building')}\b|\bworking on\b",
    ),
    "background": any_way(
        any_of("专业 方向 大[一二三四] 研[一二三] 博[一二三] 学生 本科 硕士 博士 工作 转行 程序员 工程师"),
        any_of("基础 小白 新手 经验 只会 不会 没学过 适合我"),
        rf"\b{any_of('student beginner newbie undergrad master phd engineer developer')}\b",
        r"\b(?:background|experience|major)\b",
    ),
    "network": any_way(
        any_of("外网 内网 联网 断网 离线 代理 防火墙"),
        rf"\b{any_of('offline internet proxy firewall intranet air-?gapped network')}\b",
    ),
    "goal": any_way(r"目标|打算|计划|准备|想要?(?:做|学|考|找|转)|\b(?:goal|plan|aim|want to)\b"),
}


def topics(text: str) -> frozenset[str]:
    """The names of the topics that a text touches."""
    return frozenset(name for name, pattern in _TOPICS.items() if pattern.search(text))


# Of what one has only one of, or speaks of one at a time.
_VALUES = {
    "gpu": any_way(_CARD, r"核显|集显|没有?独?立?(?:显卡|gpu)|\bno (?:gpu|nvidia)\b"),
    "system": any_way(
        rf"(?<![a-z]){any_of('win(?=(?:dows)?(?![a-z])) mac(?=(?:os|book)?(?![a-z]))')}",
        r"ubuntu|debian|centos|fedora",
    ),
    "cohort": any_way(rf"{_COUNT}{{1,3}}(?= ?期)|\b(?:cohort|camp) ?\d"),
    "uid": any_way(r"(?:uid|学号|报名号)\D{0,4}\d{3,12}"),
    "cuda": any_way(r"cuda\D{0,6}\d[\d.]{0,6}"),
    "python": any_way(r"python\D{0,6}\d[\d.]{0,6}"),
    "torch": any_way(r"torch\D{0,6}\d[\d.]{0,6}"),
}
_BESIDE = re.compile(r"\W|版本|[是为的]")


def outdated(fact: str, said: str) -> bool:
    """Whether what is said gives a thing another value than the fact does: a 4090 and no more the 3060."""
    before, now = _values(fact), _values(said)
    return any(before[name].isdisjoint(now[name]) for name in before.keys() & now.keys())


def _values(text: str) -> Mapping[str, frozenset[str]]:
    found = {
        name: frozenset(_BESIDE.sub("", match[0].lower()) for match in pattern.finditer(text))
        for name, pattern in _VALUES.items()
    }
    return {name: values for name, values in found.items() if values}
