"""What the bot does by itself is done once and in order, whoever dies, and whatever fails for a while."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from adapters.base import ChatClosed, Conversation, DeliveryFailed, Reply
from bot.errands import TRIES, Doer, Errand, Errands, Underway, queue
from bot.posting import KIND, Posting, post
from memory.inbox import RedisInbox
from tests.fakes.board import Board


class Doing:
    """Notes what it does; a body that names a failure fails as often as that is said."""

    def __init__(self) -> None:
        self.done: asyncio.Queue[str] = asyncio.Queue()
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.failures: list[Exception] = []
        self.pauses: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def do(self, underway: Underway) -> float | None:
        self.begun.put_nowait(underway.errand.body)
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        if self.pauses:
            return self.pauses.pop()
        await self.done.put(underway.errand.body)
        return None


@asynccontextmanager
async def working(inbox: RedisInbox, doer: Doer, kind: str = "note") -> AsyncIterator[None]:
    """Until the end of the block, which is as sudden as kill -9."""
    hands = Errands(inbox, {kind: doer}, pause=0.05).hands()
    async with asyncio.timeout(20):
        running = [asyncio.create_task(one) for one in (inbox.listen(), hands.run())]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await hands.drain(within=0)


@pytest.fixture
def inbox(client: Redis) -> RedisInbox:
    return RedisInbox(client, lease=0.3, sweep=0.05)


def errand(number: int, lane: str = "a", body: str = "") -> Errand:
    return Errand(f"note:{number}", lane, "note", body or str(number))


async def settled(inbox: RedisInbox) -> None:
    while (await inbox.state()).waiting:
        await inbox.ready()


async def test_each_is_done_once_and_those_of_a_lane_in_order(inbox: RedisInbox) -> None:
    doing = Doing()
    for number in (1, 2, 3, 2, 1):
        await queue(inbox, errand(number))
    async with working(inbox, doing.do):
        await settled(inbox)
    assert [doing.done.get_nowait() for _ in range(doing.done.qsize())] == ["1", "2", "3"]


async def test_one_lane_does_not_wait_for_another(inbox: RedisInbox) -> None:
    doing = Doing()
    doing.gate.clear()
    await queue(inbox, errand(1, "a"))
    await queue(inbox, errand(2, "b"))
    async with working(inbox, doing.do):
        assert {await doing.begun.get(), await doing.begun.get()} == {"1", "2"}


@pytest.mark.parametrize("error", [DeliveryFailed("later"), ValueError("a bug")], ids=type)
async def test_what_fails_once_is_done_after_all(inbox: RedisInbox, error: Exception) -> None:
    doing = Doing()
    doing.failures = [error]
    await queue(inbox, errand(1))
    async with working(inbox, doing.do):
        assert await doing.done.get() == "1"


async def test_what_fails_each_time_is_buried_and_the_next_is_done(inbox: RedisInbox) -> None:
    doing = Doing()
    doing.failures = [ValueError("a bug")] * TRIES
    await queue(inbox, errand(1))
    await queue(inbox, errand(2))
    async with working(inbox, doing.do):
        assert await doing.done.get() == "2"
    assert (await inbox.state()).dead == 1


async def test_a_chat_that_is_closed_is_not_tried_again(inbox: RedisInbox) -> None:
    doing = Doing()
    doing.failures = [ChatClosed("gone")]
    await queue(inbox, errand(1))
    async with working(inbox, doing.do):
        await settled(inbox)
    assert doing.done.empty()
    assert (await inbox.state()).last_reason == "gone"


async def test_one_that_is_not_due_yet_is_looked_at_again(inbox: RedisInbox) -> None:
    doing = Doing()
    doing.pauses = [0.01]
    await queue(inbox, errand(1))
    async with working(inbox, doing.do):
        assert [await doing.begun.get(), await doing.begun.get()] == ["1", "1"]
        assert await doing.done.get() == "1"


async def test_what_a_killed_process_had_begun_another_one_does(inbox: RedisInbox, client: Redis) -> None:
    dead, alive = Doing(), Doing()
    dead.gate.clear()
    await queue(inbox, errand(1))
    async with working(inbox, dead.do):
        await dead.begun.get()
    async with working(RedisInbox(client, lease=0.3, sweep=0.05), alive.do):
        assert await alive.done.get() == "1"


async def test_a_post_is_shown_once_in_its_place(inbox: RedisInbox) -> None:
    board = Board()
    place = Conversation("board", "room", "group", "7")
    reply = Reply(place, "助教回复了", in_reply_to="board:q", final=True)
    for _ in range(2):
        await queue(inbox, post("news:1", reply))
    async with working(inbox, Posting({"board": board}).deliver, KIND):
        assert await board.shown.get() == "助教回复了"
        await settled(inbox)
    assert list(board.notes.values()) == [reply]


@pytest.mark.parametrize("kept", [False, True])
async def test_a_post_that_was_begun_goes_on_in_the_same_place(
    client: Redis, inbox: RedisInbox, kept: bool
) -> None:
    """Killed when it was shown and before that was written down, or after."""
    board = Board()
    posting = Posting({"board": board})

    async def dies(underway: Underway) -> float | None:
        await posting.deliver(underway)
        if not kept:
            underway.sent_id = ""
        await asyncio.Event().wait()
        return None

    await queue(inbox, post("news:1", Reply(Conversation("board", "room"), "neu", final=True)))
    async with working(inbox, dies, KIND):
        await board.shown.get()
    async with working(RedisInbox(client, lease=0.3, sweep=0.05), posting.deliver, KIND):
        await settled(inbox)
    assert len(board.notes) == 1


class Older(Mapping[str, Doer]):
    """The doers of a version that does not know what is asked for."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[str] = asyncio.Queue()

    def __getitem__(self, kind: str) -> Doer:
        self.asked.put_nowait(kind)
        raise KeyError(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


async def test_what_only_another_version_does_waits_for_that(inbox: RedisInbox) -> None:
    doing, older = Doing(), Older()
    await queue(inbox, Errand("new:1", "a", "new", "1"))
    hands = Errands(inbox, older, pause=0.01).hands()
    async with asyncio.timeout(20):
        running = [asyncio.create_task(one) for one in (inbox.listen(), hands.run())]
        assert [await older.asked.get() for _ in range(TRIES + 2)] == ["new"] * (TRIES + 2)
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await hands.drain(within=0)
    async with working(inbox, doing.do, "new"):
        assert await doing.done.get() == "1"
