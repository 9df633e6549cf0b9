"""What comes from Feishu, as the bot's messages: who wrote it, where, and whether it is for the bot."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from adapters.base import Conversation, Message, Sender
from adapters.feishu_address import Spoken, named, spoken
from adapters.feishu_client import Me
from adapters.feishu_content import NOTHING, Content, content_of
from adapters.feishu_json import Table, number, rows, table, text
from adapters.feishu_lookup import Lookup, Newest, Seen

EXPIRED = "这张卡片是旧版本的，请重新提问。 This card is of an older version; please ask again."
"""What who presses a button reads that nobody understands any more."""

_PRESS = "card.action.trigger"
_VERSION = 1
_MENU_KEY = re.compile(r"[a-z]{1,32}")
_LATEST = 10**14  # milliseconds; what is later is counted in something else


@dataclass(frozen=True, slots=True)
class Arrival:
    """What an event brings: a message, a `toast` for who pressed a button, that the bot `left` a chat."""

    message: Message | None = None
    toast: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True)
class _Pointed:
    """What the message points at: whether it is the bot's, and what there is to be told of it."""

    mine: bool = False
    content: Content = NOTHING


def is_press(event: Table) -> bool:
    """Whether somebody pressed a button, and waits to read what came of it."""
    return text(event, "header", "event_type") == _PRESS


def chat_of(event: Table) -> str:
    """The chat in whose order the event stands, or the person where it has none."""
    inner = table(event, "event")
    chat = text(inner, "message", "chat_id") or text(inner, "chat_id")
    return chat or text(inner, "operator", "operator_id", "open_id")


