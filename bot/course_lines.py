"""Where in course.toml something stands, so that a complaint about it can name the line."""

import re
from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_ENTRY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")

_Place = tuple[int | str, ...]


def line_of(text: str, place: Sequence[int | str]) -> int | None:
    """The line of what pydantic names so, or of the nearest thing around it; None for the file as a whole."""
    found: int | None = None
    longest = 0
    for number, written in _places(text):
        depth = _shared(written, place)
        if depth == len(written) and depth > longest:
            found, longest = number, depth
    return found


def _shared(written: _Place, place: Sequence[int | str]) -> int:
    """How much of what is written leads to the place, which may name a kind that nobody wrote."""
    depth = 0
    for part in place:
        if depth < len(written) and written[depth] == part:
            depth += 1
    return depth


def _places(text: str) -> Iterator[tuple[int, _Place]]:
    """Each header and each entry with its line; lists of tables are counted from 0."""
    table: _Place = ()
    counts: dict[_Place, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                yield number, table
                table = (*table, counts[table])
            yield number, table
        elif entry := _ENTRY.match(line):
            yield number, (*table, *_parts(entry[1]))


def _parts(written: str) -> _Place:
    return tuple(next(filter(None, part), "") for part in _PART.findall(written))
