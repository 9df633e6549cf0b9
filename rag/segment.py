"""A segment of an index: some documents, their passages and all that is searched of them, in one file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import arrays
from rag.postings import GRAMS, WORDS, Leg, Postings
from rag.types import IndexUnavailable, Passage

_FIELDS = tuple(field.name for field in fields(Passage))
_TUPLES = (_FIELDS.index("heading_path"), _FIELDS.index("span"))
_POSTINGS = tuple(field.name for field in fields(Postings))


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in a segment: a hash of all that was read, its source's mark, where its passages stand."""

    id: str
    fingerprint: str
    mark: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a segment is made of; `vectors` and `twins` have a row for each passage, `near` may be empty."""

    entries: Sequence[Entry]
    lines: Sequence[bytes]
    sections: NDArray[np.int32]
    vectors: NDArray[np.float32]
    twins: NDArray[np.int64]
    words: Postings
    grams: Postings
    near: NDArray[np.uint8]


def write(file: Path, contents: Contents) -> None:
    """Put a new segment into a file."""
    legs = ((WORDS, contents.words), (GRAMS, contents.grams))
    arrays.write(
        file,
        {
            "ids": np.array([_hash(one.id) for one in contents.entries], np.uint64),
            **_lines("documents", [_line(one) for one in contents.entries]),
            **_lines("passages", contents.lines),
            "spans": np.array([(one.first, one.count) for one in contents.entries], np.int64).reshape(-1, 2),
            "sections": contents.sections,
            "vectors": contents.vectors,
            "twins": contents.twins,
            "near": contents.near,
            **{f"{leg.name}.{name}": array for leg, one in legs for name, array in one.arrays().items()},
        },
    )


def line(passage: Passage) -> bytes:
    """A passage as it is stored."""
    # Chinese as it is: escaped it would be twice as long, and slow to read.
    return _encoded([getattr(passage, name) for name in _FIELDS])


def sections(passages: Sequence[Passage]) -> NDArray[np.int32]:
    """For each passage the number of its section; parts of one stand together."""
    places = [(one.document_id, one.heading_path, one.url) for one in passages]
    new = [at > 0 and place != places[at - 1] for at, place in enumerate(places)]
    return np.cumsum(new, dtype=np.int32)


class Segment:
    """One segment, open for any number of threads; it never changes, and outlives its file.

    `spans` has the first passage of each document and how many there are, shape (documents, 2).
    ValueError or LookupError when the file holds no segment.
    """

    def __init__(self, file: Path) -> None:
        self.name = file.name
        held = arrays.mapped(file)
        self.words, self.grams = (_postings(leg, held) for leg in (WORDS, GRAMS))
        self.vectors: NDArray[np.float32] = held["vectors"]
        self.sections: NDArray[np.int32] = held["sections"]
        self.twins: NDArray[np.int64] = held["twins"]
        self.near: NDArray[np.uint8] = held["near"]
        self.spans: NDArray[np.int64] = held["spans"]
        self._ids = held["ids"]
        self._documents = _Lines(held["documents"], held["documents.starts"])
        self._passages = _Lines(held["passages"], held["passages.starts"])

    def __len__(self) -> int:
        return len(self._passages)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Its documents in order."""
        return tuple(map(self.entry, range(len(self._documents))))

    def entry(self, number: int) -> Entry:
        """One of its documents."""
        try:
            return Entry(*_decoded(self._documents.line(number)))
        except (ValueError, LookupError, TypeError) as error:
            raise self._damaged() from error

    def number(self, id: str) -> int | None:
        """Which of its documents this is; None where it is none of them."""
        found = map(int, np.flatnonzero(self._ids == _hash(id)))
        return next((number for number in found if self.entry(number).id == id), None)

    def leg(self, leg: Leg) -> Postings:
        """The postings of one leg."""
        return self.words if leg.name == "words" else self.grams

    def line(self, at: int) -> bytes:
        """A passage as it is stored."""
        return self._passages.line(at)

    def passage(self, at: int) -> Passage:
        """The passage at a place of this segment."""
        try:
            return _passage(_decoded(self.line(at)))
        except (ValueError, LookupError, TypeError) as error:
            raise self._damaged() from error

    def _damaged(self) -> IndexUnavailable:
        return IndexUnavailable(f"{self.name} of the index is damaged; run `puyu index`")


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of text one behind the other, and where each begins."""

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def line(self, at: int) -> bytes:
        return self.text[self.starts[at] : self.starts[at + 1]].tobytes()


def _lines(name: str, lines: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    text = np.frombuffer(b"".join(lines), np.uint8)
    return {name: text, f"{name}.starts": np.cumsum([0, *map(len, lines)], dtype=np.int64)}


def _line(entry: Entry) -> bytes:
    return _encoded([entry.id, entry.fingerprint, entry.mark, entry.first, entry.count])


def _encoded(value: object) -> bytes:
    # A notebook may hold half a surrogate pair.
    return (json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _decoded(line: bytes) -> Any:
    return json.loads(line.decode("utf-8", "surrogatepass"))


def _hash(id: str) -> int:
    return int.from_bytes(hashlib.blake2b(id.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _postings(leg: Leg, held: Mapping[str, NDArray[Any]]) -> Postings:
    return Postings(*(held[f"{leg.name}.{name}"] for name in _POSTINGS))


def _passage(values: list[Any]) -> Passage:
    for at in _TUPLES:
        values[at] = tuple(values[at])
    return Passage(*values)
