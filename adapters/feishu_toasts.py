"""What those who press a button read at once, handed from the reply to who answers the press."""

import asyncio

_MANY = 1000
"""Presses that are expected at a time; more than these nobody waits for any more."""


class Toasts:
    """Presses of this process that wait for a toast, by the id of the message that each is."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[str]] = {}

    def expect(self, press_id: str) -> None:
        """Somebody will ask for it: call this before the press is taken in."""
        if press_id not in self._waiting:
            self._waiting[press_id] = asyncio.get_running_loop().create_future()
        while len(self._waiting) > _MANY:
            del self._waiting[next(iter(self._waiting))]

    async def taken(self, press_id: str, seconds: float) -> str | None:
        """The toast, None where none comes in so many seconds; none is taken from then on."""
        if press_id not in self._waiting:
            return None
        try:
            async with asyncio.timeout(seconds):
                return await self._waiting[press_id]
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(press_id, None)

    def offer(self, press_id: str, text: str) -> bool:
        """Hand the toast over; whether somebody waits for it."""
        waiting = self._waiting.get(press_id)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(text)
        return True
