"""What is done by the clock is done when the cron line says so, once, and never against the staff's will."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from redis.asyncio import Redis

from bot.reindex import RunFailed, told
from bot.schedule import JITTER, Reindexing, Timetable, cron, identity, jittered, whenever
from memory.base import MemoryUnavailable, Slots
from memory.slots import RedisSlots
from rag.report import Broken, Changes, IndexReport, SourceReport

SATURDAY = datetime(2026, 8, 1, 12, tzinfo=UTC)
DONE = IndexReport(Changes(added=1, kept=7), Changes(), (), 1.5, "v0002")


def fires(line: str, number: int = 3, zone: str = "UTC") -> list[str]:
    """When the line comes due after Saturday noon."""
    trigger, at, times = cron(line, zone), SATURDAY, []
    for _ in range(number):
        at = trigger.get_next_fire_time(at, at)
        times.append(f"{at.astimezone(UTC):%a %H:%M}")
    return times


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("*/30 * * * *", ["Sat 12:30", "Sat 13:00", "Sat 13:30"]),
        ("0 9 * * 0", ["Sun 09:00", "Sun 09:00", "Sun 09:00"]),
        ("0 9 * * 7", ["Sun 09:00", "Sun 09:00", "Sun 09:00"]),
        ("0 9 * * 1-3", ["Mon 09:00", "Tue 09:00", "Wed 09:00"]),
        ("0 9 * * 5-7", ["Sun 09:00", "Fri 09:00", "Sat 09:00"]),
        ("0 9 * * 0-6/3", ["Sun 09:00", "Wed 09:00", "Sat 09:00"]),
        ("0 9 * * 1/2", ["Mon 09:00", "Wed 09:00", "Fri 09:00"]),
        ("0 9 * * */2", ["Sun 09:00", "Tue 09:00", "Thu 09:00"]),
        ("0 9 * * fri,1", ["Mon 09:00", "Fri 09:00", "Mon 09:00"]),
        ("0 9 * * mon-fri", ["Mon 09:00", "Tue 09:00", "Wed 09:00"]),
    ],
)
def test_a_cron_line_means_what_it_means_to_cron(line: str, times: list[str]) -> None:
    assert fires(line) == times


def test_a_cron_line_is_read_in_its_time_zone() -> None:
    assert fires("0 9 * * *", 1, "Asia/Shanghai") == ["Sun 01:00"]


@pytest.mark.parametrize(
    "line", ["* * * *", "x * * * *", "* 25 * * *", "* * * * 8", "* * * * 5-2", "* * * * 1/0", "0 0 31 2 *"]
)
def test_a_line_that_cron_would_not_take_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="a cron line of minute, hour, day, month and weekday"):
        cron(line, "UTC")


def test_a_run_comes_a_little_later_each_time_but_never_early() -> None:
    trigger = jittered(cron("0 9 * * *", "UTC"))
    late = {trigger.get_next_fire_time(None, SATURDAY) - (SATURDAY + timedelta(hours=21)) for _ in range(9)}
    assert len(late) > 1
    assert all(timedelta() <= one <= timedelta(seconds=JITTER) for one in late)


class Often(IntervalTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires a hundred times a second, and tells when it has."""

    def __init__(self) -> None:
        super().__init__(seconds=0.01)
        self._fired = asyncio.Event()

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        self._fired.set()
        following: datetime = super().get_next_fire_time(previous, now)
        return following

    async def fired(self, times: int) -> None:
        """Return when it has fired so many times more."""
        for _ in range(times):
            self._fired.clear()
            async with asyncio.timeout(10):
                await self._fired.wait()


