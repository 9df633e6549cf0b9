"""How much each leg of the search counts, and how labelled questions settle it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import product

import numpy as np

from rag.embedder import Embedder
from rag.evaluation import Row
from rag.ranking import Ranked, best, firsts, scored, sought

# With fewer questions, or within so many standard errors of the best, luck decides.
_FEWEST, _ERRORS = 40, 2
_DEPTH, _FIRST = 20, 5
_WORDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
_DENSE = (0.0, 0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Weights:
    """What a leg's best passage gets from it; 0 leaves the leg out."""

    words: float = 0.5
    grams: float = 0.5
    dense: float = 0.0

    def to_json(self) -> dict[str, float]:
        """As an index stores it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, float]) -> "Weights":
        """What `to_json` gave; ValueError where it is something else."""
        try:
            weights = cls(**{name: float(value) for name, value in values.items()})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"these are no weights: {values!r}") from error
        if not all(0 <= value < math.inf for value in astuple(weights)):
            raise ValueError(f"these are no weights: {values!r}")
        return weights


def fitted(index: Ranked, embedder: Embedder, rows: Sequence[Row]) -> Weights:
    """The weights that find the labelled sections best, by recall@5 and reciprocal rank.

    Of all that only chance may keep behind the best, those nearest to the default are taken: often the
    default itself. EmbedderUnavailable as the embedder raises it.
    """
    default = Weights(dense=embedder.share)
    asked = [row for row in rows if row.positive]
    if len(asked) < _FEWEST or not len(index.sections):
        return default
    grid = _grid(default)
    worth = np.array([_worth(index, embedder, row, grid) for row in asked])
    lost = worth[:, worth.mean(axis=0).argmax()][:, None] - worth
    error = lost.std(axis=0) / math.sqrt(len(asked))
    return grid[int(np.argmax(lost.mean(axis=0) <= _ERRORS * error))]


def _grid(default: Weights) -> list[Weights]:
    """The default first, then by how far they are from it."""
    grid = [Weights(words, 1 - words, default.dense * part) for words, part in product(_WORDS, _DENSE)]
    return sorted(dict.fromkeys(grid), key=lambda one: math.dist(astuple(one), astuple(default)))


def _worth(index: Ranked, embedder: Embedder, row: Row, grid: Sequence[Weights]) -> list[float]:
    """For each of the weights: 1 for a right section among the first five, and its reciprocal rank."""
    text = sought(row.query)
    legs = [(1, 0, 0), (0, 1, 0), (0, 0, 1)] if embedder.share else [(1, 0, 0), (0, 1, 0)]
    parts = np.array([scored(index, embedder, text, *leg) for leg in legs])
    known: dict[int, bool] = {}

    def right(at: int) -> bool:
        if at not in known:
            known[at] = any(place.holds(index.passage(at)) for place in row.positive)
        return known[at]

    def worth(weights: Weights) -> float:
        scores = np.asarray(astuple(weights), np.float32)[: len(parts)] @ parts
        places = best(scores, index, _DEPTH)
        places = places[firsts(index.twins[places])[:_DEPTH]].tolist()
        rank = next((rank for rank, at in enumerate(places, 1) if right(at)), math.inf)
        return (rank <= _FIRST) + 1 / rank

    return [worth(weights) for weights in grid]
