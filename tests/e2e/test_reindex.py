"""An index run in a process of its own tells what it did, and never outlives who began it."""

import asyncio
import fcntl
from pathlib import Path

import pytest

from bot.reindex import RunFailed, UnderWay, reindex

pytestmark = pytest.mark.e2e

COURSE = '[[sources]]\nkind = "files"\npath = "docs"\n'


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with one page, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.toml").write_text(COURSE)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").write_text("# 量化\n\n用 auto_awq 量化。", "utf-8")
    return tmp_path


async def test_the_report_of_the_child_comes_back() -> None:
    report = await reindex()
    assert (report.documents.added, report.version) == (1, "v0001")


async def test_a_run_that_cannot_be_is_told_in_the_childs_words(course: Path) -> None:
    (course / "docs/page.md").unlink()
    with pytest.raises(RunFailed, match=r"^source 'docs': no file in"):
        await reindex()


async def test_a_source_that_fails_is_a_report(course: Path) -> None:
    (course / "course.toml").write_text(f'{COURSE}[[sources]]\nkind = "files"\npath = "gone"\n')
    assert [one.name for one in (await reindex()).failed] == ["gone"]


async def test_a_run_that_is_cancelled_has_ended(course: Path) -> None:
    for number in range(100):
        (course / f"docs/{number}.md").write_text(f"# {number}\n\n" + "关于量化和部署。\n\n" * 500, "utf-8")
    run = asyncio.create_task(reindex())
    lock = course / "data/index/.lock"
    async with asyncio.timeout(30):
        while not lock.exists():
            await asyncio.wait([run], timeout=0.01)
    run.cancel()
    await asyncio.wait([run])
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises while a run goes on
    assert not list((course / "data/index").glob("v*"))


async def test_a_run_tells_how_far_it_has_come() -> None:
    told: list[tuple[str, int, int]] = []
    await reindex(progress=lambda *step: told.append(step))
    assert told[0] == ("reading", 1, 0)
    assert told[-1] == ("embedding", 1, 1)


async def test_a_run_says_that_another_one_is_under_way(course: Path) -> None:
    await reindex()
    with (course / "data/index/.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UnderWay):
            await reindex()
        assert (await reindex(only="approved")).version == "v0001"


async def test_one_source_alone_is_looked_at_by_its_name(course: Path) -> None:
    await reindex()
    (course / "docs/new.md").write_text("# 新\n\n一页。", "utf-8")
    assert not (await reindex(only="approved")).documents.added
    assert (await reindex(only="docs")).documents.added == 1
    with pytest.raises(RunFailed, match=r"--only 'gone': the course's sources are approved, docs"):
        await reindex(only="gone")
