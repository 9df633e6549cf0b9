"""The staff's daily page: written when [schedule] says so and posted once, or whenever it is asked for."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.base import Conversation, Reply
from bot.command_call import Said
from bot.course import Course
from bot.digest_text import USED_DAYS, Told, digest_text
from bot.errands import Doer, Errand, Queue, Underway
from bot.numbers import Record, record
from bot.numbers_topics import Groups, Topic, set_aside, topics
from bot.posting import Posting
from bot.schedule import Timetable
from memory.base import MemoryUnavailable
from memory.journal import Asked, Journal
from memory.staff import Desk

if TYPE_CHECKING:
    from rag.report import IndexReport

KIND = "digest"

_LATE = 3 * 3600.0
"""Seconds by which a digest may be late that came due while nobody ran."""

_AGAIN = 30.0  # seconds until it is tried again to have it written
_DAY = 24 * 3600.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the documents: the ids of all that are served, and what the last index run did."""

    documents: Callable[[], Iterable[str]]
    report: Callable[[], "IndexReport | None"]


class Digest:
    """Writes the digest; `groups` puts questions together by meaning."""

    def __init__(
        self,
        course: Course,
        journal: Journal,
        desk: Desk,
        groups: Groups,
        known: Known,
        posting: Posting,
        queue: Queue,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._course = course
        self._journal = journal
        self._desk = desk
        self._groups = groups
        self._known = known
        self._posting = posting
        self._queue = queue
        self._now = now
        self._zone = ZoneInfo(course.schedule.timezone)

    def doers(self) -> Mapping[str, Doer]:
        """What posts a digest that came due."""
        return {KIND: self._post}

    async def run(self) -> None:
        """Have a digest posted whenever one is due, until cancelled; forever, also where none ever is."""
        line = self._course.schedule.digest
        if not (line and self._course.staff.chat):
            await asyncio.Event().wait()
        timetable = Timetable(line, self._course.schedule.timezone)
        # One that came due while the bot was started again; what is posted already is not posted again.
        if self._now() - timetable.last(self._now())[1] < _LATE:
            await self._due(timetable)
        await timetable.whenever(lambda: self._due(timetable))

    async def said(self, since: float, until: float, language: str) -> Said:
        """The digest of that time, Unix seconds. Raises MemoryUnavailable."""
        text, buttons = digest_text(await self._told(since, until), language, self._zone)
        return Said(text, buttons)

    async def _due(self, timetable: Timetable) -> None:
        """Every process has it queued, under one name: it is done once."""
        since, until = timetable.last(self._now())
        errand = Errand(f"{KIND}:{until:.0f}", KIND, KIND, json.dumps([since, until]))
        while True:
            with suppress(MemoryUnavailable):
                return await self._queue(errand)
            await asyncio.sleep(_AGAIN)

    async def _post(self, underway: Underway) -> None:
        since, until = json.loads(underway.errand.body)
        told = await self._told(since, until)
        if told.empty and not underway.sent_id:
            return
        text, buttons = digest_text(told, self._course.course.languages[0], self._zone)
        await self._posting.show(Reply(self._place(), text, buttons=buttons, final=True), underway)

    async def _told(self, since: float, until: float) -> Told:
        happened = await record(self._journal, self._desk, since, until)
        used = await self._journal.since(until - USED_DAYS * _DAY)
        report = await asyncio.to_thread(self._known.report)
        return Told(happened, await self._topics(happened, used), used, [*self._known.documents()], report)

    async def _topics(self, happened: Record, used: Sequence[Asked]) -> Sequence[Topic]:
        """Those of the time, and of earlier answers that were voted down in it."""
        downs = {one.message_id for one in happened.votes if one.vote == "down"}
        earlier = [one for one in used if one.at < happened.since and one.message_id in downs]
        every = replace(happened, entries=(*earlier, *happened.entries))
        aside = await set_aside(self._journal, happened.desk)
        return await asyncio.to_thread(topics, every, self._groups, aside)

    def _place(self) -> Conversation:
        platform, _, chat = self._course.staff.chat.partition(":")
        return Conversation(platform, chat, "group")
