"""A question that leans on what was said before it becomes one that can be searched alone."""

import math
import re
from collections.abc import Sequence

from rag.background import frequency
from rag.facts import only_tells
from rag.tokens import normalised, words
from rag.topics import outdated
from rag.types import Followup

LOOK_BACK = 4
"""How many earlier questions are looked at, and how many things that the asker said of themself."""

_WINDOW = 3 * LOOK_BACK

LONG = 10
"""Words; so long a question does not lean, however it begins."""

# In nats, by everyday writing: none of a course's labelled questions says so little, half of follow-ups do.
_SAYS_LITTLE = 12.0
# A text of so many words holds a common word by chance.
_PAGE = 1000

_WORD = re.compile(r"[A-Za-z0-9_.+-]+|[\u3400-\u9fff]{1,2}")

# "那 20B 呢", "这个要多大显存", "训完那个 pth 咋办", "what about int8?", "and on windows?"
_CONTINUES = re.compile(
    r"^\W*(那|这|然后|接着|还有|另外|刚才|刚刚|上面|前面|换成|.{0,2}(完|好)(了|之后|以后)?(?=怎|咋|那|再|[，,\s])"
    r"|(and|but|or|so|then|also|what about|how about|same)\b)",
    re.IGNORECASE,
)
_ENDS_OPEN = re.compile(r"呢\W*$")
_POINTS_BACK = re.compile(
    r"它|上述|刚才|刚刚|(前|上)面(的|说)|\b(it|its|this|that|these|those|they|them|the (same|other) one)\b",
    re.IGNORECASE,
)


# "我想问一下", "how do i": said whoever asks.
_IDLE = re.compile(
    r"[给帮教]我|告诉我|我们?(想|要|觉得|记得|看|问|请|刚|按|遇|发现|学)"
    r"|\b(how|what|where|when|which) (do|can|should|could|would) i\b|\b(tell|give|show|help|let) (me|us)\b"
)
_OF_ONESELF = re.compile(r"我|\b(i|my|mine|me|our|us)\b")


def followed(question: str, earlier: Sequence[str], facts: Sequence[str] = ()) -> Followup:
    """The question after the asker's earlier messages, oldest first; `facts` are known besides."""
    if not question.strip():
        return Followup(question, question)
    said = {one: only_tells(one) for one in earlier[-_WINDOW:]}
    known = [*facts, *(one for one, tells in said.items() if tells)][-LOOK_BACK:]
    asked = [one for one in earlier[-_WINDOW:] if not said[one]][-LOOK_BACK:]
    meant = of_oneself(question) or (not asked and _POINTS_BACK.search(question))
    told = tuple(dict.fromkeys(one for one in known if meant and not outdated(one, question)))
    base = _base(asked) if leans(question) else []
    context = [*told, *base]
    text = " ".join(part.strip() for part in (*context, question)) if context else question
    return Followup(text, question, told, tuple(asked) or told)


def leans(question: str) -> bool:
    """Whether a question says too little to be understood alone, or begins as the rest of another."""
    return _says_little(question) or (len(_WORD.findall(question)) <= LONG and continues(question))


def continues(question: str) -> bool:
    """Whether it begins, ends or points as the rest of another does."""
    return any(sign.search(question) for sign in (_CONTINUES, _ENDS_OPEN, _POINTS_BACK))


def of_oneself(question: str) -> bool:
    """Whether what the asker said of themself may matter: "我的显卡能跑吗", "will it run on my laptop"."""
    return bool(_OF_ONESELF.search(_IDLE.sub("", normalised(question))))


def _says_little(question: str) -> bool:
    found = words(question[:_PAGE])
    return sum(max(0.0, -math.log(_PAGE * frequency(word))) for word in found) < _SAYS_LITTLE


def _base(asked: Sequence[str]) -> Sequence[str]:
    """The latest question that stands alone, else the oldest at hand."""
    return [one for one in asked if not leans(one)][-1:] or asked[:1]
