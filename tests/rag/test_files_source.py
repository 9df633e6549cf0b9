"""A folder gives its documents, and says of every other file why not."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag.sources.files import FilesSource
from rag.types import Document, Skipped, SourceUnavailable, Unchanged


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def documents(source: FilesSource) -> list[Document]:
    return [found for found in source.documents({}) if isinstance(found, Document)]


def skipped(source: FilesSource) -> dict[str, str]:
    return {found.path: found.reason for found in source.documents({}) if isinstance(found, Skipped)}


def aged(root: Path) -> None:
    """What was written there just now seems to be ten seconds old."""
    now = time.time_ns()
    for path in root.rglob("*"):
        if now - path.stat().st_mtime_ns < 5 * 10**9:
            os.utime(path, ns=(now - 10**10, now - 10**10))


def marks(source: FilesSource) -> dict[str, str]:
    return {one.path: one.mark for one in documents(source)}


def read(source: FilesSource, known: dict[str, str]) -> list[str]:
    """The paths of what is not unchanged."""
    return [one.path for one in source.documents(known) if not isinstance(one, Unchanged)]


def test_documents_come_by_path_with_the_name_of_their_source(tmp_path: Path) -> None:
    put(tmp_path, b_md="# B", a__c_md="# C")
    assert [one.id for one in documents(FilesSource("docs", tmp_path))] == ["docs/a/c.md", "docs/b.md"]


@pytest.mark.parametrize(
    ("include", "exclude", "paths"),
    [
        (["**/*.md"], [], ["a.md", "x/b.md", "x/y/c.md"]),
        (["*.md"], [], ["a.md"]),
        (["x/**"], ["x/y/**"], ["x/b.md"]),
        (["**/?.md"], ["**/a.md"], ["x/b.md", "x/y/c.md"]),
    ],
)
def test_patterns_choose_the_files(
    tmp_path: Path, include: list[str], exclude: list[str], paths: list[str]
) -> None:
    put(tmp_path, a_md="# A", x__b_md="# B", x__y__c_md="# C")
    assert [one.path for one in documents(FilesSource("docs", tmp_path, include, exclude))] == paths


def test_a_document_leads_to_its_page_in_the_bot_or_where_the_course_has_it(tmp_path: Path) -> None:
    put(tmp_path, **{"第 1 课_md": "# A"})
    (here,) = documents(FilesSource("docs", tmp_path))
    (there,) = documents(FilesSource("docs", tmp_path, url="https://course.example/"))
    assert here.url == "/read/docs/%E7%AC%AC%201%20%E8%AF%BE.md"
    assert there.url == "https://course.example/%E7%AC%AC%201%20%E8%AF%BE.md"


def test_the_revision_changes_with_the_text_and_only_with_it(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A", b_md="# A", c_md="# C")
    a, b, c = (one.revision for one in documents(FilesSource("docs", tmp_path)))
    assert a == b != c
    assert len(a) == 12


def test_what_is_unchanged_is_not_read_again(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A", b_md="# B", x__c_md="# C")
    aged(tmp_path)
    source = FilesSource("docs", tmp_path)
    known = marks(source)
    assert read(source, known) == []
    put(tmp_path, b_md="# Bee")
    aged(tmp_path)
    (tmp_path / "a.md").rename(tmp_path / "d.md")
    assert read(source, known) == ["b.md", "d.md"]


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_read(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A", b_md="# B")
    aged(tmp_path)
    source = FilesSource("docs", tmp_path)
    known, before = marks(source), (tmp_path / "a.md").stat()
    (tmp_path / "b.md").replace(tmp_path / "a.md")
    os.utime(tmp_path / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(source, known) == ["a.md"]


def test_other_labels_and_links_of_the_source_change_its_documents(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A")
    aged(tmp_path)
    source = FilesSource("docs", tmp_path)
    known = marks(source)
    assert read(replace(source, url="https://b.example/"), known) == ["a.md"]
    assert read(replace(source, cohort="camp5"), known) == ["a.md"]
    assert read(replace(source, session="L2"), known) == ["a.md"]


def test_a_file_written_just_now_is_told_by_its_bytes_and_by_its_time_later(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A")
    source = FilesSource("docs", tmp_path)
    known = marks(source)
    assert known["a.md"].startswith("|")
    assert list(source.documents(known)) == [Unchanged("a.md", known["a.md"])]
    aged(tmp_path)
    [later] = source.documents(known)
    assert isinstance(later, Unchanged)
    assert not later.mark.startswith("|")
    put(tmp_path, a_md="# B")
    assert read(source, known) == ["a.md"]


def test_a_file_that_was_only_touched_is_not_parsed_again(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A")
    aged(tmp_path)
    source = FilesSource("docs", tmp_path)
    known = marks(source)
    (tmp_path / "a.md").touch()
    assert read(source, known) == []


def test_a_link_is_as_its_target_is_until_that_lies_outside(tmp_path: Path) -> None:
    put(tmp_path, secret_md="# S", docs__a_md="# A")
    aged(tmp_path)
    (tmp_path / "docs" / "b.md").symlink_to(tmp_path / "docs" / "a.md")
    source = FilesSource("docs", tmp_path / "docs")
    known = marks(source)
    assert read(source, known) == []
    (tmp_path / "docs" / "b.md").unlink()
    (tmp_path / "docs" / "b.md").symlink_to(tmp_path / "secret.md")
    assert read(source, known) == ["b.md"]
    assert "leads out of" in skipped(source)["b.md"]


def test_a_file_without_headings_is_titled_by_its_name(tmp_path: Path) -> None:
    put(tmp_path, notes_md="nothing but text")
    assert [one.title for one in documents(FilesSource("docs", tmp_path))] == ["notes"]


def test_a_missing_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"no folder .*gone"):
        documents(FilesSource("docs", tmp_path / "gone"))
    with pytest.raises(SourceUnavailable, match="no file in"):
        documents(FilesSource("docs", tmp_path))


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    put(tmp_path, secret_md="# S", docs__a_md="# A")
    (tmp_path / "docs" / "b.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "docs" / "c.md").symlink_to(tmp_path / "docs" / "a.md")
    source = FilesSource("docs", tmp_path / "docs")
    assert [one.path for one in documents(source)] == ["a.md", "c.md"]
    assert "leads out of" in skipped(source)["b.md"]


def image(path: Path) -> None:
    path.with_suffix(".png").write_bytes(b"PNG")


def binary(path: Path) -> None:
    path.write_bytes(b"\0\1\2")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(500 * 1024 * 1024)


def loop(path: Path) -> None:
    path.symlink_to(path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pipe, "not a file"),
        (image, "format not supported: .png"),
        (binary, "not text"),
        (huge, "larger than 20 MB"),
        (loop, ""),
    ],
)
def test_a_file_that_cannot_be_read_is_skipped_and_named(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    put(tmp_path, a_md="# A")
    make(tmp_path / "bad.md")
    source = FilesSource("docs", tmp_path)
    assert [one.path for one in documents(source)] == ["a.md"]
    assert reason in next(iter(skipped(source).values()))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_is_no_empty_folder(tmp_path: Path) -> None:
    put(tmp_path, a_md="# A", x__b_md="# B")
    (tmp_path / "x").chmod(0)
    with pytest.raises(SourceUnavailable, match="cannot read"):
        documents(FilesSource("docs", tmp_path))
