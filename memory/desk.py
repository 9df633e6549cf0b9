"""The questions handed to the staff, in Redis."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from itertools import chain
from math import inf
from typing import Any, NamedTuple

from redis.asyncio import Redis

from memory import keys
from memory.base import Source
from memory.client import guarded
from memory.records import fields_of, line_of
from memory.scripts import Argument, Script, Scripts, script
from memory.staff import Asker, Item, State

_CHUNK = 500  # items in one reply


class Vanished(NamedTuple):
    """How many items a person had, the cards of those erased, and the numbers of those that stay."""

    items: int
    cards: tuple[str, ...]
    changed: tuple[int, ...]


class RedisDesk:
    """A hash for each item, by its number; beside it, by state and by person, what leads to it."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._calls = Scripts(client)
        self._open, self._put, self._shown = (_script(name) for name in ("open_item", "put_item", "shown"))
        self._erase = _script("erase_item", "flags=allow-oom")
        self._lines = _script("lines", "flags=no-writes")

    async def open(self, item: Item) -> Item:
        """Keep a new item under the next number; where this cause of its first asker's message has one, that.

        One that nobody asks goes by its `last` message. Askers who were forgotten after they asked are left
        out; where that leaves nobody, nothing is kept, and it comes back with the number 0.
        """
        async with guarded():
            while True:
                state, *rest = await self._run(
                    self._open, _opening(item), _line(item), item.state, len(item.askers), *_asked(item)
                )
                if state == "opened":
                    return replace(item, number=int(rest[0]))
                if state == "known":
                    return await self._item(int(rest[0])) or replace(item, number=0)
                item = without(item, rest)
                if not item.askers:
                    return replace(item, number=0)

    async def get(self, number: int) -> Item | None:
        """The item of this number."""
        async with guarded():
            return await self._item(number)

    async def put(self, old: Item, new: Item) -> bool:
        """Keep the new one where the old one still stands; else False, look again.

        New askers who were forgotten after they asked are left out. The same once more is True.
        """
        async with guarded():
            stands = await self._stands(old.number)
            if item_of(old.number, stands) not in (old, new):
                return False
            return await self._replace(stands, old, new)

    async def shown(self, number: int, message_ids: Sequence[str]) -> None:
        """Note messages in the staff's chat that belong to the item."""
        if message_ids:
            async with guarded():
                await self._run(self._shown, number, *message_ids)

    async def shown_in(self, message_ids: Sequence[str]) -> Item | None:
        """The item that one of these messages in the staff's chat belongs to."""
        if not message_ids:
            return None
        places = [keys.SHOWN.of(keys.COURSE, id) for id in message_ids]
        async with guarded():
            numbers: Any = await self._client.mget(places)
            number = next(filter(None, numbers), None)
            return await self._item(int(number)) if number else None

    async def items(self, states: Collection[State]) -> list[Item]:
        """Those in these states, the oldest first."""
        sets = [keys.ITEMS.of(keys.COURSE, state) for state in states]
        found = await self._items(sets) if sets else []
        return [item for item in found if item.state in states]

    async def of(self, person: str) -> list[Item]:
        """Those that this person asks, the oldest first."""
        found = await self._items([keys.ASKING.of(keys.COURSE, person)])
        return [item for item in found if person in _people(item)]

    async def vanish(self, person: str, numbers: Iterable[str], wish: str) -> Vanished:
        """Take the person out of these items, and with them those that nobody else asks.

        They must be marked as forgotten before, so that nobody puts them in again meanwhile. What is approved
        is the course's, and stays as a question of nobody. The same `wish` tells of earlier ones once more.
        """
        async with guarded():
            for number in map(int, numbers):
                while not await self._leave(number, person, wish):
                    pass
            left: Any = await self._client.hgetall(keys.LEFT.of(keys.COURSE, wish))
        cards = (how.removeprefix("card:") for how in left.values() if how != "stays")
        changed = (int(number) for number, how in left.items() if how == "stays")
        return Vanished(len(left), tuple(filter(None, cards)), tuple(sorted(changed)))

    async def _leave(self, number: int, person: str, wish: str) -> bool:
        """Take the person out; False where it changed meanwhile."""
        item = item_of(number, stands := await self._stands(number))
        if item is None or person not in _people(item):
            return True
        left = without(item, [person])
        if left.askers or item.state == "approved":
            return await self._replace(stands, item, left, wish)
        return bool(await self._run(self._erase, number, stands, wish, item.card, *_people(item)))

    async def _replace(self, stands: str, old: Item, new: Item, wish: str = "") -> bool:
        """Keep the new one where this line still stands; a `wish` to be forgotten closes its opening too."""
        while True:
            left = set(_people(old)) - set(_people(new))
            arguments = [_line(new), new.state, wish, len(new.askers), *_asked(new, old.askers), *left]
            state, *gone = await self._run(self._put, old.number, stands, *arguments)
            if state != "gone":
                return bool(state == "put")
            new = without(new, gone, but=old.askers)

    async def _stands(self, number: int) -> str:
        return str(await self._client.hget(keys.ITEM.of(keys.COURSE, str(number)), "line") or "")

    async def _item(self, number: int) -> Item | None:
        return item_of(number, await self._stands(number))

    async def _items(self, sets: Sequence[str]) -> list[Item]:
        """Those whose numbers stand in these sets, the oldest first; those that are gone are taken out."""
        async with guarded():
            members: Any = await self._client.sunion(list(sets))
            numbers = sorted(members, key=int)
            chunks = (numbers[first : first + _CHUNK] for first in range(0, len(numbers), _CHUNK))
            replies = await asyncio.gather(
                *(self._run(self._lines, keys.ITEM.name, *some) for some in chunks)
            )
            lines = dict(zip(numbers, chain.from_iterable(replies), strict=True))
            if gone := [number for number, line in lines.items() if not line]:
                await asyncio.gather(*(self._client.srem(one, *gone) for one in sets))
        found = filter(None, (item_of(int(number), line) for number, line in lines.items()))
        return sorted(found, key=lambda item: (item.at, item.number))

    async def _run(self, script: Script, *arguments: Argument) -> Any:
        return await self._calls.run(script, [keys.prefix(keys.COURSE)], arguments)


