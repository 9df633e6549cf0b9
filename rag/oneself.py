"""Clauses in which people tell something of themselves that may matter later, in Chinese and English."""

from rag.patterns import any_of, any_way
from rag.topics import topics

_NOT_SO = any_way(
    any_of("如果 假如 假设 要是 万一 比如 例如 倘若 是否"),
    r"\b(?:if|suppose|assuming|imagine|someone|for example)\b",
    rf"^\W*{any_of('他 她 你 别人 同学 朋友 老师 助教 群友')}",
    r"^\W*(?:they|he|she|you|my friend)\b",
)

_NOW = any_of(
    "这边 这里 这儿 现在 目前 平时 一直 主要 也 都 就 只 还 其实 自己 手上 手头 家里 公司 单位 实验室 学校 "
    "正 刚 先"
)
_ME = rf"(?:我|咱|俺|本人|小弟)们?(?:{_NOW}|的){{0,6}}"
_I = (
    r"\b(?:i|we)(?:['’]?m| am| are|['’]ve| have been)?"
    r"(?: (?:only|just|also|still|currently|now|mostly|already|really|actually))*"
)
_NEAR = r"[^，,。]"

_YEAR = r"(?:大[一二三四](?!点|些)|研[一二三]|博[一二三])"
_KIND = any_of(
    "本科 专科 硕士 博士 学生 研究生 程序员 工程师 产品经理 小白 新手 初学者 零基础 文科 理科 工科 专业 "
    "上班族 医生 "
    "设计师 转行 出身 背景"
)
_SKILL = rf"(?:的?英[语文]|{any_of('数学 编程 代码 基础 python linux')})"
_TRADE = any_of("专业 方向 职业 行业 题目 课题 项目 岗位")
_WORK = any_of("作业 关卡? 任务 项目 课题 毕设 毕业设计 论文 比赛 系统 机器人 助手 应用")
_FAILED = any_of("时候 时\\b 报错 出错 失败 卡")
_GOAL = rf"(?:{any_of('做一?个 搭一?个 转行 考研 考证 入门 毕业 发论文 落地 上线')}|找{_NEAR}{{0,12}}工作)"
_CANNOT = any_of("不能 没法 无法 上不了 连不上 不让 不准 不允许 没有?")
_REACHED = any_of("外网 联网 互联网 翻墙 github huggingface docker sudo root 装软件")

_PERSON = any_of(
    "student beginner newbie noob undergrad\\w* freshman sophomore engineer programmer scientist "
    "researcher designer phd"
)
_KNOWN = any_of(
    "python linux c\\+\\+ java internet docker sudo root conda git coding programming chinese english"
)

# What tells of oneself whatever it is about.
_TELLS = any_way(
    rf"{_ME}叫(?!你|他|它|她|什么|啥|做|不)\S",
    rf"{_ME}(?>是|属于|在|报的?|参加的?|书生|浦语|训练营|实战营)*+第?[一二三四五六七八九十\d]{{1,3}}期",
    rf"{_ME}(?:是|在|读|学)(?!不是){_NEAR}{{0,10}}(?:{_YEAR}|{_KIND})",
    rf"{_ME}(?:今年|才|刚上|读)?{_YEAR}",
    rf"{_ME}(?:是|属于)?零基础",
    rf"{_ME}{_SKILL}{_NEAR}{{0,4}}(?:不好|差|弱|一般|不行|不太行|很菜)",
    rf"{_ME}(?:研究|工作)?{_TRADE}(?:是|叫|[:：])(?!什么|啥|不)",
    rf"{_ME}在?自学(?!的|时)",
    rf"{_ME}(?:只会|只懂|只?学过|没学过|没接触过|没用过)\s?(?!提示|报|出现)[^\s，,。]",
    rf"{_ME}(?:完全|基本)?不[会懂](?:用|写|说)?\s*(?:[a-z]|编程|代码|英[语文]|数学|线代|机器学习|深度学习)",
    rf"{_ME}(?:没什么|没有?|有一?[点些]){_NEAR}{{0,6}}(?:基础|经验|背景)",
    rf"{_ME}在?(?:[帮给替为]{_NEAR}{{0,6}})?(?:做|写|搞|弄|研究|开发|准备|忙)的?是?"
    rf"{_NEAR}{{0,16}}{_WORK}(?!.{{0,4}}{_FAILED})",
    rf"{_ME}在(?:微调|训练?|部署|复现|评测){_NEAR}{{0,3}}[a-z](?!.{{0,16}}{_FAILED})",
    rf"{_ME}(?:目标|计划|打算)(?:就?是|为|[:：])",
    rf"{_ME}(?:打算|计划|准备|想要?|希望){_NEAR}{{0,12}}{_GOAL}",
    rf"{_ME}{_NEAR}{{0,4}}{_CANNOT}{_NEAR}{{0,5}}{_REACHED}",
    rf"{_ME}{_NEAR}{{0,4}}(?:内网|断网|离线)",
    rf"{_ME}(?:每[天周晚])?(?:只有|只能){_NEAR}{{0,8}}(?:时间|周末|晚上|小时|分钟)",
    rf"{_I} (?:an? )?(?:(?:complete|total|absolute|\w+.year) )*(?:[a-z]+ ){{0,2}}{_PERSON}\b",
    rf"{_I} (?:new to|majoring in|studying|in (?:cohort|camp|class) ?\d|behind an? |offline\b)",
    rf"{_I} (?:working on (?!it\b|that\b|this\b)|(?:writing|building|preparing) (?:my|a|an)\b)",
    r"\bi study \w|\b(?:i|we) (?:work|live) (?:at|as|for|in|with)\b",
    r"\b(?:i|we) (?:only )?(?:don['’]?t|do not|can['’]?t|cannot|never) "
    rf"(?:know|use|access|reach|learned|have)\b.{{0,20}}\b{_KNOWN}\b",
    r"\bi (?:only )?(?:know|speak|understand) (?:only )?(?:a (?:bit|little) )?(?:of )?(?:some )?(?:basic )?"
    rf"{_KNOWN}\b",
    r"\bi only have .{0,20}(?:hours?|minutes|days|weekends?|evenings?)\b",
    r"\bmy (?:goal|name) is\b|\bcall me [A-Z]",
    r"\bi (?:want|plan|hope|intend) to (?:become|switch|get (?:a|into)|graduate|publish|build|learn)\b",
)

