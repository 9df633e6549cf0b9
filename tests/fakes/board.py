"""A platform in this process, which notes what it shows."""

import asyncio
from collections.abc import AsyncIterator

from adapters.base import Accept, DeliveryFailed, Reply


class Board:
    """A platform that notes what it shows; it refuses to show what says "refuse"."""

    platform = "board"
    connected = True

    def __init__(self) -> None:
        self.shown: asyncio.Queue[str] = asyncio.Queue()

    async def run(self, accept: Accept) -> None: ...

    async def show(self, replies: AsyncIterator[Reply]) -> str:
        text = [reply async for reply in replies][-1].text
        if text == "refuse":
            raise DeliveryFailed(text)
        await self.shown.put(text)
        return text

    async def retract(self, sent_id: str) -> None: ...
