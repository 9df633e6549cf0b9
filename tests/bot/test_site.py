"""The probes tell the truth, and only documents of the index can be opened."""

from collections.abc import Mapping, Sequence

import pytest
from starlette.testclient import TestClient

from bot import site
from bot.health import Ping
from memory.base import MemoryUnavailable
from rag.types import IndexUnavailable, Passage
from tests.fakes.board import Board

PASSAGE = Passage(
    "1", "course/p.md", "p.md", "Page", ("Page",), "text", "/read/course/p.md#page", "abc", (1, 9)
)


class OneDocument:
    """Has course/p.md and nothing else."""

    def document(self, id: str) -> Sequence[Passage]:
        return [PASSAGE] if id == "course/p.md" else []


def everybody(cookies: Mapping[str, str]) -> bool:
    return True


def who_signed_in(cookies: Mapping[str, str]) -> bool:
    return "name" in cookies


async def answers() -> None: ...


async def is_down() -> None:
    raise MemoryUnavailable("Redis does not answer")


def get(path: str, ping: Ping = answers, connected: bool = True) -> tuple[int, str]:
    board = Board()
    board.connected = connected
    response = TestClient(site.build(OneDocument(), ping, {"board": board}, everybody)).get(path)
    return response.status_code, response.text


def test_it_is_ready_when_memory_answers_and_platforms_are_connected() -> None:
    assert get("/readyz") == (200, "[]")


def test_without_memory_it_is_not_ready_and_says_so() -> None:
    status, text = get("/readyz", ping=is_down)
    assert status == 503
    assert "Redis does not answer" in text


def test_a_platform_that_is_not_connected_is_named() -> None:
    status, text = get("/readyz", connected=False)
    assert status == 503
    assert "board" in text


def test_it_is_alive_whatever_else() -> None:
    assert get("/healthz", ping=is_down, connected=False)[0] == 200


def test_a_document_of_the_index_opens_under_a_strict_policy() -> None:
    response = TestClient(site.build(OneDocument(), answers, {}, everybody)).get("/read/course/p.md")
    assert "text" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/read/q.md", "/read/../../etc/passwd", "/read/%2e%2e/course.toml", "/read/"]
)
def test_nothing_else_opens(path: str) -> None:
    assert get(path)[0] == 404


def test_with_a_password_documents_open_only_to_who_signed_in() -> None:
    guest = TestClient(site.build(OneDocument(), answers, {}, who_signed_in), follow_redirects=False)
    assert guest.get("/read/course/p.md").headers["location"] == "/"
    guest.cookies.set("name", "ann")
    assert guest.get("/read/course/p.md").status_code == 200


class Damaged:
    """An index in which nothing can be read any more."""

    def document(self, id: str) -> Sequence[Passage]:
        raise IndexUnavailable("damaged")


def test_a_damaged_index_is_a_sentence() -> None:
    response = TestClient(site.build(Damaged(), answers, {}, everybody)).get("/read/course/p.md")
    assert response.status_code == 503
    assert "资料暂时打不开" in response.text
