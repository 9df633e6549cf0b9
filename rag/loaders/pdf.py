"""PDF files: lines in reading order, headings from the outline, from font sizes, or one section a page."""

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.loaders import wrapping
from rag.loaders.outline import Page, Part, page, plain
from rag.loaders.wrapping import Line
from rag.types import DocumentUnreadable

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfTextPage

_MONOSPACED = re.compile(r"mono|cour|consol|menlo|code|typewriter|cmtt", re.IGNORECASE)
# Ligatures, and the radicals that some fonts have in the place of characters.
_COMPATIBLE = re.compile("[\u2e80-\u2fdf\ufb00-\ufb06]")
_CHINESE = re.compile("[\u3400-\u9fff]")
_NUMBERED = re.compile(r"[\d.第章节篇]*")
# A table of contents says nothing that the headings do not.
_LEADERS = re.compile(r"(?:[.…·]\s?){5,}\s*\d*\s*$")
_LONGEST_HEADING = 80
_LARGER = 1.15
_HEADING_SHARE = 0.2
_POSITION_IS_GIVEN = 1
_SAMPLE = 8


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """An entry of the outline; `top` is a height on its page in points, None for the whole page."""

    level: int
    title: str
    page: int
    top: float | None


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading above line `at` of the document, of which it takes `lines`."""

    at: int
    level: int
    title: str
    lines: int


def load(data: bytes) -> Page:
    """The page of one PDF; DocumentUnreadable for one that is encrypted, damaged or without text."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        lines = _without_furniture([_lines(document, number) for number in range(len(document))])
        bookmarks = list(_bookmarks(document))
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise DocumentUnreadable(
            "encrypted; put it there without a password" if locked else "damaged, or not a PDF"
        ) from error
    if not lines:
        raise DocumentUnreadable("no text in it, perhaps a scan")
    headings = _from_outline(lines, bookmarks) or _from_sizes(lines)
    found = page(_parts(lines, headings) if headings else _by_page(lines))
    return found if headings else Page("", found.sections)


def _lines(document: "PdfDocument", number: int) -> list[Line]:
    text_page = document[number].get_textpage()
    lines: list[Line] = []
    at = 0
    for line in text_page.get_text_range().split("\r\n"):
        if line.strip() and not _LEADERS.search(line):
            first = at + _units(line[: len(line) - len(line.lstrip())])
            last = at + _units(line.rstrip()) - 1
            lines.append(_line(text_page, line.strip(), number, first, last))
        at += _units(line) + 2
    return lines


