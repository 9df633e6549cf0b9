"""Entries of the journal as lines of JSON."""

from dataclasses import asdict, astuple

from memory.journal import Asked, Standing
from memory.records import fields_of, line_of


def to_line(entry: Asked) -> str:
    """The entry as one line."""
    return line_of({**asdict(entry), "standing": [astuple(one) for one in entry.standing]})


def from_line(line: str) -> Asked | None:
    """The entry on this line; None where it is damaged or of a version to come."""
    try:
        fields = fields_of(line)
        standing = tuple(Standing(*one) for one in fields["standing"])
        rest = {name: tuple(fields[name]) for name in ("tokens", "told")}
        return Asked(**{**fields, **rest, "standing": standing})
    except (TypeError, KeyError):
        return None
