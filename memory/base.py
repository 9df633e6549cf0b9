"""The contracts of memory, and its errors.

MemoryFailure
├── MemoryUnavailable   Redis does not answer, or refuses to write
├── ServerFailed        the embedded server cannot be started
├── LeaseLost           a conversation in hand was taken over by another worker
└── MailChanged         messages came in, were edited or withdrawn since the job was looked at
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, get_args

Vote = Literal["up", "down"]
Reason = Literal["wrong", "missed", "old", "unclear"]
"""Why somebody voted against an answer: it is wrong, misses the point, is out of date, is hard to read."""

REASONS: Mapping[str, Reason] = {reason: reason for reason in get_args(Reason)}
"""Every reason by its name."""


class MemoryFailure(Exception):
    """Its text is one sentence for the operator: what, where, what to do."""


class MemoryUnavailable(MemoryFailure):
    """Redis does not answer, or refuses to write."""


class ServerFailed(MemoryFailure):
    """The embedded server cannot be started."""


class LeaseLost(MemoryFailure):
    """The conversation was taken over by another worker; nothing of it may be written any more."""


class MailChanged(MemoryFailure):
    """Messages came in, were edited or withdrawn since the job was looked at; look again."""


class Source(NamedTuple):
    """A place an answer stood on, as remembered."""

    title: str
    heading: str
    url: str
    revision: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer; `at` is Unix seconds of the question, `message_id` the platform's.

    `sender` is who asked, by id; `trace` the bot's own writing of how it was answered.
    """

    message_id: str
    question: str
    answer: str
    at: float
    sources: tuple[Source, ...] = ()
    sender: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a person (`sender`, by id) said of themself in the turn of this message, at Unix seconds `at`.

    Facts are only ever added; of two that contradict each other the later one holds.
    """

    text: str
    at: float
    message_id: str
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a conversation: the window of its newest turns and a person's facts, oldest first.

    `summary` tells of turns before the window, `beyond` of which it does not tell of yet. What is
    written with `epoch` is refused once the person or the conversation was forgotten.
    """

    turns: tuple[Turn, ...] = ()
    summary: str = ""
    facts: tuple[Fact, ...] = ()
    beyond: int = 0
    epoch: str = ""


