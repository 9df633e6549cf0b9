"""An index of many segments is one to who searches it, and a run writes little more than what changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import index
from rag.index import Index
from rag.indexer import Indexer
from rag.report import Changes
from rag.sources import Known
from rag.sources.files import FilesSource
from rag.types import Document
from tests.fakes.recording_embedder import RecordingEmbedder


@pytest.fixture
def many(course: Path, indexer: Indexer) -> Indexer:
    """A course of thirty pages more, indexed."""
    for number in range(30):
        (course / f"page{number:02}.md").write_text(
            f"# 第 {number} 页\n## 任务\n完成第 {number} 关 page{number}\n"
        )
    indexer.refresh()
    return indexer


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second folder, of one page."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "a.md").write_text("# 甲\n一\n")
    return folder


@pytest.fixture
def both(course: Path, other: Path, directory: Path) -> Indexer:
    """Both folders, indexed."""
    sources = [FilesSource("course", course), FilesSource("other", other)]
    indexer = Indexer(sources, RecordingEmbedder(), directory)
    indexer.refresh()
    return indexer


def opened(directory: Path) -> Index:
    return index.opened(directory, "recording")


def test_a_change_writes_a_small_segment_beside_the_large_one(
    many: Indexer, course: Path, directory: Path
) -> None:
    (course / "page07.md").write_text("# 第 7 页\n## 任务\n改过的任务\n")
    many.refresh()
    found = opened(directory)
    assert [len(one) for one in found.segments] == [36, 1]
    assert [one.text for one in found.document("course/page07.md")] == ["改过的任务"]
    assert found.live.sum() == found.manifest.passages == 36


def test_what_was_replaced_is_not_found_any_more(many: Indexer, course: Path, directory: Path) -> None:
    (course / "page07.md").unlink()
    many.refresh()
    found = opened(directory)
    scores = found.lexical.scores("page7")
    assert not [at for at in range(len(found)) if scores[at] > 0 and "page7" in found.passage(at).text]
    assert found.document("course/page07.md") == ()


def test_a_segment_is_shared_and_not_written_again(many: Indexer, course: Path, directory: Path) -> None:
    (course / "new.md").write_text("# 新\n课\n")
    many.refresh()
    first, second = (directory / version / "v0001-0.segment" for version in ("v0001", "v0002"))
    assert first.samefile(second)


def test_the_number_of_segments_stays_small(many: Indexer, course: Path, directory: Path) -> None:
    for number in range(20):
        (course / f"late{number}.md").write_text(f"# 晚 {number}\n课 {number}\n")
        many.refresh()
    found = opened(directory)
    assert len(found.segments) <= 6
    assert found.manifest.passages == 36 + 20
    assert all(found.document(f"course/late{number}.md") for number in range(20))


def test_many_small_steps_find_what_one_build_finds(
    many: Indexer, course: Path, directory: Path, tmp_path: Path
) -> None:
    for number in range(0, 30, 3):
        (course / f"page{number:02}.md").write_text(f"# 第 {number} 页\n## 任务\n换成了 swap{number}\n")
        many.refresh()
    embedder = RecordingEmbedder()
    Indexer([FilesSource("course", course)], embedder, tmp_path / "anew").refresh()
    steps, anew = opened(directory), index.opened(tmp_path / "anew", "recording")
    assert sorted(steps.ids) == sorted(anew.ids)
    for query in ("swap6", "page7", "第 9 页 任务"):
        best = [max(range(len(one)), key=one.lexical.scores(query).__getitem__) for one in (steps, anew)]
        assert steps.passage(best[0]) == anew.passage(best[1])


def test_sections_are_told_apart_across_segments(many: Indexer, course: Path, directory: Path) -> None:
    (course / "new.md").write_text("# 新\n## 甲\n一\n## 乙\n二\n")
    many.refresh()
    found = opened(directory)
    assert len(set(found.sections.tolist())) == len(found)
    place = found.places("course/new.md")[1]
    assert [one.text for one in found.section(place)] == ["二"]


def test_only_the_named_source_is_looked_at(
    both: Indexer, course: Path, other: Path, directory: Path
) -> None:
    (other / "a.md").write_text("# 甲\n二\n")
    (course / "deploy.md").unlink()
    report = both.refresh(only={"other"})
    assert report.documents == Changes(changed=1, kept=3)
    assert opened(directory).document("course/deploy.md")
    assert opened(directory).document("other/a.md")[0].text == "二"


def test_a_source_that_cannot_be_read_stays_while_others_go_on(
    both: Indexer, course: Path, other: Path, directory: Path
) -> None:
    course.rename(course.with_name("gone"))
    (other / "a.md").write_text("# 甲\n二\n")
    report = both.refresh()
    failed = [(one.name, "no folder" in one.failed) for one in report.sources]
    assert failed == [("course", True), ("other", False)]
    assert opened(directory).document("course/deploy.md")
    assert opened(directory).document("other/a.md")[0].text == "二"


def test_force_keeps_what_cannot_be_read_now(many: Indexer, course: Path, directory: Path) -> None:
    (course / "page07.md").write_bytes(b"\0")
    report = many.refresh(force=True)
    assert report.documents == Changes(kept=33)
    assert opened(directory).document("course/page07.md")


def test_a_source_that_is_no_longer_named_leaves_the_index(
    many: Indexer, other: Path, directory: Path
) -> None:
    report = Indexer([FilesSource("other", other)], RecordingEmbedder(), directory).refresh()
    assert report.documents == Changes(added=1, removed=33)
    assert list(opened(directory).ids) == ["other/a.md"]


def test_one_document_is_taken_out_at_once(many: Indexer, directory: Path) -> None:
    assert many.remove("course/page07.md")
    assert not many.remove("course/page07.md")
    found = opened(directory)
    assert found.document("course/page07.md") == ()
    assert (found.manifest.documents, found.manifest.passages, int(found.live.sum())) == (32, 35, 35)
    assert opened(directory).version == "v0002"
    assert many.refresh().documents == Changes(added=1, kept=32)


def test_what_is_written_again_keeps_its_vectors_and_twins(
    many: Indexer, course: Path, directory: Path, tmp_path: Path
) -> None:
    for number in range(12):
        (course / f"page{number:02}.md").write_text(f"# 第 {number} 页\n## 任务\n换成了 swap{number}\n")
        many.refresh()
    Indexer([FilesSource("course", course)], RecordingEmbedder(), tmp_path / "anew").refresh()
    steps, anew = opened(directory), index.opened(tmp_path / "anew", "recording")
    for id in anew.ids:
        at, other = list(steps.places(id)), list(anew.places(id))
        assert steps.vectors(at) == pytest.approx(anew.vectors(other))
        assert steps.twins[at].tolist() == anew.twins[other].tolist()


def test_what_is_gone_is_not_among_the_nearest(many: Indexer, course: Path, directory: Path) -> None:
    query = RecordingEmbedder().query("完成第 7 关 page7")
    [gone] = opened(directory).document("course/page07.md")
    assert many.remove("course/page07.md")
    found = opened(directory)
    _, places = found.nearest(query, 36)
    assert len(places) == 35
    assert gone.id not in {found.passage(at).id for at in places.tolist()}


def test_another_model_embeds_what_is_held_also_of_a_source_that_fails(
    both: Indexer, course: Path, other: Path, directory: Path
) -> None:
    other.rename(other.with_name("away"))
    model = RecordingEmbedder("model 2")
    sources = [FilesSource("course", course), FilesSource("other", other)]
    report = Indexer(sources, model, directory).refresh()
    assert [one.name for one in report.failed] == ["other"]
    found = index.opened(directory, "model 2")
    assert found.document("other/a.md")
    assert len(model.texts) == found.manifest.passages == 7
    assert found.vectors(found.places("other/a.md")) == pytest.approx(model.documents(["甲\n甲\n一"]))


def test_another_model_loses_nothing_where_only_one_source_is_looked_at(
    both: Indexer, course: Path, other: Path, directory: Path
) -> None:
    sources = [FilesSource("course", course), FilesSource("other", other)]
    Indexer(sources, RecordingEmbedder("model 2"), directory).refresh(only={"other"})
    assert sorted(index.opened(directory, "model 2").sources) == ["course", "other"]


class Empty:
    """A source without documents."""

    name = "empty"

    def documents(self, known: Known) -> Iterator[Document]:
        return iter(())


def test_an_index_without_passages_is_written_once(directory: Path) -> None:
    indexer = Indexer([Empty()], RecordingEmbedder(), directory)
    assert [indexer.refresh().version for _ in range(2)] == ["v0001", "v0001"]
