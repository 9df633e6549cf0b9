"""The contracts of the inbox: letters that wait, conversations in hand, and what may be done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from memory.base import Fact, Turn


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in the inbox. `body` is the bot's own writing, `at` Unix seconds: a mailbox is in that order.

    `sent_id` is what a reply to it was shown under already, in part or before an edit; else empty.
    `sender` is who wrote it, by id, so that it can be forgotten; not given back by the inbox.
    """

    id: str
    conversation: str
    body: str
    at: float
    sent_id: str = ""
    sender: str = ""


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

    async def commit(
        self, job: Job, answer: str, turn: Turn | None = None, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None:
        """Keep an answer before it is shown, with what `History.append` would remember.

        May raise MailChanged. Of an epoch that is over only the answer is kept.
        """

    async def done(self, job: Job, letter_ids: Sequence[str], sent_id: str = "", memo: str = "") -> None:
        """Take answered letters out and let the conversation go. May raise MailChanged.

        `sent_id` is what the reply to the first of them is shown under.
        """

    async def put_back(self, job: Job, failed: bool = False, pause: float = 0.0) -> None:
        """Let the conversation go with its letters, to be taken again after so many seconds."""

    async def bury(self, job: Job, letter_ids: Sequence[str], reason: str) -> None:
        """Move letters to the dead ones, and let the conversation go."""

    async def sent(self, conversation: str, message_id: str) -> str:
        """What the reply to a message was shown under, empty where that is not known (any more).

        `conversation` is any one of the message's chat.
        """

    async def waiting(self, conversation: str) -> list[Letter]:
        """The letters in this mailbox, oldest first."""

    async def state(self) -> InboxState:
        """What the operator wants to know of it."""

    async def listen(self) -> None:
        """Hear from other processes what has become ready, until cancelled; never raises."""

    async def ready(self) -> None:
        """Return when `take` may find something: at once where that is known, else after a second at most."""
