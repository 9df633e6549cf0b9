"""What a member of the staff answers or asks back: noted at the item, passed on to those who asked."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from adapters.base import Message
from bot import desk_card, desk_errands, desk_items
from bot.command_call import Call, Said
from bot.desk_errands import What, Word
from bot.desk_words import words
from bot.errands import Errand
from memory.staff import Asker, Desk, Item

_QUESTION, _ANSWER = r"(?:问题?|q(?:uestion)?)\s*[:：]\s*", r"(?:答案?|回答|a(?:nswer)?)\s*[:：]\s*"
_PAIR = re.compile(
    rf"\s*(?:{_QUESTION}(?P<question>\S.*?)\s*)?(?:(?:^|(?<=\n))\s*{_ANSWER}(?P<answer>\S.*?)\s*)?",
    re.DOTALL | re.IGNORECASE,
)


class Drafting(Protocol):
    """Puts a question so that it can stand among the answered ones."""

    async def draft(self, question: str, before: str = "", names: Sequence[str] = ()) -> str:
        """Without who asked it: none of these `names`. `before` is what was said before it."""


class Pair(NamedTuple):
    """A draft as somebody wrote it; a part that is empty stays as it was."""

    question: str = ""
    answer: str = ""


def pair_in(text: str) -> Pair | None:
    """The draft in a text of the form `问：… 答：…`, or with one of them; None where it is none."""
    match = _PAIR.fullmatch(text)
    if match is None or not (match["question"] or match["answer"]):
        return None
    return Pair(" ".join((match["question"] or "").split()), match["answer"] or "")


class DeskAnswers:
    """Takes answers in. Every call may raise MemoryUnavailable, and Cannot where there is no such item."""

    def __init__(self, desk: Desk, drafting: Drafting) -> None:
        self._desk = desk
        self._drafting = drafting

    async def answer(self, call: Call, number: int, text: str) -> Said:
        """Those who asked get this answer; it becomes a draft."""
        item, draft = await self._drafted(number)
        word, before = _word(call, text), item.answer
        item = await desk_items.changed(
            self._desk,
            item.number,
            desk_items.mark(call.message),
            lambda one: desk_items.answered(one, word.text, (word.person, word.name), word.at, draft),
        )
        what: What = "corrected" if call.message.edited else "replied"
        told = words(call.language).told if item.askers else words(call.language).told_nobody
        said = self.shown(call, item, told.format(number=item.number, count=len(item.askers)))
        passed_on = desk_errands.tell(item.number, item.askers, what, word)
        return replace(said, errands=(*passed_on, *said.errands), before=before, after=text)

    async def ask_back(self, call: Call, number: int, text: str) -> Said:
        """Those who asked are asked something; the item stays open."""
        last, word = desk_items.mark(call.message), _word(call, text)
        said = words(call.language)
        line = said.staff_wrote.format(who=word.name or said.staff, text=text)
        item = await desk_items.changed(self._desk, number, last, lambda one: desk_items.added(one, line))
        passed_on = desk_errands.tell(item.number, item.askers, "asks_back", word)
        errands = (*passed_on, *after(item, call.message, last))
        return Said(said.asked_back.format(number=item.number), errands=errands, after=text)

    async def edit(self, call: Call, number: int, pair: Pair) -> Said:
        """The draft reads otherwise."""
        item, last = await desk_items.resolved(self._desk, number), desk_items.mark(call.message)
        before = desk_card.draft(item, call.language) if item.answer else ""
        item = await desk_items.changed(
            self._desk, item.number, last, lambda one: desk_items.edited(one, *pair)
        )
        said = self.shown(call, item, words(call.language).was_edited.format(number=item.number))
        return replace(said, before=before, after=desk_card.draft(item, call.language))

    async def draft(self, item: Item) -> str:
        """The item's question without those who asked it."""
        names = [one.name for one in item.askers]
        return await self._drafting.draft(item.question, item.gist, names)

    def shown(self, call: Call, item: Item, sentence: str) -> Said:
        """The draft below a sentence, with what may be done about it."""
        text = f"{sentence}\n\n{desk_card.draft(item, call.language)}"
        errands = after(item, call.message, desk_items.mark(call.message))
        return Said(text, desk_card.buttons(item, call.language), errands=errands)

    async def _drafted(self, number: int) -> tuple[Item, str]:
        """The item, and its question as a draft: what a member of the staff wrote stays."""
        item = await desk_items.resolved(self._desk, number)
        return item, item.draft or await self.draft(item)


def after(item: Item, message: Message, last: str) -> tuple[Errand, ...]:
    """What follows from a change: the card shows it, and who replies to this message means the item."""
    return desk_errands.card(item.number, last), desk_errands.noted(item.number, message)


def joined(item: Item, askers: Iterable[Asker]) -> tuple[Errand, ...]:
    """What follows for askers who come to an item: where it has an answer, they get that."""
    if not item.answer:
        return ()
    word = Word(item.author_id, item.author, item.answered_at, item.answer)
    return desk_errands.tell(item.number, askers, "replied", word)


def _word(call: Call, text: str) -> Word:
    message = call.message
    return Word(call.person, message.sender.name, message.sent_at.timestamp(), text)
