"""Search: words and vectors in one ranking, one hit a section, and whether the query is ours at all."""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from functools import partial

from rag import versions
from rag.context import scored_after
from rag.embedder import Embedder
from rag.index import Index
from rag.matching import Asked
from rag.ranking import Floats, best, firsts, scored, sought
from rag.relevance import GROUNDS, THRESHOLD, names_what_is_there
from rag.reranker import Reranker, RerankerUnavailable
from rag.types import EmbedderUnavailable, Followup, Found, Hit, IndexUnavailable, Passage
from rag.weights import Weights

_log = logging.getLogger(__name__)

# Hits that are looked through for the question itself, and that a reranker reads.
_LOOKED, _READ = 10, 30
# What a passage of the asker's cohort is worth beside one of another that fits as well.
_OWN = 1.1


class Retriever:
    """A Searcher over one index version at a time; `use` swaps it between two searches."""

    def __init__(self, index: Index, embedder: Embedder, reranker: Reranker | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._reranker = reranker
        self._failing: set[str] = set()

    @property
    def version(self) -> str:
        """The name of the index version that is searched."""
        return self._index.version

    @property
    def stamp(self) -> str:
        """What tells that version from every other."""
        return self._index.stamp

    @property
    def whole(self) -> str:
        """The stamp of the version in which all sources were looked at, if this one only amends it."""
        return versions.whole(self.stamp, self._index.manifest)

    @property
    def embedding(self) -> str:
        """The id of the model that queries are embedded with."""
        return self._embedder.id

    def __len__(self) -> int:
        """How many passages are searched."""
        return self._index.manifest.passages

    def document(self, id: str) -> tuple[Passage, ...]:
        """A document's passages in reading order; empty where it is not in the index."""
        return self._index.document(id)

    def ids(self) -> Iterator[str]:
        """Every document of the index."""
        return self._index.ids

    def marks(self, source: str) -> Mapping[str, str]:
        """By path the marks of the documents of one source."""
        held = self._index.held(source).values()
        return {entry.id.removeprefix(f"{source}/"): entry.mark for entry in held}

    def use(self, index: Index) -> None:
        """Search this version from now on; searches under way end on the one they began with."""
        self._index = index

    def search(self, query: str, k: int = 10, cohort: str = "", followup: Followup | None = None) -> Found:
        """The k best sections by their best passages, best first; of those that say the same only one.

        That one is of the asker's cohort, where it can be. A question that stands in the documents comes
        first, and nothing is surer. What a model fails to add, the words alone decide. Where the query was
        made of a `followup`, its ranking is, and a question answered before is not answered with once more.
        """
        index = self._index
        text = sought(query)
        if not text or not len(index):
            return Found(query, (), 0.0, False)
        said = followup or Followup(query, query)
        question, facts = sought(said.question), [*map(sought, said.facts)]
        before = [one for one in map(sought, reversed(said.after)) if one]
        scores = scored_after(index, partial(self._scores, index), question, facts, before)
        hits = _hits(index, scores, max(k, self._depth), cohort)
        hits = self._reread(text, hits, cohort)
        close = {hit.passage.id: _closeness(hit.passage, question, before) for hit in hits}
        # What the staff has said to a question since holds rather than what the documents say to it.
        hits.sort(key=lambda hit: _rank(hit.passage, close[hit.passage.id]))
        sure = 1.0 if max(close.values(), default=0) > 0 else _sure(index, text)
        return Found(query, tuple(hits[:k]), sure, sure >= THRESHOLD)

    @property
    def _depth(self) -> int:
        return _READ if self._reranker else _LOOKED

    def _scores(self, index: Index, text: str) -> Floats:
        weights = index.weights or Weights(dense=self._embedder.share)
        try:
            scores = scored(index, self._embedder, text, *astuple(weights))
        except EmbedderUnavailable as error:
            self._warn("embedder", error)
            return scored(index, self._embedder, text, *astuple(Weights()))
        self._failing.discard("embedder")
        return scores

    def _reread(self, text: str, hits: list[Hit], cohort: str) -> list[Hit]:
        """The first hits in the reranker's order, and those it does not read behind them."""
        if not self._reranker or not hits:
            return hits
        read, rest = hits[:_READ], hits[_READ:]
        try:
            texts = ["\n".join((*hit.passage.heading_path, hit.passage.text)) for hit in read]
            scores = self._reranker.scores(text, texts)
        except RerankerUnavailable as error:
            self._warn("reranker", error)
            return hits
        self._failing.discard("reranker")
        again = [
            Hit(hit.passage, score * _favour(hit.passage, cohort))
            for hit, score in zip(read, scores, strict=True)
        ]
        again.sort(key=lambda hit: -hit.score)
        scale = again[-1].score / max(read[-1].score, 1e-9)
        return again + [Hit(hit.passage, hit.score * scale) for hit in rest]

    def _warn(self, part: str, error: Exception) -> None:
        """Once until it works again."""
        if part not in self._failing:
            self._failing.add(part)
            _log.warning("searching without the %s: %s", part, error)


def _rank(passage: Passage, close: int) -> tuple[int, bool]:
    return -close, close > 0 and not passage.document_id.startswith("approved/")


def _closeness(passage: Passage, latest: str, before: Sequence[str]) -> int:
    """How surely its heading asks the latest question; -1 where it is an answer to one of those before."""
    qa = passage.kind == "qa"
    close = Asked(latest).by(passage.heading, qa)
    return close or -(qa and any(Asked(one).by(passage.heading, qa) for one in before))


def _sure(index: Index, text: str) -> float:
    """Who puts a bare error code to the bot says too little to be sure, and means what is found."""
    sure = index.calibration.probability(text, index.lexical)
    if math.isnan(sure):
        raise IndexUnavailable(f"version {index.version} of the index is damaged; run `puyu index`")
    return max(sure, GROUNDS) if names_what_is_there(text, index.lexical) else sure


def _hits(index: Index, scores: Floats, k: int, cohort: str) -> list[Hit]:
    """The k best sections, each twin once: the asker's cohort's, else the one that fits best."""
    places = best(scores, index, k)
    leading = places[firsts(index.twins[places])[:k]]
    if not cohort or not len(leading):
        return [Hit(index.passage(at), float(scores[at])) for at in leading.tolist()]
    kept: dict[int, Hit] = {}
    # What fits so much worse than the last of them stays behind it, whosever it is.
    for at in places[scores[places] * _OWN >= scores[leading[-1]]].tolist():
        passage = index.passage(at)
        hit = Hit(passage, float(scores[at]) * _favour(passage, cohort))
        twin = kept.setdefault(int(index.twins[at]), hit)
        if passage.cohort == cohort != twin.passage.cohort:
            kept[int(index.twins[at])] = Hit(passage, max(hit.score, twin.score))
    return sorted(kept.values(), key=lambda hit: -hit.score)[:k]


def _favour(passage: Passage, cohort: str) -> float:
    return _OWN if cohort and passage.cohort == cohort else 1.0
