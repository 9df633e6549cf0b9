"""How much may be asked: each question is counted, those over a limit are refused."""

import logging
from typing import Protocol

from adapters.base import Message
from bot.conversations import chat_key
from bot.course import Limits
from memory.base import Allowance, MemoryUnavailable, Quota, Refused
from memory.staff import Rules

log = logging.getLogger(__name__)


class Ruled(Protocol):
    """Where what the staff has set can be read."""

    async def rules(self) -> Rules:
        """As it is now. Never raises."""


class Spending:
    """Counts questions against [limits], and against what the staff has set for a person."""

    def __init__(self, quota: Quota, limits: Limits, book: Ruled) -> None:
        self._quota = quota
        self._limits = limits
        self._book = book

    async def spend(self, message: Message, age: float) -> Refused | None:
        """Why a question that was sent `age` seconds ago is over a limit; while memory is away none is."""
        group = chat_key(message.conversation) if message.conversation.kind == "group" else ""
        at = message.sent_at.timestamp()
        id = f"{message.id}@{at}" if message.edited else message.id  # an edit is answered once more
        allowance = await self.allowed(message)
        try:
            refused = await self._quota.spend(id, message.sender.id, group, at, allowance)
        except MemoryUnavailable as error:
            log.warning("message %s is not counted: %s", message.id, error)
            return None
        # The quota counts from when the question was asked, who reads of it from now.
        return refused and refused._replace(wait=refused.wait - age)

    async def allowed(self, message: Message) -> Allowance:
        """What the asker may ask."""
        limits, own = self._limits, (await self._book.rules()).per_day
        per_day = own.get(message.sender.id, limits.questions_per_day)
        return Allowance(limits.questions_per_minute, per_day, limits.group_questions_per_minute)
