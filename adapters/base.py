"""The words between the bot and a platform: Message in, Reply out, Adapter between; and the errors.

AdapterError
├── PlatformRefused    the platform turned the credentials down; starting again will not help
└── DeliveryFailed     one reply could not be shown
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


class DeliveryFailed(AdapterError):
    """One reply could not be shown."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote: `id` is stable, `name` is not. Rights are the bot's business."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a message came from and its reply goes."""

    platform: str
    chat_id: str
    kind: Literal["group", "direct"] = "direct"
    thread_id: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that came with a message."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a person sent it; `id` is the platform's own and the key for "once"."""

    id: str
    conversation: Conversation
    sender: Sender
    text: str
    sent_at: datetime
    addressed: bool = True
    images: tuple[Image, ...] = ()
    quoted: str = ""
    edited: bool = False


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


@dataclass(frozen=True, slots=True)
class Button:
    """Pressing it is the same as sending `command` in that conversation."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is shown, in Markdown, as far as it has grown; each one replaces the one before."""

    conversation: Conversation
    text: str
    sources: Sequence[Source] = ()
    buttons: tuple[Button, ...] = ()
    in_reply_to: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier message and the reply it got, for platforms that keep no history of their own."""

    message_id: str
    question: str
    reply: Reply
    vote: Vote = ""


Accept = Callable[[Message], Awaitable[None]]
"""Returns once the message is safe with the bot; only then the platform gets its acknowledgement."""

Recall = Callable[[Conversation, Sender], Awaitable[Sequence[Exchange]]]
"""The conversation so far, oldest first."""


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

    async def show(self, replies: AsyncIterator[Reply]) -> str:
        """Show a growing reply and return the id it was sent under."""

    async def retract(self, sent_id: str) -> None:
        """Take a sent reply back."""