class History(Protocol):
    """What was said in each conversation. Every call may raise MemoryUnavailable."""

    async def load(self, conversation: str, sender: str = "") -> Remembered:
        """The window, the summary and the facts of this person; one round trip whatever there is."""

    async def older(self, conversation: str) -> list[Turn]:
        """The turns before the window that are still kept, oldest first; also those before a new start."""

    async def append(
        self, conversation: str, turn: Turn, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None:
        """Remember a turn with what its asker said of themself in it.

        It replaces the facts of the same message and its turn: in the window always, before the window where
        the inbox has taken an edit of the message in. Nothing is written where `epoch` (empty: any) is no
        longer the one that was loaded.
        """

    async def unfolded(self, conversation: str) -> tuple[str, list[Turn], str]:
        """The summary, turns before the window that it does not tell of, the oldest first, and the epoch.

        They are at most fifty; where there are more, they are had after these are folded.
        """

    async def fold(
        self, conversation: str, epoch: str, summary: str, turns: Sequence[Turn], facts: Sequence[Fact] = ()
    ) -> bool:
        """Let the summary tell of these turns too: all that `unfolded` gave with the epoch, or its first.

        False where it tells of others by now, or something was forgotten.
        """

    async def clear(self, conversation: str) -> None:
        """Begin anew: window and summary are empty; older turns and facts stay kept."""

    async def drop(self, conversation: str, sender: str, message_id: str) -> None:
        """Take a turn out, as if this message of theirs had not been answered; facts and summary stay."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How much of a person was erased.

    `items` are those at the staff's desk. `cards` are what those of them are shown under that are erased, and
    `changed` the numbers of those that stay, without the person: others ask them too, or they are approved.
    """

    conversations: int = 0
    turns: int = 0
    facts: int = 0
    summaries: int = 0
    waiting: int = 0
    dead: int = 0
    votes: int = 0
    asked: int = 0
    items: int = 0
    entries: int = 0
    remarks: int = 0
    cards: tuple[str, ...] = ()
    changed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Personal:
    """All that is held of a person; turns and facts by conversation, oldest first.

    `votes` maps ids of answers, `asked` are Unix seconds of questions counted for the quota, `waiting`
    and `dead` count messages that wait or could not be answered. `items` are questions at the staff's desk
    with their answers, `entries` those in the journal, `remarks` what was written in groups just now: all
    as turns, the last two without an answer.
    """

    turns: Mapping[str, tuple[Turn, ...]]
    facts: Mapping[str, tuple[Fact, ...]]
    votes: Mapping[str, Vote]
    asked: tuple[float, ...] = ()
    summaries: Mapping[str, str] = field(default_factory=dict)
    waiting: int = 0
    dead: int = 0
    items: tuple[Turn, ...] = ()
    entries: tuple[Turn, ...] = ()
    remarks: tuple[Turn, ...] = ()


class People(Protocol):
    """What is held of a person, over all conversations. Every call may raise MemoryUnavailable."""

    async def held(self, person: str, spared: str = "") -> Personal:
        """All that is held of them; the message `spared`, which asks for this, does not count."""

    async def forget(self, person: str, spared: str = "") -> Receipt:
        """Erase it; what is being answered for them meanwhile cannot be written back.

        The message `spared`, which asks for this, still waits to be answered, and so do those sent after it.
        """

    async def forget_in(self, conversation: str, person: str, spared: str = "") -> None:
        """Erase what they said in this conversation, and what waits of it, in the same way."""


class Votes(Protocol):
    """What people thought of answers; an answer goes by the id of the message it answered."""

    async def put(self, message_id: str, voter: str, vote: Vote, reason: Reason | None = None) -> None:
        """Store a vote with its reason; a person's later vote replaces the earlier."""

    async def by(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Vote]:
        """This person's votes on these answers, where there are any."""

    async def reasons(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Reason]:
        """Why this person voted against these answers, where they said."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many questions are answered: of a person a minute and a day, of a group a minute (0: all)."""

    per_minute: int
    per_day: int
    group_per_minute: int = 0


class Refused(NamedTuple):
    """Which limit a question is over, seconds until there is room again, and whether it was said just now."""

    limit: Literal["minute", "day", "group"]
    wait: float
    told: bool


class Quota(Protocol):
    """Counts questions. Every call may raise MemoryUnavailable."""

    async def spend(
        self, question_id: str, person: str, group: str, at: float, allowance: Allowance
    ) -> Refused | None:
        """Count a question that was asked `at` Unix seconds, unless it is over a limit.

        The same question counts once, however often this is called; a refused one does not count.
        """


class Slots(Protocol):
    """Which of several processes does what is done by the clock. A call may raise MemoryUnavailable."""

    async def take(self, name: str, slot: str) -> bool:
        """Whether this process does `name` in this slot: no other one has taken the same slot before."""


class Lease(Protocol):
    """Which of several processes does what only one may do at a time. No call raises."""

    async def hold(self, name: str, seconds: float) -> bool:
        """Take the lease or renew it, for so many seconds from now; False where that is not sure."""

    async def release(self, name: str) -> None:
        """Let others have it, if this process holds it."""


@dataclass(frozen=True, slots=True)
class ApprovedPair:
    """A question and the answer (Markdown) that `author`, by name, gave and the staff approved.

    `approved_at` is Unix seconds, `cohort` empty where it holds for all, `asked_as` the same question
    in other words.
    """

    id: str
    question: str
    answer: str
    author: str
    approved_at: float
    cohort: str = ""
    asked_as: tuple[str, ...] = ()


class Approved(Protocol):
    """The questions with answers that the staff approved. Every call may raise MemoryUnavailable."""

    async def put(self, pair: ApprovedPair) -> None:
        """Keep the pair; it replaces the one of the same id."""

    async def withdraw(self, id: str) -> bool:
        """Forget the pair; False where there is none of this id."""

    async def all(self) -> list[ApprovedPair]:
        """Every pair, the one approved first before the others."""

    async def mark(self) -> str:
        """Another one after each change; it costs next to nothing."""
