"""The index follows the documents, touches only what changed, and is never worse off after a failed run."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import index, versions
from rag.index import Index
from rag.indexer import Indexer, last_report
from rag.report import Changes
from rag.sources import Known
from rag.sources.files import FilesSource
from rag.types import Document, RagError, Section, SourceUnavailable
from tests.fakes.recording_embedder import RecordingEmbedder


def texts(directory: Path) -> list[str]:
    opened = index.opened(directory, "recording")
    return [opened.passage(at).text for at in range(len(opened)) if opened.live[at]]


def aged(folder: Path) -> None:
    """Old enough that their times tell whether they change."""
    for path in folder.iterdir():
        os.utime(path, (1e8, 1e8))


class Marked:
    """A source of one document with a mark that files have not."""

    name = "course"

    def documents(self, known: Known) -> Iterator[Document]:
        section = Section(("甲",), "一", "甲", 1, 1)
        yield Document("course/deploy.md", "deploy.md", "甲", "", "1", (section,), mark="no bar in it")


def by_passage(opened: Index, query: str) -> dict[str, float]:
    scores = opened.lexical.scores(query)
    return {opened.passage(at).id: float(score) for at, score in enumerate(scores) if opened.live[at]}


def test_a_first_run_indexes_everything(indexer: Indexer, directory: Path) -> None:
    report = indexer.refresh()
    assert (report.documents, report.version) == (Changes(added=3), "v0001")
    assert report.passages.added == len(texts(directory)) == 6


def test_nothing_changed_makes_no_version_and_embeds_nothing(
    indexer: Indexer, embedder: RecordingEmbedder
) -> None:
    indexer.refresh()
    embedder.texts.clear()
    report = indexer.refresh()
    assert (report.documents, report.version, embedder.texts) == (Changes(kept=3), "v0001", [])


def test_only_the_passage_that_changed_is_embedded(
    indexer: Indexer, embedder: RecordingEmbedder, course: Path, directory: Path
) -> None:
    indexer.refresh()
    embedder.texts.clear()
    (course / "deploy.md").write_text((course / "deploy.md").read_text().replace("7860", "6006"))
    report = indexer.refresh()
    assert (report.documents, report.passages) == (Changes(changed=1, kept=2), Changes(changed=1, kept=5))
    assert ["6006" in text for text in embedder.texts] == [True]
    assert any("6006" in text for text in texts(directory))


def test_an_incremental_index_equals_one_built_anew(indexer: Indexer, course: Path, directory: Path) -> None:
    indexer.refresh()
    (course / "deploy.md").unlink()
    (course / "finetune.md").write_text("# Fine-tuning\n## LoRA\nnew words about adapters\n")
    indexer.refresh()
    step = index.opened(directory, "recording")
    indexer.refresh(force=True)
    anew = index.opened(directory, "recording")
    assert len(step.segments) == len(anew.segments) == 1
    for query in ("adapters", "怎么申请证书", "lora"):
        assert by_passage(step, query) == pytest.approx(by_passage(anew, query))


def test_added_and_removed_documents_are_counted(indexer: Indexer, course: Path, directory: Path) -> None:
    indexer.refresh()
    (course / "qa.csv").unlink()
    (course / "new.md").write_text("# 新的\n一课\n")
    report = indexer.refresh()
    assert (report.documents, report.passages) == (
        Changes(added=1, removed=1, kept=2),
        Changes(added=1, removed=2, kept=4),
    )
    assert "一课" in texts(directory)


def test_a_file_that_was_touched_is_read_once_more_and_then_known(
    indexer: Indexer, course: Path, directory: Path
) -> None:
    aged(course)
    indexer.refresh()
    for path in course.iterdir():
        os.utime(path, (2e8, 2e8))
    indexer.refresh()
    touched = (directory / "marks.json").read_bytes()
    assert len(json.loads(touched)) == 3
    indexer.refresh()
    assert (directory / "marks.json").read_bytes() == touched
    indexer.refresh(force=True)
    assert (directory / "marks.json").read_bytes() == b"{}"


def test_marks_of_another_kind_of_source_are_no_marks(course: Path, directory: Path) -> None:
    embedder = RecordingEmbedder()
    Indexer([Marked()], embedder, directory).refresh()
    report = Indexer([FilesSource("course", course)], embedder, directory).refresh()
    assert report.documents == Changes(added=2, changed=1)


def test_force_embeds_everything_again(indexer: Indexer, embedder: RecordingEmbedder) -> None:
    indexer.refresh()
    embedder.texts.clear()
    report = indexer.refresh(force=True)
    assert (report.version, len(embedder.texts)) == ("v0002", 6)


def test_a_changed_label_of_a_source_reaches_its_passages(
    indexer: Indexer, course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    indexer.refresh()
    embedder.texts.clear()
    Indexer([FilesSource("course", course, cohort="camp5")], embedder, directory).refresh()
    assert index.opened(directory, "recording").passage(0).cohort == "camp5"
    assert embedder.texts == []


def test_a_document_that_became_unreadable_stays_as_it_was(
    indexer: Indexer, course: Path, directory: Path
) -> None:
    indexer.refresh()
    (course / "finetune.md").write_bytes(b"\0")
    report = indexer.refresh()
    assert [one.reason for one in report.skipped] == [
        "not text; its last readable version stays in the index"
    ]
    assert any("low-rank adapters" in text for text in texts(directory))


def test_a_damaged_version_is_replaced_by_the_next_run(indexer: Indexer, directory: Path) -> None:
    file = directory / indexer.refresh().version / "v0001-0.segment"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert indexer.refresh().version == "v0002"
    assert index.opened(directory, "recording", thorough=True).version == "v0002"


def test_a_damaged_version_is_replaced_though_the_one_before_holds_the_same(
    indexer: Indexer, directory: Path
) -> None:
    indexer.refresh()
    file = directory / indexer.refresh(force=True).version / "v0002-0.segment"
    file.write_bytes(file.read_bytes()[:-1])
    assert indexer.refresh().version == versions.current(directory) == "v0003"


def test_a_source_that_is_gone_leaves_the_index_alone(
    indexer: Indexer, course: Path, directory: Path
) -> None:
    indexer.refresh()
    course.rename(course.with_name("elsewhere"))
    with pytest.raises(SourceUnavailable, match="no folder"):
        indexer.refresh()
    assert len(texts(directory)) == 6


def test_files_none_of_which_can_be_read_make_no_empty_index(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "slides.pptx").write_bytes(b"PK")
    with pytest.raises(RagError, match=r"none of the 1 documents can be read, the first is slides\.pptx"):
        Indexer([FilesSource("only", tmp_path, ["*.pptx"])], RecordingEmbedder(), directory).refresh()
    assert not list(directory.glob("v*"))


def test_another_embedding_model_rebuilds_the_index(indexer: Indexer, course: Path, directory: Path) -> None:
    indexer.refresh()
    other = RecordingEmbedder("other")
    report = Indexer([FilesSource("course", course)], other, directory).refresh()
    assert (report.version, len(other.texts)) == ("v0002", 6)


def test_two_sources_of_one_name_are_refused(
    course: Path, directory: Path, embedder: RecordingEmbedder
) -> None:
    with pytest.raises(RagError, match="its own name"):
        Indexer([FilesSource("course", course)] * 2, embedder, directory).refresh()


def test_a_second_run_at_the_same_time_is_refused(indexer: Indexer, directory: Path) -> None:
    indexer.refresh()
    with (directory / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RagError, match="another index run is under way"):
            indexer.refresh()
    assert indexer.refresh().version == "v0001"


def test_the_report_is_what_scripts_read(indexer: Indexer, course: Path) -> None:
    (course / "slides.pdf").write_bytes(b"%PDF")
    report = indexer.refresh().to_json()
    assert report["documents"] == {"added": 3, "changed": 0, "removed": 0, "kept": 0, "skipped": 1}
    assert report["skipped"] == [{"doc": "slides.pdf", "reason": "damaged, or not a PDF"}]
    assert report["sources"] == [
        {"name": "course", "documents": {"added": 3, "changed": 0, "removed": 0, "kept": 0}, "failed": ""}
    ]
    assert (report["version"], report["refused"], report["overruled"]) == ("v0001", [], [])


def test_the_report_of_the_last_run_is_kept(indexer: Indexer, directory: Path) -> None:
    assert last_report(directory) is None
    report = indexer.refresh()
    kept = last_report(directory)
    assert kept
    assert kept.to_json() == report.to_json()
    (directory / "last.json").write_text("[]")
    assert last_report(directory) is None


def test_a_name_that_is_no_utf8_stands_in_the_report(indexer: Indexer, course: Path, directory: Path) -> None:
    Path(os.fsdecode(bytes(course) + b"/\xd7\xf7\xd2\xb5.md")).write_text("# 作业\n")
    assert [one.reason for one in indexer.refresh().skipped] == ["its name is not UTF-8"]
    kept = last_report(directory)
    assert kept
    assert os.fsencode(kept.skipped[0].path) == b"\xd7\xf7\xd2\xb5.md"


def test_progress_names_its_stages(indexer: Indexer) -> None:
    stages: list[tuple[str, int, int]] = []
    indexer.refresh(progress=lambda *stage: stages.append(stage))
    assert ("reading", 3, 0) in stages
    assert ("embedding", 6, 6) in stages


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_said_and_leaves_the_old_index(
    indexer: Indexer, course: Path, directory: Path
) -> None:
    indexer.refresh()
    # Writing through this link fails as on a full disk.
    (directory / f".tmp-{versions.CURRENT}").symlink_to("/dev/full")
    (course / "new.md").write_text("# 新\n课\n")
    with pytest.raises(RagError, match="No space left on device; the old one stays"):
        indexer.refresh()
    assert len(texts(directory)) == 6
