"""Entries of the journal as lines of JSON."""

from dataclasses import astuple, fields

from memory.journal import Asked, Standing
from memory.records import fields_of, line_of


def to_line(entry: Asked) -> str:
    """The entry as one line."""
    # asdict copies all that is in it, which costs ten times as much.
    written = {field.name: getattr(entry, field.name) for field in fields(entry)}
    return line_of({**written, "standing": [astuple(one) for one in entry.standing]})


def from_line(line: str) -> Asked | None:
    """The entry on this line; None where it is damaged or of a version to come."""
    try:
        read = fields_of(line)
        standing = tuple(Standing(*one) for one in read["standing"])
        rest = {name: tuple(read[name]) for name in ("tokens", "told")}
        return Asked(**{**read, **rest, "standing": standing})
    except (TypeError, KeyError):
        return None
