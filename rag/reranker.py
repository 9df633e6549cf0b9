"""A second look at the best passages: a model that reads question and passage together."""

import threading
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from rag.types import RagError

_BATCH = 16


class RerankerUnavailable(RagError):
    """The reranking model failed; the order of the search stands."""


class Reranker(Protocol):
    """Says how well texts answer a question."""

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """In 0..1, one for each text; RerankerUnavailable when it cannot."""


class CrossEncoder(Protocol):
    """What is asked of sentence-transformers' class of this name."""

    def predict(
        self,
        inputs: Sequence[tuple[str, str]],
        *,
        batch_size: int,
        show_progress_bar: bool,
        activation_fn: Callable[[Any], Any],
    ) -> ArrayLike:
        """One value for each pair."""


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder with one output."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model
        # A tokenizer that cuts and pads may be used by one thread at a time.
        self._alone = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """In 0..1, whether or not the model was trained to give probabilities."""
        pairs = [(query, text) for text in texts]
        try:
            with self._alone:
                given = self._model.predict(
                    pairs, batch_size=_BATCH, show_progress_bar=False, activation_fn=methodcaller("sigmoid")
                )
            found = np.asarray(given, np.float64).reshape(len(pairs))
            if not np.isfinite(found).all():
                raise ValueError("it gives a text no finite value")
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise RerankerUnavailable(
                f"the reranker failed: {error}; check that RERANKER_MODEL is a cross-encoder with one output"
            ) from error
        scores: list[float] = found.tolist()
        return scores
