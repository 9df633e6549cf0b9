"""Approved questions and answers."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.approved import RedisApproved
from memory.base import Approved, ApprovedPair, MemoryUnavailable
from memory.client import connect

PAIR = ApprovedPair(
    "7",
    "怎么申请证书？",
    "填 **问卷**。\n\n1. 打开\n2. 提交",
    "王老师",
    1_700_000_000.5,
    "camp4",
    ("证书在哪领？", "Where is my \ud800 certificate?"),
)


@pytest.fixture
def approved(client: Redis) -> Approved:
    return RedisApproved(client)


async def test_a_pair_comes_back_as_it_was_put(approved: Approved) -> None:
    await approved.put(PAIR)
    assert await approved.all() == [PAIR]


async def test_nothing_is_approved_at_first(approved: Approved) -> None:
    assert await approved.all() == []


async def test_pairs_come_in_the_order_of_their_approval(approved: Approved) -> None:
    later, first = replace(PAIR, id="1", approved_at=2e9), replace(PAIR, id="2", approved_at=1e9)
    await asyncio.gather(approved.put(later), approved.put(first), approved.put(PAIR))
    assert await approved.all() == [first, PAIR, later]


async def test_a_pair_replaces_the_one_of_its_id(approved: Approved) -> None:
    await approved.put(PAIR)
    await approved.put(replace(PAIR, answer="不用申请。", asked_as=()))
    assert [(pair.answer, pair.asked_as) for pair in await approved.all()] == [("不用申请。", ())]


async def test_a_withdrawn_pair_is_gone(approved: Approved) -> None:
    await approved.put(PAIR)
    assert await approved.withdraw("7")
    assert not await approved.withdraw("7")
    assert await approved.all() == []


async def test_pairs_stay_for_good(approved: Approved, client: Redis) -> None:
    await approved.put(PAIR)
    assert await client.ttl(keys.APPROVED.of(keys.COURSE)) == -1


async def test_the_mark_changes_with_every_change(approved: Approved) -> None:
    marks = [await approved.mark()]
    for change in (approved.put(PAIR), approved.put(PAIR), approved.withdraw("7")):
        await change
        marks.append(await approved.mark())
    assert len(set(marks)) == 4
    await approved.all()
    assert await approved.mark() == marks[-1]


async def test_a_damaged_line_and_one_of_a_version_to_come_hide_no_other(
    approved: Approved, client: Redis
) -> None:
    await approved.put(PAIR)
    for id, line in {"8": "{not json", "9": "[2, 1]", "10": '[1, "q"]', "11": "7"}.items():
        await client.hset(keys.APPROVED.of(keys.COURSE), id, line)
    assert await approved.all() == [PAIR]


async def test_without_redis_it_says_so(unused_tcp_port: int) -> None:
    client = connect(f"redis://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(MemoryUnavailable):
        await RedisApproved(client).all()
    await client.aclose()
