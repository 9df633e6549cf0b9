"""From sources to a new index version: reads, splits and embeds only what changed; a worse one is refused."""

import json
import logging
import math
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rag import gate, index, locks, versions
from rag.embedder import Embedder
from rag.evaluation import Place, Row
from rag.fitting import Golden, as_it_was
from rag.index import Index
from rag.manifests import Manifest
from rag.marks import Marks
from rag.reading import Reader, Reading
from rag.report import Broken, IndexReport
from rag.retriever import Retriever
from rag.sources import DocumentSource
from rag.types import IndexUnavailable, Progress, SourceUnavailable
from rag.weights import Weights
from rag.writer import Writer

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that the golden questions may take before what was approved is served."""

_LAST = "last.json"


class Indexer:
    """Keeps the index in `directory` equal to what the sources hold.

    `golden` are files of labelled questions, where they exist: the ranking is fitted to them, and a
    version that answers them worse than the one in use is refused. The questions and answers of the
    source named `verified` are golden as well.
    """

    def __init__(
        self,
        sources: Sequence[DocumentSource],
        embedder: Embedder,
        directory: Path,
        golden: Sequence[Path] = (),
        verified: str = "",
    ) -> None:
        self._sources = sources
        self._embedder = embedder
        self._directory = directory
        self._golden = golden
        self._verified = verified

    def refresh(
        self, force: bool = False, progress: Progress | None = None, only: Collection[str] | None = None
    ) -> IndexReport:
        """Write a new version if anything changed, and say what was done.

        `force` reads and embeds everything anew and overrules the gate; `only` names the sources to look
        at: where that is the verified one, another run under way is not waited for. RagError leaves the
        index as it was: SourceUnavailable when no source could be read, EmbedderUnavailable, UnderWay, or
        what else was wrong.
        """
        if only is not None and set(only) == {self._verified} and not force:
            amended = self._amend(progress)
            if amended:
                return amended
        started, clock = datetime.now(UTC), time.perf_counter()
        with locks.alone(self._directory):
            golden = Golden(self._golden)
            old = self._opened(thorough=only is None)
            marks = Marks(self._directory)
            # Without an index to build on, what is not looked at would be lost.
            read = Reader(old, marks, force, progress).read(self._sources, only if old else None)
            report = replace(read.report(old), started=started)
            if _unread(read):
                self._keep(report, clock)
                raise SourceUnavailable("; ".join(read.failed))
            if force or old is None or self._differs(old, read, golden):
                hold = only is not None
                report = self._write(old, read, golden, force, hold, report, progress)
            if not report.refused:
                if marks:
                    marks.save(index.opened(self._directory, self._embedder.id))
                if only is None:
                    versions.release(self._directory)
            return self._keep(report, clock)

    def _amend(self, progress: Progress | None) -> IndexReport | None:
        """Take in what was approved, at once; None where there is no index that this can be added to.

        What the golden questions have taught stays as it is until the next run. Another run that is under
        way meanwhile takes it over.
        """
        started, clock = datetime.now(UTC), time.perf_counter()
        with locks.changing(self._directory):
            old = self._opened(thorough=False)
            if not old or old.manifest.embedding != self._embedder.id:
                return None
            read = Reader(old, Marks(self._directory), False, progress).read(self._sources, {self._verified})
            report = replace(read.report(old), started=started)
            if _unread(read):
                raise SourceUnavailable("; ".join(read.failed))
            if not all(one.same for one in read.sources):
                report = self._amended(old, read, report, progress)
        return replace(report, seconds=time.perf_counter() - clock)

    def _amended(
        self, old: Index, read: Reading, report: IndexReport, progress: Progress | None
    ) -> IndexReport:
        with locks.writing(self._directory), versions.aside(self._directory) as folder:
            manifest = Writer(self._directory, old, self._embedder).write(folder, read, progress)
            manifest = replace(as_it_was(folder, manifest, old), amends=old.manifest.amends or old.stamp)
            manifest = versions.seal(folder, manifest, old.manifest.files)
            new = index.loaded(folder, manifest)
            if lost := self._lost(old, new, Golden(self._golden), progress, within=PATIENCE):
                return replace(report, refused=lost)
            version = versions.publish(self._directory, folder, hold=True, others=True)
        return replace(report, version=version)

    def remove(self, id: str) -> bool:
        """Take one document out of the index at once; False where it is not in it."""
        with locks.alone(self._directory), locks.changing(self._directory):
            old = index.opened(self._directory, self._embedder.id)
            if not old.entry(id):
                return False
            with locks.writing(self._directory), versions.aside(self._directory) as folder:
                manifest = old.without(id)
                for name in manifest.files:
                    versions.share(self._directory / old.version / name, folder)
                versions.seal(folder, manifest, manifest.files)
                versions.publish(self._directory, folder, hold=True)
        return True

    def _opened(self, thorough: bool) -> Index | None:
        """Read to the last byte: what is damaged in it would go into every version to come.

        It may be of another embedding model: then its words are good, and its vectors are not.
        """
        try:
            version, manifest = versions.newest(self._directory, thorough)
            return index.loaded(self._directory / version, manifest)
        except IndexUnavailable:
            return None

    def _differs(self, old: Index, read: Reading, golden: Golden) -> bool:
        same = all(one.same for one in read.sources) and old.sources <= set(read.names)
        fitted = old.manifest.golden == golden.digest and old.manifest.embedding == self._embedder.id
        return not (same and fitted and old.version == versions.named(self._directory))

    def _write(
        self,
        old: Index | None,
        read: Reading,
        golden: Golden,
        force: bool,
        hold: bool,
        report: IndexReport,
        progress: Progress | None,
    ) -> IndexReport:
        with locks.writing(self._directory), versions.aside(self._directory) as folder:
            manifest = Writer(self._directory, old, self._embedder).write(folder, read, progress)
            manifest = golden.fit(folder, manifest, old, self._embedder)
            manifest = versions.seal(folder, manifest, old.manifest.files if old else {})
            lost = self._lost(old, index.loaded(folder, manifest), golden, progress)
            if lost and not force:
                return replace(report, refused=lost)
            for one in lost:
                log.warning("the gate was overruled, though this broke: %s", one.query)
            with locks.changing(self._directory):
                self._take_over(folder, manifest, old)
                version = versions.publish(self._directory, folder, hold)
        return replace(report, version=version, overruled=lost)

    def _take_over(self, folder: Path, manifest: Manifest, old: Index | None) -> None:
        """Let the new version hold what was approved while it was written."""
        now = self._opened(thorough=False)
        if not old or not now or now.stamp == old.stamp or now.manifest.embedding != manifest.embedding:
            return
        ours, theirs = index.loaded(folder, manifest).count(self._verified), now.count(self._verified)
        taken = [part for part in now.manifest.parts if part.source == self._verified]
        parts = [part for part in manifest.parts if part.source != self._verified]
        for part in manifest.parts:
            if part.source == self._verified:
                (folder / part.file).unlink()
        for part in taken:
            versions.share(self._directory / now.version / part.file, folder)
        changed = replace(
            manifest,
            documents=manifest.documents - ours[0] + theirs[0],
            passages=manifest.passages - ours[1] + theirs[1],
            parts=(*parts, *taken),
        )
        versions.seal(folder, changed, {**manifest.files, **now.manifest.files})

    def _lost(
        self,
        old: Index | None,
        new: Index,
        golden: Golden,
        progress: Progress | None,
        within: float = math.inf,
    ) -> tuple[Broken, ...]:
        if not old:
            return ()
        rows = [*(row for row in golden.rows if not self._taken_back(row, old, new)), *self._pairs(new)]
        if old.manifest.embedding != self._embedder.id:
            old.weights = Weights()
        before, now = (Retriever(one, self._embedder) for one in (old, new))
        return gate.broken(before, now, rows, progress, within)

    def _taken_back(self, row: Row, old: Index, new: Index) -> bool:
        """Whether the row is about what the staff approved once, and has withdrawn or put in other words."""
        places = [(f"{self._verified}/{place.doc}", place) for place in row.positive]
        if not places or not all(old.entry(id) for id, _ in places):
            return False
        return not any(place.holds(one) for id, place in places for one in new.document(id))

    def _pairs(self, new: Index) -> Iterator[Row]:
        for id in new.held(self._verified):
            for one in new.document(id):
                yield Row(one.heading, (Place(one.path, one.heading),))

    def _keep(self, report: IndexReport, clock: float) -> IndexReport:
        report = replace(report, seconds=time.perf_counter() - clock)
        with locks.writing(self._directory):
            aside = self._directory / f".tmp-{_LAST}"
            aside.write_text(json.dumps(report.to_json()), "utf-8")
            aside.rename(self._directory / _LAST)
        return report


def _unread(read: Reading) -> bool:
    """Whether there is nothing that could be read."""
    return bool(read.failed) and not any(one.kept or one.pages for one in read.sources)


def last_report(directory: Path) -> IndexReport | None:
    """What the last run in this directory did; None where there was none."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        return IndexReport.from_json(json.loads((directory / _LAST).read_bytes()))
    return None
