"""CSV: rows of questions and answers, or rows of any other table."""

import csv
import io
from collections.abc import Iterable, Iterator

from rag.loaders.outline import Page, Part, page, plain
from rag.types import DocumentUnreadable

_QUESTION = ("question", "问题")
_ANSWER = ("answer", "答案")


def load(text: str) -> Page:
    """The page of one CSV file; each row is a section."""
    try:
        [(_, names), *rows] = _rows(text) or [(1, [])]
    except csv.Error as error:
        raise DocumentUnreadable(f"not a CSV table: {error}") from error
    header = [plain(name) for name in names]
    question, answer = _column(header, _QUESTION), _column(header, _ANSWER)
    if question is None or answer is None:
        return page(_table(header, rows))
    return page(_pairs(header, rows, question, answer))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Rows that are not blank, each with its first line; they are cut at what the first one holds most of."""
    head = text.lstrip("\n").partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    rows, last = [], 0
    for row in lines:
        if any(cell.strip() for cell in row):
            rows.append((last + 1, row))
        last = lines.line_num
    return rows


def _pairs(
    header: list[str], rows: Iterable[tuple[int, list[str]]], question: int, answer: int
) -> Iterator[Part]:
    for line, row in rows:
        cells = row + [""] * (len(header) - len(row))
        heading = plain(cells[question])
        if heading and cells[answer].strip():
            labels = _cells(header, cells, skip={question, answer})
            yield Part(1, heading, "\n\n".join([cells[answer].strip(), *labels]), line, line, "qa")


def _table(header: list[str], rows: Iterable[tuple[int, list[str]]]) -> Iterator[Part]:
    """Rows under their first cell, numbered as a reader counts them."""
    above = ""
    for number, (line, row) in enumerate(rows, 1):
        first = plain(row[0])
        if first != above:
            above = first
            yield Part(1, first, "", line, line)
        level = 2 if first else 1
        yield Part(level, f"row {number}", "\n".join(_cells(header, row)), line, line)


def _cells(header: list[str], row: list[str], skip: set[int] | None = None) -> list[str]:
    names = header + [""] * (len(row) - len(header))
    cells = [
        (name, cell.strip())
        for at, (name, cell) in enumerate(zip(names, row, strict=False))
        if at not in (skip or ())
    ]
    return [f"{name}: {cell}" if name else cell for name, cell in cells if cell]


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((at for at, name in enumerate(header) if name.lower() in names), None)
