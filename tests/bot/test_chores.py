"""Chores are done in the background, whoever dies, and never hold anybody up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot import chores
from bot.chores import FOLD_AFTER, Chores
from bot.hands import Hands
from bot.intake import Intake
from bot.keeping import Kept
from bot.worker import Worker
from memory.base import Turn
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.people import RedisPeople
from rag.types import Exchange
from tests.fakes import replica, staffed
from tests.fakes.board import Board

ANN, TALK = "web:ann", "web:a::web%3Aann"
WINDOW = 5


class Teller:
    """Tells of questions and finds a fact in each, once its gate is open; `fails` times it raises."""

    def __init__(self) -> None:
        self.fails = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun: asyncio.Queue[int] = asyncio.Queue()

    async def fold(self, summary: str, exchanges: Sequence[Exchange]) -> str:
        self.begun.put_nowait(len(exchanges))
        await self.gate.wait()
        if self.fails:
            self.fails -= 1
            raise ZeroDivisionError
        return f"{summary}told:{','.join(one.question for one in exchanges)};"

    async def facts(self, exchanges: Sequence[Exchange]) -> list[tuple[str, Exchange]]:
        return [(f"asks {one.question}", one) for one in exchanges]


class House:
    """A conversation with turns beyond its window, and who does chores about it."""

    def __init__(self, client: Redis) -> None:
        self.history = RedisHistory(client, window=WINDOW)
        self.people = RedisPeople(client)
        self.inbox = RedisInbox(client, lease=0.3, sweep=0.05)
        self.teller = Teller()
        self.free = True
        self.looked: asyncio.Queue[bool] = asyncio.Queue()
        doing = Chores(self.inbox, self.history, self.teller, pause=0.01)
        self.hands: Hands | Worker = doing.hands(self._room)

    def _room(self) -> bool:
        self.looked.put_nowait(self.free)
        return self.free

    async def asked(self, number: int) -> None:
        """So many questions were answered; a chore is queued where one is due."""
        for _ in range(number):
            known = await self.history.load(TALK, ANN)
            turn = Turn(f"web:{len(await self.everything())}", "q", "a", 1.0, sender=ANN)
            await self.history.append(TALK, turn, epoch=known.epoch)
            await chores.queue(self.inbox, TALK, Kept(turn, epoch=known.epoch, beyond=known.beyond))

    async def everything(self) -> list[Turn]:
        return [*await self.history.older(TALK), *(await self.history.load(TALK)).turns]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Until the end of the block, which is as sudden as kill -9: nothing is given back."""
        async with asyncio.timeout(20):
            running = asyncio.create_task(self.hands.run())
            try:
                yield
            finally:
                running.cancel()
                await asyncio.wait([running])

    async def done(self) -> str:
        """The summary, when no chore waits any more."""
        while (await self.inbox.state()).waiting:
            await self.inbox.ready()
        assert (await self.inbox.state()).dead == 0
        return (await self.history.load(TALK)).summary


@pytest.fixture
async def house(client: Redis) -> AsyncIterator[House]:
    house = House(client)
    yield house
    await house.hands.drain(within=0)


async def test_what_has_left_the_window_is_told_by_the_summary(house: House) -> None:
    await house.asked(40)
    async with house.working():
        summary = await house.done()
    assert summary.startswith("told:q,q,q")
    assert (await house.history.load(TALK)).beyond < FOLD_AFTER


async def test_one_chore_of_a_conversation_waits_at_most_and_none_for_a_few_turns(house: House) -> None:
    await house.asked(WINDOW + FOLD_AFTER - 1)
    assert (await house.inbox.state()).waiting == 0
    await house.asked(20)
    assert (await house.inbox.state()).waiting == 1


async def test_the_next_turns_are_folded_into_the_summary_there_is(house: House) -> None:
    async with house.working():
        await house.asked(20)
        first = await house.done()
        await house.asked(20)
        second = await house.done()
    assert second.startswith(first)
    assert len(second) > len(first)


