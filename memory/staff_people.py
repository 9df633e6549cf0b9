"""What is held of a person for the staff, in Redis: shown, and forgotten."""

import asyncio
from typing import NamedTuple
from uuid import uuid4

from redis.asyncio import Redis

from memory import keys
from memory.base import Turn
from memory.client import guarded
from memory.desk import RedisDesk
from memory.journal_lines import from_line
from memory.recorded import Records
from memory.remarks import place_of, remark_of
from memory.scripts import Scripts, script
from memory.staff import Item


class Holding(NamedTuple):
    """Their items at the desk, entries in the journal and remarks, as turns; the last two have no answer."""

    items: tuple[Turn, ...]
    entries: tuple[Turn, ...]
    remarks: tuple[Turn, ...]


class Erased(NamedTuple):
    """How much was erased, in the order of a Receipt's fields."""

    items: int
    entries: int
    remarks: int
    cards: tuple[str, ...]
    changed: tuple[int, ...]


class StaffPeople:
    """All of it lies by the course, so that one step marks a person as forgotten for all of it."""

    def __init__(self, client: Redis) -> None:
        self._desk = RedisDesk(client)
        self._entries = Records(client, keys.ENTRY, keys.ENTRIES)
        self._remarks = Records(client, keys.REMARK, keys.REMARKS)
        self._calls = Scripts(client)
        self._vanish = script("vanish", "flags=allow-oom", shared=("staff",))

    async def held(self, person: str) -> Holding:
        """All that is held of them, the oldest first."""
        async with guarded():
            items, entries, remarks = await asyncio.gather(
                self._desk.of(person), self._entries.of(person), self._remarks.of(person)
            )
        asked = (entry for _, line in entries if (entry := from_line(line)))
        written = (remark for id, line in remarks if (remark := remark_of(id, line)))
        return Holding(
            tuple(_turn(item, person) for item in items),
            tuple(Turn(one.message_id, one.question, "", one.at, sender=person) for one in asked),
            tuple(Turn(one.message_id, one.text, "", one.at, sender=person) for one in written),
        )

    async def forget(self, person: str, at: float, wish: str = "") -> Erased:
        """Erase it. What they asked or wrote up to these Unix seconds is refused for two days from now.

        The same `wish` tells once more of items that it was cut off from telling of.
        """
        async with guarded():
            place = [keys.prefix(keys.COURSE)]
            entries, remarks, numbers = await self._calls.run(self._vanish, place, [person, at])
        gone = await self._desk.vanish(person, numbers, wish or uuid4().hex)
        return Erased(gone.items, entries, remarks, gone.cards, gone.changed)

    async def forget_in(self, chat: str, person: str) -> None:
        """Erase their entries and remarks of this chat; the questions they handed to the staff stay."""
        async with guarded():
            entries, remarks = await asyncio.gather(self._entries.of(person), self._remarks.of(person))
            here = (id for id, line in entries if (entry := from_line(line)) and entry.chat == chat)
            await self._entries.erase(*here)
            near = (id for id, line in remarks if f"{place_of(line)}:".startswith(f"{chat}:"))
            await self._remarks.erase(*near)


def _turn(item: Item, person: str) -> Turn:
    """What this person wrote; the words of the first asker are theirs alone."""
    first, own = item.askers[0], next(asker for asker in item.askers if asker.person == person)
    question = item.asked if first is own and item.asked else item.question
    return Turn(own.message_id, question, item.answer, own.at or item.at, sender=person)
