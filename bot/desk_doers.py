"""What the desk does by itself: shows cards, passes on what the staff said, reminds."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from adapters.base import Adapter, ChatClosed, Conversation, DeliveryFailed, Reply
from bot import desk_card, desk_errands, desk_items, handover
from bot.course import Course
from bot.desk_errands import CARD, NOTE, NOTED, PING, TELL, Answering, Told
from bot.desk_items import Cannot
from bot.desk_opening import DeskOpening
from bot.desk_words import words
from bot.errands import Doer, Queue, Underway
from bot.posting import Posting, place_on
from bot.replies import duration
from memory.staff import Asker, Desk, Item, State
from rag.text import shortened

Sent = Callable[[str, str], Awaitable[str]]
"""By a chat's key and a message's id what the reply to it was shown under; empty where nobody knows."""

_WAITING: tuple[State, ...] = ("open",)
_UNSHOWN: tuple[State, ...] = ("merged", "ignored")  # from the beginning
_LINE = 200
_SOON, _UNKNOWN = 1.0, 120.0  # seconds until it is looked at again, and for how long


class DeskDoers:
    """Does it, for a desk in this chat of the staff."""

    def __init__(
        self,
        course: Course,
        desk: Desk,
        opening: DeskOpening,
        posting: Posting,
        queue: Queue,
        platforms: Mapping[str, Adapter],
        sent: Sent,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._chat = course.staff.chat
        self._language = course.course.languages[0]
        self._zone = ZoneInfo(course.schedule.timezone)
        self._desk = desk
        self._opening = opening
        self._posting = posting
        self._queue = queue
        self._platforms = platforms
        self._sent = sent
        self._now = now

    def all(self) -> Mapping[str, Doer]:
        """By the kind of errand."""
        doers: Mapping[str, Doer] = {
            handover.KIND: self._opening.open,
            handover.RETRACT: self._retract,
            CARD: self._card,
            TELL: self._tell,
            NOTE: self._note,
            NOTED: self._noted,
            PING: self._ping,
        }
        return {kind: _unless_gone(doer) for kind, doer in doers.items()}

    async def _card(self, underway: Underway) -> None:
        """Show the card in its place, as the item is now."""
        item = await self._desk.get(int(underway.errand.body))
        if item is None or (not item.card and item.state in _UNSHOWN):
            return
        if not underway.sent_id and (shown_as := self._shown_as(item)):
            await underway.keep(shown_as)
        place = self._staff_place()
        await self._show(item.number, desk_card.card(item, place, self._language, self._zone), underway)
        card = f"{self._chat} {underway.sent_id}"
        try:
            await desk_items.changed(self._desk, item.number, "", lambda one: replace(one, card=card))
        except Cannot:
            await self._platforms[place.platform].retract(underway.sent_id)

    async def _tell(self, underway: Underway) -> None:
        """Pass on to an asker what the staff said; not to one who wanted to be forgotten since."""
        told = Told(*json.loads(underway.errand.body))
        asker = await self._asker(told)
        if asker is None:
            return
        said = words(asker.language or self._language)
        who = told.name or said.staff
        who = who if said.staff in who else said.of_staff.format(name=who)
        sentence = {
            "replied": said.replied,
            "corrected": said.corrected,
            "asks_back": said.asks_back,
        }[told.what]
        text = sentence.format(who=who, text=told.text, number=told.number)
        reply = Reply(place_on(asker.place), text, in_reply_to=asker.message_id, final=True)
        try:
            if reply.conversation.platform not in self._platforms:
                raise ChatClosed(f"{reply.conversation.platform} is not served any more.")
            await self._show(told.number, reply, underway)
        except ChatClosed:
            name = asker.name or words(self._language).somebody
            closed = words(self._language).closed.format(number=told.number, name=name)
            await self._queue(desk_errands.note(told.number, underway.errand.id, closed, told.person))

    async def _asker(self, told: Told) -> Asker | None:
        item = await self._desk.get(told.number)
        askers = item.askers if item else ()
        meant = (told.person, told.message_id)
        return next((one for one in askers if (one.person, one.message_id) == meant), None)

    async def _note(self, underway: Underway) -> None:
        number, text = json.loads(underway.errand.body)
        if (item := await self._desk.get(number)) is not None:
            await self._below(item, text, underway)

    async def _ping(self, underway: Underway) -> None:
        """Bring an item up that still waits."""
        number = int(underway.errand.body)
        item = await self._desk.get(number)
        if item is None or item.state != "open" or item.pinged_at:
            return
        now, said = self._now(), words(self._language)
        text = said.reminder.format(
            number=number,
            ago=duration(now - item.at, self._language),
            count=len(await self._desk.items(_WAITING)),
            question=shortened(" ".join(item.question.split()), _LINE).replace("\n", " "),
        )
        await self._below(item, text, underway)
        await desk_items.changed(self._desk, number, "", lambda one: replace(one, pinged_at=now))

    async def _below(self, item: Item, text: str, underway: Underway) -> None:
        """Say something in reply to the card; who replies to that means the item too."""
        place, card = self._staff_place(), self._shown_as(item)
        ids = self._platforms[place.platform].messages(card) if card else ()
        reply = Reply(place, text, in_reply_to=ids[0] if ids else "", final=True)
        await self._show(item.number, reply, underway)

    async def _show(self, number: int, reply: Reply, underway: Underway) -> None:
        """Show it, and know it for the item's, where the platform lets one before anybody can reply to it."""
        adapter = self._platforms[reply.conversation.platform]

        async def keep(sent_id: str) -> None:
            await underway.keep(sent_id)
            await self._desk.shown(number, adapter.messages(sent_id))

        one = Underway(underway.errand, underway.at, underway.sent_id, keep)
        await self._desk.shown(number, await self._posting.show(reply, one))

    async def _noted(self, underway: Underway) -> float | None:
        """Know the message of the staff by its id, and the reply to it, once that has one."""
        one = Answering(*json.loads(underway.errand.body))
        sent_id = await self._sent(one.chat, one.message_id)
        ids = self._platforms[one.platform].messages(sent_id) if sent_id else ()
        await self._desk.shown(one.number, [one.message_id, *ids])
        waited = self._now() - underway.at
        return None if ids or waited > _UNKNOWN else _SOON

    async def _retract(self, underway: Underway) -> None:
        """Take the card of an erased item out of the chat, or at least its words."""
        chat, _, sent_id = underway.errand.body.partition(" ")
        adapter = self._platforms.get(chat.partition(":")[0])
        if adapter is None or chat != self._chat:
            return
        try:
            await adapter.retract(sent_id)
        except DeliveryFailed:
            await underway.keep(sent_id)
            await self._posting.show(
                Reply(self._staff_place(), words(self._language).erased, final=True), underway
            )

    def _staff_place(self) -> Conversation:
        platform, _, chat_id = self._chat.partition(":")
        if platform not in self._platforms:
            raise DeliveryFailed(
                f"The staff's chat {self._chat!r} cannot be reached: {platform} is not configured."
            )
        return Conversation(platform, chat_id, "group")

    def _shown_as(self, item: Item) -> str:
        """What its card is shown under; empty where there is none in this chat."""
        chat, _, sent_id = item.card.partition(" ")
        return sent_id if chat == self._chat else ""


def _unless_gone(doer: Doer) -> Doer:
    """The same; there is nothing to do about an item that was erased meanwhile."""

    async def done(underway: Underway) -> float | None:
        try:
            return await doer(underway)
        except Cannot:
            return None

    return done
