"""Telegram: direct chats, groups and topics, over the Bot API."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from zlib import crc32

from fastapi import FastAPI, Request, Response

from adapters.base import Accept, Conversation, Delivery, DeliveryFailed, Message, NotAccepted, Reply
from adapters.files import Files
from adapters.telegram_api import Me, Place, TelegramApi
from adapters.telegram_growth import TIMING, Drafted, Growth, Lost, Placed, Timing
from adapters.telegram_intake import Polling, Webhook
from adapters.telegram_once import Once, drop
from adapters.telegram_sent import Sent
from adapters.telegram_text import parts_of
from adapters.telegram_typing import Typing

TOAST = 200
"""Characters that may be shown on the screen of who pressed a button."""

_PRESS = "telegram:press:"
_OPENING = 30.0  # seconds that a reply waits for the bot to be let in

Menu = Callable[[TelegramApi, Me], Awaitable[None]]
"""Sets the menu and what else the bot says of itself. Raises DeliveryFailed."""

log = logging.getLogger(__name__)


async def _no_menu(_api: TelegramApi, _me: Me) -> None:
    """What was set by hand stays."""


class TelegramAdapter:
    """The bot at Telegram; messages come in by `intake`, `lost` is said where an answer may be.

    Links to the bot's own pages begin with `web_url`.

    What a pressed button says in reply, if it is short and comes at once, is shown to who pressed it and
    not in the chat, which votes would fill. So the intake leaves a press unanswered for a moment: Telegram
    takes one answer only.
    """

    platform = "telegram"

    def __init__(
        self,
        api: TelegramApi,
        intake: Polling | Webhook,
        lost: Lost,
        web_url: str = "",
        menu: Menu = _no_menu,
        timing: Timing = TIMING,
    ) -> None:
        self._api = api
        self._intake = intake
        self._lost = lost
        self._web_url = web_url
        self._menu = menu
        self._timing = timing
        self._typing = Typing(api, timing.typing)
        self._files = Files(api.download)
        self._drafts = True  # until the server says that it knows none
        self._open = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether messages come in, and the bot was let in."""
        return self._open.is_set() and self._intake.connected

    async def run(self, accept: Accept) -> None:
        """Take messages in until cancelled. Raises PlatformRefused where the token is a wrong one."""
        menu: asyncio.Task[None] | None = None
        try:
            me = await self._api.open()
            self._open.set()
            log.info("Telegram lets @%s in.", me.username)
            if not me.reads_all:
                _warn_of_privacy(me)
            # Many of the staff have menus of their own: nobody waits for these.
            menu = asyncio.create_task(self._set_menu(me))
            await self._intake.run(me, self._taking(accept))
        finally:
            if menu:
                menu.cancel()
                await asyncio.gather(menu, return_exceptions=True)
            self._open.clear()
            await self._typing.close()
            await self._api.close()

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Show a growing reply: in a draft or a message that is edited, and whole at its end, once."""
        await self._opened()
        if delivery.key.startswith(_PRESS):
            async with aclosing(self._beyond_toast(replies, delivery.key.removeprefix(_PRESS))) as more:
                return await self._show(more, delivery)
        return await self._show(replies, delivery)

    async def retract(self, sent_id: str) -> None:
        """Delete the messages of a reply; a draft vanishes by itself."""
        await self._opened()
        sent = Sent.parse(sent_id).known
        await drop(self._api, Place(sent.chat_id), sent.ids)

    def messages(self, sent_id: str) -> tuple[str, ...]:
        """The ids of all its messages, those of its files too."""
        return Sent.parse(sent_id).messages if sent_id else ()

    async def fetch(self, message: Message) -> Message:
        """The message with its pictures and the ends of its text files."""
        await self._opened()
        return await self._files.fetch(message)

    def mount(self, app: FastAPI) -> None:
        """Take what Telegram posts to /telegram/webhook of `app`, where that is how messages come in."""
        if not isinstance(webhook := self._intake, Webhook):
            return

        @app.post("/telegram/webhook", include_in_schema=False)
        async def take(request: Request) -> Response:
            return Response(status_code=await webhook.handle(request.headers, request.stream()))

    async def _opened(self) -> None:
        try:
            async with asyncio.timeout(_OPENING):
                await self._open.wait()
        except TimeoutError as error:
            raise DeliveryFailed("Telegram has not let the bot in yet.") from error

    async def _set_menu(self, me: Me) -> None:
        try:
            await self._menu(self._api, me)
        except DeliveryFailed as error:
            log.warning("The menu at Telegram is not set, the one of before stays: %s", error)

    def _taking(self, accept: Accept) -> Accept:
        async def take(message: Message) -> None:
            asked = message.addressed and not (message.edited or message.withdrawn)
            place = _place(message.conversation)
            # Begun before, so that a reply that comes at once finds the sign and ends it.
            if asked and not message.id.startswith(_PRESS):
                self._typing.begin(place)
            try:
                await accept(message)
            except NotAccepted:
                self._typing.end(place.chat_id)
                raise

        return take

    async def _beyond_toast(
        self, replies: AsyncIterator[Reply], press_id: str
    ) -> AsyncGenerator[Reply, None]:
        """The replies, but one that who pressed the button has seen already."""
        answered = False
        async for reply in replies:
            toast = "" if answered else self._toast(reply)
            seen = not answered and await self._api.answer_press(press_id, toast)
            answered = True
            # Too late for that, a group is better left alone: mostly it is thanks for a vote.
            if not (toast and (seen or reply.conversation.kind == "group")):
                yield reply

    def _toast(self, reply: Reply) -> str:
        """Its text where it is one line and there is nothing else to it, else empty: a list is to stay."""
        if not reply.final or reply.buttons or reply.sources or reply.enclosures:
            return ""
        text = "\n".join(part.text for part in parts_of(reply, self._web_url))
        return text if len(text) <= TOAST and "\n" not in text else ""

    async def _show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        growth, latest, sent_id = None, None, ""
        try:
            async for latest in replies:
                growth = growth or self._begun(latest, delivery)
                if latest.final:
                    sent_id = await growth.final(latest)
                else:
                    growth.frame(latest)
            if growth and latest and not latest.final:  # given up: as far as it has grown, it stays
                sent_id = await growth.final(replace(latest, final=True))
            return sent_id
        finally:
            if growth:
                await growth.leave()

    def _begun(self, reply: Reply, delivery: Delivery) -> Growth:
        place, again = _place(reply.conversation), bool(delivery.sent_id)
        self._typing.end(place.chat_id)
        # Whoever asked could write there since; another process may be the one that has heard of it.
        self._api.reopened(place.chat_id)
        once = Once(self._api, place, delivery, reply)
        placed = Placed(once, self._timing.edits)
        if place.group or again or not self._drafts:
            return Growth(placed, once, self._lost, self._web_url, self._timing)
        key = crc32(delivery.key.encode()) or 1
        drafted = Drafted(self._api, place, key, self._timing.drafts, self._no_drafts, placed)
        return Growth(drafted, once, self._lost, self._web_url, self._timing)

    def _no_drafts(self) -> None:
        if self._drafts:
            log.info("This Telegram server knows no drafts: answers grow in messages.")
        self._drafts = False


def _place(conversation: Conversation) -> Place:
    return Place(int(conversation.chat_id), int(conversation.thread_id) if conversation.thread_id else None)


def _warn_of_privacy(me: Me) -> None:
    log.warning(
        "In groups @%s sees only commands and replies to it, no plain mentions: its privacy mode is on."
        " To turn it off: @BotFather, /setprivacy, choose the bot, Disable; then take it out of each group"
        " and add it again, or make it an admin there. Until then /ask@%s works.",
        me.username,
        me.username,
    )
