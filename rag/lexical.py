"""BM25 over numpy postings: terms are hashes in a sorted array, so that an index opens by mapping files."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from rag import tokens
from rag.background import frequency
from rag.types import Passage

Floats = NDArray[np.float32]

# Words of a heading count as if they stood so often in the text; chosen on the labelled course questions.
_HEADING, _PARENTS, _TITLE, _FILE = 5, 2, 1, 3
# A name of a tool, flag or error says more than a Chinese word as rare as it.
_NAME = 1.5
# A text of so many words holds a common word by chance: such a word is worth no more than its rarity there.
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Leg:
    """One way to read a text into terms, with its BM25 parameters and its share in the sum."""

    name: str
    terms: Callable[[str], list[str]]
    k1: float
    b: float
    share: float


WORDS = Leg("words", tokens.words, k1=1.5, b=0.6, share=0.5)
GRAMS = Leg("grams", tokens.grams, k1=0.8, b=0.6, share=0.5)


@dataclass(frozen=True, slots=True)
class Postings:
    """For each term (ascending hash) the passages that hold it, how often, and what that is worth.

    `mass` is the number of Chinese terms and of others over all passages.
    """

    terms: NDArray[np.uint64]
    starts: NDArray[np.int64]
    passages: NDArray[np.int32]
    counts: Floats
    worth: Floats
    mass: NDArray[np.float64]

    def find(self, terms: Sequence[str]) -> list[slice]:
        """Where each term's passages stand in the arrays; an empty slice for an unknown one."""
        wanted = np.fromiter(map(_hash, terms), np.uint64, len(terms))
        first = np.searchsorted(self.terms, wanted)
        known = self.terms[np.minimum(first, len(self.terms) - 1)] == wanted if len(self.terms) else first < 0
        last = np.minimum(first + known, len(self.terms))
        return list(map(slice, self.starts[first].tolist(), self.starts[last].tolist()))

    def summed(self, held: Sequence[slice], factors: Sequence[float], size: int, by: Floats | None) -> Floats:
        """For every passage the factors of its terms, each times its entry in `by`; shape (size,)."""
        if not held:
            return np.zeros(size, np.float32)
        worth = np.repeat(factors, [one.stop - one.start for one in held])
        if by is not None:
            worth *= np.concatenate([by[one] for one in held])
        places = np.concatenate([self.passages[one] for one in held])
        return np.bincount(places, worth, size).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Lexical:
    """Both legs over one set of `size` passages."""

    size: int
    words: Postings
    grams: Postings

    def scores(self, query: str) -> Floats:
        """Every passage's score in 0..1, shape (size,): each leg over its best passage, by share."""
        total = np.zeros(self.size, np.float32)
        for leg, postings in ((WORDS, self.words), (GRAMS, self.grams)):
            found = self._leg(postings, Counter(leg.terms(query)))
            total += found * (leg.share / max(float(found.max(initial=0)), 1e-9))
        return total

    def _leg(self, postings: Postings, query: Mapping[str, int]) -> Floats:
        held = postings.find(list(query))
        factors = [
            times * _weight(term, _rarity(self.size, one.stop - one.start))
            for one, (term, times) in zip(held, query.items(), strict=True)
        ]
        return postings.summed(held, factors, self.size, postings.worth)

    def save(self, folder: Path) -> None:
        """One .npy file for each array."""
        for leg, postings in ((WORDS, self.words), (GRAMS, self.grams)):
            for field in fields(Postings):
                np.save(folder / f"{leg.name}.{field.name}.npy", getattr(postings, field.name))


def opened(folder: Path, size: int) -> Lexical:
    """What `save` wrote, mapped rather than read."""

    def postings(leg: Leg) -> Postings:
        names = (f"{leg.name}.{field.name}.npy" for field in fields(Postings))
        return Postings(*(np.load(folder / name, mmap_mode="r").view(np.ndarray) for name in names))

    return Lexical(size, postings(WORDS), postings(GRAMS))


