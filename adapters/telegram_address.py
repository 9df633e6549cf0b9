"""Whether a text speaks to the bot by its name, and what it says without that name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telegram import MessageEntity

from adapters.telegram_api import Me

_CODING = ("utf-16-le", "surrogatepass")  # entities count in UTF-16 units
_PAUSES = " \t,，:：、"  # what stands between a name and what is said to it
# Telegram itself sees commands in Latin letters only.
_CHINESE_COMMAND = re.compile(r"[/／][\u4e00-\u9fff]+(@\w+)?(?!\S)")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said, without the bot's name.

    `called`: to this bot, by its name or as a command; `elsewhere`: as a command to another one.
    """

    text: str
    called: bool
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class _Naming:
    """A bot's name in a text, from `start` to `end` in bytes; empty behind a command that names none."""

    start: int
    end: int
    ours: bool
    command: bool = False


def spoken(me: Me, text: str, entities: Sequence[MessageEntity]) -> Spoken:
    """The text of a message, or the caption of what came with it, with the entities in it."""
    units = text.encode(*_CODING)
    namings = [*_namings(me, units, entities), *_written(me, text), *_beside_chinese(me, text)]
    commands = [one for one in namings if one.command]
    elsewhere = any(one.end > one.start and not one.ours for one in commands)
    called = bool(commands) or any(one.ours for one in namings)
    for start, end in sorted({(one.start, one.end) for one in namings if one.ours}, reverse=True):
        units = _without(units[:start].decode(*_CODING), units[end:].decode(*_CODING))
    return Spoken(units.decode(*_CODING).strip(), called and not elsewhere, elsewhere)


def _namings(me: Me, units: bytes, entities: Sequence[MessageEntity]) -> Iterator[_Naming]:
    for entity in entities:
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        word = units[start:end].decode(*_CODING)
        if entity.type == MessageEntity.TEXT_MENTION:
            yield _Naming(start, end, entity.user is not None and entity.user.id == me.id)
        elif entity.type == MessageEntity.MENTION:
            yield _Naming(start, end, _is(me, word))
        elif entity.type == MessageEntity.BOT_COMMAND:
            command, at, name = word.partition("@")
            yield _Naming(start + 2 * len(command), end, _is(me, at + name), command=start == 0)


def _written(me: Me, text: str) -> Iterator[_Naming]:
    """A Chinese command."""
    if match := _CHINESE_COMMAND.match(text):
        name = match[1] or ""
        end = 2 * match.end()  # all of one UTF-16 unit
        yield _Naming(end - 2 * len(name), end, _is(me, name), command=True)


def _beside_chinese(me: Me, text: str) -> Iterator[_Naming]:
    """The bot's name where Telegram sees none: it takes Chinese beside a name for a part of it."""
    for match in re.finditer(rf"(?<![\w@/.])@{me.username}(?!\w)", text, re.ASCII | re.IGNORECASE):
        start = len(text[: match.start()].encode(*_CODING))
        yield _Naming(start, start + 2 * len(match[0]), ours=True)


def _is(me: Me, name: str) -> bool:
    return name.casefold() == f"@{me.username}".casefold()


def _without(before: str, after: str) -> bytes:
    """Both without the name between them, and without the blanks and the comma that it leaves behind."""
    if not before or before.endswith("\n"):
        after = after.lstrip(_PAUSES)
    elif not after[:1].isalnum():
        before = before.rstrip(" \t")
    return (before + after).encode(*_CODING)
