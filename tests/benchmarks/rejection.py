"""Figures of telling our messages from others': with and without labels, and in a wrong knowledge base."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.calibration import Calibration, fitted
from rag.lexical import Lexical
from rag.relevance import GROUNDS, THRESHOLD, signs

LET_THROUGH = 0.9
FOLDS = 5
FEW = 40
DRAWS = 50
BINS = 10

Row = tuple[str, str, str, str]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled messages before one knowledge base; `seen` is (messages, signs)."""

    queries: Sequence[str]
    labels: Booleans
    lexical: Lexical
    seen: Floats

    def taught(self, by: Places, asked: Places) -> Floats:
        """What is said of the messages `asked` after learning from the messages `by`."""
        learned = fitted([self.queries[at] for at in by], self.labels[by].tolist(), self.lexical)
        weights = (learned or Calibration()).weights
        return np.asarray(1 / (1 + np.exp(-self.seen[asked] @ weights)))

    def cross_validated(self) -> Floats:
        """What is said of each message by what the other folds teach."""
        sure = np.zeros(len(self.queries))
        places = np.random.default_rng(0).permutation(len(self.queries))
        for fold in range(FOLDS):
            asked = places[fold::FOLDS]
            sure[asked] = self.taught(np.setdiff1d(places, asked), asked)
        return sure

    def few(self) -> float:
        """Mean F1 at the threshold on the messages that are not among the FEW learned from."""
        draw, found = np.random.default_rng(0), []
        for _ in range(DRAWS):
            by, asked = np.split(draw.permutation(len(self.queries)), [FEW])
            found.append(f1(self.taught(by, asked) >= THRESHOLD, self.labels[asked]))
        return float(np.mean(found))


def labelled(queries: Sequence[str], labels: Booleans, lexical: Lexical) -> Labelled:
    """The messages with their signs."""
    return Labelled(queries, labels, lexical, np.array([signs(query, lexical) for query in queries]))


def without_labels(right: Floats, wrong: Floats, labels: Booleans) -> Iterator[Row]:
    """What is said of messages before the right and before a wrong knowledge base."""
    best = best_f1(right, labels)
    yield "rejection F1 at the threshold", f"{f1(right >= THRESHOLD, labels):.3f}", ".760", ".800"
    yield "rejection F1 at its best threshold", f"{best:.3f}", ".760", ".800"
    yield "right minus wrong knowledge base, F1", f"{best - best_f1(wrong, labels):.3f}", ".11", ".20"
    yield "calibration error", f"{calibration_error(right, labels):.3f}", "", ""


def with_labels(right: Labelled, wrong: Labelled) -> Iterator[Row]:
    """The same where labels taught; no message is judged by what its own label taught."""
    sure, labels = right.cross_validated(), right.labels
    best = best_f1(sure, labels)
    gap = best - best_f1(wrong.cross_validated(), labels)
    yield "all labels: F1 at the threshold", f"{f1(sure >= THRESHOLD, labels):.3f}", ".800", ".850"
    yield "all labels: F1 at its best threshold", f"{best:.3f}", ".800", ".850"
    yield "all labels: right minus wrong, F1", f"{gap:.3f}", ".11", ".20"
    yield "all labels: calibration error", f"{calibration_error(sure, labels):.3f}", "", ""
    yield f"{FEW} labels: F1 at the threshold", f"{right.few():.3f}", ".740", ".775"


def in_a_course(ours: Floats, others: Floats) -> Iterator[Row]:
    """What is said of a course's questions and of other messages in its group."""
    unanswered = float(np.mean(others < np.quantile(ours, 1 - LET_THROUGH)))
    yield f"negatives unanswered at {LET_THROUGH} let through", f"{unanswered:.3f}", ".80", ".95"
    for name, threshold, goal in (("put to nobody", THRESHOLD, ".90"), ("put to the bot", GROUNDS, ".95")):
        yield f"questions passed, {name}", f"{np.mean(ours >= threshold):.3f}", goal, ""
        yield f"negatives unanswered, {name}", f"{np.mean(others < threshold):.3f}", "", ""


def f1(said: Booleans, labels: Booleans) -> float:
    """Of the class of messages that are ours."""
    return float(2 * (said & labels).sum() / (said.sum() + labels.sum()))


def best_f1(sure: Floats, labels: Booleans) -> float:
    """At whatever threshold it is best."""
    return max(f1(sure >= threshold, labels) for threshold in np.unique(sure))


def calibration_error(sure: Floats, labels: Booleans) -> float:
    """How far what is said lies from what is so, over BINS of it; both classes count the same."""
    counts = np.where(labels, 0.5 / labels.mean(), 0.5 / (1 - labels.mean())) / len(labels)
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(bins, counts * (sure - labels), BINS)).sum())
