"""The circuit breaker of one server: while it does not work, one request now and then is let through."""

import random
import time
from collections.abc import Callable

SHORTEST, LONGEST = 0.25, 2.0
"""Seconds between two tries of a server that fails; each failure doubles them."""

REST = 16
"""How many times longer it is left alone while another server works."""

REFUSED = 30.0
"""Seconds for which a server is passed over that refuses the key, the model or the request."""

PATIENT = 10.0
"""Seconds of rest that a server may ask for, at most."""


GRACE = 4.0
"""Seconds that a question waits in an outage however old that is: longer than any breaker rests.

So long it also waits for a server of which nobody knows whether it is back, where others work.
"""


def time_left(patience: float, *, since: float, asked: float, now: float) -> float:
    """Seconds for which a question goes on waiting in an outage: until `patience` after the outage began.

    Who asks later than that stays only for as long as it takes to find out that a server is just back.
    """
    return max(since + patience, asked + min(GRACE, patience)) - now


class Breaker:
    """Closed while the server works. It has no timer: what is due is told to those who ask.

    While it is open one request an interval is let through, whether the one before has ended or not,
    so that one that hangs holds up only itself. How a request ended counts only if it was let through
    after the breaker last opened: fifty that fail at once are one failure.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._last = self._opened = self._since = clock()
        self.problem = ""
        self.refused = False

    @property
    def closed(self) -> bool:
        return not self._pause

    @property
    def down_since(self) -> float:
        """The clock when it ceased to work; now while it works."""
        return self._clock() if self.closed else self._since

    def due_in(self, *, others_work: bool = False) -> float:
        """Seconds until somebody is let through, 0 for now; who can be answered elsewhere risks less."""
        pause = min(self._pause * REST, REFUSED) if others_work else self._pause
        return 0.0 if self.closed else max(0.0, self._last + pause - self._clock())

    def enter(self) -> float:
        """Begin a request; what it gives is handed to `succeed`, `fail` or `refuse`."""
        self._last = self._clock()
        return self._last

    def succeed(self, entered: float) -> bool:
        """The server works; tells whether that is news."""
        if self.closed or entered < self._opened:
            return False
        self._pause, self.problem, self.refused = 0.0, "", False
        return True

    def fail(self, entered: float, problem: str, rest: float = 0.0) -> None:
        """The server is down; `rest` are the seconds that it asked to be left alone."""
        pause = min(2 * self._pause or SHORTEST, LONGEST)
        # Bots that share a server are not to come back to it all at once.
        self._open(entered, problem, max(pause * random.uniform(0.9, 1.1), min(rest, PATIENT)), refused=False)

    def linger(self) -> None:
        """A request goes on in silence: others are let through less often."""
        self._pause = max(self._pause, min(2 * self._pause, LONGEST))

    def refuse(self, entered: float, problem: str) -> None:
        """The server works but will not have us."""
        self._open(entered, problem, REFUSED, refused=True)

    def _open(self, entered: float, problem: str, pause: float, *, refused: bool) -> None:
        if entered < self._opened:
            return
        self._since = self.down_since
        self._last = self._opened = self._clock()
        self._pause, self.problem, self.refused = pause, problem, refused
