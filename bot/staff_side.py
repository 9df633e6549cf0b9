"""What the staff has, put together: its commands, its desk, what is published, told and counted."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.base import Adapter
from bot import knowledge
from bot.app import Answering, Memory
from bot.command import Bound, bound
from bot.course import Course
from bot.course_file import CourseFile
from bot.desk import StaffDesk
from bot.desk_commands import DeskCommands
from bot.desk_reading import DeskReading
from bot.digest import Digest, Known
from bot.digest_buttons import DigestButtons
from bot.errands import Doer, queue
from bot.group_commands import GroupCommands
from bot.handover import Handover
from bot.index_commands import IndexCommands
from bot.news import News
from bot.numbers_commands import NumbersCommands, Shown
from bot.posting import Posting
from bot.publishing import Publishing, publish_errand
from bot.reindex import reindex
from bot.roles import Roles
from bot.served import Served
from bot.settings import Settings
from bot.source_commands import SourceCommands
from bot.staff_commands import StaffCommands
from bot.status import Status
from bot.tasks import Tasks

if TYPE_CHECKING:
    from rag.report import IndexReport
    from rag.retriever import Retriever
    from rag.types import Progress


@dataclass(frozen=True, slots=True)
class Premises:
    """What a bot is put together on; `started` is when the process was, in Unix seconds."""

    settings: Settings
    course: Course
    retriever: "Retriever"
    memory: Memory
    platforms: Mapping[str, Adapter]
    started: float


@dataclass(frozen=True, slots=True)
class StaffSide:
    """The commands, the desk, what does the staff's errands, and what runs `beside` until cancelled."""

    commands: tuple[Bound, ...]
    desk: StaffDesk
    doers: Mapping[str, Doer]
    beside: Callable[[], list[Coroutine[None, None, None]]]


def staff_side(there: Premises, answering: Answering, roles: Roles) -> StaffSide:
    """All of it."""
    from rag.indexer import last_report

    course, memory, platforms = there.course, there.memory, there.platforms
    posting, add = Posting(platforms), partial(queue, memory.errands)
    last = partial(last_report, knowledge.index_folder(there.settings))
    reading = DeskReading(there.retriever, answering.sameness)
    desk = StaffDesk(
        course, memory.desk, posting, add, platforms, answering.drafting, reading, memory.inbox.sent
    )
    tasks = Tasks(memory.errands, posting, _reindexed, memory.rules, last)
    served = Served(there.settings, course, there.retriever)
    language = course.course.languages[0]
    publishing = Publishing(memory.desk, memory.approved, served, add, course.golden, language)
    news = News(course, memory.journal, memory.rules, there.retriever, add, posting, memory.lease)
    known = Known(there.retriever.ids, last)
    digest = Digest(course, memory.journal, memory.desk, answering.grouping, known, posting, add)
    doing = (desk, tasks, publishing, news, digest)
    return StaffSide(
        (
            *_managing(there, answering, roles, tasks, last),
            *_answering(there, answering, desk, digest),
        ),
        desk,
        {kind: doer for one in doing for kind, doer in one.doers().items()},
        lambda: [one.run() for one in (desk, publishing, news, digest)],
    )


def _managing(
    there: Premises,
    answering: Answering,
    roles: Roles,
    tasks: Tasks,
    last: "Callable[[], IndexReport | None]",
) -> Iterator[Bound]:
    """The commands about groups, people, the index and the course."""
    course, memory = there.course, there.memory
    folder, zone = knowledge.index_folder(there.settings), ZoneInfo(course.schedule.timezone)
    reachable = answering.model.reachable if answering.model else None
    status = Status(
        course,
        folder,
        last,
        memory.inbox,
        memory.desk,
        memory.rules,
        there.platforms,
        reachable,
        there.started,
    )
    groups = GroupCommands(course, memory.rules, there.platforms)
    people = StaffCommands(course, memory.rules, roles, memory.audit)
    indices = IndexCommands(folder, zone, tasks, status)
    sources = SourceCommands(CourseFile(there.settings), memory.rules, last)
    yield from bound(indices, indices.table())
    yield from bound(sources, sources.table())
    yield from bound(groups, groups.table())
    yield from bound(people, people.table())


def _answering(there: Premises, answering: Answering, desk: StaffDesk, digest: Digest) -> Iterator[Bound]:
    """The commands about questions."""
    course, memory, grouping = there.course, there.memory, answering.grouping
    at_desk = DeskCommands(course, desk, publish_errand)
    buttons = DigestButtons(memory.journal, memory.desk, grouping, Handover(course.staff))
    shown = Shown(memory.inbox.sent, there.platforms)
    numbers = NumbersCommands(course, memory.journal, memory.desk, grouping, digest, buttons, shown)
    yield from bound(at_desk, at_desk.table())
    yield from bound(numbers, numbers.table())


async def _reindexed(force: bool, progress: "Progress") -> "IndexReport":
    return await reindex(aside=True, force=force, progress=progress)
