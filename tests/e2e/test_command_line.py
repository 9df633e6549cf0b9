"""The command line keeps its shapes for scripts."""

import json
import os
import pty

import pytest

from tests.e2e.command_line import COURSE, PAGE, CommandLine

pytestmark = pytest.mark.e2e


def test_search_prints_what_scripts_rely_on(indexed: CommandLine) -> None:
    found = indexed("search", "怎么量化模型", "--json", "--k", "2").json
    assert set(found) == {"query", "ours", "relevance", "hits"}
    assert len(found["hits"]) <= 2
    assert set(found["hits"][0]) == {
        "rank", "score", "doc", "heading", "heading_path", "url", "revision", "cohort", "session", "text",
    }  # fmt: skip
    assert (found["hits"][0]["doc"], found["hits"][0]["heading"]) == ("lmdeploy.md", "用 LMDeploy 做权重量化")
    assert found["hits"][0]["heading_path"] == ["LMDeploy 指南", "用 LMDeploy 做权重量化"]


def test_a_row_of_questions_and_answers_has_its_question_as_heading(indexed: CommandLine) -> None:
    [best, *_] = indexed("search", "作业什么时候要交", "--json").json["hits"]
    assert (best["doc"], best["heading"]) == ("qa/faq.csv", "作业什么时候交？")
    assert "两周内" in best["text"]


def test_search_reads_a_file_and_answers_line_by_line(indexed: CommandLine) -> None:
    queries = ["怎么量化", "", "作业", "\ud800"]
    path = indexed.write("q.jsonl", "\n".join(json.dumps({"query": query, "id": 1}) for query in queries))
    lines = [json.loads(line) for line in indexed("search", "--file", str(path), "--json").out.splitlines()]
    assert [line["query"] for line in lines] == ["怎么量化", "", "作业", ""]
    assert lines[1]["hits"] == []


def test_a_row_with_a_history_is_searched_as_a_question_that_stands_alone(indexed: CommandLine) -> None:
    rows = [
        {"query": "那作业呢", "history": ["怎么量化模型"]},
        {"query": "那作业呢"},
        {"query": "作业什么时候要交", "history": []},
    ]
    path = indexed.write("q.jsonl", "\n".join(map(json.dumps, rows)))
    first, plain, last = map(json.loads, indexed("search", "--file", str(path)).out.splitlines())
    assert (first["query"], first["standalone"]) == ("那作业呢", "怎么量化模型 那作业呢")
    assert {hit["doc"] for hit in first["hits"]} == {"lmdeploy.md", "qa/faq.csv"}
    assert "standalone" not in plain
    assert last["standalone"] == "作业什么时候要交"


@pytest.mark.parametrize("history", ["怎么量化", [3], None, {"a": "b"}])
def test_a_history_that_is_none_is_named_by_file_and_line(indexed: CommandLine, history: object) -> None:
    rows = [{"query": "端口"}, {"query": "端口", "history": history}]
    path = indexed.write("q.jsonl", "\n".join(map(json.dumps, rows)))
    done = indexed("search", "--file", str(path))
    assert (done.status, done.out) == (1, "")
    assert 'q.jsonl, line 2: expected a "history" that is a list of texts' in done.sentence


def test_ask_prints_what_scripts_rely_on(indexed: CommandLine) -> None:
    answer = indexed("ask", "LMDeploy 怎么量化模型", "--json").json
    assert set(answer) == {"question", "standalone", "answer", "outcome", "sources", "ms"}
    assert answer["outcome"] == "quoted"
    assert "lmdeploy lite auto_awq" in answer["answer"]
    assert set(answer["sources"][0]) == {"title", "heading", "url", "revision"}
    assert answer["sources"][0]["heading"] == "用 LMDeploy 做权重量化"


def test_ask_says_so_when_the_course_does_not_know(indexed: CommandLine) -> None:
    answer = indexed("ask", "今天晚上吃什么好", "--json").json
    assert (answer["outcome"], answer["sources"]) == ("not_ours", [])
    assert answer["answer"]


def test_a_conversation_is_remembered_by_the_next_process(indexed: CommandLine) -> None:
    indexed("ask", "LMDeploy 怎么量化模型", "--conversation", "a:b_c-1")
    follow_up = indexed("ask", "那端口呢", "--conversation", "a:b_c-1", "--json").json
    assert "LMDeploy" in follow_up["standalone"]
    assert indexed("ask", "那端口呢", "--json").json["standalone"] == "那端口呢"


