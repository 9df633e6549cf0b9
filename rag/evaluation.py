"""Labelled queries and conversations against a search: is the right section found, is a query ours at all."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import jsonlines
from rag.followup import followed
from rag.types import Found, Passage, Progress, RagError, Searcher

DEPTH = 20
"""How many hits are looked at."""

_RETRIEVAL = ("recall@1", "recall@5", "recall@10", "recall@20", "MRR@10", "nDCG@10")
_DECISION = ("precision", "recall", "F1")
_FOLLOWUP = ("followup@5", "standalone@5", "ratio")
_FIRST = 5
_RESAMPLES = 1000
_SEED = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over `n` rows, with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Recall, MRR and nDCG over the rows with positives; precision, recall and F1 over those with a label.

    Over turns that lean on earlier ones the recall of what the rules make of them, that of the text given
    in the file, and the one by the other.
    """

    measures: Mapping[str, Estimate]

    def to_json(self) -> dict[str, object]:
        """As `puyu evaluate --json` prints it."""
        return {name: asdict(one) for name, one in self.measures.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """A section that is a right source."""

    doc: str
    anchor: str

    def holds(self, passage: Passage) -> bool:
        """Whether the passage stands in that section."""
        path = " > ".join(passage.heading_path)
        return passage.path == self.doc and (path == self.anchor or path.endswith(f" > {self.anchor}"))


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled query: with the places that answer it, or with whether it is ours."""

    query: str
    positive: tuple[Place, ...] = ()
    label: bool | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that leans on what its asker said before, oldest first, and how it would stand alone."""

    question: str
    earlier: tuple[str, ...]
    standalone: str
    positive: tuple[Place, ...]


def evaluate(searcher: Searcher, paths: Iterable[Path], progress: Progress | None = None) -> Evaluation:
    """Search every row and turn of the files; RagError names the file and line that cannot be read."""
    asked = [one for path in paths for one in _asked(path)]
    if not asked:
        raise RagError("there is no labelled question in these files; write one a line, as JSON")
    found_right: list[list[float]] = []
    decisions: list[tuple[bool, bool]] = []
    followups: list[tuple[float, float]] = []
    for number, one in enumerate(asked, 1):
        if isinstance(one, Turn):
            followups.append(_both_ways(searcher, one))
        else:
            found = searcher.search(one.query, DEPTH)
            if one.positive:
                found_right.append(_measures(found, one.positive))
            if one.label is not None:
                decisions.append((one.label, found.ours))
        if progress:
            progress("evaluating", number, len(asked))
    return Evaluation({**_retrieval(found_right), **_decision(decisions), **_followup(followups)})


def read(path: Path) -> Iterator[Row]:
    """The rows of a JSON lines file."""
    return (_row(values, where) for where, values in jsonlines.read(path))


def _asked(path: Path) -> Iterator[Row | Turn]:
    for where, values in jsonlines.read(path):
        if isinstance(values, dict) and "turns" in values:
            yield from _turns(values["turns"], where)
        else:
            yield _row(values, where)


def _turns(values: Any, where: str) -> Iterator[Turn]:
    """Those that are to be measured: with a place, and with something that their asker said before."""
    said: dict[str, list[str]] = {}
    try:
        for one in values:
            question, positive = _text(one["user"]), _places(one)
            earlier = said.setdefault(one.get("speaker", ""), [])
            if positive and one.get("needs", "none" if not earlier else "") != "none":
                yield Turn(question, tuple(earlier), _text(one["standalone"]), positive)
            earlier.append(question)
    except (KeyError, TypeError, AttributeError) as error:
        wanted = '{"turns": [{"user", "standalone", "needs", "positive": [{"doc", "anchor"}]}]}'
        raise RagError(f"{where}: want {wanted}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _places(values: Any) -> tuple[Place, ...]:
    return tuple(Place(one["doc"], one["anchor"]) for one in values.get("positive", ()))


def _row(values: Any, where: str) -> Row:
    try:
        query, label, positive = values["query"], values.get("label"), _places(values)
    except (KeyError, TypeError, AttributeError) as error:
        raise RagError(
            f'{where}: want {{"query", "positive": [{{"doc", "anchor"}}]}} or {{"query", "label"}}'
        ) from error
    if not isinstance(query, str) or (not positive and label is None):
        raise RagError(f'{where}: want a query and either "positive" or "label"')
    if label not in (None, True, False) or (positive and label is not None and not label):
        raise RagError(f'{where}: "label" is {label!r}; want true or false, and true where there is a place')
    return Row(query, positive, None if label is None else bool(label))


def _both_ways(searcher: Searcher, turn: Turn) -> tuple[float, float]:
    """Whether the right section is among the first by the rules, and by the text given."""
    made = followed(turn.question, turn.earlier)
    ways = searcher.search(made.text, _FIRST, followup=made), searcher.search(turn.standalone, _FIRST)
    by_rules, given = (any(_right(found, turn.positive)) for found in ways)
    return float(by_rules), float(given)


def _right(found: Found, positive: Sequence[Place]) -> list[bool]:
    return [any(place.holds(hit.passage) for place in positive) for hit in found.hits]


def _measures(found: Found, positive: Sequence[Place]) -> list[float]:
    """One value for each of _RETRIEVAL."""
    right = _right(found, positive)
    gains = [1 / math.log2(rank + 2) for rank in range(10)]
    first = right.index(True) if True in right else DEPTH
    return [
        *(float(first < depth) for depth in (1, 5, 10, DEPTH)),
        1 / (first + 1) if first < 10 else 0.0,
        # An anchor may name several sections.
        sum(gain for gain, hit in zip(gains, right, strict=False) if hit)
        / sum(gains[: max(len(positive), sum(right))]),
    ]


def _retrieval(rows: Sequence[Sequence[float]]) -> dict[str, Estimate]:
    if not rows:
        return {}
    values = np.asarray(rows)
    return _estimates(_RETRIEVAL, len(rows), lambda sample: values[sample].mean(axis=0))


def _decision(rows: Sequence[tuple[bool, bool]]) -> dict[str, Estimate]:
    if not rows:
        return {}
    label, ours = np.asarray(rows).T

    def scores(sample: NDArray[np.int64]) -> NDArray[np.float64]:
        right = float((label & ours)[sample].sum())
        said, true = float(ours[sample].sum()), float(label[sample].sum())
        return np.array([right / max(said, 1), right / max(true, 1), 2 * right / max(said + true, 1)])

    return _estimates(_DECISION, len(rows), scores)


def _followup(rows: Sequence[tuple[float, float]]) -> dict[str, Estimate]:
    if not rows:
        return {}
    values = np.asarray(rows)

    def shares(sample: NDArray[np.int64]) -> NDArray[np.float64]:
        by_rules, given = values[sample].mean(axis=0)
        return np.array([by_rules, given, by_rules / max(given, 1 / len(rows))])

    return _estimates(_FOLLOWUP, len(rows), shares)


def _estimates(
    names: Sequence[str], size: int, measure: Callable[[NDArray[np.int64]], NDArray[np.float64]]
) -> dict[str, Estimate]:
    """Each measure on all rows, and the middle 95 % of what it is on rows drawn with repetition."""
    draw = np.random.default_rng(_SEED)
    samples = np.array([measure(draw.integers(0, size, size)) for _ in range(_RESAMPLES)])
    interval = np.percentile(samples, [2.5, 97.5], axis=0)
    return {
        name: Estimate(round(float(value), 4), round(float(low), 4), round(float(high), 4), size)
        for name, value, low, high in zip(names, measure(np.arange(size)), *interval, strict=True)
    }
