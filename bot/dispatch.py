"""The path of a message in one process: in order within a conversation, at once across them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from weakref import WeakValueDictionary

from adapters.base import Adapter, Delivery, DeliveryFailed, Message, Reply
from bot.assistant import Assistant, Step
from bot.besides import Besides
from bot.keeping import Kept
from bot.replies import not_taken_back
from memory.base import History, MemoryUnavailable

log = logging.getLogger(__name__)


class Dispatcher:
    """Takes messages from adapters and lets each show the replies to its own; the asker sits before them.

    Nothing of it outlives the process: what must not be lost goes through the inbox. `besides` does
    what follows from an answer.
    """

    def __init__(
        self,
        assistant: Assistant,
        history: History,
        adapters: Mapping[str, Adapter],
        besides: Besides,
    ) -> None:
        self._besides = besides
        self._assistant = assistant
        self._history = history
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
                adapter = self._adapters[message.conversation.platform]
                await adapter.show(self._replies(message, adapter), Delivery(key=message.id))
            except DeliveryFailed as error:
                log.error("the reply to %s was not shown: %s", message.id, error)

    async def _replies(self, message: Message, adapter: Adapter) -> AsyncIterator[Reply]:
        async with aclosing(self._assistant.steps(message, adapter.fetch)) as steps:
            async for step in steps:
                if step.kept is not None:
                    await self._remember(message, step.kept)
                yield await self._settled(message, step)
                if step.reply.final:
                    await self._done_besides(message, step)

    async def _done_besides(self, message: Message, step: Step) -> None:
        entry = step.kept.entry if step.kept else None
        try:
            await self._besides.do(step.errands, entry)
        except MemoryUnavailable as error:
            log.warning("what follows from message %s is not done: %s", message.id, error)

    async def _settled(self, message: Message, step: Step) -> Reply:
        """The reply; an answer that it takes back leaves the memory, what was printed stays."""
        if not step.retract:
            return step.reply
        try:
            await self._history.drop(self._assistant.key(message), message.sender.id, step.retract)
        except MemoryUnavailable as error:
            log.warning("the answer to %s stays remembered: %s", step.retract, error)
        return not_taken_back(step.reply)

    async def _remember(self, message: Message, kept: Kept) -> None:
        key = self._assistant.key(message)
        try:
            await self._history.append(key, kept.turn, kept.facts, kept.epoch)
        except MemoryUnavailable as error:
            log.warning("the turn of message %s is not remembered: %s", message.id, error)
