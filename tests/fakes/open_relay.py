"""A relay between adapters in this process."""

import asyncio
from collections.abc import AsyncIterator


class OpenRelay:
    """Gives every line to all who listen, and keeps it; lines are lost while it is `cut`."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.cut = False
        self._ears: set[asyncio.Queue[str]] = set()

    async def publish(self, line: str) -> None:
        self.published.append(line)
        if not self.cut:
            for ear in self._ears:
                ear.put_nowait(line)

    async def lines(self) -> AsyncIterator[str]:
        ear: asyncio.Queue[str] = asyncio.Queue()
        self._ears.add(ear)
        try:
            while True:
                yield await ear.get()
                ear.task_done()
        finally:
            self._ears.remove(ear)

    async def heard(self) -> None:
        """Return when everyone has taken in what was published."""
        for ear in self._ears:
            await ear.join()
