"""`puyu index` tells what it did, refuses to make things worse, and can be taken back."""

import asyncio
import fcntl
import json
import re
import signal
from pathlib import Path

import pytest

from memory.approved import RedisApproved
from memory.base import ApprovedPair
from memory.client import connect
from memory.embedded import embedded
from tests.e2e.command_line import COURSE, PAGE, CommandLine

pytestmark = pytest.mark.e2e

FAQ = {"query": "作业什么时候交", "positive": [{"doc": "qa/faq.csv", "anchor": "作业什么时候交？"}]}
GOLDEN = [FAQ] + [
    {"query": query, "positive": [{"doc": "lmdeploy.md", "anchor": "用 LMDeploy 做权重量化"}]}
    for query in ("怎么做权重量化", "lite auto_awq 怎么用", "W4A16 怎么来", "模型量化成 W4A16")
]
MISSING = COURSE + '[[sources]]\nkind = "files"\npath = "gone"\n'
PAIR = ApprovedPair("7", "证书什么时候发？", "结营后一周内发到邮箱。", "王助教", 1.0)


@pytest.fixture
def judged(puyu: CommandLine) -> CommandLine:
    """Indexed, with golden questions, and then with documents that no longer answer them."""
    puyu.write("evals/golden.jsonl", "\n".join(json.dumps(row) for row in GOLDEN))
    assert puyu("index").status == 0
    puyu.write("docs/lmdeploy.md", "# 乱码\n\n锟斤拷烫烫烫")
    return puyu


def test_the_last_report_is_kept(puyu: CommandLine) -> None:
    done = puyu("index", "--json")
    assert puyu("index", "--last", "--json").json == done.json
    page = puyu("index", "--last").out
    assert "(Asia/Shanghai)" in page
    assert "2 added" in page


def test_what_was_left_out_stands_in_the_last_report(puyu: CommandLine) -> None:
    puyu.write("docs/picture.png", b"\x89PNG")
    puyu("index")
    assert "skipped   picture.png: " in puyu("index", "--last").out


@pytest.mark.parametrize("option", ["--last", "--versions", "--rollback"])
def test_before_the_first_run_there_is_nothing_to_show(puyu: CommandLine, option: str) -> None:
    done = puyu("index", option)
    assert (done.status, done.out) == (1, "")
    assert "run `puyu index`" in done.sentence


def test_only_one_thing_is_done_at_a_time(puyu: CommandLine) -> None:
    assert puyu("index", "--force", "--rollback").status == 2


def test_versions_are_listed_with_the_one_in_use(puyu: CommandLine) -> None:
    puyu("index")
    puyu.write("docs/new.md", "# 新的一页\n\n内容。")
    puyu("index")
    told = puyu("index", "--versions", "--json").json
    assert [(one["name"], one["documents"], one["current"]) for one in told["versions"]] == [
        ("v0002", 3, True),
        ("v0001", 2, False),
    ]
    assert "* v0002 " in puyu("index", "--versions").out


def test_who_goes_back_stays_there_until_the_next_run_by_hand(puyu: CommandLine) -> None:
    puyu("index")
    puyu.write("docs/new.md", "# 蒸馏\n\n知识蒸馏把大模型教给小模型。")
    puyu("index")
    assert puyu("index", "--rollback", "--json").json == {"from": "v0002", "to": "v0001"}
    assert "held at v0001" in puyu("index", "--versions").out
    assert "new.md" not in puyu("search", "知识蒸馏", "--json").out
    assert puyu("index", "--json").json["documents"]["added"] == 1
    assert puyu("index", "--versions", "--json").json["held"] == ""


def test_a_version_that_answers_worse_is_refused_with_the_questions_it_breaks(judged: CommandLine) -> None:
    done = judged("index")
    assert done.status == 1
    assert "version v0001 stays in use" in done.out
    assert "怎么做权重量化" in done.out
    assert "puyu index --force" in done.out
    assert judged("search", "怎么做权重量化", "--json").json["hits"][0]["doc"] == "lmdeploy.md"


def test_a_script_is_told_what_broke(judged: CommandLine) -> None:
    done = judged("index", "--json")
    broken = {one["query"]: one for one in json.loads(done.out)["refused"]}
    assert done.status == 1
    assert set(broken) == {row["query"] for row in GOLDEN[1:]}
    assert broken["怎么做权重量化"]["expected"] == "lmdeploy.md#用 LMDeploy 做权重量化"


def test_doctor_tells_of_a_run_that_was_refused(judged: CommandLine) -> None:
    judged("index")
    warned = (
        r"! index      the last run \(\d\d:\d\d\) was refused: 4 golden questions would break; puyu index"
    )
    assert re.search(warned, judged("doctor").out)
    judged("index", "--force")
    assert "✓ index" in judged("doctor").out


def test_doctor_tells_that_an_older_version_is_used_while_the_newest_is_damaged(puyu: CommandLine) -> None:
    puyu("index")
    puyu.write("docs/new.md", "# 新的一页\n\n内容。")
    puyu("index")
    puyu.write("data/index/v0002/manifest.json", "{")
    assert "! index      version v0002 is damaged and v0001 is in use; run `puyu index`" in puyu("doctor").out
    puyu("index")
    assert "✓ index" in puyu("doctor").out


