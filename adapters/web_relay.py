"""The talks of the web page in several processes at once: what happens in one is told to the others."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import uuid4

from adapters.base import Conversation, Reply
from adapters.web_talk import Talks
from adapters.written import fields_of, reply_of


class Relay(Protocol):
    """Carries lines between the processes that serve the page, this one included; some may be lost."""

    async def publish(self, line: str) -> None:
        """Send a line to every process. Raises nothing."""

    def lines(self) -> AsyncIterator[str]:
        """What is published from now on, without end. Raises nothing."""


class Replicas:
    """The other processes, if there is a `relay` to them."""

    def __init__(self, talks: Talks, relay: Relay | None) -> None:
        self._talks = talks
        self._relay = relay
        self._here = uuid4().hex

    async def listen(self) -> None:
        """Let happen here what happens there, until cancelled."""
        if self._relay is None:
            await asyncio.Event().wait()
            return
        async for line in self._relay.lines():
            # What does not fit was written by another version of this program.
            with suppress(ValueError, TypeError):
                self._take(line)

    async def asked(self, chat_id: str, message_id: str, text: str) -> None:
        """A question was asked and is safe."""
        await self._tell("asked", chat_id, message_id, text)

    async def stopped(self, chat_id: str, message_ids: Sequence[str]) -> None:
        """Questions were let go."""
        await self._tell("stopped", chat_id, list(message_ids))

    async def acknowledged(self, chat_id: str, version: int) -> None:
        """A page has what there was at this version."""
        await self._tell("acknowledged", chat_id, version)

    async def dropped(self, sent_id: str) -> None:
        """A reply was taken back."""
        await self._tell("dropped", sent_id)

    async def shown(self, sent_id: str, reply: Reply, version: int) -> None:
        """A reply was shown, or has grown."""
        await self._tell("shown", reply.conversation.chat_id, sent_id, version, fields_of(reply))

    async def _tell(self, *event: object) -> None:
        if self._relay is not None:
            await self._relay.publish(json.dumps([self._here, *event]))

    def _take(self, line: str) -> None:
        match json.loads(line):
            case [self._here, *_]:
                pass
            case [_, "asked", chat_id, message_id, text]:
                self._talks.of(chat_id).ask(message_id, text)
            case [_, "stopped", chat_id, message_ids]:
                self._talks.of(chat_id).stop(message_ids)
            case [_, "acknowledged", chat_id, version]:
                self._talks.of(chat_id).acknowledge(version)
            case [_, "dropped", sent_id]:
                self._talks.drop(sent_id)
            case [_, "shown", chat_id, sent_id, version, fields]:
                self._talks.of(chat_id).show(sent_id, reply_of(Conversation("web", chat_id), fields), version)
