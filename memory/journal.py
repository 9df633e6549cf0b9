"""What was asked and how it was answered, for staff and for who asked: the contracts of the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from memory.base import Reason, Vote


@dataclass(frozen=True, slots=True)
class Standing:
    """A passage an answer stood on: its id, its document's id and title, its heading, its text's digest."""

    passage: str
    document: str
    title: str
    heading: str
    revision: str
    digest: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered, or not: an entry of the journal.

    `at` is Unix seconds of the question, `chat` its chat's key, `place` the bot's own writing of where,
    `cohort` and `language` the asker's. `question` stands alone where that holds the asker's own words only.
    `outcome` and `notice` are the chain's. `first_ms` counts from taking the question up to the first words
    shown, `total_ms` to the last; 0 where unknown. `tokens` are of the prompt and of the answer.
    `unasked`: the bot answered in a group without being addressed. `told`: digests of passages, and of news
    about them, that the asker was already told.
    """

    message_id: str
    person: str
    at: float
    chat: str
    place: str
    question: str
    outcome: str
    notice: str = ""
    cohort: str = ""
    language: str = ""
    first_ms: float = 0.0
    total_ms: float = 0.0
    tokens: tuple[int, int] = (0, 0)
    standing: tuple[Standing, ...] = ()
    unasked: bool = False
    told: tuple[str, ...] = ()
    trace: str = ""


class Voted(NamedTuple):
    """A vote on the answer to a message, at Unix seconds."""

    message_id: str
    person: str
    vote: Vote
    reason: Reason | None
    at: float


class Journal(Protocol):
    """Keeps entries for 90 days. Every call may raise MemoryUnavailable.

    It holds nothing of who was forgotten after they asked.
    """

    async def put(self, entry: Asked) -> None:
        """Keep it; it replaces the one of the same message, but for what that was `told`."""

    async def renew(self, old: Asked, new: Asked) -> bool:
        """Keep the new one where the old one still stands."""

    async def get(self, message_id: str) -> Asked | None:
        """The entry of this message."""

    async def since(self, at: float) -> list[Asked]:
        """Those of questions asked since, the oldest first."""

    async def votes(self, at: float) -> list[Voted]:
        """Votes given since, the oldest first; of each voter and answer the last."""

    async def silent(self, message_id: str, chat: str, at: float) -> None:
        """Count a message that the bot has read and left alone; the same one once."""

    async def silences(self, at: float) -> Mapping[str, int]:
        """By chat how many it has left alone since, in whole days of UTC."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote in a group, kept for an hour: who, what, when, in answer to which messages."""

    message_id: str
    person: str
    text: str
    at: float
    reply_to: tuple[str, ...] = ()


class Remarks(Protocol):
    """The newest two hundred remarks of a place (a chat, or a thread of it) by its key.

    Every call may raise MemoryUnavailable. What is recalled or forgotten is taken out.
    """

    async def put(self, place: str, remark: Remark) -> None:
        """Keep it; one of the same message is replaced."""

    async def since(self, place: str, at: float) -> list[Remark]:
        """Those written since, the oldest first."""

    async def drop(self, place: str, message_id: str) -> None:
        """Take one out."""

    async def answered(self, place: str, person: str, at: float) -> None:
        """Note that the bot answered this person there without being addressed."""

    async def last_answered(self, place: str) -> Sequence[tuple[str, float]]:
        """Whom it answered so in the last day, and when, the latest first."""


@dataclass(frozen=True, slots=True)
class Post:
    """What the bot said by itself in a chat, at Unix seconds `at`; `line` is the bot's own writing of it."""

    id: str
    at: float
    line: str


class Posts(Protocol):
    """The newest thirty posts of a chat (`web:CHAT`), for a platform that keeps none itself; for 30 days.

    Every call may raise MemoryUnavailable. They go with the conversation when that is forgotten.
    """

    async def put(self, chat: str, post: Post) -> None:
        """Keep it; it replaces the one of the same id."""

    async def of(self, chat: str) -> list[Post]:
        """Those of a chat, the oldest first."""
