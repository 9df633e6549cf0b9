"""Work in the background, through the inbox like all else: what has left a window is told by a summary."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol
from urllib.parse import quote, unquote

from bot.conversations import belongs_to
from bot.hands import Hands
from bot.keeping import Kept
from memory.base import Fact, History, LeaseLost, MailChanged, MemoryUnavailable, Turn
from memory.mail import Inbox, Job, Letter
from rag.types import Exchange

PLATFORM = "chores"

FOLD_AFTER = 8
"""Turns beyond the window that a summary may leave out for a while."""

TRIES = 3
"""Attempts that may fail before a chore is dropped; the next turn queues another one."""

_AT_ONCE = 2  # chores of one process: they ask the model past the gate
_GIVE_BACK = 1.0  # seconds with a Redis that does not answer; the lease ends soon by itself
_ROUNDS = 5  # of turns that are told of in one go; where more are left, the next turn queues another chore

log = logging.getLogger(__name__)


class Summaries(Protocol):
    """Tells in short what was said."""

    async def fold(self, summary: str, exchanges: Sequence[Exchange]) -> str:
        """The summary that tells of these exchanges too."""

    async def facts(self, exchanges: Sequence[Exchange]) -> Sequence[tuple[str, Exchange]]:
        """What askers told of themselves, each with the exchange in which they did."""


async def queue(inbox: Inbox, conversation: str, kept: Kept) -> None:
    """Have the conversation's summary brought up to date, when what was just kept makes it worth it.

    One chore of a conversation waits at most. One that is not taken in is queued after the next turn.
    """
    if kept.beyond < FOLD_AFTER:
        return
    chore = f"{PLATFORM}:{quote(conversation, safe='')}"
    try:
        if not await inbox.waiting(chore):
            await inbox.accept(Letter(f"{chore}:{kept.turn.message_id}", chore, "", time.time()))
    except MemoryUnavailable as error:
        log.info("a summary waits for the next turn: %s", error)


class Chores:
    """Does what `queue` has put into the inbox, `_AT_ONCE` at a time.

    The inbox is an object of its own: who looks for chores must not take people's conversations for seen.
    An attempt that failed is made again after `pause` seconds.
    """

    def __init__(self, inbox: Inbox, history: History, summaries: Summaries, pause: float = 60.0) -> None:
        self.inbox = inbox
        self.history = history
        self.summaries = summaries
        self.pause = pause

    def hands(self, room: Callable[[], bool]) -> Hands:
        """What takes chores while there is room, and does them."""
        return Hands(self.inbox, lambda job: Chore(job, self), (PLATFORM,), _AT_ONCE, room)


class Chore:
    """One conversation whose summary is brought up to date; nobody sees anything of it.

    It may be killed at any point: what it writes is refused when another has written before, or when
    the conversation was forgotten.
    """

    def __init__(self, job: Job, chores: Chores) -> None:
        self.job = job
        self._chores = chores
        self._inbox = chores.inbox

    async def run(self) -> None:
        """Do it, or put it off. When cancelled, give it back."""
        try:
            [error] = await asyncio.gather(self._do(), return_exceptions=True)
        except asyncio.CancelledError:
            await self._put_back()
            raise
        if error is not None and not isinstance(error, LeaseLost):
            unexpected = None if isinstance(error, MemoryUnavailable) else error
            log.warning("a summary is put off: %s", error, exc_info=unexpected)
            await self._put_back(failed=True, pause=self._chores.pause)

    async def renewed(self, asked_at: float, changes: int | None) -> None:
        """Nothing: it does not matter who writes first, and another letter is another chore."""

    async def _do(self) -> None:
        if max(self.job.failures, self.job.blame) < TRIES:
            await self._fold()
        else:
            log.error("a summary is given up: every attempt failed, or its worker died")
        await self._done()

    async def _fold(self) -> None:
        conversation = unquote(self.job.conversation.partition(":")[2])
        history, summaries = self._chores.history, self._chores.summaries
        for _ in range(_ROUNDS):
            summary, turns, epoch = await history.unfolded(conversation)
            if not turns:
                return
            told = await summaries.fold(summary, [_named(one, conversation) for one in turns])
            facts = [_fact(text, one) for text, one in await summaries.facts(turns) if isinstance(one, Turn)]
            # Where it has changed meanwhile, or there are more of them, the next round sees it.
            await history.fold(conversation, epoch, told, turns, facts)

    async def _done(self) -> None:
        ids = [letter.id for letter in self.job.letters]
        while True:
            try:
                return await self._inbox.done(self.job, ids)
            except MailChanged:
                self.job = await self._inbox.look(self.job)

    async def _put_back(self, failed: bool = False, pause: float = 0.0) -> None:
        with suppress(LeaseLost, MemoryUnavailable, TimeoutError):
            async with asyncio.timeout(_GIVE_BACK):
                await self._inbox.put_back(self.job, failed, pause)


def _named(turn: Turn, conversation: str) -> Turn:
    """The turn; where several share the memory, it is not told as if it were the reader's own."""
    if belongs_to(conversation, turn.sender):
        return turn
    return replace(turn, question=f"[a student] {turn.question}")


def _fact(text: str, turn: Turn) -> Fact:
    return Fact(text, turn.at, turn.message_id, turn.sender)
