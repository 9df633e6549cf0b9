"""Which passages of one segment hold a term: numpy arrays under hashed terms, opened by mapping a file."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag import tokens
from rag.types import Passage

Floats = NDArray[np.float32]
LegName = Literal["words", "grams"]

# Words of a heading count as if they stood so often in the text; chosen on the labelled course questions.
_HEADING, _PARENTS, _TITLE, _FILE = 5, 2, 1, 3


@dataclass(frozen=True, slots=True)
class Leg:
    """One way to read a text into terms, with its BM25 parameters.

    `average` is the length in terms that a passage is compared with. It is a course's, and the same for
    all: passages are cut to a size, and those written at different times must compare.
    """

    name: LegName
    terms: Callable[[str], list[str]]
    k1: float
    b: float
    average: float


WORDS = Leg("words", tokens.words, k1=1.5, b=0.6, average=170)
GRAMS = Leg("grams", tokens.grams, k1=0.8, b=0.6, average=330)
LEGS = (WORDS, GRAMS)


@dataclass(frozen=True, slots=True)
class Postings:
    """For each term (ascending hash) the passages that hold it, how often, and what BM25 gives for that.

    `worth` leaves out how rare the term is, which the whole index says. `mass` is the number of Chinese
    terms and of others.
    """

    terms: NDArray[np.uint64]
    starts: NDArray[np.int64]
    passages: NDArray[np.int32]
    counts: Floats
    worth: Floats
    mass: NDArray[np.float64]
    lengths: Floats

    @property
    def size(self) -> int:
        """How many passages the segment has."""
        return len(self.lengths)

    def find(self, terms: Sequence[str]) -> list[slice]:
        """Where each term's passages stand in the arrays; an empty slice for an unknown one."""
        wanted = np.fromiter(map(_hash, terms), np.uint64, len(terms))
        first = np.searchsorted(self.terms, wanted)
        known = self.terms[np.minimum(first, len(self.terms) - 1)] == wanted if len(self.terms) else first < 0
        last = np.minimum(first + known, len(self.terms))
        return list(map(slice, self.starts[first].tolist(), self.starts[last].tolist()))

    def summed(
        self, held: Sequence[slice], factors: Sequence[float] | NDArray[np.float64], by: Floats | None
    ) -> Floats:
        """For every passage the factors of its terms, each times its entry in `by`; shape (size,)."""
        if not held:
            return np.zeros(self.size, np.float32)
        worth = np.repeat(np.asarray(factors, np.float64), [one.stop - one.start for one in held])
        if by is not None:
            worth *= np.concatenate([by[one] for one in held])
        places = np.concatenate([self.passages[one] for one in held])
        return np.bincount(places, worth, self.size).astype(np.float32)

    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """What is stored, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Entries:
    """Three columns: a term's hash, the passage that holds it, and how often."""

    terms: NDArray[np.uint64]
    passages: NDArray[np.int64]
    counts: Floats


def read(leg: Leg, passages: Sequence[Passage]) -> Entries:
    """The terms of passages, the first of which is to stand at 0."""
    rows = [_row(leg, passage) for passage in passages]
    known = {term: _hash(term) for term in {term for row in rows for term in row}}
    return Entries(
        np.fromiter((known[term] for row in rows for term in row), np.uint64),
        np.repeat(np.arange(len(rows)), [len(row) for row in rows]),
        np.fromiter((count for row in rows for count in row.values()), np.float32),
    )


def moved(old: Postings, now: NDArray[np.int64]) -> Entries:
    """The entries of a segment's passages at their new places; `now[i]` is negative where i is left out."""
    passages = now[old.passages]
    stay = passages >= 0
    return Entries(np.repeat(old.terms, np.diff(old.starts))[stay], passages[stay], old.counts[stay])


def built(leg: Leg, parts: Iterable[Entries], size: int) -> Postings:
    """The postings of `size` passages."""
    every = list(parts)
    terms = np.concatenate([one.terms for one in every])
    passages = np.concatenate([one.passages for one in every])
    counts = np.concatenate([one.counts for one in every])
    order = np.lexsort((passages, terms))
    terms, passages, counts = terms[order], passages[order], counts[order]
    unique, first = np.unique(terms, return_index=True)
    starts = np.append(first, len(terms)).astype(np.int64)
    lengths = np.bincount(passages, counts, size)
    norm = leg.k1 * (1 - leg.b + leg.b * lengths / leg.average)
    worth = counts * (leg.k1 + 1) / (counts + norm[passages])
    chinese = (terms & np.uint64(1)).astype(bool)
    return Postings(
        unique,
        starts,
        passages.astype(np.int32),
        counts,
        worth.astype(np.float32),
        np.array([counts[chinese].sum(), counts[~chinese].sum()], np.float64),
        lengths.astype(np.float32),
    )


def _row(leg: Leg, passage: Passage) -> Counter[str]:
    row = Counter(leg.terms(passage.text))
    file = " ".join(PurePosixPath(passage.path).with_suffix("").parts)
    *parents, heading = passage.heading_path or ("",)
    above = ((parent, _PARENTS) for parent in parents)
    for text, weight in ((heading, _HEADING), *above, (passage.title, _TITLE), (file, _FILE)):
        for term in leg.terms(text):
            row[term] += weight
    return row


@lru_cache(maxsize=50_000)
def _hash(term: str) -> int:
    """64 bits that are the same on every machine; the lowest says whether the term is Chinese."""
    digest = hashlib.blake2b(term.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") & ~1 | tokens.is_chinese(term)
