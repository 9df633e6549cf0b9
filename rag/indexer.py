"""From sources to a new index version, reading and embedding only what changed."""

import fcntl
import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from rag import index, lexical
from rag.embedder import Embedder
from rag.index import Contents, Entry, Index
from rag.sources import DocumentSource
from rag.splitter import split
from rag.types import Document, IndexUnavailable, Passage, Progress, RagError, Skipped


@dataclass(frozen=True, slots=True)
class Changes:
    """How many of something are new, different, gone, and as they were."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did; `version` is the one in use after it."""

    documents: Changes
    passages: Changes
    skipped: tuple[Skipped, ...]
    seconds: float
    version: str

    def to_json(self) -> dict[str, object]:
        """As `puyu index --json` prints it."""
        skipped = len(self.skipped)
        return {
            "documents": asdict(self.documents) | {"skipped": skipped},
            "passages": asdict(self.passages) | {"skipped": 0},
            "skipped": [{"doc": one.path, "reason": one.reason} for one in self.skipped],
            "seconds": round(self.seconds, 3),
            "version": self.version,
        }


class Indexer:
    """Keeps the index in `directory` equal to what the sources hold."""

    def __init__(self, sources: Sequence[DocumentSource], embedder: Embedder, directory: Path) -> None:
        self._sources = sources
        self._embedder = embedder
        self._directory = directory

    def refresh(self, force: bool = False, progress: Progress | None = None) -> IndexReport:
        """Write a new version if anything changed; `force` reads and embeds everything anew.

        SourceUnavailable, EmbedderUnavailable and RagError leave the index as it was.
        """
        started = time.perf_counter()
        with _alone(self._directory):
            old = self._old()
            pages, skipped = self._read(old, progress)
            documents, passages = _compared(pages, old)
            version = old.version if old else ""
            changed = documents.changed or documents.added or documents.removed
            if force or not old or changed or old.version != index.current(self._directory):
                version = self._write(pages, None if force else old, progress)
        return IndexReport(documents, passages, skipped, time.perf_counter() - started, version)

    def _old(self) -> Index | None:
        """Read to the last byte: what is damaged in it would be copied into every version to come."""
        try:
            return index.opened(self._directory, self._embedder.id, thorough=True)
        except IndexUnavailable:
            return None

    def _read(
        self, old: Index | None, progress: Progress | None
    ) -> tuple[list["_Page"], tuple[Skipped, ...]]:
        pages: list[_Page] = []
        skipped: list[Skipped] = []
        for source in self._sources:
            for found in source.documents():
                if isinstance(found, Document):
                    pages.append(_page(found, old))
                else:
                    kept = _stored(f"{source.name}/{found.path}", old)
                    pages += kept
                    remark = "; its last readable version stays in the index" if kept else ""
                    skipped.append(Skipped(found.path, found.reason + remark))
                if progress:
                    progress("reading", len(pages) + len(skipped), 0)
        if skipped and not pages:
            first = f"{skipped[0].path}: {skipped[0].reason}"
            raise RagError(f"none of the {len(skipped)} files can be read, the first is {first}")
        twice = [id for id, times in Counter(page.id for page in pages).items() if times > 1]
        if twice:
            raise RagError(f"two sources hold the document {twice[0]}; give each source its own name")
        return pages, tuple(skipped)

    def _write(self, pages: Sequence["_Page"], old: Index | None, progress: Progress | None) -> str:
        passages = [passage for page in pages for passage in page.passages]
        places = [place for page in pages for place in page.places] if old else [-1] * len(passages)
        fresh = [at for at, place in enumerate(places) if place < 0]
        vectors = np.zeros((len(passages), self._embedder.dimension), np.float32)
        if old and len(fresh) < len(passages):
            kept = np.asarray(places) >= 0
            vectors[kept] = old.vectors()[np.asarray(places)[kept]]
        vectors[fresh] = self._embedder.documents([_spoken(passages[at]) for at in fresh], progress)
        firsts = np.cumsum([0, *(len(page.passages) for page in pages)]).tolist()
        contents = Contents(
            self._embedder.id,
            {
                page.id: Entry(page.fingerprint, first, len(page.passages))
                for page, first in zip(pages, firsts, strict=False)
            },
            passages,
            vectors,
            lexical.built(passages, old.lexical if old else None, places),
        )
        return index.write(self._directory, contents)


@dataclass(frozen=True, slots=True)
class _Page:
    """A document as it will stand in the index; `places[i]` is where the old one has passage i, or -1."""

    id: str
    fingerprint: str
    passages: Sequence[Passage]
    places: Sequence[int]


def _page(document: Document, old: Index | None) -> _Page:
    fingerprint = hashlib.blake2b(repr(document).encode("utf-8", "replace"), digest_size=16).hexdigest()
    stored = _stored(document.id, old)
    if stored and stored[0].fingerprint == fingerprint:
        return stored[0]
    before = {
        passage.id: (passage, place)
        for page in stored
        for passage, place in zip(page.passages, page.places, strict=True)
    }
    passages = split(document)
    places = [
        before[one.id][1] if one.id in before and _spoken(before[one.id][0]) == _spoken(one) else -1
        for one in passages
    ]
    return _Page(document.id, fingerprint, passages, places)


def _stored(id: str, old: Index | None) -> list[_Page]:
    """The document as the old index has it, in a list that is empty where it has none."""
    entry = old.manifest.documents.get(id) if old else None
    if not old or not entry:
        return []
    places = range(entry.first, entry.first + entry.count)
    return [_Page(id, entry.fingerprint, [old.passage(at) for at in places], places)]


def _spoken(passage: Passage) -> str:
    """What is embedded of a passage, and what its terms are read from."""
    return "\n".join((passage.title, *passage.heading_path, passage.text))


def _compared(pages: Sequence[_Page], old: Index | None) -> tuple[Changes, Changes]:
    before = {id: entry.fingerprint for id, entry in old.manifest.documents.items()} if old else {}
    documents = {page.id: page.fingerprint == before.get(page.id) for page in pages}
    passages = {
        passage.id: place >= 0
        for page in pages
        for passage, place in zip(page.passages, page.places, strict=True)
    }
    stored = {old.passage(at).id for at in range(len(old))} if old else set()
    return _changes(documents, before.keys()), _changes(passages, stored)


def _changes(same: Mapping[str, bool], before: Set[str]) -> Changes:
    """`same` says of everything that is there now whether it is as it was."""
    stayed = same.keys() & before
    kept = sum(same[id] for id in stayed)
    return Changes(len(same) - len(stayed), len(stayed) - kept, len(before) - len(stayed), kept)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One index run at a time, over all processes; the lock goes with the process that holds it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / ".lock").open("wb")
    except OSError as error:
        raise RagError(f"cannot write the index in {directory}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RagError(f"another index run is under way in {directory}; wait for it to end") from error
        yield
