"""What people thought of answers."""

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import Votes
from memory.votes import RedisVotes


@pytest.fixture
def votes(client: Redis) -> Votes:
    return RedisVotes(client, expiry=3600)


async def test_a_vote_is_remembered(votes: Votes) -> None:
    await votes.put("m1", "web:li", "up")
    await votes.put("m2", "web:li", "down")
    assert await votes.by("web:li", ["m1", "m2", "m3"]) == {"m1": "up", "m2": "down"}


async def test_a_later_vote_replaces_the_earlier(votes: Votes) -> None:
    await votes.put("m1", "web:li", "up")
    await votes.put("m1", "web:li", "down")
    assert await votes.by("web:li", ["m1"]) == {"m1": "down"}


async def test_a_vote_with_a_reason_is_one_vote_and_the_reason_goes_with_it(votes: Votes) -> None:
    await votes.put("m1", "web:li", "down", "old")
    await votes.put("m2", "web:li", "down")
    assert await votes.by("web:li", ["m1", "m2"]) == {"m1": "down", "m2": "down"}
    assert await votes.reasons("web:li", ["m1", "m2", "m3"]) == {"m1": "old"}
    await votes.put("m1", "web:li", "up")
    assert await votes.by("web:li", ["m1"]) == {"m1": "up"}
    assert await votes.reasons("web:li", ["m1"]) == {}


async def test_only_what_was_asked_for_is_told(votes: Votes) -> None:
    await votes.put("m1", "web:li", "up")
    assert await votes.by("web:li", ["m2"]) == {}
    assert await votes.by("web:li", []) == {}


async def test_a_vote_is_its_voters_alone(votes: Votes) -> None:
    await votes.put("m1", "web:li", "up")
    assert await votes.by("web:wang", ["m1"]) == {}


async def test_votes_expire_after_the_last(votes: Votes, client: Redis) -> None:
    await votes.put("m1", "web:li", "up")
    await client.expire(keys.VOTES.of("web:li"), 5)
    await votes.put("m2", "web:li", "up")
    assert await client.ttl(keys.VOTES.of("web:li")) == 3600