def without(item: Item, people: Collection[str], but: Collection[Asker] = ()) -> Item:
    """The item without these people, `but` for these askers; where the first one goes, their words do too."""
    askers = tuple(asker for asker in item.askers if asker in but or asker.person not in people)
    gone = {asker.message_id for asker in item.askers} - {asker.message_id for asker in askers}
    left = replace(item, askers=askers, last="" if item.last in gone else item.last)
    if askers[:1] == item.askers[:1]:
        return left
    return replace(left, question=item.draft or item.question, asked="", gist="")


def item_of(number: int, line: str) -> Item | None:
    """The item on this line; None where it is damaged or of a version to come."""
    try:
        fields = fields_of(line)
        fields["askers"] = tuple(Asker(**one) for one in fields["askers"])
        fields["found"] = tuple(Source(*one) for one in fields["found"])
        return Item(**{**fields, "number": number})
    except (TypeError, KeyError):
        return None


def _line(item: Item) -> str:
    return line_of({**asdict(item), "number": 0})


def _opening(item: Item) -> str:
    first = item.askers[0].message_id if item.askers else item.last
    return f"{item.cause}:{first}" if first else ""


def _people(item: Item) -> list[str]:
    return [asker.person for asker in item.askers]


def _asked(item: Item, known: Collection[Asker] = ()) -> list[Argument]:
    """Each asker, and when they asked: whoever is `known` may stay, until they are taken out themselves."""
    at = {asker: inf if asker in known else asker.at or item.at for asker in item.askers}
    return [part for asker in item.askers for part in (asker.person, at[asker])]


def _script(name: str, flags: str = "") -> Script:
    return script(name, flags, shared=("staff",))
