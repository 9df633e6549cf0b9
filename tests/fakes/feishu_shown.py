"""What people see in a chat of the fake Feishu server, and what comes of pressing a button."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the tenant; `id` is their open_id."""

    id: str
    union_id: str
    user_id: str
    name: str

    @property
    def ids(self) -> dict[str, str | None]:
        """As events have them: the app may not read user_id."""
        return {"open_id": self.id, "union_id": self.union_id, "user_id": None}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it is seen now.

    `mine`: the bot wrote it. `kind`: text, post, interactive, image, … `text`: a card or post as Markdown,
    its folded panels as well. `title`: of a card's header or a post. `buttons`: what is behind each label,
    a callback's value or {"url": …}. `reply_to`: the message pointed at. `thread_id`: omt_…, empty outside
    of topics. `streaming`: the card is being written. `summary`: how the chat list tells of it.
    `reactions`: emoji types of people and the bot, `signs` the bot's own. `edits`: how often it changed.
    `bubbles`: follow-up suggestions below it. `data`: the picture or file that it is.
    """

    id: str
    mine: bool
    kind: str
    text: str
    title: str = ""
    buttons: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reply_to: str = ""
    thread_id: str = ""
    streaming: bool = False
    summary: str = ""
    reactions: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    edits: int = 0
    bubbles: tuple[str, ...] = ()
    data: bytes = b""


@dataclass(slots=True)
class Press:
    """A pressed button. `code`: 0, or what its presser reads besides: 200340 (callbacks are not subscribed),
    200341 (no answer within 3 s), 200671 (not 200), 200672 (an answer of a wrong shape)."""

    event_id: str = ""
    toast: str = ""
    toast_type: str = ""
    code: int = 0
    over: bool = False
