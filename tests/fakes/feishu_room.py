"""What a chat of the fake Feishu server holds: its messages and threads, and where the bot stands in it."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tests.fakes import feishu_rendering as rendering
from tests.fakes.feishu_shown import Person, Press, Shown
from tests.fakes.feishu_wire import Piece, Refused

RoomKind = Literal["p2p", "group", "topic"]
STREAMS_FOR = 600
GENERATING = "[生成中...]"
BOT = ""


@dataclass(slots=True)
class Entity:
    """A card entity; `streaming_since` is when its streaming mode was opened, None while it is closed."""

    id: str
    card: Piece
    made_at: float
    sequence: int = 0
    uuids: set[str] = field(default_factory=set)
    message_id: str = ""
    streaming_since: float | None = None
    detached: bool = False
    pressed: int = 0

    def streams(self, now: float) -> bool:
        return self.streaming_since is not None and now < self.streaming_since + STREAMS_FOR


@dataclass(slots=True)
class Kept:
    """A message on the server; `author` is empty for the bot. `reactions`: id -> (emoji type, who)."""

    id: str
    chat_id: str
    kind: str
    content: str
    author: str
    at: float
    mentions: list[Piece] = field(default_factory=list)
    root_id: str = ""
    parent_id: str = ""
    thread_id: str = ""
    upper_id: str = ""
    recalled: bool = False
    changed_at: float = 0
    edits: int = 0
    reactions: dict[str, tuple[str, str]] = field(default_factory=dict)
    card: Piece | None = None
    entity: Entity | None = None
    files: set[str] = field(default_factory=set)
    bubbles: tuple[str, ...] = ()

    @property
    def mine(self) -> bool:
        return self.author == BOT

    @property
    def face(self) -> Piece | None:
        """The card as it is seen."""
        return self.entity.card if self.entity else self.card


class World(Protocol):
    """What chats and calls need of their server."""

    app_id: str
    app_secret: str
    open_id: str
    name: str
    tenant_key: str
    clock: Callable[[], float]
    lock: threading.RLock
    at_only: bool
    bot_ability: bool
    callbacks: bool
    names: bool
    reopening_extends: bool
    deliver: str
    scopes: set[str]
    subscribed: set[str]
    forbidden: dict[str, int]
    largest_file: int
    rooms: dict[str, "Room"]
    people: dict[str, Person]
    messages: dict[str, Kept]
    entities: dict[str, Entity]
    files: dict[str, tuple[str, str, bytes]]
    sent: dict[str, tuple[float, str]]

    def token(self) -> tuple[str, int]:
        """One that is taken now, and for how many seconds still."""

    def fresh(self, prefix: str) -> str:
        """A new id."""

    def room_with(self, open_id: str) -> "Room":
        """Their direct chat with the bot."""

    def tell(self, event_type: str, event: Piece) -> None:
        """Send an event to the bot, if it is subscribed."""

    def ask(self, event: Piece, press: Press, over: Callable[[], None]) -> None:
        """Send a callback to the bot, and fill the press in when it is over."""


class Room:
    """The state of a chat; `mode` is p2p, group or topic."""

    def __init__(self, world: World, chat_id: str, mode: RoomKind, title: str) -> None:
        self.world, self.id, self.mode, self.title = world, chat_id, mode, title
        self.members: dict[str, Person] = {}
        self.order: list[str] = []
        self.bot_in, self.dissolved, self.thread_replies = True, False, True
        self.refuses = 0

    def check_bot(self, writing: bool = True) -> None:
        """Whether the bot may act here. Raises Refused."""
        if not self.world.bot_ability:
            raise Refused(230006)
        if self.dissolved:
            raise Refused(232009)
        if not self.bot_in:
            raise Refused(230002)
        if writing and self.refuses:
            raise Refused(self.refuses)

    def enter(self, kept: Kept, reply_to: Kept | None, threaded: bool = False) -> None:
        """Put a message in, in the place that a reply or a thread has.

        `threaded`: the reply opens a thread.
        """
        if reply_to:
            kept.root_id = reply_to.root_id or reply_to.id
            kept.parent_id = reply_to.id
            if threaded and not reply_to.thread_id:
                reply_to.thread_id = self.world.fresh("omt_")
            kept.thread_id = reply_to.thread_id
        elif self.mode == "topic":
            kept.thread_id = self.world.fresh("omt_")
        # The suggestions below a message go with the next one.
        for message_id in self.order[-1:]:
            self.world.messages[message_id].bubbles = ()
        self.order.append(kept.id)
        self.world.messages[kept.id] = kept

    def root_of(self, thread: str) -> Kept:
        """The first message of a thread, by the thread's id or that of a message in it."""
        given = self.world.messages.get(thread)
        if given:
            return self.world.messages[given.root_id or given.id]
        return next(kept for kept in self.kept if kept.thread_id == thread)

    @property
    def kept(self) -> list[Kept]:
        return [self.world.messages[message_id] for message_id in self.order]

    def shown(self, kept: Kept) -> Shown:
        """The message as people see it."""
        face, now = kept.face, self.world.clock()
        streaming = bool(kept.entity and kept.entity.streams(now))
        text = rendering.card_text(face) if face else rendering.text_of(kept.kind, kept.content)
        title = rendering.card_title(face) if face else _title(kept)
        return Shown(
            kept.id,
            kept.mine,
            kept.kind,
            text,
            title,
            rendering.buttons(face) if face else {},
            kept.parent_id,
            kept.thread_id,
            streaming,
            _summary(face, streaming, title or text),
            tuple(emoji for emoji, _who in kept.reactions.values()),
            tuple(emoji for emoji, who in kept.reactions.values() if who == BOT),
            kept.edits,
            kept.bubbles,
            next((self.world.files[key][2] for key in kept.files if kept.kind in ("image", "file")), b""),
        )

    def wire(self, kept: Kept, whole_card: bool = False) -> Piece:
        """A message as GET shows it; `whole_card` as it was sent, not as its readers get it."""
        content = kept.content
        if kept.face:
            content = dumped(kept.face if whole_card else rendering.lossy(kept.face))
        if kept.recalled:
            content = "This message was recalled"
        by = {"id": kept.author, "id_type": "open_id", "sender_type": "user"}
        if kept.mine:
            by = {"id": self.world.app_id, "id_type": "app_id", "sender_type": "app"}
        places = {"root_id": kept.root_id, "parent_id": kept.parent_id, "thread_id": kept.thread_id}
        places["upper_message_id"] = kept.upper_id
        return {
            "message_id": kept.id,
            **{name: value for name, value in places.items() if value},
            "msg_type": kept.kind,
            "create_time": moment(kept.at),
            "update_time": moment(kept.changed_at or kept.at),
            "deleted": kept.recalled,
            "updated": bool(kept.edits),
            "chat_id": kept.chat_id,
            "sender": {**by, "tenant_key": self.world.tenant_key},
            "body": {"content": content},
            **({"mentions": [_read(one) for one in kept.mentions]} if kept.mentions else {}),
        }


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def moment(seconds: float) -> str:
    """Milliseconds, as Feishu writes them."""
    return str(int(seconds * 1000))


def _title(kept: Kept) -> str:
    return str(json.loads(kept.content).get("title") or "") if kept.kind == "post" else ""


def _summary(face: Piece | None, streaming: bool, otherwise: str) -> str:
    if streaming:
        return GENERATING
    config = (face or {}).get("config") or {}
    return str((config.get("summary") or {}).get("content") or otherwise.partition("\n")[0])


def _read(mention: Piece) -> Piece:
    """A mention of an event as GET has it."""
    return {**mention, "id": mention["id"]["open_id"], "id_type": "open_id"}
