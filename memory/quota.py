"""Counts questions in Redis, so that nobody asks more than their share, over all chats and processes."""

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple

from redis.asyncio import Redis

from memory import keys
from memory.base import Allowance, Refused
from memory.client import guarded
from memory.scripts import Argument, Script, Scripts

MINUTE, DAY = 60, 24 * 60 * 60  # seconds

# KEYS: a sorted set of ids of questions by when they were asked. ARGV: an id, when it was asked, for how
# long the set is kept, and spans with how many questions may lie in any of that length (0: all of them),
# the longest first; all in seconds. Returns what became of it, and where it is refused the number of the
# limit and when there is room again.
# Questions come in nearly in the order in which they were asked. Those that were asked soon after this
# one and counted before it count against it, so that no span ever holds more.
SPEND = Script("""
local set, id, at = KEYS[1], ARGV[1], tonumber(ARGV[2])
if redis.call('ZSCORE', set, id) then return {'known'} end
for i = 4, #ARGV, 2 do
  local span, most = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local from, to = '(' .. at - span, '(' .. at + span
  local count = redis.call('ZCOUNT', set, from, to)
  if most > 0 and count >= most then
    local first = redis.call('ZRANGEBYSCORE', set, from, to, 'WITHSCORES', 'LIMIT', count - most, 1)
    return {'refused', (i - 4) / 2, tostring(first[2] + span)}
  end
end
redis.call('ZREMRANGEBYSCORE', set, '-inf', at - 2 * ARGV[4])
redis.call('ZADD', set, ARGV[2], id)
redis.call('EXPIRE', set, ARGV[3])
return {'counted'}
""")


class _Limit(NamedTuple):
    name: Literal["minute", "day", "group"]
    span: int
    most: int


class RedisQuota:
    """A sorted set for each person, over all chats, and one for each group.

    The two lie in different slots, so each counts by itself, and where one refuses the question the
    other takes it back. A moment long it may be refused there for one that does not count in the end;
    and a process that dies in that moment leaves one counted that was not answered.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._calls = Scripts(client)

    async def spend(
        self, question_id: str, person: str, group: str, at: float, allowance: Allowance
    ) -> Refused | None:
        """Count a question that was asked `at` Unix seconds, unless it is over a limit.

        The same question counts once, however often this is called; a refused one does not count.
        Seconds to wait are those after `at`. Outside of a group, `group` is empty.
        """
        limits = {keys.ASKED.of(person): _of_person(allowance)}
        if group:
            limits[keys.ASKED.of(group)] = (_Limit("group", MINUTE, allowance.group_per_minute),)
        calls = (
            self._calls.run(SPEND, [key], _arguments(question_id, at, of_one))
            for key, of_one in limits.items()
        )
        async with guarded():
            replies = dict(zip(limits, await asyncio.gather(*calls), strict=True))
            over = [(limits[key][rest[0]], rest[1]) for key, (_, *rest) in replies.items() if rest]
            if not over or replies[keys.ASKED.of(person)] == ["known"]:
                return None
            counted = [key for key, reply in replies.items() if reply == ["counted"]]
            told = await self._refuse(question_id, person, group, counted)
        limit, room_at = over[0]
        return Refused(limit.name, float(room_at) - at, told)

    async def _refuse(self, question_id: str, person: str, group: str, counted: list[str]) -> bool:
        """Take the question back where it was counted; whether another was refused just now."""
        flag = f"{keys.REFUSED.of(person)}:{group}"
        async with self._client.pipeline(transaction=False) as pipeline:
            for key in counted:
                pipeline.zrem(key, question_id)
            pipeline.set(flag, question_id, nx=True, ex=keys.REFUSED.seconds)
            pipeline.get(flag)
            *_, first = await pipeline.execute()
        return str(first) != question_id


def _of_person(allowance: Allowance) -> tuple[_Limit, ...]:
    return _Limit("day", DAY, allowance.per_day), _Limit("minute", MINUTE, allowance.per_minute)


def _arguments(question_id: str, at: float, limits: Sequence[_Limit]) -> list[Argument]:
    return [question_id, at, keys.ASKED.seconds, *(part for limit in limits for part in limit[1:])]
