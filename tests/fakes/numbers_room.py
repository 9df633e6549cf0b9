"""A course in which people have asked, on real memory, and what tells the staff of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.command_call import Call
from bot.conversations import chat_key
from bot.course import Course, FilesConfig, Schedule, Staff
from bot.digest import Digest, Known
from bot.digest_buttons import DigestButtons
from bot.errands import Errand
from bot.handover import Handover
from bot.numbers_commands import NumbersCommands, Shown
from bot.posting import Posting, place_line
from memory.base import Reason, Vote
from memory.desk import RedisDesk
from memory.entries import RedisJournal
from memory.journal import Asked, Standing
from memory.staff import Asker, Item
from memory.votes import RedisVotes
from rag.grouping import Grouping
from rag.report import IndexReport
from tests.fakes.board import Board
from tests.fakes.searcher import WordSearcher

GROUP = Conversation("board", "-100", "group")
STAFF = Conversation("board", "staff", "group")
HOUR, DAY = 3600.0, 24 * 3600.0
SOURCES = (FilesConfig(kind="files", path=Path("docs")),)
SCHEDULE = Schedule(digest="0 9 * * *")


class NumbersRoom:
    """Everything happens around `now`, Unix seconds; a morning in the course's zone unless said otherwise."""

    def __init__(self, client: Redis, chat: str = "board:staff", schedule: Schedule = SCHEDULE) -> None:
        self.journal, self.desk, self.votes = RedisJournal(client), RedisDesk(client), RedisVotes(client)
        self.board = Board()
        self.now = datetime.now(UTC).replace(hour=1, minute=30, second=0, microsecond=0).timestamp()
        self.queued: list[Errand] = []
        self.sent: dict[str, str] = {}
        self.documents: Sequence[str] = ()
        self.report: IndexReport | None = None
        self.course = Course(folder=Path(), sources=SOURCES, staff=Staff(chat=chat), schedule=schedule)
        self._ids = count(1)
        groups = Grouping(WordSearcher())
        known = Known(lambda: self.documents, lambda: self.report)
        keeping = (self.journal, self.desk, groups)
        posting = Posting({"board": self.board})
        self.digest = Digest(self.course, *keeping, known, posting, self._queue, lambda: self.now)
        buttons = DigestButtons(*keeping, Handover(self.course.staff), lambda: self.now)
        shown = Shown(self._sent, {"board": self.board})
        self.commands = NumbersCommands(self.course, *keeping, self.digest, buttons, shown, lambda: self.now)

    async def asks(
        self,
        question: str,
        outcome: str = "answered",
        person: str = "ann",
        place: Conversation | None = GROUP,
        ago: float = HOUR,
        standing: Sequence[str] = (),
        **more: object,
    ) -> Asked:
        """A question and how it was answered; without a place in the person's direct chat."""
        place = place or Conversation("board", person)
        entry = Asked(
            f"{chat_key(place)}:{next(self._ids)}",
            f"board:{person}",
            self.now - ago,
            chat_key(place),
            place_line(place),
            question,
            outcome,
            standing=tuple(Standing(f"{one}#1", one, one.title(), "Steps", "r1", "d") for one in standing),
            **more,  # type: ignore[arg-type]  # what else an entry has
        )
        await self.journal.put(entry)
        return entry

    async def votes_on(self, entry: Asked, vote: Vote = "down", reason: Reason | None = None) -> None:
        """Its asker votes; the clock goes on to after that."""
        await self.votes.put(entry.message_id, entry.person, vote, reason)
        self.now = max(self.now, datetime.now(UTC).timestamp() + 1)

    async def handed_over(self, entry: Asked, **more: object) -> Item:
        """The question is at the desk."""
        asker = Asker(entry.person, "Ann", entry.message_id, entry.place, "zh", entry.at)
        item = Item(0, "no_evidence", entry.question, entry.question, entry.at, (asker,))
        opened = await self.desk.open(item)
        changed = replace(opened, **more)  # type: ignore[arg-type]  # fields of it
        assert await self.desk.put(opened, changed)
        return changed

    def call(
        self, arguments: str = "", place: Conversation = STAFF, language: str = "zh", reply_to: str = ""
    ) -> Call:
        """Somebody of the staff says so."""
        at = datetime.fromtimestamp(self.now, UTC)
        pointed = (reply_to,) if reply_to else ()
        id = f"board:{next(self._ids)}"
        message = Message(id, place, Sender("board:lin", "林助教"), arguments, at, reply_to=pointed)
        return Call(message, chat_key(place), arguments, language, "admin")

    async def page(self, arguments: str = "") -> str:
        """The digest as it reads in the staff's chat."""
        return (await self.commands.digest(self.call(arguments))).text

    async def presses(self, label: str) -> str:
        """A button of the digest is pressed; what is said."""
        [button] = [one for one in (await self.commands.digest(self.call())).buttons if one.label == label]
        said = await self.commands.digest(self.call(button.command.removeprefix("/digest ")))
        self.queued += said.errands
        return said.text

    async def _queue(self, errand: Errand) -> None:
        self.queued.append(errand)

    async def _sent(self, _conversation: str, message_id: str) -> str:
        return self.sent.get(message_id, "")


def traced(ms: float = 0.0, standalone: str = "") -> str:
    """A trace as bot/keeping.py writes it, of a model that took so long."""
    return json.dumps(
        {"standalone": standalone, "ms": {"search": 4.2, "model": ms}, "tokens": [900, 80, 512]}
    )
