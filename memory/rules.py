"""What the staff has set while the bot runs, in Redis; each process knows it by heart for a second."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from redis.asyncio import Redis

from memory import keys
from memory.base import MemoryUnavailable
from memory.client import guarded
from memory.records import fields_of, line_of
from memory.scripts import Scripts, script
from memory.staff import GroupRule, Role, Rules

FRESH = 1.0  # seconds for which what was read holds

_ALL = keys.RULES.of(keys.COURSE)
_ROLES: Mapping[str, Role] = {"student": "student", "ta": "ta", "admin": "admin"}


class RedisRuleBook:
    """One hash, with fields role:PERSON, ban:PERSON, per_day:PERSON, group:CHAT and reload."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._calls = Scripts(client)
        self._reload = script("reload", shared=("staff",))
        self._known = Rules()
        self._until = 0.0  # by the monotonic clock
        self._reading: asyncio.Task[None] | None = None

    async def rules(self) -> Rules:
        """As they are, at most a second old; those known last while Redis is away. Never raises."""
        while time.monotonic() >= self._until:
            self._reading = self._reading or asyncio.create_task(self._read())
            await asyncio.shield(self._reading)
        return self._known

    async def set_role(self, person: str, role: Role | None) -> None:
        """Give this person a role."""
        await self._set(f"role:{person}", role)

    async def ban(self, person: str, until: float | None) -> None:
        """Ban this person up to these Unix seconds, inf for good."""
        await self._set(f"ban:{person}", None if until is None else repr(float(until)))

    async def set_group(self, chat: str, rule: GroupRule | None) -> None:
        """Have this rule hold in the group."""
        await self._set(f"group:{chat}", line_of(asdict(rule)) if rule else None)

    async def set_per_day(self, person: str, questions: int | None) -> None:
        """Have this person ask so many questions a day."""
        await self._set(f"per_day:{person}", None if questions is None else str(questions))

    async def reload(self, mark: str) -> None:
        """Have every process read course.toml again; the same mark only once."""
        try:
            async with guarded():
                await self._calls.run(self._reload, [keys.prefix(keys.COURSE)], [mark])
        finally:
            self._read_anew()

    async def _set(self, field: str, value: str | None) -> None:
        try:
            async with guarded():
                if value is None:
                    await self._client.hdel(_ALL, field)
                else:
                    await self._client.hset(_ALL, field, value)
        finally:
            self._read_anew()

    def _read_anew(self) -> None:
        # What is being read now may be older than what was just set.
        self._reading, self._until = None, 0.0

    async def _read(self) -> None:
        begun, known = time.monotonic(), None
        with suppress(MemoryUnavailable):
            async with guarded():
                fields: Any = await self._client.hgetall(_ALL)
                known = _rules(fields)
        if self._reading is asyncio.current_task():
            # Where Redis is away it is not asked for every message: each would wait for it.
            self._known = known or self._known
            self._reading, self._until = None, (begun if known else time.monotonic()) + FRESH


def _rules(fields: Mapping[str, str]) -> Rules:
    """What stands in the hash, but for what is damaged or of a version to come."""
    by_kind: dict[str, dict[str, str]] = {"role": {}, "ban": {}, "group": {}, "per_day": {}}
    for field, value in fields.items():
        kind, _, of = field.partition(":")
        by_kind.setdefault(kind, {})[of] = value
    return Rules(
        {person: _ROLES[role] for person, role in by_kind["role"].items() if role in _ROLES},
        _numbers(by_kind["ban"]),
        {chat: rule for chat, line in by_kind["group"].items() if (rule := _group(line))},
        {person: int(number) for person, number in _numbers(by_kind["per_day"]).items()},
        fields.get("reload", ""),
    )


def _numbers(lines: Mapping[str, str]) -> Mapping[str, float]:
    numbers = {}
    for of, line in lines.items():
        with suppress(ValueError):
            numbers[of] = float(line)
    return numbers


def _group(line: str) -> GroupRule | None:
    try:
        return GroupRule(**fields) if (fields := fields_of(line)) else None
    except TypeError:
        return None
