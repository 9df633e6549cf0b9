"""From sources to a new index version: reads, splits and embeds only what changed; a worse one is refused."""

import json
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rag import gate, index, versions
from rag.embedder import Embedder
from rag.evaluation import Place, Row
from rag.fitting import Golden
from rag.index import Index
from rag.marks import Marks
from rag.reading import Reader, Reading
from rag.report import Broken, IndexReport
from rag.retriever import Retriever
from rag.sources import DocumentSource
from rag.types import IndexUnavailable, Progress, SourceUnavailable
from rag.weights import Weights
from rag.writer import Writer

log = logging.getLogger(__name__)

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
        at. RagError leaves the index as it was: SourceUnavailable when no source could be read,
        EmbedderUnavailable, or what else was wrong.
        """
        started, clock = datetime.now(UTC), time.perf_counter()
        with versions.alone(self._directory):
            golden = Golden(self._golden)
            old = self._opened(thorough=only is None)
            marks = Marks(self._directory)
            # Without an index to build on, what is not looked at would be lost.
            read = Reader(old, marks, force, progress).read(self._sources, only if old else None)
            report = replace(read.report(old), started=started)
            if read.failed and not any(one.kept or one.pages for one in read.sources):
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

    def remove(self, id: str) -> bool:
        """Take one document out of the index at once; False where it is not in it."""
        with versions.alone(self._directory):
            old = index.opened(self._directory, self._embedder.id)
            if not old.entry(id):
                return False
            with versions.writing(self._directory), versions.aside(self._directory) as folder:
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
        with versions.writing(self._directory), versions.aside(self._directory) as folder:
            manifest = Writer(self._directory, old, self._embedder).write(folder, read, progress)
            manifest = golden.fit(folder, manifest, old, self._embedder)
            manifest = versions.seal(folder, manifest, old.manifest.files if old else {})
            lost = self._lost(old, index.loaded(folder, manifest), golden, progress)
            if lost and not force:
                return replace(report, refused=lost)
            for one in lost:
                log.warning("the gate was overruled, though this broke: %s", one.query)
            version = versions.publish(self._directory, folder, hold)
        return replace(report, version=version, overruled=lost)

    def _lost(
        self, old: Index | None, new: Index, golden: Golden, progress: Progress | None
    ) -> tuple[Broken, ...]:
        rows = [*golden.rows, *self._pairs(new)]
        if not old or not rows:
            return ()
        if old.manifest.embedding != self._embedder.id:
            old.weights = Weights()
        before, now = (Retriever(one, self._embedder) for one in (old, new))
        return gate.broken(before, now, rows, progress)

    def _pairs(self, new: Index) -> Iterator[Row]:
        for id in new.held(self._verified):
            for one in new.document(id):
                yield Row(one.heading, (Place(one.path, one.heading),))

    def _keep(self, report: IndexReport, clock: float) -> IndexReport:
        report = replace(report, seconds=time.perf_counter() - clock)
        with versions.writing(self._directory):
            aside = self._directory / f".tmp-{_LAST}"
            aside.write_text(json.dumps(report.to_json()), "utf-8")
            aside.rename(self._directory / _LAST)
        return report


def last_report(directory: Path) -> IndexReport | None:
    """What the last run in this directory did; None where there was none."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        return IndexReport.from_json(json.loads((directory / _LAST).read_bytes()))
    return None
