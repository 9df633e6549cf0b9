"""Rows of a Feishu base or sheet become a Page: questions with their answers, else one section a row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.loaders import table
from rag.loaders.outline import Page, Part, page, plain


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells in the order of the table's columns, and what leads to it, if anything does."""

    cells: list[str]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below the names of their columns; the table's own name is empty where it is the whole page."""

    name: str
    columns: list[str]
    rows: Sequence[Row]


def read(title: str, tables: Iterable[Table]) -> Page:
    """The page of all rows but empty ones; a question without an answer is left out."""
    return page([part for one in tables for part in _parts(one)], title)


def _parts(found: Table) -> Iterator[Part]:
    if found.name:
        yield Part(1, found.name, "", 1, 1)
    level = 2 if found.name else 1
    rows = list(enumerate([found.columns, *(row.cells for row in found.rows)]))
    for part in list(table.pairs(rows, level)) or _named(rows, level):
        yield replace(part, anchor=found.rows[part.first_line - 1].anchor)


def _named(rows: Sequence[table.Row], level: int) -> Iterator[Part]:
    """A row under the first thing that it says."""
    for line, cells in rows[1:]:
        if first := next(filter(str.strip, cells), ""):
            yield Part(level, plain(first), "\n".join(table.named(rows[0][1], cells)), line, line)
