"""What people thought of answers, in Redis."""

from collections.abc import Mapping, Sequence

from redis.asyncio import Redis

from memory import keys
from memory.base import Vote
from memory.client import guarded


class RedisVotes:
    """A hash per person, so that all their votes can be shown or forgotten at once.

    They are kept for `expiry` seconds after the person's last vote.
    """

    def __init__(self, client: Redis, expiry: int = keys.VOTES.seconds) -> None:
        self._client = client
        self._expiry = expiry

    async def put(self, message_id: str, voter: str, vote: Vote) -> None:
        """Store a vote; a person's later vote replaces the earlier."""
        key = keys.VOTES.of(voter)
        async with guarded(), self._client.pipeline() as pipeline:
            pipeline.hset(key, message_id, vote)
            pipeline.expire(key, self._expiry)
            await pipeline.execute()

    async def by(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Vote]:
        """This person's votes on these answers, where there are any."""
        if not message_ids:
            return {}
        async with guarded():
            votes = await self._client.hmget(keys.VOTES.of(voter), message_ids)
        return {
            id: "up" if vote == "up" else "down" for id, vote in zip(message_ids, votes, strict=True) if vote
        }
