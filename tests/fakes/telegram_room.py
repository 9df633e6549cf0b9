"""What a chat of the fake Telegram server holds: its messages, its topics, and where the bot stands in it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tests.fakes.telegram_entities import under
from tests.fakes.telegram_pieces import ANONYMOUS, BY_CHANNEL, Piece
from tests.fakes.telegram_wire import Refused, Upload, bad

Kind = Literal["private", "group", "supergroup"]
DRAFT_LIVES, TYPING_LIVES = 30, 5


class Surroundings(Protocol):
    """What a chat needs of its server."""

    clock: Callable[[], float]
    privacy: bool
    mentions_reach: bool
    bots_reach: bool
    lock: threading.RLock
    me: Piece
    chats: dict[int, Any]
    presses: dict[str, float]
    commands: dict[tuple[str, str], dict[str, str]]

    def tell(self, kind: str, chat_id: int, content: Piece) -> None:
        """Make an update for the bot."""

    def store(self, content: bytes, path: str) -> Piece:
        """Keep a file, and say how it can be had."""

    def number(self) -> int:
        """The next of the account's own numbers."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it is seen now.

    `mine`: the bot wrote it. `reply_to` is the message pointed at, `topic` the topic's id, `buttons` gives
    the data or the address behind each label, `silent`: nobody was notified. `photo` or `document` is the
    bot's own file in it.
    """

    id: int
    mine: bool
    text: str
    entities: tuple[Piece, ...]
    reply_to: int | None
    topic: int | None
    buttons: Mapping[str, str]
    edits: int
    silent: bool
    photo: Upload | None = None
    document: Upload | None = None

    def marked(self, kind: str) -> list[str]:
        """The pieces of the text under entities of this type."""
        return [under(self.text, entity) for entity in self.entities if entity["type"] == kind]


@dataclass(slots=True)
class Kept:
    """A message on the server; `wire` is replaced, never changed, since updates hold it."""

    wire: Piece
    mine: bool = False
    reply_to: int | None = None
    silent: bool = False
    service: bool = False
    edits: int = 0
    upload: Upload | None = None

    @property
    def id(self) -> int:
        return int(self.wire["message_id"])

    @property
    def text(self) -> str:
        return str(self.wire.get("text") or self.wire.get("caption") or "")

    @property
    def entities(self) -> tuple[Piece, ...]:
        return tuple(self.wire.get("entities") or self.wire.get("caption_entities") or ())

    @property
    def topic(self) -> int | None:
        return self.wire["message_thread_id"] if self.wire.get("is_topic_message") else None

    @property
    def shown(self) -> Shown:
        rows = self.wire.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = {button["text"]: _behind(button) for row in rows for button in row}
        return Shown(
            *(self.id, self.mine, self.text, self.entities, self.reply_to, self.topic, buttons, self.edits),
            self.silent,
            photo=self.upload if "photo" in self.wire else None,
            document=self.upload if "document" in self.wire else None,
        )


@dataclass(slots=True)
class Draft:
    """A text that is being written, and since when."""

    text: str = ""
    at: float = 0

    def lives(self, now: float) -> bool:
        return now < self.at + DRAFT_LIVES


class Room:
    """The state of a chat; `card` is it as a Chat on the wire, `status` the bot's in it."""

    def __init__(
        self, world: Surroundings, chat_id: int, kind: Kind, title: str, forum: bool, username: str
    ) -> None:
        self._world, self.id, self.kind, self.title = world, chat_id, kind, title
        name = {"first_name": title} if kind == "private" else {"title": title}
        self.card: Piece = {"id": chat_id, "type": kind, **name}
        self.card |= {"username": username} if username else {}
        self.card |= {"is_forum": True} if forum else {}
        self.messages: dict[int, Kept] = {}
        self.topics: set[int] = set()
        self.members: dict[int, Piece] = {}
        self.admins: set[int] = set()
        self.reactions: dict[int, str] = {}
        self.allowed_reactions: set[str] | None = None
        self.status, self.muted, self.filed, self.moved_to = "member", False, True, 0
        self.draft, self.typing_until = Draft(), 0.0
        # The first message of a group is that it was made; as a topic, 1 is General.
        self._last_id = 1

    def enter(
        self,
        wire: Piece,
        *,
        reply_to: int | None = None,
        topic: int | None = None,
        mine: bool = False,
        silent: bool = False,
        service: bool = False,
    ) -> Kept:
        """Put a message in; a reply goes to the topic of what it replies to."""
        # Only supergroups count their own messages, the other chats of an account count together.
        self._last_id = self._last_id + 1 if self.kind == "supergroup" else self._world.number()
        head = {"message_id": self._last_id, "date": int(self._world.clock()), "chat": self.card}
        place = self._place(reply_to, topic)
        kept = Kept({**head, **place, **wire}, mine, reply_to, silent, service)
        self.messages[kept.id] = kept
        return kept

    def open_topic(self, topic_id: int) -> None:
        """Make the message with this id the first of a topic."""
        self.topics.add(topic_id)
        opener = self.messages[topic_id]
        opener.wire = {**opener.wire, "message_thread_id": topic_id, "is_topic_message": True}

    def _place(self, reply_to: int | None, topic: int | None) -> Piece:
        target = self.messages.get(reply_to or 0)
        topic = topic or (target.topic if target else None)
        place: Piece = {}
        if topic is not None:
            place = {"message_thread_id": topic, "is_topic_message": True}
        elif target and self.kind == "supergroup":
            # The thread of a plain reply; it is no topic, and nothing can be sent to it.
            place = {"message_thread_id": target.wire.get("message_thread_id", target.id)}
        points_at = target or self.messages.get(topic or 0)
        if points_at:
            place["reply_to_message"] = {
                name: value for name, value in points_at.wire.items() if name != "reply_to_message"
            }
        return place

    def reaches(self, kept: Kept) -> bool:
        """Whether the bot is told of this message of somebody else."""
        if self.kind == "private":
            return self.status != "kicked"
        if self.status not in ("member", "administrator"):
            return False
        writer = kept.wire["from"]
        if writer["is_bot"] and writer not in (ANONYMOUS, BY_CHANNEL) and not self._world.bots_reach:
            return False
        return not self._world.privacy or self.status == "administrator" or self._meant(kept)

    def _meant(self, kept: Kept) -> bool:
        """What privacy mode lets through."""
        target = self.messages.get(kept.reply_to or 0)
        if target and target.mine:
            return True
        name = f"@{self._world.me['username']}".lower()
        for entity in kept.entities:
            piece = under(kept.text, entity).lower()
            if entity["type"] == "bot_command" and entity["offset"] == 0:
                return "@" not in piece or piece.endswith(name)
            mentioned = piece == name or entity.get("user", {}).get("id") == self._world.me["id"]
            if mentioned and self._world.mentions_reach and entity["type"] in ("mention", "text_mention"):
                return True
        return False

    def check_open(self, writing: bool = True) -> None:
        """Whether the bot may do anything here. Raises Refused."""
        if self.moved_to:
            told = "group chat was upgraded to a supergroup chat"
            raise bad(told, migrate_to_chat_id=self.moved_to)
        if self.kind == "private":
            if self.status == "kicked":
                raise Refused(403, "Forbidden: bot was blocked by the user")
        elif self.status == "kicked":
            raise Refused(403, f"Forbidden: bot was kicked from the {self.kind} chat")
        elif self.status == "left":
            raise Refused(403, f"Forbidden: bot is not a member of the {self.kind} chat")
        if writing and self.muted:
            raise bad("not enough rights to send text messages to the chat")

    def scopes(self, person_id: int) -> list[str]:
        """The scopes of commands that hold for somebody here, the narrowest first."""
        if self.kind == "private":
            return [f"chat:{self.id}", "all_private_chats", "default"]
        admin = person_id in self.admins
        return [
            f"chat_member:{self.id}:{person_id}",
            *([f"chat_administrators:{self.id}"] if admin else []),
            f"chat:{self.id}",
            *(["all_chat_administrators"] if admin else []),
            "all_group_chats",
            "default",
        ]


def _behind(button: Piece) -> str:
    copied = button.get("copy_text", {}).get("text", "")
    return str(button.get("callback_data") or button.get("url") or copied)
