"""Plain text with numbered or marked headings, and reStructuredText with underlined ones."""

import re
from collections.abc import Callable, Iterator

from rag.loaders.outline import Page, Part, page, plain

_HEADING = re.compile(r"\s*(#+\s|[一二三四五六七八九十]+、|\d+(\.\d+)*[.、]\s?\S|(基础|进阶)(作业|任务))")
_LONGEST_HEADING = 80
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:])\1{2,}\s*$")

Heading = tuple[int, str, int]
"""Level, text, and how many lines it takes."""


def load(text: str) -> Page:
    """The page of a text file; its first line, if short, and those that look like headings start sections."""
    lines = text.split("\n")
    first, *rest = [number for number, line in enumerate(lines) if line.strip()] or [0]

    def heading(number: int) -> Heading | None:
        line = lines[number]
        marked = (number == first and rest) or _HEADING.match(line)
        short = 0 < len(plain(line)) < _LONGEST_HEADING
        return (1, plain(line), 1) if marked and short else None

    return page(_parts(lines, heading))


def load_rst(text: str) -> Page:
    """The page of a reStructuredText file; levels follow the order in which underlines first occur."""
    lines = text.split("\n")
    seen: list[str] = []

    def heading(number: int) -> Heading | None:
        title, below = lines[number].rstrip(), lines[number + 1 : number + 2]
        mark = _UNDERLINE.match(below[0]) if below else None
        if not mark or not title or title[0].isspace() or _UNDERLINE.match(title):
            return None
        if mark[1] not in seen:
            seen.append(mark[1])
        return seen.index(mark[1]) + 1, plain(title), 2

    return page(_parts(lines, heading))


def _parts(lines: list[str], heading: Callable[[int], Heading | None]) -> Iterator[Part]:
    level, title, start, body_from = 0, "", 1, 0
    for number in range(len(lines)):
        found = heading(number)
        if found:
            yield Part(level, title, "\n".join(lines[body_from:number]), start, number)
            level, title, start, body_from = found[0], found[1], number + 1, number + found[2]
    yield Part(level, title, "\n".join(lines[body_from:]), start, len(lines))
