"""What is done by the clock is done once a slot, however many processes there are."""

import asyncio

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import MemoryUnavailable
from memory.client import connect
from memory.slots import RedisSlots


async def test_one_of_many_takes_a_slot(client: Redis) -> None:
    taken = await asyncio.gather(*(RedisSlots(client).take("reindex", "10:30") for _ in range(8)))
    assert sorted(taken) == [False] * 7 + [True]


async def test_the_next_slot_is_open_to_all_again(client: Redis) -> None:
    one, other = RedisSlots(client), RedisSlots(client)
    assert await one.take("reindex", "10:30")
    assert await other.take("reindex", "11:00")
    assert not await one.take("reindex", "11:00")


async def test_who_asks_twice_hears_the_same(client: Redis) -> None:
    slots = RedisSlots(client)
    assert await slots.take("reindex", "10:30")
    assert await slots.take("reindex", "10:30")


async def test_different_things_do_not_wait_for_one_another(client: Redis) -> None:
    assert await RedisSlots(client).take("reindex:a", "10:30")
    assert await RedisSlots(client).take("reindex:b", "10:30")


async def test_a_slot_is_forgotten_in_the_end(client: Redis) -> None:
    await RedisSlots(client).take("reindex", "10:30")
    assert 0 < await client.ttl(keys.SLOT.of("reindex")) <= keys.SLOT.seconds


async def test_a_redis_that_does_not_answer_is_told() -> None:
    slots = RedisSlots(connect("unix:///nowhere/redis.sock"))
    with pytest.raises(MemoryUnavailable):
        await slots.take("reindex", "10:30")