@pytest.mark.parametrize(("file", "promised"), [("", True), ("data/index/v0001/manifest.json", False)])
def test_doctor_promises_that_serve_builds_an_index_only_where_there_is_none(
    puyu: CommandLine, file: str, promised: bool
) -> None:
    if file:
        puyu("index")
        puyu.write(file, "{")
    assert ("`puyu serve` builds a missing one" in puyu("doctor").out) == promised


def test_a_script_is_told_when_no_source_could_be_read(puyu: CommandLine) -> None:
    puyu.write("course.toml", '[[sources]]\nkind = "files"\npath = "gone"\n')
    done = puyu("index", "--json")
    assert (done.status, done.json["version"]) == (1, "")
    assert "there is no folder" in done.json["sources"][0]["failed"]
    assert done.sentence.startswith("puyu: source 'gone': there is no folder")
    assert "\nno version yet, 0." in puyu("index", "--last").out


def test_force_overrules_the_gate_and_says_so(judged: CommandLine) -> None:
    done = judged("index", "--force")
    assert done.status == 0
    assert "overruled 4 golden questions" in done.out
    assert "version v0002" in done.out


def test_a_source_that_fails_is_named_and_the_others_are_indexed(puyu: CommandLine) -> None:
    puyu.write("course.toml", MISSING)
    done = puyu("index")
    assert done.status == 1
    assert "failed    source 'gone': there is no folder" in done.out
    assert "2 added" in done.out
    assert puyu("index", "--last", "--json").json["sources"][1]["failed"]


def test_what_a_source_held_stays_while_it_fails(puyu: CommandLine) -> None:
    puyu.write("course.toml", MISSING)
    page = puyu.write("gone/page.md", "# 蒸馏\n\n知识蒸馏。")
    puyu("index")
    page.unlink()
    assert puyu("index", "--json").status == 1
    assert "知识蒸馏" in puyu("search", "蒸馏", "--json").out


def test_hits_carry_their_labels_and_the_askers_cohort_comes_first(puyu: CommandLine) -> None:
    for camp in ("camp3", "camp4"):
        puyu.write(f"{camp}/page.md", PAGE)
    labels = 'kind = "files"\npath = "{0}"\ncohort = "{0}"\nsession = "L1"\n'
    tables = "".join(f"[[sources]]\n{labels.format(camp)}" for camp in ("camp3", "camp4"))
    puyu.write("course.toml", f'[course]\ncohort = "camp4"\n{tables}')
    puyu("index")
    ours = puyu("search", "怎么做权重量化", "--json").json["hits"][0]
    theirs = puyu("search", "怎么做权重量化", "--json", "--cohort", "camp3").json["hits"][0]
    assert (ours["cohort"], ours["session"], theirs["cohort"]) == ("camp4", "L1", "camp3")
    assert "用 LMDeploy 做权重量化  (camp4 · L1)" in puyu("search", "怎么做权重量化").out


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_that_begins_with_a_dash_is_told_how_to_be_asked(puyu: CommandLine, command: str) -> None:
    puyu("index")
    done = puyu(command, "--cache-max-entry-count")
    assert done.status == 2
    assert 'goes behind "--"' in done.err
    assert puyu(command, "--", "--cache-max-entry-count").status == 0


async def approve(data: Path) -> None:
    async with embedded(data) as url:
        client = connect(url)
        await RedisApproved(client).put(PAIR)
        await client.aclose()


def test_what_the_staff_approved_is_found(puyu: CommandLine) -> None:
    asyncio.run(approve(puyu.folder / "data"))
    assert puyu("index").status == 0
    best = puyu("search", "证书什么时候发", "--json").json["hits"][0]
    assert "结营后一周内" in best["text"]


def test_what_was_approved_stays_while_memory_does_not_answer(puyu: CommandLine) -> None:
    asyncio.run(approve(puyu.folder / "data"))
    puyu("index")
    done = puyu("index", REDIS_URL="unix:///nowhere/redis.sock")
    assert done.status == 1
    assert "failed    source 'approved': Redis does not answer" in done.out
    assert "结营后一周内" in puyu("search", "证书什么时候发", "--json").out


def test_no_server_is_started_for_a_course_that_has_stored_nothing(puyu: CommandLine) -> None:
    assert puyu("index").status == 0
    assert not (puyu.folder / "data/redis").exists()


def test_a_killed_serve_leaves_no_index_run_behind(puyu: CommandLine) -> None:
    for number in range(200):
        puyu.write(f"docs/{number}.md", "# 很长\n\n" + f"第 {number} 段，关于量化和部署。\n\n" * 500)
    lock = puyu.folder / "data/index/.lock"
    puyu.stopped(signal.SIGKILL, when=lock.exists)
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the run is gone
    assert list((puyu.folder / "data/index").glob("v*")) == []
