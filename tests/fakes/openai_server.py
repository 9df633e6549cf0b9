"""A chat server with LMDeploy's manners on a real port: it streams, refuses, hangs and breaks as scripted."""

import argparse
import asyncio
import json
import re
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

CONTEXT = 200_000
"""Characters of all messages together; more is refused as too long."""

Fault = Literal["", "hang", "stall", "cut", "unfinished", "garbage", "reasoning"]
Ended = Literal["", "finished", "cancelled", "broken", "refused"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the server does with one request; the default answers out of the prompt's first passage.

    `tokens` are sent as they are, `text` is cut into small ones. `status` or `body` replace the
    answer. `hang` sends nothing at all; after `sound` tokens `stall` goes silent, `cut` drops the
    connection, `unfinished` ends politely without a finish_reason, `garbage` writes a line that is
    no JSON; `reasoning` puts everything into reasoning_content unless thinking is switched off.
    """

    text: str | None = None
    tokens: tuple[str, ...] = ()
    status: int = 200
    body: str = ""
    fault: Fault = ""
    sound: int = 3
    first_token_ms: float = 0
    token_ms: float | None = None
    finish: str = "stop"


@dataclass(slots=True)
class Asked:
    """A request the server got and how it ended; `ended` is empty while it runs."""

    body: dict[str, Any]
    ended: Ended = ""
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[dict[str, str]]:
        messages: list[dict[str, str]] = self.body["messages"]
        return messages

    def end(self, how: Ended) -> None:
        self.ended = self.ended or how
        self.done.set()

    def wait(self, seconds: float = 10) -> Ended:
        """Block until the request has ended; for another thread than the server's."""
        self.done.wait(seconds)
        return self.ended


class OpenAIServer:
    """Runs in a thread of its own from `with` to its end; `script` queues turns, one a request."""

    def __init__(self, model: str = "internlm", key: str = "", port: int = 0, token_ms: float = 0) -> None:
        self.model, self.key, self.token_ms = model, key, token_ms
        self.asked: list[Asked] = []
        self._turns: deque[Turn] = deque()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="critical", lifespan="off", loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.serve, daemon=True)

    def script(self, *turns: Turn) -> None:
        self._turns.extend(turns)

    def reset(self) -> None:
        """Forget what was scripted and asked, so that one server serves many tests."""
        self._turns.clear()
        self.asked = []

    def serve(self) -> None:
        """Serve in this thread until stopped."""
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        # Hanging answers would otherwise be waited for.
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    async def _models(self, request: Request) -> Response:
        if refused := self._refused_key(request):
            return refused
        return JSONResponse({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _chat(self, request: Request) -> Response:
        if refused := self._refused_key(request):
            return refused
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _error(422, "the body is not JSON")
        if refused := self._refused_body(body):
            return refused
        asked = Asked(body)
        self.asked.append(asked)
        turn = self._turns.popleft() if self._turns else Turn()
        if turn.status != 200 or turn.body:
            asked.end("refused")
            if turn.body:
                return Response(turn.body, turn.status, media_type="application/json")
            return _error(turn.status, f"scripted HTTP {turn.status}")
        if body.get("stream"):
            return StreamingResponse(self._stream(asked, turn), media_type="text/event-stream")
        return await self._whole(asked, turn)

    def _refused_key(self, request: Request) -> Response | None:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "Please request with valid api key!")
        return None

    def _refused_body(self, body: Any) -> Response | None:
        messages = body.get("messages") if isinstance(body, dict) else None
        if not isinstance(messages, list) or not messages or not all(map(_well_formed, messages)):
            return _error(422, "messages must be a list of role and content")
        if body.get("model") != self.model:
            return _error(404, f"The model {body.get('model')!r} does not exist.")
        if not 0 <= body.get("temperature", 0) <= 2:
            return _error(400, "temperature must be in [0, 2]")
        if sum(len(message["content"]) for message in messages) > CONTEXT:
            return _error(400, f"input length must be smaller than the model context length {CONTEXT}")
        return None

    async def _whole(self, asked: Asked, turn: Turn) -> Response:
        await asyncio.sleep(turn.first_token_ms / 1000)
        if turn.fault == "hang":
            await asyncio.Event().wait()
        text = "".join(_tokens(asked, turn))
        message = {"role": "assistant", **_content(asked, turn, text)}
        choice = {"index": 0, "message": message, "finish_reason": turn.finish}
        asked.end("finished")
        return JSONResponse(
            {**self._envelope(), "object": "chat.completion", "choices": [choice], "usage": _usage(1)}
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
        tokens = _tokens(asked, turn)
        for number, token in enumerate(tokens):
            if number == turn.sound:
                for line in await _break(turn.fault):
                    yield line
                if turn.fault == "unfinished":
                    return
            # A pause of 0 still lets the tokens leave one by one.
            await asyncio.sleep(pause if number else 0)
            yield self._event({"delta": _content(asked, turn, token), "finish_reason": None})
        yield self._event({"delta": {"content": ""}, "finish_reason": turn.finish})
        if (asked.body.get("stream_options") or {}).get("include_usage"):
            yield self._event(None, usage=_usage(len(tokens)))
        yield "data: [DONE]\n\n"

    def _event(self, choice: dict[str, Any] | None, **more: object) -> str:
        choices = [{"index": 0, "logprobs": None, **choice}] if choice else []
        chunk = {**self._envelope(), "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    def _envelope(self) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "created": int(time.time()), "model": self.model}


async def _break(fault: Fault) -> list[str]:
    if fault == "stall":
        await asyncio.Event().wait()
    if fault == "cut":
        raise ConnectionResetError("scripted")
    return ["data: {not json\n\n"] if fault == "garbage" else []


def _well_formed(message: Any) -> bool:
    if not isinstance(message, dict) or message.get("role") not in ("system", "user", "assistant"):
        return False
    content = message.get("content")
    return isinstance(content, str) and content == content.encode("utf-8", "replace").decode()


def _content(asked: Asked, turn: Turn, text: str) -> dict[str, str | None]:
    thinking = (asked.body.get("chat_template_kwargs") or {}).get("enable_thinking", True)
    if turn.fault == "reasoning" and thinking:
        return {"content": None, "reasoning_content": text}
    return {"content": text}


def _tokens(asked: Asked, turn: Turn) -> list[str]:
    text = out_of_the_first_passage(asked.messages[-1]["content"]) if turn.text is None else turn.text
    return list(turn.tokens) or re.findall(r"\s?[A-Za-z0-9]{1,5}|.", text, re.DOTALL)


def out_of_the_first_passage(prompt: str) -> str:
    """The first sentences of the passage numbered [1], with its number; a plain word when there is none."""
    passage = re.search(r"^\[1\] [^\n]*\n(.*?)(?=\n</|\n\[2\] |\Z)", prompt, re.DOTALL | re.MULTILINE)
    if not passage:
        return "OK."
    sentences = re.split(r"(?<=[。！？!?])|(?<=\.)\s|\n{2,}", passage[1].strip(), maxsplit=3)
    return " ".join(filter(None, sentences[:2])).strip() + " [1]"


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1}


def _error(status: int, message: str) -> Response:
    flat = {
        "message": message,
        "type": "invalid_request_error",
        "code": status,
        "param": None,
        "object": "error",
    }
    return JSONResponse(flat, status)


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
