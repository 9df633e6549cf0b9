"""The journal in Redis: what was asked and how it was answered."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from memory import keys
from memory.client import guarded
from memory.journal import Asked, Voted
from memory.journal_lines import from_line, to_line
from memory.recorded import Record, Records
from memory.scripts import Scripts, script
from memory.votes import voted

DAY = 24 * 60 * 60  # seconds


class RedisJournal:
    """Entries by message, votes as they lie by the people who gave them, and silences by day."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._records = Records(client, keys.ENTRY, keys.ENTRIES)
        self._calls = Scripts(client)
        self._silent = script("silent", shared=("staff",))

    async def put(self, entry: Asked) -> None:
        """Keep it; it replaces the one of the same message, but for what that was `told`.

        Of who was forgotten after they asked nothing is kept.
        """
        async with guarded():
            kept, stands = await self._records.put(_record(entry), expected="")
            while kept == "changed":
                before = from_line(stands)
                told = dict.fromkeys((*(before.told if before else ()), *entry.told))
                renewed = _record(replace(entry, told=tuple(told)))
                kept, stands = await self._records.put(renewed, stands)

    async def renew(self, old: Asked, new: Asked) -> bool:
        """Keep the new one where the old one still stands."""
        async with guarded():
            stands = await self._records.line(old.message_id)
            if not stands or from_line(stands) not in (old, new):
                return False
            kept, _ = await self._records.put(_record(new), stands)
        return kept == "kept"

    async def get(self, message_id: str) -> Asked | None:
        """The entry of this message."""
        async with guarded():
            line = await self._records.line(message_id)
        return from_line(line) if line else None

    async def since(self, at: float) -> list[Asked]:
        """Those of questions asked since, the oldest first."""
        async with guarded():
            found = await self._records.since("", at)
        return [entry for _, line in found if (entry := from_line(line))]

    async def votes(self, at: float) -> list[Voted]:
        """Votes given since, the oldest first; of each voter and answer the last."""
        async with guarded():
            voters: Any = await self._client.zrangebyscore(keys.VOTERS.of(keys.COURSE), at, "+inf")
            async with self._client.pipeline(transaction=False) as pipeline:
                for voter in voters:
                    pipeline.hgetall(keys.VOTES.of(voter))
                kept: Any = await pipeline.execute()
        lines = ((voter, id, line) for voter, of in zip(voters, kept, strict=True) for id, line in of.items())
        given = [voted(id, voter, line) for voter, id, line in lines]
        return sorted((one for one in given if one.at >= at), key=lambda one: (one.at, one.message_id))

    async def silent(self, message_id: str, chat: str, at: float) -> None:
        """Count a message that the bot has read and left alone; the same one once."""
        async with guarded():
            await self._calls.run(
                self._silent, [keys.prefix(keys.COURSE)], [int(at // DAY), message_id, chat]
            )

    async def silences(self, at: float) -> Mapping[str, int]:
        """By chat how many it has left alone since, in whole days of UTC."""
        today, kept = int(time.time() // DAY), keys.SILENCES.seconds // DAY
        days = range(max(int(at // DAY), today - kept), today + 2)  # a platform's clock may be ahead
        async with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for day in days:
                pipeline.hgetall(keys.SILENCES.of(keys.COURSE, str(day)))
            counts = await pipeline.execute()
        total: dict[str, int] = {}
        for of_day in counts:
            for chat, count in of_day.items():
                total[chat] = total.get(chat, 0) + int(count)
        return total


def _record(entry: Asked) -> Record:
    return Record(entry.message_id, "", entry.person, entry.at, to_line(entry))
