"""Where messages come in: into the durable inbox, and only then back to the platform."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping

from adapters.base import Adapter, Delivery, DeliveryFailed, Message, NotAccepted, Reply
from bot.assistant import Assistant
from bot.conversations import chat_key
from bot.letters import to_body
from memory.base import MemoryUnavailable
from memory.mail import Acceptance, Inbox, Letter

log = logging.getLogger(__name__)


def everything(_message: Message) -> bool:
    """Every message is the bot's."""
    return True


class Intake:
    """Takes the messages of every platform that are `ours`."""

    def __init__(
        self,
        inbox: Inbox,
        assistant: Assistant,
        platforms: Mapping[str, Adapter],
        ours: Callable[[Message], bool] = everything,
    ) -> None:
        self._inbox = inbox
        self._assistant = assistant
        self._platforms = platforms
        self._ours = ours
        self._saying: set[asyncio.Task[None]] = set()

    async def accept(self, message: Message) -> None:
        """Return when the message is safe, or none of the bot's business; NotAccepted when it is not safe."""
        if not self._ours(message):
            return
        try:
            accepted = await self._accept(message)
        except MemoryUnavailable as error:
            raise NotAccepted(f"Message {message.id} is not taken in: {error}") from error
        # In a group once a minute is enough; in a direct chat somebody waits for each.
        direct = message.conversation.kind == "direct"
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
