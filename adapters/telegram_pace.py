"""The pace that Telegram allows: in one chat, in one group, and over all chats.

Only finals wait. A placeholder or a frame goes at once or not at all, and only where finals keep room.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

Urgency = Literal["final", "placeholder", "frame"]

# A little slower than Telegram's own clock, since calls overtake one another on the way.
_OVERALL, _SECOND = 30, 1.05
_GROUP, _MINUTE = 20, 61.0
_BURST = 3

# How many calls finals must still have after this one.
_KEPT_OVERALL = {"final": 0, "placeholder": 6, "frame": 12}
_KEPT_IN_GROUP = {"final": 0, "placeholder": 8, "frame": 12}
_KEPT_IN_CHAT = {"final": 0, "placeholder": 0, "frame": 1}

_CALM = 60.0
_IN_A_ROW = 3
_MANY_CHATS = 2000


class _Window:
    """At most so many calls in any span of so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._calls = deque[float](maxlen=most)

    def free_at(self, kept: int) -> float:
        """From when on there is room for a call and `kept` more."""
        allowed = self._most - kept
        return self._calls[-allowed] + self._seconds if len(self._calls) >= allowed else -math.inf

    def note(self, now: float) -> None:
        self._calls.append(now)


class _Bucket:
    """So many calls at once, and then one a second."""

    def __init__(self, burst: int) -> None:
        self._burst, self._full_at = burst, -math.inf

    def free_at(self, kept: int) -> float:
        """From when on there is room for a call and `kept` more."""
        return self._full_at - (self._burst - 1 - kept)

    def note(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + 1


@dataclass(slots=True)
class _Chat:
    """What was granted in one chat, and until when it is banned, and has no frames since it was."""

    group: _Window | None
    bucket: _Bucket = field(default_factory=lambda: _Bucket(_BURST))
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    banned_until: float = -math.inf
    calm_until: float = -math.inf

    def free_at(self, urgency: Urgency) -> float:
        free = max(self.banned_until, self.bucket.free_at(_KEPT_IN_CHAT[urgency]))
        if urgency == "frame":
            free = max(free, self.calm_until)
        return max(free, self.group.free_at(_KEPT_IN_GROUP[urgency])) if self.group else free

    def note(self, now: float) -> None:
        self.bucket.note(now)
        if self.group:
            self.group.note(now)

    def idle(self, now: float) -> bool:
        """Whether nothing of this needs to be remembered."""
        last = max(self.bucket.free_at(0) + _MINUTE, self.banned_until, self.calm_until)
        return not self.turn.locked() and last < now


class Pace:
    """Grants calls so that no limit is exceeded. `clock` gives seconds, `wait` sleeps for some.

    After a 429 its chat waits as long as told and has no frames for a minute more. Three chats that hear
    one with no success in between mean that everything waits, and then goes one by one until a success.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._wait = clock, wait
        self._overall = _Window(_OVERALL, _SECOND)
        self._turn = asyncio.Lock()
        self._chats: dict[int, _Chat] = {}
        self._row: dict[int, float] = {}
        self._banned_until = -math.inf

    def room(self, chat_id: int, urgency: Urgency) -> bool:
        """Whether such a call would be granted at once; nothing is taken."""
        chat = self._chat(chat_id)
        # A final whose time has just come is still on its way from its sleep.
        waiting = chat.turn.locked() or self._turn.locked()
        free_at = max(chat.free_at(urgency), self._free_at(urgency))
        return not waiting and free_at <= self._clock()

    async def take(self, chat_id: int, urgency: Urgency) -> bool:
        """Take a turn: a final waits for it, in order within its chat; others have it at once, or False."""
        if urgency == "final":
            await self._take_final(self._chat(chat_id))
        elif self.room(chat_id, urgency):
            self._note(self._chat(chat_id))
        else:
            return False
        return True

    def take_sign(self, chat_id: int) -> bool:
        """Take a turn for a typing sign, which counts over all chats but in none."""
        free_at = max(self._chat(chat_id).banned_until, self._free_at("frame"))
        granted = not self._turn.locked() and free_at <= self._clock()
        if granted:
            self._overall.note(self._clock())
        return granted

    def flooded(self, chat_id: int, seconds: float) -> None:
        """A call for this chat heard 429, and how long to wait."""
        now, chat = self._clock(), self._chat(chat_id)
        chat.banned_until = max(chat.banned_until, now + seconds)
        chat.calm_until = chat.banned_until + _CALM
        self._row[chat_id] = chat.banned_until
        if self._stopped:
            self._banned_until = min(until for until in self._row.values() if until > now)

    def passed(self) -> None:
        """A call went through: what single chats were told does not concern all."""
        self._row.clear()

    @property
    def _stopped(self) -> bool:
        return len(self._row) >= _IN_A_ROW

    async def _take_final(self, chat: _Chat) -> None:
        async with chat.turn:
            while True:
                await self._until(lambda: chat.free_at("final"))
                # In the order in which chats are free, so that a full group holds up nobody else.
                async with self._turn:
                    await self._until(lambda: self._free_at("final"))
                    if chat.free_at("final") <= self._clock():
                        return self._note(chat)

    async def _until(self, free_at: Callable[[], float]) -> None:
        while (seconds := free_at() - self._clock()) > 0:
            await self._wait(seconds)

    def _free_at(self, urgency: Urgency) -> float:
        kept = _OVERALL - 1 if self._stopped else _KEPT_OVERALL[urgency]
        return max(self._banned_until, self._overall.free_at(kept))

    def _note(self, chat: _Chat) -> None:
        now = self._clock()
        chat.note(now)
        self._overall.note(now)

    def _chat(self, chat_id: int) -> _Chat:
        if chat_id not in self._chats and len(self._chats) >= _MANY_CHATS:
            now = self._clock()
            self._chats = {known: chat for known, chat in self._chats.items() if not chat.idle(now)}
        group = _Window(_GROUP, _MINUTE) if chat_id < 0 else None
        return self._chats.setdefault(chat_id, _Chat(group))
