"""What is handed to the staff, and whether: a question without evidence, a vote against an answer, a wish."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from adapters.base import Message
from bot.course import Staff
from bot.errands import Errand
from bot.keeping import Kept
from memory.base import Reason, Remembered, Source, Turn
from memory.journal import Asked
from memory.staff import Asker, Cause, Desk

KIND = "desk.open"
RETRACT = "desk.retract"
LANE = "desk"

MOST = 5
"""Questions of one person that may wait for the staff: nobody is to fill its chat."""

Waiting = Callable[[str], Awaitable[int]]
"""How many questions of this person wait for the staff. May raise MemoryUnavailable."""

_GIST, _PART = 2, 200  # exchanges, and characters of each half


@dataclass(frozen=True, slots=True)
class Handed:
    """A question for the desk, as it travels in the errand that opens an item.

    `reason` is why an answer was voted against, `others` ask the same, `assignee` has taken it already. What
    comes `after` the item of that number adds to it while it is open.
    """

    cause: Cause
    question: str
    asked: str
    at: float
    person: str
    name: str
    message_id: str
    place: str
    language: str
    gist: str = ""
    found: tuple[Source, ...] = ()
    cohort: str = ""
    reason: Reason | None = None
    others: tuple[Asker, ...] = ()
    assignee: str = ""
    after: int = 0

    @property
    def asker(self) -> Asker:
        """Who asks, and where."""
        return Asker(self.person, self.name, self.message_id, self.place, self.language, self.at)


class Handover:
    """Makes the errands that open items at the desk, where there is a staff's chat."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    @property
    def offered(self) -> bool:
        """Whether anything can be handed over."""
        return bool(self._staff.chat)

    @property
    def automatic(self) -> bool:
        """Whether a question without evidence is handed over at once."""
        return self.offered and self._staff.escalate == "auto"

    def unanswered(self, message: Message, kept: Kept, remembered: Remembered) -> tuple[Errand, ...]:
        """What is handed over of itself: a question that was put to the bot and has no evidence."""
        entry = kept.entry
        if entry is None or entry.outcome != "no_evidence" or not (self.automatic and message.addressed):
            return ()
        asked, said_before = kept.turn.question, gist(remembered.turns)
        return (self.errand(of_entry("no_evidence", entry, asked, message.sender.name, said_before)),)

    def errand(self, handed: Handed) -> Errand:
        """The errand that opens the item, once for each cause, message and reason."""
        body = json.dumps(asdict(handed), ensure_ascii=False)
        id = digest(handed.cause, handed.message_id, handed.reason or "")
        return Errand(f"{KIND}:{id}", LANE, KIND, body, handed.person)


def of_entry(cause: Cause, entry: Asked, asked: str, name: str, gist: str = "") -> Handed:
    """A question that the journal knows; `name` is its asker's."""
    return Handed(
        cause,
        entry.question,
        asked,
        entry.at,
        entry.person,
        name,
        entry.message_id,
        entry.place,
        entry.language,
        gist,
        cohort=entry.cohort,
    )


def handed_on(line: str) -> Handed:
    """What travels in the body of such an errand."""
    fields = json.loads(line)
    found = tuple(Source(*one) for one in fields.pop("found"))
    others = tuple(Asker(**one) for one in fields.pop("others", ()))
    return Handed(**fields, found=found, others=others)


def retraction(card: str) -> Errand:
    """The errand that takes the card of an erased item out of the staff's chat."""
    id = f"{RETRACT}:{digest(card)}"
    return Errand(id, id, RETRACT, card)


def digest(*parts: str) -> str:
    """A name for these that tells nothing of them: ids of errands outlive people who want to be forgotten."""
    return sha256("\n".join(parts).encode(errors="replace")).hexdigest()[:20]


async def waiting(desk: Desk, person: str) -> int:
    """How many questions of this person wait for the staff. Raises MemoryUnavailable."""
    return sum(one.state == "open" for one in await desk.of(person))


async def none_waiting(_person: str) -> int:
    """There is no desk."""
    return 0


def gist(turns: Sequence[Turn]) -> str:
    """What was said before, in a few lines."""
    return "\n".join(f"{one.question[:_PART]}\n> {one.answer[:_PART]}" for one in turns[-_GIST:])


def is_staff_chat(staff: Staff, message: Message) -> bool:
    """Whether the message comes from the staff's chat."""
    place = message.conversation
    return bool(staff.chat) and staff.chat == f"{place.platform}:{place.chat_id}"
