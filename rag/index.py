"""One index version, open for searching: its segments as if they were one, and the vectors nearest to one."""

from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import versions
from rag.calibration import Calibration
from rag.lexical import Lexical
from rag.manifests import Manifest, Part
from rag.segment import Entry, Segment
from rag.tokens import words
from rag.types import IndexUnavailable, Passage
from rag.weights import Weights

CALIBRATION = "calibration.json"

# From so many vectors on clusters are searched instead of all of them; found by measuring, as are the next.
_LARGE = 20_000
_PROBED = 96
# Of clustered codes so many candidates for each wanted, and no fewer in all, are compared in full.
_CANDIDATES, _FEWEST = 2, 200

# Of all titles, in so many a word names a subject of the course.
_OF_TITLES, _FEW_TITLES = 0.04, 3

Near = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Inner products and places, best first, each of shape (k,)."""


class Index:
    """One version, open for any number of threads; it never changes, and outlives its folder.

    A place is the number of a passage, counted through all segments; neighbours in a document stand
    side by side. Passages of documents that are gone or replaced keep their places, but are not `live`.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.version = folder.name
        self.manifest = manifest
        self.stamp = versions.stamped(folder.name, manifest)
        self.segments = [Segment(folder / part.file) for part in manifest.parts]
        self._starts = [0, *accumulate(map(len, self.segments))]
        self.live = self._living()
        numbers = np.cumsum([0, *(int(one.sections[-1]) + 1 if len(one) else 0 for one in self.segments)])
        self.sections = _joined(
            [one.sections + first for one, first in zip(self.segments, numbers, strict=False)], np.int32
        )
        self.twins = _joined([one.twins for one in self.segments], np.int64)
        words, grams = [one.words for one in self.segments], [one.grams for one in self.segments]
        self.lexical = Lexical(words, grams, None if self.live.all() else self.live)
        self.weights = Weights.from_json(manifest.weights) if manifest.weights else None
        stored = folder / CALIBRATION
        self.calibration = Calibration.load(stored.read_bytes()) if stored.exists() else Calibration()

    def __len__(self) -> int:
        """The number of places; `manifest.passages` is how many of them are live."""
        return self._starts[-1]

    def __bool__(self) -> bool:
        """An index without passages is one, too."""
        return True

    def passage(self, at: int) -> Passage:
        """The passage at a place."""
        segment = bisect(self._starts, at) - 1
        return self.segments[segment].passage(at - self._starts[segment])

    def document(self, id: str) -> tuple[Passage, ...]:
        """A document's passages in reading order; empty where it is not in this version."""
        places = self.places(id)
        return tuple(map(self.passage, places)) if places else ()

    def entry(self, id: str) -> Entry | None:
        """What is noted of a document; None where it is not in this version."""
        found = self._found(id)
        return self.segments[found[0]].entry(found[1]) if found else None

    @cached_property
    def subjects(self) -> frozenset[str]:
        """The words that name what many documents are about: they stand in many titles or paths."""
        named = Counter(
            word
            for segment, part in zip(self.segments, self.manifest.parts, strict=True)
            for number, (first, _) in enumerate(segment.spans.tolist())
            if number not in part.dead
            for word in set(words(f"{segment.passage(first).title} {segment.passage(first).path}"))
        )
        least = max(_FEW_TITLES, _OF_TITLES * self.manifest.documents)
        return frozenset(word for word, count in named.items() if count >= least)

    def places(self, id: str) -> range:
        """Where a document's passages stand."""
        found = self._found(id)
        if not found:
            return range(0)
        segment, number = found
        first, count = self.segments[segment].spans[number].tolist()
        return range(self._starts[segment] + first, self._starts[segment] + first + count)

    def _found(self, id: str) -> tuple[int, int] | None:
        """The segment and the number in it of a document that is not gone."""
        for at, (segment, part) in enumerate(zip(self.segments, self.manifest.parts, strict=True)):
            number = segment.number(id)
            if number is not None and number not in part.dead:
                return at, number
        return None

    def without(self, id: str) -> Manifest:
        """What a version holds that is like this one, but for one document."""
        found = self._found(id)
        parts = [
            replace(part, dead=(*part.dead, found[1])) if found and at == found[0] else part
            for at, part in enumerate(self.manifest.parts)
        ]
        return replace(
            self.manifest,
            built=versions.now(),
            documents=self.manifest.documents - 1,
            passages=self.manifest.passages - len(self.places(id)),
            parts=tuple(parts),
        )

    def held(self, source: str) -> dict[str, Entry]:
        """The documents of one source that are not gone, by id."""
        return {
            entry.id: entry
            for segment, part in self._of(source)
            for at, entry in enumerate(segment.entries)
            if at not in part.dead
        }

    def count(self, source: str) -> tuple[int, int]:
        """How many documents of one source are not gone, and how many passages they have."""
        counts = [np.delete(segment.spans[:, 1], part.dead) for segment, part in self._of(source)]
        return sum(map(len, counts)), int(sum(one.sum() for one in counts))

    @property
    def sources(self) -> set[str]:
        """The names of all sources that the index has segments of."""
        return {part.source for part in self.manifest.parts}

    @property
    def ids(self) -> Iterator[str]:
        """Every document that is not gone."""
        return (id for source in sorted(self.sources) for id in self.held(source))

    def _of(self, source: str) -> Iterator[tuple[Segment, Part]]:
        pairs = zip(self.segments, self.manifest.parts, strict=True)
        return ((segment, part) for segment, part in pairs if part.source == source)

    def section(self, at: int) -> tuple[Passage, ...]:
        """All parts of the section that the passage at this place belongs to."""
        first, last = np.searchsorted(self.sections, [self.sections[at], self.sections[at] + 1])
        return tuple(self.passage(one) for one in range(first, last))

    def vectors(self, places: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of the passages at these places, shape (places, dimension)."""
        wanted = np.asarray(places, np.int64)
        found = np.zeros((len(wanted), self.manifest.dimension), np.float32)
        of = np.searchsorted(self._starts, wanted, "right") - 1
        for number, segment in enumerate(self.segments):
            here = of == number
            found[here] = segment.vectors[wanted[here] - self._starts[number]]
        return found

    def nearest(self, query: NDArray[np.float32], k: int) -> Near:
        """The k live passages whose vectors have the largest inner product with the query."""
        found = [self._near(number, query, k) for number in range(len(self.segments))]
        if not found:
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        scores, places = (np.concatenate(one) for one in zip(*found, strict=True))
        best = np.lexsort((places, -scores))[:k]
        return scores[best], places[best]

    def _near(self, number: int, query: NDArray[np.float32], k: int) -> Near:
        segment, first = self.segments[number], self._starts[number]
        living = self.live[first : first + len(segment)]
        clusters = self._clusters(number)
        if clusters is None:
            places, scores = np.flatnonzero(living), segment.vectors @ query
            scores = scores if len(places) == len(segment) else scores[places]
        else:
            _, candidates = clusters.search(query[None], min(max(k * _CANDIDATES, _FEWEST), len(segment)))
            places = np.sort(candidates[0][candidates[0] >= 0])
            places = places[living[places]]
            scores = segment.vectors[places] @ query
        kept = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else slice(None)
        return scores[kept].astype(np.float32), places[kept].astype(np.int64) + first

    def _clusters(self, number: int) -> Any:
        """The opened faiss index of a large segment, None for a small one."""
        if number not in self._opened:
            stored = self.segments[number].near
            self._opened[number] = _clusters_in(stored) if len(stored) else None
        return self._opened[number]

    @cached_property
    def _opened(self) -> dict[int, Any]:
        return {}

    def _living(self) -> NDArray[np.bool_]:
        live = np.ones(self._starts[-1], bool)
        for segment, part, first in zip(self.segments, self.manifest.parts, self._starts, strict=False):
            for start, count in segment.spans[list(part.dead)].tolist():
                live[first + start : first + start + count] = False
        return live


def opened(directory: Path, embedding: str, thorough: bool = False) -> Index:
    """The current version, or the newest intact one before it; `thorough` also reads every byte.

    IndexUnavailable when there is none, or when it was built with another embedding model.
    """
    version, manifest = versions.newest(directory, thorough)
    if manifest.embedding != embedding:
        raise IndexUnavailable(
            f"the index in {directory} was built with the embedding model {manifest.embedding!r}, "
            f"the setting is {embedding!r}; run `puyu index`"
        )
    return loaded(directory / version, manifest)


def loaded(folder: Path, manifest: Manifest) -> Index:
    """The version in a folder; IndexUnavailable when it is damaged."""
    try:
        return Index(folder, manifest)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise IndexUnavailable(f"the index in {folder.parent} is damaged; run `puyu index`") from error


def clustered(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What `nearest` searches in the place of many vectors; empty where there are few."""
    if len(vectors) < _LARGE:
        return np.zeros(0, np.uint8)
    import faiss

    dimension = vectors.shape[1]
    clusters = max(64, int(len(vectors) ** 0.5 * 1.6))
    quantizer = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, clusters, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.train(vectors[:: max(1, len(vectors) // (clusters * 40))])
    index.add(vectors)
    return np.asarray(faiss.serialize_index(index), np.uint8)


def _clusters_in(stored: NDArray[np.uint8]) -> Any:
    import faiss

    # Searches come from many threads; each waits for the others' helpers if it has some of its own.
    faiss.omp_set_num_threads(1)
    clusters: Any = faiss.deserialize_index(stored)
    clusters.nprobe = _PROBED
    return clusters


def _joined(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(parts).astype(kind, copy=False) if parts else np.zeros(0, kind)
