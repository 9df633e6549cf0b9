"""Documents become passages: one a section, long sections cut between blocks."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.loaders.markdown import fence_after
from rag.types import Document, Passage, Section

LONGEST = 800
"""Characters of one passage, but for a pair of question and answer, which stays whole, and code."""

LONGEST_CODE = 3000
"""Characters of a code fence that stays whole; more is an output that somebody pasted."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    first: int
    last: int


def split(document: Document, longest: int = LONGEST) -> tuple[Passage, ...]:
    """The passages of a document in reading order; a section without text stays in its children's paths."""
    return tuple(
        _passage(document, section, piece, number)
        for section in document.sections
        if section.text.strip()
        for number, piece in enumerate(
            _pieces(section, longest) if section.kind == "prose" else _whole(section)
        )
    )


def _passage(document: Document, section: Section, piece: _Piece, number: int) -> Passage:
    place = "\x1f".join((document.id, *section.heading_path, section.anchor, str(number)))
    return Passage(
        id=hashlib.blake2b(place.encode("utf-8", "replace"), digest_size=8).hexdigest(),
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
    start = max(section.first_line, section.last_line - len(lines) + 1)
    held: list[str] = []
    at = start
    for block in _blocks(lines, longest):
        if held and len("\n".join([*held, *block])) > longest:
            yield from _fitting("\n".join(held), at, at + len(held) - 1, longest)
            at, held = at + len(held), []
        held += block
    yield from _fitting("\n".join(held), at, section.last_line, longest)


def _fitting(text: str, first: int, last: int, longest: int) -> Iterator[_Piece]:
    """A line that alone is too long goes by sentences, and where it has none by length."""
    text = text.strip("\n")
    sentences = rf".{{1,{longest}}}(?:(?<=[。！？.!?\s])|$)|.{{1,{longest}}}"
    for part in [text] if "\n" in text else re.findall(sentences, text):
        if part.strip():
            yield _Piece(part, first, last)


def _blocks(lines: list[str], longest: int) -> Iterator[list[str]]:
    """Fences and paragraphs as runs of lines that stay together, unless one alone is too long."""
    block: list[str] = []
    fence = ""
    for line in lines:
        before, fence = fence, fence_after(line, fence)
        if block and not before and (fence or (line.strip() and not block[-1].strip())):
            yield from _cut(block, longest)
            block = []
        block.append(line)
    yield from _cut(block, longest)


def _cut(block: list[str], longest: int) -> Iterator[list[str]]:
    """A block that is too long goes line by line."""
    if sum(map(len, block)) + len(block) <= (LONGEST_CODE if fence_after(block[0], "") else longest):
        yield block
    else:
        yield from ([line] for line in block)
