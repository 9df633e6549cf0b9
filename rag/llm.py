"""The language model: one or more OpenAI-compatible servers, with failover and time limits of our own.

LangChain is imported with the first question or by `warm`: it costs seconds that start-up need not pay.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

import httpx

from rag.breaker import GRACE, time_left
from rag.faults import Blank, Fault, Overflow, Refused, faults
from rag.model_server import CONNECT, ModelServer, Terms, with_version
from rag.pulling import Probes, with_signs
from rag.types import Interrupted, ModelUnavailable, PromptTooLong, Usage, Waiting

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_openai import ChatOpenAI

SIGN = 4.0
"""Seconds of silence after which there is a sign that an answer is still waited for, and between two."""


class LanguageModel:
    """Asks the server that has least to do, and the others as long as none has begun to answer.

    Of servers with equally little to do it is the one that answered last: in quiet hours one replica
    keeps the prompt's beginning in its cache, in busy ones all of them do. One that hangs soon has most
    under way, and so gets nobody more. `base_urls` are taken with or without `/v1`; without a `model`
    each server is asked once for its first. Times are in seconds: up to the first sign of an answer,
    between two, (`patience`) from the beginning of an outage until questions are given up, and (`sign`)
    of silence until who waits is told. Calls raise ModelUnavailable, whose text names each server and what
    was wrong with it.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        model: str = "",
        api_key: str = "",
        *,
        first_token_timeout: float = 30.0,
        idle_timeout: float = 15.0,
        max_tokens: int = 2048,
        patience: float = 30.0,
        sign: float = SIGN,
    ) -> None:
        self._urls = [with_version(url) for url in base_urls]
        self._terms = Terms(model, api_key or "none", first_token_timeout, idle_timeout, max_tokens)
        self._patience = patience
        self._grace = min(GRACE, patience or GRACE)
        self._sign = sign
        self._probes = Probes()
        self._opening = asyncio.Lock()
        self._http: httpx.AsyncClient | None = None
        self._servers: list[ModelServer] = []
        self._last_good: ModelServer | None = None
        self._back = asyncio.Event()

    async def warm(self) -> None:
        """Import and open what the first question would wait for; nothing is sent."""
        async with self._opening:
            if self._http is None:
                self._http = await asyncio.to_thread(_opened)
                self._servers = [ModelServer(url, self._http, self._terms) for url in self._urls]

    async def close(self) -> None:
        await self._probes.close()
        if self._http is not None:
            await self._http.aclose()

    async def stream(self, messages: Sequence["BaseMessage"]) -> AsyncGenerator[str | Waiting | Usage, None]:
        """The answer in pieces, from its first word to what it cost; closing the iterator ends the request.

        While no server answers, Waiting is yielded at once and now and then, and so it is in a long
        silence. A prompt that does not fit is PromptTooLong at once; an answer that breaks off after its
        first word is Interrupted.
        """
        await self.warm()
        async with (
            aclosing(self._insisted(messages)) as pieces,
            aclosing(with_signs(pieces, self._sign)) as signed,
        ):
            async for piece in signed:
                yield piece

    async def _insisted(
        self, messages: Sequence["BaseMessage"]
    ) -> AsyncGenerator[str | Waiting | Usage, None]:
        """The answer, tried for again and again; Waiting after each try, and "" for a thought."""
        asked = time.monotonic()
        refused: set[ModelServer] = set()
        while True:
            attempt = _Attempt(self._servers, refused)
            async with aclosing(self._tried(attempt, messages)) as pieces:
                async for piece in pieces:
                    yield piece
            if attempt.answered:
                return
            now = time.monotonic()
            left = time_left(self._patience, since=self._down_since(), asked=asked, now=now)
            if attempt.hopeless or left <= 0:
                raise ModelUnavailable(attempt.problems)
            yield Waiting(attempt.problems)
            await self._rest(left)

    async def complete(self, messages: Sequence["BaseMessage"], max_tokens: int | None = None) -> str:
        """The answer as a whole, not streamed, within both time limits added together.

        Each server is tried once, if it is not known to be down.
        """
        await self.warm()
        attempt = _Attempt(self._servers, set())
        while server := self._next(attempt):
            with attempt.trying(server), self._asking(server, server.breaker.enter()) as works:
                text = await server.complete(messages, max_tokens or self._terms.max_tokens)
                works()
                return text
        raise ModelUnavailable(attempt.problems)

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator["ChatOpenAI"]:
        """The client of the server that would be asked next; what it raises inside is ModelUnavailable."""
        await self.warm()
        attempt = _Attempt(self._servers, set())
        if server := self._next(attempt):
            with attempt.trying(server), self._asking(server, server.breaker.enter()) as works, faults():
                yield await server.chat()
                works()
                return
        raise ModelUnavailable(attempt.problems)

    async def excess(self, messages: Sequence["BaseMessage"]) -> int:
        """Tokens by which messages and answer are over the context; 0 where they fit or nobody knows.

        Asks a server for its count only when an estimate says that they may be near the limit.
        """
        await self.warm()
        server = min(self._servers, key=self._load)
        return await server.excess(messages) if server.breaker.closed else 0

    async def reachable(self) -> list[tuple[str, str]]:
        """Each server's URL with what is wrong with it, or an empty text; asks for its models only."""
        await self.warm()
        return list(await asyncio.gather(*map(_checked, self._servers)))

    async def _tried(
        self, attempt: "_Attempt", messages: Sequence["BaseMessage"]
    ) -> AsyncGenerator[str | Usage, None]:
        """Ask one server after the other until one begins to answer or all that may be asked were."""
        while not attempt.answered and (server := self._next(attempt)):
            # Counted at once: of all who wake together only one may find that the server is to be tried.
            pieces = self._heard(server, server.breaker.enter(), messages)
            if self._only_glanced_at(server):
                pieces = self._probes.glanced(server, pieces, self._grace)
            with attempt.trying(server):
                async with aclosing(pieces):
                    async for piece in pieces:
                        if piece or not attempt.answered:
                            attempt.answered = bool(piece)
                            yield piece

    async def _heard(
        self, server: ModelServer, entered: float, messages: Sequence["BaseMessage"]
    ) -> AsyncGenerator[str | Usage, None]:
        with self._asking(server, entered) as works:
            async with aclosing(server.stream(messages)) as pieces:
                async for piece in pieces:
                    works()
                    yield piece

    def _next(self, attempt: "_Attempt") -> ModelServer | None:
        """The one to ask now: of those that work or may be back; in the end also of those that refused."""
        left = [server for server in self._servers if server not in attempt.tried]
        others_work = any(server.breaker.closed for server in left)
        ready = [server for server in left if not server.breaker.due_in(others_work=others_work)]
        if not ready:
            ready = [
                s for s in left if s not in attempt.refused and (s.breaker.refused or not self._patience)
            ]
        return min(ready, key=self._load, default=None)

    def _load(self, server: ModelServer) -> tuple[bool, int, bool]:
        return server.breaker.due_in() > 0, server.under_way, server is not self._last_good

    @contextmanager
    def _asking(self, server: ModelServer, entered: float) -> Iterator[Callable[[], None]]:
        """Count the request while it is under way, and tell the breaker how it goes; gives what to call at
        each sign of life."""

        def works() -> None:
            self._last_good = server
            if server.breaker.succeed(entered):
                self._back.set()
                self._back = asyncio.Event()

        server.under_way += 1
        try:
            yield works
        except (Overflow, Blank):
            works()
            raise
        except Refused as refused:
            server.breaker.refuse(entered, str(refused))
            raise
        except Fault as fault:
            server.breaker.fail(entered, str(fault), fault.rest)
            raise
        finally:
            server.under_way -= 1

    def _only_glanced_at(self, server: ModelServer) -> bool:
        """Whether nobody waits for it who asks it: others answer sooner, or it has been down for long.

        The request goes on without them: a server may need long for its first word and work all the same.
        """
        others_work = any(other.breaker.closed for other in self._servers)
        given_up = time.monotonic() - self._down_since() > self._patience
        return not server.breaker.closed and (others_work or given_up)

    def _down_since(self) -> float:
        """When the last server ceased to work; now while one does."""
        return max(server.breaker.down_since for server in self._servers)

    async def _rest(self, seconds: float) -> None:
        """Until a server works or may be tried again."""
        due = min(server.breaker.due_in() for server in self._servers)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(due, seconds)):
                await self._back.wait()


