"""Who may do what: by id, from course.toml and as the admins granted since."""

from adapters.base import Sender
from bot.course import Staff
from memory.staff import Role, RuleBook

_OPERATORS = "terminal:"


class Roles:
    """Tells a person's role. Who sits at the terminal has this machine already, and is an admin."""

    def __init__(self, staff: Staff, book: RuleBook) -> None:
        self._staff = staff
        self._book = book

    async def of(self, sender: Sender) -> Role:
        """Their role; never raises. What course.toml gives nobody can take away from a chat."""
        if sender.id in self._staff.admins or sender.id.startswith(_OPERATORS):
            return "admin"
        granted = (await self._book.rules()).roles.get(sender.id, "student")
        return "ta" if granted == "student" and sender.id in self._staff.tas else granted

    async def has(self, id: str) -> bool:
        """Whether who has this id is of the staff."""
        return await self.of(Sender(id)) != "student"
