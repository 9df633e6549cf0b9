"""What the bot keeps in the inbox, as lines of JSON: messages, committed answers, memos.

Unreadable   a line is damaged, or was written by another version
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.base import Conversation, File, Image, Message, Reply, Sender
from adapters.written import fields_of, reply_of
from bot.errands import Errand
from memory.journal import Asked
from memory.journal_lines import from_line, to_line

VERSION = 1

_Fields = list[Any]


class Unreadable(Exception):
    """Its text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A final reply that is kept before it is shown, and the text it answers, so that an edit is noticed.

    `retract` is the id of a message whose answer it takes back. The `errands` are done, and the `entry` is
    written into the journal, when the reply was shown.
    """

    asked: str
    reply: Reply
    retract: str = ""
    errands: tuple[Errand, ...] = ()
    entry: Asked | None = None

    def to_json(self) -> str:
        """One line."""
        place = _from_conversation(self.reply.conversation)
        errands = [one.to_json() for one in self.errands]
        entry = to_line(self.entry) if self.entry else ""
        return _line([self.asked, place, fields_of(self.reply), self.retract, errands, entry])

    @classmethod
    def from_json(cls, line: str) -> "Committed":
        """What `to_json` wrote; raises Unreadable."""
        with _reading(line) as (asked, conversation, fields, *rest):
            retract, errands, entry, *_ = (*rest, [], "") if len(rest) == 1 else rest or ("", [], "")
            reply = reply_of(Conversation(*conversation), fields)
            written = tuple(Errand(*one) for one in errands)
            return cls(asked, reply, retract, written, from_line(entry) if entry else None)


@dataclass(frozen=True, slots=True)
class Memo:
    """The question that was just answered, where the answer stands, and which messages it answers besides.

    A short message that follows soon belongs to the same question.
    """

    message: Message
    sent_id: str
    merged: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line."""
        return _line([_from_message(self.message), self.sent_id, self.merged])

    @classmethod
    def from_json(cls, line: str) -> "Memo":
        """What `to_json` wrote; raises Unreadable."""
        with _reading(line) as (message, sent_id, merged):
            return cls(_to_message(message), sent_id, tuple(merged))


def memo_of(line: str) -> Memo | None:
    """The memo that was kept, where it can be read."""
    with suppress(Unreadable):
        return Memo.from_json(line) if line else None
    return None


def to_body(message: Message) -> str:
    """The message as the body of a letter."""
    return _line(_from_message(message))


def from_body(body: str) -> Message:
    """The message in a letter; raises Unreadable."""
    with _reading(body) as fields:
        return _to_message(fields)


def _line(fields: _Fields) -> str:
    # Half of a surrogate pair stays: the client of Redis sends it as the escape that JSON has for it.
    return json.dumps([VERSION, *fields], ensure_ascii=False, separators=(",", ":"))


@contextmanager
def _reading(line: str) -> Iterator[_Fields]:
    """The fields of a line; whatever does not fit, here or in the block, is Unreadable."""
    try:
        version, *fields = json.loads(line)
        if version != VERSION:
            raise ValueError(f"version {version}")
        yield fields
    except (ValueError, TypeError) as error:
        raise Unreadable(
            f"what the inbox keeps cannot be read ({error}); it is damaged or of another version of puyu."
        ) from error


def _from_message(message: Message) -> _Fields:
    return [
        message.id,
        _from_conversation(message.conversation),
        [message.sender.id, message.sender.name, message.sender.language],
        message.text,
        message.sent_at.isoformat(),
        message.addressed,
        [[one.media_type, b64encode(one.data).decode(), one.reference] for one in message.images],
        message.quoted,
        message.edited,
        message.withdrawn,
        [[one.name, one.text, one.reference] for one in message.files],
        message.unreadable,
        message.reply_to,
    ]


def _to_message(fields: _Fields) -> Message:
    # Earlier versions wrote neither files nor what is unreadable, nor what it answers.
    fields = [*fields, *([], "", [])[len(fields) - 10 :]]
    id, conversation, sender, text, sent_at, addressed, images, quoted, edited, withdrawn, *rest = fields
    files, unreadable, reply_to = rest
    return Message(
        id,
        Conversation(*conversation),
        Sender(*sender),
        text,
        datetime.fromisoformat(sent_at).astimezone(),
        addressed,
        tuple(Image(media_type, b64decode(data), *kept) for media_type, data, *kept in images),
        quoted,
        edited,
        withdrawn,
        tuple(File(*one) for one in files),
        unreadable,
        tuple(reply_to),
    )


def _from_conversation(place: Conversation) -> _Fields:
    return [place.platform, place.chat_id, place.kind, place.thread_id]
