"""What the staff does about a topic of the digest: have it answered, take it, or leave it out from now on."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import time

from adapters.base import Button
from bot.command_call import Call, Said
from bot.digest_words import words
from bot.handover import Handover, of_entry
from bot.numbers import code_of, record
from bot.numbers_topics import Groups, Topic, topics
from memory.journal import Asked, Journal
from memory.staff import Asker, Desk, Item, State

_ASIDE: Sequence[State] = ("ignored",)
_DAY = 24 * 3600.0
_KNOWN, _AROUND = 30 * _DAY, 7 * _DAY  # seconds back: in which buttons work, and that are put together again


class DigestButtons:
    """Does it; all may be done again. Every call may raise MemoryUnavailable."""

    def __init__(
        self,
        journal: Journal,
        desk: Desk,
        groups: Groups,
        handover: Handover,
        now: Callable[[], float] = time,
    ) -> None:
        self._journal = journal
        self._desk = desk
        self._groups = groups
        self._handover = handover
        self._now = now

    async def answer(self, call: Call, code: str) -> Said:
        """Have the question shown in the staff's chat, where a reply to it is its answer."""
        return await self._handed(call, code, "")

    async def assign(self, call: Call, code: str) -> Said:
        """The same, taken by who asks for this."""
        return await self._handed(call, code, call.message.sender.name or call.person)

    async def _handed(self, call: Call, code: str, assignee: str) -> Said:
        said = words(call.language)
        topic = await self._topic(code)
        if topic is None:
            return Said(said.gone)
        if topic.item and topic.item.state == "open":
            number = topic.item.number
            takes = (
                (Button(said.assign.format(number=f"#{number}"), f"/assign {number}"),) if assignee else ()
            )
            return Said(said.waits_already.format(number=number), takes)
        if not self._handover.offered:
            return Said(said.no_staff_chat)
        first, *others = _askers(topic)
        entry = next(one for one in topic.entries if one.message_id == first.message_id)
        handed = of_entry("asked", entry, entry.question, "")
        errand = self._handover.errand(replace(handed, others=tuple(others), assignee=assignee))
        told = said.opened_yours if assignee else said.opened
        return Said(told, errands=(errand,), after=assignee)

    async def ignore(self, call: Call, code: str) -> Said:
        """Leave it out of all digests, also in other words."""
        said = words(call.language)
        topic = await self._topic(code)
        if topic is None:
            return Said(said.gone)
        if topic.item and topic.item.state == "open":
            number = topic.item.number
            button = Button(said.ignore.format(number=f"#{number}"), f"/ignore {number}")
            return Said(said.ignore_item.format(number=number), (button,))
        askers = tuple(_asker(one) for one in topic.entries)
        # Without any words: these are in the journal, and go with their askers. No question is feedback, so
        # that this is nobody else's item.
        fresh = Item(
            0, "feedback", "", "", topic.entries[0].at, askers, state="ignored", last=call.message.id
        )
        item = await self._desk.open(fresh)
        if item.state != "ignored":
            await self._desk.put(item, replace(item, state="ignored", last=call.message.id))
        return Said(said.ignored, (Button(said.undo, f"/digest back {code}"),))

    async def back(self, call: Call, code: str) -> Said:
        """List it again."""
        entry = await self._entry(code)
        if entry is None:
            return Said(words(call.language).gone)
        for item in await self._desk.items(_ASIDE):
            if not item.question and any(one.message_id == entry.message_id for one in item.askers):
                await self._desk.put(item, replace(item, state="merged", last=call.message.id))
        return Said(words(call.language).back)

    async def _entry(self, code: str) -> Asked | None:
        known = await self._journal.since(self._now() - _KNOWN)
        return next((one for one in known if code_of(one) == code), None)

    async def _topic(self, code: str) -> Topic | None:
        """The topic of the question as it is now."""
        entry = await self._entry(code)
        if entry is None:
            return None
        since = min(entry.at, self._now() - _AROUND)
        happened = await record(self._journal, self._desk, since, self._now())
        found = await asyncio.to_thread(topics, happened, self._groups)
        return next((one for one in found if entry in one.entries), Topic((entry,)))


def _askers(topic: Topic) -> list[Asker]:
    """Who is told what the staff answers: those who wait for it, else the one who stands for all."""
    return [_asker(one) for one in topic.waiting or [topic.told]]


def _asker(entry: Asked) -> Asker:
    return Asker(entry.person, "", entry.message_id, entry.place, entry.language, entry.at)
