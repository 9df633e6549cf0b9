"""The desk: what nobody could answer is shown to the staff, and what they reply goes to who asked."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from adapters.base import Adapter, Message
from bot import desk_errands, desk_items
from bot.command import may
from bot.command_call import Call, Said
from bot.course import Course
from bot.desk_answers import DeskAnswers, Drafting, pair_in
from bot.desk_doers import DeskDoers, Sent
from bot.desk_items import Cannot
from bot.desk_opening import DeskOpening, Reading
from bot.desk_words import words
from bot.errands import Doer, Queue
from bot.handover import MOST, Handed, Handover, is_staff_chat, waiting
from bot.posting import Posting, place_line
from memory.base import MemoryUnavailable
from memory.staff import Desk, Item, State
from rag.courtesy import courtesy

_WAITING: tuple[State, ...] = ("open",)
_LOOK = 60.0  # seconds between two looks for what waits too long
_HOUR = 3600.0
_QUESTION = 120  # characters: what is longer and ends in a question mark is an answer all the same

log = logging.getLogger(__name__)


class StaffDesk:
    """Takes replies of the staff and of those who asked, and reminds of what waits.

    `sent` tells what the reply to a message was shown under.
    """

    def __init__(
        self,
        course: Course,
        desk: Desk,
        posting: Posting,
        queue: Queue,
        platforms: Mapping[str, Adapter],
        drafting: Drafting,
        reading: Reading,
        sent: Sent,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.desk = desk
        self.answers = DeskAnswers(desk, drafting)
        opening = DeskOpening(desk, self.answers, queue, reading, course.course.languages[0])
        self._doers = DeskDoers(course, desk, opening, posting, queue, platforms, sent, now)
        self._staff = course.staff
        self._handover = Handover(course.staff)
        self._queue = queue
        self._now = now

    def doers(self) -> Mapping[str, Doer]:
        """What does the desk's errands."""
        return self._doers.all()

    async def at_desk(self, message: Message) -> bool:
        """Whether it is a reply of the staff to a question, though it is not put to the bot."""
        if not (is_staff_chat(self._staff, message) and message.reply_to) or message.withdrawn:
            return False
        item = await self._pointed_at(message)
        return item is not None and _is_meant(item, message, message.text.strip())

    async def pointed(self, call: Call) -> Said | None:
        """What is said to a reply to a card, or to what was passed on; None where it is neither."""
        item = await self._pointed_at(call.message)
        if item is None:
            return None
        of_staff = may(call.role, "ta")
        if not is_staff_chat(self._staff, call.message):
            asks = any(one.person == call.person for one in item.askers)
            if call.in_group or asks or not of_staff:
                return await self._from_asker(call, item)
        elif not of_staff:
            return Said(call.said.staff_only)
        try:
            return await self._from_staff(call, item)
        except Cannot as flaw:
            return Said(words(call.language).no_item.format(number=flaw.number))

    async def run(self) -> None:
        """Remind of what waits too long, until cancelled."""
        if not (self._staff.chat and self._staff.remind_hours):
            await asyncio.Event().wait()
        while True:
            try:
                await self.remind()
            except MemoryUnavailable as error:
                log.warning("What waits at the desk cannot be looked at: %s", error)
            await asyncio.sleep(_LOOK)

    async def remind(self) -> None:
        """Have each card that waits too long brought up once. Raises MemoryUnavailable."""
        since = self._now() - self._staff.remind_hours * _HOUR
        for item in await self.desk.items(_WAITING):
            if item.at <= since and item.card and not item.pinged_at:
                await self._queue(desk_errands.ping(item.number))

    async def _pointed_at(self, message: Message) -> Item | None:
        item = await self.desk.shown_in(message.reply_to)
        try:
            return await desk_items.resolved(self.desk, item.number) if item else None
        except Cannot:
            return None

    async def _from_staff(self, call: Call, item: Item) -> Said | None:
        text, said = call.text.strip(), words(call.language)
        if not _is_meant(item, call.message, text):
            if not call.message.addressed:
                return None
            name = item.author or said.staff
            answered = said.already.format(number=item.number, name=name)
            return Said(said.not_sent if _is_aside(text) else answered)
        if not text:
            return Said(said.write_words)
        if item.answer and (pair := pair_in(text)) is not None:
            return await self.answers.edit(call, item.number, pair)
        if _asks_back(text) and not item.answer:
            answer = await self.answers.ask_back(call, item.number, text)
        else:
            answer = await self.answers.answer(call, item.number, text)
        if not call.message.attached:
            return answer
        return replace(answer, text=f"{said.pictures_stay}\n\n{answer.text}")

    async def _from_asker(self, call: Call, item: Item) -> Said:
        """Who replies to what the staff said talks to the staff: it is none of the documents' business."""
        text, said = call.text.strip(), words(call.language)
        if not text:
            return Said(call.said.empty)
        if courtesy(text) in ("thanks", "greeting"):
            return Said(call.said.thanks)
        goes_on = item.state == "open" and any(one.person == call.person for one in item.askers)
        if not goes_on and await waiting(self.desk, call.person) >= MOST:
            return Said(said.enough.format(count=MOST))
        message = call.message
        handed = Handed(
            "asked",
            text,
            text,
            message.sent_at.timestamp(),
            call.person,
            message.sender.name,
            message.id,
            place_line(message.conversation),
            call.language,
            cohort=item.cohort,
            after=item.number,
        )
        return Said(said.handed, errands=(self._handover.errand(handed),))


def _is_meant(item: Item, message: Message, text: str) -> bool:
    """Whether it is for who asked, or for the draft: an answer, or this very answer written anew."""
    if _is_aside(text):
        return False
    unanswered = item.state == "open" or not item.answer
    redone = desk_items.by(item, message) and item.state == "answered"
    return unanswered or redone or bool(pair_in(text))


def _is_aside(text: str) -> bool:
    """Whether it is said to somebody else of the staff, or says nothing that somebody waits for."""
    return text.startswith(("@", "//")) or bool(courtesy(text))


def _asks_back(text: str) -> bool:
    return text.endswith(("?", "？")) and len(text) <= _QUESTION and "\n" not in text
