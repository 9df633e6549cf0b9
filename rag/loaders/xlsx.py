"""Excel files: a section a sheet with its table, or one for each question and its answer."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time
from zipfile import BadZipFile

from rag.loaders import office, table
from rag.loaders.outline import Page, Part, page
from rag.loaders.table import Row
from rag.types import DocumentUnreadable

Value = object


def load(data: bytes) -> Page:
    """The page of one .xlsx, lines counted in rows; it has the values of formulas, and no hidden sheets."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    file = office.checked(data)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        parts: list[Part] = []
        for sheet in book.worksheets:
            # What a sheet says of its size need not be true, and every row would be filled up to it.
            sheet.reset_dimensions()
            if sheet.sheet_state == "visible":
                parts += _parts(sheet.title, list(_rows(sheet.iter_rows(values_only=True))))
    except (
        InvalidFileException,
        BadZipFile,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        raise DocumentUnreadable("damaged, or not an Excel document") from error
    return page(parts)


def _rows(rows: Iterable[tuple[Value, ...]]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        cells = [_written(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield number, cells


def _parts(sheet: str, rows: list[Row]) -> Iterator[Part]:
    """Rows of a single cell above a wider one are what the sheet says of its table."""
    alone = next((at for at, (_, cells) in enumerate(rows) if sum(map(bool, cells)) > 1), len(rows))
    above = "\n".join(" ".join(cell for cell in cells if cell) for _, cells in rows[:alone])
    rows = rows[alone:]
    last = rows[-1][0] if rows else 1
    pairs = list(table.pairs(rows, level=2))
    text = "" if pairs else table.markdown([cells for _, cells in rows])
    yield Part(1, sheet, f"{above}\n\n{text}".strip(), 1, last)
    yield from pairs


def _written(value: Value) -> str:
    """A cell as its reader sees it: no time where there is only a day, no point where there are no digits."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
