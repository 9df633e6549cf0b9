"""One reply as it grows at Feishu: a sign, frames now or never, one at a time, and then the whole of it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import TypeVar

from adapters.base import Reply
from adapters.feishu_cards import Part, frame_of, parts_of
from adapters.feishu_once import Once
from adapters.feishu_typing import Typing

Withheld = Callable[[Reply], str]
"""What is said in the place of a reply that Feishu does not let the bot say."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds: between two frames at first and at most, and how long the sign alone is shown.

    `renew`: when a card is told to stream on, which Feishu ends after 600 s. `fresh`: what is older is shown
    no more, since another process may have the conversation. `patience`: that with a frame under way, by
    the whole reply; `aftermath`: with any call, when the answer is given up or shown.
    """

    pause: float = 0.4
    longest: float = 1.0
    pending: float = 4.0
    renew: float = 480.0
    fresh: float = 8.0
    patience: float = 5.0
    aftermath: float = 2.0

    def after(self, age: float) -> float:
        """The pause in an answer that has grown for so long: a quarter more every ten seconds."""
        return min(self.pause * 1.25 ** int(age // 10), self.longest)


TIMING = Timing()


class Growth:
    """A reply that is being shown: frames, then `final` once, and `leave` whatever happened.

    Of a reply that was shown, what is still to be tidied up goes on in a task in `tidying`.
    """

    def __init__(
        self,
        once: Once,
        typing: Typing,
        withheld: Withheld,
        web_url: str,
        timing: Timing,
        tidying: set[asyncio.Task[None]],
    ) -> None:
        self._once = once
        self._typing = typing
        self._withheld = withheld
        self._web_url = web_url
        self._timing = timing
        self._tidying = tidying
        self._complete = False
        self._loop = asyncio.get_running_loop()
        self._latest: Reply | None = None
        self._came_at = 0.0
        self._news = asyncio.Event()
        self._calling = asyncio.Lock()
        self._growing: asyncio.Task[None] | None = None

    def frame(self, reply: Reply) -> None:
        """Show what it has grown to, soon or not at all. Raises what an earlier frame met with."""
        self._latest, self._came_at = reply, self._loop.time()
        self._news.set()
        if reply.pending:
            self._typing.begin()
        if self._growing is None:
            self._growing = asyncio.create_task(self._grow())
        elif self._growing.done():
            self._growing.result()

    async def final(self, reply: Reply) -> str:
        """Show the whole of it, once, and return its sent id."""
        await self._ended(self._timing.patience)
        if self._growing and not self._growing.cancelled():
            self._growing.result()
        sent_id = await self._whole(self._shown(reply))
        self._complete = True
        return sent_id

    async def leave(self) -> None:
        """No frame is shown from now on, no card streams, and no sign says that the bot works."""
        await self._ended(self._timing.aftermath)
        leaving = asyncio.create_task(self._left())
        self._tidying.add(leaving)
        leaving.add_done_callback(self._tidying.discard)
        await asyncio.wait([leaving], timeout=self._timing.aftermath)
        if not self._complete:  # who completes it tidies up
            await _stopped(leaving)

    async def _left(self) -> None:
        await asyncio.gather(self._once.close(), self._typing.end())

    async def _grow(self) -> None:
        """One frame after the other, the newest each time."""
        begun, painted = self._loop.time(), None
        await self._words(begun + self._timing.pending)
        while self._latest:
            self._news.clear()
            stale = self._loop.time() - self._came_at > self._timing.fresh
            frame = frame_of(self._latest, self._web_url)
            if frame != painted and not stale:
                async with self._calling:
                    if not await self._once.frame(frame):
                        return
                painted = frame
            await asyncio.sleep(self._timing.after(self._loop.time() - begun))
            await self._news.wait()

    async def _words(self, until: float) -> None:
        """Return when there is something of the answer, or it has not come for long."""
        while self._latest and self._latest.pending:
            self._news.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._news.wait()
            except TimeoutError:
                return

    async def _ended(self, within: float) -> None:
        """Begin no more frames, and wait so long for the one under way."""
        if self._growing is None:
            return
        try:
            async with asyncio.timeout(within), self._calling:
                self._growing.cancel()
        except TimeoutError:
            pass  # Feishu takes a late frame no more: its number is lower
        await _stopped(self._growing)

    async def _shown(self, reply: Reply) -> str:
        def neutral() -> list[Part]:
            return parts_of(replace(reply, text=self._withheld(reply), sources=(), buttons=()))

        if reply.reaction and not self._once.begun and await self._typing.thanks():
            return ""
        return await self._once.show(parts_of(reply, self._web_url), neutral, reply.enclosures)

    async def _whole(self, step: Coroutine[None, None, _Result]) -> _Result:
        """The step; cancelled, it still has a moment to end."""
        task = asyncio.create_task(step)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=self._timing.aftermath)
            await _stopped(task)
            raise


async def _stopped(task: asyncio.Task[_Result]) -> None:
    """Return when it has ended; what it raised is not missed."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
