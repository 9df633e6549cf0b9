"""What people thought of answers, in Redis."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from memory import keys
from memory.base import REASONS, Reason, Vote
from memory.client import guarded
from memory.journal import Voted
from memory.scripts import Script, Scripts

# KEYS: a person's votes, and since when nothing older is kept of them. ARGV: id of an answer, the vote, Unix
# seconds, for how long they are kept. Returns 0 where they were forgotten in this very moment.
VOTE = Script("""
if tonumber(redis.call('GET', KEYS[2]) or '-inf') >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
""")
# KEYS: the voters, and that. ARGV: a person, Unix seconds, for how long they are kept.
VOTER = Script("""
if tonumber(redis.call('GET', KEYS[2]) or '-inf') >= tonumber(ARGV[2]) then return end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[3])
""")


class RedisVotes:
    """A hash per person, so that all their votes can be shown or forgotten at once.

    They are kept for `expiry` seconds after the person's last vote. By the course stands who voted when.
    """

    def __init__(self, client: Redis, expiry: int = keys.VOTES.seconds) -> None:
        self._client = client
        self._expiry = expiry
        self._calls = Scripts(client)

    async def put(self, message_id: str, voter: str, vote: Vote, reason: Reason | None = None) -> None:
        """Store a vote with its reason; a person's later vote replaces the earlier."""
        at = time.time()
        line = f"{vote} {reason or ''} {at}"
        own = [keys.VOTES.of(voter), keys.FORGOTTEN.of(voter)]
        course = [keys.VOTERS.of(keys.COURSE), keys.FORGOTTEN.of(keys.COURSE, voter)]
        async with guarded():
            # In this order: whoever finds the voter finds the vote.
            if await self._calls.run(VOTE, own, [message_id, line, at, self._expiry]):
                await self._calls.run(VOTER, course, [voter, at, self._expiry])

    async def by(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Vote]:
        """This person's votes on these answers, where there are any."""
        return {id: vote_of(kept) for id, kept in (await self._kept(voter, message_ids)).items()}

    async def reasons(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Reason]:
        """Why this person voted against these answers, where they said."""
        kept = await self._kept(voter, message_ids)
        said = {id: _reason(line) for id, line in kept.items()}
        return {id: reason for id, reason in said.items() if reason}

    async def _kept(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, str]:
        if not message_ids:
            return {}
        async with guarded():
            kept: Any = await self._client.hmget(keys.VOTES.of(voter), message_ids)
        return {id: line for id, line in zip(message_ids, kept, strict=True) if line}


def vote_of(kept: str) -> Vote:
    """The vote in what is kept of one."""
    return "up" if kept.startswith("up") else "down"


def voted(message_id: str, voter: str, kept: str) -> Voted:
    """The vote with its reason and date (0 where an earlier version did not keep it)."""
    at = [*kept.split(" "), "", ""][2]
    return Voted(message_id, voter, vote_of(kept), _reason(kept), float(at or 0))


def _reason(kept: str) -> Reason | None:
    return REASONS.get([*kept.split(" "), ""][1])
