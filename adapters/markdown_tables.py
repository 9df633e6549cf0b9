"""Tables for narrow screens: columns of one width each, or where that is too wide, a list."""

import unicodedata
from collections.abc import Sequence

from adapters.markdown_blocks import Block, Mark, joined

_WIDEST = 36
"""What a telephone shows in one line of code, in Latin letters."""


def width(text: str) -> int:
    """How many Latin letters wide it is shown; a Chinese one or an emoji is as wide as two."""
    return len(text) if text.isascii() else sum(map(_width, text))


def table(rows: Sequence[Sequence[Block]]) -> list[Block]:
    """A table whose cells have one line each, its head first: as code, or a block for each row."""
    columns = max(map(len, rows))
    rows = [[*row, *[Block("")] * (columns - len(row))] for row in rows]
    widths = [max(width(row[column].text) for row in rows) for column in range(columns)]
    linked = any(mark.kind == "link" for row in rows for cell in row for mark in cell.marks)
    if len(rows) > 1 and (linked or sum(widths) + 3 * (columns - 1) > _WIDEST):
        return [_listed(rows[0], row) for row in rows[1:] if any(cell.text for cell in row)]
    lines = [" │ ".join(map(_padded, row, widths)).rstrip() for row in rows]
    lines.insert(1, "─┼─".join("─" * one for one in widths))
    text = "\n".join(lines)
    return [Block(text, (Mark("pre", 0, len(text)),))]


def _width(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _padded(cell: Block, wide: int) -> str:
    return cell.text + " " * (wide - width(cell.text))


def _listed(head: Sequence[Block], row: Sequence[Block]) -> Block:
    """A line for each cell, behind the head of its column; the first one stands out."""
    first = row[0].marks or (Mark("bold", 0, len(row[0].text)),)
    cells = [Block(row[0].text, first), *row[1:]]
    lines = [_line(name, cell) for name, cell in zip(head, cells, strict=True) if cell.text]
    signs = ["• ", *["   "] * len(lines)]
    return joined([joined([Block(sign, gap="\n"), line]) for sign, line in zip(signs, lines, strict=False)])


def _line(name: Block, cell: Block) -> Block:
    colon = ": " if name.text.isascii() else "："
    label = f"{name.text}{colon}" if name.text else ""
    return joined([Block(label, gap=""), Block(cell.text, cell.marks, gap="")])
