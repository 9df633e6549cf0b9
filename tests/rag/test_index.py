"""Index versions: half-written and damaged ones are never searched, and every refusal says what to run."""

from pathlib import Path

import numpy as np
import pytest

from rag import index, locks, versions
from rag.index import clustered
from rag.indexer import Indexer
from rag.sources.files import FilesSource
from rag.types import IndexUnavailable, RagError
from tests.fakes.recording_embedder import RecordingEmbedder


@pytest.fixture
def two_versions(indexer: Indexer, course: Path, directory: Path) -> Path:
    indexer.refresh()
    (course / "new.md").write_text("# 新的\n一课\n")
    indexer.refresh()
    return directory


def version(directory: Path, thorough: bool = False) -> str:
    return index.opened(directory, "recording", thorough).version


def newest_segment(directory: Path) -> Path:
    """The file that only the newest version has."""
    return directory / "v0002" / "v0002-1.segment"


def test_without_an_index_the_operator_is_told_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="run `puyu index`"):
        index.opened(tmp_path / "none", "recording")


def test_the_newest_version_is_the_current_one(two_versions: Path) -> None:
    assert version(two_versions) == versions.current(two_versions) == "v0002"


@pytest.mark.parametrize("name", ["v0002-1.segment", "manifest.json"])
def test_a_truncated_file_falls_back_to_the_version_before(two_versions: Path, name: str) -> None:
    file = two_versions / "v0002" / name
    file.write_bytes(file.read_bytes()[:-9])
    assert version(two_versions) == versions.current(two_versions) == "v0001"


def test_a_missing_file_falls_back_to_the_version_before(two_versions: Path) -> None:
    newest_segment(two_versions).unlink()
    assert version(two_versions) == "v0001"


def test_a_flipped_byte_is_seen_by_a_thorough_check(two_versions: Path) -> None:
    file = newest_segment(two_versions)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert (version(two_versions), version(two_versions, thorough=True)) == ("v0002", "v0001")


def test_damage_that_only_a_search_meets_is_said(two_versions: Path) -> None:
    file = newest_segment(two_versions)
    file.write_bytes(file.read_bytes().replace(b'", "course/new.md', b'", \\course/new.md'))
    opened = index.opened(two_versions, "recording")
    with pytest.raises(IndexUnavailable, match=r"v0002-1\.segment of the index is damaged; run `puyu index`"):
        opened.document("course/new.md")


@pytest.mark.parametrize("place", [0, 8, 20])
def test_a_damaged_header_is_said(two_versions: Path, place: int) -> None:
    file = newest_segment(two_versions)
    data = file.read_bytes()
    file.write_bytes(data[:place] + b"((((((((" + data[place + 8 :])
    with pytest.raises(IndexUnavailable, match="is damaged"):
        index.opened(two_versions, "recording")


@pytest.mark.parametrize("pointer", [b"", b"v9999", b"../../etc", b"\xff\xfe"])
def test_a_damaged_pointer_does_not_matter(two_versions: Path, pointer: bytes) -> None:
    (two_versions / "CURRENT").write_bytes(pointer)
    assert version(two_versions) == "v0002"


def test_when_every_version_is_damaged_the_operator_is_told_to_rebuild(
    two_versions: Path, indexer: Indexer
) -> None:
    for folder in ("v0001", "v0002"):
        (two_versions / folder / "manifest.json").write_text("{}")
    with pytest.raises(IndexUnavailable, match="damaged; run `puyu index`"):
        version(two_versions)
    assert indexer.refresh().version == "v0003"
    assert version(two_versions) == "v0003"


def test_an_index_of_another_embedding_model_is_refused(two_versions: Path) -> None:
    with pytest.raises(IndexUnavailable, match=r"'recording', the setting is 'other'; run `puyu index`"):
        index.opened(two_versions, "other")


def test_a_run_that_broke_off_leaves_nothing_that_is_searched(two_versions: Path, indexer: Indexer) -> None:
    (two_versions / ".tmp-v0003").mkdir()
    (two_versions / ".tmp-v0003" / "manifest.json").write_text("{")
    assert version(two_versions) == "v0002"
    indexer.refresh(force=True)
    assert not list(two_versions.glob(".tmp-*"))


def test_five_versions_are_kept(two_versions: Path, indexer: Indexer) -> None:
    for _ in range(5):
        indexer.refresh(force=True)
    kept = ["v0003", "v0004", "v0005", "v0006", "v0007"]
    assert sorted(path.name for path in two_versions.glob("v*")) == kept


def test_a_version_that_was_swept_can_still_be_searched_by_who_holds_it(
    two_versions: Path, indexer: Indexer
) -> None:
    held = index.opened(two_versions, "recording")
    for _ in range(5):
        indexer.refresh(force=True)
    assert not (two_versions / held.version).exists()
    assert held.document("course/deploy.md")[0].path == "deploy.md"
    assert held.vectors(range(len(held))).shape == (len(held), held.manifest.dimension)