def test_index_counts_what_it_did(puyu: CommandLine) -> None:
    first = puyu("index", "--json").json
    assert set(first) >= {"documents", "passages", "skipped", "seconds"}
    assert first["documents"] == {"added": 2, "changed": 0, "removed": 0, "kept": 0, "skipped": 0}
    puyu.write("docs/lmdeploy.md", PAGE.replace("23333", "23334"))
    puyu.write("docs/new.md", "# 新的一页\n\n内容。")
    (puyu.folder / "docs/qa/faq.csv").unlink()
    second = puyu("index", "--json").json
    assert second["documents"] == {"added": 1, "changed": 1, "removed": 1, "kept": 0, "skipped": 0}
    assert second["passages"]["changed"] == 1
    third = puyu("index", "--json").json
    assert third["documents"]["kept"] == 2
    assert third["passages"]["added"] == third["passages"]["changed"] == third["passages"]["removed"] == 0


def test_what_cannot_be_read_is_named_and_stops_nothing(puyu: CommandLine) -> None:
    puyu.write("docs/broken.md", b"\x00\x01\x02\xff\xfe binary")
    puyu.write("docs/picture.png", b"\x89PNG")
    puyu.write("docs/empty.md", "")
    report = puyu("index", "--json").json
    reasons = {one["doc"]: one["reason"] for one in report["skipped"]}
    assert set(reasons) == {"broken.md", "picture.png", "empty.md"}
    assert all(reasons.values())
    assert report["documents"]["added"] == 2


def test_evaluate_measures_ranking_and_rejection(indexed: CommandLine) -> None:
    rows = [
        {"query": "怎么量化", "positive": [{"doc": "lmdeploy.md", "anchor": "用 LMDeploy 做权重量化"}]},
        {"query": "作业什么时候交", "label": 1},
        {"query": "今晚吃什么", "label": 0},
    ]
    path = indexed.write("golden.jsonl", "\n".join(map(json.dumps, rows)))
    assert '"recall@5"' in indexed("evaluate", str(path), "--json").out


def test_evaluate_measures_follow_ups(indexed: CommandLine) -> None:
    right = {"positive": [{"doc": "lmdeploy.md", "anchor": "用 LMDeploy 做权重量化"}]}
    turns = [
        {"user": "怎么部署模型", "needs": "none"},
        {"user": "那量化呢", "standalone": "怎么量化模型", "needs": "history", **right},
    ]
    path = indexed.write("talks.jsonl", json.dumps({"id": "a", "turns": turns}))
    measured = indexed("evaluate", str(path), "--json").json
    assert {name: one["value"] for name, one in measured.items()} == {
        "followup@5": 1.0, "standalone@5": 1.0, "ratio": 1.0,
    }  # fmt: skip
    assert "standalone@5" in indexed("evaluate", str(path)).out


def test_help_is_there_without_any_setting(puyu: CommandLine) -> None:
    for arguments in (["--help"], ["ask", "--help"], ["search", "--help"]):
        assert puyu(*arguments, WEB_PORT="nonsense").status == 0


def test_doctor_looks_at_everything(indexed: CommandLine) -> None:
    done = indexed("doctor", "--json")
    assert done.status == 0
    assert {check["name"] for check in done.json["checks"]} >= {
        "documents",
        "index",
        "memory",
        "schedule",
        "model",
        "web",
    }


def test_doctor_tells_of_sources_without_asking_them(puyu: CommandLine) -> None:
    feishu = 'kind = "feishu"\nwiki = "x"\n'
    tables = ('kind = "git"\nurl = "https://h/book.git"\n', 'kind = "web"\nurls = "http://h/a"\n', feishu)
    puyu.write("course.toml", "\n".join([COURSE, *(f"[[sources]]\n{table}" for table in tables)]))
    away = "http://127.0.0.1:9"
    done = puyu(
        "doctor", FEISHU_APP_ID="cli_1", FEISHU_APP_SECRET="hunter2", FEISHU_DOMAIN=away, PATH="/nowhere"
    )
    assert done.status == 1
    for line in (
        "✓ documents  2 documents",
        "! source     book was never read; run `puyu index`",
        "! source     feishu was never read",
        "✗ git        there is no git on the path",
        f"✗ feishu     Feishu cannot be reached at {away}",
    ):
        assert line in done.out
    assert "hunter2" not in done.out + done.err


def test_doctor_repeats_what_the_last_run_said_of_a_source(puyu: CommandLine) -> None:
    puyu.write("course.toml", COURSE + '[[sources]]\nkind = "git"\nurl = "gone"\n')
    assert puyu("index").status == 1
    assert "! source     at the last run: source 'gone'" in puyu("doctor").out


