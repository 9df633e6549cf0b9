"""The bot's menu at Telegram, out of the table of commands."""

from collections.abc import Sequence

from adapters.telegram_menu import Menu, MenuEntry
from bot.commands import Commands, Shown
from bot.phrases import phrases


def menus(course_name: str, languages: Sequence[str]) -> list[Menu]:
    """The menu in each of the course's languages, its first one first."""
    return [_menu(course_name, language) for language in languages]


def _menu(course_name: str, language: str) -> Menu:
    said = phrases(language)
    about, introduction = (text.format(course=course_name) for text in (said.about, said.introduction))
    return Menu(language, _entries("direct", language), _entries("groups", language), about, introduction)


def _entries(place: Shown, language: str) -> list[MenuEntry]:
    shown = [command for command in Commands.table() if place in command.shown]
    return [MenuEntry(one.name, _capitalised(one.does(language))) for one in shown]


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
