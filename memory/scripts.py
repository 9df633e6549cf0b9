"""Lua scripts: what Redis does in one step. Calls that come together share a round trip."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ReadOnlyError, RedisClusterException, RedisError

from memory import keys

Argument = str | bytes | float

_UNDER_WAY = 2  # round trips at a time
_TOGETHER = 64  # calls in one
_ATTEMPTS, _PAUSE = 16, 0.1  # at a server that does not take a call yet; seconds between two


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script. All its keys lie in one slot of a cluster."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", sha1(self.text.encode(), usedforsecurity=False).hexdigest())


def script(name: str, flags: str = "", shared: Sequence[str] = ("common", "turns")) -> Script:
    """One of memory/lua, with what it shares; `seconds` are the expiries of keys by their names."""
    folder = files("memory").joinpath("lua")
    kinds = (kind for kind in vars(keys).values() if isinstance(kind, keys.Key))
    expiries = ", ".join(f"{kind.name} = {kind.seconds}" for kind in kinds if kind.expiry)
    parts = [folder.joinpath(f"{part}.lua").read_text("utf-8") for part in (*shared, name)]
    return Script("\n".join([f"#!lua {flags}".strip(), f"local seconds = {{{expiries}}}", *parts]))


@dataclass(frozen=True, slots=True)
class _Call:
    script: Script
    keys: Sequence[str]
    args: Sequence[Argument]
    reply: asyncio.Future[Any]

    def command(self, whole: bool) -> list[Argument]:
        name, body = ("EVAL", self.script.text) if whole else ("EVALSHA", self.script.sha)
        return [name, body, len(self.keys), *self.keys, *self.args]


class Scripts:
    """Runs scripts on the server of a client.

    redis-py takes a connection for each call; under load that costs more than all else. So calls that
    come while others are under way are sent together.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: deque[_Call] = deque()
        self._senders: set[asyncio.Task[None]] = set()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """What the script returns: numbers as int, strings as str, nil and false as None, tables as lists.

        Call it inside `guarded`: one that was cut off may have run, and is run once more where the
        connection broke, so it must do no harm twice.
        """
        call = _Call(script, keys, args, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if len(self._senders) < _UNDER_WAY:
            sender = asyncio.create_task(self._send())
            self._senders.add(sender)
        return await call.reply

    async def _send(self) -> None:
        try:
            while self._waiting:
                calls = self._next()
                for attempt in range(_ATTEMPTS if calls else 0):
                    if attempt > 1:
                        await asyncio.sleep(_PAUSE)
                    calls = await self._settle(calls, whole=attempt > 0, last=attempt == _ATTEMPTS - 1)
                    if not calls:
                        break
        finally:
            # In this very step: a call that comes before a callback would, relies on a sender that has ended.
            self._senders.discard(asyncio.current_task())

    def _next(self) -> list[_Call]:
        calls: list[_Call] = []
        while self._waiting and len(calls) < _TOGETHER:
            call = self._waiting.popleft()
            if not call.reply.done():  # it may have been given up: nobody would have what it takes
                calls.append(call)
        return calls

    async def _settle(self, calls: Sequence[_Call], whole: bool, last: bool) -> list[_Call]:
        """Give each call its reply; those that have none yet."""
        replies: Sequence[object] = [ConnectionError("The call was cut off.")] * len(calls)
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for call in calls:
                    # Its `evalsha` refuses to work on a cluster.
                    pipeline.execute_command(*call.command(whole))
                replies = await pipeline.execute(raise_on_error=False)
        except (RedisError, RedisClusterException, OSError) as error:
            replies = [error] * len(calls)
        finally:
            again = [
                call for call, reply in zip(calls, replies, strict=True) if not _settled(call, reply, last)
            ]
        return again


def _settled(call: _Call, reply: object, last: bool) -> bool:
    """Whether the call has its reply; else it is sent again, with its whole script."""
    # A restarted server, or one that took over, knows no hashes; one that takes over is still a replica.
    if isinstance(reply, NoScriptError | ReadOnlyError) and not last:
        return False
    if not call.reply.done():  # it may have been given up
        if isinstance(reply, Exception):
            call.reply.set_exception(reply)
        else:
            call.reply.set_result(reply)
    return True
