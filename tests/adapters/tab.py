"""A tab of the chat page without a browser: it makes the calls that the page's script makes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from adapters.base import Accept, Message, Reply
from adapters.web import WebAdapter

FIRST, SECOND, THIRD = "1" * 32, "2" * 32, "3" * 32


class Tab:
    """A page on which someone has the conversation `talk` open."""

    def __init__(self, adapter: WebAdapter) -> None:
        app = FastAPI()
        adapter.mount(app)
        self.talk = uuid4().hex
        self._component = 0
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://course")

    def same_as(self, other: "Tab") -> None:
        """Open the other tab's conversation, as the same person."""
        self.talk, self._http.cookies = other.talk, other._http.cookies

    async def post(self, function: str, data: object) -> httpx.Response:
        if not self._component:
            component = re.search(r'"components":\[{"id":(\d+)', (await self._http.get("/")).text)
            assert component
            self._component = int(component[1])
        call = {"component_id": self._component, "session_hash": "s", "fn_name": function, "data": data}
        headers = {"content-type": "application/json"}
        return await self._http.post(
            "/gradio_api/component_server/", content=json.dumps(call), headers=headers
        )

    async def call(self, function: str, **data: object) -> Any:
        response = await self.post(function, {"talk": self.talk, **data})
        assert response.status_code == 200, response.text
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


def reply_to(message: Message, text: str, *merged: str, final: bool = True) -> Reply:
    return Reply(message.conversation, text, in_reply_to=message.id, merged=merged, final=final)


async def said(*steps: Reply | asyncio.Event | Exception) -> AsyncIterator[Reply]:
    """A stream of replies, which waits at an event and fails with an error."""
    for step in steps:
        if isinstance(step, Reply):
            yield step
        elif isinstance(step, Exception):
            raise step
        else:
            await step.wait()
