"""How surely a message is the course's: what each sign of it weighs, by hand or learned from labels."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.lexical import Lexical
from rag.relevance import SIGNS, signs

# Log odds, chosen on labelled sets as wholes: 8 nats are even odds, and every kind of talk is worth 1.5.
_BY_HAND = {
    "always": -3.2,
    "passage": 2.0,
    "strange": -0.6,
    "asking": 0.6,
    "social": -0.6,
    "selling": -0.6,
    "to somebody": -0.6,
    "errand": -0.6,
}

# How far labels may easily move a weight from the one set by hand: forty hardly do, a thousand do.
_FREEDOM = 0.3
_STEPS = 1000
_STILL = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A weight for each of SIGNS, in log odds; without labels those set by hand."""

    weights: tuple[float, ...] = tuple(_BY_HAND.get(sign, 0.0) for sign in SIGNS)

    def probability(self, query: str, lexical: Lexical) -> float:
        """That the message is ours, in 0..1, if as many messages were ours as not."""
        return 1 / (1 + math.exp(-float(signs(query, lexical) @ self.weights)))

    def dump(self) -> bytes:
        """As an index stores it."""
        return json.dumps(dict(zip(SIGNS, self.weights, strict=True)), indent=1).encode()

    @classmethod
    def load(cls, data: bytes) -> "Calibration":
        """What `dump` gave; the default where that was of other signs. ValueError if it is no calibration."""
        try:
            stored = {sign: float(weight) for sign, weight in json.loads(data).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError("a calibration is a JSON object with the weight of each sign") from error
        return cls(tuple(stored[sign] for sign in SIGNS)) if stored.keys() == set(SIGNS) else cls()


def fitted(queries: Sequence[str], labels: Sequence[bool], lexical: Lexical) -> Calibration | None:
    """The calibration that labelled messages teach; None where all have the same label.

    Few labels hardly move it from the default. Both classes count the same, however many messages were
    labelled in each: a golden set is mostly questions, a group is not.
    """
    ours = np.array(labels, np.float64)
    rarer = min(ours.sum(), len(ours) - ours.sum())
    if not rarer:
        return None
    shares = np.where(ours, rarer / ours.sum(), rarer / (len(ours) - ours.sum()))
    return Calibration(_learned(np.array([signs(query, lexical) for query in queries]), ours, shares))


def _learned(seen: Floats, ours: Floats, shares: Floats) -> tuple[float, ...]:
    """Logistic regression with a normal prior about the default; `seen` is (messages, signs).

    A logistic curve bends by no more than a quarter: steps for that bend never overshoot.
    """
    default = np.array(Calibration().weights)
    stiff = np.eye(len(SIGNS)) / _FREEDOM**2
    step = np.linalg.inv((seen.T * shares) @ seen / 4 + stiff)
    weights = default
    for _ in range(_STEPS):
        wrong = shares * (1 / (1 + np.exp(-seen @ weights)) - ours)
        move = step @ (seen.T @ wrong + stiff @ (weights - default))
        weights = weights - move
        if np.abs(move).max() < _STILL:
            break
    return tuple(weights.tolist())
