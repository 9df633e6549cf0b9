"""How a question comes to the desk: as a new item, or beside one that asks the same."""

from collections.abc import Sequence
from typing import Protocol

from bot import desk_errands, desk_items
from bot.desk_answers import DeskAnswers, joined
from bot.desk_items import Cannot
from bot.desk_words import words
from bot.errands import Queue, Underway
from bot.handover import MOST, Handed, handed_on
from memory.base import Source
from memory.staff import Asker, Desk, Item, State
from rag.text import shortened

_WAITING: tuple[State, ...] = ("open",)
_LINE = 200


class Reading(Protocol):
    """Knows questions and the documents."""

    async def found(self, question: str, cohort: str) -> tuple[Source, ...]:
        """The places in the documents that are nearest."""

    async def same(self, question: str, others: Sequence[str]) -> tuple[int | None, int | None]:
        """The place of the one that asks the same, and of one that may; None where there is none."""


class DeskOpening:
    """Opens items; `language` is the staff's. May raise Cannot where one is erased meanwhile."""

    def __init__(
        self, desk: Desk, answers: DeskAnswers, queue: Queue, reading: Reading, language: str
    ) -> None:
        self._desk = desk
        self._answers = answers
        self._queue = queue
        self._reading = reading
        self._language = language

    async def open(self, underway: Underway) -> None:
        """Open an item, unless it goes on with one that is open, or asks the same."""
        handed = handed_on(underway.errand.body)
        before = await self._before(handed)
        if before is not None and before.state == "open" and _asks(before, handed.asker):
            await self._add(before, handed)
            return
        item = await self._desk.open(await self._new(handed, before))
        if not item.number:
            return
        if item.state == "merged":
            await self._merge(item, item.into)  # a crash may have come between
        elif item.state == "open" and not item.card and item.cause != "feedback":
            await self._compare(item)
        item = await desk_items.resolved(self._desk, item.number)
        if handed.reason:
            said = words(self._language)
            await self._write(item, said.reason.format(reason=said.reasons[handed.reason]))
        if item.card or not await self._is_crowding(item, handed):
            await self._queue(desk_errands.card(item.number, underway.errand.id))

    async def _is_crowding(self, item: Item, handed: Handed) -> bool:
        """Whether so many cards of this person wait that this one is only listed, by /pending."""
        if handed.cause == "asked" and not handed.after:
            return False  # they were told where it is too much, or the staff wants it itself
        theirs = await self._desk.of(handed.person)
        return sum(one.state == "open" and one.number < item.number for one in theirs) >= MOST

    async def _before(self, handed: Handed) -> Item | None:
        """The item that it says it comes after, if whoever says so was there."""
        if not handed.after:
            return None
        try:
            item = await desk_items.resolved(self._desk, handed.after)
        except Cannot:
            return None
        here = any(one.place == handed.place for one in item.askers)
        return item if here or _asks(item, handed.asker) else None

    async def _add(self, item: Item, handed: Handed) -> None:
        line = words(self._language).asker_wrote.format(text=handed.question)
        await self._write(item, line)
        await self._queue(desk_errands.card(item.number, handed.message_id))
        if item.gist.count(words(self._language).asker_wrote.format(text="")) < MOST:
            await self._queue(desk_errands.note(item.number, handed.message_id, line, handed.person))

    async def _new(self, handed: Handed, before: Item | None) -> Item:
        question, gist = handed.question, handed.gist
        if before is not None:
            who = before.author or words(self._language).staff
            said = words(self._language).staff_wrote.format(who=who, text=shortened(before.answer, _LINE))
            lines = [f"#{before.number} {shortened(before.question, _LINE)}", said if before.answer else ""]
            gist = "\n".join(filter(None, lines))
        elif handed.after:
            question = handed.asked
        found = handed.found or await self._reading.found(question, handed.cohort)
        return Item(
            0,
            handed.cause,
            question,
            handed.asked,
            handed.at,
            (handed.asker, *handed.others),
            gist,
            found,
            handed.cohort,
            assignee=handed.assignee,
        )

    async def _compare(self, item: Item) -> None:
        """Put it to an older open item that asks the same; where that is not sure, say so on the card."""
        others = [
            one
            for one in await self._desk.items(_WAITING)
            if one.number < item.number and one.cause != "feedback" and one.cohort == item.cohort
        ]
        mine = {one.message_id for one in item.askers}
        same = next((one for one in others if mine & {asker.message_id for asker in one.askers}), None)
        likely = None
        if same is None and others:
            sure, maybe = await self._reading.same(item.question, [one.question for one in others])
            same = others[sure] if sure is not None else None
            likely = others[maybe] if maybe is not None else None
        if same is not None:
            await self._merge(item, same.number)
        elif likely is not None:
            other = shortened(" ".join(likely.question.split()), _LINE)
            sentence = words(self._language).maybe_same
            fields = {"into": likely.number, "question": other, "number": item.number}
            await self._write(item, sentence.format(**fields))

    async def _merge(self, item: Item, into: int) -> None:
        draft = item.draft or await self._answers.draft(item)
        target = await desk_items.merged(self._desk, item, into, draft, "")
        if draft != (target.draft or await self._answers.draft(target)):
            await self._write(target, words(self._language).also_asked.format(question=draft))
        for errand in joined(target, item.askers):
            await self._queue(errand)

    async def _write(self, item: Item, line: str) -> Item:
        return await desk_items.changed(self._desk, item.number, "", lambda one: desk_items.added(one, line))


def _asks(item: Item, asker: Asker) -> bool:
    return any(one.person == asker.person for one in item.askers)
