"""Feishu and Lark: groups, topics and direct chats, over long connection or webhook."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from adapters.base import Accept, Delivery, DeliveryFailed, Message, Reply
from adapters.feishu_cards import parts_of
from adapters.feishu_client import Me
from adapters.feishu_faults import NoBot, QuestionGone
from adapters.feishu_growth import TIMING, Growth, Timing, Withheld
from adapters.feishu_inlet import Desk
from adapters.feishu_once import Once, drop
from adapters.feishu_place import place_of
from adapters.feishu_sent import question_of, sent_of
from adapters.feishu_typing import Typing
from adapters.feishu_webhook import Webhook
from adapters.files import Files

TOAST = 150
"""Characters that may be shown on the screen of who pressed a button."""

_PRESS = "feishu:press:"
_OPENING = 30.0  # seconds that a reply waits for the bot to be let in

After = Callable[[str, Reply], Awaitable[None]]
"""Called in a direct chat with the last message of a reply and the reply. May raise DeliveryFailed."""

log = logging.getLogger(__name__)


class Intake(Protocol):
    """How messages come in."""

    @property
    def connected(self) -> bool: ...

    async def run(self, me: Me, accept: Accept) -> None:
        """Take messages in until cancelled. Raises PlatformRefused."""


async def _nothing(_message_id: str, _reply: Reply) -> None:
    """There is nothing more to be done."""


class FeishuAdapter:
    """The bot at Feishu; messages come in by `intake`, which has the same `desk`.

    `withheld` says what stands in the place of an answer that Feishu refuses for its words. Links to the
    bot's own pages begin with `web_url`. `clock` gives seconds since 1970.

    What a pressed button says in reply, if it is short and comes at once, is shown to who pressed it and
    not in the chat, which votes would fill.
    """

    platform = "feishu"

    def __init__(
        self,
        desk: Desk,
        intake: Intake,
        withheld: Withheld,
        web_url: str = "",
        after: After = _nothing,
        timing: Timing = TIMING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._toasts, self._shown = desk.client, desk.toasts, desk.shown
        self._intake = intake
        self._withheld = withheld
        self._web_url = web_url
        self._after = after
        self._timing = timing
        self._clock = clock
        self._files = Files(self._download)
        self._tidying: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._mute = False

    @property
    def connected(self) -> bool:
        """Whether messages come in, and the bot was let in; an app that is no bot has none to wait for."""
        return self._mute or (self._open.is_set() and self._intake.connected)

    async def run(self, accept: Accept) -> None:
        """Take messages in until cancelled. Raises PlatformRefused where the app's id or secret is wrong.

        An app that is no bot is let be: it may be there to read documents.
        """
        try:
            me = await self._client.open()
            self._open.set()
            await self._intake.run(me, accept)
        except NoBot as error:
            log.warning("%s Until then it only reads documents.", error)
            self._mute = True
            await asyncio.Event().wait()
        finally:
            self._open.clear()
            for task in self._tidying:
                task.cancel()
            await self._client.close()

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Show a growing reply: a sign, a card that is written, and the whole at its end, once."""
        await self._opened()
        try:
            if delivery.key.startswith(_PRESS):
                async with aclosing(self._beyond_toast(replies, delivery.key)) as more:
                    return await self._show(more, delivery)
            return await self._show(replies, delivery)
        except QuestionGone as error:
            log.info("%s", error)
            return ""

    async def retract(self, sent_id: str) -> None:
        """Delete the messages of a reply."""
        await self._opened()
        await drop(self._client, sent_of(sent_id))

    def messages(self, sent_id: str) -> tuple[str, ...]:
        """The ids of the messages that a reply consists of."""
        return tuple(f"feishu:{one.message_id}" for one in sent_of(sent_id) if one.message_id)

    async def fetch(self, message: Message) -> Message:
        """The message with its pictures and the ends of its text files."""
        await self._opened()
        return await self._files.fetch(message)

    def mount(self, app: FastAPI) -> None:
        """Take what Feishu posts to /feishu/events of `app`, where that is how messages come in."""
        if not isinstance(webhook := self._intake, Webhook):
            return

        @app.post("/feishu/events", include_in_schema=False)
        async def take(request: Request) -> Response:
            status, answer = await webhook.handle(request.headers, request.stream())
            return JSONResponse(answer, status)

    async def _opened(self) -> None:
        try:
            async with asyncio.timeout(_OPENING):
                await self._open.wait()
        except TimeoutError as error:
            raise DeliveryFailed("Feishu has not let the bot in yet.") from error

    async def _download(self, reference: str, at_most: int) -> bytes:
        message_id, _, key = reference.partition(":")
        image = key.startswith("img")
        return await self._client.download(message_id, key, "image" if image else "file", at_most)

    async def _beyond_toast(
        self, replies: AsyncIterator[Reply], press_id: str
    ) -> AsyncGenerator[Reply, None]:
        """The replies, but one that who pressed the button has seen already."""
        first = True
        async for reply in replies:
            toast = self._toast(reply) if first else ""
            seen = first and self._toasts.offer(press_id, toast)
            first = False
            # Too late for that, a group is better left alone: mostly it is thanks for a vote.
            if not (toast and (seen or reply.conversation.kind == "group")):
                yield reply

    def _toast(self, reply: Reply) -> str:
        """Its text where it is one line and there is nothing else to it, else empty: a list is to stay."""
        if not reply.final or reply.buttons or reply.sources or reply.enclosures:
            return ""
        text = "\n".join(str(part.text["text"]) for part in parts_of(reply, self._web_url))
        return text if len(text) <= TOAST and "\n" not in text else ""

    async def _show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        once, growth, latest, sent_id = None, None, None, ""
        try:
            async for latest in replies:
                if once is None or growth is None:
                    place = await place_of(self._client, latest, delivery.key)
                    once = Once(self._client, place, delivery, self._clock, self._timing.renew)
                    growth = self._begun(latest, once, delivery)
                if latest.final:
                    sent_id = await growth.final(latest)
                else:
                    growth.frame(latest)
            if growth and latest and not latest.final:  # given up: as far as it has grown, it stays
                latest = replace(latest, final=True)
                sent_id = await growth.final(latest)
        finally:
            if growth:
                await growth.leave()
        if once and latest:
            await self._remember(once.messages, latest)
        return sent_id

    def _begun(self, reply: Reply, once: Once, delivery: Delivery) -> Growth:
        asked = "" if delivery.key.startswith(_PRESS) else question_of(reply.in_reply_to)
        typing = Typing(self._client, asked, left=bool(delivery.sent_id))
        return Growth(once, typing, self._withheld, self._web_url, self._timing, self._tidying)

    async def _remember(self, messages: list[str], reply: Reply) -> None:
        for message_id in messages:
            await self._shown.put(message_id, reply.text)
        if messages and reply.conversation.kind == "direct":
            with suppress(DeliveryFailed, TimeoutError):
                async with asyncio.timeout(self._timing.aftermath):
                    await self._after(messages[-1], reply)
