"""Search: words and vectors in one ranking, one hit a section, and whether the query is ours at all."""

import re

import numpy as np
from numpy.typing import NDArray

from rag.embedder import Embedder
from rag.index import Index
from rag.relevance import THRESHOLD, relevance
from rag.tokens import normalised
from rag.types import Found, Hit, Passage

_NEAREST = 200
# Of so many passages to a hit, k are nearly always of different sections.
_PARTS = 30
# A shorter message that equals a heading may be a mere word.
_QUESTION = 6
_MARKS = re.compile(r"[\W_]+")
_HEAD, _TAIL = 1500, 500


class Retriever:
    """A Searcher over one index version at a time; `use` swaps it between two searches."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

    @property
    def version(self) -> str:
        """The name of the index version that is searched."""
        return self._index.version

    @property
    def embedding(self) -> str:
        """The id of the model that queries are embedded with."""
        return self._embedder.id

    def __len__(self) -> int:
        """How many passages are searched."""
        return len(self._index)

    def document(self, id: str) -> tuple[Passage, ...]:
        """A document's passages in reading order; empty where it is not in the index."""
        return self._index.document(id)

    def use(self, index: Index) -> None:
        """Search this version from now on; searches under way end on the one they began with."""
        self._index = index

    def search(self, query: str, k: int = 10) -> Found:
        """The k best sections by their best passages, best first."""
        index = self._index
        text = _bounded(normalised(query))
        if not text.strip() or not len(index):
            return Found(query, (), 0.0, False)
        scores = self._scores(index, text)
        hits = [Hit(index.passage(at), float(scores[at])) for at in _best(scores, index.sections, k)]
        # A question that stands in the documents word for word: its answer is first, and nothing is surer.
        hits.sort(key=lambda hit: not _asks(text, hit.passage.heading))
        certain = bool(hits) and _asks(text, hits[0].passage.heading)
        sure = 1.0 if certain else relevance(text, index.lexical)
        return Found(query, tuple(hits), sure, sure >= THRESHOLD)

    def _scores(self, index: Index, text: str) -> NDArray[np.float32]:
        scores = index.lexical.scores(text)
        share = self._embedder.share
        if share:
            near, places = index.nearest(self._embedder.query(text), _NEAREST)
            # The last of the nearest counts nothing, so that being among them makes no jump.
            floor, top = float(near[-1]), float(near[0])
            scores[places] += share * (near - floor) / max(top - floor, 1e-6)
        return scores


def _best(scores: NDArray[np.float32], sections: NDArray[np.int32], k: int, parts: int = _PARTS) -> list[int]:
    """Places of the best passages of the k best sections."""
    wanted = min(len(scores), k * parts)
    top = np.argpartition(-scores, wanted - 1)[:wanted]
    order = top[np.lexsort((top, -scores[top]))]
    order = order[scores[order] > 0]
    _, first = np.unique(sections[order], return_index=True)
    if len(first) < k and len(order) == wanted < len(scores):
        return _best(scores, sections, k, parts * 10)
    return [int(at) for at in order[np.sort(first)[:k]]]


def _asks(query: str, heading: str) -> bool:
    asked, headed = (_MARKS.sub("", normalised(text)) for text in (query, heading))
    return asked == headed and len(asked) >= _QUESTION


def _bounded(text: str) -> str:
    """A pasted log asks its question at one of its ends."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}"
