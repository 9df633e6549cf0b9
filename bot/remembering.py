"""What was said before a message, as far as it is remembered, for whoever answers it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from adapters.base import Message
from memory.base import History, MemoryUnavailable, Remembered, Turn
from rag.types import OTHERS, Past

log = logging.getLogger(__name__)


class Remembering:
    """Reads the history of a message's conversation, which `key` names; while it is away there is none."""

    def __init__(self, history: History, key: Callable[[Message], str]) -> None:
        self._history = history
        self._key = key

    async def load(self, message: Message) -> Remembered:
        """The newest turns, with what is noted besides."""
        try:
            return await self._history.load(self._key(message), message.sender.id)
        except MemoryUnavailable as error:
            log.warning("answering message %s without its history: %s", message.id, error)
            return Remembered()

    def past(self, message: Message, remembered: Remembered) -> Past:
        """What was before the message; not of itself, which is answered again after an edit."""
        mine = (message.sender.id, "")  # an earlier version did not note who asked
        before = [turn for turn in remembered.turns if turn.message_id != message.id]
        return Past(
            [one if one.sender in mine else replace(one, question=OTHERS + one.question) for one in before],
            remembered.summary,
            [fact for fact in remembered.facts if fact.message_id != message.id],
            partial(self._own, message, before),
        )

    async def _own(self, message: Message, window: Sequence[Turn]) -> Sequence[Turn]:
        """What the asker of the message has asked in this conversation, as far as it is kept."""
        try:
            older = await self._history.older(self._key(message))
        except MemoryUnavailable as error:
            log.warning("answering message %s without what was said long before: %s", message.id, error)
            older = []
        return [turn for turn in (*older, *window) if turn.sender == message.sender.id]
