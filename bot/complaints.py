"""What is wrong with a setting or with course.toml, in one sentence for the operator."""

import difflib
from collections.abc import Iterable
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

# What pydantic expects, in the operator's words.
_WORDS = {
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "path_type": "a path in quotes",
    "too_short": "at least one",
    "string_pattern_mismatch": "a time as in 23:00-07:00",
}


def about_setting(error: ErrorDetails, settings: type[BaseModel]) -> str:
    """Which setting, what was given unless it is secret, and what is expected."""
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        known = [field.upper() for field in settings.model_fields]
        return f".env: unknown setting {name.upper()}{_nearest(name.upper(), known)}"
    # An address with an @ may have a password before it.
    secret = settings.model_fields[name.lower()].annotation is SecretStr or "@" in str(error["input"])
    given = "****" if secret else repr(error["input"])
    return f"{name.upper()}: {given} was given, expected {_expected(error)}."


def about_course(error: ErrorDetails, course: type[BaseModel]) -> str:
    """Where in the file, what was given and what is expected."""
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"])
    if error["type"] == "extra_forbidden":
        *path, name = error["loc"]
        return f"unknown key {where}{_nearest(str(name), _known_keys(course, path))}"
    if error["type"] == "missing":
        return f"{where} is missing."
    if not where:
        return f"expected {_expected(error)}."
    return f"{where}: {error['input']!r} was given, expected {_expected(error)}."


def _expected(error: ErrorDetails) -> str:
    if error["type"] in _WORDS:
        return _WORDS[error["type"]]
    message = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return message.partition(", unable")[0]


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f", did you mean {matches[0]}?" if matches else "."


def _known_keys(table: type[BaseModel], path: Iterable[int | str]) -> list[str]:
    """The keys that may stand in the table at the path."""
    for part in path:
        if isinstance(part, str) and part in table.model_fields:
            table = _table_of(table.model_fields[part].annotation) or table
    return [name for name in table.model_fields if name != "folder"]


def _table_of(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for inner in get_args(annotation) if (table := _table_of(inner))), None)