@asynccontextmanager
async def scheduled(
    trigger: IntervalTrigger | DateTrigger, work: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    task = asyncio.create_task(whenever(trigger, work))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_work_is_done_whenever_the_trigger_fires() -> None:
    done, trigger = asyncio.Event(), Often()

    async def work() -> None:
        done.set()

    async with scheduled(trigger, work), asyncio.timeout(10):
        for _ in range(3):
            await done.wait()
            done.clear()


async def test_work_that_takes_long_is_never_done_twice_at_once() -> None:
    running, most, trigger = 0, 0, Often()

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await trigger.fired(3)
        running -= 1

    async with scheduled(trigger, work):
        await trigger.fired(10)
    assert most == 1


async def test_a_run_that_came_due_long_ago_is_made_up_for() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    async with scheduled(DateTrigger(SATURDAY - timedelta(days=99)), work), asyncio.timeout(10):
        await done.wait()


async def test_work_under_way_is_cancelled_with_the_schedule() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with scheduled(Often(), work), asyncio.timeout(10):
        await begun.wait()
    assert ended.is_set()


class Runs:
    """Stands in for `puyu index`: counts its runs and ends as it is told to."""

    def __init__(self, ends: IndexReport | RunFailed = DONE) -> None:
        self.number = 0
        self._ends = ends

    async def __call__(self) -> IndexReport:
        self.number += 1
        if isinstance(self._ends, RunFailed):
            raise self._ends
        return self._ends


class NoMemory:
    """Slots without a Redis."""

    async def take(self, name: str, slot: str) -> bool:
        raise MemoryUnavailable("Redis does not answer")


def reindexing(folder: Path, slots: Slots, runs: Runs, held: str = "", at: datetime = SATURDAY) -> Reindexing:
    trigger = cron("*/30 * * * *", "UTC")
    return Reindexing(trigger, folder, slots, runs, held=lambda: held, now=lambda: at)


async def test_of_several_processes_on_one_index_one_runs_a_slot(tmp_path: Path, client: Redis) -> None:
    runs = Runs()
    minutes = (0, 1, 29)  # a process may be late, and its clock wrong
    for late in minutes:
        at = SATURDAY + timedelta(minutes=late)
        await reindexing(tmp_path, RedisSlots(client), runs, at=at).once()
    assert runs.number == 1


async def test_the_next_slot_is_run_again(tmp_path: Path, client: Redis) -> None:
    runs = Runs()
    for minutes in (0, 30):
        at = SATURDAY + timedelta(minutes=minutes)
        await reindexing(tmp_path, RedisSlots(client), runs, at=at).once()
    assert runs.number == 2


async def test_processes_with_an_index_of_their_own_run_each(tmp_path: Path, client: Redis) -> None:
    runs = Runs()
    for name in ("a", "b"):
        await reindexing(tmp_path / name, RedisSlots(client), runs).once()
    assert runs.number == 2


async def test_an_index_that_somebody_went_back_to_is_left_alone(tmp_path: Path, client: Redis) -> None:
    runs = Runs()
    await reindexing(tmp_path, RedisSlots(client), runs, held="v0001").once()
    assert runs.number == 0


async def test_without_memory_it_runs_all_the_same(tmp_path: Path) -> None:
    runs = Runs()
    await reindexing(tmp_path, NoMemory(), runs).once()
    assert runs.number == 1


async def test_on_a_full_disk_it_does_not_break(tmp_path: Path, client: Redis) -> None:
    runs = Runs(RunFailed("no room"))
    (tmp_path / "file").touch()
    await reindexing(tmp_path / "file" / "index", RedisSlots(client), runs).once()
    assert runs.number == 1


@pytest.mark.parametrize(
    ("ends", "level", "said"),
    [
        (DONE, "INFO", "index v0002 after 1.5 s: 1 added"),
        (
            IndexReport(Changes(), Changes(), (), 2, "v1", refused=(Broken("a", "b", "c"),) * 3),
            "WARNING",
            "3 questions of the golden set would break",
        ),
        (
            IndexReport(Changes(), Changes(), (), 2, "v1", (SourceReport("f", Changes(), "f is away"),)),
            "WARNING",
            "nothing changed; f is away",
        ),
        (RunFailed("no room"), "WARNING", "the index is as it was: no room"),
    ],
)
async def test_how_it_ended_is_logged_in_one_line(
    tmp_path: Path,
    client: Redis,
    caplog: pytest.LogCaptureFixture,
    ends: IndexReport | RunFailed,
    level: str,
    said: str,
) -> None:
    with caplog.at_level(logging.INFO):
        await reindexing(tmp_path, RedisSlots(client), Runs(ends)).once()
    [record] = [one for one in caplog.records if one.name == "bot.schedule"]
    assert record.levelname == level
    assert said in record.message


def test_an_index_is_known_by_the_same_name_for_ever(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "index"
    assert identity(folder) == identity(folder) != identity(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["ID"]


def test_a_run_is_told_in_one_line() -> None:
    broken = (Broken("q", "a", "b"),)
    sources = (SourceReport("wiki", Changes(), "source 'wiki': Feishu cannot be reached"),)
    report = IndexReport(Changes(1, 2, 3, 4), Changes(), (), 2.345, "v0007")
    assert told(report) == "index v0007 after 2.3 s: 1 added, 2 changed, 3 removed"
    assert told(IndexReport(Changes(kept=4), Changes(), (), 0.1, "v0007", sources)) == (
        "index v0007 after 0.1 s: nothing changed; source 'wiki': Feishu cannot be reached"
    )
    refused = told(IndexReport(Changes(1), Changes(), (), 1, "v0007", refused=broken))
    assert "refused, since 1 question of the golden set would break" in refused


@pytest.mark.parametrize(
    ("line", "moments"),
    [
        ("0 9 * * *", ["Fri 31 09:00", "Sat 01 09:00"]),
        ("0 9 * * mon-fri", ["Thu 30 09:00", "Fri 31 09:00"]),
        ("0 9 * * 1", ["Mon 20 09:00", "Mon 27 09:00"]),
        ("*/5 * * * *", ["Sat 01 11:55", "Sat 01 12:00"]),
        ("0 9 1 1 *", ["Wed 31 09:00", "Thu 01 09:00"]),  # the first within a year: a day
    ],
)
def test_what_tells_of_a_time_tells_of_it_since_it_came_due_before(line: str, moments: list[str]) -> None:
    span = Timetable(line, "UTC").last(SATURDAY.timestamp())
    assert [f"{datetime.fromtimestamp(one, UTC):%a %d %H:%M}" for one in span] == moments
