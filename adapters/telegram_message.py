"""What comes from Telegram, as the bot's messages: who wrote it, where, and whether it is for the bot."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import telegram
from telegram import ChatMember, ChatMemberRestricted, MaybeInaccessibleMessage, Update
from telegram.constants import ChatType

from adapters.base import Conversation, Message, Sender
from adapters.telegram_address import Spoken, spoken
from adapters.telegram_api import Me
from adapters.telegram_attached import Attached, attached

QUOTED = 2000
"""Characters of what a message points at, at most."""

_EDITABLE = timedelta(hours=48)
_REMEMBERED = 4096  # messages, and albums
_TELEGRAM = 777000  # what Telegram itself writes
_COMMAND = re.compile(r"\W*[/／]")  # behind what nobody sees, too
# What the library raises on what is no update that it knows.
_ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)

log = logging.getLogger(__name__)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came from a chat: a message, or only the sign that it is open. Chat 0 is one that is not known.

    A pressed button waits to be answered by its `press_id`, also where no message follows from it.
    """

    chat_id: int
    message: Message | None = None
    press_id: str = ""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What holds for all parts of an album though only one says it."""

    addressed: bool = False
    quoted: str = ""
    reply_to: tuple[str, ...] = ()


class Reader:
    """Reads updates in their order. It remembers some: for edits that change nothing, and for albums."""

    def __init__(self, me: Me, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._me = me
        self._now = now
        self._seen = _Recent[tuple[int, int], tuple[int, datetime | None]]()
        self._albums = _Recent[tuple[int, str], _Heard]()

    def read(self, updates: Sequence[Mapping[str, Any]]) -> list[Arrival]:
        """What these updates bring, without what is nothing for the bot and what cannot be read."""
        parsed: list[tuple[Mapping[str, Any], Update]] = []
        for raw in updates:
            with _passing_over(raw):
                update = Update.de_json(dict(raw))
                self._note_album(update)
                parsed.append((raw, update))
        arrivals: list[Arrival] = []
        for raw, update in parsed:
            with _passing_over(raw):
                arrivals += self._arrivals(update)
        return arrivals

    def _arrivals(self, update: Update) -> Iterator[Arrival]:
        if update.callback_query:
            yield self._press(update.callback_query)
        elif (change := update.my_chat_member) and _inside(change.new_chat_member):
            yield Arrival(change.chat.id, _joined(change))
        elif (said := update.message or update.edited_message) and (message := self._message(update, said)):
            yield Arrival(said.chat.id, message)

    def _press(self, query: telegram.CallbackQuery) -> Arrival:
        place = query.message
        if place is None or not query.data:
            return Arrival(place.chat.id if place else 0, press_id=query.id)
        sender, id = _of_user(query.from_user), f"telegram:press:{query.id}"
        return Arrival(place.chat.id, Message(id, _place(place), sender, query.data, self._now()), query.id)

    def _message(self, update: Update, said: telegram.Message) -> Message | None:
        edited = said is update.edited_message
        sender, came = _sender(said), attached(said)
        if sender is None or not (_words(said) or came.marks) or not self._changed(said, came, edited):
            return None
        place, words = _place(said), self._spoken(said)
        heard = self._heard(said, words)
        along = came if came.marks else self._pointed(said)
        return Message(
            f"telegram:{said.chat.id}:{said.message_id}",
            place,
            sender,
            _own(said, words.text),
            (edited and said.edit_date) or said.date,
            place.kind == "direct" or heard.addressed,
            along.images,
            heard.quoted,
            edited,
            files=along.files,
            unreadable=came.unreadable,
            reply_to=heard.reply_to,
        )

    def _changed(self, said: telegram.Message, came: Attached, edited: bool) -> bool:
        """Whether it says what it did not say before; what is delivered again does too, once more."""
        key, mark = (said.chat.id, said.message_id), hash((_words(said), came.marks))
        known, at = self._seen.get(key), said.edit_date or said.date
        if not edited:
            if known is None:
                self._seen.put(key, (mark, None))
            return True
        moving = came.unreadable and not _words(said)  # a live location
        if moving or at - said.date > _EDITABLE or (known and known[0] == mark and known[1] != at):
            return False
        self._seen.put(key, (mark, at))
        return True

    def _note_album(self, update: Update) -> None:
        said = update.message or update.edited_message
        if said and said.media_group_id:
            self._albums.put((said.chat.id, said.media_group_id), self._heard(said, self._spoken(said)))

    def _spoken(self, said: telegram.Message) -> Spoken:
        return spoken(self._me, _words(said), said.entities or said.caption_entities)

    def _heard(self, said: telegram.Message, words: Spoken) -> _Heard:
        addressed = words.called or (self._answers(said) and not words.elsewhere)
        album = self._albums.get((said.chat.id, said.media_group_id or "")) or _Heard()
        quoted, reply_to = self._quoted(said) or album.quoted, _reply_to(said) or album.reply_to
        return _Heard(addressed or album.addressed, quoted, reply_to)

    def _answers(self, said: telegram.Message) -> bool:
        """Whether it is a reply to the bot."""
        reply = _pointed_at(said)
        return reply is not None and self._mine(reply)

    def _quoted(self, said: telegram.Message) -> str:
        """The words that it points at; of the bot's own only a part that was chosen by hand."""
        reply, part = said.reply_to_message, said.quote
        mine = reply is not None and self._mine(reply)
        if part and (part.is_manual or not mine):
            return part.text[:QUOTED]
        return "" if reply is None or mine else _words(reply)[:QUOTED]

    def _pointed(self, said: telegram.Message) -> Attached:
        """What came with the message that it points at."""
        reply = said.reply_to_message or said.external_reply
        if reply is None or (isinstance(reply, telegram.Message) and self._mine(reply)):
            return Attached()
        return attached(reply)

    def _mine(self, message: telegram.Message) -> bool:
        return message.from_user is not None and message.from_user.id == self._me.id


