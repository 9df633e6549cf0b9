"""Whether what a person writes after a question answers it, so that nobody else need."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rag.background import among_developers
from rag.courtesy import courtesy
from rag.overheard import asks, explains, hints, sells
from rag.patterns import any_of, any_way
from rag.talk import spoken
from rag.tokens import normalised, words
from rag.types import Hit

Pointing = Literal["here", "nowhere", "elsewhere"]
"""What a remark was written in reply to."""

NEAR = 3.0
"""How much a remark shares with a question and what was found for it, in nats, when it may answer it.

Of right answers to a course's questions all share so much, of other talk in its group 2 %.
"""

# What may be a question itself has to add so much of what was found to the words of the question.
_ADDED = 9.0
# So many passages an answer would be written from.
_READ = 6
# A word is worth by how many nats it is rarer than an everyday one. In English, where only everyday words are
# known, a plain one is worth no more than _PLAIN. A number of so many digits counts as a name.
_EVERYDAY, _PLAIN, _LONG = 6.5, 3.0, 3

_ECHOES = any_way(
    r"^\W*(?:\d*\+1|\+\d|dd|up|mark|same|following)\W*$|也想知道|[我俺]们?也[不想是有遇碰报卡在没一]",
    r"^\W*" + any_of("同问 同求 同款 蹲 顶 插眼 坐等 求解 等一个 一样的?[问报错] 同样?的?[问报疑]"),
    r"\bsame (?:here|question|issue|problem|error)|\bme too\b|\bi (?:also|have the same)\b",
    r"^\W*(?:我|这个?)*(?:不知道|不清楚|不会|不懂|没[用试]过|idk|no idea|i don)(?!.{8})",
)
_SUGGESTS = any_way(
    any_of("是不是 有没有[试看装加设开配] [试看查]过? 要不 是否 没[装加设开配激更升]"),
    any_of("检查 确认 重启 更新 升级"),
    r"\b(?:did you|have you|maybe|perhaps)\b",
)
_WHETHER = any_way(
    r"[吗嘛不没?？]\W*$|能不能|可不可以|是不是|行不行|^\W*(?:can|could|is|are|does|do|should|will)\b"
)
_YES_OR_NO = any_way(
    r"^\W*(?:是|对|应该|好像|目前|暂时|都|也)*不?(?:可以|能|行|支持|需要|用|要|会|有)[的啊呀哦滴]*\W*$",
    r"^\W*(?:没有|不是|是的|对的|yes|no|yep|yeah|nope)\W*$",
)
# A version, a name in code, a flag, a call, a path: who writes such a thing after a question means to help.
_NAMES = any_way(
    r"(?<![a-z\d.])(?=[a-z.]*\d)(?=[\d.]*[a-z])[a-z\d.]{5,}|[a-z\d]_[a-z\d]|(?<!\S)--?[a-z]{2,}|[a-z]\(",
    r"(?<![\w:/])~?/[a-z][\w.-]*/|==?\d",
)
_ACTS = any_way(
    any_of("用 装 改 设 看 重[启装新] 删 换 试 可以 支持 需 选 填 公告 置顶 文档 教程 链接 [里上]有"),
    any_of("第.{1,3}[节课章步页关] 稍等 等[我下] 我来 帮[你您] [a-z\\d]{2} 📎 🖼"),
)


@dataclass(frozen=True)
class Wanted:
    """The answer to a question; what was `found` for it, best first, says what it may be about.

    Where nothing is given, only what is plain counts as an answer.
    """

    question: str
    found: Sequence[Hit] = ()

    def given_by(self, remark: str, pointing: Pointing = "nowhere") -> bool:
        """Whether another person's remark answers; `pointing`: whether it was a reply to the question.

        Who only asks the same, asks something else, or chats, has not answered.
        """
        said, pointed = spoken(normalised(remark)), pointing == "here"
        if _YES_OR_NO.search(said) and (
            pointed or (pointing == "nowhere" and _WHETHER.search(self.question))
        ):
            return True
        if courtesy(remark) or sells(said) or (_ECHOES.search(said) and not explains(said)):
            return False
        written = set(words(said))
        added = _worth((written & self._there) - self._asked)
        near = added + _worth(written & self._asked)
        if pointing == "elsewhere":
            return added >= _ADDED and not asks(said)
        suggested = pointed and near >= NEAR and bool(_SUGGESTS.search(said))
        if asks(said):
            return suggested
        if hints(said) and not explains(said):
            return suggested or added >= _ADDED
        acts = pointed and _ACTS.search(normalised(remark))
        return near >= NEAR or bool(_NAMES.search(said) or acts)

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(words(self.question))

    @cached_property
    def _there(self) -> frozenset[str]:
        passages = [hit.passage for hit in self.found[:_READ]]
        texts = [text for one in passages for text in (one.title, *one.heading_path, one.text)]
        return frozenset(word for text in texts for word in words(text))


def _worth(shared: Collection[str]) -> float:
    return sum(map(_rarity, shared))


def _rarity(word: str) -> float:
    if word.isdigit():
        return NEAR if len(word) >= _LONG else 0.0
    rare = max(0.0, -math.log(among_developers(word)) - _EVERYDAY) if len(word) > 1 else 0.0
    return min(rare, _PLAIN) if word.isascii() and word.isalpha() else rare
