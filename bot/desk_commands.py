"""The staff's commands at the desk. A docstring is the help line, Chinese and English, parted by a slash."""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from zoneinfo import ZoneInfo

from bot import desk_card, desk_errands, desk_items
from bot.command import Command, Misused
from bot.command_call import Call, Said
from bot.course import Course
from bot.desk import StaffDesk
from bot.desk_answers import Pair, after, joined, pair_in
from bot.desk_items import Cannot, mark
from bot.desk_words import words
from bot.errands import Errand
from bot.handover import is_staff_chat
from bot.replies import duration
from memory.staff import Item, State
from rag.text import shortened

Publish = Callable[[int, str, float], Errand]
"""The errand that has an item served as it is: its number, who approved it, and when (Unix seconds)."""

_NUMBER = re.compile(r"[#＃]?(\d{1,9})(?!\w)\s*(.*)", re.DOTALL)
_LISTED, _LINE = 20, 60


def _told(
    name: str, chinese: str, run: Callable[["DeskCommands", Call], Awaitable[Said]], usage: str
) -> Command["DeskCommands"]:
    return Command(name, chinese, run, ("help",), "ta", usage)


class DeskCommands:
    """What the staff does with items, by number or in reply to one."""

    def __init__(
        self, course: Course, staff_desk: StaffDesk, publish: Publish, now: Callable[[], float] = time.time
    ) -> None:
        self._staff = course.staff
        self._zone = ZoneInfo(course.schedule.timezone)
        self._desk = staff_desk.desk
        self._answers = staff_desk.answers
        self._publish = publish
        self._now = now

    @classmethod
    def table(cls) -> tuple[Command["DeskCommands"], ...]:
        """In the order of the help."""
        return (
            _told("pending", "待答", cls.pending, "[N]"),
            _told("answer", "回答", cls.answer, "[N] TEXT"),
            _told("approve", "通过", cls.approve, "[N]"),
            _told("edit", "修改", cls.edit, "[N] [TEXT]"),
            _told("reject", "驳回", cls.reject, "[N]"),
            _told("assign", "认领", cls.assign, "[N] [NAME]"),
            _told("ignore", "忽略", cls.ignore, "[N]"),
            _told("merge", "合并", cls.merge, "N INTO"),
        )

    async def pending(self, call: Call) -> Said:
        """看看哪些问题在等回答 / see which questions wait."""
        return await self._done(call, self._one if call.arguments else self._list)

    async def answer(self, call: Call) -> Said:
        """回答问题，直接回复它也行；问号结尾算追问 / answer one, or reply to it; a `?` at its end asks."""
        return await self._done(call, self._answer)

    async def approve(self, call: Call) -> Said:
        """通过草稿，以后问同样的都这样答 / approve a draft, so that others who ask get it."""
        return await self._done(call, self._approve)

    async def edit(self, call: Call) -> Said:
        """修改草稿 / edit a draft."""
        return await self._done(call, self._edit)

    async def reject(self, call: Call) -> Said:
        """驳回草稿，已上线的会撤下 / reject a draft, or take an approved one out."""
        return await self._done(call, self._reject)

    async def assign(self, call: Call) -> Said:
        """认领一个问题，或交给别人 / take a question, or give it to somebody."""
        return await self._done(call, self._assign)

    async def ignore(self, call: Call) -> Said:
        """忽略一个问题 / ignore a question."""
        return await self._done(call, self._ignore)

    async def merge(self, call: Call) -> Said:
        """把重复的问题并到另一个 / merge a question into another that asks the same."""
        return await self._done(call, self._merge)

    async def _done(self, call: Call, run: Callable[[Call], Awaitable[Said]]) -> Said:
        said = words(call.language)
        if call.in_group and not is_staff_chat(self._staff, call.message):
            return Said(said.here_only)
        try:
            return await run(call)
        except Cannot as flaw:
            sentence = {"gone": said.no_item, "no_draft": said.no_draft, "same": said.same}[flaw.flaw]
            return Said(sentence.format(number=flaw.number))

    async def _list(self, call: Call) -> Said:
        said = words(call.language)
        kinds: Sequence[tuple[str, State]] = ((said.waiting, "open"), (said.drafts, "answered"))
        parts = [
            sentence.format(count=len(items)) + "\n\n" + self._lines(items, call.language)
            for sentence, state in kinds
            if (items := await self._desk.items((state,)))
        ]
        return Said("\n\n".join(parts) or said.empty)

    async def _one(self, call: Call) -> Said:
        item = await self._named(call)
        card = desk_card.card(item, call.message.conversation, call.language, self._zone)
        noted = (desk_errands.noted(item.number, call.message),)
        return Said(card.text, card.buttons, card.sources, errands=noted)

    async def _answer(self, call: Call) -> Said:
        number, text = await self._worded(call)
        if not text:
            raise Misused
        return await self._answers.answer(call, number, text)

    async def _approve(self, call: Call) -> Said:
        item = await self._named(call)
        said, was = words(call.language), item.state
        item = await self._changed(call, item, desk_items.approved)
        # Also when it was approved before: perhaps by this very message, and then a crash came between.
        errands = (self._published(call, item), *after(item, call.message, mark(call.message)))
        sentence = said.approving if item.last == mark(call.message) else said.was_approved
        pair = desk_card.draft(item, call.language)
        return Said(sentence.format(number=item.number), errands=errands, before=was, after=pair)

    async def _edit(self, call: Call) -> Said:
        number, text = await self._worded(call)
        item = await desk_items.resolved(self._desk, number)
        if not item.answer:
            raise Cannot("no_draft", item.number)
        if text:
            return await self._answers.edit(call, item.number, pair_in(text) or Pair(answer=text))
        form = words(call.language).how_to_edit
        draft = {"question": item.draft or item.question, "answer": item.answer}
        noted = (desk_errands.noted(item.number, call.message),)
        return Said(form.format(number=item.number, **draft), errands=noted)

    async def _reject(self, call: Call) -> Said:
        item = await self._named(call)
        said, was = words(call.language), item.state
        item = await self._changed(call, item, desk_items.rejected)
        errands = (self._published(call, item), *after(item, call.message, mark(call.message)))
        sentence = said.was_withdrawn if was == "approved" else said.was_rejected
        return Said(sentence.format(number=item.number), errands=errands, before=was, after=item.state)

    async def _assign(self, call: Call) -> Said:
        number, name = await self._parts(call)
        item = await desk_items.resolved(self._desk, number)
        said, was = words(call.language), item.assignee
        name = name.lstrip("@") or call.message.sender.name or said.staff
        item = await self._changed(call, item, lambda one: desk_items.assigned(one, name))
        return self._shown(call, item, said.was_assigned.format(number=item.number, name=name), was, name)

    async def _ignore(self, call: Call) -> Said:
        item = await self._named(call)
        said, was = words(call.language), item.state
        item = await self._changed(call, item, desk_items.ignored)
        if item.state != "ignored":
            name = item.author or said.staff
            return Said(said.already.format(number=item.number, name=name))
        return self._shown(call, item, said.was_ignored.format(number=item.number), was, item.state)

    async def _merge(self, call: Call) -> Said:
        match = re.fullmatch(r"[#＃]?(\d{1,9})\s+(?:into\s+)?[#＃]?(\d{1,9})", call.arguments)
        if match is None:
            raise Misused
        number, into = int(match[1]), int(match[2])
        item, last = await self._desk.get(number), mark(call.message)
        if item is None:
            raise Cannot("gone", number)
        draft = item.draft or await self._answers.draft(item)
        target = await desk_items.merged(self._desk, item, into, draft, last)
        errands = [desk_errands.card(number, last), *after(target, call.message, last)]
        # What was served of it is no more: it cannot be reached by its number.
        errands.append(self._published(call, item))
        errands += joined(target, item.askers)
        if target.state == "approved":
            errands.append(self._published(call, target))
        sentence = words(call.language).was_merged.format(number=number, into=target.number)
        return Said(sentence, errands=tuple(errands), before=f"#{number}", after=f"#{target.number}")

    async def _named(self, call: Call) -> Item:
        """The item by its number, else the one that is replied to."""
        return await desk_items.resolved(self._desk, (await self._parts(call))[0])

    async def _parts(self, call: Call) -> tuple[int, str]:
        """The number in front, else that of the item that is replied to; and what stands behind."""
        if match := _NUMBER.fullmatch(call.arguments):
            return int(match[1]), match[2].strip()
        if pointed := await self._pointed_at(call):
            return pointed.number, call.arguments
        raise Misused(words(call.language).which)

    async def _worded(self, call: Call) -> tuple[int, str]:
        """The same; what stands in a reply to an item may begin with a number that is none of an item's."""
        pointed, match = await self._pointed_at(call), _NUMBER.fullmatch(call.arguments)
        if pointed is None or (match and (call.arguments[0] in "#＃" or int(match[1]) == pointed.number)):
            return await self._parts(call)
        return pointed.number, call.arguments

    async def _pointed_at(self, call: Call) -> Item | None:
        return await self._desk.shown_in(call.message.reply_to)

    async def _changed(self, call: Call, item: Item, change: Callable[[Item], Item]) -> Item:
        return await desk_items.changed(self._desk, item.number, mark(call.message), change)

    def _shown(self, call: Call, item: Item, sentence: str, before: str, now: str) -> Said:
        return Said(sentence, errands=after(item, call.message, mark(call.message)), before=before, after=now)

    def _published(self, call: Call, item: Item) -> Errand:
        message = call.message
        return self._publish(item.number, message.sender.name, message.sent_at.timestamp())

    def _lines(self, items: Sequence[Item], language: str) -> str:
        lines = [self._line(one, language) for one in items[:_LISTED]]
        if more := len(items) - _LISTED:
            lines += [f"- … +{more}"] if more > 0 else []
        return "\n".join(lines)

    def _line(self, item: Item, language: str) -> str:
        said = words(language)
        question = shortened(" ".join((item.draft or item.question).split()), _LINE).replace("\n", "")
        details = [duration(self._now() - item.at, language)]
        details += [f"×{len(item.askers)}"] if len(item.askers) > 1 else []
        details += [said.taken_by.format(name=item.assignee)] if item.assignee else []
        return said.line.format(number=item.number, question=question, details=" · ".join(details))
