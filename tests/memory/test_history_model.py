"""Whatever is done to a history in whatever order, it remembers what the model says."""

import asyncio
from random import Random

import pytest
from redis.asyncio import Redis

from memory.base import Fact, Turn
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.mail import Letter
from memory.people import RedisPeople
from tests.memory.history_model import HistoryModel

CONVERSATION = "feishu:oc_1"
PEOPLE = ("web:ann", "web:bob", "web:eve")
TEXTS = ("uses Linux", "uses Windows", "has 8 GB", "is in Wuhan")


class Both:
    """The same done to a history and to its model."""

    def __init__(self, client: Redis, random: Random) -> None:
        self.random = random
        self.history = RedisHistory(client, window=5, kept=12)
        self.inbox = RedisInbox(client, per_conversation=100)
        self.people = RedisPeople(client)
        self.model = HistoryModel(window=5, kept=12)
        self.asked: list[tuple[str, str]] = []

    async def append(self) -> None:
        id, sender = f"m{len(self.asked)}", self.random.choice(PEOPLE)
        self.asked.append((id, sender))
        await self._append(id, sender)

    async def edit(self) -> None:
        if self.asked:
            id, sender = self.random.choice(self.asked[-12:])
            await self.inbox.accept(Letter(id, CONVERSATION, "", 1.0, sender=sender), edited=True)
            await self._append(id, sender, edited=True)

    async def clear(self) -> None:
        await self.history.clear(CONVERSATION)
        self.model.clear()

    async def fold(self) -> None:
        _, turns, epoch = await self.history.unfolded(CONVERSATION)
        some, facts = turns[: self.random.randint(1, 9)], self._facts("m0", self.random.choice(PEOPLE))
        if some:
            assert await self.history.fold(CONVERSATION, epoch, some[-1].message_id, some, facts)
            self.model.fold(some[-1].message_id, some, facts)

    async def forget(self) -> None:
        person = self.random.choice(PEOPLE)
        known = await self.history.load(CONVERSATION, person)
        _, turns, epoch = await self.history.unfolded(CONVERSATION)
        if any(turn.sender == person for turn in self.model.turns) or self.model.facts_of(person):
            if self.random.random() < 0.5:
                await self.people.forget(person)
            else:
                await self.people.forget_in(CONVERSATION, person)
            self.model.forget(person)
            await self.history.append(CONVERSATION, self._turn("late", person), epoch=known.epoch)
            assert not await self.history.fold(CONVERSATION, epoch, "late", turns)

    async def compare(self) -> None:
        loads = (self.history.load(CONVERSATION, person) for person in PEOPLE)
        for person, known in zip(PEOPLE, await asyncio.gather(*loads), strict=True):
            assert list(known.turns) == self.model.shown()
            assert list(known.facts) == self.model.facts_of(person)
            assert (known.summary, known.beyond) == (self.model.summary, len(self.model.unfolded()))
        assert await self.history.older(CONVERSATION) == self.model.older()
        assert (await self.history.unfolded(CONVERSATION))[1] == self.model.unfolded()

    async def _append(self, id: str, sender: str, edited: bool = False) -> None:
        turn, facts = self._turn(id, sender), self._facts(id, sender)
        epoch = (await self.history.load(CONVERSATION, sender)).epoch
        await self.history.append(CONVERSATION, turn, facts, epoch)
        self.model.append(turn, facts, edited)

    def _turn(self, id: str, sender: str) -> Turn:
        return Turn(id, f"question {self.random.random()}", "answer", 1.0, sender=sender)

    def _facts(self, id: str, sender: str) -> list[Fact]:
        texts = self.random.sample(TEXTS, self.random.randint(0, 2))
        return [Fact(text, float(self.random.randint(1, 9)), id, sender) for text in texts]


@pytest.mark.parametrize("seed", range(3))
async def test_a_history_is_what_its_model_is(client: Redis, seed: int) -> None:
    both = Both(client, Random(seed))
    steps = [both.append] * 8 + [both.edit, both.edit, both.fold, both.fold, both.clear, both.forget]
    for _ in range(60):
        await both.random.choice(steps)()
        await both.compare()
