"""What stands behind a command of the staff: a group, a person, a number, a confirmation."""

import re
from collections.abc import Sequence
from dataclasses import replace

from adapters.base import Button
from bot.command import Misused
from bot.command_call import Call, Said
from bot.conversations import chat_key
from bot.staff_words import staff_words

_GROUP = re.compile(r"(telegram:-\d+|feishu:oc_\w+)", re.ASCII)
_PERSON = re.compile(r"telegram:-?\d+|feishu:ou_\w+|web:\S+|terminal:\S+", re.ASCII)
_CONFIRMING = {"confirm", "确认"}


def group_of(call: Call) -> tuple[str, list[str]]:
    """The group that is meant, and the other arguments: the one named last, else where it is said.

    Raises Misused.
    """
    words = call.arguments.split()
    if words and _GROUP.fullmatch(words[-1]):
        return words[-1], words[:-1]
    if call.in_group:
        return chat_key(call.message.conversation), words
    raise Misused(staff_words(call.language).which_group)


def is_group(word: str) -> bool:
    """Whether this names a group."""
    return _GROUP.fullmatch(word) is not None


def person_of(word: str, call: Call) -> str:
    """The person with this id, whose platform is else the one it is said on. Raises Misused."""
    for id in (word, f"{call.message.conversation.platform}:{word}"):
        if _PERSON.fullmatch(id):
            return id
    raise Misused(staff_words(call.language).which_person)


def place_of(group: str, call: Call) -> str:
    """How the group is told of, where this was said."""
    here = call.in_group and group == chat_key(call.message.conversation)
    return staff_words(call.language).here if here else group


def one_of(words: Sequence[str]) -> str:
    """The only word there is. Raises Misused."""
    if len(words) != 1:
        raise Misused
    return words[0]


def none_of(words: Sequence[str]) -> None:
    """Raises Misused where there is one."""
    if words:
        raise Misused


def number_of(word: str, least: int, most: int) -> int:
    """The whole number from `least` to `most`. Raises Misused."""
    if not (word.isdecimal() and len(word) < 10 and least <= int(word) <= most):
        raise Misused
    return int(word)


def confirmed(call: Call) -> tuple[bool, Call]:
    """Whether it ends with what confirms it, and the call without that."""
    *others, last = call.arguments.split() or [""]
    if last.lower() not in _CONFIRMING:
        return False, call
    return True, replace(call, arguments=" ".join(others))


def asked_back(call: Call, question: str, command: str) -> Said:
    """The question whether this is really meant, with the button that says so."""
    return Said(question, (Button(call.words.confirm, f"{command} confirm"),), after="asked back")
