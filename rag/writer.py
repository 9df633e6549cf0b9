"""A new version's folder: segments of the old one as they are, and a new one for each source that changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag import index, postings, segment, twins, versions
from rag.embedder import Embedder
from rag.index import Index
from rag.manifests import Manifest, Part
from rag.postings import GRAMS, WORDS, Leg, Postings
from rag.reading import Page, Reading, SourceReading, spoken
from rag.segment import Contents, Entry, Segment
from rag.types import Passage, Progress
from rag.versions import SEGMENT

# A segment goes into the new one when it is not this many times as large, or when so much of it is dead:
# so there are few of them, and a passage is written again only a few times in its life.
_AS_LARGE = 2
_DEAD = 0.25


@dataclass(frozen=True, slots=True)
class _Survivor:
    """A segment of the old version; of its documents those numbered in `alive` stay."""

    part: Part
    held: Segment
    alive: Sequence[int]

    @property
    def passages(self) -> int:
        return int(self.held.spans[self.alive, 1].sum())

    @property
    def rows(self) -> NDArray[np.int64]:
        """The places of the passages that stay."""
        ranges = [np.arange(first, first + count) for first, count in self.held.spans[self.alive].tolist()]
        return np.concatenate([np.zeros(0, np.int64), *ranges])

    def dead(self) -> tuple[int, ...]:
        return tuple(sorted(set(range(len(self.held.spans))) - set(self.alive)))


class Writer:
    """Writes versions; `old` is the one to build on, None to begin anew."""

    def __init__(self, directory: Path, old: Index | None, embedder: Embedder) -> None:
        self._directory = directory
        self._old = old
        self._embedder = embedder

    def write(self, folder: Path, reading: Reading, progress: Progress | None) -> Manifest:
        """Fill a folder with what was read and what stays; the manifest is still to be sealed."""
        as_it_is = {one.name for one in reading.sources if one.same} | reading.left.keys()
        read = list(reading.sources)
        if self._stale:
            read += (self._whole(name) for name in reading.left)
            as_it_is = set()
        parts = [part for part in self._parts() if part.source in as_it_is]
        for part in parts:
            self._share(part, folder)
        for one in read:
            if one.name not in as_it_is:
                parts += self._source(one, folder, progress)
        counts = [(len(read.pages) + len(read.kept), _passages(read)) for read in reading.sources]
        counts += [self._old.count(name) for name in reading.left if self._old]
        return Manifest(
            embedding=self._embedder.id,
            dimension=self._embedder.dimension,
            built=versions.now(),
            documents=sum(documents for documents, _ in counts),
            passages=sum(passages for _, passages in counts),
            parts=tuple(parts),
        )

    @property
    def _stale(self) -> bool:
        """Whether the old vectors are of another model."""
        return self._old is not None and self._old.manifest.embedding != self._embedder.id

    def _whole(self, source: str) -> SourceReading:
        held = self._old.held(source) if self._old else {}
        return SourceReading(source, held, set(held))

    def _parts(self) -> Sequence[Part]:
        return self._old.manifest.parts if self._old else ()

    def _share(self, part: Part, folder: Path) -> None:
        assert self._old
        versions.share(self._directory / self._old.version / part.file, folder)

    def _source(self, reading: SourceReading, folder: Path, progress: Progress | None) -> list[Part]:
        pages = list(reading.pages.values())
        survivors = [one for one in self._survivors(reading) if one.alive]
        folded, stay = _divided(survivors, sum(len(page.passages) for page in pages))
        if self._stale:
            folded, stay = survivors, []
        parts = [replace(one.part, dead=one.dead()) for one in stay]
        for part in parts:
            self._share(part, folder)
        if pages or folded:
            version = folder.name.removeprefix(".tmp-")
            parts.append(Part(f"{version}-{len(list(folder.iterdir()))}{SEGMENT}", reading.name))
            segment.write(folder / parts[-1].file, self._contents(pages, folded, progress))
        return parts

    def _survivors(self, reading: SourceReading) -> list[_Survivor]:
        if not self._old:
            return []
        return [
            _Survivor(part, held, [at for at in living if held.entries[at].id in reading.kept])
            for part, held in zip(self._parts(), self._old.segments, strict=True)
            if part.source == reading.name
            if (living := sorted(set(range(len(held.spans))) - set(part.dead)))
        ]

    def _contents(
        self, pages: Sequence[Page], folded: Sequence[_Survivor], progress: Progress | None
    ) -> Contents:
        """Passages of the pages first, then those of the folded segments."""
        fresh = [passage for page in pages for passage in page.passages]
        vectors = self._vectors(pages, folded, progress)
        # Stubs under different headings are no twins; parents and titles differ from course to course.
        keys = twins.keys([f"{one.heading}\n{one.text}" for one in fresh])
        words, grams = (_postings(leg, fresh, folded) for leg in (WORDS, GRAMS))
        return Contents(
            _entries(pages, folded),
            [*map(segment.line, fresh), *(one.held.line(row) for one in folded for row in one.rows)],
            _numbered([segment.sections(fresh), *(one.held.sections[one.rows] for one in folded)]),
            vectors,
            np.concatenate([keys, *(one.held.twins[one.rows] for one in folded)]),
            words,
            grams,
            index.clustered(vectors),
        )

    def _vectors(
        self, pages: Sequence[Page], folded: Sequence[_Survivor], progress: Progress | None
    ) -> NDArray[np.float32]:
        """The old ones where the old index has the same passage by the same model."""
        passages = [passage for page in pages for passage in page.passages]
        origins = np.array([origin for page in pages for origin in page.origins], np.int64)
        kept = [one.held.vectors[one.rows] for one in folded]
        if self._stale:
            passages += [one.held.passage(row) for one in folded for row in one.rows.tolist()]
            origins, kept = np.full(len(passages), -1), []
        vectors = np.zeros((len(origins), self._embedder.dimension), np.float32)
        if self._old:
            vectors[origins >= 0] = self._old.vectors(origins[origins >= 0])
        new = np.flatnonzero(origins < 0)
        if len(new):
            vectors[new] = self._embedder.documents([spoken(passages[at]) for at in new], progress)
        return np.concatenate([vectors, *kept])


def _postings(leg: Leg, fresh: Sequence[Passage], folded: Sequence[_Survivor]) -> Postings:
    parts = [postings.read(leg, fresh)]
    size = len(fresh)
    for one in folded:
        now = np.full(len(one.held), -1, np.int64)
        now[one.rows] = np.arange(size, size + len(one.rows))
        parts.append(postings.moved(one.held.leg(leg), now))
        size += len(one.rows)
    return postings.built(leg, parts, size)


def _passages(reading: SourceReading) -> int:
    changes = reading.passages
    return changes.added + changes.changed + changes.kept


def _divided(survivors: Sequence[_Survivor], size: int) -> tuple[list[_Survivor], list[_Survivor]]:
    """Those that go into a new segment that begins with `size` passages, and those that stay as they are."""
    folded: list[_Survivor] = []
    stay: list[_Survivor] = []
    for one in sorted(survivors, key=lambda one: one.passages):
        if one.passages <= _AS_LARGE * size or one.passages < (1 - _DEAD) * len(one.held):
            folded.append(one)
            size += one.passages
        else:
            stay.append(one)
    return folded, sorted(stay, key=survivors.index)


def _entries(pages: Sequence[Page], folded: Sequence[_Survivor]) -> list[Entry]:
    every = [Entry(page.id, page.fingerprint, page.mark, 0, len(page.passages)) for page in pages]
    every += [one.held.entries[at] for one in folded for at in one.alive]
    firsts = np.cumsum([0, *(entry.count for entry in every)]).tolist()
    return [replace(entry, first=first) for entry, first in zip(every, firsts, strict=False)]


def _numbered(sections: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Numbers that go on through all parts, and leave none out."""
    steps = [np.diff(part, prepend=-1) != 0 for part in sections]
    return (np.cumsum(np.concatenate(steps)) - 1).astype(np.int32)
