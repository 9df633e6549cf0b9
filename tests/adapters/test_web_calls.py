"""What the page's script calls, without a browser."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from adapters.base import Accept, Conversation, Exchange, Message, Reply, Sender
from adapters.web import WebAdapter
from tests.fakes.scripted_bot import ScriptedBot

TALK, FIRST, SECOND = "7" * 32, "1" * 32, "2" * 32


class Tab:
    """A page that someone has open."""

    def __init__(self, adapter: WebAdapter) -> None:
        app = FastAPI()
        adapter.mount(app)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://course")

    async def post(self, function: str, data: object) -> httpx.Response:
        page = (await self._http.get("/")).text
        component = re.search(r'"components":\[{"id":(\d+)', page)
        assert component
        call = {"component_id": int(component[1]), "session_hash": "s", "fn_name": function, "data": data}
        headers = {"content-type": "application/json"}
        return await self._http.post(
            "/gradio_api/component_server/", content=json.dumps(call), headers=headers
        )

    async def call(self, function: str, **data: object) -> Any:
        response = await self.post(function, {"talk": TALK, **data})
        assert response.status_code == 200
        return response.json()


@asynccontextmanager
async def running(adapter: WebAdapter, accept: Accept) -> AsyncIterator[None]:
    task = asyncio.create_task(adapter.run(accept))
    await asyncio.wait({task}, timeout=0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def never_answered(_message: Message) -> None: ...


@pytest.mark.parametrize("data", [[1], "x", {"talk": "7" * 32, "seen": "x"}, {"talk": "../x"}])
async def test_calls_that_the_page_does_not_make_are_turned_down(data: object) -> None:
    adapter = WebAdapter("A course")
    async with running(adapter, never_answered):
        assert (await Tab(adapter).post("follow", data)).status_code == 400


async def test_halves_of_characters_do_not_break_the_page() -> None:
    adapter = WebAdapter("A course")
    page = Tab(adapter)
    async with running(adapter, never_answered):
        await page.call("say", id=FIRST, text="half\ud800")
        assert (await page.call("open_talk"))["waiting"][0]["text"] == "half"


async def test_a_stop_ends_an_answer_whose_next_words_do_not_come() -> None:
    bot, adapter = ScriptedBot(lambda _: ["half", asyncio.Event()]), WebAdapter("A course")
    page = Tab(adapter)
    async with running(adapter, bot.accept_for(adapter)), asyncio.timeout(10):
        seen = (await page.call("open_talk"))["version"]
        await page.call("say", id=FIRST, text="hang")
        await page.call("follow", seen=seen)
        await page.call("stop", id=FIRST)
        await bot.idle()


async def test_a_question_that_an_earlier_process_took_is_known_to_be_lost() -> None:
    adapter = WebAdapter("A course")
    page = Tab(adapter)
    async with running(adapter, never_answered):
        await page.call("say", id=FIRST, text="taken by this process")
        news = await page.call("follow", seen=0, waiting=[f"web:{FIRST}", f"web:{SECOND}"])
    assert news["lost"] == [f"web:{SECOND}"]


async def test_the_same_answer_to_another_question_is_not_taken_for_the_one_remembered() -> None:
    async def recall(conversation: Conversation, _sender: Sender) -> Sequence[Exchange]:
        return [Exchange("web:old", "first", Reply(conversation, "No idea.", final=True))]

    async def accept(message: Message) -> None:
        await adapter.show(replied(message, "No idea."))

    adapter = WebAdapter("A course", recall=recall)
    page = Tab(adapter)
    async with running(adapter, accept):
        await page.call("say", id=FIRST, text="second")
        opened = await page.call("open_talk")
    assert [(reply["to"], reply["question"]) for reply in opened["replies"]] == [(f"web:{FIRST}", "second")]


async def test_a_vote_is_known_for_one_before_its_reply_comes() -> None:
    opened: list[Any] = []

    async def accept(message: Message) -> None:
        await adapter.show(replied(message, "Noted."))
        opened.append(await page.call("open_talk"))

    adapter = WebAdapter("A course")
    page = Tab(adapter)
    async with running(adapter, accept):
        await page.call("say", id=FIRST, text="/feedback up x", press=True)
    assert opened[0]["replies"] == []


async def replied(message: Message, text: str) -> AsyncIterator[Reply]:
    yield Reply(message.conversation, text, in_reply_to=message.id, final=True)
