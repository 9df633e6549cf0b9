"""What the sources hold now, against what the index holds: which documents stay, which are new or changed."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.index import Index
from rag.marks import Marks
from rag.report import Changes, IndexReport, SourceReport
from rag.segment import Entry
from rag.sources import DocumentSource
from rag.splitter import split
from rag.types import Document, Passage, Progress, RagError, Skipped, SourceUnavailable, Unchanged


@dataclass(frozen=True, slots=True)
class Page:
    """A document that is new or changed; passage i is as the index has it at `origins[i]`, or new at -1."""

    id: str
    fingerprint: str
    mark: str
    passages: Sequence[Passage]
    origins: Sequence[int]
    changes: Changes


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What became of a source: of the documents that the index has of it those in `kept` stay as they are."""

    name: str
    held: Mapping[str, Entry]
    kept: set[str] = field(default_factory=set)
    pages: dict[str, Page] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def documents(self) -> Changes:
        """How many came, went and changed."""
        there = [page for id, page in self.pages.items() if id in self.held]
        same = sum(page.fingerprint == self.held[page.id].fingerprint for page in there)
        gone = len(self.held) - len(self.kept) - len(there)
        return Changes(len(self.pages) - len(there), len(there) - same, gone, len(self.kept) + same)

    @property
    def passages(self) -> Changes:
        """The same of the passages."""
        gone = sum(self.held[id].count for id in self.held.keys() - self.kept - self.pages.keys())
        stayed = sum(self.held[id].count for id in self.kept)
        return sum((page.changes for page in self.pages.values()), Changes(removed=gone, kept=stayed))

    @property
    def same(self) -> bool:
        """Whether nothing is to be written."""
        return not self.pages and len(self.kept) == len(self.held)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read in one run; sources that are `left` stay whole, with the reason if it is a trouble.

    `names` are all of them, in the order of the course.
    """

    names: Sequence[str]
    sources: Sequence[SourceReading]
    left: Mapping[str, str]

    @property
    def failed(self) -> list[str]:
        """Why sources could not be read."""
        return [reason for reason in self.left.values() if reason]

    def report(self, old: Index | None) -> IndexReport:
        """What became of the documents and their passages, as long as nothing is written."""
        counts = {name: old.count(name) if old else (0, 0) for name in self.left}
        gone = [old.count(name) for name in old.sources - set(self.names)] if old else []
        read = [SourceReport(one.name, one.documents) for one in self.sources]
        troubled = [
            SourceReport(name, Changes(kept=counts[name][0]), reason)
            for name, reason in self.left.items()
            if reason
        ]
        documents, passages = (
            Changes(removed=sum(one[at] for one in gone), kept=sum(one[at] for one in counts.values()))
            for at in (0, 1)
        )
        return IndexReport(
            sum((one.documents for one in self.sources), documents),
            sum((one.passages for one in self.sources), passages),
            tuple(skipped for one in self.sources for skipped in one.skipped),
            0.0,
            old.version if old else "",
            tuple(sorted((*read, *troubled), key=lambda one: self.names.index(one.name))),
        )


class Reader:
    """Reads sources, leaving out what their marks say is as it was; all of it where it is read `anew`."""

    def __init__(self, old: Index | None, marks: Marks, anew: bool, progress: Progress | None) -> None:
        self._old = old
        self._marks = marks
        self._anew = anew
        self._progress = progress
        self._read = 0

    def read(self, sources: Sequence[DocumentSource], only: Collection[str] | None) -> Reading:
        """All of `sources`, or those named in `only` while the others stay, as do those that cannot be read.

        RagError when none of their documents can be read.
        """
        twice = {one.name for one in sources if sum(one.name == other.name for other in sources) > 1}
        if twice:
            raise RagError(f"two sources are named {min(twice)!r}; give each one its own name")
        done: list[SourceReading] = []
        left: dict[str, str] = {}
        for source in sources:
            if only is not None and source.name not in only:
                left[source.name] = ""
                continue
            try:
                done.append(self._source(source))
            except SourceUnavailable as error:
                left[source.name] = str(error)
        skipped = [one for read in done for one in read.skipped]
        if skipped and not left and not any(read.pages or read.kept for read in done):
            first = f"{skipped[0].path}: {skipped[0].reason}"
            raise RagError(f"none of the {len(skipped)} documents can be read, the first is {first}")
        return Reading([source.name for source in sources], done, left)

    def _source(self, source: DocumentSource) -> SourceReading:
        """One source whole: what was read of one that then fails is not used."""
        held = self._old.held(source.name) if self._old else {}
        prefix = len(source.name) + 1
        # A source must know what is held also where it is to read it anew: what is gone is gone.
        known = {id[prefix:]: "" if self._anew else self._marks.of(entry) for id, entry in held.items()}
        reading = SourceReading(source.name, held)
        for found in source.documents(known):
            self._take(found, reading)
            self._read += 1
            if self._progress:
                self._progress("reading", self._read, 0)
        return reading

    def _take(self, found: Document | Unchanged | Skipped, reading: SourceReading) -> None:
        id = found.id if isinstance(found, Document) else f"{reading.name}/{found.path}"
        if id in reading.kept or id in reading.pages:
            raise RagError(f"source {reading.name!r} holds the document {found.path} twice")
        stored = reading.held.get(id)
        page = self._page(found, stored) if isinstance(found, Document) else None
        if page:
            reading.pages[id] = page
        elif stored:
            reading.kept.add(id)
            if not isinstance(found, Skipped) and found.mark:
                self._marks.note(stored, found.mark)
        if isinstance(found, Skipped):
            remark = "; its last readable version stays in the index" if stored else ""
            reading.skipped.append(replace(found, reason=found.reason + remark))

    def _page(self, document: Document, stored: Entry | None) -> Page | None:
        """None where the index has the document as it is."""
        digest = _fingerprint(document)
        if stored and stored.fingerprint == digest and not self._anew:
            return None
        before = {passage.id: (passage, place) for passage, place in self._passages(document.id)}
        passages = split(document)
        origins = [
            before[one.id][1] if one.id in before and spoken(before[one.id][0]) == spoken(one) else -1
            for one in passages
        ]
        same = sum(origin >= 0 for origin in origins)
        stayed = sum(one.id in before for one in passages)
        changes = Changes(len(passages) - stayed, stayed - same, len(before) - stayed, same)
        if self._anew:
            origins = [-1] * len(passages)
        return Page(document.id, digest, document.mark, passages, origins, changes)

    def _passages(self, id: str) -> Iterator[tuple[Passage, int]]:
        if self._old:
            for place in self._old.places(id):
                yield self._old.passage(place), place


def spoken(passage: Passage) -> str:
    """What is embedded of a passage, and what its terms are read from."""
    return "\n".join((passage.title, *passage.heading_path, passage.text))


def _fingerprint(document: Document) -> str:
    content = repr(replace(document, mark=""))
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest()
