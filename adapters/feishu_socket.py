"""The long connection by which events come from Feishu without a public address, kept up until the end.

It is not lark-oapi's, which blocks the loop, never notices a half-open socket, gives up for ever when it is
turned away once, and cannot be stopped.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import httpx

from adapters.base import Accept, AdapterError
from adapters.feishu_client import Me
from adapters.feishu_inlet import Desk
from adapters.feishu_link import Broken, Door, Take, TurnedAway
from adapters.proxy import way_to

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds: at most until the first attempt to connect again, the first and the longest pause after it,
    the pause after being turned away, and how long a connection must hold for all to be well again."""

    jitter: float = 1.0
    pause: float = 1.0
    longest: float = 30.0
    away: float = 60.0
    steady: float = 30.0


RHYTHM = Rhythm()


class Socket:
    """Keeps one connection open. `dice` gives numbers from 0 to 1."""

    def __init__(
        self,
        door: Door,
        desk: Desk,
        rhythm: Rhythm = RHYTHM,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._door = door
        self._desk = desk
        self._rhythm = rhythm
        self._clock, self._dice = clock, dice
        self._connected = False
        self._failures = 0
        self._told: set[type[AdapterError]] = set()

    @property
    def connected(self) -> bool:
        """Whether messages can come in."""
        return self._connected

    async def run(self, me: Me, accept: Accept) -> None:
        """Take messages in until cancelled. Raises PlatformRefused."""
        inlet = self._desk.inlet(me, accept)
        answering: set[asyncio.Task[None]] = set()
        secure = httpx.create_ssl_context() if self._door.domain.startswith("https:") else True
        connector = way_to(self._door.domain).connector(secure)
        try:
            async with aiohttp.ClientSession(connector=connector) as session:
                while True:
                    try:
                        await self._connection(session, inlet.take, answering)
                    except (Broken, TurnedAway) as error:
                        await self._rest(error)
        finally:
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)

    async def _connection(
        self, session: aiohttp.ClientSession, take: Take, answering: set[asyncio.Task[None]]
    ) -> None:
        link = await self._door.open(session)
        since, self._connected = self._clock(), True
        if self._told:
            log.info("Feishu's events come in again.")
        try:
            await link.run(take, answering)
        finally:
            self._connected = False
            if self._clock() - since >= self._rhythm.steady:
                self._failures = 0
                self._told.clear()

    async def _rest(self, error: AdapterError) -> None:
        """Say what went wrong, unless it was said of late, and return when it may be tried again.

        The first time that is almost at once, spread so that not all bots of a gateway that restarts come
        in the same moment.
        """
        if type(error) not in self._told and (self._failures or isinstance(error, TurnedAway)):
            log.error("%s It is tried again until it works.", error)
            self._told.add(type(error))
        elif not self._failures:
            log.info("%s A new one is opened.", error)
        await asyncio.sleep(self._pause(error))
        self._failures += 1

    def _pause(self, error: AdapterError) -> float:
        if isinstance(error, TurnedAway):
            return self._rhythm.away
        if not self._failures:
            return self._rhythm.jitter * self._dice()
        pause = min(self._rhythm.pause * 2.0 ** min(self._failures - 1, 30), self._rhythm.longest)
        return pause * (1 + self._dice()) / 2
