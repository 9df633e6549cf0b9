"""Records of people in Redis: found by their ids, by place and date, and by person, to be forgotten."""

import asyncio
from typing import Any, Literal, NamedTuple

from redis.asyncio import Redis

from memory import keys
from memory.scripts import Argument, Script, Scripts, script

ANY = "*"
"""Whatever stands so far."""

_CHUNK = 1000  # lines in one reply

Kept = Literal["kept", "changed", "forgotten"]


class Record(NamedTuple):
    """A line, whose it is, where it belongs, and Unix seconds."""

    id: str
    place: str
    person: str
    at: float
    line: str


class Records:
    """Those of one kind (`one`), each found in sets of the kind `many`; of a place the newest `most` stay.

    Call it inside `guarded`.
    """

    def __init__(self, client: Redis, one: keys.Key, many: keys.Key, most: int = 0) -> None:
        self._client = client
        self._one, self._many, self._most = one, many, most
        self._calls = Scripts(client)
        self._record, self._unrecord = _script("record"), _script("unrecord", "flags=allow-oom")
        self._lines, self._sweep = _script("lines", "flags=no-writes"), _script("sweep", "flags=allow-oom")

    async def put(self, record: Record, expected: str = ANY) -> tuple[Kept, str]:
        """Keep it where the `expected` line stands so far (empty: none), and its person was not forgotten.

        With the line that stands now.
        """
        names = (self._one.name, self._many.name)
        kept, stands = await self._run(self._record, *names, *record, self._most, expected)
        return kept, stands

    async def erase(self, *ids: str) -> None:
        """Take these out."""
        if ids:
            await self._run(self._unrecord, self._one.name, self._many.name, *ids)

    async def line(self, id: str) -> str:
        """The line of this one, or nothing."""
        found: Any = await self._client.hget(self._one.of(keys.COURSE, id), "line")
        return found or ""

    async def since(self, place: str, at: float) -> list[tuple[str, str]]:
        """Id and line of those in this place since, the oldest first."""
        return await self._listed(f"in:{place}", at)

    async def of(self, person: str) -> list[tuple[str, str]]:
        """Id and line of this person's, the oldest first."""
        return await self._listed(f"by:{person}")

    async def _listed(self, owner: str, at: float | str = "-inf") -> list[tuple[str, str]]:
        ids: Any = await self._client.zrangebyscore(self._many.of(keys.COURSE, owner), at, "+inf")
        chunks = [ids[first : first + _CHUNK] for first in range(0, len(ids), _CHUNK)]
        replies = await asyncio.gather(*(self._run(self._lines, self._one.name, *some) for some in chunks))
        found = list(zip(ids, (line for reply in replies for line in reply), strict=True))
        if gone := [id for id, line in found if not line]:
            await self._run(self._sweep, self._one.name, self._many.name, owner, *gone)
        return [(id, line) for id, line in found if line]

    async def _run(self, script: Script, *arguments: Argument) -> Any:
        return await self._calls.run(script, [keys.prefix(keys.COURSE)], arguments)


def _script(name: str, flags: str = "") -> Script:
    return script(name, flags, shared=("staff",))
