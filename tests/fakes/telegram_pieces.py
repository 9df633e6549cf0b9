"""The pieces that a message of the fake Telegram server is put together from, as they stand on the wire."""

import mimetypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zlib import crc32

from PIL import Image

Piece = dict[str, Any]
Store = Callable[[bytes, str], Piece]
"""Takes a file's content and how its name ends, and gives its ids and size."""

TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
BY_CHANNEL = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
    *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories"),
)
WIDTHS = (90, 320, 800, 1280)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, or with `bot` another bot; `user` is they as a User on the wire."""

    id: int
    name: str
    language: str = ""
    username: str = ""
    bot: bool = False

    @property
    def user(self) -> Piece:
        user: Piece = {"id": self.id, "is_bot": self.bot, "first_name": self.name}
        if self.username:
            user["username"] = self.username
        if self.language:
            user["language_code"] = self.language
        return user


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a forum; its id is that of the service message that made it."""

    id: int
    name: str


def channel(title: str) -> Piece:
    return {"id": -1_002_000_000_000 - crc32(title.encode()) % 10**9, "type": "channel", "title": title}


def sender(person: Person, group: Piece, anonymous: bool, via_channel: str, as_channel: str) -> Piece:
    """Who a message is from; `group` is the chat as on the wire."""
    if anonymous:
        return {"from": ANONYMOUS, "sender_chat": group, "author_signature": "助教组"}
    if via_channel:
        return {"from": TELEGRAM, "sender_chat": channel(via_channel), "is_automatic_forward": True}
    if as_channel:
        return {"from": BY_CHANNEL, "sender_chat": channel(as_channel)}
    return {"from": person.user}


def origin(of: Person | str, date: int) -> Piece:
    """Where a forwarded message came from: a person, or one who hides behind a name."""
    if isinstance(of, Person):
        return {"type": "user", "date": date, "sender_user": of.user}
    return {"type": "hidden_user", "date": date, "sender_user_name": of}


def channel_origin(title: str, date: int) -> Piece:
    return {"type": "channel", "date": date, "chat": channel(title), "message_id": 7}


def photo(picture: bytes, store: Store) -> list[Piece]:
    """The picture as JPEG, small to large, as Telegram keeps it."""
    whole = Image.open(BytesIO(picture)).convert("RGB")
    return [_sized(whole, width, store) for width in _widths(max(whole.size))]


def _widths(longest: int) -> Sequence[int]:
    below = [width for width in WIDTHS if width < longest]
    return [*below, min(longest, WIDTHS[-1])] if longest <= WIDTHS[-1] else WIDTHS


def _sized(whole: Image.Image, width: int, store: Store) -> Piece:
    image, file = whole.copy(), BytesIO()
    image.thumbnail((width, width))
    image.save(file, "JPEG", quality=87)
    return {**store(file.getvalue(), "photos/x.jpg"), "width": image.width, "height": image.height}


def document(name: str, content: bytes, mime: str, store: Store) -> Piece:
    kind = mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {**store(content, f"documents/{name}"), "file_name": name, "mime_type": kind}


def voice(content: bytes, store: Store) -> Piece:
    return {**store(content, "voice/x.oga"), "duration": 3, "mime_type": "audio/ogg"}


def sticker(emoji: str, store: Store) -> Piece:
    looks = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
    return {**store(b"RIFF", "stickers/x.webp"), **looks, "emoji": emoji, "set_name": "puyu"}


def member(user: Piece, status: str) -> Piece:
    """A ChatMember."""
    piece: Piece = {"user": user, "status": status}
    if status == "administrator":
        piece |= dict.fromkeys(RIGHTS, False)
    if status == "creator":
        piece["is_anonymous"] = False
    if status == "kicked":
        piece["until_date"] = 0
    return piece