def _units(text: str) -> int:
    """The library counts in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _line(text_page: "PdfTextPage", text: str, number: int, first: int, last: int) -> Line:
    from pypdfium2 import raw

    begin, end = (max(0, raw.FPDFText_GetCharIndexFromTextIndex(text_page, at)) for at in (first, last))
    left, start, *_ = text_page.get_charbox(begin, loose=True)
    _, bottom, right, _ = text_page.get_charbox(end, loose=True)
    return Line(
        wrapping.unhyphenated(_COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)),
        number,
        left,
        right,
        start,
        bottom,
        raw.FPDFText_GetFontSize(text_page, begin) or 1.0,
        _is_code(text_page, text, begin),
    )


def _is_code(text_page: "PdfTextPage", text: str, begin: int) -> bool:
    """Whether the ASCII in it is monospaced from the first character on; Chinese in code has another font."""
    ascii_at = [begin + at for at, one in enumerate(text) if one.isascii() and one != " "]
    starts = bool(ascii_at) and (ascii_at[0] == begin or "\u2500" <= text[0] <= "\u257f")
    return starts and all(_monospaced(text_page, at) for at in ascii_at[:: len(ascii_at) // _SAMPLE + 1])


def _monospaced(text_page: "PdfTextPage", at: int) -> bool:
    from pypdfium2 import raw

    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, at, name, len(name), flags)
    return bool(flags.value & 1 or _MONOSPACED.search(name.value.decode(errors="replace")))


def _without_furniture(pages: Sequence[list[Line]]) -> list[Line]:
    """What stands first or last on most pages, but for its number, is no text of the document."""

    def shape(line: Line) -> str:
        return re.sub(r"\d+|\s", "", line.text)

    edges = Counter(one for lines in pages for one in {shape(line) for line in (*lines[:1], *lines[-1:])})
    often = {one for one, times in edges.items() if times >= max(3, len(pages) / 2)}
    return [
        line
        for lines in pages
        for at, line in enumerate(lines)
        if at not in (0, len(lines) - 1) or shape(line) not in often
    ]


def _bookmarks(document: "PdfDocument") -> Iterator[_Bookmark]:
    for entry in document.get_toc():
        to, title = entry.get_dest(), plain(entry.get_title())
        number = to.get_index() if to else None
        if to and number is not None and title:
            mode, view = to.get_view()
            top = view[1] if mode == _POSITION_IS_GIVEN and len(view) > 1 else None
            yield _Bookmark(entry.level + 1, title, number, top)


def _from_outline(lines: Sequence[Line], bookmarks: Sequence[_Bookmark]) -> list[_Heading]:
    found: list[_Heading] = []
    start = 0
    for bookmark in bookmarks:
        heading = _placed(bookmark, lines, start)
        found.append(heading)
        start = heading.at + heading.lines
    return found


def _placed(bookmark: _Bookmark, lines: Sequence[Line], start: int) -> _Heading:
    """Where the page has the title as a line; else the place that the outline names, never a step back."""
    on_page = [at for at in range(start, len(lines)) if lines[at].page == bookmark.page]
    said = [(at, count) for at in on_page if (count := _says(bookmark.title, lines, at))]
    if said:
        at, count = max(said, key=lambda place: lines[place[0]].size)
        return _Heading(at, bookmark.level, bookmark.title, count)
    later = (at for at in range(start, len(lines)) if lines[at].page > bookmark.page)
    below = (at for at in on_page if bookmark.top is None or lines[at].start <= bookmark.top)
    return _Heading(next(below, next(later, len(lines))), bookmark.level, bookmark.title, 0)


def _says(title: str, lines: Sequence[Line], at: int) -> int:
    """Over how many lines, one or two, the title stands at this place, its number aside; 0 if it does not."""
    wanted = _squeezed(title)
    for count in (1, 2):
        text = _squeezed("".join(line.text for line in lines[at : at + count]))
        if text.endswith(wanted) and _NUMBERED.fullmatch(text.removesuffix(wanted)):
            return count
    return 0


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _from_sizes(lines: Sequence[Line]) -> list[_Heading]:
    """Short lines in larger type than most; none where they are so many that size means something else."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    [(common, _)] = sizes.most_common(1)
    large = [line for line in lines if _stands_out(line, common)]
    share = sum(len(line.text) for line in large) / sum(len(line.text) for line in lines)
    if len(large) < 2 or share > _HEADING_SHARE:
        return []
    ranks = sorted({round(line.size, 1) for line in large}, reverse=True)
    found: list[_Heading] = []
    for at, line in enumerate(lines):
        level = ranks.index(round(line.size, 1)) + 1 if _stands_out(line, common) else 0
        last = found[-1] if found else None
        if level and last and (last.at + last.lines, last.level) == (at, level):
            title = wrapping.joined(last.title, line.text)
            found[-1] = _Heading(last.at, level, title, last.lines + 1)
        elif level and plain(line.text):
            found.append(_Heading(at, level, plain(line.text), 1))
    return found


def _stands_out(line: Line, common: float) -> bool:
    short = len(line.text) <= _LONGEST_HEADING and not line.code
    return short and line.size >= common * _LARGER and any(map(str.isalpha, line.text))


def _parts(lines: Sequence[Line], headings: Sequence[_Heading]) -> Iterator[Part]:
    level, title, start, body = 0, "", 0, 0
    for heading in headings:
        yield Part(level, title, wrapping.text(lines[body : heading.at]), start + 1, max(heading.at, 1))
        level, title, start, body = heading.level, heading.title, heading.at, heading.at + heading.lines
    yield Part(level, title, wrapping.text(lines[body:]), start + 1, len(lines))


def _by_page(lines: Sequence[Line]) -> Iterator[Part]:
    chinese = any(_CHINESE.search(line.text) for line in lines)
    for number in dict.fromkeys(line.page for line in lines):
        here = [at for at, line in enumerate(lines) if line.page == number]
        name = f"第 {number + 1} 页" if chinese else f"Page {number + 1}"
        text = wrapping.text(lines[here[0] : here[-1] + 1])
        yield Part(1, name, text, here[0] + 1, here[-1] + 1)
