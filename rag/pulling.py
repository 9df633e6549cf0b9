"""Waiting for a stream's first piece: with signs for who waits, or no longer than a glance.

It is awaited in a task of its own, so that nothing is lost when somebody looks up in between.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TypeVar

from rag.faults import Fault
from rag.model_server import ModelServer
from rag.types import Waiting

Piece = TypeVar("Piece")


async def with_signs(
    pieces: AsyncGenerator[Piece, None], seconds: float
) -> AsyncGenerator[Piece | Waiting, None]:
    """`pieces`, which are closed by the caller, and a Waiting for every `seconds` before the first.

    Of their own Waiting the first is passed on at once, and "" puts off the next sign.
    """
    sign, told, due = Waiting("nothing was said yet"), False, time.monotonic() + seconds
    while True:
        async with _pulled(pieces) as first:
            while not await _come(first, due - time.monotonic()):
                told, due = True, time.monotonic() + seconds
                yield sign
        match first.result():
            case None:
                return
            case Waiting() as sign:
                if not told:
                    told, due = True, time.monotonic() + seconds
                    yield sign
            case "":
                due = time.monotonic() + seconds
            case piece:
                yield piece
                break
    async for piece in pieces:
        yield piece


class Probes:
    """Requests that go on when their askers have left, one a server, only to see whether it is back."""

    def __init__(self) -> None:
        self._going: dict[ModelServer, asyncio.Task[None]] = {}

    async def glanced(
        self, server: ModelServer, pieces: AsyncGenerator[Piece, None], seconds: float
    ) -> AsyncGenerator[Piece, None]:
        """`pieces` if they begin within `seconds`; else a Fault, and the request goes on until they do."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(aclosing(pieces))
            first = await held.enter_async_context(_pulled(pieces))
            if not await _come(first, seconds) and not server.breaker.closed:
                server.breaker.linger()
                if server not in self._going:
                    self._going[server] = asyncio.create_task(self._awaited(server, first, held.pop_all()))
                raise Fault(f"said nothing for {seconds:g} s")
            await asyncio.wait({first})
            if (piece := first.result()) is not None:
                yield piece
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        going = [*self._going.values()]
        for probe in going:
            probe.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _awaited(
        self, server: ModelServer, first: asyncio.Task[Piece | None], held: AsyncExitStack
    ) -> None:
        try:
            async with held:
                await asyncio.wait({first})
        finally:
            del self._going[server]


@asynccontextmanager
async def _pulled(pieces: AsyncGenerator[Piece, None]) -> AsyncIterator[asyncio.Task[Piece | None]]:
    """The next piece, None behind the last, as a task that ends with the context."""

    async def following() -> Piece | None:
        return await anext(pieces, None)

    task = asyncio.create_task(following())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        # Whoever left does not look: asyncio would complain of that.
        _ = task.cancelled() or task.exception()


async def _come(task: asyncio.Task[Piece | None], seconds: float) -> bool:
    return bool((await asyncio.wait({task}, timeout=seconds))[0])