# What tells of oneself where one of _OWNED is spoken of.
_HAS = any_way(
    rf"{_ME}(?:在?用|使用|装(?:的是|了)|有|没|租(?:的是|了)|买(?:的是|了)|跑在|是|只能用|升级到|换成?了?)",
    rf"{_ME}(?=\d|[a-z]{{1,3}}\d)",
    rf"^\W*{_NOW}*(?:只有|没有?|无|有)(?!问题|效果|反应|人|变化)",
    rf"{_I} (?:using|use|got|have|own|run|running|renting|rent|bought|on|limited to|lack)\b",
    rf"{_I} (?:don['’]?t|do not) have\b|^\W*(?:got|using|running on|no|only|have)\b|\b(?:my|our) (?=\S*\d)",
)
_OWNED = frozenset({"gpu", "machine", "system", "versions", "cohort", "uid", "network"})

# What does so since it gives a thing of one's own a value.
_THING = (
    any_of(
        "显卡 显存 gpu 系统 环境 机器 电脑 笔记本 台式机? 服务器 开发机 主机 设备 配置 内存 cuda 驱动 "
        "python 版本 uid 学号 报名号 专业 网络"
    )
    + r"(?:\s?(?:号|型号|版本))?"
)
_IS = (
    r"\s{0,2}(?:[上里]?(?:装的)?是|为|有|只有|用的?是?|就?是个?|[:：=]|\s|(?=[没无]))"
    r"\s{0,2}(?:[一两二三四\d]?[台块张个])?\s{0,2}"
)
_THING_IN_ENGLISH = any_of(
    "gpu card box machine laptop pc computer server desktop workstation rig device os system setup env "
    "environment cuda driver python vram ram memory uid student\\sid cohort background major thesis project "
    "hardware"
)
_NAMES = any_way(
    rf"{_ME}[\u3400-\u9fff]{{0,4}}\s?{_THING}{_IS}(?:[a-z\d]|[没无]|麒麟|统信|鸿蒙|第)",
    rf"(?:^|报名|学员|本机)\W*{_NOW}*{_THING}{_IS}(?:[a-z]*\d|[a-z]+\b|[没无])",
    rf"\b(?:my|our) (?:\w+ ){{0,2}}{_THING_IN_ENGLISH}s?(?: \w+)?"
    r"(?:['’]s| is| are| has| have| runs|\s*[:=]) "
    r"(?!not\b|broken|slow|down|full|fine|crash)",
    rf"^\W*{_THING_IN_ENGLISH}\s*[:=]\s*\S",
)

# What may stand beside it and tells nothing, and what only goes on with it: "16g ram", "完全不能上外网".
_LEAD_IN = any_way(
    r"\W*(?:我|那|对了|顺便|顺带|先|再|另外)*+(?:说|讲|补充|介绍|交代|自我介绍)(?:一?[下声点])?(?:我|自己)?的?"
    r"(?:情况|背景|环境|配置)?\W*",
    r"\W*(?:对了|顺便|另外|你好|(?:大家|老师|各位|助教|群友们?)好呀?|btw|by the way|fyi|hi|hello|hey)?"
    r"(?: (?:all|there|everyone))?\W*",
)
_MORE = any_way(
    r"\W*(?>(?:"
    + any_of(
        "and with plus 还有 外加 以及 加上? 配 用的?是? 装的是 [一两][台块张] 显[卡存] 内存 硬盘 驱动 系统",
        "gpu cpu v?ram memory rtx gtx ti super pro air max nvidia amd intel mac(?:os|book)? win(?:dows)?",
        "ubuntu debian centos linux wsl2? cuda python (?:py)?torch driver",
        "(?!\\d+b\\b)[a-z]{0,3}\\d[\\d.]*+(?:gb?|t|核|块|张)?",
    )
    + r")[\s:：=是+/-]*+)++\W*",
    rf"\W*{_NOW}*+(?:完全|根本|彻底)?(?:不能|没法|无法|不让|不准|不允许|没有?)[上用连装]?{_REACHED}\W*",
    r"\W*[\u3400-\u9fff]{1,8}(?:出身|专业|背景)的?\W*",
)


def tells_of_oneself(clause: str) -> bool:
    """Whether a clause that asks nothing says who its writer is, what they have, can, may or aim at."""
    if _NOT_SO.search(clause):
        return False
    if _TELLS.search(clause) or _NAMES.search(clause):
        return True
    return bool(_HAS.search(clause) and topics(clause) & _OWNED)


def goes_on(clause: str) -> bool:
    """Whether a clause says, of what was told just before it, only more: "16g ram", "no internet at all"."""
    return bool(_MORE.fullmatch(clause))


def leads_in(clause: str) -> bool:
    """Whether a clause only greets, or says that something will be told."""
    return bool(_LEAD_IN.fullmatch(clause))
