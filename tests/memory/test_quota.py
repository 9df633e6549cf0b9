"""How many questions are answered of a person and of a group."""

import asyncio
from itertools import count

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import Allowance, Quota
from memory.quota import RedisQuota

NOW = 1_790_000_000.25
THREE = Allowance(per_minute=3, per_day=5, group_per_minute=4)
GROUP = "feishu:oc_1"


@pytest.fixture
def quota(client: Redis) -> Quota:
    return RedisQuota(client)


async def ask(quota: Quota, *ats: float, person: str = "web:li", group: str = GROUP) -> list[str]:
    """Which of these questions were refused over which limit, and how long to wait; empty where answered."""
    said = []
    for at in ats:
        refused = await quota.spend(f"{person}{at}", person, group, NOW + at, THREE)
        said.append(f"{refused.limit} {refused.wait:g}" if refused else "")
    return said


async def test_a_person_is_over_the_minute_until_the_first_question_is_a_minute_old(quota: Quota) -> None:
    assert await ask(quota, 0, 10, 20) == ["", "", ""]
    assert await ask(quota, 30, 59.5) == ["minute 30", "minute 0.5"]
    assert await ask(quota, 60, 69, 70) == ["", "minute 1", ""]


async def test_a_person_has_so_many_questions_on_any_day(quota: Quota) -> None:
    day = 24 * 3600
    assert await ask(quota, 0, 100, 200, 300, 400) == [""] * 5
    assert await ask(quota, 3600, day - 1) == [f"day {day - 3600}", "day 1"]
    assert await ask(quota, day, day + 50, day + 100) == ["", "day 50", ""]


async def test_a_group_has_so_many_questions_a_minute_of_all_together(quota: Quota) -> None:
    for person in "abcd":
        assert await ask(quota, 0, person=person) == [""]
    assert await ask(quota, 20, person="e") == ["group 40"]
    assert await ask(quota, 20, person="e", group="feishu:oc_2") == [""]


async def test_a_question_the_group_has_no_room_for_does_not_count_for_the_person(quota: Quota) -> None:
    for person in "abcd":
        await ask(quota, 0, person=person)
    assert await ask(quota, 1, 2, 3, person="e") == ["group 59", "group 58", "group 57"]
    assert await ask(quota, 4, 5, 6, person="e", group="") == ["", "", ""]


async def test_a_question_the_person_has_no_room_for_does_not_count_for_the_group(quota: Quota) -> None:
    assert await ask(quota, 0, 1, 2, 3, 4) == ["", "", "", "minute 57", "minute 56"]
    assert await ask(quota, 5, person="b") == [""]


async def test_a_person_is_counted_over_all_chats(quota: Quota) -> None:
    for number, chat in enumerate(("", "feishu:oc_1", "feishu:oc_2")):
        assert await ask(quota, number, group=chat) == [""]
    assert await ask(quota, 3, group="feishu:oc_3") == ["minute 57"]


async def test_the_same_question_counts_once_and_is_never_refused_later(quota: Quota) -> None:
    assert await ask(quota, 0, 0, 0, 1, 2) == [""] * 5
    for person in "bc":
        await ask(quota, 2, person=person)
    assert await ask(quota, 3, person="d") == ["group 57"]
    assert await ask(quota, 0, 1, 2) == ["", "", ""]


async def test_a_question_that_was_edited_is_not_refused_where_the_group_is_full_by_now(quota: Quota) -> None:
    await quota.spend("edited", "web:li", GROUP, NOW, THREE)
    for person in "abcd":
        await ask(quota, 300, person=person)
    assert await ask(quota, 301, person="e") == ["group 59"]
    assert await quota.spend("edited", "web:li", GROUP, NOW + 301, THREE) is None


async def test_no_minute_holds_more_when_questions_come_out_of_order(quota: Quota) -> None:
    assert await ask(quota, 50, 55, 58) == ["", "", ""]
    assert await ask(quota, 0, -5) == ["minute 110", ""]


async def test_of_many_at_once_exactly_so_many_are_answered(quota: Quota) -> None:
    said = await asyncio.gather(
        *(quota.spend(f"m{n}", "web:li", f"feishu:oc_{n}", NOW, THREE) for n in range(20))
    )
    assert said.count(None) == 3


async def test_a_chat_is_told_once_a_minute_that_a_person_asks_too_much(quota: Quota, client: Redis) -> None:
    ids = map(str, count())

    async def told(id: str, group: str) -> bool | None:
        refused = await quota.spend(id, "web:li", group, NOW, THREE)
        return refused and refused.told

    for _ in range(3):
        assert await told(next(ids), "a") is None
    assert [await told(next(ids), "a") for _ in range(3)] == [False, True, True]
    assert await told("3", "a") is False  # tried again, perhaps after a crash
    assert await told(next(ids), "b") is False
    assert 0 < await client.ttl(f"{keys.REFUSED.of('web:li')}:a") <= 60


async def test_what_is_counted_stays_small_and_expires(quota: Quota, client: Redis) -> None:
    for minute in range(10):
        for person in "abc":
            await ask(quota, 60 * minute, person=f"{person}{minute}")
    assert await client.zcard(keys.ASKED.of(GROUP)) <= 6
    assert 0 < await client.ttl(keys.ASKED.of(GROUP)) <= 24 * 3600
    day = 24 * 3600
    for number in range(10):
        await ask(quota, number * day / 2)
    assert await client.zcard(keys.ASKED.of("web:li")) <= 4


async def test_no_limit_is_no_limit(quota: Quota) -> None:
    free = Allowance(per_minute=0, per_day=0, group_per_minute=0)
    for number in range(10):
        assert await quota.spend(str(number), "web:li", GROUP, NOW, free) is None
