"""Lines as a page shows them become text again: paragraphs joined, code fenced and indented."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.text import fenced

_ITEM = re.compile(r"[•●○◦▪■–*·-]\s|[(（]?[\d一二三四五六七八九十]+[.、)）](?!\d)|[(（][a-z]+[)）]")
_ENDS = re.compile(r"[。！？；.!?;:：]$")
_WIDE = re.compile("[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f“”‘’…—]")
# The parser joins words that are hyphenated at the end of a line with one of these.
_SOFT = re.compile("[\ufffe\x02\xad](.?)")
_PITCH = 1.8
"""Lines of one paragraph are at most so many font sizes apart."""
_INDENT = 2.4
"""A paragraph's first line is indented by up to so many font sizes."""
_RAGGED_WIDE, _RAGGED = 3, 8
"""How many font sizes a full line may end before the longest, by whether its script wraps within words."""
_MONOSPACED_WIDTH = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, its edges in points from the page's lower left; `code` is monospaced.

    `start` is how high it begins: a hyphenated word makes one line of two, which ends at `bottom`.
    """

    text: str
    page: int
    left: float
    right: float
    start: float
    bottom: float
    size: float
    code: bool


def text(lines: Sequence[Line]) -> str:
    """The text of consecutive lines."""
    return "\n\n".join(
        fenced("\n".join(_indented(block))) if block[0].code else _paragraph(block)
        for block in _blocks(lines)
    )


def joined(before: str, after: str) -> str:
    """Two pieces of a wrapped line; Chinese takes no space between them."""
    if not before:
        return after
    if before.endswith("-") or _WIDE.match(before[-1]) or _WIDE.match(after):
        return before + after
    return f"{before} {after}"


def unhyphenated(line: str) -> str:
    """A line without the marks of hyphenation; a name keeps its hyphen."""
    return _SOFT.sub(lambda found: found[1] if found[1].islower() else f"-{found[1]}", line)


def _blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Code, and paragraphs with the lists in them."""
    block: list[Line] = []
    for line in lines:
        if block and not _together(block[-1], line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _together(above: Line, line: Line) -> bool:
    if above.code or line.code:
        return above.code and line.code
    if above.page != line.page:
        return True
    column = above.left - line.left <= _INDENT * line.size
    return column and 0 < above.bottom - line.start <= _PITCH * max(above.size, line.size)


def _paragraph(block: Sequence[Line]) -> str:
    # Now and then a line runs over the margin.
    edge = sorted(line.right for line in block)[-1 - len(block) // 6]
    said = [block[0].text]
    for above, line in pairwise(block):
        if _continues(above, line, edge):
            said[-1] = joined(said[-1], line.text)
        else:
            said.append(line.text)
    return "\n".join(said)


def _continues(above: Line, line: Line, edge: float) -> bool:
    """Whether the line above had to break here: it is full, and this one begins nothing."""
    if _ITEM.match(line.text) or abs(above.size - line.size) > line.size / 10:
        return False
    if above.page != line.page and _ENDS.search(above.text):
        return False
    indented = line.left > above.left + line.size / 2 and not _ITEM.match(above.text)
    ragged = _RAGGED_WIDE if _WIDE.match(above.text[-1]) else _RAGGED
    return not indented and above.right >= edge - ragged * line.size


def _indented(block: Sequence[Line]) -> Iterator[str]:
    start = min(line.left for line in block)
    for line in block:
        yield " " * round((line.left - start) / (line.size * _MONOSPACED_WIDTH)) + line.text
