"""Questions put together by what they mean: what a course asks most, and what it asks again."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.background import frequency
from rag.concepts import concepts
from rag.terms import terms
from rag.tokens import normalised
from rag.types import Found, Searcher

THRESHOLD = 0.26
"""How near two groups are on average that are one.

On 58 questions written in other words after all here was fixed, with the index of a course: B-cubed F1 .80,
precision .98, recall .68 (each alone: .60). Of 160 questions of a course that ask for different places, 149
groups remain; at .22 there were 140, for two hundredths more recall.
"""

_FOUND = 0.3  # what is found has so much of a say, beside the words
_HITS = 8
# So many questions are taken to have been asked before: a day that has one topic does not make it common.
_BEFORE = 200
_CONCEPT = 0.01  # in so many of them
_WORDS = (1 / 500, 0.1)  # a word is in at least and at most so many
_PER_QUESTION = 30  # what a word's share of everyday writing is multiplied with

# Who asks when does not ask where, nor who asks about another tool.
_ASKED = frozenset({"#when", "#where", "#much", "#differ", "#what"})
_NAME = re.compile(r"[a-z][a-z0-9._-]{2,}")
_APART = 0.5  # how near such questions are, to what they would be

_Worth = Mapping[str, float]


class Grouping:
    """Groups questions by their words, the concepts behind these, and what a search finds for them."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def groups(self, questions: Sequence[str]) -> list[tuple[int, ...]]:
        """The places of questions that mean the same; every place is in one group, the largest come first.

        Takes 3 ms for each different question, and more beyond some hundreds. Raises IndexUnavailable.
        """
        same: dict[str, list[int]] = {}
        for place, question in enumerate(questions):
            same.setdefault(normalised(question).strip(), []).append(place)
        if not same:
            return []
        near = self.nearness([questions[places[0]] for places in same.values()])
        alike = list(same.values())
        groups = [sorted(place for one in group for place in alike[one]) for group in _joined(near)]
        return sorted(map(tuple, groups), key=lambda group: (-len(group), group))

    def nearness(self, questions: Sequence[str]) -> NDArray[np.float64]:
        """How near each is to each, in 0..1; shape (questions, questions)."""
        said = [_said(one) for one in questions]
        held = Counter(term for one in said for term in one)
        words = [{term: _worth(term, held[term], len(said)) for term in one} for one in said]
        found = [_places(self._searcher.search(one, k=_HITS)) for one in questions]
        near = (1 - _FOUND) * _cosines(words) + _FOUND * _cosines(found)
        apart = _disjoint([one & _ASKED for one in said]) | _disjoint([*map(_names, questions)])
        return np.where(apart, near * _APART, near)


def _said(question: str) -> frozenset[str]:
    """What it names: concepts with a mark before them, and the terms of the rest."""
    named, rest = concepts(question)
    return frozenset([*(f"#{one}" for one in named), *terms(rest)])


def _names(question: str) -> frozenset[str]:
    """The names of tools in a Chinese question; in an English one nobody can tell them from other words."""
    if question.isascii():
        return frozenset()
    return frozenset(term for term in terms(concepts(question)[1]) if _NAME.fullmatch(term))


def _worth(term: str, held: int, questions: int) -> float:
    """How rare a term is, in nats."""
    least, most = _WORDS
    share = _CONCEPT if term.startswith("#") else min(max(frequency(term) * _PER_QUESTION, least), most)
    return math.log1p((_BEFORE + questions) / (_BEFORE * share + held))


def _places(found: Found) -> _Worth:
    """The sections that are found; those far behind the best one count little."""
    top = max((hit.score for hit in found.hits), default=1.0)
    return {
        "\n".join((hit.passage.document_id, *hit.passage.heading_path)): (hit.score / top) ** 2
        for hit in found.hits
        if top > 0
    }


def _disjoint(sets: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    """Which pairs of them have nothing in common, though neither is empty."""
    some = np.array([bool(one) for one in sets])
    near = _cosines([dict.fromkeys(one, 1.0) for one in sets])
    disjoint: NDArray[np.bool_] = (near < 1e-9) & some & some[:, None]
    return disjoint


def _cosines(vectors: Sequence[_Worth]) -> NDArray[np.float64]:
    columns = {term: at for at, term in enumerate(sorted({term for one in vectors for term in one}))}
    matrix = np.zeros((len(vectors), max(len(columns), 1)))
    for row, one in zip(matrix, vectors, strict=True):
        row[[columns[term] for term in one]] = list(one.values())
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    near: NDArray[np.float64] = matrix @ matrix.T
    return near


def _joined(near: NDArray[np.float64]) -> list[list[int]]:
    """The nearest two groups become one as long as their questions are near enough on average."""
    near = near.copy()
    np.fill_diagonal(near, -1)
    groups = [[place] for place in range(len(near))]
    while True:
        first, second = sorted(map(int, np.unravel_index(near.argmax(), near.shape)))
        if near[first, second] < THRESHOLD:
            return [group for group in groups if group]
        sizes = len(groups[first]), len(groups[second])
        near[first] = near[:, first] = np.average(near[[first, second]], axis=0, weights=sizes)
        near[second] = near[:, second] = near[first, first] = -1
        groups[first] += groups[second]
        groups[second] = []
