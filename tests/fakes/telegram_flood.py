"""Telegram's flood limits, as the fake server keeps them, and what tests ask about rates."""

import math
from collections import deque
from collections.abc import Iterable

from tests.fakes.telegram_wire import flooded

MESSAGES = {
    *("sendMessage", "editMessageText", "editMessageReplyMarkup", "sendMessageDraft"),
    *("sendPhoto", "sendDocument"),
}
SIGNS = {"sendChatAction", "setMessageReaction"}
EACH_MINUTE_IN_A_GROUP = 20
# Two clocks never agree and calls overtake one another: a second in a minute is forgiven.
MINUTE = 59.0
LONGEST = 240.0


class Bucket:
    """So many at once, and then so many a second."""

    def __init__(self, burst: float, rate: float) -> None:
        self.burst, self.rate = burst, rate
        self._left, self._at = burst, -math.inf

    def missing(self, now: float) -> float:
        """Take one and return 0, or the seconds until there is one."""
        gained = 0.0 if math.isinf(self._at) else max(0.0, now - self._at) * self.rate
        self._left, self._at = min(self.burst, self._left + gained), now
        if self._left < 1:
            return (1 - self._left) / self.rate
        self._left -= 1
        return 0.0


class Flood:
    """Bans a chat, or the bot, that gets too much; each call during a ban makes it longer."""

    def __init__(self) -> None:
        self._overall = Bucket(30, 30)
        self._chats: dict[tuple[str, int], Bucket] = {}
        self._minutes: dict[int, deque[float]] = {}
        self._banned: dict[int, float] = {}

    def check(self, method: str, chat_id: int, now: float) -> None:
        """Raises Refused (429)."""
        if method not in MESSAGES | SIGNS:
            return
        for whom in (0, chat_id):
            if now < (until := self._banned.get(whom, 0.0)):
                self._ban(whom, min(until + 1, now + LONGEST), now)
        if missing := self._overall.missing(now):
            self._ban(0, now + missing + 3, now)
        kind, burst = ("message", 5.5) if method in MESSAGES else ("sign", 10)
        bucket = self._chats.setdefault((kind, chat_id), Bucket(burst, 1))
        if missing := bucket.missing(now):
            self._ban(chat_id, now + missing + 3, now)
        if chat_id < 0 and method in MESSAGES:
            self._count(chat_id, now)

    def _count(self, chat_id: int, now: float) -> None:
        times = self._minutes.setdefault(chat_id, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= EACH_MINUTE_IN_A_GROUP:
            self._ban(chat_id, times[0] + MINUTE + 1, now)
        times.append(now)

    def _ban(self, whom: int, until: float, now: float) -> None:
        self._banned[whom] = until
        raise flooded(max(1, math.ceil(until - now)))


def most_within(times: Iterable[float], seconds: float) -> int:
    """The most of these moments in any window of that length, its end not counted."""
    window: deque[float] = deque()
    most = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
