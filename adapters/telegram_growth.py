"""One reply as it grows at Telegram: frames now or never, one at a time, and then the whole of it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import inf
from typing import Protocol, TypeVar

from adapters.base import Button, ChatClosed, DeliveryFailed, Reply
from adapters.telegram_api import NotOffered, OutcomeUnknown, Place, TelegramApi
from adapters.telegram_once import Once, Piece
from adapters.telegram_text import Part, frame_of, parts_of

Lost = Callable[[Reply], tuple[str, Button]]
"""What is said where nobody knows whether this reply arrived, and the button that brings it again."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Tempo:
    """In seconds: between two frames at first and at most, before the first, until one is shown once more."""

    pause: float
    longest: float
    before: float = 0.0
    again: float = inf

    def after(self, age: float) -> float:
        """The pause in an answer that has grown for so long: half as long again each minute."""
        return min(self.pause * 1.5 ** int(age // 60), self.longest)


@dataclass(frozen=True, slots=True)
class Timing:
    """The tempo of each kind of frame, and in seconds how long a call under way is waited for.

    `patience`: that of a frame, by the whole reply; `aftermath`: any, when the answer is given up. After
    `unnoticed` a reply is sent anew, since nobody is alerted of an edit. `typing`: the sign ends after 5 s.
    """

    drafts: Tempo = Tempo(1.0, 4.0, again=20.0)  # Telegram shows a draft for 30 s
    edits: Tempo = Tempo(3.0, 12.0, before=0.5)
    patience: float = 5.0
    aftermath: float = 2.0
    unnoticed: float = 20.0
    typing: float = 4.5


TIMING = Timing()


class Frames(Protocol):
    """Where frames are shown."""

    @property
    def tempo(self) -> Tempo: ...

    @property
    def unnoticed_since(self) -> float:
        """When the asker was last alerted of a message that only changes since, by the loop's clock."""

    async def paint(self, part: Part) -> bool:
        """Show one in one try; whether there was room for it."""


class Placed:
    """In a message: a placeholder, or the reply before an edit."""

    def __init__(self, once: Once, tempo: Tempo) -> None:
        self.tempo = tempo
        self.unnoticed_since = inf
        self._once = once

    async def paint(self, part: Part) -> bool:
        sent = not self._once.begun
        shown = await self._once.frame(part)
        if sent and shown:
            self.unnoticed_since = asyncio.get_running_loop().time()
        return shown


class Drafted:
    """In a draft; where the server knows none, this is told to `none`, and a message takes its place."""

    def __init__(
        self,
        api: TelegramApi,
        place: Place,
        key: int,
        tempo: Tempo,
        none: Callable[[], None],
        placed: Placed,
    ) -> None:
        self._api = api
        self._place = place
        self._key = key
        self._tempo = tempo
        self._none = none
        self._placed = placed
        self._works = True

    @property
    def tempo(self) -> Tempo:
        return self._tempo if self._works else self._placed.tempo

    @property
    def unnoticed_since(self) -> float:
        return self._placed.unnoticed_since

    async def paint(self, part: Part) -> bool:
        if self._works:
            try:
                return await self._api.draft(self._place, self._key, part)
            except NotOffered:
                self._works = False
                self._none()
        return await self._placed.paint(part)


class Growth:
    """A reply that is being shown: frames, then `final` once, and `leave` whatever happened.

    A frame is shown when it comes or is passed over, since `replies` was sure only then that this process
    has the conversation; no final waits behind it for long, and none is followed by it.
    """

    def __init__(self, frames: Frames, once: Once, lost: Lost, web_url: str, timing: Timing) -> None:
        self._frames = frames
        self._once = once
        self._lost = lost
        self._web_url = web_url
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._free_at = self._begun + frames.tempo.before
        self._painted: Part | None = None
        self._painting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = not once.certain  # nothing may be shown before what is unknown
        self._adrift = False  # a frame under way may take effect later
        self._latest: Reply | None = None

    def frame(self, reply: Reply) -> None:
        """Show what it has grown to, or pass it over, at once. Raises what an earlier frame met with."""
        self._latest = reply
        if self._painting and self._painting.done():
            self._painting.result()
        if self._loop.time() >= self._free_at:
            self._paint()
        elif self._painting is None and self._timer is None:
            self._wake_at(self._free_at)

    async def final(self, reply: Reply) -> str:
        """Show the whole of it, once, and return its sent id."""
        await self._ended(self._timing.patience)
        if self._painting and not self._painting.cancelled():
            self._painting.result()
        return await self._whole(self._shown(reply))

    async def leave(self) -> None:
        """No frame is shown from now on."""
        await self._ended(self._timing.aftermath)

    def _paint(self, due: bool = False) -> None:
        """Show the latest in its turn, unless it stands already; `due`: also then."""
        if self._over or self._latest is None or (self._painting and not self._painting.done()):
            return
        part, now, tempo = frame_of(self._latest), self._loop.time(), self._frames.tempo
        if part == self._painted and not due:
            return
        self._painted = part
        self._free_at = now + tempo.after(now - self._begun)
        self._painting = asyncio.create_task(self._one(part))

    def _wake_at(self, when: float) -> None:
        if self._timer:
            self._timer.cancel()
        if when < inf:
            self._timer = self._loop.call_at(when, self._paint, True)

    async def _one(self, part: Part) -> None:
        tried = False
        try:
            if not await self._frames.paint(part):
                self._painted = None  # the next one may pass: what stands may be a single word
            tried = True
        except OutcomeUnknown:
            self._adrift = True
        except ChatClosed:
            raise
        except DeliveryFailed:
            pass  # the final will see what is wrong
        finally:
            self._over = self._over or not tried
        if not self._over:
            self._wake_at(self._loop.time() + self._frames.tempo.again)

    async def _ended(self, within: float) -> None:
        """Begin no more frames, and wait so long for the one under way."""
        self._over = True
        if self._timer:
            self._timer.cancel()
        if self._painting:
            await asyncio.wait([self._painting], timeout=within)
            self._adrift = self._adrift or not self._painting.done()
            await _stopped(self._painting)

    async def _shown(self, reply: Reply) -> str:
        alert = self._loop.time() - self._frames.unnoticed_since > self._timing.unnoticed
        if self._adrift or alert:
            await self._once.clear()
        elif reply.reaction and await self._once.reacted(reply.reaction):
            return ""
        pieces: list[Piece] = [*parts_of(reply, self._web_url), *reply.enclosures]
        return await self._once.show(pieces, reply.buttons, lambda: self._lost(reply))

    async def _whole(self, step: Coroutine[None, None, _Result]) -> _Result:
        """The step; cancelled, it still has a moment to end: what is broken off may take effect unseen."""
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
