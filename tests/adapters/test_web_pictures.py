"""The door for pictures of the web page: how many, how large, of which kind; without a browser."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from adapters.base import Conversation, Image, Message, Sender
from adapters.web import WebAdapter
from adapters.web_pictures import BODY, BYTES

PNG, JPEG = b"\x89PNG\r\n\x1a\n rest", b"\xff\xd8\xff rest"
TALK, ID = "7" * 32, "1" * 32


class Desk:
    """A page and what it hands to the bot."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.adapter, app = WebAdapter("A course"), FastAPI()
        self.adapter.mount(app)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://course")

    async def accept(self, message: Message) -> None:
        self.received.append(message)

    async def say(self, *pictures: object, text: str = "报错了") -> int:
        """Send a message with these pictures; gives the HTTP status."""
        written = [base64.b64encode(each).decode() if isinstance(each, bytes) else each for each in pictures]
        call = {"talk": TALK, "id": ID, "text": text, "pictures": written}
        return (await self.http.post("/say", json=call)).status_code


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    taking = asyncio.create_task(desk.adapter.run(desk.accept))
    await desk.http.get("/")  # for the cookie of a guest
    yield desk
    taking.cancel()
    await asyncio.wait({taking})


@pytest.fixture(autouse=True)
def _nothing_received(desk: Desk) -> None:
    desk.received.clear()


async def test_pictures_reach_the_bot_as_what_they_are(desk: Desk) -> None:
    assert await desk.say(PNG, JPEG, text="") == 200
    assert desk.received[0].images == (Image("image/png", PNG), Image("image/jpeg", JPEG))
    assert desk.received[0].text == ""


@pytest.mark.parametrize(
    ("pictures", "status"),
    [
        ([PNG] * 5, 413),
        ([PNG + b"x" * (BYTES // 2)] * 2, 413),
        ([b"%PDF-1.7"], 415),
        ([b"<svg/>"], 415),
        (["not base64!"], 400),
        ([None], 415),
        ([{"data": "x"}], 400),
    ],
)
async def test_what_breaks_a_limit_is_refused(pictures: list[object], status: int, desk: Desk) -> None:
    assert await desk.say(*pictures) == status
    assert not desk.received


async def test_as_much_as_is_allowed_comes_through(desk: Desk) -> None:
    assert await desk.say(*[PNG + b"x" * (BYTES // 4 - len(PNG))] * 4) == 200


@pytest.mark.parametrize(("length", "status"), [(BODY - 2, 400), (BODY, 413)])
async def test_only_so_much_of_a_call_is_read(length: int, status: int, desk: Desk) -> None:
    body = b'"' + b"x" * length + b'"'
    response = await desk.http.post("/say", content=body, headers={"content-type": "application/json"})
    assert response.status_code == status


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'{"talk": "x"}'])
async def test_what_the_page_does_not_send_is_turned_down(body: bytes, desk: Desk) -> None:
    response = await desk.http.post("/say", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400


async def test_other_sites_cannot_send_pictures_for_a_reader(desk: Desk) -> None:
    response = await desk.http.post("/say", content=b"{}", headers={"content-type": "text/plain"})
    assert response.status_code == 404


def test_a_message_is_shown_with_a_mark_for_its_pictures() -> None:
    place, sender, at = Conversation("web", "1"), Sender("web:1"), datetime.now(UTC)
    images = (Image("image/png", PNG),) * 2
    assert Message("1", place, sender, "报错了", at).shown == "报错了"
    assert Message("1", place, sender, "报错了", at, images=images).shown == "报错了\n🖼 ×2"
    assert Message("1", place, sender, "", at, images=images).shown == "🖼 ×2"