def test_a_document_is_read_back_whole_and_in_order(two_versions: Path) -> None:
    opened = index.opened(two_versions, "recording")
    found = opened.document("course/deploy.md")
    assert [one.heading for one in found] == ["量化", "端口转发"]
    assert found[0] == opened.passage(opened.places("course/deploy.md")[0])
    assert opened.document("course/none.md") == ()


def test_the_parts_of_a_section_are_found_together(indexer: Indexer, course: Path, directory: Path) -> None:
    (course / "a.md").write_text("# 长\n" + "\n\n".join("词" * 500 for _ in range(3)) + "\n# 短\n尾\n")
    indexer.refresh()
    opened = index.opened(directory, "recording")
    second = opened.places("course/a.md")[1]
    assert [len(one.text) for one in opened.section(second)] == [500, 500, 500]


def test_what_stands_in_a_heading_alone_is_found(indexer: Indexer, course: Path, directory: Path) -> None:
    (course / "headings.md").write_text("# 总\n## 答疑室在 305\n## 另一\n内容\n")
    indexer.refresh()
    found = index.opened(directory, "recording").document("course/headings.md")
    assert [one.text for one in found] == ["答疑室在 305", "内容"]


def test_one_can_go_back_to_the_version_before_and_stays_there(two_versions: Path, indexer: Indexer) -> None:
    assert versions.rollback(two_versions) == version(two_versions) == "v0001"
    assert versions.held(two_versions) == "v0001"
    assert [(one.name, one.current) for one in versions.versions(two_versions)] == [
        ("v0002", False),
        ("v0001", True),
    ]
    assert index.opened(two_versions, "recording").document("course/new.md") == ()


def test_a_run_by_hand_ends_a_hold(two_versions: Path, indexer: Indexer) -> None:
    versions.rollback(two_versions)
    assert indexer.refresh().version == "v0003"
    assert versions.held(two_versions) == ""
    assert index.opened(two_versions, "recording").document("course/new.md")


def test_a_run_by_hand_ends_a_hold_also_when_nothing_changed(
    two_versions: Path, course: Path, indexer: Indexer
) -> None:
    versions.rollback(two_versions)
    (course / "new.md").unlink()
    assert indexer.refresh().version == "v0001"
    assert versions.held(two_versions) == ""


def test_a_hold_outlives_small_changes(two_versions: Path, indexer: Indexer) -> None:
    versions.rollback(two_versions)
    assert indexer.remove("course/qa.csv")
    assert versions.held(two_versions) == versions.current(two_versions) == "v0003"


def test_nobody_goes_back_while_a_run_is_under_way(two_versions: Path) -> None:
    with locks.alone(two_versions), pytest.raises(RagError, match="another index run is under way"):
        versions.rollback(two_versions)
    assert versions.current(two_versions) == "v0002"


def test_there_is_nothing_before_the_first_version(indexer: Indexer, directory: Path) -> None:
    indexer.refresh()
    with pytest.raises(IndexUnavailable, match="no version before v0001"):
        versions.rollback(directory)


def test_versions_say_what_they_hold(two_versions: Path) -> None:
    newest, first = versions.versions(two_versions)
    assert (newest.documents, newest.passages, first.documents, first.passages) == (4, 7, 3, 6)
    assert newest.built >= first.built


def test_clusters_find_nearly_what_a_full_search_finds(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    centres = draw.normal(size=(200, 32))
    vectors = (centres[draw.integers(0, 200, 21_000)] + draw.normal(size=(21_000, 32)) / 2).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = index._clusters_in(clustered(vectors))
    queries = vectors[::700]
    _, found = near.search(queries, 50)
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    shared = [len(set(one) & set(other)) for one, other in zip(found.tolist(), exact.tolist(), strict=True)]
    assert np.mean(shared) > 9


def test_the_nearest_are_the_same_through_many_segments(course: Path, directory: Path) -> None:
    embedder = RecordingEmbedder()
    indexer = Indexer([FilesSource("course", course)], embedder, directory)
    for name in ("a", "b", "c"):
        (course / f"{name}.md").write_text(f"# {name}\n一课 {name}\n")
        indexer.refresh()
    opened = index.opened(directory, "recording")
    query = embedder.query("一课 b")
    scores, places = opened.nearest(query, 3)
    every = opened.vectors(range(len(opened))) @ query
    assert len(opened.segments) > 1
    assert scores == pytest.approx(np.sort(every[opened.live])[::-1][:3])
    assert every[places] == pytest.approx(scores)


def test_a_link_that_cannot_be_made_becomes_a_copy(two_versions: Path, tmp_path: Path) -> None:
    file = newest_segment(two_versions)
    with locks.writing(tmp_path / "more"):
        versions.share(file, tmp_path / "more")
    with pytest.raises(RagError, match="cannot write the index"), locks.writing(tmp_path / "more"):
        versions.share(file, tmp_path / "more" / "not there")
