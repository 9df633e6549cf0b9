"""What people thought of answers, in Redis."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from memory import keys
from memory.base import REASONS, Reason, Vote
from memory.client import guarded


class RedisVotes:
    """A hash per person, so that all their votes can be shown or forgotten at once.

    They are kept for `expiry` seconds after the person's last vote.
    """

    def __init__(self, client: Redis, expiry: int = keys.VOTES.seconds) -> None:
        self._client = client
        self._expiry = expiry

    async def put(self, message_id: str, voter: str, vote: Vote, reason: Reason | None = None) -> None:
        """Store a vote with its reason; a person's later vote replaces the earlier."""
        key = keys.VOTES.of(voter)
        async with guarded(), self._client.pipeline() as pipeline:
            pipeline.hset(key, message_id, f"{vote} {reason}" if reason else vote)
            pipeline.expire(key, self._expiry)
            await pipeline.execute()

    async def by(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Vote]:
        """This person's votes on these answers, where there are any."""
        return {id: vote_of(kept) for id, kept in (await self._kept(voter, message_ids)).items()}

    async def reasons(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Reason]:
        """Why this person voted against these answers, where they said."""
        kept = await self._kept(voter, message_ids)
        said = {id: REASONS.get(line.partition(" ")[2]) for id, line in kept.items()}
        return {id: reason for id, reason in said.items() if reason}

    async def _kept(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, str]:
        if not message_ids:
            return {}
        async with guarded():
            kept: Any = await self._client.hmget(keys.VOTES.of(voter), message_ids)
        return {id: line for id, line in zip(message_ids, kept, strict=True) if line}


def vote_of(kept: str) -> Vote:
    """The vote in what is kept of one."""
    return "up" if kept == "up" else "down"
