"""From approval to everybody: what the staff approved is in the index of each process within seconds."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bot import desk_errands, golden
from bot.errands import Doer, Errand, Queue, Underway
from bot.publishing_words import words
from bot.reindex import RunFailed
from memory.base import Approved, ApprovedPair, MemoryUnavailable
from memory.staff import Desk, Item, State
from rag.report import Broken, IndexReport
from rag.types import IndexUnavailable

KIND = "desk.publish"

_LOOK = 1.0  # seconds between two looks whether anything was approved
_AGAIN = 1.0  # seconds after which a run that failed is tried again: at first, and at most
_AT_MOST = 30.0
_LATE = 60.0  # seconds after which the staff learns that it takes longer
_REFUSED = 60.0  # seconds between two looks whether a refused answer is served after all
_NAMED = 3  # questions that would break

log = logging.getLogger(__name__)


def publish_errand(number: int, by: str, at: float) -> Errand:
    """What is served becomes what the desk says of the item: its answer if that is approved, else nothing.

    `by` is the name of who decided so, `at` Unix seconds of when.
    """
    body = json.dumps([number, by, at], ensure_ascii=False)
    return Errand(f"{KIND}:{number}:{at}", f"{KIND}:{number}", KIND, body)


def pair_id(number: int) -> str:
    """The id of the pair that an item becomes."""
    return f"desk-{number}"


class Served(Protocol):
    """The approved answers as this process serves them."""

    @property
    def stamp(self) -> str:
        """What tells the index version in use from all others."""

    async def lacking(self, pairs: Sequence[ApprovedPair]) -> set[str]:
        """Ids of those, out of all `pairs`, that are not served as they are, and of those served no more."""

    async def refresh(self) -> IndexReport:
        """Index what is approved, and serve it. Raises RunFailed and IndexUnavailable."""

    def headings(self, id: str) -> Sequence[str]:
        """Under which headings the pair is served."""


class Publishing:
    """Keeps what is served equal to what is approved, and tells the staff of it.

    The staff reads `language`. `golden` is the file of golden questions.
    """

    def __init__(
        self,
        desk: Desk,
        approved: Approved,
        served: Served,
        queue: Queue,
        golden: Path,
        language: str,
        pause: float = _LOOK,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._desk = desk
        self._approved = approved
        self._served = served
        self._queue = queue
        self._golden = golden
        self._said = words(language)
        self._look = pause
        self._now = now
        self._one = asyncio.Lock()
        self._settled = ("", "")
        self._broken: tuple[Broken, ...] = ()
        self._problem = ""
        self._pause, self._not_before = _AGAIN, 0.0

    def doers(self) -> Mapping[str, Doer]:
        """What does the errands of this part, by kind."""
        return {KIND: self._publish}

    async def run(self) -> None:
        """Serve what is approved, by whichever process, until cancelled."""
        while True:
            try:
                await self._settle()
            except MemoryUnavailable as error:
                log.debug("what is approved now is not known: %s", error)
            await asyncio.sleep(self._look)

    async def _settle(self) -> None:
        """Serve the pairs as they are now; where that fails, it is tried again after a growing pause."""
        async with self._one:
            mark = await self._approved.mark()
            if (mark, self._served.stamp) == self._settled or time.monotonic() < self._not_before:
                return
            pairs = await self._approved.all()
            done = not await self._served.lacking(pairs) or await self._refreshed(pairs)
            if done:
                self._settled, self._pause = (mark, self._served.stamp), _AGAIN
            else:
                self._not_before = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, _AT_MOST)

    async def _refreshed(self, pairs: Sequence[ApprovedPair]) -> bool:
        """Whether all that could be done is done: they are served, or the golden set is against it."""
        try:
            self._broken = (await self._served.refresh()).refused
        except (RunFailed, IndexUnavailable) as error:
            log.warning("what was approved is not served yet: %s", error)
            self._problem = str(error)
            return False
        self._problem = ""
        return bool(self._broken) or not await self._served.lacking(pairs)

    async def _publish(self, underway: Underway) -> float | None:
        number, by, at = json.loads(underway.errand.body)
        item = await self._desk.get(number)
        if item is None:
            return None  # who asked it wants to be forgotten; one that was approved before would have stayed
        pair = await self._pair(item, at) if item.state == "approved" else None
        if not await self._keep(number, pair, at):
            return None
        await self._settle()
        if pair_id(number) in await self._served.lacking(await self._approved.all()):
            return await self._still_waiting(number, at)
        if pair:
            seconds = f"{self._now() - at:.1f}"
            names = {"author": pair.author or self._said.staff, "by": by or self._said.staff}
            told = self._said.live.format(question=pair.question, seconds=seconds, **names)
            kept = await asyncio.to_thread(self._kept, pair)
            await self._note(number, f"live:{at}", "\n".join(filter(None, (told, kept))))
        return None

    async def _pair(self, item: Item, at: float) -> ApprovedPair:
        states: tuple[State, ...] = ("merged",)
        merged = await self._desk.items(states)
        group = {item.number}
        while more := {one.number for one in merged if one.into in group} - group:
            group |= more
        others = tuple(one.draft for one in merged if one.number in group and one.draft)
        author = item.author or item.assignee
        return ApprovedPair(pair_id(item.number), item.draft, item.answer, author, at, item.cohort, others)

    async def _keep(self, number: int, pair: ApprovedPair | None, at: float) -> bool:
        """Whether there is more to do: no, where the very same was approved before, as by a second press."""
        held = {one.id: one for one in await self._approved.all()}.get(pair_id(number))
        if pair and held and held != pair and replace(held, approved_at=at) == pair:
            return False
        if pair and pair != held:
            await self._approved.put(pair)
        elif held and not pair:
            await self._note(number, f"withdrawn:{at}", self._said.withdrawn)
            await self._approved.withdraw(held.id)
        return True

    async def _still_waiting(self, number: int, at: float) -> float:
        """Until it is served; the staff learns what is in its way."""
        if not self._broken:
            if self._problem and self._now() - at > _LATE:
                await self._note(number, f"late:{at}", self._said.late.format(reason=self._problem))
            return self._pause
        shown = "、".join(f"「{one.query}」" for one in self._broken[:_NAMED])
        if len(self._broken) > _NAMED:
            shown += self._said.more.format(count=len(self._broken))
        await self._note(number, f"refused:{at}", self._said.refused.format(questions=shown))
        return _REFUSED

    def _kept(self, pair: ApprovedPair) -> str:
        """Put it among the golden questions; what to say where that fails."""
        try:
            golden.add(self._golden, pair.question, pair.id, self._served.headings(pair.id))
        except OSError as error:
            return self._said.not_kept.format(file=self._golden.name, reason=error.strerror)
        return ""

    async def _note(self, number: int, last: str, text: str) -> None:
        await self._queue(desk_errands.note(number, last, text, person=""))
