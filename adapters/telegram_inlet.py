"""Has what comes from Telegram accepted by the bot, whichever way it comes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import Accept, AdapterError
from adapters.telegram_api import Me, PolledElsewhere, TelegramApi
from adapters.telegram_message import Arrival, Reader

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that are asked for: those that are used."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds: of a poll, of a lease, of the first and the longest pause after a failure.

    After `silence` without a good poll the bot counts as cut off, and after as long without a failure that
    one is over. Within `press` whoever replies to a pressed button may answer it in their own words.
    """

    poll: float = 30.0
    lease: float = 6.0
    pause: float = 1.0
    longest: float = 30.0
    silence: float = 60.0
    press: float = 2.0


RHYTHM = Rhythm()


class Trouble:
    """Failures in a row: each kind is told once, and the pauses after them grow."""

    def __init__(
        self,
        rhythm: Rhythm,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rhythm = rhythm
        self._clock, self._wait = clock, wait
        self._pause = rhythm.pause
        self._told: set[type[AdapterError]] = set()
        self._last = 0.0
        self._contested = False

    def tell(self, error: AdapterError) -> None:
        """Say what went wrong, unless it was said of late."""
        if type(error) not in self._told:
            log.error("%s It is tried again until it works.", error)
        self._told.add(type(error))
        self._last, self._contested = self._clock(), isinstance(error, PolledElsewhere)

    async def rest(self, error: AdapterError) -> None:
        """Say it, and return when it may be tried again."""
        self.tell(error)
        await self._wait(self._pause)
        self._pause = min(2 * self._pause, self._rhythm.longest)

    def over(self) -> None:
        """It works; when it does for a while, that is said. Who polls against another does in between too."""
        lasting = self._clock() - self._last > self._rhythm.silence
        if self._told and lasting:
            log.info("Telegram's messages come in again.")
            self._told.clear()
        if lasting or not self._contested:
            self._pause = self._rhythm.pause


class Inlet:
    """Takes updates in. It lives as long as messages are accepted."""

    def __init__(self, api: TelegramApi, me: Me, accept: Accept, rhythm: Rhythm) -> None:
        self._api = api
        self._reader = Reader(me)
        self._accept = accept
        self._rhythm = rhythm
        self._answering: set[asyncio.Task[None]] = set()

    def read(self, updates: Sequence[Mapping[str, Any]]) -> list[Arrival]:
        """What they bring. Who pressed a button sees soon that it was felt."""
        arrivals = self._reader.read(updates)
        for arrival in arrivals:
            if arrival.chat_id:
                self._api.reopened(arrival.chat_id)
            if arrival.press_id:
                answering = asyncio.create_task(self._answer(arrival))
                self._answering.add(answering)
                answering.add_done_callback(self._answering.discard)
        return arrivals

    async def take(self, arrival: Arrival) -> None:
        """Return when it is safe with the bot; raises NotAccepted when it is not."""
        if arrival.message:
            await self._accept(arrival.message)

    async def close(self) -> None:
        """Leave what is not answered yet."""
        for answering in self._answering:
            answering.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    async def _answer(self, press: Arrival) -> None:
        await asyncio.sleep(self._rhythm.press if press.message else 0)
        try:
            await self._api.answer_press(press.press_id)
        except AdapterError as error:
            log.info("A pressed button was not answered: %s", error)
