"""A chat server with LMDeploy's manners on a real port whose model calls tools, as scripted."""

import asyncio
import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

NO_PARSER = "Please launch the api_server with --tool-call-parser if you want to use tool."


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `arguments` go out as they are, also where they are no JSON."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Move:
    """One answer of the model: `text`, then `calls`; `status` refuses, `hang` sends nothing at all."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    status: int = 200
    message: str = ""
    hang: bool = False


class ToolModel:
    """Runs in a thread of its own from `with` to its end; `script` queues moves, one a request.

    Without `parser` it refuses requests with tools. What is asked stands in `asked`, body by body; a
    conversation whose tool messages answer no call is refused, as chat templates do.
    """

    def __init__(self, *, parser: bool = True) -> None:
        self.parser = parser
        self.asked: list[dict[str, Any]] = []
        self._moves: deque[Move] = deque()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="critical", lifespan="off", loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def script(self, *moves: Move) -> None:
        self._moves.extend(moves)

    def reset(self) -> None:
        """Forget what was scripted and asked, so that one server serves many tests."""
        self.parser = True
        self.asked = []
        self._moves.clear()

    def told(self, request: int) -> list[str]:
        """What tools said in the conversation of this request, in order."""
        return [each["content"] for each in self.asked[request]["messages"] if each["role"] == "tool"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "internlm", "object": "model"}]})

    async def _chat(self, request: Request) -> Response:
        body = json.loads(await request.body())
        if body.get("tools") and not self.parser:
            return _error(400, NO_PARSER)
        if not _calls_answered(body["messages"]):
            return _error(400, "a tool message answers no call")
        self.asked.append(body)
        move = self._moves.popleft() if self._moves else Move("OK.")
        if move.status != 200:
            return _error(move.status, move.message)
        return StreamingResponse(self._events(move), media_type="text/event-stream")

    async def _events(self, move: Move) -> AsyncIterator[str]:
        if move.hang:
            await asyncio.Event().wait()
        for delta in _deltas(move):
            # Each leaves on its own.
            await asyncio.sleep(0)
            yield _event([{"index": 0, "delta": delta, "finish_reason": None}])
        finish = "tool_calls" if move.calls else "stop"
        yield _event([{"index": 0, "delta": {"content": ""}, "finish_reason": finish}])
        yield _event([], {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110})
        yield "data: [DONE]\n\n"


def _deltas(move: Move) -> Iterator[dict[str, Any]]:
    for piece in re.findall(r"\s?\w{1,6}|.", move.text, re.DOTALL):
        yield {"role": "assistant", "content": piece}
    for index, call in enumerate(move.calls):
        head = {"index": index, "id": f"call-{index}", "type": "function"}
        yield {"tool_calls": [{**head, "function": {"name": call.name, "arguments": ""}}]}
        for part in (call.arguments[:5], call.arguments[5:]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}


def _event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> str:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": "internlm",
        "choices": choices,
        "usage": usage,
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _calls_answered(messages: list[dict[str, Any]]) -> bool:
    called: set[str] = set()
    for message in messages:
        if message["role"] == "tool" and message["tool_call_id"] not in called:
            return False
        called |= {call["id"] for call in message.get("tool_calls") or ()}
    return True


def _error(status: int, message: str) -> Response:
    flat = {"message": message, "type": "invalid_request_error", "code": status, "param": None}
    return JSONResponse({**flat, "object": "error"}, status)
