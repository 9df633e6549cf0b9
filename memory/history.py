"""The newest turns of each conversation, in Redis."""

import json

from redis.asyncio import Redis

from memory import keys
from memory.base import Source, Turn
from memory.client import guarded
from memory.scripts import Scripts, script

VERSION = 1
WINDOW = 20  # turns


class RedisHistory:
    """A list of JSON lines per conversation; reading and writing take one round trip each.

    `window` is in turns; a conversation is forgotten `expiry` seconds after its last turn.
    """

    def __init__(self, client: Redis, window: int = WINDOW, expiry: int = keys.HISTORY.seconds) -> None:
        self._client = client
        self._calls = Scripts(client)
        self._window = window
        self._expiry = expiry
        self._append = script("append")
        self._load = script("load", "flags=no-writes")

    async def load(self, conversation: str) -> list[Turn]:
        """The turns in the window, oldest first."""
        async with guarded():
            lines = await self._calls.run(self._load, [_prefix(conversation)], [conversation, self._window])
        return [turn for turn in map(from_line, lines) if turn]

    async def append(self, conversation: str, turn: Turn) -> None:
        """Remember a turn; one with the same `message_id` is replaced by it."""
        arguments = (beginning(turn.message_id), to_line(turn), self._window, self._expiry)
        async with guarded():
            await self._calls.run(self._append, [_prefix(conversation)], [conversation, *arguments])

    async def clear(self, conversation: str) -> None:
        """Forget the conversation."""
        async with guarded():
            await self._client.delete(keys.HISTORY.within(keys.partition(conversation), conversation))


def _prefix(conversation: str) -> str:
    return keys.prefix(keys.partition(conversation))


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
