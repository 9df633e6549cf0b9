"""What the bot does by itself, through the inbox like all else: once, in order within a lane, never lost.

A lane is anything that must not be done twice at a time: a chat that something is posted to, a task.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from adapters.base import ChatClosed, Delivery, DeliveryFailed
from bot.hands import Hands
from memory.base import LeaseLost, MailChanged, MemoryUnavailable
from memory.mail import Inbox, Job, Letter

PLATFORM = "errands"

TRIES = 3
"""Attempts that may fail for a reason nobody knows before an errand is buried."""

GIVEN_UP = 2 * 24 * 3600.0
"""Seconds for which an errand is tried whose chat cannot be reached."""

_AT_ONCE = 16
_LONGEST_PAUSE = 60.0  # seconds between two attempts to deliver
_GIVE_BACK = 1.0  # seconds with a Redis that does not answer; the lease ends soon by itself

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be done: what `kind`, with `body` (the doer's own writing), once per `id` in two days.

    `person` is whose words are in it, by id: who is forgotten takes it along.
    """

    id: str
    lane: str
    kind: str
    body: str = ""
    person: str = ""

    def to_json(self) -> list[str]:
        """Its fields."""
        return [self.id, self.lane, self.kind, self.body, self.person]


Queue = Callable[[Errand], Awaitable[None]]
"""Takes an errand; it is safe when this returns. May raise MemoryUnavailable. The same one may come again."""


@dataclass(slots=True)
class Underway:
    """An errand in hand. It may be done again after a crash, with the `sent_id` that was kept last.

    `at` is Unix seconds of when it was queued.
    """

    errand: Errand
    at: float
    sent_id: str
    _keep: Callable[[str], Awaitable[None]] = field(repr=False)

    async def keep(self, sent_id: str) -> None:
        """Keep what it is shown under."""
        self.sent_id = sent_id
        await self._keep(sent_id)

    @property
    def delivery(self) -> Delivery:
        """How something is shown for it, safe to repeat."""
        return Delivery(self.errand.id, self.sent_id, self.keep)


Doer = Callable[[Underway], Awaitable[float | None]]
"""Does an errand: None when it is done, else in how many seconds it is to be looked at again.

It may be killed anywhere and is begun again then: what it does by steps is safe to repeat. DeliveryFailed and
MemoryUnavailable have it tried later.
"""


async def queue(inbox: Inbox, errand: Errand) -> None:
    """Have it done by any process; it is safe when this returns. Raises MemoryUnavailable."""
    lane = f"{PLATFORM}:{quote(errand.lane, safe='')}"
    body = json.dumps([errand.kind, errand.body], ensure_ascii=False)
    letter = Letter(f"{PLATFORM}:{errand.id}", lane, body, time.time(), sender=errand.person)
    state = await inbox.accept(letter)
    if state in ("busy", "busy_told"):
        raise MemoryUnavailable(f"Too much waits to be done in {errand.lane!r}; see why nothing of it ends.")


class Errands:
    """Does what was queued, each kind by its doer; what failed is tried again in `pause` seconds or more."""

    def __init__(self, inbox: Inbox, doers: Mapping[str, Doer], pause: float = 1.0) -> None:
        self.inbox = inbox
        self.doers = doers
        self.pause = pause

    def hands(self, room: Callable[[], bool] = lambda: True) -> Hands:
        """What takes errands while there is room, and does them."""
        return Hands(self.inbox, lambda job: Lane(job, self), (PLATFORM,), _AT_ONCE, room)


class Lane:
    """A lane in hand, and the first errand that waits in it."""

    def __init__(self, job: Job, errands: Errands) -> None:
        self.job = job
        self._inbox = errands.inbox
        self._letter = job.letters[0] if job.letters else None
        self._errands = errands

    async def run(self) -> None:
        """Do it, or put it off. When cancelled, give it back."""
        try:
            [error] = await asyncio.gather(self._do(), return_exceptions=True)
        except asyncio.CancelledError:
            await self._put_back()
            raise
        if error is not None and not isinstance(error, LeaseLost):
            await self._failed(error)

    async def renewed(self, asked_at: float, changes: int | None) -> None:
        """Nothing: what is written for a lane that is lost is refused, and other letters wait their turn."""

    async def _do(self) -> None:
        if (letter := self._letter) is None:
            await self._insist(lambda: self._inbox.done(self.job, ()))
            return
        if max(self.job.failures, self.job.blame) >= TRIES:
            await self._bury(letter, "every attempt failed, or its worker died")
            return
        kind, body = json.loads(letter.body)
        id = letter.id.removeprefix(f"{PLATFORM}:")
        underway = Underway(
            Errand(id, self.job.conversation, kind, body), letter.at, letter.sent_id, self._keep
        )
        doer = self._errands.doers.get(kind)
        if doer is None:
            raise DeliveryFailed(f"nothing here does what is called {kind}; another version of puyu may")
        pause = await doer(underway)
        if pause is None:
            await self._insist(lambda: self._inbox.done(self.job, [letter.id]))
        else:
            await self._inbox.put_back(self.job, pause=pause)

    async def _keep(self, sent_id: str) -> None:
        # It may be forgotten meanwhile, and another be the first.
        assert self._letter is not None
        id = self._letter.id
        await self._insist(lambda: self._inbox.keep_sent(self.job, id, sent_id))

    async def _failed(self, error: BaseException) -> None:
        if (letter := self._letter) is None:
            await self._put_back()
            return
        expected = isinstance(error, DeliveryFailed | MemoryUnavailable)
        log.warning("%s is not done yet: %s", letter.id, error, exc_info=None if expected else error)
        age = time.time() - letter.at
        if isinstance(error, ChatClosed) or (isinstance(error, DeliveryFailed) and age > GIVEN_UP):
            with suppress(LeaseLost, MemoryUnavailable):
                await self._bury(letter, str(error))
        else:
            await self._put_back(
                failed=not expected, pause=min(max(age / 4, self._errands.pause), _LONGEST_PAUSE)
            )

    async def _bury(self, letter: Letter, reason: str) -> None:
        log.error("%s is given up: %s", letter.id, reason)
        await self._insist(lambda: self._inbox.bury(self.job, [letter.id], reason))

    async def _insist(self, call: Callable[[], Awaitable[None]]) -> None:
        """Call until nothing came in meanwhile."""
        while True:
            try:
                return await call()
            except MailChanged:
                self.job = await self._inbox.look(self.job)

    async def _put_back(self, failed: bool = False, pause: float = 0.0) -> None:
        with suppress(LeaseLost, MemoryUnavailable, TimeoutError):
            async with asyncio.timeout(_GIVE_BACK):
                await self._inbox.put_back(self.job, failed, pause)
