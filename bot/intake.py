"""Where messages come in: into the durable inbox, and only then back to the platform."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Literal, Protocol

from adapters.base import Adapter, Delivery, DeliveryFailed, Message, NotAccepted, Reply
from bot.assistant import Assistant
from bot.conversations import chat_key
from bot.errands import Errand, queue
from bot.letters import to_body
from memory.base import MemoryUnavailable
from memory.mail import Acceptance, Inbox, Letter

log = logging.getLogger(__name__)


Sorted = Literal["ours", "hold", "none"]
"""A message to be answered, one that a person may answer first, one that is none of the bot's business."""


class Sorting(Protocol):
    """Says what becomes of a message."""

    async def sort(self, message: Message) -> Sorted:
        """May raise MemoryUnavailable."""


class Intake:
    """Takes in the messages of every platform as they are sorted; without a `sorting` all are answered.

    `hold` makes the errand of one that is held.
    """

    def __init__(
        self,
        inbox: Inbox,
        assistant: Assistant,
        platforms: Mapping[str, Adapter],
        sorting: Sorting | None = None,
        hold: Callable[[Message], Errand] | None = None,
    ) -> None:
        self._inbox = inbox
        self._assistant = assistant
        self._platforms = platforms
        self._sorting = sorting
        self._hold = hold
        self._saying: set[asyncio.Task[None]] = set()

    async def accept(self, message: Message) -> None:
        """Return when the message is safe, or none of the bot's business; NotAccepted when it is not safe."""
        try:
            sorted = await self._sorting.sort(message) if self._sorting else "ours"
            if sorted == "hold" and self._hold:
                await queue(self._inbox, self._hold(message))
            elif sorted == "ours":
                await self.take(message)
        except MemoryUnavailable as error:
            raise NotAccepted(f"Message {message.id} is not taken in: {error}") from error

    async def take(self, message: Message) -> None:
        """Take it in, whatever it is; its sender is told where too many wait. Raises MemoryUnavailable."""
        accepted = await self._accept(message)
        # In a group once a minute is enough; in a direct chat somebody waits for each.
        direct = message.conversation.kind == "direct"
        if not message.addressed:
            return
        if accepted == "busy" or (accepted == "busy_told" and direct):
            saying = asyncio.create_task(self._say_busy(message))
            self._saying.add(saying)
            saying.add_done_callback(self._saying.discard)

    async def _accept(self, message: Message) -> Acceptance:
        if message.withdrawn:
            await self._inbox.withdraw(chat_key(message.conversation), message.id)
            return "accepted"
        key, sender = self._assistant.key(message), message.sender.id
        letter = Letter(message.id, key, to_body(message), message.sent_at.timestamp(), sender=sender)
        return await self._inbox.accept(letter, message.edited)

    async def _say_busy(self, message: Message) -> None:
        async def reply() -> AsyncIterator[Reply]:
            yield self._assistant.busy(message)

        try:
            await self._platforms[message.conversation.platform].show(reply(), Delivery(message.id))
        except DeliveryFailed as error:
            log.warning("%s was not told that too many messages wait: %s", message.sender.id, error)
