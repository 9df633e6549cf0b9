"""Documents become passages: one a section, long sections cut between blocks."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.loaders.markdown import fence_after
from rag.types import Document, Passage, Section

LONGEST = 800
"""Characters of one passage, but for code, rows of a table, and pairs of question and answer."""

LONGEST_WHOLE = 3000
"""Characters of a code fence or a row of a table that stays whole; more is what somebody pasted."""

_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?\s*)?$")


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that stay together, and how many lines of the section they are: a repeated header is none."""

    lines: Sequence[str]
    size: int

    @property
    def length(self) -> int:
        return sum(map(len, self.lines)) + len(self.lines)


def split(document: Document, longest: int = LONGEST) -> tuple[Passage, ...]:
    """The passages of a document in reading order.

    A section without text stays in its children's paths; where it has none, its heading is what it says.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    passages: list[Passage] = []
    above = {section.heading_path[:-1] for section in document.sections}
    for section in document.sections:
        if not section.text.strip() and section.heading_path and section.heading_path not in above:
            section = replace(section, text=section.heading_path[-1])
        if section.text.strip():
            pieces = _pieces(section, longest) if section.kind == "prose" else _whole(section)
            # Only sections under the very same headings are told apart by their order.
            place = (document.id, *section.heading_path, f"#{seen[section.heading_path]}")
            seen[section.heading_path] += 1
            passages += (
                _passage(document, section, piece, (*place, str(n))) for n, piece in enumerate(pieces)
            )
    return tuple(passages)


def _passage(document: Document, section: Section, piece: _Piece, place: tuple[str, ...]) -> Passage:
    return Passage(
        id=hashlib.blake2b("\x1f".join(place).encode("utf-8", "replace"), digest_size=8).hexdigest(),
        document_id=document.id,
        path=document.path,
        title=document.title,
        heading_path=section.heading_path,
        text=piece.text,
        url=f"{document.url}#{section.anchor}" if section.anchor else document.url,
        revision=document.revision,
        span=(piece.first, piece.last),
        kind=section.kind,
        cohort=document.cohort,
        session=document.session,
    )


def _whole(section: Section) -> Iterator[_Piece]:
    yield _Piece(section.text, section.first_line, section.last_line)


def _pieces(section: Section, longest: int) -> Iterator[_Piece]:
    if len(section.text) <= longest:
        yield from _whole(section)
        return
    lines = section.text.split("\n")
    # The text is the end of its section: what comes before it is the heading.
    at = max(section.first_line, section.last_line - len(lines) + 1)
    held = _Block([], 0)
    for block in _blocks(lines, longest):
        if held.lines and held.length + block.length - 1 > longest:
            yield from _fitting(held, at, at + held.size - 1, longest)
            at, held = at + held.size, _Block([], 0)
        held = _Block([*held.lines, *block.lines], held.size + block.size)
    yield from _fitting(held, at, section.last_line, longest)


def _fitting(block: _Block, first: int, last: int, longest: int) -> Iterator[_Piece]:
    """A line that alone is too long goes by sentences, and where it has none by length."""
    text = "\n".join(block.lines).strip("\n")
    row = _ROW.match(text) and len(text) <= LONGEST_WHOLE
    for part in [text] if "\n" in text or row else _sentences(text, longest):
        if part.strip():
            yield _Piece(part, min(first, last), last)


def _sentences(text: str, longest: int) -> list[str]:
    return re.findall(rf".{{1,{longest}}}(?:(?<=[。！？.!?\s])|$)|.{{1,{longest}}}", text)


def _blocks(lines: Sequence[str], longest: int) -> Iterator[_Block]:
    """Fences, tables and paragraphs as runs of lines that stay together, unless one alone is too long."""
    block: list[str] = []
    fence, ended = "", False
    for line in lines:
        before, fence = fence, fence_after(line, fence)
        if block and not before and (fence or ended or _begins(block[-1], line)):
            yield from _cut(block, longest)
            block = []
        block.append(line)
        ended = bool(before and not fence)
    yield from _cut(block, longest)


def _begins(above: str, line: str) -> bool:
    """Whether a paragraph or a table begins with this line, or ends above it."""
    return bool(line.strip()) and (not above.strip() or bool(_ROW.match(above)) != bool(_ROW.match(line)))


def _cut(lines: Sequence[str], longest: int) -> Iterator[_Block]:
    """A block that is too long goes line by line, a table with its header and code in a fence each time."""
    block = _Block(lines, len(lines))
    mark = fence_after(lines[0], "")
    if block.length <= (LONGEST_WHOLE if mark else longest):
        yield block
    elif mark:
        yield from _fences(lines, mark, longest)
    elif len(lines) > 2 and _ROW.match(lines[0]) and _RULE.match(lines[1]):
        rows = [part for row in lines[2:] for part in _rows(row, longest)]
        yield from _filled(lines[:2], rows, (), longest, len(lines))
    else:
        yield from (_Block([line], 1) for line in lines)


def _fences(lines: Sequence[str], mark: str, longest: int) -> Iterator[_Block]:
    """Code in pieces that are closed fences again, also where a line alone is too long for one."""
    body = list(lines[1:])
    while body and not body[-1].strip():
        body.pop()
    if body and not fence_after(body[-1], mark):
        body.pop()
    room = max(1, longest - len(lines[0]) - len(mark) - 2)
    code = [line[at : at + room] for line in body for at in range(0, max(1, len(line)), room)]
    yield from _filled(lines[:1], code, [mark], longest, len(lines))


def _rows(row: str, longest: int) -> list[str]:
    return [row] if len(row) <= LONGEST_WHOLE else _sentences(row, longest)


def _filled(
    above: Sequence[str], lines: Sequence[str], below: Sequence[str], longest: int, size: int
) -> Iterator[_Block]:
    """As many of the lines as fit between what each block repeats, at least one; of `size` lines in all."""
    bare = _Block([*above, *below], 0).length
    held: list[str] = []
    for line in lines:
        if held and bare + sum(map(len, held)) + len(held) + len(line) > longest:
            yield _Block([*above, *held, *below], len(held))
            size, held = size - len(held), []
        held.append(line)
    yield _Block([*above, *held, *below], max(size, 0))
