"""The words between the bot and a platform: Message in, Reply out, Adapter between; and the errors.

AdapterError
├── PlatformRefused    the platform turned the credentials down; starting again will not help
├── NotAccepted        a message is not safe with the bot; the platform must not get its acknowledgement
├── AttachmentRefused  what came with a message cannot be read, for a reason that its sender can mend
└── DeliveryFailed     one reply could not be shown
    └── ChatClosed     nothing can be shown in this chat until it is opened again; waiting will not help
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Vote = Literal["up", "down", ""]


class AdapterError(Exception):
    """Its text is one sentence for the operator."""


class PlatformRefused(AdapterError):
    """The platform turned the credentials down."""


class NotAccepted(AdapterError):
    """A message is not safe with the bot: do not acknowledge it, so that the platform sends it again."""


Flaw = Literal["size", "type", "gone"]
"""What is wrong with an attachment: too large, of a kind that is not read, no longer to be had."""


class AttachmentRefused(AdapterError):
    """What came with a message cannot be read."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(f"An attachment cannot be read ({flaw}).")
        self.flaw = flaw


class DeliveryFailed(AdapterError):
    """One reply could not be shown."""


class ChatClosed(DeliveryFailed):
    """The bot was blocked or removed, or the chat is gone: nothing can be shown there."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote: `id` is stable, `name` is not. Rights are the bot's business.

    `language` is the one that their client is set to, as `zh` or `en-GB`, where the platform tells it.
    """

    id: str
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a message came from and its reply goes."""

    platform: str
    chat_id: str
    kind: Literal["group", "direct"] = "direct"
    thread_id: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that came with a message, as a file; adapters keep those of one below 4 MB together.

    While `data` is empty the platform keeps it, and `Adapter.fetch` gets it by its `reference`.
    """

    media_type: str
    data: bytes = b""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A text file that came with a message, such as a log; while `text` is empty as with an Image."""

    name: str
    text: str = ""
    reference: str = ""


Unreadable = Literal["", "voice", "sticker", "video", "file", "other"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a person sent it; `id` is the platform's own and the key for "once".

    `addressed`: it is meant for the bot. `quoted` is the message that it points at, in part or whole, as
    far as the platform gives it. `edited`: the text of an earlier message is now this, since `sent_at`.
    `withdrawn`: the sender has taken the message with this id back; sender and text may be empty.
    `unreadable` says what it is where it is nothing that the bot can read. `reply_to` are the ids of the
    messages that it answers: the one it points at, and the first one of its thread.
    """

    id: str
    conversation: Conversation
    sender: Sender
    text: str
    sent_at: datetime
    addressed: bool = True
    images: tuple[Image, ...] = ()
    quoted: str = ""
    edited: bool = False
    withdrawn: bool = False
    files: tuple[File, ...] = ()
    unreadable: Unreadable = ""
    reply_to: tuple[str, ...] = ()

    @property
    def attached(self) -> bool:
        """Whether something came with it that can be read."""
        return bool(self.images or self.files)

    @property
    def shown(self) -> str:
        """The text, and below it what came with it, for where that is no more."""
        pictures = f"🖼 ×{len(self.images)}" if self.images else ""
        return "\n".join(filter(None, (self.text, pictures, *(f"📎 {one.name}" for one in self.files))))


class Source(Protocol):
    """A place an answer stands on. `url` may be relative to the bot's own web page."""

    @property
    def title(self) -> str: ...
    @property
    def heading(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def revision(self) -> str: ...


def place_of(source: Source) -> str:
    """Title and heading, as people read them."""
    return " › ".join(dict.fromkeys(filter(None, (source.title, source.heading))))


@dataclass(frozen=True, slots=True)
class Button:
    """Pressing it is the same as sending `command` in that conversation."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a reply; a picture is shown where the platform shows pictures."""

    name: str
    media_type: str
    data: bytes


Reaction = Literal["", "thanks"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is shown, in Markdown, as far as it has grown; each one replaces the one before.

    `in_reply_to` is the id of the message it answers, `merged` those of the short ones that followed
    and are answered with it. `pending`: it only says that the answer is being worked on, a platform may
    show that in a way of its own. Where a platform can put a sign for the `reaction` to the message it
    answers, that takes the place of the text. `enclosures` are shown below a final reply. One that answers
    no message is sent into the conversation by itself.
    """

    conversation: Conversation
    text: str
    sources: Sequence[Source] = ()
    buttons: tuple[Button, ...] = ()
    in_reply_to: str = ""
    merged: tuple[str, ...] = ()
    final: bool = False
    pending: bool = False
    reaction: Reaction = ""
    enclosures: tuple[Enclosure, ...] = ()


async def _not_kept(_sent_id: str) -> None:
    """Nothing needs to be kept."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What makes showing a reply safe to repeat, in this process or in another after a crash.

    `key` is the same at every attempt, for an answer the id of its message: for platforms that send
    once per key. `sent_id` is what an earlier attempt, or the answer before an edit, was shown under:
    show in its place, send nothing new. `keep` stores the id of what was sent; a platform without keys
    sends a placeholder, awaits `keep`, and only then shows the answer in its place.
    """

    key: str
    sent_id: str = ""
    keep: Callable[[str], Awaitable[None]] = _not_kept


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier message and the reply it got, for platforms that keep no history of their own.

    Without a `reply` the message still waits for one. One without a question was posted by itself; its id is
    the post's.
    """

    message_id: str
    question: str
    reply: Reply | None
    vote: Vote = ""


Accept = Callable[[Message], Awaitable[None]]
"""Returns once the message is safe with the bot; only then the platform gets its acknowledgement.

Raises NotAccepted. The same message may come as often as it likes.
"""

Recall = Callable[[Conversation, Sender], Awaitable[Sequence[Exchange]]]
"""The conversation so far, oldest first. Raises AdapterError while that cannot be known."""


class Adapter(Protocol):
    """A platform."""

    @property
    def platform(self) -> str:
        """The first part of its ids: feishu, telegram, web, terminal."""

    @property
    def connected(self) -> bool:
        """Whether messages can come in and replies go out now."""

    async def run(self, accept: Accept) -> None:
        """Take messages in until cancelled."""

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Show a growing reply and return the id it was sent under, empty where nothing came.

        What `replies` raises is passed on, and what was shown so far then stays as it is: somebody will
        complete it. A stream that ends without a final reply was given up. Raises DeliveryFailed.

        A reply that is not final is shown at once, in one call, or not at all: tried again later, it could
        write over the answer of another process.
        """

    async def retract(self, sent_id: str) -> None:
        """Take a sent reply back."""

    def messages(self, sent_id: str) -> tuple[str, ...]:
        """The ids, as in `Message.reply_to`, of the messages in which the platform shows this reply."""

    async def fetch(self, message: Message) -> Message:
        """The message with what the platform keeps of it. Raises AttachmentRefused and DeliveryFailed."""
