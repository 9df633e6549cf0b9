"""What is done by the clock: the index is brought up to date, by one process at a time."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from bot.reindex import RunFailed, told
from memory.base import MemoryUnavailable, Slots

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger
    from apscheduler.triggers.cron import CronTrigger

    from rag.report import IndexReport

JITTER = 20.0
"""Seconds by which a run may be late: not all bots need ask a server at the same moment."""

_HEARTBEAT = 60.0  # seconds after which a clock that was set forward is noticed
_BACK = (0.05, 1.05, 8, 32, 366)  # days that are looked back, until two moments are found
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")

log = logging.getLogger(__name__)


def cron(line: str, timezone: str) -> "CronTrigger":
    """The trigger of a crontab line; ValueError says what one looks like, and what is wrong with this one."""
    from apscheduler.triggers.cron import CronTrigger

    try:
        *fields, days = line.split()
        trigger = CronTrigger.from_crontab(" ".join([*fields, _named(days)]), ZoneInfo(timezone))
        if trigger.get_next_fire_time(None, _utc_now()) is None:
            raise ValueError("there is no such day in any year")
    except ValueError as error:
        reason = str(error).partition(";")[0]
        raise ValueError(
            f"a cron line of minute, hour, day, month and weekday as */30 * * * * ({reason})"
        ) from error
    return trigger


def jittered(trigger: "CronTrigger") -> "CronTrigger":
    """The same, up to JITTER later each time."""
    later = copy(trigger)
    later.jitter = JITTER
    return later


def _named(days: str) -> str:
    """Weekdays by name: cron counts them from Sunday, APScheduler from Monday."""
    return ",".join(_named_part(part) for part in days.split(","))


def _named_part(part: str) -> str:
    span, slash, step = part.partition("/")
    first, dash, last = ("0-6" if span == "*" and slash else span).partition("-")
    if not first.isdecimal():
        return part
    start = int(first)
    stop = int(last or first) if dash or not slash else 6
    if not start <= stop < len(_DAYS):
        raise ValueError(f"weekdays go from 0 to 7, {part} does not")
    return ",".join(_DAYS[day] for day in range(start, stop + 1, int(step or 1)))


async def whenever(trigger: "BaseTrigger", work: Callable[[], Awaitable[None]]) -> None:
    """Do the work whenever the trigger fires, until cancelled; what comes due meanwhile is passed over."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    due = asyncio.Event()

    async def fire() -> None:
        due.set()

    async def look_at_the_clock() -> None:
        """Its timer is monotonic: the scheduler learns of a clock that was set only when it wakes."""

    # However late a job is, it is done, and once.
    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler = AsyncIOScheduler(job_defaults=defaults, timezone=UTC)
    scheduler.add_job(fire, trigger)
    scheduler.add_job(look_at_the_clock, "interval", seconds=_HEARTBEAT)
    scheduler.start()
    try:
        while True:
            await due.wait()
            await work()
            due.clear()
    finally:
        scheduler.shutdown(wait=False)


class Timetable:
    """A cron line for what tells of the time since it came due before."""

    def __init__(self, line: str, timezone: str) -> None:
        self._trigger = cron(line, timezone)

    async def whenever(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work whenever it comes due, until cancelled."""
        await whenever(self._trigger, work)

    def last(self, now: float) -> tuple[float, float]:
        """From when until when the last span before `now` was, Unix seconds; a day where it is the first."""
        moment = datetime.fromtimestamp(now, UTC)
        for days in _BACK:
            if len(fired := self._fired(moment - timedelta(days=days), moment)) > 1:
                break
        *before, last = fired or [datetime.fromtimestamp(0, UTC)]
        return (before or [last - timedelta(days=1)])[-1].timestamp(), last.timestamp()

    def _fired(self, since: datetime, until: datetime) -> list[datetime]:
        """The last two moments of that time at which it came due."""
        moments: list[datetime] = []
        at = self._trigger.get_next_fire_time(None, since)
        while at is not None and at <= until:
            moments = [*moments[-1:], at]
            at = self._trigger.get_next_fire_time(at, at)
        return moments


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reindexing:
    """The index run of [schedule], for the index that lies in `folder`.

    `run` is the run itself, `held` names the version that somebody went back to, if any.
    """

    def __init__(
        self,
        trigger: "CronTrigger",
        folder: Path,
        slots: Slots,
        run: Callable[[], Awaitable["IndexReport"]],
        held: Callable[[], str],
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._trigger = trigger
        self._folder = folder
        self._slots = slots
        self._run = run
        self._held = held
        self._now = now

    async def once(self) -> None:
        """Run, unless the index is held or another process runs for this slot; its outcome is logged."""
        if version := self._held():
            log.info("the index stays at %s, which somebody went back to, until `puyu index` is run", version)
        elif await self._ours():
            try:
                report = await self._run()
            except RunFailed as error:
                log.warning("the index is as it was: %s", error)
            else:
                log.log(logging.WARNING if report.refused or report.failed else logging.INFO, told(report))

    async def _ours(self) -> bool:
        try:
            return await self._slots.take(f"reindex:{identity(self._folder)}", self._slot())
        except (MemoryUnavailable, OSError) as error:
            # Two runs on one index are told apart by its lock; none at all would let it grow old.
            log.warning("the index is brought up to date whether or not another process does so: %s", error)
            return True

    def _slot(self) -> str:
        """The slot by when the next one begins, so that all who are late for the same one agree."""
        now = self._now()
        return str(self._trigger.get_next_fire_time(now, now))


def identity(folder: Path) -> str:
    """What tells this index from that of a process with another DATA_DIR; made up once and kept beside it."""
    file = folder / "ID"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{uuid4().hex}"
        fresh.write_text(uuid4().hex)
        # Whole from the start, and whoever comes second takes the first one's.
        with suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    return file.read_text()
