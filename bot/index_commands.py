"""The commands about the index: brought up to date, put back, and how that and all else is doing."""

import asyncio
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.base import Button
from bot.arguments import asked_back, confirmed, none_of, one_of
from bot.command import Command, Misused
from bot.command_call import Call, Said
from bot.index_words import index_words
from bot.staff_words import moment
from bot.status import Status
from bot.tasks import Tasks, cancelling, reindexing
from rag import locks, versions
from rag.types import IndexUnavailable, RagError

_TERMINAL = "terminal"  # nothing is done in the background there
_VERSION = re.compile(r"v\d{4,}", re.ASCII)


class IndexCommands:
    """Runs and versions of the index in `folder`; times are told in `zone`."""

    def __init__(self, folder: Path, zone: ZoneInfo, tasks: Tasks, status: Status) -> None:
        self._folder = folder
        self._zone = zone
        self._tasks = tasks
        self._status = status

    @classmethod
    def table(cls) -> tuple[Command["IndexCommands"], ...]:
        """In the order of the help."""
        return (
            Command("status", "状态", cls.status, role="ta"),
            Command("reindex", "重建索引", cls.reindex, role="ta", usage="[--force]"),
            Command("cancel", "取消", cls.cancel, role="ta"),
            Command("versions", "版本", cls.versions, role="ta"),
            Command("rollback", "回滚", cls.rollback, role="admin", usage="[VERSION]"),
        )

    async def status(self, call: Call) -> Said:
        """看看我现在怎么样 / see how I am doing."""
        none_of(call.arguments.split())
        return Said(await self._status.told(call))

    async def reindex(self, call: Call) -> Said:
        """从资料重建索引 / bring the index up to date with the documents."""
        sure, call = confirmed(call)
        words, force = index_words(call.language), bool(call.arguments)
        if force and one_of(call.arguments.split()) != "--force":
            raise Misused
        if force and not sure:
            return asked_back(call, words.sure_force, "/reindex --force")
        if call.message.conversation.platform == _TERMINAL:
            return Said(words.in_terminal)
        errand = reindexing(call.message, call.language, force=force)
        under_way = await self._tasks.waiting()
        if under_way and errand.id not in under_way:
            return Said(words.already, (Button(words.cancel, "/cancel"),))
        return Said(words.begun, errands=(errand,))

    async def cancel(self, call: Call) -> Said:
        """停下正在进行的重建 / stop the index run under way."""
        none_of(call.arguments.split())
        words = index_words(call.language)
        if not await self._tasks.waiting():
            return Said(words.nothing_to_cancel)
        return Said(words.cancelling, errands=(cancelling(call.message),))

    async def versions(self, call: Call) -> Said:
        """看保留了哪些索引版本 / see which versions of the index are kept."""
        none_of(call.arguments.split())
        words = index_words(call.language)
        try:
            stored = await asyncio.to_thread(versions.versions, self._folder)
        except IndexUnavailable:
            return Said(words.without_index)
        lines = []
        for one in stored:
            line = words.version.format(
                name=one.name,
                built=moment(one.built.timestamp(), self._zone),
                documents=one.documents,
                passages=one.passages,
            )
            lines.append(f"{line} · **{words.in_use}**" if one.current else line)
        if held := versions.held(self._folder):
            lines += ["", words.held.format(version=held)]
        return Said("\n".join([words.versions.format(zone=self._zone.key), "", *lines]))

    async def rollback(self, call: Call) -> Said:
        """退回上一个索引版本 / go back to the version of the index before."""
        sure, call = confirmed(call)
        words, named = index_words(call.language), call.arguments
        if named and not _VERSION.fullmatch(named):
            raise Misused
        try:
            now = versions.current(self._folder)
            # What was done already is not done again, when the same message comes twice.
            if sure and named == now:
                return Said(words.back.format(version=now))
            before = versions.before(self._folder)
            if named and named != before:
                return Said(words.only_before.format(before=before))
            if not (sure and named):
                return asked_back(call, words.sure_back.format(now=now, before=before), f"/rollback {before}")
            then = await asyncio.to_thread(versions.rollback, self._folder)
        except IndexUnavailable:
            return Said(words.no_before)
        except locks.UnderWay:
            return Said(words.busy)
        except RagError as error:
            return Said(words.not_back.format(reason=error))
        return Said(words.back.format(version=then), before=now, after=then)
