"""What the staff did, in Redis: the audit log."""

from dataclasses import asdict
from typing import Any

from redis.asyncio import Redis

from memory import keys
from memory.client import guarded
from memory.records import fields_of, line_of
from memory.scripts import Argument, Scripts, script
from memory.staff import Deed

KEPT = 10_000
"""So many deeds, the newest, stay."""


class RedisAudit:
    """A line of each deed by its id, and the ids by time."""

    def __init__(self, client: Redis, kept: int = KEPT) -> None:
        self._client = client
        self._kept = kept
        self._calls = Scripts(client)
        self._deed = script("deed", shared=("staff",))

    async def put(self, deed: Deed) -> None:
        """Keep it; the first one of an id stays as it is."""
        arguments: list[Argument] = [deed.id, deed.at, line_of(asdict(deed)), self._kept]
        async with guarded():
            await self._calls.run(self._deed, [keys.prefix(keys.COURSE)], arguments)

    async def newest(self, count: int) -> list[Deed]:
        """So many, the newest first."""
        if count < 1:
            return []
        async with guarded():
            ids: Any = await self._client.zrevrange(keys.AUDIT.of(keys.COURSE), 0, count - 1)
            lines: Any = await self._client.hmget(keys.DEEDS.of(keys.COURSE), ids) if ids else []
        return [deed for deed in map(_deed, lines) if deed]


def _deed(line: str | None) -> Deed | None:
    try:
        return Deed(**fields) if (fields := fields_of(line)) else None
    except TypeError:
        return None
