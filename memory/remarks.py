"""What was written in groups just now, in Redis."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from redis.asyncio import Redis

from memory import keys
from memory.client import guarded
from memory.journal import Remark
from memory.recorded import Record, Records
from memory.records import fields_of, line_of
from memory.scripts import Scripts, script

MOST = 200
"""Remarks of a place."""


class RedisRemarks:
    """They lie by the course, like all that is kept for the staff: so one step forgets a person."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._records = Records(client, keys.REMARK, keys.REMARKS, MOST)
        self._calls = Scripts(client)
        self._answered = script("answered", shared=("staff",))

    async def put(self, place: str, remark: Remark) -> None:
        """Keep it; one of the same message is replaced."""
        line = line_of({**asdict(remark), "message_id": "", "place": place})
        async with guarded():
            await self._records.put(Record(remark.message_id, place, remark.person, remark.at, line))

    async def since(self, place: str, at: float) -> list[Remark]:
        """Those written since, the oldest first."""
        async with guarded():
            found = await self._records.since(place, at)
        return [remark for id, line in found if (remark := remark_of(id, line))]

    async def drop(self, place: str, message_id: str) -> None:
        """Take one out."""
        async with guarded():
            await self._records.erase(message_id)

    async def answered(self, place: str, person: str, at: float) -> None:
        """Note that the bot answered this person there without being addressed."""
        async with guarded():
            await self._calls.run(self._answered, [keys.prefix(keys.COURSE)], [place, person, at])

    async def last_answered(self, place: str) -> Sequence[tuple[str, float]]:
        """Whom it answered so within a day of the last such answer, and when, the latest first."""
        async with guarded():
            key = keys.ANSWERED.of(keys.COURSE, f"in:{place}")
            found: Any = await self._client.zrevrange(key, 0, -1, withscores=True)
        return [(person, at) for person, at in found]


def remark_of(id: str, line: str) -> Remark | None:
    """The remark on this line; None where it is damaged or of a version to come."""
    try:
        fields = fields_of(line)
        fields.pop("place")
        return Remark(**{**fields, "message_id": id, "reply_to": tuple(fields["reply_to"])})
    except (TypeError, KeyError):
        return None


def place_of(line: str) -> str:
    """Where the remark on this line was written."""
    return str(fields_of(line).get("place", ""))
