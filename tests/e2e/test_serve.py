"""`puyu serve` as a process: it gets ready by itself, dies, comes back, and keeps its data to itself."""

import os
import signal

import httpx
import pytest
from redis import Redis

from tests.e2e.command_line import CommandLine

pytestmark = pytest.mark.e2e


def test_the_first_start_builds_the_index_and_gets_ready(puyu: CommandLine) -> None:
    with puyu.serving():
        assert httpx.get(f"{puyu.url}/healthz").status_code == 200
        assert httpx.get(f"{puyu.url}/readyz").json() == []
        assert "测试课" in httpx.get(puyu.url).text


def test_a_source_opens_at_its_heading(puyu: CommandLine) -> None:
    with puyu.serving():
        [source, *_] = puyu("ask", "LMDeploy 怎么量化模型", "--json").json["sources"]
        page = httpx.get(source["url"])
    assert page.status_code == 200
    assert "W4A16" in page.text
    assert f'id="{httpx.URL(source["url"]).fragment}"' in page.text


def test_a_second_serve_on_the_same_data_is_told(puyu: CommandLine) -> None:
    with puyu.serving():
        done = puyu("serve", WEB_PORT=str(CommandLine(puyu.folder).port))
    assert done.status == 1
    assert "DATA_DIR" in done.sentence


def test_memory_is_there_after_a_kill(puyu: CommandLine) -> None:
    with puyu.serving() as server:
        puyu("ask", "LMDeploy 怎么量化模型", "--conversation", "c")
        server.send_signal(signal.SIGKILL)
    with puyu.serving():
        follow_up = puyu("ask", "那端口呢", "--conversation", "c", "--json").json
    assert "LMDeploy" in follow_up["standalone"]


def test_it_ends_in_good_order_on_a_signal(puyu: CommandLine) -> None:
    with puyu.serving() as server:
        server.terminate()
        assert server.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_ends_it_in_good_order(puyu: CommandLine, number: int) -> None:
    puyu("index")
    done = puyu.stopped(number, when=(puyu.folder / "data/redis/server.sock").exists)
    assert done.status == 0
    assert "Traceback" not in done.err
    assert "Warning" not in done.err


def test_ctrl_c_ends_the_first_index_run_at_once(puyu: CommandLine) -> None:
    for number in range(200):
        puyu.write(f"docs/{number}.md", "# 很长\n\n" + f"第 {number} 段，关于量化和部署。\n\n" * 500)
    done = puyu.stopped(signal.SIGINT, when=(puyu.folder / "data/index/.lock").exists)
    assert (done.status, list((puyu.folder / "data/index").glob("v*"))) == (1, [])
    assert "Traceback" not in done.err


def test_it_is_not_ready_while_memory_hangs_and_gets_ready_by_itself(puyu: CommandLine) -> None:
    with puyu.serving():
        memory = Redis.from_url(f"unix://{puyu.folder}/data/redis/server.sock").info("server")["process_id"]
        os.kill(memory, signal.SIGSTOP)
        try:
            assert "memory" in readiness(puyu, 503)[0]
        finally:
            os.kill(memory, signal.SIGCONT)
        assert readiness(puyu, 200) == []


def readiness(puyu: CommandLine, status: int) -> list[str]:
    """What is not ready, once that is told with this status."""
    while (told := httpx.get(f"{puyu.url}/readyz", timeout=30)).status_code != status:
        pass
    problems: list[str] = told.json()
    return problems


def test_it_says_so_when_memory_does_not_answer(puyu: CommandLine) -> None:
    dead = "unix:///nowhere/redis.sock"
    assert "Redis does not answer" in puyu.stopped(signal.SIGTERM, puyu.answers, REDIS_URL=dead).err


def test_a_new_index_is_searched_without_a_restart(puyu: CommandLine) -> None:
    with puyu.serving():
        puyu.write("docs/new.md", "# 蒸馏\n\n知识蒸馏把大模型教给小模型。")
        assert puyu("index").status == 0
        page = httpx.get(f"{puyu.url}/read/docs/new.md")
        while page.status_code == 404:  # It looks for a new index once a second.
            page = httpx.get(f"{puyu.url}/read/docs/new.md")
    assert "知识蒸馏" in page.text


def test_secrets_are_never_printed(puyu: CommandLine) -> None:
    model = "http://127.0.0.1:9"
    done = puyu("doctor", WEB_PASSWORD="hunter2", LLM_API_KEY="hunter2", LLM_BASE_URLS=model)
    assert model in done.out
    assert "hunter2" not in done.out + done.err
