"""From accepted messages to shown replies: in order within a conversation, at once across them."""

import asyncio
import logging
from collections.abc import Mapping
from weakref import WeakValueDictionary

from adapters.base import Adapter, DeliveryFailed, Message
from bot.assistant import Assistant

log = logging.getLogger(__name__)


class Dispatcher:
    """Takes messages from every adapter and lets each show the replies to its own."""

    def __init__(self, assistant: Assistant, adapters: Mapping[str, Adapter]) -> None:
        self._assistant = assistant
        self._adapters = adapters
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, message: Message) -> None:
        """Take a message; its reply is shown by a task of its own."""
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, within: float = 5.0) -> None:
        """Let the answers under way end, and cancel what is not done `within` so many seconds."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _answer(self, message: Message) -> None:
        # A lock serves those who wait in the order they came, and goes when nobody holds it any more.
        turn = self._turns.setdefault(self._assistant.key(message), asyncio.Lock())
        async with turn:
            try:
                await self._adapters[message.conversation.platform].show(self._assistant.replies(message))
            except DeliveryFailed as error:
                log.error("the reply to %s was not shown: %s", message.id, error)
