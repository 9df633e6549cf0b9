"""From the inbox to shown replies: many conversations at once, and each in the hands of one worker."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from adapters.base import Adapter
from bot.assistant import Assistant
from bot.conversations import chat_of
from bot.course import Limits
from bot.handling import Handling
from memory.base import Inbox, MemoryUnavailable

_PAUSE = 0.2  # seconds between two attempts to reach Redis

log = logging.getLogger(__name__)


class Worker:
    """Answers the conversations of these platforms, `slots` at once; one chat gets at most half of them.

    Any number of workers, in any number of processes, may share an inbox.
    """

    def __init__(
        self,
        inbox: Inbox,
        assistant: Assistant,
        platforms: Mapping[str, Adapter],
        limits: Limits,
        slots: int = 256,
    ) -> None:
        self._inbox = inbox
        self._assistant = assistant
        self._platforms = platforms
        self._limits = limits
        self._slots = slots
        self._in_hand: dict[asyncio.Task[None], Handling] = {}
        self._room = asyncio.Event()
        self._taking = asyncio.Lock()
        self._draining = False
        self._reachable = True

    async def run(self) -> None:
        """Take conversations and answer them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for work in (self._inbox.listen(), self._hold(), self._take()):
                group.create_task(work)

    async def drain(self, within: float) -> None:
        """Take no more; let answers end `within` so many seconds, and give back what is not done by then.

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
        chats = Counter(chat_of(handling.job.conversation) for handling in self._in_hand.values())
        half = max(self._slots // 2, 1)
        full = [chat for chat, count in chats.items() if count >= half]
        room = half - max((count for count in chats.values() if count < half), default=0)
        held = len(self._in_hand)
        platforms = random.sample(list(self._platforms), len(self._platforms))
        jobs = await self._inbox.take(platforms, min(self._slots - held, room), held, full)
        for job in jobs:
            handling = Handling(job, self._inbox, self._assistant, self._platforms, self._limits)
            task = asyncio.create_task(handling.run())
            self._in_hand[task] = handling
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
            handlings = list(self._in_hand.values())
            asked_at = time.monotonic()
            try:
                renewals = await self._inbox.renew([handling.job for handling in handlings])
            except MemoryUnavailable as error:
                await self._unreachable(error)
                continue
            renewed = (one.renewed(asked_at, count) for one, count in zip(handlings, renewals, strict=True))
            await asyncio.gather(*renewed)

    async def _unreachable(self, error: MemoryUnavailable) -> None:
        if self._reachable:
            log.error("%s", error)
        self._reachable = False
        await asyncio.sleep(_PAUSE)
