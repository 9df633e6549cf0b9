"""The figures of a course: what was asked in a time, how it was answered, and what people thought of it."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median, quantiles
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

from bot.conversations import chat_key
from bot.posting import place_on
from memory.base import Reason
from memory.journal import Asked, Journal, Voted
from memory.staff import Desk, Item, State

STATES: Sequence[State] = get_args(State)
_SMALL = {"greeting", "thanks", "complaint", "noted"}
_ANSWERED = {"answered", "quoted"}
_DAY = 24 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class Record:
    """What happened from `since` until `until`, Unix seconds, in one chat or in all.

    `entries` are all answers of that time, `votes` those given on any answer. `silences` counts messages that
    the bot left alone, `items` are the questions handed to the staff then, of all at the `desk`.
    """

    since: float
    until: float
    entries: tuple[Asked, ...]
    votes: tuple[Voted, ...] = ()
    silences: int = 0
    items: tuple[Item, ...] = ()
    desk: tuple[Item, ...] = ()

    @property
    def questions(self) -> list[Asked]:
        """The questions about the course."""
        return [one for one in self.entries if one.notice not in _SMALL and one.outcome != "not_ours"]


async def record(journal: Journal, desk: Desk, since: float, until: float, chat: str = "") -> Record:
    """What is known of that time, of this chat alone where one is named. Raises MemoryUnavailable."""
    entries = [one for one in await journal.since(since) if one.at < until and chat in (one.chat, "")]
    here = {one.message_id for one in entries}
    votes = [
        one for one in await journal.votes(since) if one.at < until and (not chat or one.message_id in here)
    ]
    held = await desk.items(STATES)
    items = [one for one in held if since <= one.at < until and _brought(one, chat)]
    silent = await _silences(journal, since, chat)
    return Record(since, until, tuple(entries), tuple(votes), silent, tuple(items), tuple(held))


async def _silences(journal: Journal, since: float, chat: str) -> int:
    """Those of the first day as if they had come evenly over it."""
    midnight = (since // _DAY + 1) * _DAY
    counted, later = [await journal.silences(at) for at in (since, midnight)]
    whole, rest = ((one.get(chat, 0) if chat else sum(one.values())) for one in (counted, later))
    return rest + round((whole - rest) * (midnight - since) / _DAY)


def _brought(item: Item, chat: str) -> bool:
    """Whether it was handed over, and from this chat; what the digest sets aside has no question."""
    return bool(item.question) and (
        not chat or any(chat_key(place_on(one.place)) == chat for one in item.askers)
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a record; shares in 0..1, times in milliseconds, 0 where there is nothing to tell.

    `first` and `slow` are the median and the 90th percentile up to the first words; `model` is all the time
    that models worked.
    """

    questions: int = 0
    people: int = 0
    answered: int = 0
    quoted: int = 0
    unanswered: int = 0
    others: int = 0
    silences: int = 0
    first: float = 0.0
    slow: float = 0.0
    ups: int = 0
    downs: int = 0
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    handed: int = 0
    replied: int = 0
    waiting: int = 0
    prompt: int = 0
    completion: int = 0
    model: float = 0.0

    @property
    def share(self) -> float:
        """The part of the questions that was answered."""
        return (self.answered + self.quoted) / self.questions if self.questions else 0.0

    @property
    def silence(self) -> float:
        """The part of all that was read that was left alone."""
        read = self.silences + self.questions + self.others
        return self.silences / read if read else 0.0


def figures(record: Record) -> Figures:
    """All figures at once."""
    asked, votes = record.questions, Counter(one.vote for one in record.votes)
    outcomes, states = Counter(one.outcome for one in asked), Counter(one.state for one in record.items)
    first, slow = _spread([one.first_ms for one in asked if one.first_ms])
    return Figures(
        questions=len(asked),
        people=len({one.person for one in asked}),
        answered=outcomes["answered"],
        quoted=outcomes["quoted"],
        unanswered=outcomes["no_evidence"],
        others=sum(one.outcome == "not_ours" and one.notice not in _SMALL for one in record.entries),
        silences=record.silences,
        first=first,
        slow=slow,
        ups=votes["up"],
        downs=votes["down"],
        reasons=Counter(one.reason for one in record.votes if one.vote == "down" and one.reason),
        handed=len(record.items),
        replied=states["answered"] + states["approved"],
        waiting=states["open"],
        prompt=sum(one.tokens[0] for one in record.entries),
        completion=sum(one.tokens[1] for one in record.entries),
        model=sum(trace_of(one).ms.get("model", 0.0) for one in record.entries),
    )


def _spread(times: Sequence[float]) -> tuple[float, float]:
    if len(times) < 2:
        return (times[0], times[0]) if times else (0.0, 0.0)
    return median(times), quantiles(times, n=10, method="inclusive")[-1]


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about: milliseconds by step; tokens of prompt, answer, and prompt known before."""

    standalone: str = ""
    ms: Mapping[str, float] = field(default_factory=dict)
    tokens: tuple[int, ...] = ()


def trace_of(entry: Asked) -> Trace:
    """What bot/keeping.py wrote of it."""
    written = json.loads(entry.trace or "{}")
    return Trace(written.get("standalone", ""), written.get("ms", {}), tuple(written.get("tokens", ())))


class Day(NamedTuple):
    """How many questions of a day were answered, and how many not."""

    day: date
    answered: int
    unanswered: int


def by_day(record: Record, zone: ZoneInfo) -> list[Day]:
    """Every day of the record in this zone."""
    asked = record.questions
    good = Counter(day_of(one.at, zone) for one in asked if one.outcome in _ANSWERED)
    bad = Counter(day_of(one.at, zone) for one in asked if one.outcome not in _ANSWERED)
    first, last = day_of(record.since, zone), day_of(record.until, zone)
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return [Day(one, good[one], bad[one]) for one in days]


def day_of(at: float, zone: ZoneInfo) -> date:
    """The day of that moment there."""
    return datetime.fromtimestamp(at, zone).date()


class Part(NamedTuple):
    """A part of the questions by its name: how many, and which share was answered."""

    name: str
    questions: int
    share: float


def parts(record: Record, name: Callable[[Asked], str]) -> list[Part]:
    """The questions parted by name, the largest part first."""
    asked = Counter(map(name, record.questions))
    answered = Counter(name(one) for one in record.questions if one.outcome in _ANSWERED)
    return [Part(key, count, answered[key] / count) for key, count in asked.most_common()]


def code_of(entry: Asked) -> str:
    """A short name of the entry that tells nothing of its chat, which may be a person's own."""
    return hashlib.blake2b(entry.message_id.encode(errors="replace"), digest_size=5).hexdigest()


def chat_of(entry: Asked) -> str:
    """The group's key, empty for direct chats: these are their people's own."""
    return entry.chat if place_on(entry.place).kind == "group" else ""
