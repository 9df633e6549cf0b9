"""How common a term is in everyday writing: what a word says about a text depends on it."""

from collections.abc import Mapping
from functools import lru_cache

from rag.tokens import is_chinese

STRANGE = 1e-6
"""The share of a name that nobody knows."""

# jieba's dictionary counts its words in a corpus of about this many.
_CORPUS = 60_101_967
# Chat is not that corpus: a word that it never saw may still be an everyday one.
_UNSEEN = 50
_NUMBER = 1e-2
# Whatever group of developers one listens to, it says each word of _SHOP about so often.
_OFTEN = 1e-4

_ENGLISH = """
the of and to a in is you that it he was for on are as with his they i at be this have from or one had by
word but not what all were we when your can said there use an each which she do how their if will up other
about out many then them these so some her would make like him into time has look two more write go see
number no way could people my than first been call who its now find long down day did get come made may
part over new only little work know place year me give back most very after thing our just name good think
say great where help through much before line right too mean old any same tell want show also around three
set put end does another well large must big even such because here why ask need try kind again change off
point page letter answer still learn should run using
"""

_SHOP = """
ai android api app arm audio aws azure bot branch bug chat claude cloud code commit conference cpu css
data dataset debug deep developer disk docker download driver email error excel file folder gemini git
github golang gpt gpu group hello hi html http https image install intel ios ip issue java javascript js
key kubernetes laptop learning linux llm log login mac machine macos memory merge message ml model mongodb
mysql nvidia ok open openai os paper password path pc pdf phd phone php pip please port ppt program
project proxy python ram react redis repo rust sdk server software source spring sql ssd system test token
train ubuntu update upload url usb user version video vpn vue web website wifi windows www yes
上传 下载 二维码 人工智能 代码 公司 内存 功能 助手 升级 压缩 参考 可以 同学 后端 前端 启动 命令 图片 地址
大佬 大模型 学习 学长 安装 实习 实时 平台 应用 开源 开发 延迟 怎么办 性能 打开 手机 技术 报名 截图 接口
推荐 插件 操作 效果 教程 数据 文件 文档 方法 方便 更新 最好 更好 服务器 机器人 机器学习 架构 版本 理解
电脑 登录 直接 直播 硬件 硬盘 程序 程序员 算力 算法 简历 系统 网站 网络 网页 群 老师 芯片 视频 解决 论文
语音 课程 账号 软件 运行 速度 邮箱 邮件 配置 链接 问题 需要 面试 项目 模型 显卡 显存 深度学习 摄像头 支持
密码 工程师 注册 编程 微信
"""


# English follows Zipf's law closely enough for a word's rank to give its share.
_COMMON: Mapping[str, float] = {word: 0.1 / (rank + 3) for rank, word in enumerate(_ENGLISH.split())}
_SHOP_TALK = frozenset(_SHOP.split())


@lru_cache(maxsize=100_000)
def frequency(term: str) -> float:
    """The share of a term among the words of its script."""
    if is_chinese(term):
        import rjieba

        return float(rjieba.suggest_freq(term) * rjieba.has_word(term) + _UNSEEN) / _CORPUS
    if term.isdigit():
        return _NUMBER
    return _COMMON.get(term, STRANGE)


def among_developers(term: str) -> float:
    """The same where developers chat, whatever their course is about."""
    return max(frequency(term), _OFTEN if term in _SHOP_TALK else 0.0)
