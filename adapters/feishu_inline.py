"""Marked text in the dialect of Feishu's cards: only what is marked means more than its letters."""

import re
from collections.abc import Callable, Sequence

from adapters.markdown_blocks import Block, Kind, Mark, tidy

Badge = Callable[[int], str]
"""How a citation of this number is written; empty where there is none of it."""

_CITED = re.compile(r"\[(\d{1,2})\](?!\()")
_SPECIAL = re.compile(r"[<*~`\[\]\\]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|:(?=\w+:)")
_AT_START = re.compile(r"(?m)^([ \t]*)(?:([-+#>=])|(\d{1,9})([.)])(?=\s))")
# In code signs stand for themselves, but these tags Feishu sees there all the same.
_TAG = re.compile(
    r"<(?=/?(?:a|at|audio|br|font|hr|img|link|local_datetime|number_tag|person|raw|text_tag)\b)",
    re.IGNORECASE,
)
_MENTION = re.compile(r"<(?=/?at\b)", re.IGNORECASE)
_SIGNS: dict[Kind, str] = {"bold": "**", "italic": "*", "strike": "~~"}
_UNSEEN = "\u200b"


def no_badge(_number: int) -> str:
    """No citation is more than it says."""
    return ""


def styled(block: Block, badge: Badge = no_badge) -> str:
    """A run of text, with badges for its citations; no line of it begins a list, a heading or a quotation."""
    tight = tidy(block)
    return _AT_START.sub(_harmless, _run(tight.text, 0, len(tight.text), tight.marks, badge))


def unmentioned(text: str) -> str:
    """A plain text in which no tag mentions anybody."""
    return _MENTION.sub(f"<{_UNSEEN}", text)


def _run(text: str, start: int, end: int, marks: Sequence[Mark], badge: Badge) -> str:
    """`text[start:end]`; marks nest, outer ones first."""
    said, at = "", start
    for number, mark in enumerate(marks):
        if mark.start < at or mark.end > end:
            continue
        inner = [one for one in marks[number + 1 :] if one.end <= mark.end and one.start >= mark.start]
        said += _escaped(text[at : mark.start], badge) + _marked(text, mark, inner, badge)
        at = mark.end
    return said + _escaped(text[at:end], badge)


def _marked(text: str, mark: Mark, inner: Sequence[Mark], badge: Badge) -> str:
    if mark.kind == "code":
        return _inline_code(text[mark.start : mark.end])
    if mark.kind == "link":
        label = _run(text, mark.start, mark.end, [one for one in inner if one.kind != "code"], no_badge)
        return _link(label, mark.value)
    sign = _SIGNS.get(mark.kind, "")
    if sign:  # three signs in a row mean something else
        inner = [one for one in inner if one.kind not in ("bold", "italic") or mark.kind == "strike"]
    said = _run(text, mark.start, mark.end, inner, badge)
    # Beside a letter, a sign that is next to punctuation opens and closes nothing.
    begin, end = ("" if said[at].isalnum() else _UNSEEN for at in (0, -1))
    return f"{sign}{begin}{said}{end}{sign}" if sign else said


def _link(label: str, url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        return label
    return f"[{label}]({url.replace('(', '%28').replace(')', '%29')})"


def _inline_code(text: str) -> str:
    said = _TAG.sub("&#60;", text.replace("\n", " "))
    sign = "``" if "`" in said else "`"
    blank = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{sign}{blank}{said}{blank}{sign}"


def _escaped(text: str, badge: Badge) -> str:
    """Text that means only itself, with badges for its citations."""
    said, at = "", 0
    for cited in _CITED.finditer(text):
        if sign := badge(int(cited[1])):
            said, at = said + _SPECIAL.sub(_entity, text[at : cited.start()]) + sign, cited.end()
    return said + _SPECIAL.sub(_entity, text[at:])


def _entity(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"


def _harmless(begin: re.Match[str]) -> str:
    """What would make a list, a heading or a quotation of a line."""
    if begin[2]:
        return f"{begin[1]}&#{ord(begin[2])};"
    return f"{begin[1]}{begin[3]}&#{ord(begin[4])};"
