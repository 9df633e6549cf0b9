"""How the bot is doing, for /status."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.base import Adapter
from bot.command_call import Call
from bot.conversations import chat_key, group_settings
from bot.course import Course
from bot.index_words import IndexWords, index_words
from bot.replies import duration
from bot.staff_words import moment, staff_words
from memory.base import MemoryUnavailable
from memory.mail import Inbox
from memory.staff import Desk, GroupRule, RuleBook
from rag import versions
from rag.report import IndexReport
from rag.types import IndexUnavailable

Model = Callable[[], Awaitable[Sequence[tuple[str, str]]]]
"""Each model server with what is wrong with it, or an empty text."""

_PATIENCE = 3.0  # seconds for a model server that does not answer


@dataclass(frozen=True, slots=True)
class Status:
    """What is told of the bot: of its index in `folder`, its model where there is one, since when it runs."""

    course: Course
    folder: Path
    last: Callable[[], IndexReport | None]
    inbox: Inbox
    desk: Desk
    book: RuleBook
    platforms: Mapping[str, Adapter]
    model: Model | None
    since: float

    async def told(self, call: Call) -> str:
        """All of it, a line each; in a group also how the bot behaves there."""
        words = index_words(call.language)
        lines = [
            self._index(words, call.language),
            self._run(words, call.language),
            await self._model(words),
            self._connected(words),
            *await self._mail(words),
            *([await self._group(call, words)] if call.in_group else []),
            words.version_line.format(
                version=version("puyu-ta"), uptime=duration(time.time() - self.since, call.language)
            ),
        ]
        return "\n".join([words.status, "", *(f"- {line}" for line in lines)])

    def _index(self, words: IndexWords, language: str) -> str:
        try:
            name, manifest = versions.newest(self.folder)
        except IndexUnavailable:
            return words.without_index
        age = duration(time.time() - datetime.fromisoformat(manifest.built).timestamp(), language)
        return words.index_line.format(version=name, age=age)

    def _run(self, words: IndexWords, language: str) -> str:
        report = self.last()
        if report is None or report.started is None:
            return words.no_run
        refused, failed = bool(report.refused), bool(report.failed)
        outcome = words.run_refused if refused else words.run_failed if failed else words.run_well
        ago = duration(time.time() - report.started.timestamp(), language)
        return words.run_line.format(ago=ago, outcome=outcome)

    async def _model(self, words: IndexWords) -> str:
        if self.model is None:
            return words.no_model
        try:
            async with asyncio.timeout(_PATIENCE):
                servers = await self.model()
        except TimeoutError:
            return words.model_silent
        working = sum(not problem for _, problem in servers)
        return words.model_line.format(working=working, all=len(servers))

    def _connected(self, words: IndexWords) -> str:
        each = (
            (words.connected if adapter.connected else words.broken).format(name=name)
            for name, adapter in self.platforms.items()
        )
        return words.platform_line.format(platforms=words.comma.join(each))

    async def _mail(self, words: IndexWords) -> list[str]:
        try:
            mail, open_items = await asyncio.gather(self.inbox.state(), self.desk.items({"open"}))
        except MemoryUnavailable:
            return [words.memory_away]
        # The message that asks for this is in hand itself.
        waiting = max(mail.waiting - 1, 0)
        return [
            words.mail_line.format(waiting=waiting, dead=mail.dead),
            words.desk_line.format(open=len(open_items)),
        ]

    async def _group(self, call: Call, words: IndexWords) -> str:
        place = call.message.conversation
        rule = (await self.book.rules()).groups.get(chat_key(place), GroupRule())
        mode = rule.mode or group_settings(self.course, place).mode
        muted = ""
        if rule.muted_until > time.time():
            until = rule.muted_until
            zone = ZoneInfo(self.course.schedule.timezone)
            muted = words.muted if math.isinf(until) else words.muted_until.format(until=moment(until, zone))
        # As course.toml names it.
        id, mode = f"{place.platform}:{place.chat_id}", staff_words(call.language).modes[mode]
        return words.group_line.format(id=id, mode=mode, muted=muted)
