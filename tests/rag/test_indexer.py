"""The index follows the documents, touches only what changed, and is never worse off after a failed run."""

import fcntl
from pathlib import Path

import pytest

from rag import index
from rag.indexer import Changes, Indexer
from rag.sources.files import FilesSource
from rag.types import RagError, SourceUnavailable
from tests.fakes.recording_embedder import RecordingEmbedder


def texts(versions: Path) -> list[str]:
    opened = index.opened(versions, "recording")
    return [opened.passage(at).text for at in range(len(opened))]


def test_a_first_run_indexes_everything(indexer: Indexer, versions: Path) -> None:
    report = indexer.refresh()
    assert (report.documents, report.version) == (Changes(added=3), "v0001")
    assert report.passages.added == len(texts(versions)) == 6


def test_nothing_changed_makes_no_version_and_embeds_nothing(
    indexer: Indexer, embedder: RecordingEmbedder
) -> None:
    indexer.refresh()
    embedder.texts.clear()
    report = indexer.refresh()
    assert (report.documents, report.version, embedder.texts) == (Changes(kept=3), "v0001", [])


def test_only_the_passage_that_changed_is_embedded(
    indexer: Indexer, embedder: RecordingEmbedder, course: Path, versions: Path
) -> None:
    indexer.refresh()
    embedder.texts.clear()
    (course / "deploy.md").write_text((course / "deploy.md").read_text().replace("7860", "6006"))
    report = indexer.refresh()
    assert (report.documents, report.passages) == (Changes(changed=1, kept=2), Changes(changed=1, kept=5))
    assert ["6006" in text for text in embedder.texts] == [True]
    assert any("6006" in text for text in texts(versions))


def test_an_incremental_index_equals_one_built_anew(indexer: Indexer, course: Path, versions: Path) -> None:
    indexer.refresh()
    (course / "deploy.md").unlink()
    (course / "finetune.md").write_text("# Fine-tuning\n## LoRA\nnew words about adapters\n")
    indexer.refresh()
    step = index.opened(versions, "recording")
    indexer.refresh(force=True)
    anew = index.opened(versions, "recording")
    for query in ("adapters", "怎么申请证书", "lora"):
        assert step.lexical.scores(query) == pytest.approx(anew.lexical.scores(query))
    assert step.vectors() == pytest.approx(anew.vectors())


def test_added_and_removed_documents_are_counted(indexer: Indexer, course: Path, versions: Path) -> None:
    indexer.refresh()
    (course / "qa.csv").unlink()
    (course / "new.md").write_text("# 新的\n一课\n")
    report = indexer.refresh()
    assert (report.documents, report.passages) == (
        Changes(added=1, removed=1, kept=2),
        Changes(added=1, removed=2, kept=4),
    )
    assert "一课" in texts(versions)


def test_force_embeds_everything_again(indexer: Indexer, embedder: RecordingEmbedder) -> None:
    indexer.refresh()
    embedder.texts.clear()
    report = indexer.refresh(force=True)
    assert (report.version, len(embedder.texts)) == ("v0002", 6)


def test_a_changed_label_of_a_source_reaches_its_passages(
    indexer: Indexer, course: Path, versions: Path, embedder: RecordingEmbedder
) -> None:
    indexer.refresh()
    embedder.texts.clear()
    Indexer([FilesSource("course", course, cohort="camp5")], embedder, versions).refresh()
    assert index.opened(versions, "recording").passage(0).cohort == "camp5"
    assert embedder.texts == []


def test_a_document_that_became_unreadable_stays_as_it_was(
    indexer: Indexer, course: Path, versions: Path
) -> None:
    indexer.refresh()
    (course / "finetune.md").write_bytes(b"\0")
    report = indexer.refresh()
    assert [one.reason for one in report.skipped] == [
        "not text; its last readable version stays in the index"
    ]
    assert any("low-rank adapters" in text for text in texts(versions))


@pytest.mark.parametrize("name", ["passages.jsonl", "words.worth.npy", "vectors.faiss"])
def test_a_damaged_version_is_replaced_by_the_next_run(indexer: Indexer, versions: Path, name: str) -> None:
    file = versions / indexer.refresh().version / name
    file.write_bytes(bytes(file.stat().st_size))
    assert indexer.refresh().version == "v0002"
    assert index.opened(versions, "recording", thorough=True).version == "v0002"


def test_a_damaged_version_is_replaced_though_the_one_before_holds_the_same(
    indexer: Indexer, versions: Path
) -> None:
    indexer.refresh()
    file = versions / indexer.refresh(force=True).version / "passages.jsonl"
    file.write_bytes(bytes(file.stat().st_size))
    assert indexer.refresh().version == index.current(versions) == "v0003"


def test_a_source_that_is_gone_leaves_the_index_alone(indexer: Indexer, course: Path, versions: Path) -> None:
    indexer.refresh()
    course.rename(course.with_name("elsewhere"))
    with pytest.raises(SourceUnavailable, match="no folder"):
        indexer.refresh()
    assert len(texts(versions)) == 6


def test_files_none_of_which_can_be_read_make_no_empty_index(versions: Path, tmp_path: Path) -> None:
    (tmp_path / "slides.pptx").write_bytes(b"PK")
    with pytest.raises(RagError, match=r"none of the 1 files can be read, the first is slides\.pptx"):
        Indexer([FilesSource("only", tmp_path, ["*.pptx"])], RecordingEmbedder(), versions).refresh()
    assert not list(versions.glob("v*"))


def test_another_embedding_model_rebuilds_the_index(indexer: Indexer, course: Path, versions: Path) -> None:
    indexer.refresh()
    other = RecordingEmbedder("other")
    report = Indexer([FilesSource("course", course)], other, versions).refresh()
    assert (report.version, len(other.texts)) == ("v0002", 6)


def test_two_sources_of_one_name_are_refused(
    course: Path, versions: Path, embedder: RecordingEmbedder
) -> None:
    with pytest.raises(RagError, match="its own name"):
        Indexer([FilesSource("course", course)] * 2, embedder, versions).refresh()


def test_a_second_run_at_the_same_time_is_refused(indexer: Indexer, versions: Path) -> None:
    indexer.refresh()
    with (versions / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RagError, match="another index run is under way"):
            indexer.refresh()
    assert indexer.refresh().version == "v0001"


def test_the_report_is_what_scripts_read(indexer: Indexer, course: Path) -> None:
    (course / "slides.pdf").write_bytes(b"%PDF")
    report = indexer.refresh().to_json()
    assert report["documents"] == {"added": 3, "changed": 0, "removed": 0, "kept": 0, "skipped": 1}
    assert report["skipped"] == [{"doc": "slides.pdf", "reason": "format not supported yet: .pdf"}]
    assert set(report) == {"documents", "passages", "skipped", "seconds", "version"}


def test_progress_names_its_stages(indexer: Indexer) -> None:
    stages: list[tuple[str, int, int]] = []
    indexer.refresh(progress=lambda *stage: stages.append(stage))
    assert ("reading", 3, 0) in stages
    assert ("embedding", 6, 6) in stages


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_said_and_leaves_the_old_index(indexer: Indexer, course: Path, versions: Path) -> None:
    indexer.refresh()
    # Writing through this link fails as on a full disk.
    (versions / f".tmp-{index.CURRENT}").symlink_to("/dev/full")
    (course / "new.md").write_text("# 新\n课\n")
    with pytest.raises(RagError, match="No space left on device; the old one stays"):
        indexer.refresh()
    assert len(texts(versions)) == 6
