"""What a slash command is, and what stands in the table of them."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, Protocol, TypeVar

from bot.command_call import Call, Said
from memory.staff import Role

Shown = Literal["help", "direct", "groups"]
"""Where a command is told of: in the help, in the menu of direct chats, in that of groups."""

EVERYWHERE: tuple[Shown, ...] = ("help", "direct", "groups")

_Owner = TypeVar("_Owner")
_RANKS: Sequence[Role] = ("student", "ta", "admin")


class Misused(Exception):
    """The arguments do not fit; the usage line is shown. Its text may say in addition what is wrong."""


class Told(Protocol):
    """What is told of a command."""

    @property
    def name(self) -> str: ...
    @property
    def chinese(self) -> str: ...
    @property
    def shown(self) -> tuple[Shown, ...]: ...
    @property
    def role(self) -> Role: ...
    @property
    def usage(self) -> str: ...
    def does(self, language: str) -> str: ...
    def help_line(self, language: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Command(Generic[_Owner]):
    """A command by its English and its Chinese name; `run` gives what to show and may raise Misused.

    `run`'s docstring is its help line, Chinese and English, parted by a slash. Those that are `shown` nowhere
    stand behind buttons and links. `usage` is what stands behind the name: `N TEXT`, `[minutes]`, `a|b`,
    `add X | list`; with too few words it is not run. What only a `role` may do is in the audit log.
    """

    name: str
    chinese: str
    run: Callable[[_Owner, Call], Awaitable[Said]]
    shown: tuple[Shown, ...] = EVERYWHERE
    role: Role = "student"
    usage: str = ""

    def does(self, language: str) -> str:
        """What it does, in a few words."""
        chinese, english = (self.run.__doc__ or "").strip().rstrip(".").split(" / ")
        return chinese if language == "zh" else english

    def help_line(self, language: str) -> str:
        """`/new（/新对话）开始新对话`, or the same in English; no code, since that cannot be tapped."""
        after = f"（/{self.chinese}）" if language == "zh" else ": "
        usage = f" {self.usage}" if self.usage else ""
        return f"- /{self.name}{usage}{after}{self.does(language)}"


@dataclass(frozen=True, slots=True)
class Bound:
    """A command that can be run."""

    told: Told
    run: Callable[[Call], Awaitable[Said]]


def bound(owner: _Owner, table: Sequence[Command[_Owner]]) -> Iterator[Bound]:
    """The commands of the table, run by their owner."""
    for command in table:
        yield Bound(command, partial(command.run, owner))


def least(usage: str) -> int:
    """How many words must stand behind a command that is used so: what is in brackets need not."""
    if " | " in usage:
        return 1
    return sum(not word.startswith("[") for word in usage.split())


def may(role: Role, needed: Role) -> bool:
    """Whether who has this role may do what needs that one."""
    return _RANKS.index(role) >= _RANKS.index(needed)