class _Recent(Generic[_Key, _Value]):
    """The newest of what was put in."""

    def __init__(self) -> None:
        self._items: dict[_Key, _Value] = {}

    def get(self, key: _Key) -> _Value | None:
        return self._items.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        self._items.pop(key, None)
        self._items[key] = value
        if len(self._items) > _REMEMBERED:
            del self._items[next(iter(self._items))]


@contextmanager
def _passing_over(update: Mapping[str, Any]) -> Iterator[None]:
    """What cannot be read holds nothing else up; what is in it is nobody's business."""
    try:
        yield
    except _ODD as error:
        kind = next((key for key in update if key != "update_id"), "empty")
        log.warning(
            "A Telegram update (%s) cannot be read: %s; it is passed over.", kind, type(error).__name__
        )


def _pointed_at(said: telegram.Message) -> telegram.Message | None:
    """The message that it is a reply to; what is said in a topic seems one to the topic's beginning."""
    reply = said.reply_to_message
    return None if reply is None or reply.forum_topic_created else reply


def _reply_to(said: telegram.Message) -> tuple[str, ...]:
    """The ids of what it is a reply to, and of the first message of such replies, which supergroups tell."""
    if (reply := _pointed_at(said)) is None:
        return ()
    first = None if said.is_topic_message else said.message_thread_id
    ids = dict.fromkeys(filter(None, (reply.message_id, first)))
    return tuple(f"telegram:{said.chat.id}:{id}" for id in ids)


def _own(said: telegram.Message, text: str) -> str:
    """The text; a command in what somebody passes on is a quote, since they did not give it."""
    return f"> {text}" if said.forward_origin and _COMMAND.match(text) else text


def _words(said: telegram.Message) -> str:
    return said.text or said.caption or ""


def _joined(change: telegram.ChatMemberUpdated) -> Message | None:
    """As if who took the bot into a group had asked it who it is; nothing where it was there before."""
    if change.chat.type not in (ChatType.GROUP, ChatType.SUPERGROUP) or _inside(change.old_chat_member):
        return None
    id = f"telegram:joined:{change.chat.id}:{change.date.timestamp():.0f}"
    place = Conversation("telegram", str(change.chat.id), "group")
    return Message(id, place, _of_user(change.from_user), "/start", change.date)


def _inside(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status not in (ChatMember.LEFT, ChatMember.BANNED)


def _place(said: MaybeInaccessibleMessage) -> Conversation:
    thread = ""
    # Plain replies have a thread id as well, of a thread that is none.
    if isinstance(said, telegram.Message) and said.is_topic_message:
        thread = str(said.message_thread_id or "")
    direct = said.chat.type == ChatType.PRIVATE
    return Conversation("telegram", str(said.chat.id), "direct" if direct else "group", thread)


def _sender(said: telegram.Message) -> Sender | None:
    """Who wrote it; None for a channel, for a bot, and for Telegram itself."""
    if said.is_automatic_forward or said.chat.type == ChatType.CHANNEL:
        return None
    if chat := said.sender_chat:  # an administrator without a name, or a person who writes as a channel
        return Sender(f"telegram:{chat.id}", said.author_signature or chat.title or "")
    user = said.from_user
    return None if user is None or user.is_bot or user.id == _TELEGRAM else _of_user(user)


def _of_user(user: telegram.User) -> Sender:
    return Sender(f"telegram:{user.id}", user.full_name, user.language_code or "")
