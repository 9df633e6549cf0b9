"""How long each step of an answer took."""

import time


class Clock:
    """Milliseconds by step; a lap begins where the one before ended."""

    def __init__(self) -> None:
        self._start = self._lap = time.perf_counter()
        self._ms: dict[str, float] = {}

    def mark(self, step: str) -> None:
        """Note the first time this is reached in the lap."""
        if step not in self._ms:
            self._ms[step] = (time.perf_counter() - self._lap) * 1000

    def lap(self, step: str) -> None:
        """The step ends here, and the next one begins."""
        self.mark(step)
        self._lap = time.perf_counter()

    def total(self) -> dict[str, float]:
        """Every step, and all of it under "total"."""
        return {**self._ms, "total": (time.perf_counter() - self._start) * 1000}
