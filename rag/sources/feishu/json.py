"""What Feishu sends, looked at safely: a field that is missing or of another kind reads as empty."""

from collections.abc import Mapping

Json = Mapping[str, object]


def inner(value: object, *names: str) -> Json:
    """The object under these names, one within the other."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def many(value: object) -> list[object]:
    """The list itself."""
    return value if isinstance(value, list) else []


def objects(value: object) -> list[Json]:
    """The objects of a list."""
    return [one for one in many(value) if isinstance(one, dict)]


def words(value: object) -> str:
    """A string as it is, a number as it is written."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def strings(value: object) -> list[str]:
    """The strings of a list."""
    return [one for one in many(value) if isinstance(one, str)]


def number(value: object) -> int:
    """A whole number, also one that is written as a string."""
    text = words(value)
    return int(text) if text.isdecimal() else 0
