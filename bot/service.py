"""A serving bot, put together: what comes in, what answers it, and what goes on besides."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from adapters.base import Message
from bot import app
from bot.app import Memory
from bot.assistant import Assistant
from bot.besides import Besides
from bot.chores import Chores
from bot.command import bound
from bot.commands import Commands
from bot.course import Course
from bot.errands import Doer, Errands
from bot.etiquette import Etiquette
from bot.gate import Gate
from bot.handover import Handover, waiting
from bot.holding import Holding
from bot.intake import Intake
from bot.posting import KIND, Posting
from bot.roles import Roles
from bot.spending import Spending
from bot.staff_side import Premises, StaffSide, staff_side
from bot.student_commands import StudentCommands
from bot.worker import Worker


@dataclass(frozen=True, slots=True)
class Service:
    """What takes messages in, what answers them, and what runs beside that until it is cancelled."""

    intake: Intake
    worker: Worker
    beside: tuple[Coroutine[None, None, None], ...]


@dataclass(frozen=True, slots=True)
class Assisting:
    """What answers, what follows from answers, what is done in the background, and the staff's side."""

    assistant: Assistant
    besides: Besides
    chores: Chores
    staff: StaffSide
    roles: Roles


@asynccontextmanager
async def opened(there: Premises) -> AsyncIterator[Service]:
    """Everything between the platforms and what is remembered and known."""
    course, memory, platforms = there.course, there.memory, there.platforms
    async with assisting(there) as one:
        is_command, at_desk = one.assistant.is_command, one.staff.desk.at_desk
        book, remarks, journal = memory.rules, memory.remarks, memory.journal
        etiquette = Etiquette(course, book, one.roles, remarks, is_command, at_desk, journal)

        async def answered(message: Message) -> None:
            await intake.take(message)

        holding = Holding(course, book, remarks, there.retriever, journal, answered)
        intake = Intake(memory.inbox, one.assistant, platforms, etiquette, holding.errand)
        posting = Posting(platforms)
        doers: dict[str, Doer] = {KIND: posting.deliver, **holding.doers(), **one.staff.doers}
        worker = Worker(
            memory.inbox,
            one.assistant,
            platforms,
            course.limits,
            besides=one.besides,
            chores=one.chores,
            errands=Errands(memory.errands, doers),
        )
        yield Service(intake, worker, tuple(one.staff.beside()))


@asynccontextmanager
async def assisting(there: Premises) -> AsyncIterator[Assisting]:
    """What answers, and what is done beside that."""
    course, memory = there.course, there.memory
    async with app.open_answers(there.settings, course, there.retriever) as answering:
        roles = Roles(course.staff, memory.rules)
        staff = staff_side(there, answering, roles)
        commands = _commands(course, memory, staff, roles)
        # The first question need not wait for what is imported for it.
        warming = asyncio.create_task(answering.chain.warm())
        try:
            gate, handover = Gate(course.limits.answers_at_once), Handover(course.staff)
            spending = Spending(memory.quota, course.limits, memory.rules)
            parts = (commands, course, gate, spending, answering.pictures, handover)
            assistant = Assistant(answering.chain, memory.history, *parts)
            chores = Chores(memory.chores, memory.history, answering.summaries)
            yield Assisting(assistant, Besides(memory.errands, memory.journal), chores, staff, roles)
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)


def _commands(course: Course, memory: Memory, staff: StaffSide, roles: Roles) -> Commands:
    zone, name = ZoneInfo(course.schedule.timezone), course.course.name
    handing = (Handover(course.staff), memory.journal)
    students = StudentCommands(
        name, memory.history, memory.votes, memory.people, *handing, zone, partial(waiting, memory.desk)
    )
    every = [*bound(students, students.table()), *staff.commands]
    return Commands(name, every, roles, memory.audit, students.erased_here, staff.desk.pointed, course.staff)
