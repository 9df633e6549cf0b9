"""What is overheard in a group: whether a message asks for what anybody who knows it may answer."""

import re

from rag.courtesy import courtesy
from rag.patterns import any_of, any_way
from rag.talk import Talk, spoken
from rag.tokens import normalised

_LONGEST = 4000
# What is shorter leaves out what it asks about.
_SHORTEST = 4
# A single sign of an advertisement may be what is asked about: a proxy, a forwarded port.
_SELLS = 2

# Names that are called, and what belongs to one person or to their group.
_TO_SOMEBODY = any_way(r"(?<!\S)@\w", r"(?<!谢)[你您](?![们好])", any_of("你们[那家群俩] 你们小?组"))
_TO_ALL = any_way(
    r"^\W*(?:重要|温馨|友情|群|直播|活动)?"
    + any_of("通知 公告 提醒 提示 预告 聊天记录 转发 fyi notice reminder")
    + r"(?!\w)",
    r"请(?:大家|各位|同学们?|所有人|未|尚未|务必|及时|按时|准时|尽快|尽早|注意|知悉|查收|周知|点击|填写|于|"
    r"多|勿|不要|别|客|吃)(?!.{0,4}[帮看问教指])",
    r"\bplease (?:note|join|submit|remember|be)\b",
    r"有(?:人|没有|谁).{0,6}(?:一起|组队|拼|约)|组队|搭子",
)
_EXPLAINS = any_way(
    any_of("因为 由于 原因是 应该 估计 建议 (?<!没)解决了 搞定 好了 可以了 试试 试一?下 改成 换成 不用"),
    any_of("不需要 导致 可能会 检查 确认 记得 别忘 需要先 得先 照着 按照"),
    r"就(?:行|好|可以)了?\W*$",
    r"\b(?:because|otherwise|try|solved|fixed|works now|may cause|should be)\b",
    r"\byou (?:can|need|should|have to|could)\b",
)
# Where to look, in front of what may sound like a question.
_POINTS = any_way(r"^\W*(?:可以|直接|先)?(?:[看试搜查](?:看|试|一?下)|参考|去看)")
_ENDS_ASKING = any_way(r"[?？吗呢么嘛不没]\W*$")
_ASKS = any_way(
    any_of("怎 咋 如何 什么 啥 哪 多[少大久长] 几[个次种步条张行] 谁 为何 吗 求[助教解] 请[问教] \\? 能不能"),
    r"可不可以|\b(?:what|why|which|where|how|who|any(?:one|body)|(?:can|could|should) (?:i|we))\b",
    r"^\W*(?:can|could|do|does|did|is|are|should|will|would|has|have)\b",
)
_ASKS_WHETHER = any_way(
    r"\w\s?还是\s?[a-z\d]|(?P<verb>[能会要可用是有行对])[不没](?P=verb)",
    any_of("是否 [能可]否 有没 嘛 疑问 不太?明白 没看懂 只想 想要 想把 想让 想从 帮[我忙看] 麻烦 推荐"),
    r"\b(?:please|pls|help)\b",
    r"\b(?:can|could|does|do|is|are|should|will) (?:\w+ ){1,4}(?:be|work|have|need|support|run|use|get)\b",
)
_FAILS = any_way(
    r"(?<![a-z\d])(?:oom|killed|errno|traceback|segfault|core dumped)(?![a-z\d])",
    r"[a-z\d](?:error|exception)(?![a-z\d])|incompatible|does not|doesn['’]t|can(?:no|['’])?t(?![a-z\d])",
    any_of("一直 总是 老是 还是[报没半不] 仍然 被截断 半截 超时 缺 不[了起来上到出动开]"),
)


def seeks(text: str) -> bool:
    """Whether it puts a question or a failure to a group as a whole, whatever that is about.

    Chinese needs no question mark, nor does an error that is pasted without a word. What is said to somebody,
    sells, announces, greets, thanks or explains seeks nothing.
    """
    said = spoken(normalised(text[:_LONGEST]))
    if len(text) > _LONGEST or sum(map(str.isalnum, said)) < _SHORTEST or courtesy(text):
        return False
    if _TO_SOMEBODY.search(normalised(text)) or _TO_ALL.search(said) or sells(said):
        return False
    return asks(said) or (hints(said) and not explains(said))


def asks(said: str) -> bool:
    """Whether a normalised text asks in so many words."""
    return bool(_ENDS_ASKING.search(said) or (_ASKS.search(said) and not _POINTS.search(said)))


def hints(said: str) -> bool:
    """Whether a normalised text may ask, or tell of a failure; who answers may say such things as well."""
    return bool(_ASKS_WHETHER.search(said) or Talk.FAILING.heard(said) or _FAILS.search(said))


def explains(said: str) -> bool:
    """Whether a normalised text tells what to do or why, rather than that something fails."""
    return bool(_EXPLAINS.search(said) or _POINTS.search(said))


def sells(said: str) -> bool:
    """Whether a normalised text advertises something."""
    return len({match[0] for match in re.finditer(Talk.SELLING.value, said)}) >= _SELLS
