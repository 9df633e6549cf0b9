"""The pace that Feishu allows: of each API, in one chat, on one message, on one card.

Only finals wait, in order. A frame goes at once or not at all, and only where finals keep room.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

_SECOND, _MINUTE = 1.05, 61.0
_MANY_LANES = 2000

# So many calls in so many seconds, a little slower than Feishu's own clock, since calls overtake one another
# on the way; in a chat one less than its five, since they are shared with the other bots in it.
_LIMITS = {
    "api": ((50, _SECOND), (1000, _MINUTE)),
    "chat": ((4, _SECOND),),
    "message": ((5, _SECOND),),
    "card": ((10, _SECOND),),
}


@dataclass(frozen=True, slots=True)
class Lane:
    """What has a limit of its own: an API by its method and path, or a chat, message or card by its id."""

    kind: Literal["api", "chat", "message", "card"]
    name: str


class _Window:
    """At most so many calls in any span of so many seconds, a fifth of them kept for finals."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._most = {False: most, True: most - max(most // 5, 1)}
        self._calls = deque[float](maxlen=most)

    def free_at(self, frame: bool) -> float:
        most = self._most[frame]
        return self._calls[-most] + self._seconds if len(self._calls) >= most else -math.inf

    def note(self, now: float) -> None:
        self._calls.append(now)

    def empty(self, now: float) -> bool:
        return not self._calls or self._calls[-1] + self._seconds < now


@dataclass(slots=True)
class _Track:
    """What was granted in one lane, and until when nothing is."""

    windows: tuple[_Window, ...] = ()
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed_until: float = -math.inf

    def free_at(self, frame: bool = False) -> float:
        return max((self.closed_until, *(window.free_at(frame) for window in self.windows)))

    def note(self, now: float) -> None:
        for window in self.windows:
            window.note(now)

    def idle(self, now: float) -> bool:
        """Whether nothing of this needs to be remembered."""
        emptied = all(window.empty(now) for window in self.windows)
        return emptied and self.closed_until < now and not self.turn.locked()


class Pace:
    """Grants calls so that no limit is exceeded.

    `clock` gives seconds, `wait` sleeps for some, `dice` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._clock, self._wait, self._dice = clock, wait, dice
        self._tracks: dict[Lane, _Track] = {}

    async def turn(self, api: Lane, place: Lane | None = None) -> None:
        """Wait for the turn of a final, and take it."""
        last = self._track(api)
        first = self._track(place) if place else _Track()
        async with first.turn:
            while True:
                await self._until_free(first)
                # In the order in which places are free, so that a full chat holds up nobody else.
                async with last.turn:
                    await self._until_free(last)
                    if first.free_at() <= self._clock():
                        return self._note(first, last)

    def at_once(self, api: Lane, place: Lane | None = None) -> bool:
        """Take the turn of a frame if there is one now."""
        tracks = [self._track(lane) for lane in (place, api) if lane]
        now = self._clock()
        # A final whose time has just come is still on its way from its sleep.
        free = not any(track.turn.locked() or track.free_at(frame=True) > now for track in tracks)
        if free:
            self._note(*tracks)
        return free

    def limited(self, lane: Lane, seconds: float) -> None:
        """Feishu takes nothing more of this lane for so long; the bots told so shall not come all at once."""
        track = self._track(lane)
        track.closed_until = max(track.closed_until, self._clock() + seconds * (1 + self._dice() / 4))

    async def _until_free(self, track: _Track) -> None:
        while (seconds := track.free_at() - self._clock()) > 0:
            await self._wait(seconds)

    def _note(self, *tracks: _Track) -> None:
        now = self._clock()
        for track in tracks:
            track.note(now)

    def _track(self, lane: Lane) -> _Track:
        if lane not in self._tracks:
            if len(self._tracks) >= _MANY_LANES:
                self._tidy()
            windows = tuple(_Window(most, seconds) for most, seconds in _LIMITS[lane.kind])
            self._tracks[lane] = _Track(windows)
        return self._tracks[lane]

    def _tidy(self) -> None:
        # Of APIs there are few, and a final holds on to the track of one while it waits for its place.
        now = self._clock()
        kept = (one for one in self._tracks.items() if one[0].kind == "api" or not one[1].idle(now))
        self._tracks = dict(kept)
