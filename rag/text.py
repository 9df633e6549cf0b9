"""What all texts share: what can be sent, how long it may be, and where Markdown holds code."""

import re

_LEAD = r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?"
_MARK = r"`{3,}(?=[^`\n]*$)|~{3,}"

FENCE = rf"{_LEAD}(?:{_MARK})"
"""Where a fenced code block begins, also in a list or a quote; for MULTILINE, as is the next."""

FENCED = rf"(?P<lead>{_LEAD})(?P<mark>{_MARK})(?s:.*?)(?:^[ \t>]*(?P=mark)[`~]*[ \t]*$|\Z)"
"""A fenced code block; without its end it lasts until the end of the text."""

# Lone surrogates cannot be encoded as UTF-8; of the control characters tab and line feed have a meaning.
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def readable(text: str) -> str:
    """The text without what no screen shows and no server takes."""
    return _UNREADABLE.sub("", text.replace("\r\n", "\n"))


def fenced(code: str, language: str = "") -> str:
    """The code in a fence that is longer than any in it."""
    marks: list[str] = re.findall(r"`{3,}", code)
    mark = max(map(len, marks), default=2) * "`" + "`"
    return f"{mark}{language}\n{code}\n{mark}"


def shortened(text: str, limit: int) -> str:
    """About `limit` characters: the beginning, and a quarter from the end, where errors say what is wrong."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 3 // 4].rstrip()}\n…\n{text[-limit // 4 :].lstrip()}"
