"""So many are inside, the chats take turns, and nobody who goes away leaves a gap."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.gate import Gate


class Visitor:
    """Comes to a gate, waits, is inside until it may leave."""

    def __init__(self, gate: Gate, chat: str) -> None:
        self.told: list[int] = []
        self.heard, self.inside, self.leave = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate, chat))

    async def _visit(self, gate: Gate, chat: str) -> None:
        with gate.place(chat) as places:
            async for count in places:
                self.told.append(count)
                self.heard.set()
            self.inside.set()
            await self.leave.wait()

    async def cancelled(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        assert self.task.cancelled()


@pytest.fixture(autouse=True)
async def soon() -> AsyncIterator[None]:
    async with asyncio.timeout(5):
        yield


async def waiting(gate: Gate, chat: str) -> Visitor:
    visitor = Visitor(gate, chat)
    await visitor.heard.wait()
    return visitor


async def has_room(gate: Gate) -> bool:
    with gate.place("probe") as places:
        return await anext(places, None) is None


async def order(gate: Gate, chats: str) -> str:
    """How these are served who come while somebody else is inside; each is told its very place."""
    served: list[tuple[str, int]] = []
    all_came, all_told = asyncio.Barrier(len(chats) + 1), asyncio.Barrier(len(chats) + 1)

    async def visit(chat: str) -> None:
        with gate.place(chat) as places:
            await all_came.wait()
            told = await anext(places)
            await all_told.wait()
            async for _ in places:
                pass
            served.append((chat, told))

    async with asyncio.TaskGroup() as tasks:
        with gate.place("holder"):
            for chat in chats:
                tasks.create_task(visit(chat))
            await all_came.wait()
            await all_told.wait()
    assert [told for _, told in served] == list(range(len(chats)))
    return "".join(chat for chat, _ in served)


async def test_where_there_is_room_nobody_waits() -> None:
    gate = Gate(2)
    visitors = [Visitor(gate, "a"), Visitor(gate, "a")]
    for visitor in visitors:
        await visitor.inside.wait()
    assert [visitor.told for visitor in visitors] == [[], []]
    assert not await has_room(gate)


@pytest.mark.parametrize(
    ("chats", "served"),
    [("abc", "abc"), ("aaaab", "abaaa"), ("aaabbc", "abcaba"), ("abaacccb", "abcabcac")],
)
async def test_chats_take_turns_and_each_is_told_how_many_are_before_it(chats: str, served: str) -> None:
    gate = Gate(1)
    assert await order(gate, chats) == served
    assert await has_room(gate)


async def test_who_waits_hears_when_fewer_are_before_it() -> None:
    gate = Gate(1, look=0.001)
    inside, first = Visitor(gate, "a"), await waiting(gate, "a")
    second = await waiting(gate, "a")
    await asyncio.wait([second.task], timeout=0.02)
    second.heard.clear()
    inside.leave.set()
    await second.heard.wait()
    first.leave.set()
    await second.inside.wait()
    assert second.told == [1, 0]


async def test_who_leaves_the_queue_is_no_longer_counted_or_served() -> None:
    gate = Gate(1, look=0.001)
    with gate.place("holder"):
        gone, left = await waiting(gate, "a"), await waiting(gate, "a")
        left.heard.clear()
        await gone.cancelled()
        await left.heard.wait()
    await left.inside.wait()
    assert left.told == [1, 0]


async def test_a_place_that_was_given_to_one_who_just_left_goes_to_the_next() -> None:
    gate = Gate(1)
    with gate.place("holder"):
        gone, left = await waiting(gate, "a"), await waiting(gate, "b")
    await gone.cancelled()
    assert not gone.inside.is_set()
    await left.inside.wait()


@pytest.mark.parametrize("chat", ["a", "b"])
async def test_who_is_cancelled_inside_makes_room_once(chat: str) -> None:
    gate = Gate(1)
    inside = Visitor(gate, "a")
    await inside.inside.wait()
    left = await waiting(gate, chat)
    await inside.cancelled()
    await left.inside.wait()
    assert not await has_room(gate)
    await left.cancelled()
    assert await has_room(gate)


async def test_an_error_inside_makes_room() -> None:
    gate = Gate(1)
    with pytest.raises(ZeroDivisionError), gate.place("a"):
        raise ZeroDivisionError
    assert await has_room(gate)


async def test_who_goes_without_having_looked_leaves_no_gap() -> None:
    gate = Gate(1)
    with gate.place("holder"), gate.place("a"):
        pass
    assert await has_room(gate)