class _Attempt:
    """Which servers were tried for a question in a round, and what was wrong with them.

    `refused` outlasts the round: a server that refuses a question is asked no second time.
    """

    def __init__(self, servers: Sequence[ModelServer], refused: set[ModelServer]) -> None:
        self._servers = servers
        self._faults: dict[ModelServer, Fault] = {}
        self.refused = refused
        self.answered = False

    @property
    def tried(self) -> Collection[ModelServer]:
        return self._faults.keys()

    @property
    def hopeless(self) -> bool:
        """Whether waiting does not help."""
        blank = any(isinstance(fault, Blank) for fault in self._faults.values())
        return blank or all(server.breaker.refused for server in self._servers)

    @property
    def problems(self) -> str:
        problems = {server: self._faults.get(server) or server.breaker.problem for server in self._servers}
        return "; ".join(f"{server.name} {problem}" for server, problem in problems.items() if str(problem))

    @contextmanager
    def trying(self, server: ModelServer) -> Iterator[None]:
        """Note a fault, unless it ends the question."""
        try:
            yield
        except Fault as fault:
            self._faults[server] = fault
            if isinstance(fault, Refused):
                self.refused.add(server)
            sentence = f"{server.name} {fault}"
            if isinstance(fault, Overflow):
                raise PromptTooLong(sentence) from fault
            if self.answered:
                raise Interrupted(sentence) from fault


def _opened() -> httpx.AsyncClient:
    # In this thread, where they hold up nobody; the client imports its parts with its first request.
    import langchain_openai  # noqa: F401
    import openai.resources  # noqa: F401
    from httpx_aiohttp import HttpxAiohttpClient

    # Uvicorn, and with it LMDeploy, drops a connection after 5 s of silence: let go of it before.
    # 0 is aiohttp's word for as many connections as it takes.
    limits = httpx.Limits(max_connections=0, keepalive_expiry=4)
    return HttpxAiohttpClient(limits=limits, timeout=httpx.Timeout(None, connect=CONNECT))


async def _checked(server: ModelServer) -> tuple[str, str]:
    try:
        await server.check()
    except Fault as fault:
        return server.name, f"{server.name} {fault}"
    return server.name, ""
