"""Reads JSON that others wrote, in which anything may be missing or of another kind."""

import json
from collections.abc import Mapping, Sequence

Table = Mapping[str, object]


def parsed(text: str | bytes) -> Table:
    """The object that a JSON text is, empty where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def table(value: object, *path: str) -> Table:
    """The object at the end of a path, empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def rows(value: object, name: str) -> Sequence[object]:
    """The list under a name, empty where there is none."""
    found = table(value).get(name)
    return found if isinstance(found, list) else ()


def text(value: object, *path: str) -> str:
    """The string at the end of a path, empty where there is none."""
    found = table(value, *path[:-1]).get(path[-1])
    return clean(found) if isinstance(found, str) else ""


def number(value: object, *path: str) -> int:
    """The whole number at the end of a path, which Feishu mostly writes as a string; 0 without one."""
    found = table(value, *path[:-1]).get(path[-1])
    if isinstance(found, int):
        return found
    return int(found) if isinstance(found, str) and found.isdecimal() and len(found) < 20 else 0


def clean(text: str) -> str:
    """The text without halves of characters, which JSON can hold and nothing else."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
