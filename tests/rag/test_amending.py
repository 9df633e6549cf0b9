"""What was approved comes into the index at once, whatever else is going on, and costs nothing else."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from memory.base import ApprovedPair
from rag import index, versions
from rag.embedder import Vectors
from rag.index import Index
from rag.indexer import Indexer, last_report
from rag.report import IndexReport
from rag.sources import DocumentSource, Known
from rag.sources.approved import ApprovedSource
from rag.sources.files import FilesSource
from rag.types import Document, Progress, RagError, Skipped, SourceUnavailable, Unchanged
from tests.fakes.recording_embedder import RecordingEmbedder


class Slow(RecordingEmbedder):
    """Embeds a page with `slow` in it when it is let `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if any("slow" in text for text in texts):
            self.begun.set()
            self.go.wait(30)
        return super().documents(texts, progress)


class Files:
    """A folder that counts how often it is looked at."""

    name = "course"

    def __init__(self, folder: Path) -> None:
        self._files = FilesSource("course", folder)
        self.looks = 0

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        self.looks += 1
        return self._files.documents(known)


class Course:
    """A course with approved answers, indexed."""

    def __init__(self, folder: Path, directory: Path, golden: Path) -> None:
        self.folder, self.directory, self.golden = folder, directory, golden
        self.pairs: dict[str, ApprovedPair] = {}
        self.files, self.embedder = Files(folder), Slow()
        self.away = False
        self.refresh()

    def refresh(self, force: bool = False) -> IndexReport:
        return self._indexer().refresh(force)

    def amend(self) -> IndexReport:
        return self._indexer().refresh(only={"approved"})

    def approve(self, id: str, question: str = "", answer: str = "填问卷。") -> None:
        self.pairs[id] = ApprovedPair(id, question or f"问题{id}怎么办？", answer, "王老师", 1e9)

    def _indexer(self) -> Indexer:
        # It is read first, so that a run that goes on has missed what is approved meanwhile.
        sources: list[DocumentSource] = [ApprovedSource(self._pairs), self.files]
        return Indexer(sources, self.embedder, self.directory, [self.golden], verified="approved")

    def _pairs(self) -> list[ApprovedPair]:
        if self.away:
            raise SourceUnavailable("Redis does not answer")
        return list(self.pairs.values())

    @property
    def index(self) -> Index:
        return index.opened(self.directory, "recording")

    @property
    def held(self) -> list[str]:
        return sorted(self.index.held("approved"))

    @contextmanager
    def running(self) -> Iterator[Future[IndexReport]]:
        """A run that takes long: it has read everything, and ends with the block."""
        (self.folder / "slow.md").write_text("# slow\n\n新的一页。\n", "utf-8")
        with ThreadPoolExecutor() as pool:
            run = pool.submit(self.refresh)
            assert self.embedder.begun.wait(30)
            try:
                yield run
            finally:
                self.embedder.go.set()


@pytest.fixture
def taught(course: Path, directory: Path, tmp_path: Path) -> Course:
    return Course(course, directory, tmp_path / "golden.jsonl")


def test_what_is_approved_comes_in_and_nothing_else_is_looked_at(taught: Course) -> None:
    (taught.folder / "deploy.md").unlink()
    taught.embedder.texts.clear()
    taught.approve("1")
    report = taught.amend()
    assert (report.documents.added, report.documents.kept, report.version) == (1, 3, "v0002")
    assert (taught.files.looks, len(taught.embedder.texts)) == (1, 1)
    assert taught.index.document("course/deploy.md")


def test_what_is_withdrawn_leaves_and_nothing_changed_writes_nothing(taught: Course) -> None:
    taught.approve("1")
    taught.amend()
    assert taught.amend().version == "v0002"
    taught.pairs.clear()
    assert taught.amend().documents.removed == 1
    assert taught.held == []


def test_pairs_that_cannot_be_read_stay(taught: Course) -> None:
    taught.approve("1")
    taught.amend()
    taught.away = True
    with pytest.raises(SourceUnavailable, match="Redis"):
        taught.amend()
    assert taught.held == ["approved/1"]


def test_a_first_index_is_whole(course: Path, directory: Path) -> None:
    sources: list[DocumentSource] = [ApprovedSource(list), FilesSource("course", course)]
    Indexer(sources, RecordingEmbedder(), directory, verified="approved").refresh(only={"approved"})
    assert index.opened(directory, "recording").document("course/deploy.md")


def test_the_last_report_is_that_of_a_whole_run(taught: Course) -> None:
    whole = last_report(taught.directory)
    taught.approve("1")
    taught.amend()
    assert last_report(taught.directory) == whole


def test_what_new_golden_questions_teach_waits_for_the_next_whole_run(taught: Course) -> None:
    before = taught.index.manifest.golden
    taught.golden.write_text('{"query": "怎么申请结营证书？", "label": true}\n')
    taught.approve("1")
    taught.amend()
    assert taught.index.manifest.golden == before
    taught.refresh()
    assert taught.index.manifest.golden != before


def test_what_is_approved_during_a_run_is_there_at_once_and_stays(taught: Course) -> None:
    taught.approve("1")
    taught.amend()
    with taught.running() as run:
        taught.approve("2")
        taught.amend()
        assert taught.held == ["approved/1", "approved/2"]
        taught.approve("3")
        taught.amend()
    report = run.result()
    assert report.version == versions.current(taught.directory) == "v0006"
    assert taught.held == ["approved/1", "approved/2", "approved/3"]
    assert taught.index.document("course/slow.md")
    assert taught.index.manifest.documents == len(list(taught.index.ids)) == 7
    assert not list(taught.directory.glob(".tmp-v*"))


def test_what_is_withdrawn_during_a_run_does_not_come_back(taught: Course) -> None:
    taught.approve("1")
    taught.amend()
    with taught.running():
        taught.pairs.clear()
        taught.amend()
    assert taught.held == []
    assert taught.index.document("course/slow.md")


def test_a_run_that_fails_leaves_what_was_approved_meanwhile(taught: Course) -> None:
    with taught.running() as run:
        taught.approve("1")
        taught.amend()
        (taught.directory / ".tmp-v0002" / "manifest.json").mkdir()
    with pytest.raises(RagError, match="cannot write"):
        run.result()
    assert taught.held == ["approved/1"]


def test_going_back_passes_over_what_was_only_approved(taught: Course) -> None:
    (taught.folder / "new.md").write_text("# 新\n\n一页\n")
    taught.refresh()
    for number in range(7):
        taught.approve(str(number))
        taught.amend()
    assert [one.name for one in versions.versions(taught.directory)] == ["v0009", "v0001"]
    assert versions.before(taught.directory) == versions.rollback(taught.directory) == "v0001"


def test_what_is_approved_later_keeps_a_version_that_somebody_went_back_to(taught: Course) -> None:
    (taught.folder / "new.md").write_text("# 新\n\n一页\n")
    taught.refresh()
    versions.rollback(taught.directory)
    taught.approve("1")
    assert taught.amend().version == versions.held(taught.directory) == "v0003"
    assert not taught.index.document("course/new.md")
    with pytest.raises(RagError, match="no version before"):
        versions.rollback(taught.directory)


def test_answers_that_break_golden_questions_are_refused(taught: Course) -> None:
    chatter = ["今天中午吃什么？", "周末去哪里玩？", "这只猫叫什么名字？"]
    taught.golden.write_text("\n".join(json.dumps({"query": one, "label": False}) for one in chatter))
    taught.refresh()
    for number, question in enumerate(chatter):
        taught.approve(str(number), question)
    report = taught.amend()
    assert sorted(one.query for one in report.refused) == sorted(chatter)
    assert taught.held == []
    assert taught.refresh(force=True).overruled
    assert len(taught.held) == 3


def test_what_the_staff_takes_back_or_rewords_is_no_broken_question(taught: Course) -> None:
    for number in range(4):
        taught.approve(str(number))
    taught.amend()
    rows = [
        {"query": one.question, "positive": [{"doc": one.id, "anchor": one.question}]}
        for one in taught.pairs.values()
    ]
    taught.golden.write_text("\n".join(map(json.dumps, rows)))
    taught.approve("0", "换了一个说法？")
    del taught.pairs["1"], taught.pairs["2"], taught.pairs["3"]
    assert not taught.amend().refused
    assert taught.held == ["approved/0"]
