"""Has what comes from Feishu accepted by the bot, whichever way it comes, and says what is to be answered."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from adapters.base import Accept, Message, NotAccepted
from adapters.feishu_client import FeishuClient, Me
from adapters.feishu_event import Reader, chat_of, is_press
from adapters.feishu_json import Table
from adapters.feishu_lookup import Lookup
from adapters.feishu_shown import Shown
from adapters.feishu_toasts import Toasts

TAKEN, NOT_TAKEN = 200, 500

DONE = "收到 · Got it"
"""What who pressed a button reads while what comes of it takes longer."""

AWAY = "现在收不到，请稍后再点一次。 Please press again in a moment."
"""What they read when the bot could not take it in: Feishu sends no press twice."""

_MOST = 1000  # events in hand; the rest will come again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """An acknowledgement: 200, or 500 to get the event again; `answer` is what who pressed is shown."""

    status: int
    answer: Table | None = None


def _nothing(_chat_id: str) -> None:
    """Nobody needs to know."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking events in needs; `left` is told each chat that the bot was removed from.

    Who pressed a button waits `toast_within` seconds for what came of it; Feishu waits three.
    """

    client: FeishuClient
    shown: Shown
    toasts: Toasts
    left: Callable[[str], None] = _nothing
    toast_within: float = 2.3

    def inlet(self, me: Me, accept: Accept) -> "Inlet":
        """Where events go in, as long as messages are accepted."""
        return Inlet(Reader(me, Lookup(self.client, self.shown, me)), accept, self)


class Inlet:
    """Takes events in: those of a chat one after the other, chats side by side."""

    def __init__(self, reader: Reader, accept: Accept, desk: Desk) -> None:
        self._reader = reader
        self._accept = accept
        self._desk = desk
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._in_hand = 0
        self._troubled = False

    async def take(self, event: Table) -> Taken:
        """Return when it is safe with the bot, or none of its business, or known not to be safe.

        Whoever calls in the order in which events came has those of a chat taken in that order.
        """
        if self._in_hand >= _MOST:
            return Taken(NOT_TAKEN)
        self._in_hand += 1
        try:
            if is_press(event):
                return await self._press(event)
            async with self._turn(chat_of(event)):
                return await self._take(event)
        finally:
            self._in_hand -= 1

    async def _take(self, event: Table) -> Taken:
        arrival = await self._reader.read(event)
        if arrival.left:
            self._desk.left(arrival.left)
        if arrival.message and not await self._accepted(arrival.message):
            return Taken(NOT_TAKEN)
        return Taken(TAKEN)

    async def _press(self, event: Table) -> Taken:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._desk.toast_within
        arrival = await self._reader.read(event)
        if arrival.message is None:
            return _toast("warning", arrival.toast)
        press_id = arrival.message.id
        self._desk.toasts.expect(press_id)
        accepted = await self._accepted(arrival.message)
        toast = await self._desk.toasts.taken(press_id, until - loop.time() if accepted else 0)
        return _toast("info", toast or DONE) if accepted else _toast("error", AWAY)

    @asynccontextmanager
    async def _turn(self, chat: str) -> AsyncIterator[None]:
        lock = self._turns.setdefault(chat, asyncio.Lock())
        async with lock:
            yield

    async def _accepted(self, message: Message) -> bool:
        try:
            await self._accept(message)
        except NotAccepted as error:
            if not self._troubled:
                log.error("%s Feishu sends it again.", error)
            self._troubled = True
            return False
        if self._troubled:
            log.info("Feishu's messages are taken in again.")
        self._troubled = False
        return True


def _toast(kind: str, text: str) -> Taken:
    return Taken(TAKEN, {"toast": {"type": kind, "content": text}})
