"""The contracts of memory, and its errors.

MemoryFailure
├── MemoryUnavailable   Redis does not answer, or refuses to write
├── ServerFailed        the embedded server cannot be started
├── LeaseLost           a conversation in hand was taken over by another worker
└── MailChanged         messages came in, were edited or withdrawn since the job was looked at
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


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the inbox. `body` is the bot's own writing, `at` Unix seconds: a mailbox is in that order.

    `sent_id` is what a reply to it was shown under already, in part or before an edit; else empty.
    """

    id: str
    conversation: str
    body: str
    at: float
    sent_id: str = ""


Acceptance = Literal["accepted", "edited", "seen", "busy", "busy_told"]
"""What became of a message that came in.

`edited`: it waits with a new body. `busy`: it is refused, since too many wait; `busy_told`: so was another
of this conversation within the last minute.
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A conversation that a worker has in hand, and the letters that wait in it, oldest first.

    `fence` tells this lease from all others, which lasts until `held_until` of the monotonic clock unless
    it is renewed. `changes` counts what happened to the mailbox. `answer` is
    what was committed and perhaps not shown, `memo` what the last job left for the next one. `failures`
    counts attempts that were put back as failed; `blame` those whose worker died, each shared among
    the conversations that the worker had in hand.
    """

    conversation: str
    fence: int
    changes: int
    letters: tuple[Letter, ...]
    held_until: float
    answer: str = ""
    memo: str = ""
    failures: int = 0
    blame: float = 0.0


class InboxState(NamedTuple):
    """How many messages wait, how many are dead, and why the newest of these is."""

    waiting: int
    dead: int
    last_reason: str


class Inbox(Protocol):
    """Messages, once and in order per conversation, kept until they are answered.

    Every call may raise MemoryUnavailable; those that write for a job also LeaseLost.
    """

    @property
    def lease(self) -> float:
        """Seconds that a conversation stays in hand unless that is renewed."""

    async def accept(self, letter: Letter, edited: bool = False) -> Acceptance:
        """Put a letter into its mailbox, on disk when this returns; one that was seen is refused.

        An edited one takes the place of its waiting original; an answered one is asked again.
        """

    async def withdraw(self, conversation: str, id: str) -> None:
        """Take a waiting letter out; `conversation` is any one of the letter's chat."""

    async def take(
        self, platforms: Sequence[str], at_most: int, held: int = 0, passing: Sequence[str] = ()
    ) -> list[Job]:
        """Conversations that are ready, chat by chat in turn, `passing` over these chats.

        `held` is how many the worker has in hand already.
        """

    async def renew(self, jobs: Sequence[Job]) -> list[int | None]:
        """Hold on to these; the count of changes of each, None where the lease is lost."""

    async def look(self, job: Job) -> Job:
        """The job with the letters that wait now."""

    async def keep_sent(self, job: Job, letter_id: str, sent_id: str) -> None:
        """Note what the reply to a letter is shown under."""

    async def commit(self, job: Job, answer: str, turn: Turn | None = None) -> None:
        """Keep an answer before it is shown, with the turn to be remembered. May raise MailChanged."""

    async def done(self, job: Job, letter_ids: Sequence[str], sent_id: str = "", memo: str = "") -> None:
        """Take answered letters out and let the conversation go. May raise MailChanged.

        `sent_id` is what the reply to the first of them is shown under.
        """

    async def put_back(self, job: Job, failed: bool = False, pause: float = 0.0) -> None:
        """Let the conversation go with its letters, to be taken again after so many seconds."""

    async def bury(self, job: Job, letter_ids: Sequence[str], reason: str) -> None:
        """Move letters to the dead ones, and let the conversation go."""

    async def waiting(self, conversation: str) -> list[Letter]:
        """The letters in this mailbox, oldest first."""

    async def state(self) -> InboxState:
        """What the operator wants to know of it."""

    async def listen(self) -> None:
        """Hear from other processes what has become ready, until cancelled; never raises."""

    async def ready(self) -> None:
        """Return when `take` may find something: at once where that is known, else after a second at most."""


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
