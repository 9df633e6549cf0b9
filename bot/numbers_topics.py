"""What was asked, by meaning: topics with what became of their questions, and which the staff set aside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.numbers import Record, chat_of
from memory.journal import Asked, Journal, Voted
from memory.staff import Item, State

MOST = 600
"""So many questions at most, the newest, are put together."""

_SAID_BEST: Sequence[State] = ("open", "answered", "approved", "rejected", "merged")
_LEAST = 6  # letters: a shorter question tells nothing to who was not there


class Groups(Protocol):
    """Puts questions together that mean the same: the places of each group, the largest first."""

    def groups(self, questions: Sequence[str]) -> list[tuple[int, ...]]: ...


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions that mean the same, the oldest first; `downs` are votes against their answers.

    `item` is what the staff has of them at the desk.
    """

    entries: tuple[Asked, ...]
    downs: tuple[Voted, ...] = ()
    item: Item | None = None

    @property
    def unanswered(self) -> list[Asked]:
        """Those that had no answer."""
        return [one for one in self.entries if one.outcome == "no_evidence"]

    @property
    def waiting(self) -> list[Asked]:
        """Those whose asker had no answer, or none that helped."""
        against = {(one.message_id, one.person) for one in self.downs}
        return [
            one
            for one in self.entries
            if one.outcome == "no_evidence" or (one.message_id, one.person) in against
        ]

    @property
    def settled(self) -> bool:
        """Whether the staff has answered it."""
        return self.item is not None and self.item.state in ("answered", "approved")

    @property
    def told(self) -> Asked:
        """The one that stands for all: asked in a group rather than of the bot alone, and as most do."""
        times = Counter(one.question for one in self.entries)
        return max(
            self.entries,
            key=lambda one: (len(one.question) >= _LEAST, bool(chat_of(one)), times[one.question], -one.at),
        )


def topics(record: Record, groups: Groups, aside: Sequence[str] = ()) -> list[Topic]:
    """The topics of the record, the largest first, without those that one of the questions set `aside` is of.

    It may take seconds. Raises IndexUnavailable where nothing can be searched.
    """
    asked = record.questions[-MOST:]
    places = groups.groups([*(one.question for one in asked), *aside])
    return [_topic(record, [asked[place] for place in group]) for group in places if max(group) < len(asked)]


def _topic(record: Record, entries: Sequence[Asked]) -> Topic:
    ids = {one.message_id for one in entries}
    downs = tuple(one for one in record.votes if one.vote == "down" and one.message_id in ids)
    items = [
        one
        for one in record.desk
        if one.question and one.state in _SAID_BEST and any(asker.message_id in ids for asker in one.askers)
    ]
    item = min(items, key=lambda one: (_SAID_BEST.index(one.state), one.number), default=None)
    return Topic(tuple(entries), downs, item)


async def set_aside(journal: Journal, desk: Sequence[Item]) -> list[str]:
    """The questions that the staff ignores, as their askers put them. Raises MemoryUnavailable."""
    ignored = [one for one in desk if one.state == "ignored"]
    found = [await journal.get(asker.message_id) for one in ignored for asker in one.askers]
    said = [*(one.question for one in ignored), *(one.question for one in found if one)]
    return list(dict.fromkeys(filter(None, said)))
