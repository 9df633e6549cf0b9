"""A desk with its staff and students on a platform in this process; what is queued is done as in serving."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from redis.asyncio import Redis

from adapters.base import Accept, ChatClosed, Conversation, Delivery, Message, Reply, Sender
from bot.besides import Besides
from bot.command import bound
from bot.command_call import Said
from bot.commands import Commands
from bot.conversations import conversation_key
from bot.course import Course, FilesConfig, Staff
from bot.desk import StaffDesk
from bot.desk_commands import DeskCommands
from bot.errands import Errand, Errands, queue
from bot.handover import Handover, waiting
from bot.posting import Posting
from bot.roles import Roles
from bot.student_commands import StudentCommands
from memory.audit import RedisAudit
from memory.base import Source, Turn
from memory.desk import RedisDesk
from memory.entries import RedisJournal
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.people import RedisPeople
from memory.rules import RedisRuleBook
from memory.votes import RedisVotes
from rag.drafting import Drafting

STAFF = Staff(admins=("chat:root",), tas=("chat:lin", "chat:wu"), chat="chat:staff", remind_hours=24)
COURSE = Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path("docs")),), staff=STAFF)
ASKED_AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
PAGE = Source("手册", "提交", "/read/handbook#submit", "r1")


class Room:
    """A platform that shows each reply in one message, and nothing in the chats that are `closed`."""

    platform = "chat"
    connected = True

    def __init__(self) -> None:
        self.notes: dict[str, Reply] = {}
        self.closed: set[str] = set()
        self._ids = count(1)
        self._changed = asyncio.Condition()

    async def run(self, accept: Accept) -> None: ...

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        async for reply in replies:
            if reply.conversation.chat_id in self.closed:
                raise ChatClosed(reply.conversation.chat_id)
            sent_id = delivery.sent_id or f"sent:{next(self._ids)}"
            await delivery.keep(sent_id)
            async with self._changed:
                self.notes[sent_id] = reply
                self._changed.notify_all()
        return sent_id

    async def retract(self, sent_id: str) -> None:
        async with self._changed:
            self.notes.pop(sent_id, None)
            self._changed.notify_all()

    def messages(self, sent_id: str) -> tuple[str, ...]:
        return (f"chat:{sent_id}",)

    async def fetch(self, message: Message) -> Message:
        return message

    def read(self, chat: str) -> list[str]:
        """What stands in a chat."""
        return [one.text for one in self.notes.values() if one.conversation.chat_id == chat]

    async def until(self, seen: Callable[[], bool]) -> None:
        """Return when that is so."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(seen)


class Unread:
    """No documents; the same question is one in the same words."""

    async def found(self, question: str, cohort: str) -> tuple[Source, ...]:
        return (PAGE,)

    async def same(self, question: str, others: Sequence[str]) -> tuple[int | None, int | None]:
        near = [set(question) == set(one) for one in others]
        return (near.index(True) if True in near else None, None)


