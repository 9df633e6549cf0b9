"""The bot's signs under a question: that its answer is being worked on, and thanks."""

import asyncio
import logging
from contextlib import suppress

from adapters.base import ChatClosed, DeliveryFailed
from adapters.feishu_client import FeishuClient
from adapters.feishu_faults import NoAnswer, QuestionGone, QuotaUsedUp

_EMOJI, _THANKS = "Typing", "HEART"

log = logging.getLogger(__name__)


class Typing:
    """The bot's reaction to a question; `left`: an earlier attempt may have left one there."""

    def __init__(self, client: FeishuClient, message_id: str, left: bool) -> None:
        self._client = client
        self._message_id = message_id
        self._left = left
        self._reaction_id = ""
        self._reacting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Show the sign, once, if there is room for it."""
        if self._message_id and self._reacting is None and not self._client.quota_used_up:
            self._left = True
            self._reacting = asyncio.create_task(self._react())

    async def end(self) -> None:
        """Take the sign away; whether there is one is known only by putting it there once more."""
        if self._reacting:
            try:
                await asyncio.wait([self._reacting])
            finally:
                self._reacting.cancel()
        if not (self._left and self._message_id):
            return
        with suppress(DeliveryFailed):
            id = self._reaction_id or await self._client.react(self._message_id, _EMOJI)
            await self._client.unreact(self._message_id, id)
            self._left = False

    async def thanks(self) -> bool:
        """Put thanks there; whether that can be. The same again changes nothing. Raises DeliveryFailed."""
        if not self._message_id:
            return False
        try:
            await self._client.react(self._message_id, _THANKS)
        except (ChatClosed, NoAnswer, QuestionGone, QuotaUsedUp):
            raise
        except DeliveryFailed as error:
            log.info("Thanks are said, since they cannot be shown: %s", error)
            return False
        return True

    async def _react(self) -> None:
        with suppress(DeliveryFailed):
            self._reaction_id = await self._client.react(self._message_id, _EMOJI, frame=True)
