"""The bot's menu at Telegram, out of the table of commands: what each sees is what they may do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from adapters.telegram_menu import Menu, MenuEntry
from bot.command import Shown, may
from bot.command_table import every
from bot.course import Staff
from bot.phrases import phrases
from memory.staff import Role

_NOBODY = Staff()
_NOTHING: Mapping[str, Role] = MappingProxyType({})
_TELEGRAM = re.compile(r"telegram:(-?\d+)", re.ASCII)


def menus(
    course_name: str,
    languages: Sequence[str],
    staff: Staff = _NOBODY,
    granted: Mapping[str, Role] = _NOTHING,
) -> list[Menu]:
    """The menu in each of the course's languages, its first one first; roles by id were `granted` since."""
    corners = dict(_corners(staff, granted))
    return [_menu(course_name, language, corners) for language in languages]


def _corners(staff: Staff, granted: Mapping[str, Role]) -> Iterator[tuple[int, Role]]:
    """The staff's chat and the direct ones of all who have a role, or had one, where those are Telegram's."""
    tas = [one for one in staff.tas if granted.get(one, "student") == "student"]
    roles: dict[str, Role] = {staff.chat: "ta", **granted}
    roles |= dict.fromkeys(tas, "ta")
    roles |= dict.fromkeys(staff.admins, "admin")
    for id, role in roles.items():
        if match := _TELEGRAM.fullmatch(id):
            yield int(match[1]), role


def _menu(course_name: str, language: str, corners: Mapping[int, Role]) -> Menu:
    said = phrases(language)
    about, introduction = (text.format(course=course_name) for text in (said.about, said.introduction))
    direct, groups = _entries("direct", language), _entries("groups", language)
    of_staff = {
        chat_id: _entries("direct" if chat_id > 0 else "groups", language, role) if role != "student" else []
        for chat_id, role in corners.items()
    }
    return Menu(language, direct, groups, about, introduction, of_staff)


def _entries(place: Shown, language: str, role: Role = "student") -> list[MenuEntry]:
    shown = [command for command in every() if place in command.shown and may(role, command.role)]
    return [MenuEntry(one.name, _capitalised(one.does(language))) for one in shown]


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