class StaffRoom:
    """Everybody says something in it by `says`, and reads what stands in the `room`."""

    def __init__(self, client: Redis, course: Course = COURSE) -> None:
        self.room = Room()
        self.desk, self.inbox = RedisDesk(client), RedisInbox(client)
        self.history, self.journal = RedisHistory(client), RedisJournal(client)
        self.people, self.audit = RedisPeople(client), RedisAudit(client)
        self.handed: list[Errand] = []
        self.published: list[tuple[int, str]] = []
        self.now = ASKED_AT.timestamp()
        self.course = course
        self._shown: dict[str, str] = {}
        self._ids = count(1)
        self.staff_desk = StaffDesk(
            course,
            self.desk,
            Posting({"chat": self.room}),
            self.queue,
            {"chat": self.room},
            Drafting(None),
            Unread(),
            self._sent,
            lambda: self.now,
        )
        self.commands = self._commands(client)
        self._besides = Besides(self.inbox, self.journal)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["StaffRoom"]:
        """What is queued is done until this is closed."""
        doers = {**self.staff_desk.doers(), "published": self._publish}
        hands = Errands(self.inbox, doers, pause=0.05).hands()
        running = asyncio.create_task(hands.run())
        try:
            yield self
        finally:
            await hands.drain(5)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def queue(self, errand: Errand) -> None:
        """Have it done."""
        await queue(self.inbox, errand)

    async def queue_is_done(self) -> None:
        """Return when nothing waits to be done."""
        async with asyncio.timeout(10):
            while True:
                if not (await self.inbox.state()).waiting:
                    return
                await asyncio.sleep(0.02)

    def message(self, who: str, text: str, chat: str = "", reply_to: str = "", id: str = "") -> Message:
        """What somebody writes: in their direct chat, where no other one is named."""
        place = Conversation("chat", chat or who, "group" if chat else "direct")
        pointed = (reply_to,) if reply_to else ()
        sender = Sender(f"chat:{who}", who.title())
        return Message(id or f"chat:m{next(self._ids)}", place, sender, text, ASKED_AT, reply_to=pointed)

    async def says(self, message: Message) -> Said | None:
        """What the bot says to it at once; what follows from that is queued."""
        key = conversation_key(message.conversation, message.sender, "member")
        said = await self.commands.run(message, message.text, key, "zh")
        if said is not None:
            sent_id = self._shown.setdefault(message.id, f"said:{message.id}")
            self.room.notes[sent_id] = Reply(message.conversation, said.text, in_reply_to=message.id)
            self.handed += said.errands
            await self._besides.do(said.errands, None)
        return said

    async def asks_staff(self, who: str, text: str, chat: str = "") -> Message:
        """Somebody hands a question over, and its card is shown."""
        message, cards = self.message(who, f"/staff {text}", chat), len(self.cards())
        await self.says(message)
        await self.room.until(lambda: len(self.cards()) > cards)
        await self.queue_is_done()  # the card is known by its id
        return message

    async def remember(self, message: Message, question: str, answer: str) -> None:
        """Have it be a turn of before."""
        key = conversation_key(message.conversation, message.sender, "member")
        at, who = message.sent_at.timestamp(), message.sender.id
        await self.history.append(key, Turn(message.id, question, answer, at, (PAGE,), who))

    def cards(self) -> list[Reply]:
        """The cards in the staff's chat, the oldest first."""
        there = [one for one in self.room.notes.values() if one.conversation.chat_id == "staff"]
        return [one for one in there if one.text.startswith("**#")]

    def card_id(self, number: int) -> str:
        """The message that shows the card of this number."""
        shown = self.room.notes.items()
        return next(f"chat:{id}" for id, one in shown if one.text.startswith(f"**#{number} "))

    def replied(self, message: Message) -> list[str]:
        """What was said in reply to this message, and not at once."""
        notes = [(id, one) for id, one in self.room.notes.items() if not id.startswith("said:")]
        return [one.text for _, one in notes if one.in_reply_to == message.id]

    async def _sent(self, _chat: str, message_id: str) -> str:
        return self._shown.get(message_id, "")

    async def _publish(self, underway: object) -> None: ...

    def _publishing(self, number: int, by: str, at: float) -> Errand:
        self.published.append((number, by))
        return Errand(f"published:{number}:{at}", f"published:{number}", "published")

    def _commands(self, client: Redis) -> Commands:
        students = StudentCommands(
            "Sample",
            self.history,
            RedisVotes(client),
            self.people,
            Handover(self.course.staff),
            self.journal,
            waiting=partial(waiting, self.desk),
        )
        desk = DeskCommands(self.course, self.staff_desk, self._publishing, lambda: self.now)
        table = [*bound(students, students.table()), *bound(desk, desk.table())]
        roles = Roles(self.course.staff, RedisRuleBook(client))
        return Commands("Sample", table, roles, self.audit, students.erased_here, self.staff_desk.pointed)


def edited(message: Message, text: str) -> Message:
    """The same message with another text."""
    return replace(message, text=text, edited=True)
