"""Index versions: half-written and damaged ones are never searched, and every refusal says what to run."""

from pathlib import Path

import pytest

from rag import index
from rag.indexer import Indexer
from rag.types import IndexUnavailable


@pytest.fixture
def two_versions(indexer: Indexer, course: Path, versions: Path) -> Path:
    indexer.refresh()
    (course / "new.md").write_text("# 新的\n一课\n")
    indexer.refresh()
    return versions


def version(versions: Path, thorough: bool = False) -> str:
    return index.opened(versions, "recording", thorough).version


def test_without_an_index_the_operator_is_told_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="run `puyu index`"):
        index.opened(tmp_path / "none", "recording")


def test_the_newest_version_is_the_current_one(two_versions: Path) -> None:
    assert version(two_versions) == index.current(two_versions) == "v0002"


@pytest.mark.parametrize("name", ["vectors.faiss", "passages.jsonl", "words.worth.npy", "manifest.json"])
def test_a_truncated_file_falls_back_to_the_version_before(two_versions: Path, name: str) -> None:
    file = two_versions / "v0002" / name
    file.write_bytes(file.read_bytes()[:-9])
    assert version(two_versions) == index.current(two_versions) == "v0001"


def test_a_missing_file_falls_back_to_the_version_before(two_versions: Path) -> None:
    (two_versions / "v0002" / "grams.terms.npy").unlink()
    assert version(two_versions) == "v0001"


def test_a_flipped_byte_is_seen_by_a_thorough_check(two_versions: Path) -> None:
    file = two_versions / "v0002" / "vectors.faiss"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert (version(two_versions), version(two_versions, thorough=True)) == ("v0002", "v0001")


def test_damage_that_only_a_search_meets_is_said(two_versions: Path) -> None:
    file = two_versions / "v0002" / "passages.jsonl"
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(IndexUnavailable, match="v0002 of the index is damaged; run `puyu index`"):
        index.opened(two_versions, "recording").passage(0)


def test_a_damaged_header_is_said(two_versions: Path) -> None:
    file = two_versions / "v0002" / "words.worth.npy"
    file.write_bytes(file.read_bytes()[:10] + b"(" * 118 + file.read_bytes()[128:])
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
    with pytest.raises(IndexUnavailable, match="damaged; run `puyu index --force`"):
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


def test_three_versions_are_kept(two_versions: Path, indexer: Indexer) -> None:
    for _ in range(3):
        indexer.refresh(force=True)
    assert sorted(path.name for path in two_versions.glob("v*")) == ["v0003", "v0004", "v0005"]


def test_a_version_that_was_swept_can_still_be_searched_by_who_holds_it(
    two_versions: Path, indexer: Indexer
) -> None:
    held = index.opened(two_versions, "recording")
    for _ in range(3):
        indexer.refresh(force=True)
    assert not (two_versions / held.version).exists()
    assert held.passage(0).path == "deploy.md"
    assert len(held.vectors()) == len(held)


def test_a_document_is_read_back_whole_and_in_order(two_versions: Path) -> None:
    opened = index.opened(two_versions, "recording")
    found = opened.document("course/deploy.md")
    assert [one.heading for one in found] == ["量化", "端口转发"]
    assert found[0] == opened.passage(0)
    assert opened.document("course/none.md") == ()


def test_the_parts_of_a_section_are_found_together(indexer: Indexer, course: Path, versions: Path) -> None:
    (course / "a.md").write_text("# 长\n" + "\n\n".join("词" * 500 for _ in range(3)) + "\n# 短\n尾\n")
    indexer.refresh()
    opened = index.opened(versions, "recording")
    assert [len(one.text) for one in opened.section(1)] == [500, 500, 500]


def test_a_course_without_text_can_be_indexed_and_opened(
    indexer: Indexer, course: Path, versions: Path
) -> None:
    for path in course.iterdir():
        path.unlink()
    (course / "headings.md").write_text("# Only a heading\n")
    indexer.refresh()
    assert len(index.opened(versions, "recording")) == 0
