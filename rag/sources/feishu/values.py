"""Values in the cells of Feishu's bases and sheets, as a reader sees them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from rag.sources.feishu.inline import link
from rag.sources.feishu.json import many, number, words

DATES = frozenset({5, 1001, 1002})
"""The types of a base's fields that hold milliseconds since 1970."""

# Where a base does not say otherwise, this is the clock that its readers see.
_ZONE = timezone(timedelta(hours=8))
_NAMED = ("text", "name", "full_address", "en_name", "link", "email")
_JOINED = frozenset({"text", "mention", "url"})


def shown(value: object, kind: int = 0) -> str:
    """Text of a value of any shape: segments, choices, people, links, dates, files, results of formulas."""
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, int | float) and kind in DATES:
        return _date(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        gap = "" if all(_segment(one) for one in value) else "、"
        return gap.join(filter(None, (shown(one, kind) for one in many(value))))
    return _named(value) if isinstance(value, dict) else words(value)


def _segment(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") in _JOINED


def _named(value: Mapping[str, object]) -> str:
    if "value" in value:
        return shown(value["value"], number(value.get("type")))
    name = next(filter(None, (words(value.get(key)) for key in _NAMED)), "")
    return link(name, words(value.get("link"))) if value.get("link") else name


def _date(milliseconds: int) -> str:
    try:
        when = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(_ZONE)
    except (OverflowError, OSError, ValueError):
        return str(milliseconds)
    return when.strftime("%Y-%m-%d" if (when.hour, when.minute) == (0, 0) else "%Y-%m-%d %H:%M")
