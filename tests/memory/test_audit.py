"""The audit log."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.audit import RedisAudit
from memory.staff import Audit, Deed

DEED = Deed("m1", 1_700_000_000.25, "web:li", "李 \ud800", "web:room", "/mute 5", "", "muted", True)


@pytest.fixture
def audit(client: Redis) -> Audit:
    return RedisAudit(client, kept=3)


async def test_a_deed_comes_back_as_it_was_put(audit: Audit) -> None:
    await audit.put(DEED)
    assert await audit.newest(5) == [DEED]


async def test_the_newest_come_first_whenever_they_were_put(audit: Audit) -> None:
    deeds = [replace(DEED, id=str(number), at=float(number)) for number in range(3)]
    await asyncio.gather(*(audit.put(deed) for deed in deeds))
    assert await audit.newest(2) == [deeds[2], deeds[1]]
    assert await audit.newest(0) == []


async def test_the_first_one_of_an_id_stays(audit: Audit) -> None:
    await audit.put(DEED)
    await audit.put(replace(DEED, before="something else", at=9e9))
    assert await audit.newest(5) == [DEED]


async def test_only_the_newest_stay(audit: Audit, client: Redis) -> None:
    for number in (4, 3, 2, 1, 5):
        await audit.put(replace(DEED, id=str(number), at=float(number)))
    assert [deed.id for deed in await audit.newest(9)] == ["5", "4", "3"]
    assert await client.hlen(keys.DEEDS.of(keys.COURSE)) == 3


async def test_what_cannot_be_read_hides_nothing_else(audit: Audit, client: Redis) -> None:
    await audit.put(DEED)
    for id, line in {"a": "{", "b": "[2, {}]", "c": '[1, {"id": "c"}]'}.items():
        await client.zadd(keys.AUDIT.of(keys.COURSE), {id: 1})
        await client.hset(keys.DEEDS.of(keys.COURSE), id, line)
    assert await audit.newest(9) == [DEED]
