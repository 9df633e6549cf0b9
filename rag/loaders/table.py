"""Tables: rows of questions and answers, rows of a CSV file, rows as Markdown writes them."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from rag.loaders.outline import Page, Part, page, plain
from rag.types import DocumentUnreadable

QUESTION = ("question", "问题")
ANSWER = ("answer", "答案")

Row = tuple[int, list[str]]
"""Its first line in the file, and its cells."""


def load(text: str) -> Page:
    """The page of one CSV file; each row is a section."""
    try:
        rows = _rows(text)
    except csv.Error as error:
        raise DocumentUnreadable(f"not a CSV table: {error}") from error
    return page(list(pairs(rows)) or _table(rows))


def pairs(rows: Sequence[Row], level: int = 1) -> Iterator[Part]:
    """Each row under its question, the rest of it below the answer; none if no columns are called so."""
    header = _header(rows)
    question, answer = _column(header, QUESTION), _column(header, ANSWER)
    if question is None or answer is None:
        return
    for line, row in rows[1:]:
        cells = row + [""] * (len(header) - len(row))
        heading = plain(cells[question])
        if heading and cells[answer].strip():
            labels = named(header, cells, skip={question, answer})
            yield Part(level, heading, "\n\n".join([cells[answer].strip(), *labels]), line, line, "qa")


def named(header: Sequence[str], row: Sequence[str], skip: Iterable[int] = ()) -> list[str]:
    """The cells that hold something, each behind the name of its column."""
    names = [*header, *[""] * (len(row) - len(header))]
    cells = [(name, cell.strip()) for name, cell in zip(names, row, strict=False)]
    return [
        f"{name}: {cell}" if name else cell
        for at, (name, cell) in enumerate(cells)
        if cell and at not in skip
    ]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first as its header, without the line breaks that cells may have."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    width = max(map(len, filled), default=0)
    written = [_written(row, width) for row in filled]
    return "\n".join([*written[:1], "|" + " --- |" * width, *written[1:]]) if width else ""


def _written(row: Sequence[str], width: int) -> str:
    cells = [" ".join(cell.replace("|", "\\|").split()) for cell in row]
    return f"| {' | '.join([*cells, *[''] * (width - len(cells))])} |"


def _rows(text: str) -> list[Row]:
    """Rows that are not blank, each with its first line; they are cut at what the first one holds most of."""
    head = text.lstrip("\n").partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    rows, last = [], 0
    for row in lines:
        if any(cell.strip() for cell in row):
            rows.append((last + 1, row))
        last = lines.line_num
    return rows


def _table(rows: Sequence[Row]) -> Iterator[Part]:
    """Rows under their first cell, numbered as a reader counts them."""
    header, above = _header(rows), ""
    for number, (line, row) in enumerate(rows[1:], 1):
        first = plain(row[0])
        if first != above:
            above = first
            yield Part(1, first, "", line, line)
        level = 2 if first else 1
        yield Part(level, f"row {number}", "\n".join(named(header, row)), line, line)


def _header(rows: Sequence[Row]) -> list[str]:
    return [plain(name) for name in rows[0][1]] if rows else []


def _column(header: Sequence[str], names: tuple[str, ...]) -> int | None:
    return next((at for at, name in enumerate(header) if name.lower() in names), None)
