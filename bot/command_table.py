"""All commands of the bot, for who tells of them before there is a bot: menus, tests."""

from bot.command import Told
from bot.commands import Commands
from bot.desk_commands import DeskCommands
from bot.group_commands import GroupCommands
from bot.index_commands import IndexCommands
from bot.numbers_commands import NumbersCommands
from bot.source_commands import SourceCommands
from bot.staff_commands import StaffCommands
from bot.student_commands import StudentCommands


def every() -> tuple[Told, ...]:
    """All of them, in the order of the help."""
    return (
        *Commands.table(),
        *StudentCommands.table(),
        *IndexCommands.table(),
        *SourceCommands.table(),
        *GroupCommands.table(),
        *StaffCommands.table(),
        *DeskCommands.table(),
        *NumbersCommands.table(),
    )
