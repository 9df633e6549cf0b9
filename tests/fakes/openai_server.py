"""A chat server with LMDeploy's manners on a real port: it streams, refuses, hangs and breaks as scripted."""

import argparse
import asyncio
import json
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import cycle
from types import TracebackType
from typing import Any, Literal, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.fakes.openai_words import (
    DEAD_NODE,
    error,
    out_of_the_first_passage,
    refusal,
    tokens,
    usage,
    well_formed,
    written,
)

CONTEXT = 60_000
"""Tokens of all messages together; more is refused as too long."""

Fault = Literal["", "hang", "stall", "cut", "unfinished", "garbage", "reasoning", "dead_node", "error"]
Ended = Literal["", "finished", "cancelled", "broken", "refused"]
Outage = Literal["", "error", "hang", "refuse"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the server does with one request; the default answers out of the prompt's first passage.

    `tokens` are sent as they are, `text` is cut into small ones, `tool` is a call's name and its
    arguments in JSON. `status` (with `retry_after`) or `body` replace the answer. `hang` sends nothing
    at all; after `sound` tokens `stall` goes silent, `cut` drops the connection, `unfinished` ends
    politely without a finish_reason, `garbage` writes a line that is no JSON, `dead_node` says what
    LMDeploy's proxy says of a replica that is gone, `error` tells an error in the stream; `reasoning`
    puts everything into reasoning_content unless thinking is switched off. `endless` says it for ever.
    `cached` is the cost's, and `cost` replaces that. `repeats` says all that the server was told, rules
    and all.
    """

    text: str | None = None
    tokens: tuple[str, ...] = ()
    tool: tuple[str, str] | None = None
    status: int = 200
    retry_after: int | None = None
    body: str = ""
    fault: Fault = ""
    sound: int = 3
    first_token_ms: float = 0
    token_ms: float | None = None
    finish: str = "stop"
    cached: int = 0
    cost: object = None
    endless: bool = False
    repeats: bool = False


@dataclass(slots=True)
class Asked:
    """A request the server got and how it ended; `ended` is empty while it runs."""

    body: dict[str, Any]
    ended: Ended = ""
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    def end(self, how: Ended) -> None:
        self.ended = self.ended or how
        self.done.set()

    def wait(self, seconds: float = 10) -> Ended:
        """Block until the request has ended; for another thread than the server's."""
        self.done.wait(seconds)
        return self.ended


class OpenAIServer:
    """Runs in a thread of its own from `with` to its end; `script` queues turns, one a request.

    `context` is in tokens, and `tells_context` puts it on the model's card as vLLM does. Without
    `encodes` there is no /v1/encode, and who asks what an answer cost is refused without `tells_cost`.
    """

    def __init__(self, model: str = "internlm", key: str = "", port: int = 0, token_ms: float = 0) -> None:
        self.model, self.key, self.token_ms = model, key, token_ms
        self._turns: deque[Turn] = deque()
        self._socket = socket.create_server(("127.0.0.1", port))
        self._port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.reset()

    def always(self, turn: Turn) -> None:
        """What is done where nothing is scripted."""
        self._always = turn

    def script(self, *turns: Turn) -> None:
        self._turns.extend(turns)

    def reset(self) -> None:
        """Forget what was scripted, set and asked, so that one server serves many tests."""
        self._turns.clear()
        self._always = Turn()
        self.asked: list[Asked] = []
        self.encoded: list[str] = []
        self.refusals = 0
        self.context, self.tells_context, self.encodes, self.tells_cost = CONTEXT, False, True, True
        self._outage: Outage = ""

    def fail(self, how: Outage) -> None:
        """Answer nobody until `recover`: with HTTP 500, never, or not even the connection."""
        self._outage = how
        if how == "refuse":
            self._stop()

    def recover(self) -> None:
        if self._outage == "refuse":
            self._socket = socket.create_server(("127.0.0.1", self._port))
            self._start()
        self._outage = ""

    def serve(self) -> None:
        """Serve in this thread until stopped."""
        self._made().run(sockets=[self._socket])

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stop()

    def _made(self) -> uvicorn.Server:
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/encode", self._encode, methods=["POST"]),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        app = Starlette(routes=routes)
        self._server = _Killable(uvicorn.Config(app, log_level="critical", lifespan="off", loop="asyncio"))
        return self._server

    def _start(self) -> None:
        server = self._made()
        self._thread = threading.Thread(target=server.run, args=([self._socket],), daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        # Hanging answers would otherwise be waited for.
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    async def _models(self, request: Request) -> Response:
        if refused := self._refused_key(request) or await self._out():
            return refused
        card: dict[str, object] = {"id": self.model, "object": "model"}
        if self.tells_context:
            card["max_model_len"] = self.context
        return JSONResponse({"object": "list", "data": [card]})

    async def _encode(self, request: Request) -> Response:
        if not self.encodes:
            return JSONResponse({"detail": "Not Found"}, 404)
        if refused := self._refused_key(request) or await self._out():
            return refused
        text = (await request.json())["input"]
        self.encoded.append(text)
        count = len(tokens(text))
        return JSONResponse({"input_ids": list(range(count)), "length": count})

    async def _chat(self, request: Request) -> Response:
        if refused := self._refused_key(request):
            return refused
        try:
            body = json.loads(await request.body())
        except ValueError:
            return refusal(422, "the body is not JSON")
        asked = Asked(body)
        if not self._outage:
            if refused := self._refused_body(body):
                self.refusals += 1
                return refused
            turn = self._turns.popleft() if self._turns else self._always
        else:
            turn = Turn(fault="hang") if self._outage == "hang" else Turn(status=500)
        self.asked.append(asked)
        if turn.status != 200 or turn.body:
            asked.end("refused")
            if turn.body:
                return Response(turn.body, turn.status, media_type="application/json")
            wait = {} if turn.retry_after is None else {"retry_after": str(turn.retry_after)}
            return refusal(turn.status, f"scripted HTTP {turn.status}", **wait)
        if body.get("stream"):
            return StreamingResponse(self._stream(asked, turn), media_type="text/event-stream")
        return await self._whole(asked, turn)

    async def _out(self) -> Response | None:
        if self._outage == "hang":
            await asyncio.Event().wait()
        return refusal(500, "scripted outage") if self._outage else None

    def _refused_key(self, request: Request) -> Response | None:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return refusal(401, "Please request with valid api key!")
        return None

    def _refused_body(self, body: Any) -> Response | None:
        messages = body.get("messages") if isinstance(body, dict) else None
        if not messages or not isinstance(messages, list) or not all(map(well_formed, messages)):
            return refusal(422, "messages must be a list of role and content")
        if body.get("model") != self.model:
            return refusal(404, f"The model {body.get('model')!r} does not exist.")
        if not 0 <= body.get("temperature", 0) <= 2:
            return refusal(400, "temperature must be in [0, 2]")
        if body.get("stream_options") and not self.tells_cost:
            return refusal(422, "stream_options: Extra inputs are not permitted")
        if (length := self._length(messages)) >= self.context:
            limit = f"must be smaller than the model context length ({self.context})."
            return refusal(400, f"Input length ({length}) {limit}")
        return None

    def _length(self, messages: list[dict[str, Any]]) -> int:
        return len(tokens(written(messages)))

    async def _whole(self, asked: Asked, turn: Turn) -> Response:
        await asyncio.sleep(turn.first_token_ms / 1000)
        if turn.fault == "hang":
            await asyncio.Event().wait()
        asked.end("finished")
        if turn.fault == "dead_node":
            return Response(DEAD_NODE, media_type="application/json")
        said = _tokens(asked, turn)
        message = {"role": "assistant", **_content(asked, turn, "".join(said))}
        choice = {"index": 0, "message": message, "finish_reason": _finish(turn)}
        cost = usage(self._length(asked.messages), len(said), turn.cached)
        return JSONResponse(
            {**self._envelope(), "object": "chat.completion", "choices": [choice], "usage": cost}
        )

    async def _stream(self, asked: Asked, turn: Turn) -> AsyncIterator[str]:
        try:
            async for event in self._events(asked, turn):
                yield event
            asked.end("finished")
        except ConnectionResetError:
            asked.end("broken")
            raise
        finally:
            asked.end("cancelled")

    async def _events(self, asked: Asked, turn: Turn) -> AsyncIterator[str]:
        await asyncio.sleep(turn.first_token_ms / 1000)
        if turn.fault == "hang":
            await asyncio.Event().wait()
        pause = (self.token_ms if turn.token_ms is None else turn.token_ms) / 1000
        said = _tokens(asked, turn)
        for number, token in enumerate(cycle(said) if turn.endless else said):
            if number == turn.sound and turn.fault not in ("", "reasoning"):
                for line in await _break(turn.fault):
                    yield line
                return
            # A pause of 0 still lets the tokens leave one by one.
            await asyncio.sleep(pause if number else 0)
            yield self._event({"delta": _content(asked, turn, token), "finish_reason": None})
        yield self._event({"delta": {"content": ""}, "finish_reason": _finish(turn)})
        if (asked.body.get("stream_options") or {}).get("include_usage"):
            cost = turn.cost or usage(self._length(asked.messages), len(said), turn.cached)
            yield self._event(None, usage=cost)
        yield "data: [DONE]\n\n"

    def _event(self, choice: dict[str, Any] | None, **more: object) -> str:
        choices = [{"index": 0, "logprobs": None, **choice}] if choice else []
        chunk = {**self._envelope(), "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    def _envelope(self) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "created": int(time.time()), "model": self.model}


class _Killable(uvicorn.Server):
    """Ends as a killed process does: connections are cut."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A connection that asyncio has taken but not begun when its server is closed would never be closed.
        for taking in sockets or ():
            asyncio.get_running_loop().remove_reader(taking)
        for _ in range(3):
            await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


async def _break(fault: Fault) -> list[str]:
    if fault == "stall":
        await asyncio.Event().wait()
    if fault == "cut":
        raise ConnectionResetError("scripted")
    told = json.dumps({"error": error(500, "An internal server error occurred.")})
    lines = {"garbage": "data: {not json\n\n", "dead_node": DEAD_NODE, "error": f"data: {told}\n\n"}
    return [lines[fault]] if fault in lines else []


def _content(asked: Asked, turn: Turn, text: str) -> dict[str, Any]:
    if turn.tool:
        name, arguments = turn.tool
        call = {"index": 0, "id": "call-1", "type": "function"}
        return {
            "content": None,
            "tool_calls": [{**call, "function": {"name": name, "arguments": arguments}}],
        }
    thinking = (asked.body.get("chat_template_kwargs") or {}).get("enable_thinking", True)
    if turn.fault == "reasoning" and thinking:
        return {"content": None, "reasoning_content": text}
    return {"content": text}


def _finish(turn: Turn) -> str:
    return "tool_calls" if turn.tool else turn.finish


def _tokens(asked: Asked, turn: Turn) -> list[str]:
    """The pieces of the answer; a tool's call is one."""
    if turn.tool:
        return [""]
    if turn.repeats:
        return tokens(written(asked.messages))
    text = out_of_the_first_passage(written(asked.messages[-1:])) if turn.text is None else turn.text
    return list(turn.tokens) or tokens(text)


def main() -> None:
    """Serve until killed; the first line on stdout is the URL."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", default="internlm")
    parser.add_argument("--key", default="")
    parser.add_argument("--token-ms", type=float, default=20)
    options = parser.parse_args()
    server = OpenAIServer(options.model, options.key, options.port, options.token_ms)
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    server.serve()


if __name__ == "__main__":
    main()
