"""Text into search terms: words, and pairs of Chinese characters."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

_DROPPED = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff\x00-\x08]")
_CHINESE = "\u3400-\u9fff"
_RUN = re.compile(rf"(?P<chinese>[{_CHINESE}]+)|(?P<name>[^\W{_CHINESE}]+(?:[-._/+:@#]+[^\W{_CHINESE}]+)*)")
_PART = re.compile(r"[^\W_]+")
_STEP = re.compile(r"[/:@#]+")
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")


def normalised(text: str) -> str:
    """NFKC, lower case, without zero-width characters and lone surrogates."""
    return unicodedata.normalize("NFKC", _DROPPED.sub("", text)).lower()


def is_chinese(term: str) -> bool:
    """Whether a term of `words` or `grams` is of Chinese characters; they never mix scripts."""
    return "\u3400" <= term[0] <= "\u9fff"


def words(text: str) -> list[str]:
    """Chinese words as jieba cuts them; names, paths, flags and versions whole and in parts."""
    import rjieba

    found: list[str] = []
    for run in _RUN.finditer(normalised(text)):
        found += rjieba.cut(run["chinese"]) if run["chinese"] else _names(run["name"])
    return found


def grams(text: str) -> list[str]:
    """Single Chinese characters and pairs of neighbours; names as `words` gives them."""
    found: list[str] = []
    for run in _RUN.finditer(normalised(text)):
        if run["chinese"]:
            found += [*run["chinese"], *map("".join, pairwise(run["chinese"]))]
        else:
            found += _names(run["name"])
    return found


def _names(name: str) -> Iterator[str]:
    """`models/internlm2-chat` is found by itself, internlm2-chat, internlm2, internlm, chat and models."""
    parts = _PART.findall(name)
    for part in parts:
        yield part
        pieces = _LETTERS_OR_DIGITS.findall(part)
        if len(pieces) > 1:
            yield from (piece for piece in pieces if len(piece) > 1)
    if len(parts) > 1:
        yield name
        steps = _STEP.split(name)
        yield from (step for step in steps if step != name and not _PART.fullmatch(step))
