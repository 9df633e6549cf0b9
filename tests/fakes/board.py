"""A platform in this process, which notes what it shows."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

from adapters.base import Accept, Delivery, DeliveryFailed, Message, Reply


class Board:
    """Each reply grows on a note of its own; it refuses to show what is `refused`,
    and takes nothing back while it is `stuck`.

    `notes` maps what was sent to the reply as it now reads, `shown` gets the text of each final one,
    and `deliveries` are what it was called with.
    """

    platform = "board"
    connected = True

    def __init__(self) -> None:
        self.shown: asyncio.Queue[str] = asyncio.Queue()
        self.notes: dict[str, Reply] = {}
        self.deliveries: list[Delivery] = []
        self.refused = {"refuse"}
        self.stuck = False
        self.took_back = asyncio.Event()
        self._ids = count(1)

    async def run(self, accept: Accept) -> None: ...

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        self.deliveries.append(delivery)
        sent_id = delivery.sent_id
        async for reply in replies:
            if reply.text in self.refused:
                raise DeliveryFailed(reply.text)
            if not sent_id:
                sent_id = f"board:{next(self._ids)}"
                await delivery.keep(sent_id)
            self.notes[sent_id] = reply
            if reply.final:
                await self.shown.put(reply.text)
        return sent_id

    async def retract(self, sent_id: str) -> None:
        if self.stuck:
            raise DeliveryFailed(sent_id)
        self.notes.pop(sent_id, None)
        self.took_back.set()

    def messages(self, sent_id: str) -> tuple[str, ...]:
        return (sent_id,) if sent_id else ()

    async def fetch(self, message: Message) -> Message:
        return message
