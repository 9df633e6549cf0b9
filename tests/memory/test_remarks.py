"""What was written in groups just now."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.journal import Remark, Remarks
from memory.remarks import RedisRemarks

GROUP, THREAD = "telegram:-100", "telegram:-100:7"
REMARK = Remark("m1", "telegram:1", "重启一下 \ud800", 100.5, ("m0",))


@pytest.fixture
def remarks(client: Redis) -> Remarks:
    return RedisRemarks(client)


async def test_a_remark_comes_back_as_it_was_put_in_its_place(remarks: Remarks) -> None:
    await remarks.put(GROUP, REMARK)
    assert await remarks.since(GROUP, 100.5) == [REMARK]
    assert await remarks.since(GROUP, 101) == await remarks.since(THREAD, 0) == []


async def test_one_of_the_same_message_is_replaced(remarks: Remarks) -> None:
    await remarks.put(GROUP, REMARK)
    await remarks.put(GROUP, replace(REMARK, text="edited", reply_to=()))
    assert await remarks.since(GROUP, 0) == [replace(REMARK, text="edited", reply_to=())]
    await remarks.put(THREAD, REMARK)
    assert (await remarks.since(GROUP, 0), await remarks.since(THREAD, 0)) == ([], [REMARK])


async def test_the_newest_of_a_place_stay_the_oldest_first(remarks: Remarks) -> None:
    some = [replace(REMARK, message_id=f"m{n}", at=float(n)) for n in range(205)]
    await remarks.put(THREAD, replace(REMARK, message_id="elsewhere"))
    await asyncio.gather(*(remarks.put(GROUP, remark) for remark in some))
    assert await remarks.since(GROUP, 0) == some[5:]
    assert len(await remarks.since(THREAD, 0)) == 1


async def test_what_is_recalled_is_taken_out(remarks: Remarks, client: Redis) -> None:
    await remarks.put(GROUP, REMARK)
    await remarks.drop(GROUP, "m1")
    await remarks.drop(GROUP, "unknown")
    assert await remarks.since(GROUP, 0) == []
    assert [key async for key in client.scan_iter()] == []


async def test_a_remark_lasts_an_hour_however_lively_its_place_is(remarks: Remarks, client: Redis) -> None:
    await remarks.put(GROUP, REMARK)
    await client.expire(keys.REMARK.of(keys.COURSE, "m1"), 5)
    await remarks.put(GROUP, replace(REMARK, text="edited"))
    await remarks.put(GROUP, replace(REMARK, message_id="m2"))
    left = [await client.ttl(keys.REMARK.of(keys.COURSE, id)) for id in ("m1", "m2")]
    assert 0 < left[0] <= 5
    assert left[1] == 3600


async def test_whom_the_bot_answered_unasked_is_known_the_latest_first(remarks: Remarks) -> None:
    for person, at in (("a", 1.0), ("b", 3.0), ("a", 5.0), ("a", 2.0)):
        await remarks.answered(GROUP, person, at)
    assert await remarks.last_answered(GROUP) == [("a", 5.0), ("b", 3.0)]
    assert await remarks.last_answered(THREAD) == []


async def test_an_answer_of_the_day_before_is_none_any_more(remarks: Remarks) -> None:
    await remarks.answered(GROUP, "a", 1.0)
    await remarks.answered(GROUP, "b", 1.0 + 24 * 3600)
    await remarks.answered(GROUP, "b", 2.0 + 24 * 3600)
    assert await remarks.last_answered(GROUP) == [("b", 2.0 + 24 * 3600)]


async def test_what_cannot_be_read_hides_nothing_else(remarks: Remarks, client: Redis) -> None:
    await remarks.put(GROUP, REMARK)
    await remarks.put(GROUP, replace(REMARK, message_id="m2"))
    for line in ("{", "[2, {}]", '[1, {"text": "x"}]', '[1, {"place": "", "reply_to": 1}]'):
        await client.hset(keys.REMARK.of(keys.COURSE, "m2"), "line", line)
        assert await remarks.since(GROUP, 0) == [REMARK]
