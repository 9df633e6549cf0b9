"""Exactly those whose answers stood on what changed learn of it: once, in one note, at a fit time."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation
from bot.course import Course, FilesConfig, Group
from bot.errands import Errand, Queue, Underway
from bot.news import KIND, News
from bot.posting import Posting, place_line
from memory.entries import RedisJournal
from memory.journal import Asked, Standing
from memory.lease import RedisLease
from memory.people import RedisPeople
from memory.rules import RedisRuleBook
from rag import index
from rag.citations import to_source, told_apart
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources.files import FilesSource
from rag.types import Hit, Passage
from tests.fakes.board import Board
from tests.fakes.recording_embedder import RecordingEmbedder

DIRECT = Conversation("telegram", "42")
GROUP = Conversation("telegram", "-100", "group")
LESSON = "# 作业\n\n## 提交\n\n在 12 月 1 日之前提交。\n\n## 领取证书\n\n填问卷。\n"


class Docs:
    """A folder of documents and its index."""

    def __init__(self, folder: Path) -> None:
        self._docs, self._index = folder / "docs", folder / "index"
        self._docs.mkdir()
        self.embedder = RecordingEmbedder()
        self.write(LESSON)

    def write(self, text: str, name: str = "lesson.md") -> None:
        (self._docs / name).write_text(text, "utf-8")
        sources = [FilesSource("docs", self._docs)]
        Indexer(sources, self.embedder, self._index).refresh()

    def served(self) -> Retriever:
        return Retriever(index.opened(self._index, self.embedder.id), self.embedder)

    def follow(self, served: Retriever) -> None:
        served.use(index.opened(self._index, self.embedder.id))

    def passage(self, heading: str, name: str = "lesson.md") -> Passage:
        return next(one for one in self.served().document(f"docs/{name}") if one.heading == heading)


def standing(passage: Passage) -> Standing:
    source = to_source(passage)
    return Standing(
        source.passage, source.document, source.title, source.heading, source.revision, source.digest
    )


class World:
    """Askers, what they were answered from, and the notes that are queued."""

    def __init__(self, client: Redis, docs: Docs) -> None:
        self.client = client
        self.docs = docs
        self.journal = RedisJournal(client)
        self.notes: dict[str, Errand] = {}

    async def asked(
        self, id: str, *headings: str, person: str = "", place: Conversation = DIRECT, ago: float = 60.0
    ) -> Asked:
        """Somebody was answered from these passages."""
        entry = Asked(
            id,
            person or f"telegram:{id}",
            time.time() - ago,
            "telegram:42",
            place_line(place),
            f"问题 {id}",
            "answered",
            language="zh",
            standing=tuple(standing(self.docs.passage(heading)) for heading in headings),
        )
        await self.journal.put(entry)
        return entry

    async def queue(self, errand: Errand) -> None:
        """As the inbox does: once per id."""
        self.notes.setdefault(errand.id, errand)

    def news(
        self,
        served: Retriever,
        board: Board | None = None,
        queue: Queue | None = None,
        group: Group | None = None,
        now: Callable[[], float] = time.time,
    ) -> News:
        """That of one replica."""
        return News(
            course({"default": group} if group else {}),
            self.journal,
            RedisRuleBook(self.client),
            served,
            queue or self.queue,
            Posting({"telegram": board or Board()}),
            RedisLease(self.client),
            pause=0.01,
            now=now,
        )

    @property
    def told(self) -> list[str]:
        """Who is told, by the ids of their questions."""
        return sorted(json.loads(one.body)[0] for one in self.notes.values())


def course(groups: Mapping[str, Group]) -> Course:
    return Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path("docs")),), groups=groups)


@pytest.fixture
def docs(tmp_path: Path) -> Docs:
    return Docs(tmp_path)


@pytest.fixture
def world(client: Redis, docs: Docs) -> World:
    return World(client, docs)


async def after(world: World, text: str) -> list[str]:
    """Who is told when the lesson reads so."""
    served = world.docs.served()
    news = world.news(served)
    await news.look()
    assert not world.notes
    world.docs.write(text)
    world.docs.follow(served)
    await news.look()
    return world.told


async def test_a_changed_text_is_news_for_those_only_whose_answers_stood_on_it(world: World) -> None:
    await world.asked("1", "提交")
    await world.asked("2", "领取证书")
    await world.asked("3", "领取证书", "提交")
    assert await after(world, LESSON.replace("12 月 1 日", "12 月 8 日")) == ["1", "3"]


async def test_a_renamed_heading_is_news_about_the_same_passage(world: World) -> None:
    await world.asked("1", "提交")
    await world.asked("2", "领取证书")
    assert await after(world, LESSON.replace("## 提交", "## 提交时间")) == ["1"]
    (note,) = world.notes.values()
    assert "提交时间" in note.body


async def test_a_passage_that_is_gone_or_merely_moved_is_no_news(world: World) -> None:
    await world.asked("1", "提交")
    await world.asked("2", "领取证书")
    assert await after(world, "# 作业\n\n## 新\n\n新的。\n\n## 领取证书\n\n填问卷。\n") == []


async def test_a_renamed_chapter_above_is_no_news(world: World) -> None:
    await world.asked("1", "提交")
    assert await after(world, LESSON.replace("# 作业\n", "# 第一次作业\n")) == []


async def test_nothing_is_told_twice(world: World) -> None:
    await world.asked("1", "提交")
    assert await after(world, LESSON.replace("12 月 1 日", "12 月 8 日")) == ["1"]
    world.docs.write("# 别的\n\n新的一页。\n", "other.md")
    for _ in range(2):  # and after a restart
        await world.news(world.docs.served()).look()
    assert world.told == ["1"]


async def test_each_change_is_told(world: World) -> None:
    await world.asked("1", "提交")
    for day in ("8", "15"):
        world.docs.write(LESSON.replace("12 月 1 日", f"12 月 {day} 日"))
        await world.news(world.docs.served()).look()
    assert world.told == ["1", "1"]


async def test_what_came_back_to_what_it_was_is_told_once(world: World) -> None:
    await world.asked("1", "提交")
    for text in (LESSON.replace("1 日", "8 日"), LESSON, LESSON.replace("1 日", "8 日"), LESSON):
        world.docs.write(text)
        await world.news(world.docs.served()).look()
    assert world.told == ["1", "1"]


async def test_many_changes_and_many_questions_make_one_note_below_the_latest(world: World) -> None:
    await world.asked("1", "提交", person="telegram:7", ago=90)
    await world.asked("2", "提交", "领取证书", person="telegram:7", ago=60)
    changed = LESSON.replace("1 日", "8 日").replace("问卷", "表格")
    assert await after(world, changed) == ["2"]


async def test_what_somebody_asked_elsewhere_is_not_told_here(world: World) -> None:
    await world.asked("1", "提交", person="telegram:7", ago=90)
    await world.asked("2", "领取证书", person="telegram:7", place=GROUP)
    assert await after(world, LESSON.replace("1 日", "8 日").replace("问卷", "表格")) == ["1", "2"]
    (in_group,) = (one for one in world.notes.values() if json.loads(one.body)[0] == "2")
    assert "8 日" not in in_group.body


async def test_who_asked_long_ago_is_left_alone(world: World) -> None:
    await world.asked("1", "提交", ago=8 * 24 * 3600)
    assert await after(world, LESSON.replace("1 日", "8 日")) == []


async def test_the_mark_of_another_cohort_is_no_change(world: World) -> None:
    passage = replace(world.docs.passage("提交"), cohort="camp3", title="提交")
    (marked,) = told_apart([Hit(passage, 1.0)], "camp4")
    assert marked.passage.heading != passage.heading
    assert to_source(marked.passage).digest == to_source(passage).digest


async def test_who_was_answered_from_a_newer_version_elsewhere_is_not_told_of_the_old_one(
    world: World,
) -> None:
    older = world.docs.served()
    news = world.news(older)
    await news.look()
    world.docs.write(LESSON.replace("1 日", "8 日"))
    await world.asked("1", "提交", ago=-1)
    await news.look()
    assert world.told == []


async def test_two_replicas_tell_once(world: World) -> None:
    await world.asked("1", "提交")
    world.docs.write(LESSON.replace("1 日", "8 日"))
    await asyncio.gather(*(world.news(world.docs.served()).look() for _ in range(2)))
    assert world.told == ["1"]


async def test_a_crash_before_it_is_marked_repeats_nothing(world: World) -> None:
    before = await world.asked("1", "提交")
    world.docs.write(LESSON.replace("1 日", "8 日"))
    await world.news(world.docs.served()).look()
    marked = await world.journal.get("1")
    assert marked
    await world.journal.renew(marked, before)
    await world.news(world.docs.served()).look()
    assert world.told == ["1"]


class Told:
    """Does the errand as the inbox would, on a board."""

    def __init__(
        self, world: World, group: Group | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self.board = Board()
        self._world = world
        self._news = world.news(world.docs.served(), self.board, group=group, now=now)

    async def do(self) -> float | None:
        (errand,) = self._world.notes.values()
        return await self._news.doers()[KIND](Underway(errand, time.time(), "", self._keep))

    async def _keep(self, sent_id: str) -> None: ...


async def changed_for(world: World, place: Conversation) -> None:
    await world.asked("1", "提交", place=place)
    world.docs.write(LESSON.replace("12 月 1 日", "12 月 8 日"))
    await world.news(world.docs.served()).look()


async def test_the_note_has_the_new_passage_and_answers_the_question(world: World) -> None:
    await changed_for(world, DIRECT)
    told = Told(world)
    assert await told.do() is None
    (note,) = told.board.notes.values()
    assert (note.in_reply_to, note.conversation, note.final) == ("1", DIRECT, True)
    assert "问题 1" in note.text
    assert "> 在 12 月 8 日之前提交。" in note.text
    assert [one.heading for one in note.sources] == ["提交"]


@pytest.mark.parametrize("rule", [Group(quiet_hours="23:00-07:00"), Group(mode="quiet")])
async def test_a_group_that_is_to_be_left_alone_hears_of_it_later(world: World, rule: Group) -> None:
    await changed_for(world, GROUP)
    night = datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    quiet, later = Told(world, rule, lambda: night), Told(world)
    assert await quiet.do()
    assert not quiet.board.notes
    assert await later.do() is None
    assert later.board.notes


async def test_who_wanted_to_be_forgotten_meanwhile_is_not_told(world: World, client: Redis) -> None:
    await changed_for(world, DIRECT)
    await RedisPeople(client).forget("telegram:1")
    told = Told(world)
    assert await told.do() is None
    assert not told.board.notes


async def test_a_bot_that_runs_tells_soon_after_another_version_is_served(world: World) -> None:
    await world.asked("1", "提交")
    served, there = world.docs.served(), asyncio.Event()

    async def take(errand: Errand) -> None:
        await world.queue(errand)
        there.set()

    news = world.news(served, queue=take)
    running = asyncio.create_task(news.run())
    world.docs.write(LESSON.replace("1 日", "8 日"))
    world.docs.follow(served)
    async with asyncio.timeout(20):
        await there.wait()
    while (
        not running.done()
    ):  # of Python 3.11 a cancellation is lost that comes together with a reply of Redis
        running.cancel()
        await asyncio.wait([running], timeout=0.1)
    assert world.told == ["1"]
