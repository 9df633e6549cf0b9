"""The questions handed to the staff."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import Source
from memory.desk import RedisDesk
from memory.people import RedisPeople
from memory.staff import Asker, Desk, Item

ANN = Asker("web:ann", "Ann", "m1", "web:room", "en", 100.5)
BOB = Asker("web:bob", "Bob", "m2", "web:room", at=101.0)
ITEM = Item(
    0,
    "no_evidence",
    "怎么申请证书？",
    "那证书呢 \ud800",
    100.5,
    (ANN,),
    "before",
    (Source("t", "h", "u", "r"),),
    "camp4",
)


@pytest.fixture
def desk(client: Redis) -> Desk:
    return RedisDesk(client)


async def test_an_item_comes_back_as_it_was_opened_under_a_number(desk: Desk) -> None:
    opened = await desk.open(ITEM)
    assert opened == replace(ITEM, number=1) == await desk.get(1)
    assert await desk.get(2) is None


async def test_a_cause_and_a_message_open_one_item_however_often(desk: Desk) -> None:
    opened = await asyncio.gather(*(desk.open(ITEM) for _ in range(5)))
    assert set(opened) == {replace(ITEM, number=1)}
    assert (await desk.open(replace(ITEM, cause="down_vote"))).number == 2
    assert (await desk.open(replace(ITEM, askers=(BOB,)))).number == 3


async def test_what_was_opened_before_comes_back_as_it_is_now(desk: Desk) -> None:
    opened = await desk.open(ITEM)
    taken = replace(opened, assignee="Wang")
    assert await desk.put(opened, taken)
    assert await desk.open(ITEM) == taken


async def test_an_item_that_nobody_asks_goes_by_the_message_it_was_opened_with(desk: Desk) -> None:
    nobodys = replace(ITEM, askers=(), last="m9", state="ignored")
    assert [(await desk.open(nobodys)).number for _ in range(2)] == [1, 1]
    assert (await desk.open(replace(nobodys, last="m10"))).number == 2
    assert {(await desk.open(replace(nobodys, last=""))).number for _ in range(2)} == {3, 4}
    assert len(await desk.items(["ignored"])) == 4


async def test_of_two_who_change_an_item_the_first_wins_and_the_other_looks_again(desk: Desk) -> None:
    opened = await desk.open(ITEM)
    results = await asyncio.gather(
        *(desk.put(opened, replace(opened, assignee=name)) for name in ("Wang", "Zhao"))
    )
    assert sorted(results) == [False, True]
    stands = await desk.get(1)
    assert stands
    assert await desk.put(stands, replace(stands, state="answered"))


async def test_a_change_that_is_repeated_is_a_change(desk: Desk) -> None:
    opened = await desk.open(ITEM)
    for _ in range(2):
        assert await desk.put(opened, replace(opened, state="answered", last="m9"))
    assert not await desk.put(opened, replace(opened, last="m10"))


async def test_what_is_not_there_is_not_changed(desk: Desk) -> None:
    unknown = replace(ITEM, number=7)
    assert not await desk.put(unknown, replace(unknown, state="answered"))
    await desk.shown(7, ["s1"])
    assert await desk.shown_in(["s1"]) is None


async def test_items_are_found_by_their_states_the_oldest_first(desk: Desk) -> None:
    for at in (9.0, 1.0, 5.0, 3.0):
        await desk.open(replace(ITEM, at=at, askers=(replace(ANN, message_id=f"{at}"),)))
    answered, merged = await desk.get(3) or ITEM, await desk.get(4) or ITEM
    assert await desk.put(answered, replace(answered, state="answered"))
    assert await desk.put(merged, replace(merged, state="merged", into=3))
    assert [item.at for item in await desk.items(["open"])] == [1.0, 9.0]
    assert [item.at for item in await desk.items(["open", "answered"])] == [1.0, 5.0, 9.0]
    assert await desk.items([]) == await desk.items(["approved"]) == []


async def test_more_items_than_one_reply_holds_are_found(desk: Desk) -> None:
    some = [replace(ITEM, at=float(n), askers=(replace(ANN, message_id=f"m{n}"),)) for n in range(600)]
    await asyncio.gather(*(desk.open(item) for item in some))
    assert [item.at for item in await desk.items(["open"])] == [float(n) for n in range(600)]


async def test_messages_lead_to_the_item_they_show(desk: Desk) -> None:
    opened = await desk.open(ITEM)
    await desk.shown(1, ["s1", "s2"])
    await desk.shown(1, [])
    assert await desk.shown_in(["unknown", "s2"]) == opened
    assert await desk.shown_in(["unknown"]) is None
    assert await desk.shown_in([]) is None


async def test_all_that_leads_to_an_item_lives_on_with_each_change(desk: Desk, client: Redis) -> None:
    opened = await desk.open(ITEM)
    await desk.shown(1, ["s1"])
    kept = [key async for key in client.scan_iter() if key != keys.NUMBER.of(keys.COURSE)]
    assert len(kept) == 6
    for key in kept:
        await client.expire(key, 5)
    assert await desk.put(opened, replace(opened, assignee="Wang"))
    assert {await client.ttl(key) for key in kept} == {180 * 24 * 3600}


async def test_numbers_of_items_that_are_gone_are_taken_out(desk: Desk, client: Redis) -> None:
    for asker in (ANN, BOB):
        await desk.open(replace(ITEM, askers=(asker,)))
    await client.delete(keys.ITEM.of(keys.COURSE, "1"))
    assert [item.number for item in await desk.items(["open", "approved"])] == [2]
    assert await client.smembers(keys.ITEMS.of(keys.COURSE, "open")) == {"2"}


async def test_what_cannot_be_read_hides_nothing_else(desk: Desk, client: Redis) -> None:
    for asker in (ANN, BOB):
        await desk.open(replace(ITEM, askers=(asker,)))
    for line in ("{", "[2, {}]", '[1, {"question": 7}]', '[1, {"askers": [], "found": []}]'):
        await client.hset(keys.ITEM.of(keys.COURSE, "1"), "line", line)
        assert [item.number for item in await desk.items(["open"])] == [2]
        assert await desk.get(1) is None


async def test_of_an_approved_question_whose_asker_is_forgotten_the_draft_alone_stays(
    desk: Desk, client: Redis
) -> None:
    approved = replace(ITEM, question="I am Ann: when?", state="approved", draft="When?", answer="On Friday.")
    await desk.open(approved)
    for asker in ITEM.askers:
        await RedisPeople(client).forget(asker.person)
    left = await desk.get(1)
    assert left is not None
    assert (left.question, left.draft, left.asked, left.askers) == ("When?", "When?", "", ())
