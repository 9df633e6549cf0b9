"""What a command asks as a question: /ask, /start with a topic behind a deep link, /more."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence

from bot.phrases import CHINESE, ENGLISH, phrases
from bot.replies import language_of
from memory.base import Turn

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CJK = re.compile(r"[\u3400-\u9fff]")


def topic(payload: str) -> str:
    """The topic of a deep link as a question, empty where there is none.

    `lmdeploy_quantization` has its words parted by `_` or `-`; a Chinese one is base64url of its UTF-8.
    """
    if not _PAYLOAD.fullmatch(payload):
        return payload
    return _decoded(payload) or re.sub("[_-]+", " ", payload).strip()


def in_detail(message_id: str, turns: Sequence[Turn], language: str) -> str:
    """The question of this message, else the last one, with the wish for a longer answer.

    Empty where it is not in `turns`.
    """
    meant = (turn.question for turn in reversed(turns) if message_id in (turn.message_id, ""))
    question = next(meant, "")
    if not question:
        return ""
    for wished in (CHINESE, ENGLISH):
        question = question.removesuffix(wished.in_detail.format(question=""))
    return phrases(language_of(question, (language, "zh", "en"))).in_detail.format(question=question)


def _decoded(payload: str) -> str:
    try:
        text = urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    except ValueError:
        return ""
    return text if text.isprintable() and _CJK.search(text) else ""
