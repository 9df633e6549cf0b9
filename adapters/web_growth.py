"""A reply as it grows on the web page, in this process and in the other replicas."""

import asyncio
import time
from dataclasses import replace

from adapters.base import Reply
from adapters.web_relay import Replicas
from adapters.web_talk import Talk, Talks

_TOLD_SECONDS = 0.15


class Growth:
    """The reply that is shown under `sent_id`; `stop` ends it when the asker wants no more of it."""

    def __init__(self, talks: Talks, replicas: Replicas, sent_id: str, stop: asyncio.Timeout) -> None:
        self._talks = talks
        self._replicas = replicas
        self._sent_id = sent_id
        self._stop = stop
        self._talk: Talk | None = None
        self._told_at = float("-inf")

    async def show(self, reply: Reply) -> bool:
        """Show what it has grown to; whether any more of it is wanted."""
        self._talk = self._talks.of(reply.conversation.chat_id)
        if not self._talk.wants(reply):
            return False
        self._talk.growing[self._sent_id] = (reply, self._stop)
        self._talk.show(self._sent_id, reply)
        # The other replicas get the first and the final one at once, and of those between what is enough.
        if reply.final or time.monotonic() - self._told_at >= _TOLD_SECONDS:
            await self._tell(reply)
        return True

    def leave(self) -> None:
        """It does not grow here any more."""
        if self._talk is not None:
            self._talk.growing.pop(self._sent_id, None)

    async def close(self) -> str:
        """Nothing more will come of it. Returns its id, empty where nothing was shown."""
        if self._talk is None or self._sent_id not in self._talk.shown:
            return ""
        _, reply = self._talk.shown[self._sent_id]
        if not reply.final:
            closed = replace(reply, final=True)
            self._talk.show(self._sent_id, closed)
            await self._tell(closed)
        return self._sent_id

    async def _tell(self, reply: Reply) -> None:
        assert self._talk is not None  # it was shown there
        self._told_at = time.monotonic()
        await self._replicas.shown(self._sent_id, reply, self._talk.version)