def test_a_source_without_its_secret_is_told_at_once(puyu: CommandLine) -> None:
    puyu.write("course.toml", COURSE + '[[sources]]\nkind = "feishu"\nwiki = "x"\n')
    done = puyu("serve")
    assert done.status == 2
    assert "source 'feishu' is Feishu's; set FEISHU_APP_ID and FEISHU_APP_SECRET in .env" in done.sentence


def test_folders_of_the_same_name_are_told_apart(puyu: CommandLine) -> None:
    for folder in ("docs-2", "docs-3", "other/docs"):
        puyu.write(f"{folder}/lmdeploy.md", PAGE)
    folders = ("docs-2", "docs-3", "docs", "other/docs")
    puyu.write("course.toml", "".join(f'[[sources]]\nkind="files"\npath="{one}"\n' for one in folders))
    assert puyu("index", "--json").json["documents"]["added"] == 5


def test_documents_keep_their_ids_wherever_the_command_is_called(puyu: CommandLine) -> None:
    puyu.write("docs/course.toml", '[[sources]]\nkind="files"\npath="."\n')
    assert puyu("index", COURSE_FILE="docs/course.toml").status == 0
    done = puyu.shell("cd docs && DATA_DIR=../data {puyu} index --json")
    assert done.json["documents"]["removed"] == 0


def test_links_lead_to_the_courses_own_address(puyu: CommandLine) -> None:
    puyu.write("course.toml", COURSE + 'url = "https://example.org/course"\n')
    puyu("index")
    [best, *_] = puyu("search", "怎么量化模型", "--json").json["hits"]
    assert best["url"].startswith("https://example.org/course/lmdeploy.md#")


def test_a_line_ends_where_json_lines_end(indexed: CommandLine) -> None:
    path = indexed.write("q.jsonl", '{"query": "怎么\u2028量化"}\r\n')
    assert indexed("search", "--file", str(path)).json["query"] == "怎么量化"


def test_a_reader_that_has_read_enough_is_no_failure(indexed: CommandLine) -> None:
    done = indexed.shell("set -o pipefail; {puyu} search 怎么量化 | true")
    assert (done.status, done.err) == (0, "")


def test_a_terminal_that_says_it_knows_only_ascii_gets_utf8(indexed: CommandLine) -> None:
    done = indexed("ask", "-", "--json", stdin="怎么量化", PYTHONIOENCODING="ascii")
    assert done.json["question"] == "怎么量化"
    assert "✓" in indexed("doctor", PYTHONIOENCODING="ascii").out


def test_forget_erases_what_is_held_of_a_person_and_says_how_much(indexed: CommandLine) -> None:
    indexed("ask", "LMDeploy 怎么量化模型", "--conversation", "a")
    receipt = indexed("forget", "cli:a", "--json").json
    assert set(receipt) == {
        "user", "conversations", "turns", "facts", "summaries", "waiting", "dead", "votes", "asked",
        "items", "entries", "remarks",
    }  # fmt: skip
    assert (receipt["user"], receipt["turns"]) == ("cli:a", 1)
    assert indexed("ask", "那端口呢", "--conversation", "a", "--json").json["standalone"] == "那端口呢"


def test_forget_works_while_the_bot_serves(indexed: CommandLine) -> None:
    with indexed.serving():
        indexed("ask", "LMDeploy 怎么量化模型", "--conversation", "a")
        assert "questions with answers: 1" in indexed("forget", "cli:a").out


def test_forget_of_somebody_unknown_is_no_failure(puyu: CommandLine) -> None:
    done = puyu("forget", "telegram:42")
    assert (done.status, done.out) == (0, "nothing is held of telegram:42\n")


@pytest.mark.parametrize("user", ["42", "telegram:"])
def test_forget_wants_a_whole_id(puyu: CommandLine, user: str) -> None:
    done = puyu("forget", user)
    assert done.status == 2
    assert "telegram:42" in done.sentence


def test_forget_asks_back_at_a_terminal(indexed: CommandLine) -> None:
    indexed("ask", "LMDeploy 怎么量化模型", "--conversation", "a")
    ours, theirs = pty.openpty()
    os.write(ours, b"n\ny\n")
    refused, erased = (
        indexed.shell("{puyu} forget cli:a < $TERMINAL", TERMINAL=os.ttyname(theirs)) for _ in range(2)
    )
    assert (refused.status, refused.out) == (1, "")
    assert "[y/N]" in refused.err
    assert "questions with answers: 1" in erased.out
    os.close(ours)
    os.close(theirs)
