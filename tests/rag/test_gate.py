"""The gate: a version that answers the golden questions worse does not go live, and says which."""

import json
from pathlib import Path

import pytest

from rag import index, versions
from rag.evaluation import Row
from rag.gate import broken
from rag.indexer import Indexer
from rag.sources.files import FilesSource
from tests.fakes.recording_embedder import RecordingEmbedder
from tests.fakes.searcher import WordSearcher, passage

PAGES = 12


@pytest.fixture
def golden(course: Path, tmp_path: Path) -> Path:
    """A page and a golden question for each of some topics."""
    rows = []
    for number in range(PAGES):
        (course / f"topic{number}.md").write_text(
            f"# 主题\n## 关卡{number}\n提交 homework{number} 到 box{number}\n"
        )
        place = {"doc": f"topic{number}.md", "anchor": f"关卡{number}"}
        rows.append({"query": f"homework{number} 交到哪里", "positive": [place]})
    file = tmp_path / "golden.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


@pytest.fixture
def gated(course: Path, directory: Path, golden: Path) -> Indexer:
    indexer = Indexer([FilesSource("course", course)], RecordingEmbedder(), directory, [golden])
    indexer.refresh()
    return indexer


def corrupt(course: Path, count: int) -> None:
    for number in range(count):
        (course / f"topic{number}.md").write_text("# 主题\n## 其他\n什么都没有\n")


def test_a_worse_version_is_refused_and_the_broken_questions_are_named(
    gated: Indexer, course: Path, directory: Path
) -> None:
    corrupt(course, 6)
    report = gated.refresh()
    assert report.version == versions.current(directory) == "v0001"
    assert {one.query for one in report.refused} == {f"homework{number} 交到哪里" for number in range(6)}
    assert report.refused[0].expected == "topic0.md#关卡0"
    assert index.opened(directory, "recording").document("course/topic0.md")[0].heading == "关卡0"
    assert not list(directory.glob(".tmp-v*"))


def test_a_refused_version_is_refused_again_until_it_is_overruled(
    gated: Indexer, course: Path, directory: Path
) -> None:
    corrupt(course, 6)
    assert len(gated.refresh().refused) == len(gated.refresh().refused) == 6
    report = gated.refresh(force=True)
    assert (report.refused, len(report.overruled), report.version) == ((), 6, "v0002")
    assert versions.current(directory) == "v0002"


def test_a_good_change_goes_live(gated: Indexer, course: Path) -> None:
    (course / "topic0.md").write_text("# 主题\n## 关卡0\n提交 homework0 到 box0，周五之前\n")
    (course / "more.md").write_text("# 更多\n一课\n")
    report = gated.refresh()
    assert (report.version, report.refused) == ("v0002", ())


def test_what_gets_better_hides_no_loss_beyond_its_size(gated: Indexer, course: Path) -> None:
    corrupt(course, 6)
    gated.refresh(force=True)
    for number in range(6):
        (course / f"topic{number}.md").write_text(f"# 主题\n## 关卡{number}\n提交 homework{number} 到 box\n")
    (course / "topic11.md").unlink()
    assert gated.refresh().refused == ()


def test_labels_count_as_well(course: Path, directory: Path, tmp_path: Path) -> None:
    golden = tmp_path / "labels.jsonl"
    queries = [f"lmdeploy auto_awq 量化显存 ssh 端口转发 {number}" for number in range(10)]
    golden.write_text("\n".join(json.dumps({"query": query, "label": True}) for query in queries))
    indexer = Indexer([FilesSource("course", course)], RecordingEmbedder(), directory, [golden])
    indexer.refresh()
    (course / "deploy.md").write_text("# 空\n没有了\n")
    assert [one.expected for one in indexer.refresh().refused] == ["the course's"] * 10


def test_a_golden_set_that_is_not_there_checks_nothing(course: Path, directory: Path, tmp_path: Path) -> None:
    indexer = Indexer([FilesSource("course", course)], RecordingEmbedder(), directory, [tmp_path / "none"])
    indexer.refresh()
    (course / "deploy.md").unlink()
    assert indexer.refresh().version == "v0002"


def test_verified_answers_are_golden_too(course: Path, directory: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "approved"
    pairs.mkdir()
    (pairs / "qa.csv").write_text(
        "question,answer\n" + "".join(f"box{n} 在哪里提交？,交到 {n} 号\n" for n in range(9))
    )
    sources = [FilesSource("course", course), FilesSource("approved", pairs)]
    indexer = Indexer(sources, RecordingEmbedder(), directory, verified="approved")
    indexer.refresh()
    for number in range(9):
        for copy in range(12):
            page = f"# 资料\n## box{number} 在哪里提交\n箱子 {copy} 的说明 {'提交' * copy}\n"
            (course / f"flood{number}-{copy}.md").write_text(page)
    stages: list[tuple[str, int, int]] = []
    report = indexer.refresh(progress=lambda *stage: stages.append(stage))
    assert ("checking", 9, 9) in stages
    assert report.refused == ()


def test_a_loss_within_the_tolerance_goes_live(course: Path, directory: Path, tmp_path: Path) -> None:
    rows = []
    for number in range(60):
        (course / f"topic{number}.md").write_text(f"# 主题\n## 关卡{number}\n提交 homework{number} 到 box\n")
        place = {"doc": f"topic{number}.md", "anchor": f"关卡{number}"}
        rows.append(json.dumps({"query": f"homework{number} 交到哪里", "positive": [place]}))
    golden = tmp_path / "golden.jsonl"
    golden.write_text("\n".join(rows))
    indexer = Indexer([FilesSource("course", course)], RecordingEmbedder(), directory, [golden])
    indexer.refresh()
    (course / "topic0.md").unlink()
    assert indexer.refresh().refused == ()
    (course / "topic1.md").unlink()
    (course / "topic2.md").unlink()
    assert len(indexer.refresh().refused) == 2


def test_golden_questions_with_unknown_places_are_told(
    gated: Indexer, golden: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"query": "作业", "positive": [{"doc": "nope.md", "anchor": "甲"}]}
    golden.write_text(f"{golden.read_text()}\n{json.dumps(row)}")
    gated.refresh()
    assert "whose documents are not in the index: 1, the first" in caplog.text
    assert "nope.md" in caplog.text


def test_questions_that_are_not_asked_in_time_have_no_say() -> None:
    rows = [Row(f"quantise{number}", label=True) for number in range(4)]
    before, now = WordSearcher(*(passage("A", row.query) for row in rows)), WordSearcher()
    assert len(broken(before, now, rows)) == 4
    assert broken(before, now, rows, within=0) == ()
    assert len(broken(before, now, rows, within=60)) == 4
