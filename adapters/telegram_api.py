"""What the bot does at Telegram, method by method of the Bot API, in the house's words."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from telegram import User
from telegram.error import InvalidToken, NetworkError, TelegramError

from adapters.base import AttachmentRefused, Button, DeliveryFailed, Enclosure
from adapters.telegram_calls import Call, Calls, Going, Patience, untold
from adapters.telegram_enclosed import ways
from adapters.telegram_faults import (
    FileRefused,
    MessageGone,
    NotOffered,
    OutcomeUnknown,
    PolledElsewhere,
    translated,
)
from adapters.telegram_http import Wire, Wired
from adapters.telegram_keyboard import keyboard
from adapters.telegram_pace import Pace, Urgency
from adapters.telegram_text import Part

__all__ = ["Me", "MessageGone", "NotOffered", "OutcomeUnknown", "Place", "PolledElsewhere", "TelegramApi"]

logger = logging.getLogger(__name__)

_CONNECTIONS = 256
_GRACE = 20.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_DELETED_AT_ONCE, _LONGEST_TOAST = 100, 200
_PRESSES = 256  # that are remembered as answered
_NO_PREVIEW = {"is_disabled": True}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is shown: a chat, and in it a topic."""

    chat_id: int
    thread_id: int | None = None

    @property
    def group(self) -> bool:
        return self.chat_id < 0


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself. `reads_all`: in groups it sees every message (its privacy mode is off)."""

    id: int
    username: str
    name: str
    reads_all: bool


class TelegramApi:
    """One bot at one server. `base_url` is the server's root, without `/bot`.

    Every method may raise PlatformRefused (the token is no longer taken), those with a place ChatClosed, and
    all of them DeliveryFailed unless they say otherwise: what surely was not done is tried again for half a
    minute first, after a 429 for as long as told. `clock` gives seconds, `wait` sleeps for some.
    """

    def __init__(
        self,
        token: str,
        base_url: str = "https://api.telegram.org",
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        # The library's own log would tell the token at DEBUG, and what students write.
        logging.getLogger("telegram.Bot").setLevel(logging.INFO)
        self._root = base_url.rstrip("/")
        self._files = f"{self._root}/file/bot{token}"
        self._wire, self._polls = Wire(self._root, token, _CONNECTIONS), Wire(self._root, token, 1)
        self._bot = Wired(token, f"{self._root}/bot", request=self._wire, get_updates_request=self._polls)
        self._calls = Calls(self._bot, pace or Pace(), clock, wait)
        self._clock, self._wait = clock, wait
        self._answered = deque[str](maxlen=_PRESSES)

    async def open(self) -> Me:
        """Who the bot is; waits for an unreachable server for ever, loudly."""
        await self._wire.initialize()
        await self._polls.initialize()
        pause = _FIRST_PAUSE
        while True:
            try:
                return _me(await self._bot.ask("getMe", {}))
            except InvalidToken as error:
                raise translated(error, "getMe") from error
            except TelegramError as error:
                sentence = "Telegram at %s does not answer (%s); trying again in %g s. "
                sentence += "Check the network, its proxy and TELEGRAM_BASE_URL."
                logger.warning(sentence, self._root, error.message, pause)
            await self._wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.shutdown()
        await self._polls.shutdown()

    async def updates(
        self, offset: int | None, seconds: float, allowed: Sequence[str]
    ) -> list[Mapping[str, object]]:
        """Updates as JSON, from `offset` on (this confirms all before it), after up to so many seconds.

        One try. Raises PolledElsewhere, and DeliveryFailed where the server is not reached.
        """
        parameters = {"offset": offset, "timeout": int(seconds), "allowed_updates": list(allowed)}
        try:
            updates = await self._bot.ask("getUpdates", parameters, seconds + _GRACE)
        except TelegramError as error:
            raise translated(error, "getUpdates") from error
        return [update for update in updates if isinstance(update, dict)] if isinstance(updates, list) else []

    async def send(
        self,
        place: Place,
        part: Part,
        *,
        reply_to: int | None = None,
        buttons: Sequence[Button] = (),
        silent: bool = False,
        urgency: Urgency = "final",
        going: Going = untold,
    ) -> int:
        """Send and return the message's id.

        Any urgency but final is one try at once: 0 where there was no room for it or it surely was not sent.
        `going` is told when it goes out, and when it is to be tried again later. Raises OutcomeUnknown.
        """
        content = {"disable_notification": silent, **_content(part, buttons)}
        return await self._sent("sendMessage", place, content, reply_to, urgency, going)

    async def send_file(
        self, place: Place, file: Enclosure, *, reply_to: int | None = None, going: Going = untold
    ) -> int:
        """Send a file, as a picture if it can be shown as one, and return its message's id; else as `send`.

        Raises FileRefused where it is taken neither way.
        """
        refused = FileRefused("A file is too large for Telegram.")
        for method, content in ways(file):
            try:
                return await self._sent(method, place, content, reply_to, "final", going)
            except FileRefused as error:
                refused = error
        raise refused

    async def edit(
        self,
        place: Place,
        message_id: int,
        part: Part,
        *,
        buttons: Sequence[Button] = (),
        urgency: Urgency = "final",
    ) -> bool:
        """Show this in that message from now on; without `buttons` it has none.

        Any urgency but final is one try at once, False where it was dropped. Raises MessageGone.
        """
        parameters = {"message_id": message_id, **_content(part, buttons)}
        return await self._calls.done(Call("editMessageText", parameters, place.chat_id, urgency)) is not None

    async def draft(self, place: Place, draft_id: int, part: Part) -> bool:
        """Show a draft in a direct chat, one try at once: False where it was dropped.

        Raises NotOffered where the server does not know drafts, or not in this chat.
        """
        parameters = {
            "message_thread_id": place.thread_id,
            "draft_id": draft_id,
            "text": part.text,
            "entities": part.entities,
        }
        return (
            await self._calls.done(Call("sendMessageDraft", parameters, place.chat_id, "frame")) is not None
        )

    async def react(self, place: Place, message_id: int, emoji: str) -> None:
        """Put a sign to somebody's message, in the place of the one before."""
        reaction = [{"type": "emoji", "emoji": emoji}]
        parameters = {"message_id": message_id, "reaction": reaction}
        await self._calls.done(Call("setMessageReaction", parameters, place.chat_id))

    async def delete(self, place: Place, message_ids: Sequence[int]) -> None:
        """Delete the bot's messages; those that are gone already are no error.

        Raises MessageGone where one cannot be deleted, being older than 48 hours.
        """
        for first in range(0, len(message_ids), _DELETED_AT_ONCE):
            some = list(message_ids[first : first + _DELETED_AT_ONCE])
            await self._calls.done(Call("deleteMessages", {"message_ids": some}, place.chat_id, paced=False))

    async def typing(self, place: Place) -> None:
        """Show the typing sign for five seconds, if there is room for it; raises nothing."""
        parameters = {"message_thread_id": place.thread_id, "action": "typing"}
        await self._calls.sign(place.chat_id, parameters)

    async def answer_press(self, press_id: str, text: str = "", alert: bool = False) -> bool:
        """Tell who pressed a button that it was seen, once and in one try; False where that came too late."""
        if press_id in self._answered:
            return False
        self._answered.append(press_id)
        parameters = {"callback_query_id": press_id, "text": text[:_LONGEST_TOAST], "show_alert": alert}
        call = Call("answerCallbackQuery", parameters, urgency="frame", paced=False)
        return await self._calls.done(call) is True

    async def download(self, file_id: str, at_most: int) -> bytes:
        """A file's bytes. Raises AttachmentRefused (`size` above `at_most` bytes, `gone`)."""
        file = await self.call("getFile", file_id=file_id)
        path, size = (file.get("file_path"), file.get("file_size", 0)) if isinstance(file, dict) else ("", 0)
        if size > at_most:
            raise AttachmentRefused("size")
        status, content = await self._fetched(f"{self._files}/{path}", at_most)
        if status != 200:
            raise AttachmentRefused("gone")
        if len(content) > at_most:
            raise AttachmentRefused("size")
        return content

    async def set_webhook(self, url: str, secret: str, allowed: Sequence[str]) -> None:
        """Have updates posted to `url`, with the secret in their header; what waits there stays."""
        await self.call("setWebhook", url=url, secret_token=secret, allowed_updates=list(allowed))

    async def drop_webhook(self) -> None:
        """Have no updates posted, so that they can be polled; what waits stays."""
        await self.call("deleteWebhook")

    async def call(self, method: str, **parameters: object) -> object:
        """Any other method that may be repeated, as setMyCommands; parameters and result as JSON values."""
        return await self._calls.done(Call(method, parameters, paced=False))

    def reopened(self, chat_id: int) -> None:
        """Something came from this chat: it can be written to again."""
        self._calls.reopened(chat_id)

    async def _sent(
        self,
        method: str,
        place: Place,
        content: Mapping[str, object],
        reply_to: int | None,
        urgency: Urgency,
        going: Going,
    ) -> int:
        parameters: dict[str, object] = {"message_thread_id": place.thread_id, **content}
        if reply_to:
            parameters["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
        call = Call(method, parameters, place.chat_id, urgency, repeatable=False, going=going)
        return _message_id(await self._calls.done(call))

    async def _fetched(self, url: str, at_most: int) -> tuple[int, bytes]:
        patience = Patience(self._clock)
        while True:
            try:
                return await self._wire.fetched(url, at_most)
            except NetworkError as error:
                pause = patience.next()
                if not pause:
                    raise DeliveryFailed(
                        f"A file could not be had from Telegram ({error.message})."
                    ) from error
            await self._wait(pause)


def _content(part: Part, buttons: Sequence[Button]) -> dict[str, object]:
    return {
        "text": part.text,
        "entities": part.entities,
        "link_preview_options": _NO_PREVIEW,
        "reply_markup": keyboard(buttons),
    }


def _me(user: object) -> Me:
    me = User.de_json(user, None) if isinstance(user, dict) else None
    if me is None:
        raise NetworkError("what came is no user")
    return Me(me.id, me.username or "", me.full_name, bool(me.can_read_all_group_messages))


def _message_id(message: object) -> int:
    """Its id, 0 where none was sent."""
    id = message.get("message_id") if isinstance(message, dict) else 0
    if message is not None and not id:
        raise OutcomeUnknown("Telegram did not tell which message it has sent.")
    return id if isinstance(id, int) else 0
