"""The questions with answers that the staff approved, in Redis."""

import json

from redis.asyncio import Redis

from memory import keys
from memory.base import ApprovedPair
from memory.client import guarded

VERSION = 1
_ALL, _MARK = keys.APPROVED.of(keys.COURSE), keys.MARK.of(keys.COURSE)


class RedisApproved:
    """One hash of JSON lines. They stay until they are withdrawn: they are the course's own knowledge."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def put(self, pair: ApprovedPair) -> None:
        """Keep the pair; it replaces the one of the same id."""
        async with guarded(), self._client.pipeline() as pipeline:
            pipeline.hset(_ALL, pair.id, to_line(pair))
            pipeline.incr(_MARK)
            await pipeline.execute()

    async def withdraw(self, id: str) -> bool:
        """Forget the pair; False where there is none of this id."""
        async with guarded(), self._client.pipeline() as pipeline:
            pipeline.hdel(_ALL, id)
            pipeline.incr(_MARK)
            withdrawn, _ = await pipeline.execute()
        return bool(withdrawn)

    async def all(self) -> list[ApprovedPair]:
        """Every pair, the one approved first before the others."""
        async with guarded():
            lines = await self._client.hgetall(_ALL)
        pairs = [from_line(str(id), line) for id, line in lines.items()]
        return sorted((pair for pair in pairs if pair), key=lambda pair: (pair.approved_at, pair.id))

    async def mark(self) -> str:
        """Another one after each change."""
        async with guarded():
            return str(await self._client.get(_MARK) or "")


def to_line(pair: ApprovedPair) -> str:
    """The pair, but for its id, as one line of JSON."""
    rest = [pair.question, pair.answer, pair.author, pair.approved_at, pair.cohort, pair.asked_as]
    return json.dumps([VERSION, *rest], ensure_ascii=False, separators=(",", ":"))


def from_line(id: str, line: str | bytes) -> ApprovedPair | None:
    """The pair on this line; None where it is damaged or of a version to come."""
    try:
        version, question, answer, author, approved_at, cohort, asked_as = json.loads(line)
        if version == VERSION:
            return ApprovedPair(id, question, answer, author, approved_at, cohort, tuple(asked_as))
    except (ValueError, TypeError):
        return None
    return None
