"""The contracts of memory, and its errors.

MemoryFailure
├── MemoryUnavailable   Redis does not answer, or refuses to write
└── ServerFailed        the embedded server cannot be started
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Vote = Literal["up", "down"]


class MemoryFailure(Exception):
    """Its text is one sentence for the operator: what, where, what to do."""


class MemoryUnavailable(MemoryFailure):
    """Redis does not answer, or refuses to write."""


class ServerFailed(MemoryFailure):
    """The embedded server cannot be started."""


class Source(NamedTuple):
    """A place an answer stood on, as remembered."""

    title: str
    heading: str
    url: str
    revision: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer; `at` is Unix seconds of the question, `message_id` the platform's."""

    message_id: str
    question: str
    answer: str
    at: float
    sources: tuple[Source, ...] = ()


class History(Protocol):
    """The newest turns of each conversation. Every call may raise MemoryUnavailable."""

    async def load(self, conversation: str) -> list[Turn]:
        """The turns in the window, oldest first."""

    async def append(self, conversation: str, turn: Turn) -> None:
        """Remember a turn; one with the same `message_id` as the newest replaces it."""

    async def clear(self, conversation: str) -> None:
        """Forget the conversation."""


class Votes(Protocol):
    """What people thought of answers; an answer goes by the id of the message it answered."""

    async def put(self, message_id: str, voter: str, vote: Vote) -> None:
        """Store a vote; a person's later vote replaces the earlier."""

    async def by(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Vote]:
        """This person's votes on these answers, where there are any."""
