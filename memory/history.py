"""The newest turns of each conversation, in Redis."""

import json
from datetime import timedelta

from redis.asyncio import Redis

from memory import keys
from memory.base import Source, Turn
from memory.client import guarded

VERSION = 1

# KEYS: the list. ARGV: how a line with this message id begins, the line, the window, the expiry in seconds.
# The same message again (its answer was corrected, or the write was tried twice) takes the place of itself.
APPEND = """
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest and string.sub(newest, 1, #ARGV[1]) == ARGV[1] then
  redis.call('LSET', KEYS[1], -1, ARGV[2])
else
  redis.call('RPUSH', KEYS[1], ARGV[2])
end
redis.call('LTRIM', KEYS[1], -ARGV[3], -1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""


class RedisHistory:
    """A list of JSON lines per conversation; reading and writing take one round trip each.

    `window` is in turns; a conversation is forgotten `expiry` after its last turn.
    """

    def __init__(self, client: Redis, window: int = 20, expiry: timedelta = keys.HISTORY.expiry) -> None:
        self._client = client
        self._window = window
        self._expiry = int(expiry.total_seconds())

    async def load(self, conversation: str) -> list[Turn]:
        """The turns in the window, oldest first."""
        async with guarded():
            lines = await self._client.lrange(keys.HISTORY.of(conversation), -self._window, -1)
        return [turn for turn in map(from_line, lines) if turn]

    async def append(self, conversation: str, turn: Turn) -> None:
        """Remember a turn; one with the same `message_id` as the newest replaces it."""
        key = keys.HISTORY.of(conversation)
        line = to_line(turn)
        async with guarded():
            # EVAL, since a server that was restarted does not know the script by its hash.
            await self._client.eval(
                APPEND, 1, key, beginning(turn.message_id), line, self._window, self._expiry
            )

    async def clear(self, conversation: str) -> None:
        """Forget the conversation."""
        async with guarded():
            await self._client.delete(keys.HISTORY.of(conversation))


def to_line(turn: Turn) -> str:
    """The turn as one line of compact JSON: version, message id, and the rest."""
    rest = _compact([turn.at, turn.question, turn.answer, turn.sources])
    return beginning(turn.message_id) + rest[1:]


def beginning(message_id: str) -> str:
    """What every line of this message begins with, and no other."""
    return _compact([VERSION, message_id])[:-1] + ","


def from_line(line: str | bytes) -> Turn | None:
    """The turn on this line; None where it is damaged or of a version to come."""
    try:
        version, message_id, at, question, answer, sources = json.loads(line)
        if version == VERSION:
            return Turn(message_id, question, answer, at, tuple(Source(*source) for source in sources))
    except (ValueError, TypeError):
        return None
    return None


def _compact(value: list[object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
