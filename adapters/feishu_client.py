"""The client of Feishu's REST API for talking: what the bot can do to messages, and errors with a name."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from adapters.base import AttachmentRefused, DeliveryFailed
from adapters.feishu_calls import App, Calls
from adapters.feishu_codes import no_bot
from adapters.feishu_faults import MessageGone, NoThreads
from adapters.feishu_pace import Pace
from adapters.feishu_wire import Call, Said, Upload, Wire, packed

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_BOT = "/open-apis/bot/v3/info"
_MESSAGES = "/open-apis/im/v1/messages"
_ID_TYPES = {"oc": "chat_id", "ou": "open_id", "on": "union_id"}


@dataclass(frozen=True, slots=True)
class Me:
    """The bot."""

    open_id: str
    name: str


class FeishuClient:
    """Calls in the name of one app. `domain` is https://open.feishu.cn or https://open.larksuite.com.

    All of them keep Feishu's pace, and repeat what passes: faults for half a minute, limits as long as told.
    They raise what feishu_faults.py names, ChatClosed, DeliveryFailed otherwise, and PlatformRefused where
    Feishu does not take the app's id and secret any more. `timeout` is for a whole attempt, in seconds.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        domain: str = "https://open.feishu.cn",
        pace: Pace | None = None,
        *,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app = App(app_id, app_secret, domain.rstrip("/"))
        self._wire = Wire(self._app.domain, app_secret, timeout)
        self._calls = Calls(self._app, self._wire, pace or Pace(clock, wait), clock, wait)
        self._wait = wait

    @property
    def quota_used_up(self) -> bool:
        """Whether the tenant has used up its calls of this month: frames are dropped, finals tried."""
        return self._calls.quota_used_up

    async def open(self) -> Me:
        """Who the bot is; waits for an unreachable Feishu for ever, loudly. Raises PlatformRefused, NoBot."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._me(await self._calls.once(Call("GET", _BOT)))
            except DeliveryFailed as error:
                logger.warning("%s Trying again in %.0f s.", error, pause)
            await self._wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()
        await self._calls.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        frame: bool = False,
        chat: str = "",
    ) -> Mapping[str, object]:
        """The `data` of the answer to a call, which may be empty; the path begins with /open-apis/.

        `chat` is where something new will stand, for its pace. A call that gets no answer is made again with
        the same body, so a POST that must happen once needs a uuid in it. A `frame` is tried once, at
        once, or raises Dropped.
        """
        return (await self._calls.done(Call(method, path, params, body, frame, chat))).data

    async def download(
        self, message_id: str, key: str, kind: Literal["image", "file"], at_most: int
    ) -> bytes:
        """What came with a message, at most so many bytes. Raises AttachmentRefused too."""
        path = f"{_of(message_id)}/resources/{quote(key, safe='')}"
        try:
            return (await self._calls.done(Call("GET", path, {"type": kind}, at_most=at_most))).content
        except MessageGone as error:
            raise AttachmentRefused("gone") from error

    async def upload_image(self, data: bytes) -> str:
        """Give Feishu a picture to be sent; its key. Raises AttachmentRefused too."""
        return await self._uploaded("image", Upload("image", data, {"image_type": "message"}))

    async def upload_file(self, name: str, data: bytes) -> str:
        """Give Feishu a file to be sent under this name; its key. Raises AttachmentRefused too."""
        return await self._uploaded("file", Upload("file", data, {"file_type": "stream", "file_name": name}))

    async def beginning(self, thread_id: str) -> str:
        """A message of this thread to which one can reply, its first if that is there; else empty."""
        params = {"container_id_type": "thread", "container_id": thread_id, "sort_type": "ByCreateTimeAsc"}
        items = (await self.call("GET", _MESSAGES, params=params)).get("items")
        there = [one for one in items if not one.get("deleted")] if isinstance(items, list) else []
        return str(there[0].get("message_id", "")) if there else ""

    async def send(
        self, place: str, msg_type: str, content: Mapping[str, object], uuid: str, *, frame: bool = False
    ) -> str:
        """Send to a chat (oc_…) or a person (ou_…), once per uuid; the message's id."""
        params = {"receive_id_type": _ID_TYPES.get(place.partition("_")[0], "chat_id")}
        body = {"receive_id": place, **_message(msg_type, content, uuid)}
        data = await self.call("POST", _MESSAGES, params=params, body=body, frame=frame, chat=place)
        return _id(data, "message_id")

    async def reply(
        self,
        message_id: str,
        msg_type: str,
        content: Mapping[str, object],
        uuid: str,
        in_thread: bool = False,
        *,
        chat: str = "",
        frame: bool = False,
    ) -> str:
        """Reply to a message, once per uuid; the reply's id. `chat` is the message's, for the pace.

        In a group without threads `in_thread` makes no difference.
        """
        path, body = f"{_of(message_id)}/reply", _message(msg_type, content, uuid)
        try:
            threaded = {**body, "reply_in_thread": in_thread}
            data = await self.call("POST", path, body=threaded, frame=frame, chat=chat)
        except NoThreads:
            data = await self.call("POST", path, body=body, frame=frame, chat=chat)
        return _id(data, "message_id")

    async def update_card(self, message_id: str, card: Mapping[str, object], *, frame: bool = False) -> None:
        """Show another card in a message."""
        await self.call("PATCH", _of(message_id), body={"content": packed(card)}, frame=frame)

    async def delete(self, message_id: str) -> None:
        """Take a message of the bot back; one that is gone is fine."""
        await self._removed(_of(message_id))

    async def react(self, message_id: str, emoji: str, *, frame: bool = False) -> str:
        """Put an emoji (Typing, DONE …) under a message; the reaction's id."""
        body = {"reaction_type": {"emoji_type": emoji}}
        data = await self.call("POST", f"{_of(message_id)}/reactions", body=body, frame=frame)
        return _id(data, "reaction_id")

    async def unreact(self, message_id: str, reaction_id: str) -> None:
        """Take a reaction of the bot back; one whose message is gone is fine."""
        await self._removed(f"{_of(message_id)}/reactions/{quote(reaction_id, safe='')}")

    async def get_message(self, message_id: str) -> Sequence[Mapping[str, object]]:
        """A message as Feishu keeps it, and those inside it if it was merged and forwarded.

        Each has `message_id`, `msg_type`, `body.content`, `sender`, `upper_message_id` …; cards come as sent.
        """
        params = {"card_msg_content_type": "user_card_content"}
        items = (await self.call("GET", _of(message_id), params=params)).get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    async def _uploaded(self, kind: str, upload: Upload) -> str:
        said = await self._calls.done(Call("POST", f"/open-apis/im/v1/{kind}s", upload=upload))
        return _id(said.data, f"{kind}_key")

    async def _removed(self, path: str) -> None:
        try:
            await self.call("DELETE", path)
        except MessageGone as error:
            logger.debug("Nothing to take back: %s", error)

    def _me(self, said: Said) -> Me:
        bot = said.body.get("bot")
        bot = bot if isinstance(bot, dict) else {}
        if not bot.get("open_id"):
            raise no_bot("it has no open_id", self._app.console)
        return Me(str(bot["open_id"]), str(bot.get("app_name", "")))


def _of(message_id: str) -> str:
    return f"{_MESSAGES}/{quote(message_id, safe='')}"


def _message(msg_type: str, content: Mapping[str, object], uuid: str) -> dict[str, object]:
    return {"msg_type": msg_type, "content": packed(content), "uuid": uuid}


def _id(data: Mapping[str, object], name: str) -> str:
    found = data.get(name)
    if not isinstance(found, str) or not found:
        raise DeliveryFailed(f"Feishu answered without the {name} of what was sent.")
    return found
