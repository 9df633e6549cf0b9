"""BM25 over the segments of an index: words, and pairs of characters, in one ranking."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from rag import tokens
from rag.background import frequency
from rag.postings import GRAMS, WORDS, Floats, Leg, LegName, Postings

# A name of a tool, flag or error says more than a Chinese word as rare as it.
_NAME = 1.5
# A text of so many words holds a common word by chance: such a word is worth no more than its rarity there.
_PAGE = 1000
# Numbers of several digits are codes, ports and versions: no writing is as full of one of them as of all.
_NUMBER = 1e-9


class Lookup:
    """Where some terms stand in one leg: `held` in how many passages, `counts` how often in all.

    Both count passages that are not live any more, until their segment is written anew; sums are 0 there.
    """

    def __init__(
        self, segments: Sequence[Postings], terms: Sequence[str], live: NDArray[np.bool_] | None
    ) -> None:
        self._segments = segments
        self._live = live
        self._slices = [segment.find(terms) for segment in segments]
        self.held = np.zeros(len(terms))
        for slices in self._slices:
            self.held += [one.stop - one.start for one in slices]

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """How often each term occurs over all passages; what stands in a heading counts several times."""
        counts = np.zeros(len(self.held))
        for segment, slices in zip(self._segments, self._slices, strict=True):
            counts += [float(segment.counts[one].sum()) for one in slices]
        return counts

    def gathered(self, worth: Sequence[float] | NDArray[np.float64]) -> Floats:
        """For every passage the summed worth of the terms that it holds, shape (size,)."""
        return self._summed(worth, weighed=False)

    def weighed(self, factors: Sequence[float] | NDArray[np.float64]) -> Floats:
        """For every passage the factors of its terms, each times what BM25 gives for how often; (size,)."""
        return self._summed(factors, weighed=True)

    def _summed(self, factors: Sequence[float] | NDArray[np.float64], weighed: bool) -> Floats:
        pairs = zip(self._segments, self._slices, strict=True)
        sums = [
            segment.summed(slices, factors, segment.worth if weighed else None) for segment, slices in pairs
        ]
        found = sums[0] if len(sums) == 1 else np.concatenate(sums)
        return found if self._live is None else found * self._live


class Lexical:
    """Both legs over all passages of an index; those that are not `live` score 0."""

    def __init__(
        self, words: Sequence[Postings], grams: Sequence[Postings], live: NDArray[np.bool_] | None = None
    ) -> None:
        self._segments = {"words": words, "grams": grams}
        self._live = live
        self.size = sum(one.size for one in words)

    def lookup(self, leg: LegName, terms: Sequence[str]) -> Lookup:
        """Where the terms stand."""
        return Lookup(self._segments[leg], terms, self._live)

    def mass(self, leg: LegName) -> tuple[float, float]:
        """The number of Chinese terms and of others over all passages."""
        chinese, others = np.sum([one.mass for one in self._segments[leg]], axis=0)
        return float(chinese), float(others)

    def scores(self, query: str, words: float = 0.5, grams: float = 0.5) -> Floats:
        """Every passage's score, shape (size,): each leg over its best passage, by its share."""
        total = np.zeros(self.size, np.float32)
        for leg, share in ((WORDS, words), (GRAMS, grams)):
            if share:
                found = self.leg(leg, query)
                total += found * (share / max(float(found.max(initial=0)), 1e-9))
        return total

    def leg(self, leg: Leg, query: str) -> Floats:
        """Every passage's BM25 score by one leg, shape (size,)."""
        lookup, worth = self._worth(leg, query)
        return lookup.weighed(worth)

    def worth(self, query: str) -> float:
        """How much a query says, in nats: rare words much, everyday ones hardly anything."""
        return float(self._worth(WORDS, query)[1].sum())

    def _worth(self, leg: Leg, query: str) -> tuple[Lookup, NDArray[np.float64]]:
        terms = Counter(leg.terms(query))
        lookup = self.lookup(leg.name, list(terms))
        rarity = np.log1p((self.size - lookup.held + 0.5) / (lookup.held + 0.5))
        times = np.fromiter(terms.values(), np.float64, len(terms))
        return lookup, times * rarity * _weights(terms, rarity)


def _weights(terms: Iterable[str], rarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """What documents seldom say though people often do (`how do i`) must not count as rare."""
    pairs: NDArray[np.float64] = np.array([*map(_everyday, terms)]).reshape(-1, 2)
    common, kind = pairs.T
    share = np.maximum(common, 0.05) / np.maximum(rarity, 0.05)
    weights: NDArray[np.float64] = share.clip(max=1.0) * kind
    return weights


@lru_cache(maxsize=50_000)
def _everyday(term: str) -> tuple[float, float]:
    """How rare a page of everyday writing makes the term, and what its kind is worth."""
    often = _NUMBER if term.isdigit() and len(term) > 1 else frequency(term)
    return -math.log(-math.expm1(-_PAGE * often)), 1.0 if tokens.is_chinese(term) else _NAME
