"""The journal: what was asked, what was thought of the answers, and what was left alone."""

import asyncio
import time
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.entries import DAY, RedisJournal
from memory.journal import Asked, Journal, Standing, Voted
from memory.votes import RedisVotes

STANDING = (
    Standing("p1", "d1", "文档", "一级 > 二级", "r1", "0a"),
    Standing("p2", "d1", "文档", "", "r1", "1b"),
)
ENTRY = Asked(
    "m1",
    "web:ann",
    1_700_000_000.25,
    "web:room",
    "[]",
    "怎么申请 \ud800？",
    "answered",
    "partial",
    "camp4",
    "zh",
    12.5,
    300.0,
    (1000, 20),
    STANDING,
    True,
    ("0a",),
    "{}",
)


@pytest.fixture
def journal(client: Redis) -> Journal:
    return RedisJournal(client)


async def test_an_entry_comes_back_as_it_was_put(journal: Journal) -> None:
    await journal.put(ENTRY)
    assert await journal.get("m1") == ENTRY
    assert await journal.get("m2") is None
    assert await journal.since(0) == [ENTRY]


async def test_it_replaces_the_one_of_its_message_but_for_what_that_was_told(journal: Journal) -> None:
    await journal.put(ENTRY)
    await journal.put(replace(ENTRY, outcome="no_evidence", told=()))
    assert await journal.get("m1") == replace(ENTRY, outcome="no_evidence")
    await journal.put(replace(ENTRY, told=("0a", "1b")))
    assert await journal.since(0) == [replace(ENTRY, told=("0a", "1b"))]


async def test_they_come_since_a_time_the_oldest_first(journal: Journal) -> None:
    entries = [replace(ENTRY, message_id=f"m{at}", at=float(at)) for at in range(5)]
    await asyncio.gather(*(journal.put(entry) for entry in reversed(entries)))
    assert await journal.since(2.0) == entries[2:]
    assert await journal.since(9) == []


async def test_of_two_who_renew_an_entry_one_wins(journal: Journal) -> None:
    await journal.put(ENTRY)
    results = await asyncio.gather(
        *(journal.renew(ENTRY, replace(ENTRY, told=(digest,))) for digest in ("1", "2"))
    )
    assert sorted(results) == [False, True]


async def test_what_is_renewed_once_more_stands(journal: Journal) -> None:
    assert not await journal.renew(ENTRY, ENTRY)
    await journal.put(ENTRY)
    told = replace(ENTRY, told=("0a", "1b"))
    for _ in range(2):
        assert await journal.renew(ENTRY, told)
    assert not await journal.renew(ENTRY, replace(ENTRY, told=()))
    assert await journal.get("m1") == told


async def test_what_is_put_and_renewed_at_once_loses_nothing_that_was_told(journal: Journal) -> None:
    for number in range(20):
        entry = replace(ENTRY, message_id=f"m{number}")
        await journal.put(entry)
        told = replace(entry, told=("0a", "1b"))
        renewed, _ = await asyncio.gather(
            journal.renew(entry, told), journal.put(replace(entry, outcome="x", told=()))
        )
        stands = await journal.get(entry.message_id)
        assert stands
        assert ("1b" in stands.told) == renewed


async def test_an_entry_lasts_from_when_it_was_written_first(journal: Journal, client: Redis) -> None:
    await journal.put(ENTRY)
    place = keys.ENTRY.of(keys.COURSE, "m1")
    assert await client.ttl(place) == 90 * DAY
    await client.expire(place, 5)
    await journal.renew(ENTRY, replace(ENTRY, told=()))
    await journal.put(ENTRY)
    assert 0 < await client.ttl(place) <= 5


async def test_ids_of_what_has_expired_are_taken_out(journal: Journal, client: Redis) -> None:
    for number in range(5):
        await journal.put(replace(ENTRY, message_id=f"m{number}", at=float(number)))
    await client.delete(*(keys.ENTRY.of(keys.COURSE, f"m{number}") for number in (0, 1, 3)))
    await journal.put(replace(ENTRY, message_id="m5", at=5.0))
    owners = ("in:", "by:web:ann")
    for owner in owners:
        assert await client.zrange(keys.ENTRIES.of(keys.COURSE, owner), 0, -1) == ["m2", "m3", "m4", "m5"]
    assert [entry.message_id for entry in await journal.since(0)] == ["m2", "m4", "m5"]
    assert await client.zrange(keys.ENTRIES.of(keys.COURSE, "in:"), 0, -1) == ["m2", "m4", "m5"]


async def test_many_entries_are_had_in_few_commands(journal: Journal, client: Redis) -> None:
    await asyncio.gather(
        *(journal.put(replace(ENTRY, message_id=f"m{number}", at=float(number))) for number in range(1500))
    )
    await client.config_resetstat()
    assert [entry.at for entry in await journal.since(0)] == [float(number) for number in range(1500)]
    counts = await client.info("commandstats")
    asked = {name: counts[f"cmdstat_{name}"]["calls"] for name in ("zrangebyscore", "evalsha")}
    assert asked == {"zrangebyscore": 1, "evalsha": 2}


async def test_what_cannot_be_read_hides_nothing_else(journal: Journal, client: Redis) -> None:
    await journal.put(ENTRY)
    await journal.put(replace(ENTRY, message_id="m2"))
    for line in ("{", "[2, {}]", '[1, {"message_id": "m2"}]', "[1, []]"):
        await client.hset(keys.ENTRY.of(keys.COURSE, "m2"), "line", line)
        assert await journal.since(0) == [ENTRY]
        assert await journal.get("m2") is None


async def test_votes_come_with_reason_and_date_the_last_of_each_voter(
    journal: Journal, client: Redis
) -> None:
    votes, begun = RedisVotes(client), time.time()
    await votes.put("m1", "web:ann", "up")
    await votes.put("m2", "web:bob", "up")
    await votes.put("m1", "web:ann", "down", "old")
    given = await journal.votes(begun)
    assert [vote[:4] for vote in given] == [("m2", "web:bob", "up", None), ("m1", "web:ann", "down", "old")]
    assert all(begun <= vote.at <= time.time() for vote in given)
    assert await journal.votes(given[1].at) == given[1:]
    assert await journal.votes(time.time() + 1) == []


async def test_a_vote_that_an_earlier_version_kept_has_no_date(journal: Journal, client: Redis) -> None:
    await client.hset(keys.VOTES.of("web:ann"), mapping={"m1": "down wrong", "m2": "up"})
    await RedisVotes(client).put("m3", "web:ann", "up")
    assert [vote.message_id for vote in await journal.votes(1.0)] == ["m3"]
    assert Voted("m1", "web:ann", "down", "wrong", 0.0) in await journal.votes(0)


async def test_a_message_left_alone_counts_once_by_chat_and_day(journal: Journal) -> None:
    today = time.time()
    for id, chat, at in (
        ("m1", "web:a", today),
        ("m1", "web:a", today),
        ("m2", "web:a", today),
        ("m3", "web:b", today),
        ("m4", "web:a", today - 2 * DAY),
    ):
        await journal.silent(id, chat, at)
    assert await journal.silences(today) == {"web:a": 2, "web:b": 1}
    assert await journal.silences(today - 2 * DAY) == await journal.silences(0) == {"web:a": 3, "web:b": 1}
