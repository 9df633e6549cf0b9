"""An answer that is taken back is gone from the chat, and from what later answers build on."""

from collections.abc import AsyncGenerator

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Delivery, DeliveryFailed, Reply
from bot.retracting import taken_back
from memory.base import Turn
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.mail import Letter
from tests.fakes.board import Board

CHAT = Conversation("board", "a")
KEY, ANN, BOB = "board:a::ann", "ann", "bob"


class Stubborn(Board):
    """Deletes nothing."""

    async def retract(self, sent_id: str) -> None:
        raise DeliveryFailed("too old")


class House:
    """A bot that has answered one question of Ann's."""

    def __init__(self, client: Redis, board: Board) -> None:
        self.inbox, self.history, self.board = RedisInbox(client), RedisHistory(client), board

    async def answered(self, id: str) -> None:
        await self.inbox.accept(Letter(id, KEY, "[]", 1.0, sender=ANN))
        [job] = await self.inbox.take(["board"], 1)
        await self.inbox.commit(job, "{}", Turn(id, "q", "an answer", 1.0, sender=ANN))
        await self.inbox.done(job, [id], await self.board.show(_final(id), Delivery(id)))

    async def turns(self) -> list[str]:
        return [turn.message_id for turn in (await self.history.load(KEY)).turns]

    async def taken_back(self, id: str, asker: str = ANN) -> bool:
        return await taken_back(self.inbox, self.history, self.board, KEY, asker, id)


async def _final(id: str) -> AsyncGenerator[Reply, None]:
    yield Reply(CHAT, "an answer", in_reply_to=id, final=True)


@pytest.fixture
async def house(client: Redis) -> House:
    house = House(client, Board())
    await house.answered("m1")
    await house.answered("m2")
    return house


async def test_it_is_gone_from_the_chat_and_from_memory_and_the_others_stay(house: House) -> None:
    assert await house.taken_back("m2")
    assert [note.in_reply_to for note in house.board.notes.values()] == ["m1"]
    assert await house.turns() == ["m1"]


async def test_one_that_was_never_sent_cannot_be_gone_from_the_chat(house: House) -> None:
    assert not await house.taken_back("m9")
    assert len(house.board.notes) == 2


async def test_what_the_platform_does_not_delete_is_still_forgotten(client: Redis) -> None:
    house = House(client, Stubborn())
    await house.answered("m1")
    assert not await house.taken_back("m1")
    assert await house.turns() == []
    assert not await house.taken_back("m1")
