"""Time that passes only while everybody waits: an hour of waiting takes as long as its events do."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Instead of waiting for the next timer it moves the clock there."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            assert timeout is not None, "everybody waits for somebody else"
            self.now += timeout
        return events


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._watch = _Selector()
        super().__init__(self._watch)

    def time(self) -> float:
        return self._watch.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run this to its end; `now` and `passed` are its time. Sockets would hold the clock up."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)


def now() -> float:
    """Seconds since `run` began."""
    return asyncio.get_running_loop().time()


async def passed(seconds: float) -> None:
    """So many seconds later."""
    await asyncio.sleep(seconds)
