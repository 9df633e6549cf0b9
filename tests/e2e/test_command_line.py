"""The command line keeps its shapes for scripts, and bad input gets one clear sentence."""

import json
import resource
import socket
from pathlib import Path

import pytest

from tests.e2e.command_line import PAGE, CommandLine

pytestmark = pytest.mark.e2e


@pytest.fixture
def puyu(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.fixture
def indexed(puyu: CommandLine) -> CommandLine:
    assert puyu("index").status == 0
    return puyu


def test_search_prints_what_scripts_rely_on(indexed: CommandLine) -> None:
    found = indexed("search", "怎么量化模型", "--json", "--k", "2").json
    assert set(found) == {"query", "ours", "relevance", "hits"}
    assert len(found["hits"]) <= 2
    assert set(found["hits"][0]) == {
        "rank", "score", "doc", "heading", "heading_path", "url", "revision", "text",
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


def test_ask_prints_what_scripts_rely_on(indexed: CommandLine) -> None:
    answer = indexed("ask", "LMDeploy 怎么量化模型", "--json").json
    assert set(answer) == {"question", "standalone", "answer", "outcome", "sources", "ms"}
    assert answer["outcome"] == "quoted"
    assert "lmdeploy lite auto_awq" in answer["answer"]
    assert set(answer["sources"][0]) == {"title", "heading", "url", "revision"}
    assert answer["sources"][0]["heading"] == "用 LMDeploy 做权重量化"


def test_ask_says_so_when_the_course_does_not_know(indexed: CommandLine) -> None:
    answer = indexed("ask", "今天晚上吃什么好", "--json").json
    assert (answer["outcome"], answer["sources"]) == ("no_evidence", [])
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


def test_help_is_there_without_any_setting(puyu: CommandLine) -> None:
    for arguments in (["--help"], ["ask", "--help"], ["search", "--help"]):
        assert puyu(*arguments, WEB_PORT="nonsense").status == 0


# Bad input: one sentence, status 1 or 2, nothing lost.


def test_no_index_yet_says_what_to_run(puyu: CommandLine) -> None:
    done = puyu("search", "怎么量化")
    assert done.status == 1
    assert "puyu index" in done.sentence


@pytest.mark.parametrize("half", ["vectors.faiss", "passages.jsonl", "manifest.json"])
def test_a_half_written_index_says_what_to_run_and_can_be_built_again(
    indexed: CommandLine, half: str
) -> None:
    [damaged] = (indexed.folder / "data/index").glob(f"v*/{half}")
    damaged.write_bytes(damaged.read_bytes()[:50])
    done = indexed("ask", "怎么量化")
    assert done.status == 1
    assert "puyu index" in done.sentence
    assert indexed("index").status == 0
    assert indexed("ask", "怎么量化").status == 0


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_documents_is_told_and_the_old_index_stays(
    indexed: CommandLine, folder: str
) -> None:
    (indexed.folder / "empty").mkdir()
    indexed.write("course.toml", f'[[sources]]\nkind = "files"\npath = "{folder}"\n')
    done = indexed("index")
    assert done.status == 1
    assert folder in done.sentence
    assert indexed("search", "怎么量化", "--json").json["hits"]


def test_a_wrong_course_file_is_told(puyu: CommandLine) -> None:
    puyu.write("course.toml", "[course\n")
    done = puyu("index")
    assert done.status == 2
    assert "course.toml" in done.sentence


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_of_50000_characters_is_told_the_limit(indexed: CommandLine, command: str) -> None:
    done = indexed(command, "-", stdin="为什么" * 16_667)
    assert done.status == 2
    assert "4000" in done.sentence


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b\u200d", b"\xed\xa0\x80"])
def test_a_question_without_text_is_told(indexed: CommandLine, nothing: str | bytes) -> None:
    done = indexed("ask", nothing)
    assert done.status == 2
    assert done.sentence


def test_half_pairs_and_zero_width_characters_do_no_harm(indexed: CommandLine) -> None:
    answer = indexed("ask", "怎么\u200b量化".encode() + b"\xed\xa0\x80", "--json").json
    assert answer["question"] == "怎么量化"
    assert answer["outcome"] == "quoted"


def test_a_file_of_queries_that_is_not_json_names_the_line(indexed: CommandLine) -> None:
    path = indexed.write("q.jsonl", '{"query": "a"}\nnot json\n')
    done = indexed("search", "--file", str(path), "--json")
    assert (done.status, done.out) == (2, "")
    assert "q.jsonl:2" in done.sentence


def test_a_bad_conversation_key_is_told(indexed: CommandLine) -> None:
    assert indexed("ask", "怎么量化", "--conversation", "a/b").status == 2


def test_a_full_disk_is_told_and_the_old_index_stays(indexed: CommandLine) -> None:
    # No file may grow over a kilobyte: to the writer that is what a full disk is.
    indexed.write("docs/more.md", "# 更多\n\n" + "内容很多。\n\n" * 500)
    full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))  # noqa: E731
    done = indexed("index", before=full, PYTHONDONTWRITEBYTECODE="1")
    assert done.status == 1
    assert "index" in done.sentence
    assert indexed("search", "怎么量化", "--json").json["hits"]


def test_a_taken_port_is_told_at_once(puyu: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", puyu.port)):
        done = puyu("serve")
    assert done.status == 1
    assert "WEB_PORT" in done.sentence


def test_doctor_looks_at_everything(indexed: CommandLine) -> None:
    done = indexed("doctor", "--json")
    assert done.status == 0
    assert {check["name"] for check in done.json["checks"]} >= {
        "documents",
        "index",
        "memory",
        "model",
        "web",
    }


def test_doctor_fails_on_a_dead_model_and_names_it(indexed: CommandLine) -> None:
    done = indexed("doctor", "--json", LLM_BASE_URLS="http://127.0.0.1:9")
    assert done.status == 1
    assert [check["name"] for check in done.json["checks"] if check["state"] == "failed"] == ["model"]
