"""The bot's menu and profile at Telegram: its commands by place and language, and what it is."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from adapters.base import DeliveryFailed

_DESCRIPTION = 256  # characters of what a command does, at most; the texts below likewise
_ABOUT = 120
_INTRODUCTION = 512

log = logging.getLogger(__name__)

_Scope = Mapping[str, object]


class Api(Protocol):
    """The part of TelegramApi that is used."""

    async def call(self, method: str, **parameters: object) -> object:
        """A method of the Bot API, with JSON values. Raises AdapterError."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A command in a menu: its name, of a-z, 0-9 and _, and what it does."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Menu:
    """What one language's people see: commands by where they are, and what the bot says of itself.

    `about` stands in the bot's profile and under its links, `introduction` in a chat that is still empty.
    `corners` are chats, groups and people's by their id, that see something else; the same in each language.
    An empty list leaves them with what all others see.
    """

    language: str
    direct: Sequence[MenuEntry]
    groups: Sequence[MenuEntry]
    about: str
    introduction: str
    corners: Mapping[int, Sequence[MenuEntry]] = field(default_factory=dict)


async def set_menu(api: Api, menus: Sequence[Menu]) -> None:
    """Set what differs from what Telegram has. The first menu is also that of all other languages.

    A corner that the bot cannot reach is passed over. Raises DeliveryFailed.
    """
    by_language = [("", menus[0]), *((menu.language, menu) for menu in menus)]
    for language, menu in by_language:
        await _set_text(api, "Description", "description", menu.introduction[:_INTRODUCTION], language)
        await _set_text(api, "ShortDescription", "short_description", menu.about[:_ABOUT], language)
        await _set_commands(api, {"type": "all_private_chats"}, menu.direct, language)
        await _set_commands(api, {"type": "all_group_chats"}, menu.groups, language)
    for chat_id in menus[0].corners:
        scope = {"type": "chat", "chat_id": chat_id}
        try:
            for language, menu in by_language:
                await _set_commands(api, scope, menu.corners[chat_id], language)
        except DeliveryFailed as error:
            log.warning("chat %s does not get the menu of the staff: %s", chat_id, error)


async def _set_commands(api: Api, scope: _Scope, entries: Sequence[MenuEntry], language: str) -> None:
    wanted = [{"command": one.name, "description": one.description[:_DESCRIPTION]} for one in entries]
    where = {"scope": scope, **_of(language)}
    if await api.call("getMyCommands", **where) == wanted:
        return
    if wanted:
        await api.call("setMyCommands", commands=wanted, **where)
    else:
        await api.call("deleteMyCommands", **where)


async def _set_text(api: Api, method: str, field: str, text: str, language: str) -> None:
    if await api.call(f"getMy{method}", **_of(language)) != {field: text}:
        await api.call(f"setMy{method}", **{field: text}, **_of(language))


def _of(language: str) -> Mapping[str, str]:
    return {"language_code": language} if language else {}