async def test_facts_found_in_the_background_belong_to_who_told_them(house: House) -> None:
    await house.asked(40)
    async with house.working():
        await house.done()
    assert [(fact.text, fact.sender) for fact in (await house.history.load(TALK, ANN)).facts] == [
        ("asks q", ANN)
    ]
    assert (await house.history.load(TALK, "web:bob")).facts == ()


async def test_what_fails_for_a_while_is_done_after_all(house: House) -> None:
    house.teller.fails = chores.TRIES - 1
    await house.asked(40)
    async with house.working():
        assert (await house.done()).startswith("told:")


async def test_what_fails_each_time_is_dropped_and_tried_again_after_the_next_turn(house: House) -> None:
    house.teller.fails = chores.TRIES
    await house.asked(40)
    async with house.working():
        assert await house.done() == ""
        await house.asked(1)
        assert (await house.done()).startswith("told:")


async def test_what_a_killed_process_had_begun_another_one_does(client: Redis) -> None:
    dead, alive = House(client), House(client)
    dead.teller.gate.clear()
    await dead.asked(40)
    async with dead.working():
        await dead.teller.begun.get()
    async with alive.working():
        assert (await alive.done()).startswith("told:")
    await dead.hands.drain(within=0)


async def test_a_chore_that_is_drained_is_done_by_the_next_at_once(client: Redis) -> None:
    leaving, staying = House(client), House(client)
    leaving.teller.gate.clear()
    await leaving.asked(40)
    async with leaving.working():
        await leaving.teller.begun.get()
        await leaving.hands.drain(within=0)
    async with staying.working():
        assert (await staying.done()).startswith("told:")


async def test_a_conversation_that_is_forgotten_meanwhile_stays_forgotten(house: House) -> None:
    house.teller.gate.clear()
    await house.asked(40)
    async with house.working():
        await house.teller.begun.get()
        await house.people.forget(ANN)
        house.teller.gate.set()
        assert await house.done() == ""
    assert await house.everything() == []


async def test_what_is_begun_anew_meanwhile_has_no_summary_of_what_was_before(house: House) -> None:
    house.teller.gate.clear()
    await house.asked(40)
    async with house.working():
        await house.teller.begun.get()
        await house.history.clear(TALK)
        house.teller.gate.set()
        assert await house.done() == ""


async def test_a_chore_that_kills_its_worker_each_time_is_dropped_and_not_a_lost_question(
    house: House,
) -> None:
    await house.asked(40)
    for _ in range(chores.TRIES):
        while not await house.inbox.take([chores.PLATFORM], 1):
            await house.inbox.ready()
    async with house.working():
        assert await house.done() == ""
    assert house.teller.begun.empty()


async def test_chores_wait_while_there_is_no_room_for_them(house: House) -> None:
    house.free = False
    await house.asked(40)
    async with house.working():
        for _ in range(2):
            await house.looked.get()
        assert house.teller.begun.empty()
        house.free = True
        await house.done()


async def test_a_worker_does_chores_beside_its_questions_and_shows_nothing_of_them(client: Redis) -> None:
    house, board = House(client), Board()
    doing = Chores(house.inbox, house.history, house.teller)
    letters = RedisInbox(client, lease=0.3, sweep=0.05)
    answering = replica.assistant(client), {"board": board}
    worker = Worker(
        letters, *answering, replica.course().limits, besides=staffed.besides(client), chores=doing
    )
    await house.asked(40)
    house.hands = worker
    async with house.working():
        assert (await house.done()).startswith("told:")
        place = Conversation("board", "b")
        message = Message("board:1", place, Sender("board:bob"), "how", datetime.now(UTC))
        await Intake(letters, *answering).accept(message)
        assert (await board.shown.get()).startswith("how")
    await worker.drain(within=1)
    assert len(board.notes) == 1
