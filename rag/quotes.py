"""The answer without a language model: the best passages, quoted with their headings and numbers."""

import re
from collections.abc import Sequence
from datetime import datetime

from rag.text import FENCE, FENCED, readable, shortened
from rag.types import Exchange, Fact, Hit, Passage

MOST = 3
"""Passages in one answer."""

WIDE_GAP = 1 / 3
"""Of the distance between the best and the worst hit; behind a gap that wide stands something else."""

LIMIT = 1500
"""Characters of the whole answer, about two screens of a phone; shared out among the passages."""

LINE = 300
"""Characters of what the asker said that are told back."""

# Markup that only browsers understand; code has none of these names in angle brackets.
_TAGS = "details|summary|br|hr|div|p|center|table|thead|tbody|tr|td|th|img|font|span|sup|sub"
_TAG = re.compile(rf"</?(?:{_TAGS})\b[^<>\n]*>")

_BLANK = r"(?:[ \t]*\n)*"
_BLOCK = re.compile(
    rf"{FENCED}\n?{_BLANK}"
    rf"|(?P<table>^[ \t>]*\|.*\n?)+{_BLANK}"
    rf"|(?:(?!{FENCE}|^[ \t>]*\|)^.*\S.*\n?)+{_BLANK}",
    re.MULTILINE,
)
_SENTENCE = re.compile(r"(?<=[。！？；!?;])|(?<=\.)(?=\s)")


def chosen(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The best hits up to the first wide gap in their scores; a question answered before stands alone."""
    if hits[0].passage.kind == "qa":
        return (hits[0],)
    best, worst = hits[0].score, hits[-1].score
    # Few hits lie close together by chance: then a fifth of the score counts as the distance.
    wide = WIDE_GAP * max(best - worst, abs(best) / 5)
    count = 1
    while count < min(MOST, len(hits)) and hits[count - 1].score - hits[count].score <= wide:
        count += 1
    return tuple(hits[:count])


def quoted(hits: Sequence[Hit]) -> str:
    """The hits' passages as Markdown, numbered from 1; an approved answer alone is given plainly."""
    limit = LIMIT // len(hits)
    return "\n\n".join(_quote(number, hit.passage, limit) for number, hit in enumerate(hits, 1))


def told_back(facts: Sequence[Fact], exchanges: Sequence[Exchange] = ()) -> str:
    """What the asker said, the newest first with its day; their questions where they told nothing."""
    said = [(fact.at, fact.text) for fact in reversed(facts)] or [(one.at, one.question) for one in exchanges]
    lines = (" ".join(shortened(readable(text), LINE).split()) for _, text in said)
    days = (f"{datetime.fromtimestamp(at):%Y-%m-%d}" for at, _ in said)
    return "\n".join(f"- {line} ({day})" for line, day in zip(lines, days, strict=True))


def _quote(number: int, passage: Passage, limit: int) -> str:
    text = trimmed(_TAG.sub("", readable(passage.text)), limit)
    if passage.kind == "qa" and number == 1:
        return f"{text}\n\n[{number}]" if text.endswith(("`", "~", "|")) else f"{text} [{number}]"
    heading = " ".join(readable(passage.heading).replace("*", "").split())
    return f"**{heading}** [{number}]\n\n{text}"


def trimmed(text: str, limit: int) -> str:
    """The beginning of a Markdown text, cut between blocks, else within one whose fence is closed again.

    What is left out is marked by an ellipsis.
    """
    if len(text.strip()) <= limit:
        return text.strip()
    kept = ""
    for block in _BLOCK.finditer(text):
        if len(kept) + len(block[0]) > limit:
            # A stub of a paragraph after half a page says less than nothing.
            kept += _cut(block, limit - len(kept)) if len(kept) < limit / 2 else ""
            break
        kept += block[0]
    return f"{kept.strip()}\n\n…"


def _cut(block: re.Match[str], limit: int) -> str:
    """The beginning of one block: whole lines of a fence or table, whole sentences of prose."""
    if not block["mark"] and not block["table"]:
        return _joined(_SENTENCE.split(block[0]), limit, 0) or block[0][:limit]
    # Header and rule of a table, or one line in a fence, at least.
    lines = _joined(block[0].splitlines(keepends=True), limit, 2)
    indent = re.sub(r"[^\s>]", " ", block["lead"] or "")
    return f"{lines}{indent}{block['mark']}\n" if block["mark"] else lines


def _joined(parts: Sequence[str], limit: int, least: int) -> str:
    kept = ""
    for number, part in enumerate(parts):
        if number >= least and len(kept) + len(part) > limit:
            break
        kept += part
    return kept
