"""The commands about course.toml: sources added to it and taken out from chats, and all of it read again."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence

from bot.arguments import asked_back, confirmed, none_of, one_of
from bot.command import Command, Misused
from bot.command_call import Call, Said
from bot.course import FeishuConfig, FilesConfig, GitConfig, SourceConfig, WebConfig, named_sources
from bot.course_file import CourseFile
from bot.index_words import IndexWords, index_words
from bot.settings import BadSetting
from bot.tasks import reindexing
from memory.staff import RuleBook
from rag.report import IndexReport

_USAGE = "add files|git|web|feishu WHERE [NAME] | remove NAME | list"
_ADD, _REMOVE, _LIST = {"add", "添加"}, {"remove", "删除"}, {"list", "列表"}
_KEYS = {"files": "path", "git": "url", "web": "urls"}
_AT_FEISHU = {
    "/wiki/": "wiki",
    "/docx/": "documents",
    "/docs/": "documents",
    "/folder/": "folder",
    "/base/": "bitable",
}
_CREDENTIALS = re.compile(r"//[^/@\s]*@")


class SourceCommands:
    """Sources and course.toml; `last` is what the last index run did."""

    def __init__(self, courses: CourseFile, book: RuleBook, last: Callable[[], IndexReport | None]) -> None:
        self._courses = courses
        self._book = book
        self._last = last

    @classmethod
    def table(cls) -> tuple[Command["SourceCommands"], ...]:
        """In the order of the help."""
        return (
            Command("source", "来源管理", cls.source, ("help",), "admin", _USAGE),
            Command("reload", "重新加载", cls.reload, role="admin"),
        )

    async def source(self, call: Call) -> Said:
        """管理资料来源 / add, remove and list sources of documents."""
        verb, *rest = call.arguments.split() or [""]
        words = index_words(call.language)
        try:
            if verb in _ADD:
                return await self._add(call, rest, words)
            if verb in _REMOVE:
                return await self._remove(call, words)
            if verb in _LIST:
                none_of(rest)
                return Said(await asyncio.to_thread(self._listed, words))
        except BadSetting as error:
            return Said((words.not_added if verb in _ADD else words.flawed).format(reason=error))
        raise Misused

    async def reload(self, call: Call) -> Said:
        """重新读取 course.toml / read course.toml again."""
        none_of(call.arguments.split())
        words = index_words(call.language)
        try:
            await asyncio.to_thread(self._courses.load)
        except BadSetting as error:
            return Said(words.not_reloaded.format(reason=error), after="refused")
        await self._book.reload(call.message.id)
        return Said(words.reloading, after="reloaded")

    async def _add(self, call: Call, rest: Sequence[str], words: IndexWords) -> Said:
        if len(rest) not in (2, 3):
            raise Misused
        if _CREDENTIALS.search(rest[1]):
            return Said(words.secret)
        name = await asyncio.to_thread(self._courses.add, _table(*rest, words=words))
        return _changed(call, words.added.format(name=name), f"source {name}")

    async def _remove(self, call: Call, words: IndexWords) -> Said:
        sure, call = confirmed(call)
        name = one_of(call.arguments.split()[1:])
        names = [one for one, _ in named_sources(await asyncio.to_thread(self._courses.load))]
        if name in names and name not in [one.name for one in self._courses.added()]:
            return Said(words.of_course.format(name=name))
        if sure:  # it may have been done already, when the same message comes twice
            await asyncio.to_thread(self._courses.remove, name)
            return _changed(call, words.removed.format(name=name), f"no source {name}")
        if name not in names:
            return Said(words.no_source.format(name=name, names=words.comma.join(names)))
        return asked_back(call, words.sure_remove.format(name=name), f"/source remove {name}")

    def _listed(self, words: IndexWords) -> str:
        added = {one.name for one in self._courses.added()}
        report = self._last()
        unread = {one.name for one in report.failed} if report else set()
        lines = []
        for name, source in named_sources(self._courses.load()):
            origin = words.in_chat if name in added else words.in_course
            line = f"- **{name}** · {source.kind} {_where(source)} · {origin}"
            lines.append(f"{line} · {words.unreadable}" if name in unread else line)
        return "\n".join([words.listed, "", *lines])


def _changed(call: Call, text: str, after: str) -> Said:
    return Said(text, errands=(reindexing(call.message, call.language, reload=True),), after=after)


def _table(kind: str, where: str, name: str = "", *, words: IndexWords) -> Mapping[str, object]:
    """The table of course.toml that says so. Raises Misused."""
    if kind == "feishu":
        key = next((key for part, key in _AT_FEISHU.items() if part in where), "")
        if not key:
            raise Misused(words.which_feishu)
    elif not (key := _KEYS.get(kind, "")):
        raise Misused
    return {"kind": kind, key: where} | ({"name": name} if name else {})


def _where(source: SourceConfig) -> str:
    match source:
        case FilesConfig():
            where = str(source.path)
        case GitConfig():
            where = source.url
        case WebConfig():
            where = ", ".join(source.urls)
        case FeishuConfig():
            where = ", ".join((*source.wiki, *source.documents, *source.folder, *source.bitable))
    return _CREDENTIALS.sub("//", where)
