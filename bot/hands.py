"""The conversations that a worker has in hand: taken while there is room, held by their leases, let go."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from bot.conversations import chat_of
from memory.base import MemoryUnavailable
from memory.mail import Inbox, Job

_PAUSE = 0.2  # seconds between two attempts to reach Redis

log = logging.getLogger(__name__)


class InHand(Protocol):
    """What is done about a conversation in hand."""

    @property
    def job(self) -> Job:
        """As it is known now."""

    async def run(self) -> None:
        """Until the conversation is let go, lost or, where this is cancelled, given back."""

    async def renewed(self, asked_at: float, changes: int | None) -> None:
        """Take in what a renewal that was `asked_at` (monotonic) told: `changes`, None if it is lost."""


class Hands:
    """Takes conversations of these platforms, `slots` at once; one chat gets at most half of them.

    `begin` says what is done about one. None is taken while there is no `room`.
    """

    def __init__(
        self,
        inbox: Inbox,
        begin: Callable[[Job], InHand],
        platforms: Sequence[str],
        slots: int,
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._inbox = inbox
        self._begin = begin
        self._platforms = platforms
        self._slots = slots
        self._may_take = room
        self._in_hand: dict[asyncio.Task[None], InHand] = {}
        self._room = asyncio.Event()
        self._taking = asyncio.Lock()
        self._draining = False
        self._reachable = True

    def __len__(self) -> int:
        """How many are in hand."""
        return len(self._in_hand)

    async def run(self) -> None:
        """Take conversations and hold them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for work in (self._hold(), self._take()):
                group.create_task(work)

    async def drain(self, within: float) -> None:
        """Take no more; let what is in hand end `within` so many seconds, and give the rest back.

        `run` goes on meanwhile: it keeps what is in hand.
        """
        self._draining = True
        until = time.monotonic() + within
        with suppress(TimeoutError):
            async with asyncio.timeout(within), self._taking:
                pass  # what is being taken is in hand now
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=max(0.0, until - time.monotonic()))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self) -> None:
        while not self._draining:
            if not self._may_take():
                await asyncio.sleep(_PAUSE)
                continue
            self._room.clear()
            try:
                async with self._taking:
                    taken = await self._take_some()
            except MemoryUnavailable as error:
                await self._unreachable(error)
                continue
            if not self._reachable:
                log.info("Redis answers again")
            self._reachable = True
            if len(self._in_hand) >= self._slots:
                await self._room.wait()
            elif not taken:
                await self._inbox.ready()

    async def _take_some(self) -> int:
        """How many conversations were taken."""
        chats = Counter(chat_of(one.job.conversation) for one in self._in_hand.values())
        half = max(self._slots // 2, 1)
        full = [chat for chat, count in chats.items() if count >= half]
        room = half - max((count for count in chats.values() if count < half), default=0)
        held = len(self._in_hand)
        platforms = random.sample(self._platforms, len(self._platforms))
        jobs = await self._inbox.take(platforms, min(self._slots - held, room), held, full)
        for job in jobs:
            one = self._begin(job)
            task = asyncio.create_task(one.run())
            self._in_hand[task] = one
            task.add_done_callback(self._ended)
        return len(jobs)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task]
        self._room.set()
        if not task.cancelled():
            task.result()

    async def _hold(self) -> None:
        """Renew all leases in hand, three times before they end."""
        while True:
            await asyncio.sleep(self._inbox.lease * 0.3)
            in_hand = list(self._in_hand.values())
            asked_at = time.monotonic()
            try:
                renewals = await self._inbox.renew([one.job for one in in_hand])
            except MemoryUnavailable as error:
                await self._unreachable(error)
                continue
            renewed = (one.renewed(asked_at, count) for one, count in zip(in_hand, renewals, strict=True))
            await asyncio.gather(*renewed)

    async def _unreachable(self, error: MemoryUnavailable) -> None:
        if self._reachable:
            log.error("%s", error)
        self._reachable = False
        await asyncio.sleep(_PAUSE)
