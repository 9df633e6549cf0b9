"""The parts of a bot around its assistant, on real memory, for tests that are about something else."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from redis.asyncio import Redis

from bot.assistant import Answers, Assistant
from bot.besides import Besides
from bot.command import bound
from bot.commands import Commands
from bot.course import Course, FilesConfig, Staff
from bot.gate import Gate
from bot.handover import Handover
from bot.roles import Roles
from bot.spending import Ruled, Spending
from bot.student_commands import StudentCommands
from memory.audit import RedisAudit
from memory.base import History, Quota
from memory.entries import RedisJournal
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.people import RedisPeople
from memory.rules import RedisRuleBook
from memory.votes import RedisVotes
from rag.pictures import PictureReader
from tests.fakes.quota import FixedQuota

NOBODY = Staff()
COURSE = Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path("docs")),))


def student_commands(
    client: Redis, course_name: str = "Sample", history: History | None = None, staff: Staff = NOBODY
) -> Commands:
    """Those of the students."""
    history = history or RedisHistory(client)
    handing = (Handover(staff), RedisJournal(client))
    students = StudentCommands(course_name, history, RedisVotes(client), RedisPeople(client), *handing)
    roles = Roles(staff, RedisRuleBook(client))
    owned = bound(students, students.table())
    return Commands(course_name, owned, roles, RedisAudit(client), students.erased_here)


def assistant(
    client: Redis,
    answers: Answers,
    course: Course = COURSE,
    *,
    history: History | None = None,
    gate: Gate | None = None,
    quota: Quota | None = None,
    now: Callable[[], datetime] | None = None,
    rules: Ruled | None = None,
) -> Assistant:
    """The real one with these answers; it refuses nobody where no quota says so."""
    history = history or RedisHistory(client)
    commands = student_commands(client, history=history, staff=course.staff)
    gate, quota, handover = gate or Gate(8), quota or FixedQuota(), Handover(course.staff)
    spending = Spending(quota, course.limits, rules or RedisRuleBook(client))
    parts = (commands, course, gate, spending, PictureReader(), handover)
    return Assistant(answers, history, *parts, now or _now)


def _now() -> datetime:
    return datetime.now(UTC)


def besides(client: Redis) -> Besides:
    """What follows from an answer is queued and written."""
    return Besides(RedisInbox(client), RedisJournal(client))
