"""Index runs from a chat: shown as they go, cancelled, waited for, done once; and what is told of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.errands import Errands, queue
from bot.index_words import CHINESE, ENGLISH
from bot.posting import Posting
from bot.reindex import RunFailed, UnderWay
from bot.tasks import CANCEL, Tasks, cancelling, reindexing, told
from memory.inbox import RedisInbox
from memory.rules import RedisRuleBook
from rag.report import Broken, Changes, IndexReport, SourceReport
from rag.types import Progress
from tests.fakes.board import Board

PLACE = Conversation("board", "staff", "group", "7")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICK = 0.02
WELL = IndexReport(Changes(added=2, removed=1), Changes(), (), 3.14, "v0002")


class Run:
    """An index run that ends when it is let; it notes how it was begun, and fails as it is told."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[bool] = asyncio.Queue()
        self.progress: Progress = lambda stage, done, total: None
        self.cancelled = 0
        self.ended: asyncio.Future[IndexReport] = asyncio.get_running_loop().create_future()
        self.failures: list[Exception] = []

    async def __call__(self, force: bool, progress: Progress) -> IndexReport:
        self.progress = progress
        self.begun.put_nowait(force)
        if self.failures:
            raise self.failures.pop()
        try:
            return await asyncio.shield(self.ended)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class Bench:
    """The tasks on a real inbox; what they show is on the board."""

    def __init__(self, client: Redis) -> None:
        self.inbox = RedisInbox(client, lease=0.3, sweep=0.05)
        self.board, self.run = Board(), Run()
        self.last: IndexReport | None = None
        self.book = RedisRuleBook(client)
        posting = Posting({"board": self.board})
        self.tasks = Tasks(self.inbox, posting, self.run, self.book, lambda: self.last, TICK)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Until the end of the block, which is as sudden as kill -9."""
        hands = Errands(self.inbox, self.tasks.doers(), pause=0.05).hands()
        async with asyncio.timeout(20):
            running = [asyncio.create_task(one) for one in (self.inbox.listen(), hands.run())]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
                await hands.drain(within=0)

    async def asked(self, number: int = 1, force: bool = False, reload: bool = False) -> None:
        await queue(self.inbox, reindexing(message(number), "zh", force=force, reload=reload))

    async def shows(self, text: str) -> None:
        while await self.board.shown.get() != text:
            pass

    async def settled(self) -> None:
        while (await self.inbox.state()).waiting:
            await self.inbox.ready()

    @property
    def text(self) -> str:
        [note] = self.board.notes.values()
        return note.text


def message(number: int) -> Message:
    return Message(f"board:{number}", PLACE, Sender("board:ada"), "/reindex", AT)


@pytest.fixture
async def bench(client: Redis) -> Bench:
    return Bench(client)


async def test_a_run_shows_how_far_it_is_and_what_it_did_in_one_place(bench: Bench) -> None:
    async with bench.working():
        await bench.asked()
        assert await bench.run.begun.get() is False
        await bench.shows(CHINESE.starting)
        bench.run.progress("embedding", 3, 9)
        await bench.shows("正在重建索引：计算向量，3 / 9")
        [note] = bench.board.notes.values()
        assert (note.conversation, [one.command for one in note.buttons]) == (PLACE, ["/cancel"])
        bench.run.ended.set_result(WELL)
        await bench.settled()
    assert bench.text == told(WELL, CHINESE)
    assert next(iter(bench.board.notes.values())).buttons == ()


async def test_a_run_whose_end_cannot_be_shown_is_not_made_again(client: Redis) -> None:
    bench = Bench(client)
    tasks = Tasks(bench.inbox, Posting({}), bench.run, bench.book, lambda: None, TICK)
    hands = Errands(bench.inbox, tasks.doers()).hands()
    async with asyncio.timeout(10):
        running = asyncio.create_task(hands.run())
        await bench.asked(reload=True)
        await bench.run.begun.get()
        bench.run.ended.set_result(WELL)
        while not (await bench.book.rules()).reload:
            await asyncio.wait([running], timeout=TICK)
        running.cancel()
        await asyncio.wait([running])
        await hands.drain(within=0)
    assert bench.run.begun.empty()
    [waiting] = await bench.inbox.waiting("errands:post%3Aboard%3Astaff")
    assert told(WELL, CHINESE) in json.loads(json.loads(waiting.body)[1])[1]


async def test_a_run_that_is_cancelled_ends_and_says_so(bench: Bench) -> None:
    async with bench.working():
        await bench.asked()
        await bench.run.begun.get()
        await queue(bench.inbox, cancelling(message(2)))
        await bench.shows(CHINESE.cancelled)
        await bench.settled()
    assert (bench.text, bench.run.cancelled) == (CHINESE.cancelled, 1)


async def test_who_cancels_when_nothing_runs_does_no_harm_to_the_next_run(bench: Bench) -> None:
    async with bench.working():
        await queue(bench.inbox, cancelling(message(1)))
        await bench.settled()
        await bench.asked(2)
        await bench.run.begun.get()
        bench.run.ended.set_result(WELL)
        await bench.settled()
    assert bench.text == told(WELL, CHINESE)


async def test_a_run_begins_when_another_one_has_ended(bench: Bench) -> None:
    bench.run.failures = [UnderWay("another one")]
    bench.run.ended.set_result(WELL)
    async with bench.working():
        await bench.asked(force=True)
        assert [await bench.run.begun.get(), await bench.run.begun.get()] == [True, True]
        await bench.settled()
    assert bench.text == told(WELL, CHINESE)


async def test_one_that_waits_for_another_says_so_and_may_be_cancelled(bench: Bench) -> None:
    bench.run.failures = [UnderWay("another one")] * 1000
    async with bench.working():
        await bench.asked()
        await bench.shows(CHINESE.queued)
        await queue(bench.inbox, cancelling(message(2)))
        await bench.settled()
    assert bench.text == CHINESE.cancelled


@pytest.mark.parametrize("reload", [False, True])
async def test_a_run_that_fails_says_why_and_course_toml_is_read_all_the_same(
    bench: Bench, reload: bool
) -> None:
    bench.run.failures = [RunFailed("the disk is full")]
    async with bench.working():
        await bench.asked(reload=reload)
        await bench.settled()
    assert "the disk is full" in bench.text
    assert (await bench.book.rules()).reload == ("task.reindex:board:1" if reload else "")


async def test_what_a_killed_process_had_begun_another_one_does_in_the_same_place(
    bench: Bench, client: Redis
) -> None:
    async with bench.working():
        await bench.asked()
        await bench.shows(CHINESE.starting)
    assert bench.run.cancelled == 1
    again = Bench(client)
    again.board.notes = bench.board.notes
    async with again.working():
        await again.run.begun.get()
        again.run.ended.set_result(WELL)
        await again.settled()
    assert again.text == told(WELL, CHINESE)


async def test_a_run_that_had_ended_when_its_process_was_killed_is_not_repeated(bench: Bench) -> None:
    async with bench.working():
        await bench.asked()
        await bench.shows(CHINESE.starting)
        await bench.run.begun.get()
    bench.last = IndexReport(Changes(), Changes(), (), 1, "v0003", started=datetime.now(UTC))
    async with bench.working():
        await bench.settled()
    assert bench.text == told(bench.last, CHINESE)
    assert bench.run.begun.empty()


async def test_a_run_of_before_is_not_taken_for_the_one_that_is_asked_for(bench: Bench) -> None:
    bench.last = IndexReport(Changes(), Changes(), (), 1, "v0001", started=datetime.now(UTC))
    bench.run.ended.set_result(WELL)
    async with bench.working():
        await bench.asked()
        await bench.settled()
    assert bench.text == told(WELL, CHINESE)


async def test_a_chat_that_shows_nothing_for_a_while_keeps_no_run_from_its_end(bench: Bench) -> None:
    bench.board.refused = {CHINESE.starting}
    async with bench.working():
        await bench.asked()
        await bench.run.begun.get()
        bench.run.ended.set_result(WELL)
        await bench.settled()
    assert bench.text == told(WELL, CHINESE)


async def test_what_is_not_done_yet_is_known_by_its_kind(bench: Bench) -> None:
    await bench.asked()
    await queue(bench.inbox, cancelling(message(2)))
    assert await bench.tasks.waiting() == ["task.reindex:board:1"]
    assert await bench.tasks.waiting(CANCEL) == ["task.cancel:board:2"]


def test_a_report_is_told_with_what_was_refused_and_what_could_not_be_read() -> None:
    refused = IndexReport(
        Changes(changed=1),
        Changes(),
        (),
        1.0,
        "v0001",
        sources=(SourceReport("book", Changes(), "source 'book': no answer"),),
        refused=(Broken("how to quantise", "a", "b"),),
    )
    text = told(refused, ENGLISH)
    assert "how to quantise" in text
    assert "v0001 stays" in text
    assert "source 'book': no answer" in text
    assert "2 added, 1 removed" in told(WELL, ENGLISH)
    assert ENGLISH.unchanged in told(IndexReport(Changes(), Changes(), (), 1, "v0001"), ENGLISH)
