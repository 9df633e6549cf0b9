"""What the staff has done that takes long: an index run that shows its progress and can be cancelled."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from adapters.base import Button, Conversation, DeliveryFailed, Message, Reply
from bot.errands import PLATFORM, Doer, Errand, Underway, queue
from bot.index_words import IndexWords, index_words
from bot.posting import Posting, place_line, place_on, post
from bot.reindex import RunFailed, UnderWay
from memory.base import MemoryUnavailable
from memory.mail import Inbox
from memory.staff import RuleBook
from rag.report import IndexReport
from rag.types import Progress

REINDEX, CANCEL = "task.reindex", "task.cancel"
LANE = "task"

_QUEUED = "queued"
_SHOWN_EVERY = 4  # ticks; a group lets the bot write twenty times a minute
_LOOK_AGAIN = 3  # ticks, while another run is under way

Run = Callable[[bool, Progress], Awaitable[IndexReport]]
"""An index run, by force or not, and what is told how far it is. Raises RunFailed; may be cancelled."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A run as it was asked for: where and in which language it is shown, by force, for a new course.toml."""

    place: Conversation
    language: str
    force: bool
    reload: bool

    def to_json(self) -> str:
        return json.dumps([place_line(self.place), self.language, self.force, self.reload])

    @classmethod
    def from_json(cls, body: str) -> "_Asked":
        place, *others = json.loads(body)
        return cls(place_on(place), *others)

    @property
    def words(self) -> IndexWords:
        return index_words(self.language)

    def reply(self, text: str, *buttons: Button) -> Reply:
        return Reply(self.place, text, buttons=buttons, final=True)


@dataclass(slots=True)
class _Stage:
    """How far a run is."""

    name: str = ""
    done: int = 0
    total: int = 0

    def put(self, name: str, done: int, total: int) -> None:
        self.name, self.done, self.total = name, done, total

    def told(self, words: IndexWords) -> str:
        if self.name not in words.stages:
            return words.queued if self.name == _QUEUED else words.starting
        sentence = words.counted if self.total else words.uncounted
        return sentence.format(stage=words.stages[self.name], done=self.done, total=self.total)


def reindexing(message: Message, language: str, *, force: bool = False, reload: bool = False) -> Errand:
    """The index run that this message asks for; `reload`: behind it course.toml is read again."""
    body = _Asked(message.conversation, language, force, reload).to_json()
    return Errand(f"{REINDEX}:{message.id}", LANE, REINDEX, body)


def cancelling(message: Message) -> Errand:
    """The end of the run under way, that this message asks for: that run sees it wait in its lane."""
    return Errand(f"{CANCEL}:{message.id}", LANE, CANCEL)


class Tasks:
    """Does index runs, one at a time; `last` tells what the last one did, whoever began it.

    After a `tick`, seconds, it is seen that somebody cancels.
    """

    def __init__(
        self,
        inbox: Inbox,
        posting: Posting,
        run: Run,
        book: RuleBook,
        last: Callable[[], IndexReport | None],
        tick: float = 1.0,
    ) -> None:
        self._inbox = inbox
        self._posting = posting
        self._run = run
        self._book = book
        self._last = last
        self._tick = tick

    def doers(self) -> Mapping[str, Doer]:
        """Who does what is queued here."""
        return {REINDEX: self._reindex, CANCEL: self._cancelled_nothing}

    async def waiting(self, kind: str = REINDEX) -> list[str]:
        """The ids of such errands that are not done yet. Raises MemoryUnavailable."""
        letters = await self._inbox.waiting(f"{PLATFORM}:{LANE}")
        return [one.id.removeprefix(f"{PLATFORM}:") for one in letters if json.loads(one.body)[0] == kind]

    async def _cancelled_nothing(self, _underway: Underway) -> None:
        """It has done its work when it waited; behind a run that has ended there is nothing to do."""

    async def _reindex(self, underway: Underway) -> None:
        asked = _Asked.from_json(underway.errand.body)
        try:
            report = self._done_before(underway) or await self._watched(asked, underway)
            text = told(report, asked.words) if report else asked.words.cancelled
        except RunFailed as error:
            text = asked.words.failed.format(reason=error)
        await self._told(asked.reply(text), underway)
        if asked.reload:
            # The bot begins anew then; nothing is to be in hand.
            await self._book.reload(underway.errand.id)

    async def _told(self, reply: Reply, underway: Underway) -> None:
        """Show the end; where that cannot be now, it is posted later, and nobody waits behind it."""
        try:
            await self._posting.show(reply, underway)
        except DeliveryFailed:
            await queue(self._inbox, post(f"{underway.errand.id}:told", reply))

    def _done_before(self, underway: Underway) -> IndexReport | None:
        """What the run did, where it ended before a crash that kept it from being told."""
        report = self._last() if underway.sent_id else None
        # A report has whole seconds.
        if report and report.started and report.started.timestamp() >= int(underway.at):
            return report
        return None

    async def _watched(self, asked: _Asked, underway: Underway) -> IndexReport | None:
        """What the run did, which is shown on the way; None where it was cancelled. Raises RunFailed."""
        stage, shown, due = _Stage(), "", 0.0
        run = asyncio.create_task(self._insisted(asked.force, stage))
        try:
            while not run.done():
                if await self._is_cancelled():
                    return None
                if (text := stage.told(asked.words)) != shown and time.monotonic() >= due:
                    await self._show(asked, text, underway)
                    shown, due = text, time.monotonic() + _SHOWN_EVERY * self._tick
                await asyncio.wait([run], timeout=self._tick)
            return run.result()
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    async def _insisted(self, force: bool, stage: _Stage) -> IndexReport:
        """Run once no other run is under way."""
        while True:
            try:
                return await self._run(force, stage.put)
            except UnderWay:
                stage.put(_QUEUED, 0, 0)
                await asyncio.sleep(_LOOK_AGAIN * self._tick)

    async def _show(self, asked: _Asked, text: str, underway: Underway) -> None:
        """What is not shown now is shown with what follows."""
        button = Button(asked.words.cancel, "/cancel")
        with suppress(DeliveryFailed):
            await self._posting.show(asked.reply(text, button), underway)

    async def _is_cancelled(self) -> bool:
        with suppress(MemoryUnavailable):
            return bool(await self.waiting(CANCEL))
        return False


def told(report: IndexReport, words: IndexWords) -> str:
    """What a run did."""
    counts = [
        sentence.format(number)
        for what, sentence in words.counts.items()
        if (number := getattr(report.documents, what))
    ]
    if report.refused:
        first = report.refused[0].query
        text = words.refused.format(version=report.version, count=len(report.refused), query=first)
    else:
        changes = words.comma.join(counts) or words.unchanged
        text = words.finished.format(version=report.version, seconds=report.seconds, changes=changes)
    return "\n".join([text, *(words.unread.format(reason=one.failed) for one in report.failed)])
