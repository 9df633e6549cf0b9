"""Bad input gets one clear sentence and exit status 1 or 2, and nothing is lost."""

import resource
import socket

import pytest

from memory.client import connect
from memory.embedded import embedded
from tests.e2e.command_line import COURSE, CommandLine

pytestmark = pytest.mark.e2e


def test_no_index_yet_says_what_to_run(puyu: CommandLine) -> None:
    done = puyu("search", "怎么量化")
    assert done.status == 1
    assert "puyu index" in done.sentence


@pytest.mark.parametrize("half", ["v0001-0.segment", "manifest.json"])
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
    assert (done.status, done.out) == (1, "")
    assert "q.jsonl, line 2" in done.sentence


@pytest.mark.parametrize("line", ["[" * 100_000, '{"query": ' + "1" * 5000 + "}", '["怎么量化"]'])
def test_a_line_that_holds_no_query_is_named(indexed: CommandLine, line: str) -> None:
    done = indexed("search", "--file", str(indexed.write("q.jsonl", line)))
    assert (done.status, done.out) == (1, "")
    assert "q.jsonl, line 1" in done.sentence


def test_files_without_a_labelled_question_are_told(indexed: CommandLine) -> None:
    assert "labelled question" in indexed("evaluate", str(indexed.write("q.jsonl", "\n"))).sentence


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


def test_output_that_finds_no_room_is_told(indexed: CommandLine) -> None:
    done = indexed.shell("{puyu} index --json > /dev/full")
    assert done.status == 1
    assert "space" in done.sentence


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(indexed: CommandLine, closed: str) -> None:
    assert indexed.shell(f"{{puyu}} search 怎么量化 {closed}").err == ""
    assert indexed.shell(f"{{puyu}} ask - {closed}", stdin="怎么量化").status == (2 if "<" in closed else 0)


def test_stdin_that_is_not_utf8_is_read_as_far_as_it_is(indexed: CommandLine) -> None:
    done = indexed.shell("printf '怎么\\xff量化' | {puyu} ask - --json", PYTHONIOENCODING="utf-8:strict")
    assert done.json["question"] == "怎么量化"


def test_a_complaint_is_one_line_whatever_it_quotes(puyu: CommandLine) -> None:
    puyu.write("course.toml", '"a\\nb" = 1\n' + COURSE)
    assert "unknown key a b" in puyu("index").sentence


def test_a_path_that_no_system_takes_is_told(puyu: CommandLine) -> None:
    done = puyu("index", DATA_DIR="x" * 300)
    assert done.status == 1
    assert "too long" in done.sentence


def test_a_taken_port_is_told_at_once(puyu: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", puyu.port)):
        done = puyu("serve")
    assert done.status == 1
    assert "WEB_PORT" in done.sentence


@pytest.mark.parametrize(
    ("host", "state"), [("::1", "ok"), ("127.0.0.1", "ok"), ("no.such.invalid", "failed")]
)
def test_doctor_tries_the_address_that_serve_would_listen_on(
    indexed: CommandLine, host: str, state: str
) -> None:
    states = {
        check["name"]: check["state"] for check in indexed("doctor", "--json", WEB_HOST=host).json["checks"]
    }
    assert states["web"] == state


def test_doctor_says_that_the_port_is_taken(indexed: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", indexed.port)):
        checks = indexed("doctor", "--json").json["checks"]
    assert [check["name"] for check in checks if "taken" in check["detail"]] == ["web"]


def test_doctor_fails_on_a_dead_model_and_names_it(indexed: CommandLine) -> None:
    done = indexed("doctor", "--json", LLM_BASE_URLS="http://127.0.0.1:9")
    assert done.status == 1
    assert [check["name"] for check in done.json["checks"] if check["state"] == "failed"] == ["model"]


async def test_an_answer_that_cannot_be_remembered_is_still_given(indexed: CommandLine) -> None:
    async with embedded(indexed.folder / "data") as url:
        client = connect(url)
        await client.config_set("maxmemory", 1)
        done = indexed("ask", "怎么量化", "--conversation", "c", "--json")
        await client.aclose()
    assert done.json["outcome"] == "quoted"
    assert "not remembered" in done.err
