"""One process at a time has a lease, and another one soon after it is gone."""

import asyncio

from redis.asyncio import Redis

from memory import keys
from memory.client import connect
from memory.lease import RedisLease


async def test_one_of_many_holds_it(client: Redis) -> None:
    held = await asyncio.gather(*(RedisLease(client).hold("telegram:1", 60) for _ in range(8)))
    assert sorted(held) == [False] * 7 + [True]


async def test_who_holds_it_goes_on_to(client: Redis) -> None:
    lease = RedisLease(client)
    assert await lease.hold("telegram:1", 1)
    assert await lease.hold("telegram:1", 60)
    assert await client.pttl(keys.HOLDER.of("telegram:1")) > 1000


async def test_it_is_free_once_it_is_released(client: Redis) -> None:
    one, other = RedisLease(client), RedisLease(client)
    assert await one.hold("telegram:1", 60)
    await one.release("telegram:1")
    assert await other.hold("telegram:1", 60)


async def test_nobody_releases_what_another_holds(client: Redis) -> None:
    one, other = RedisLease(client), RedisLease(client)
    assert await one.hold("telegram:1", 60)
    await other.release("telegram:1")
    assert not await other.hold("telegram:1", 60)


async def test_it_ends_with_who_holds_it_no_longer(client: Redis) -> None:
    one, other = RedisLease(client), RedisLease(client)
    assert await one.hold("telegram:1", 0.05)
    async with asyncio.timeout(5):
        while not await other.hold("telegram:1", 60):
            pass
    assert not await one.hold("telegram:1", 60)


async def test_leases_of_different_names_are_held_apart(client: Redis) -> None:
    assert await RedisLease(client).hold("telegram:1", 60)
    assert await RedisLease(client).hold("telegram:2", 60)


async def test_a_redis_that_does_not_answer_gives_no_lease() -> None:
    lease = RedisLease(connect("unix:///nowhere/redis.sock"))
    assert not await lease.hold("telegram:1", 60)
    await lease.release("telegram:1")
