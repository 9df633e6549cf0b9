"""Citation markers in an answer: checked against the passages given, and numbered as they are first used."""

import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from rag.text import FENCED
from rag.types import Hit, Passage, Source

# Code is copied as it is.
_CODE = rf"{FENCED}|(?<!`)(?P<ticks>`++)[^\n]*?(?<!`)(?P=ticks)(?!`)"
_BETWEEN = r"[\s,，、;；\-–^]"
_MARKER = (
    rf"(?P<space>(?<![ \t])[ \t]+)?"
    rf"(?P<marker>[\[【［]{_BETWEEN}*\d{{1,3}}(?:{_BETWEEN}+\d{{1,3}})*\s*[\]】］])"
)
# An end that may still become a marker, or a code span in which a marker would be none.
_OPEN = rf"`[^\n]*\Z|[\[【［](?:\d|{_BETWEEN})*\Z"
_PIECE = re.compile(rf"(?P<code>{_CODE})|{_MARKER}|{_OPEN}", re.MULTILINE)

_DIGEST = 16
_INDEXED = re.compile(r"[A-Za-z0-9_)\]]\Z")


class Citations:
    """An answer as it comes in, with its markers in order.

    A marker that names none of the `given` passages is dropped, the others are numbered from 1 by
    first use: [n] means the passage at `order[n - 1]`, counted from 0 among those given.
    """

    def __init__(self, given: int) -> None:
        self._given = given
        self._numbers: dict[int, int] = {}
        self._raw = ""
        self._read = 0
        self._text = ""

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(self._numbers)

    def grow(self, delta: str) -> str:
        """The answer so far without an end that cannot be told yet; each is the beginning of the next."""
        self._raw += delta
        end = self._advance()
        return (self._text + self._raw[self._read : end]).strip()

    def close(self) -> str:
        """The whole answer."""
        # A code span ends with its line: one that is still open was none.
        self._raw += "\n"
        self._advance()
        return (self._text + self._raw[self._read :]).strip()

    def _advance(self) -> int:
        """Take in the pieces that are whole; return how far the rest can be shown."""
        for piece in _PIECE.finditer(self._raw, self._read):
            if piece["marker"] is None and piece.end() == len(self._raw):
                return piece.start() if piece["code"] is None else piece.end()
            self._take(piece.start(), self._renumbered(piece), piece.end())
        if (line := self._raw.rfind("\n") + 1) > self._read:
            self._take(line, "", line)
        return len(self._raw)

    def _take(self, plain_to: int, piece: str, piece_to: int) -> None:
        self._text += self._raw[self._read : plain_to] + piece
        self._read = piece_to

    def _renumbered(self, piece: re.Match[str]) -> str:
        if piece["marker"] is None:
            return piece[0]
        named = _numbers(piece["marker"])
        if 0 in named and (len(named) > 1 or _attached(piece)):
            # Passages count from 1: `x[0]` is an element and [0, 1] an interval.
            return piece[0]
        kept = dict.fromkeys(
            self._numbers.setdefault(number - 1, len(self._numbers) + 1)
            for number in named
            if 1 <= number <= self._given
        )
        return (piece["space"] or "") + "".join(f"[{number}]" for number in kept) if kept else ""


def without_citations(text: str) -> str:
    """The text with no marker at all, for a place where the numbers mean nothing."""
    citations = Citations(given=0)
    citations.grow(text)
    return citations.close()


def to_source(passage: Passage) -> Source:
    place = (passage.title, passage.heading, passage.url, passage.revision)
    return Source(*place, passage.id, passage.document_id, digest(passage))


def digest(passage: Passage) -> str:
    """What tells whether the heading or the text of a passage has changed; a cohort's mark is no change."""
    return _hashed(passage.heading.removesuffix(_label(passage))) + _hashed(passage.text)


def same_text(one: str, other: str) -> bool:
    """Whether two digests are of passages that say the same, be it under another heading."""
    return one[_DIGEST:] == other[_DIGEST:]


def _hashed(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGEST]


def _label(passage: Passage) -> str:
    return f"（{passage.cohort}）"


def told_apart(hits: Sequence[Hit], cohort: str) -> tuple[Hit, ...]:
    """The hits, with the cohort behind the titles of those that are of another one than the asker's."""
    return tuple(
        replace(hit, passage=_of_another(hit.passage)) if hit.passage.cohort not in ("", cohort) else hit
        for hit in hits
    )


def _of_another(passage: Passage) -> Passage:
    title = passage.title + _label(passage)
    path = tuple(title if heading == passage.title else heading for heading in passage.heading_path)
    return replace(passage, title=title, heading_path=path)


def _attached(piece: re.Match[str]) -> bool:
    return not piece["space"] and bool(_INDEXED.search(piece.string, 0, piece.start()))


def _numbers(marker: str) -> list[int]:
    """The numbers a marker names; 1-3 names three."""
    numbers: list[int] = []
    for dash, digits in re.findall(r"([-–]?)\s*(\d+)", marker):
        first = numbers[-1] + 1 if dash and numbers else int(digits)
        numbers += range(first, int(digits) + 1)
    return numbers
