"""A question that leans on the one before it becomes one that can be searched alone."""

import re
from collections.abc import Sequence

from rag.types import Exchange

LOOK_BACK = 4
"""How many earlier questions are looked at for the one that stands alone."""

SHORT, LONG = 2, 10
"""In words, two Chinese characters being one: so short it is the rest of another; so long it stands alone."""

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


def standalone(question: str, history: Sequence[Exchange]) -> str:
    """The question behind the latest one that stands alone, if it leans on it; else as it is."""
    if not history or not _leans(question):
        return question
    earlier = [exchange.question for exchange in history[-LOOK_BACK:]]
    base = next((asked for asked in reversed(earlier) if not _leans(asked)), earlier[0])
    return f"{base.strip()} {question.strip()}"


def _leans(question: str) -> bool:
    words = len(_WORD.findall(question))
    signs = (_CONTINUES, _ENDS_OPEN, _POINTS_BACK)
    return words <= SHORT or (words <= LONG and any(sign.search(question) for sign in signs))
