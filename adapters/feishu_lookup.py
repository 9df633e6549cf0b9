"""What is known of other messages and chats at Feishu than the one that came: remembered, or asked for.

Nothing here raises, and nothing takes long: what cannot be had in time is done without.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from adapters.base import AdapterError, Conversation
from adapters.feishu_address import spoken
from adapters.feishu_client import FeishuClient, Me
from adapters.feishu_content import NOTHING, Content, content_of, shortened
from adapters.feishu_json import Table, rows, table, text
from adapters.feishu_shown import Shown

_PATIENCE = 2.0  # seconds; Feishu waits three for an acknowledgement
_REMEMBERED = 2048

log = logging.getLogger(__name__)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Seen:
    """A message: whether it is the bot's, and what is in it."""

    mine: bool
    content: Content


class Newest(Generic[_Value]):
    """The newest of what was put in, by a name."""

    def __init__(self) -> None:
        self._items: dict[str, _Value] = {}

    def get(self, name: str) -> _Value | None:
        return self._items.get(name)

    def put(self, name: str, value: _Value) -> None:
        self._items.pop(name, None)
        self._items[name] = value
        if len(self._items) > _REMEMBERED:
            del self._items[next(iter(self._items))]

    def drop(self, name: str) -> None:
        self._items.pop(name, None)


class Lookup:
    """Knows the messages that came of late and asks Feishu for others, each once.

    `patience`: seconds until a message is done without; half of it where somebody waits at a button.
    """

    def __init__(self, client: FeishuClient, shown: Shown, me: Me, patience: float = _PATIENCE) -> None:
        self._client = client
        self._shown = shown
        self._me = me
        self._patience = patience
        self._messages = Newest[Seen]()
        self._threads = Newest[str]()
        self._kinds = Newest[Literal["group", "direct"]]()
        self._directs = Newest[str]()
        self.names = Newest[str]()

    def note(self, message_id: str, content: Content) -> None:
        """Somebody else than the bot said this."""
        self._messages.put(message_id, Seen(False, replace(content, text=shortened(content.text))))

    def forget(self, message_id: str) -> None:
        """Somebody took it back."""
        self._messages.drop(message_id)

    def note_chat(self, chat_id: str, kind: Literal["group", "direct"], open_id: str) -> None:
        """This chat is of this kind; a direct one is that person's."""
        self._kinds.put(chat_id, kind)
        if kind == "direct":
            self._directs.put(open_id, chat_id)

    def direct_with(self, open_id: str) -> str:
        """Their direct chat, or where it is not known their own id: Feishu sends there too."""
        return self._directs.get(open_id) or open_id

    async def name(self, open_id: str) -> str:
        """What somebody is called; empty where Feishu does not tell, which it is asked once."""
        known = self.names.get(open_id)
        if known is None:
            known = await self._name(open_id)
            self.names.put(open_id, known)
        return known

    async def seen(self, message_id: str, app_id: str) -> Seen | None:
        """What this message is; None where nothing can be known of it. `app_id` is the bot's."""
        if known := self._messages.get(message_id):
            return known
        if said := await self._shown.get(message_id):
            found = Seen(True, Content(shortened(said)))
        elif items := await self._items(message_id, self._patience):
            found = self._read(items[0], app_id)
            if items[1:]:
                found = Seen(found.mine, Content(self._told(items[1:])))
        else:
            return None
        self._messages.put(message_id, found)
        return found

    async def bundle(self, message_id: str) -> str:
        """What is in a bundle of forwarded messages."""
        return self._told((await self._items(message_id, self._patience))[1:])

    async def place(self, chat_id: str, message_id: str) -> Conversation:
        """The conversation in which a message of the bot stands."""
        kind, thread = await asyncio.gather(self._kind(chat_id), self._thread(message_id))
        return Conversation("feishu", chat_id, kind, thread)

    async def _name(self, open_id: str) -> str:
        try:
            async with asyncio.timeout(self._patience / 2):
                told = await self._client.call("GET", f"/open-apis/contact/v3/users/{open_id}")
        except (AdapterError, TimeoutError) as error:
            log.info("What somebody is called is not known: %s", error or "it takes too long")
            return ""
        return text(told, "user", "name")

    async def _kind(self, chat_id: str) -> Literal["group", "direct"]:
        if known := self._kinds.get(chat_id):
            return known
        try:
            async with asyncio.timeout(self._patience / 2):
                told = await self._client.call("GET", f"/open-apis/im/v1/chats/{chat_id}")
        except (AdapterError, TimeoutError) as error:
            log.info("Which kind of chat a button was pressed in is not known: %s", error)
            return "group"
        kind: Literal["group", "direct"] = "direct" if text(told, "chat_mode") == "p2p" else "group"
        self._kinds.put(chat_id, kind)
        return kind

    async def _thread(self, message_id: str) -> str:
        if (known := self._threads.get(message_id)) is not None:
            return known
        items = await self._items(message_id, self._patience / 2)
        if not items:
            return ""
        self._threads.put(message_id, text(items[0], "thread_id"))
        return text(items[0], "thread_id")

    async def _items(self, message_id: str, seconds: float) -> Sequence[Table]:
        try:
            async with asyncio.timeout(seconds):
                return await self._client.get_message(message_id)
        except (AdapterError, TimeoutError) as error:
            log.info("Another message that matters to one cannot be read: %s", error or "it takes too long")
            return ()

    def _told(self, items: Sequence[Table]) -> str:
        """What is in them, by whom where that is known, else by A, B, …"""
        letters: dict[str, str] = {}
        lines = []
        for item in items:
            who = text(item, "sender", "id")
            name = self.names.get(who) or letters.setdefault(who, chr(ord("A") + len(letters) % 26))
            if said := self._read(item, "").content.text.strip():
                lines.append(f"{name}: {said}")
        return shortened("\n".join(lines))

    def _read(self, item: Table, app_id: str) -> Seen:
        """A message as GET has it."""
        sender = table(item, "sender")
        mine = bool(app_id) and text(sender, "sender_type") == "app" and text(sender, "id") == app_id
        if item.get("deleted"):
            return Seen(mine, NOTHING)
        content = content_of(text(item, "msg_type"), text(item, "body", "content"), text(item, "message_id"))
        said = spoken(self._me.open_id, content.text, rows(item, "mentions")).text
        return Seen(mine, replace(content, text=shortened(said)))
