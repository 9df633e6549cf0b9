"""The commands about figures. A docstring is the help line, Chinese and English, parted by a slash."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.base import Adapter, Enclosure, Sender
from bot.chart import chart
from bot.command import Command, Misused
from bot.command_call import Call, Said
from bot.conversations import chat_key, conversation_key, group_settings
from bot.course import Course
from bot.digest import Digest
from bot.digest_buttons import DigestButtons
from bot.handover import is_staff_chat
from bot.numbers import Record, by_day, code_of, figures, record
from bot.numbers_export import exported
from bot.numbers_text import figures_text, trace_text
from bot.numbers_topics import Groups, topics
from bot.numbers_words import words
from bot.posting import place_on
from memory.journal import Asked, Journal
from memory.staff import Desk

_DAYS = re.compile(r"(\d{1,3})\s?(?:d|days?|天|日)?", re.IGNORECASE)
_MOST_DAYS = 90  # the journal keeps no more
_DAY = 24 * 3600.0
_SHOWN, _LOOKED = 2 * _DAY, 300  # how long it is known where an answer is shown; so many are looked through


@dataclass(frozen=True, slots=True)
class Shown:
    """Where answers are shown: `sent` gives what the answer to a message of a conversation is shown under."""

    sent: Callable[[str, str], Awaitable[str]]
    platforms: Mapping[str, Adapter]


class NumbersCommands:
    """What the staff may see of how the bot is used."""

    def __init__(
        self,
        course: Course,
        journal: Journal,
        desk: Desk,
        groups: Groups,
        digest: Digest,
        buttons: DigestButtons,
        shown: Shown,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._course = course
        self._journal = journal
        self._desk = desk
        self._groups = groups
        self._digest = digest
        self._buttons = buttons
        self._shown = shown
        self._now = now
        self._zone = ZoneInfo(course.schedule.timezone)

    @classmethod
    def table(cls) -> tuple[Command["NumbersCommands"], ...]:
        """In the order of the help."""
        return (
            Command("stats", "统计", cls.stats, ("help",), "ta", "[7d]"),
            Command("digest", "日报", cls.digest, ("help",), "ta", "[1d]"),
            Command("export", "导出", cls.export, ("help",), "admin", "[30d]"),
            Command("trace", "追踪", cls.trace, ("help",), "admin", "[ID]"),
        )

    async def stats(self, call: Call) -> Said:
        """看看最近有多少提问、答得怎么样 / see how much is asked, and how it is answered."""
        here = call.in_group and not is_staff_chat(self._course.staff, call.message)
        chat = chat_key(call.message.conversation) if here else ""
        happened = await self._happened(_days(call, 7), chat)
        found = await asyncio.to_thread(topics, happened, self._groups)
        told, days = figures(happened), by_day(happened, self._zone)
        text = figures_text(happened, told, found, call.language, self._zone, here)
        if not told.questions or len(days) == 1:
            return Said(text)
        picture = await asyncio.to_thread(chart, days)
        name = f"questions-{days[0].day}-{days[-1].day}.png"
        legend = words(call.language).legend
        return Said(f"{text}\n\n{legend}", enclosures=(Enclosure(name, "image/png", picture),))

    async def digest(self, call: Call) -> Said:
        """看日报：问得多的、没答上的、被点踩的 / see the digest: asked often, not answered, voted down."""
        if not self._private(call):
            return Said(words(call.language).staff_chat_only)
        doing, _, code = call.arguments.partition(" ")
        if code:
            return await self._pressed(call, doing, code.strip())
        now = self._now()
        return await self._digest.said(now - _days(call, 1) * _DAY, now, call.language)

    async def _pressed(self, call: Call, doing: str, code: str) -> Said:
        match doing:
            case "answer":
                return await self._buttons.answer(call, code)
            case "assign":
                return await self._buttons.assign(call, code)
            case "ignore":
                return await self._buttons.ignore(call, code)
            case "back":
                return await self._buttons.back(call, code)
            case _:
                raise Misused

    async def export(self, call: Call) -> Said:
        """把提问记录导出成表格 / have the questions as a table (CSV)."""
        said = words(call.language)
        if not self._private(call):
            return Said(said.staff_chat_only)
        happened = await self._happened(_days(call, 30))
        if not happened.entries:
            return Said(said.nothing_to_export)
        first, last = (one.day for one in (by_day(happened, self._zone)[at] for at in (0, -1)))
        table = Enclosure(f"questions-{first}-{last}.csv", "text/csv", exported(happened, self._zone))
        text = said.exported.format(count=len(happened.entries), first=first, last=last)
        return Said(text, enclosures=(table,))

    async def trace(self, call: Call) -> Said:
        """查一条回答是怎么来的 / see how an answer came about."""
        said = words(call.language)
        entry = await self._meant(call)
        if entry is None:
            return Said(said.no_entry if call.arguments or call.message.reply_to else said.which_answer)
        if not self._private(call) and entry.chat != chat_key(call.message.conversation):
            return Said(said.elsewhere)
        votes = [one for one in await self._journal.votes(entry.at) if one.message_id == entry.message_id]
        return Said(trace_text(entry, votes, call.language, self._zone))

    async def _meant(self, call: Call) -> Asked | None:
        """The answer that is named, pointed at, or the asker's own last one in a direct chat."""
        if call.arguments:
            named = await self._journal.get(call.arguments)
            known = () if named else await self._journal.since(self._now() - _MOST_DAYS * _DAY)
            return named or next((one for one in known if code_of(one) == call.arguments), None)
        for id in call.message.reply_to:
            if pointed := await self._journal.get(id):
                return pointed
        here = chat_key(call.message.conversation)
        answers = [one for one in await self._journal.since(self._now() - _SHOWN) if one.chat == here]
        if not call.message.reply_to:
            return answers[-1] if answers and not call.in_group else None
        for entry in reversed(answers[-_LOOKED:]):
            if set(await self._messages(entry)) & set(call.message.reply_to):
                return entry
        return None

    async def _messages(self, entry: Asked) -> tuple[str, ...]:
        """The ids of the messages in which the answer is shown, as far as that is known."""
        place = place_on(entry.place)
        scope = group_settings(self._course, place).memory
        sent_id = await self._shown.sent(
            conversation_key(place, Sender(entry.person), scope), entry.message_id
        )
        return self._shown.platforms[place.platform].messages(sent_id) if sent_id else ()

    async def _happened(self, days: int, chat: str = "") -> Record:
        """What happened today and on the days before it."""
        now = self._now()
        today = datetime.fromtimestamp(now, self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        since = (today - timedelta(days=days - 1)).timestamp()
        return await record(self._journal, self._desk, since, now, chat)

    def _private(self, call: Call) -> bool:
        """Whether only those read it who may know what was asked anywhere."""
        return not call.in_group or is_staff_chat(self._course.staff, call.message)


def _days(call: Call, usual: int) -> int:
    """How many days are asked for. Raises Misused."""
    if not call.arguments:
        return usual
    match = _DAYS.fullmatch(call.arguments)
    if not match or not 1 <= int(match[1]) <= _MOST_DAYS:
        raise Misused(words(call.language).which_days)
    return int(match[1])