class Reader:
    """Reads events, those of a chat in their order."""

    def __init__(
        self, me: Me, lookup: Lookup, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._me = me
        self._lookup = lookup
        self._now = now
        self._begun = Newest[str]()
        self._hears_all = False
        self._kinds: Mapping[str, Callable[[Table], Awaitable[Arrival]]] = {
            "im.message.receive_v1": self._said,
            "im.message.recalled_v1": self._recalled,
            "im.chat.member.bot.added_v1": self._joined,
            "im.chat.member.bot.deleted_v1": self._left,
            "im.chat.disbanded_v1": self._left,
            "im.chat.access_event.bot_p2p_chat_entered_v1": self._entered,
            "application.bot.menu_v6": self._chosen,
            _PRESS: self._pressed,
        }

    async def read(self, event: Table) -> Arrival:
        """What it brings: nothing where it is nothing for the bot, as reactions, or cannot be read."""
        read = self._kinds.get(text(event, "header", "event_type"))
        return await read(event) if read else Arrival()

    async def _said(self, event: Table) -> Arrival:
        writer, said = table(event, "event", "sender"), table(event, "event", "message")
        id, place, open_id = text(said, "message_id"), _place(said), text(writer, "sender_id", "open_id")
        if text(writer, "sender_type") != "user" or not (id and place.chat_id and open_id):
            return Arrival()
        mentions = rows(said, "mentions")
        for who, name in named(mentions).items():
            self._lookup.names.put(who, name)
        self._lookup.note_chat(place.chat_id, place.kind, open_id)
        content, pointed, sender = await asyncio.gather(
            self._content(id, said), self._pointed(event, open_id), self._sender(open_id)
        )
        words = spoken(self._me.open_id, content.text, mentions)
        self._lookup.note(id, replace(content, text=words.text))
        if not content:
            return Arrival()
        addressed = place.kind == "direct" or self._means_bot(words) or (pointed.mine and not words.others)
        if addressed:
            self._note_beginning(said, open_id)
        along = content if content.attached or content.unreadable else pointed.content
        return Arrival(
            Message(
                f"feishu:{id}",
                place,
                sender,
                words.text,
                self._moment(number(said, "create_time")),
                addressed,
                along.images,
                pointed.content.text,
                files=along.files,
                unreadable=content.unreadable,
                reply_to=_answered(said),
            )
        )

    async def _content(self, id: str, said: Table) -> Content:
        kind = text(said, "message_type")
        if kind == "merge_forward":
            inside = await self._lookup.bundle(id)
            return Content(inside) if inside else Content(unreadable="other")
        return content_of(kind, text(said, "content"), id)

    def _means_bot(self, words: Spoken) -> bool:
        """Whether it names the bot.

        Feishu sometimes leaves the bot's placeholder in the text but not its mention. Where the app gets
        only what names it, a placeholder of nobody is such a one. Where it gets all that is said, it may be
        anybody's, and silence is the smaller fault. Which of them holds shows in what comes: what names
        neither the bot nor nobody nor all can come only to an app that hears everything.
        """
        if not (words.called or words.lost or words.everybody):
            self._hears_all = True
        return words.called or (words.lost and not self._hears_all)

    async def _pointed(self, event: Table, open_id: str) -> _Pointed:
        """What it is a reply to. All that is said in a thread is one to its beginning: told once each."""
        said = table(event, "event", "message")
        parent = text(said, "parent_id")
        if not parent:
            return _Pointed()
        seen = await self._lookup.seen(parent, text(event, "header", "app_id")) or Seen(False, NOTHING)
        id = text(said, "message_id")
        told = _at_beginning(said) and self._begun.get(f"{parent} {open_id}") not in (None, id)
        return _Pointed(seen.mine, NOTHING if told else seen.content)

    def _note_beginning(self, said: Table, open_id: str) -> None:
        """What begins the thread is known to the bot from now on, to what this person says there."""
        id, root = text(said, "message_id"), text(said, "root_id")
        if not root and text(said, "thread_id"):
            self._begun.put(f"{id} {open_id}", id)
        elif _at_beginning(said) and not self._begun.get(f"{root} {open_id}"):
            self._begun.put(f"{root} {open_id}", id)

    async def _recalled(self, event: Table) -> Arrival:
        inner = table(event, "event")
        id, chat_id = text(inner, "message_id"), text(inner, "chat_id")
        if not (id and chat_id):
            return Arrival()
        self._lookup.forget(id)
        # Of what kind the chat is and who wrote is not told, and not needed.
        place, at = Conversation("feishu", chat_id, "group"), self._moment(number(inner, "recall_time"))
        return Arrival(Message(f"feishu:{id}", place, Sender(""), "", at, withdrawn=True))

    async def _joined(self, event: Table) -> Arrival:
        inner, since = table(event, "event"), number(event, "header", "create_time")
        chat_id, open_id = text(inner, "chat_id"), text(inner, "operator_id", "open_id")
        if not chat_id:
            return Arrival()
        self._lookup.note_chat(chat_id, "group", open_id)
        place, sender = Conversation("feishu", chat_id, "group"), Sender(f"feishu:{open_id or chat_id}")
        id = f"feishu:joined:{chat_id}:{since}"
        return Arrival(Message(id, place, sender, "/start", self._moment(since)))

    async def _left(self, event: Table) -> Arrival:
        return Arrival(left=text(event, "event", "chat_id"))

    async def _entered(self, event: Table) -> Arrival:
        chat_id, open_id = text(event, "event", "chat_id"), text(event, "event", "operator_id", "open_id")
        if chat_id and open_id:
            self._lookup.note_chat(chat_id, "direct", open_id)
        return Arrival()

    async def _chosen(self, event: Table) -> Arrival:
        """An item of the menu, which there is in direct chats only."""
        inner, since = table(event, "event"), number(event, "header", "create_time")
        key, open_id = text(inner, "event_key"), text(inner, "operator", "operator_id", "open_id")
        if not (open_id and _MENU_KEY.fullmatch(key)):
            return Arrival()
        place = Conversation("feishu", self._lookup.direct_with(open_id), "direct")
        id = f"feishu:menu:{open_id}:{since}"
        sender = Sender(f"feishu:{open_id}", text(inner, "operator", "operator_name"))
        return Arrival(Message(id, place, sender, f"/{key}", self._moment(since)))

    async def _pressed(self, event: Table) -> Arrival:
        inner = table(event, "event")
        value, open_id = table(inner, "action", "value"), text(inner, "operator", "open_id")
        chat_id, card = text(inner, "context", "open_chat_id"), text(inner, "context", "open_message_id")
        command = text(value, "command")
        if value.get("v") != _VERSION or not (command.startswith("/") and chat_id and open_id):
            return Arrival(toast=EXPIRED)
        place, sender = await asyncio.gather(self._lookup.place(chat_id, card), self._sender(open_id))
        # The reply finds its thread by the card.
        id = f"feishu:press:{text(event, 'header', 'event_id')}:{card}"
        return Arrival(Message(id, place, sender, command, self._now()))

    async def _sender(self, open_id: str) -> Sender:
        return Sender(f"feishu:{open_id}", await self._lookup.name(open_id))

    def _moment(self, milliseconds: int) -> datetime:
        known = 0 < milliseconds < _LATEST
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if known else self._now()


def _place(said: Table) -> Conversation:
    kind: Literal["group", "direct"] = "direct" if text(said, "chat_type") == "p2p" else "group"
    return Conversation("feishu", text(said, "chat_id"), kind, text(said, "thread_id"))


def _answered(said: Table) -> tuple[str, ...]:
    """The message that it points at, and the first one of its thread."""
    ids = dict.fromkeys((text(said, "parent_id"), text(said, "root_id")))
    return tuple(f"feishu:{id}" for id in ids if id)


def _at_beginning(said: Table) -> bool:
    """Whether it stands in a thread and points at nothing in it: then Feishu has it point at its root."""
    root = text(said, "root_id")
    return bool(root and text(said, "thread_id")) and root == text(said, "parent_id")
