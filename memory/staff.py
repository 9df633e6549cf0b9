"""What the staff sets, decides and does: the contracts of the rules, the desk and the audit log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from memory.base import Source

Role = Literal["student", "ta", "admin"]


@dataclass(frozen=True, slots=True)
class GroupRule:
    """What holds in one group in place of course.toml; what is empty or None leaves course.toml in force.

    `threshold` is a relevance in 0..1, `muted_until` Unix seconds.
    """

    mode: str = ""
    threshold: float | None = None
    muted_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """All that the staff has set while the bot runs: by person's id, or by chat (`telegram:-100`).

    `banned` maps to Unix seconds until when (inf: for good), `per_day` to a person's own number of questions.
    `reload` changes when course.toml is to be read again.
    """

    roles: Mapping[str, Role] = field(default_factory=dict)
    banned: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, GroupRule] = field(default_factory=dict)
    per_day: Mapping[str, int] = field(default_factory=dict)
    reload: str = ""


class RuleBook(Protocol):
    """Keeps the rules for all processes. Every call that sets something may raise MemoryUnavailable.

    What is set holds at once in this process, within two seconds in others. None puts things back.
    """

    async def rules(self) -> Rules:
        """As they are, at most a second old; those known last while Redis is away. Never raises."""

    async def set_role(self, person: str, role: Role | None) -> None: ...
    async def ban(self, person: str, until: float | None) -> None: ...
    async def set_group(self, chat: str, rule: GroupRule | None) -> None: ...
    async def set_per_day(self, person: str, questions: int | None) -> None: ...
    async def reload(self, mark: str) -> None:
        """Have every process read course.toml again; the same mark only once."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody of the staff did, or somebody else tried: a line of the audit log.

    `id` is that of the message that asked for it, `at` its Unix seconds, `chat` where. `refused`: for want of
    the right.
    """

    id: str
    at: float
    person: str
    name: str
    chat: str
    command: str
    before: str = ""
    after: str = ""
    refused: bool = False


class Audit(Protocol):
    """What the staff did; the newest ten thousand deeds. Every call may raise MemoryUnavailable."""

    async def put(self, deed: Deed) -> None:
        """Keep it; the first one of an id stays as it is."""

    async def newest(self, count: int) -> list[Deed]:
        """So many, the newest first."""


Cause = Literal["no_evidence", "down_vote", "asked", "feedback"]
State = Literal["open", "answered", "approved", "rejected", "ignored", "merged"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who waits for an answer: by id and name, and where. `place` is the bot's own writing of that.

    `at` is Unix seconds of their message, 0 where that is the item's: what was asked before its asker was
    forgotten is not kept.
    """

    person: str
    name: str
    message_id: str
    place: str
    language: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Item:
    """A question at the desk, `number` in the staff's chat; times are Unix seconds.

    `question` stands alone, `asked` is what was written, `gist` what was said before it; `found` is what the
    documents gave. While it is `answered` by a member of the staff, `draft` is the question of the pair that
    may be approved, and `answer` its answer; nothing of it is served. `assignee` is who takes it, by name.
    `card` is what it is shown under in the staff's chat. `last` is the id of the message that changed it
    last. A merged one has gone `into` another.
    """

    number: int
    cause: Cause
    question: str
    asked: str
    at: float
    askers: tuple[Asker, ...] = ()
    gist: str = ""
    found: tuple[Source, ...] = ()
    cohort: str = ""
    state: State = "open"
    assignee: str = ""
    answer: str = ""
    author: str = ""
    author_id: str = ""
    answered_at: float = 0.0
    draft: str = ""
    card: str = ""
    pinged_at: float = 0.0
    into: int = 0
    last: str = ""


class Desk(Protocol):
    """The questions handed to the staff. Every call may raise MemoryUnavailable.

    They stay 180 days after their last change. What an asker wants forgotten is taken out: them from the
    askers, and an item that has no other asker unless it is approved.
    """

    async def open(self, item: Item) -> Item:
        """Keep a new item under the next number; where this cause of its first asker's message has one, that.

        One that nobody asks goes by its `last` message. Askers who were forgotten after they asked are left
        out; where that leaves nobody, nothing is kept, and it comes back with the number 0.
        """

    async def get(self, number: int) -> Item | None:
        """The item of this number."""

    async def put(self, old: Item, new: Item) -> bool:
        """Keep the new one where the old one still stands; else False, look again.

        New askers who were forgotten after they asked are left out. The same once more is True.
        """

    async def shown(self, number: int, message_ids: Sequence[str]) -> None:
        """Note messages in the staff's chat that belong to the item."""

    async def shown_in(self, message_ids: Sequence[str]) -> Item | None:
        """The item that one of these messages in the staff's chat belongs to."""

    async def items(self, states: Collection[State]) -> list[Item]:
        """Those in these states, the oldest first."""

    async def of(self, person: str) -> list[Item]:
        """Those that this person asks, the oldest first."""
