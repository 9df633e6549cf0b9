"""The turns of a conversation, as far back as they are kept."""

from collections.abc import Callable

from memory.base import History, Turn


class Turns:
    """Finds turns. Every call may raise MemoryUnavailable."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def newest(self, conversation: str, is_meant: Callable[[Turn], bool]) -> Turn | None:
        """The newest such turn."""
        window = (await self._history.load(conversation)).turns
        found = next(filter(is_meant, reversed(window)), None)
        return found or next(filter(is_meant, reversed(await self._history.older(conversation))), None)

    async def of(self, conversation: str, message_id: str) -> Turn | None:
        """The one of this message."""
        return await self.newest(conversation, lambda one: one.message_id == message_id)

    async def last_of(self, conversation: str, person: str) -> Turn | None:
        """What this person asked last."""
        return await self.newest(conversation, lambda one: one.sender == person)
