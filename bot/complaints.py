"""What is wrong with a setting or with course.toml, in one sentence for the operator."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

# What pydantic expects, in the operator's words.
_WORDS = {
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "path_type": "a path in quotes",
    "string_type": "text in quotes",
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


def foremost(errors: Sequence[ErrorDetails]) -> ErrorDetails:
    """The one to tell of: a mistyped key is also missing under its right name."""
    return next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])


def about_course(error: ErrorDetails, course: type[BaseModel]) -> str:
    """Where in the file, what was given and what is expected."""
    place, table = _place(error["loc"], course)
    where = ".".join(place)
    match error["type"]:
        case "extra_forbidden":
            known = [name for name in table.model_fields if name != "folder"]
            return f"unknown key {where}{_nearest(place[-1], known)}"
        case "missing":
            return f"{where} is missing."
        case "union_tag_not_found":
            return f"{where}.kind is missing."
        case "union_tag_invalid":
            *others, last = error["ctx"]["expected_tags"].split(", ")
            kinds = f"{', '.join(others)} or {last}"
            return f"{where}.kind: {error['ctx']['tag']!r} was given, expected {kinds}."
    if not where or isinstance(error["input"], Mapping):
        return f"{where}: expected {_expected(error)}.".removeprefix(": ")
    return f"{where}: {_given(error['input'])} was given, expected {_expected(error)}."


def _given(value: object) -> str:
    """The value, unless it is an address that may have a password in it."""
    return "****" if "@" in str(value) and "://" in str(value) else repr(value)


def _expected(error: ErrorDetails) -> str:
    if error["type"] in _WORDS:
        return _WORDS[error["type"]]
    message = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return message.partition(", unable")[0]


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f", did you mean {matches[0]}?" if matches else "."


def _place(path: Iterable[int | str], table: type[BaseModel]) -> tuple[list[str], type[BaseModel]]:
    """The path as it is written in the file, counted from 1, and the table that its end stands in.

    Of a table that may be of several kinds pydantic also names the kind, where nobody wrote it.
    """
    place: list[str] = []
    kinds: Mapping[str, type[BaseModel]] = {}
    for part in path:
        if isinstance(part, str) and part in kinds:
            table, kinds = kinds[part], {}
            continue
        place.append(str(part + 1) if isinstance(part, int) else part)
        if isinstance(part, str) and part in table.model_fields:
            tables = list(_tables(table.model_fields[part].annotation))
            kinds = {_kind(one): one for one in tables} if len(tables) > 1 else {}
            table = tables[0] if len(tables) == 1 else table
    return place, table


def _tables(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables(inner)


def _kind(table: type[BaseModel]) -> str:
    return str(get_args(table.model_fields["kind"].annotation)[0])