def built(passages: Sequence[Passage], old: Lexical | None, places: Sequence[int]) -> Lexical:
    """Postings of `passages`; `places[i]` is where `old` has passage i, or -1 where it must be read anew."""
    kept = np.asarray(places, np.int64)

    def postings(leg: Leg, before: Postings | None) -> Postings:
        entries = _read(leg, passages, np.flatnonzero(kept < 0))
        if before is not None and old:
            entries = _joined(_moved(before, old.size, kept), entries)
        return _postings(leg, entries, len(passages))

    return Lexical(
        len(passages),
        postings(WORDS, old.words if old else None),
        postings(GRAMS, old.grams if old else None),
    )


@dataclass(frozen=True, slots=True)
class _Entries:
    """Three columns: a term's hash, the passage that holds it, and how often."""

    terms: NDArray[np.uint64]
    passages: NDArray[np.int64]
    counts: Floats


def _read(leg: Leg, passages: Sequence[Passage], wanted: NDArray[np.int64]) -> _Entries:
    rows = [_row(leg, passages[at]) for at in wanted.tolist()]
    known: dict[str, int] = {}
    for row in rows:
        for term in row:
            if term not in known:
                known[term] = _hash(term)
    return _Entries(
        np.fromiter((known[term] for row in rows for term in row), np.uint64),
        np.repeat(wanted, [len(row) for row in rows]),
        np.fromiter((count for row in rows for count in row.values()), np.float32),
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


def _moved(old: Postings, size: int, kept: NDArray[np.int64]) -> _Entries:
    """The old entries of passages that stay, at their new places."""
    now = np.full(size, -1, np.int64)
    now[kept[kept >= 0]] = np.flatnonzero(kept >= 0)
    passages = now[old.passages]
    stay = passages >= 0
    return _Entries(np.repeat(old.terms, np.diff(old.starts))[stay], passages[stay], old.counts[stay])


def _joined(one: _Entries, other: _Entries) -> _Entries:
    return _Entries(
        np.concatenate([one.terms, other.terms]),
        np.concatenate([one.passages, other.passages]),
        np.concatenate([one.counts, other.counts]),
    )


def _postings(leg: Leg, entries: _Entries, size: int) -> Postings:
    order = np.lexsort((entries.passages, entries.terms))
    terms, passages, counts = entries.terms[order], entries.passages[order], entries.counts[order]
    unique, starts = np.unique(terms, return_index=True)
    starts = np.append(starts, len(terms)).astype(np.int64)
    held = np.diff(starts)
    lengths = np.bincount(passages, counts, size)
    norm = leg.k1 * (1 - leg.b + leg.b * lengths / max(float(lengths.sum()) / max(size, 1), 1.0))
    rarity = np.log1p((size - held + 0.5) / (held + 0.5))
    worth = np.repeat(rarity, held) * counts * (leg.k1 + 1) / (counts + norm[passages])
    chinese = (terms & np.uint64(1)).astype(bool)
    mass = np.array([counts[chinese].sum(), counts[~chinese].sum()], np.float64)
    return Postings(unique, starts, passages.astype(np.int32), counts, worth.astype(np.float32), mass)


def _rarity(size: int, held: int) -> float:
    return math.log1p((size - held + 0.5) / (held + 0.5))


def _weight(term: str, rarity: float) -> float:
    """What documents seldom say though people often do (`how do i`) must not count as rare."""
    common = -math.log(-math.expm1(-_PAGE * frequency(term)))
    return min(1.0, max(common, 0.05) / max(rarity, 0.05)) * (1.0 if tokens.is_chinese(term) else _NAME)


def _hash(term: str) -> int:
    """64 bits that are the same on every machine; the lowest says whether the term is Chinese."""
    digest = hashlib.blake2b(term.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") & ~1 | tokens.is_chinese(term)
