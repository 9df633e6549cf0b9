"""What is held of a person, told to them: everything in a direct chat, only counts in a group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from bot.conversations import belongs_to
from bot.mydata_words import Words, words
from memory import keys
from memory.base import Fact, Personal, Receipt, Turn

PAGE = 6000
"""Characters of one message, about."""

_LINE = 1000  # characters of a fact or a summary
_QUESTION = 120  # characters of a question
_ABOVE, _AROUND = 1500, 200  # characters of what stands above the first page's rows, and around any page's

_Row = tuple[str, str]
"""A heading and a line below it."""


def extent(personal: Personal) -> Receipt:
    """How much is held, as it would be erased."""
    turns, facts = (sum(map(len, one.values())) for one in (personal.turns, personal.facts))
    return Receipt(
        len({key for key, kept in _conversations(personal).items() if kept}),
        turns,
        facts,
        len(personal.summaries),
        personal.waiting,
        personal.dead,
        len(personal.votes),
        len(personal.asked),
        len(personal.items),
        len(personal.entries),
        len(personal.remarks),
    )


def is_nothing(receipt: Receipt) -> bool:
    """Whether there is nothing beyond the message that asks; that one waits itself until it is answered."""
    return not any(astuple(replace(receipt, conversations=0, waiting=max(receipt.waiting - 1, 0))))


def counted(receipt: Receipt, language: str) -> list[str]:
    """`3 个对话` and so on, or the same in English; what there is none of is left out."""
    units = words(language).counted
    counts = astuple(receipt)[: len(units)]
    return [unit.format(count) for unit, count in zip(units, counts, strict=True) if count]


def receipt_text(receipt: Receipt, language: str) -> str:
    """What was erased, as a list."""
    said = words(language)
    if not (lines := counted(receipt, language)):
        return said.nothing_held
    return "\n".join([said.erased, "", *(f"- {line}" for line in lines)])


def counts_here(personal: Personal, conversation: str, language: str) -> str:
    """How much is held of them in this conversation, in one sentence that all of a group may read."""
    said = words(language)
    turns, facts = (len(one.get(conversation, ())) for one in (personal.turns, personal.facts))
    lines = counted(Receipt(turns=turns, facts=facts, summaries=conversation in personal.summaries), language)
    return said.in_group.format(counts=said.comma.join(lines) or said.counted[1].format(0))


def page(personal: Personal, person: str, here: str, number: int, language: str, zone: ZoneInfo) -> str:
    """Page `number` of everything, from 1; `here` is the conversation in which it is asked for."""
    said = words(language)
    rows = list(_rows(personal, person, here, said, zone))
    pages = list(_paged(rows)) or [[]]
    number = min(number, len(pages))
    lines = [said.held]
    if number == 1:
        lines += ["", *(f"- {line}" for line in counted(extent(personal), language))]
        lines += ["", said.your_id.format(id=person), "", _kept_for(said), "", said.how_to_erase]
    for heading, below in groupby(pages[number - 1], itemgetter(0)):
        lines += ["", f"**{heading}**", "", *(f"- {line}" for _, line in below)]
    if rest := sum(map(len, pages[number:])):
        lines += ["", said.more.format(count=rest, page=number + 1)]
    return "\n".join(lines)


def _kept_for(said: Words) -> str:
    days, hours = 24 * 3600, 3600
    return said.kept_for.format(
        history=keys.HISTORY.seconds // days,
        votes=keys.VOTES.seconds // days,
        asked=keys.ASKED.seconds // hours,
        items=keys.ITEM.seconds // days,
        entries=keys.ENTRY.seconds // days,
        remarks=keys.REMARK.seconds // hours,
    )


def _rows(personal: Personal, person: str, here: str, said: Words, zone: ZoneInfo) -> Iterator[_Row]:
    conversations = _conversations(personal)
    facts = [(key, fact) for key in conversations for fact in personal.facts.get(key, ())]
    for key, fact in sorted(facts, key=lambda one: -one[1].at):
        yield said.facts, f"{_day(fact, zone)} {_line(fact.text, _LINE)} · {_place(key, here, said)}"
    newest = sorted(conversations, key=lambda key: -max([0.0, *(one.at for one in conversations[key])]))
    for key in newest:
        place = _place(key, here, said)
        if summary := personal.summaries.get(key):
            # That of a conversation with others tells of them too.
            own = belongs_to(key, person)
            yield place, said.summary.format(summary=_line(summary, _LINE)) if own else said.shared_summary
        for turn in reversed(personal.turns.get(key, ())):
            yield place, _asked(turn, zone)
    shown = {turn.message_id for turns in personal.turns.values() for turn in turns}
    entries = [entry for entry in personal.entries if entry.message_id not in shown]
    for heading, some in (
        (said.items, personal.items),
        (said.entries, entries),
        (said.remarks, personal.remarks),
    ):
        for one in reversed(some):
            yield heading, _asked(one, zone)


def _conversations(personal: Personal) -> Mapping[str, list[Turn | Fact]]:
    """What is held in each."""
    held = dict.fromkeys([*personal.turns, *personal.facts, *personal.summaries])
    return {key: [*personal.turns.get(key, ()), *personal.facts.get(key, ())] for key in held}


def _paged(rows: list[_Row]) -> Iterator[list[_Row]]:
    """The rows, as many to a page as fit; the first one has the counts above them."""
    taken: list[_Row] = []
    room = PAGE - _ABOVE
    for row in rows:
        size = _size(row, taken[-1:])
        if taken and size > room:
            yield taken
            taken, room = [], PAGE - _AROUND
            size = _size(row, taken)
        taken.append(row)
        room -= size
    if taken:
        yield taken


def _size(row: _Row, before: Sequence[_Row]) -> int:
    """Characters of its line, and of its heading where the row before has another."""
    heading, line = row
    return (
        len(line) + len("- \n") + (0 if before and before[0][0] == heading else len(f"\n****\n\n{heading}"))
    )


def _place(key: str, here: str, said: Words) -> str:
    """`Telegram · -1001 · 话题 7`, from the key of a conversation."""
    platform, chat, *more = (_line(unquote(part), 40) for part in key.split(":"))
    thread = said.thread.format(thread=more[0]) if more and more[0] else ""
    place = " · ".join(filter(None, (dict(said.platforms).get(platform, platform), chat, thread)))
    return said.here.format(place=place) if key == here else place


def _day(one: Turn | Fact, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(one.at, zone):%Y-%m-%d}"


def _asked(turn: Turn, zone: ZoneInfo) -> str:
    return f"{_day(turn, zone)} {_line(turn.question, _QUESTION)}"


def _line(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
