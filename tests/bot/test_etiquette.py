"""Whether a message is the bot's to answer."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from adapters.base import Conversation, Message, Sender
from bot.course import Course, FilesConfig, Group, Staff
from bot.etiquette import Etiquette


def etiquette(mode: Literal["mention", "helpful", "quiet"]) -> Etiquette:
    files = (FilesConfig(kind="files", path=Path("docs")),)
    groups = {"telegram:-1": Group(mode=mode)}
    course = Course(folder=Path(), sources=files, groups=groups, staff=Staff(tas=("telegram:7",)))
    return Etiquette(course, lambda text: text.startswith("/"))


def message(
    text: str = "hi",
    kind: Literal["group", "direct"] = "group",
    who: str = "telegram:42",
    addressed: bool = True,
    withdrawn: bool = False,
) -> Message:
    place = Conversation("telegram", "-1", kind)
    return Message("1", place, Sender(who), text, datetime.now(UTC), addressed=addressed, withdrawn=withdrawn)


def test_a_group_is_answered_when_it_speaks_to_the_bot() -> None:
    assert etiquette("mention").ours(message())
    assert not etiquette("mention").ours(message(addressed=False))


@pytest.mark.parametrize(
    ("asked", "ours"),
    [
        (message(), False),
        (message("/help"), False),
        (message(who="telegram:7"), False),
        (message("/help", who="telegram:7"), True),
        (message(kind="direct"), True),
    ],
)
def test_in_a_quiet_group_only_the_staff_is_heard_and_only_its_commands(asked: Message, ours: bool) -> None:
    assert etiquette("quiet").ours(asked) is ours


def test_what_is_taken_back_may_be_waiting() -> None:
    assert etiquette("quiet").ours(message(addressed=False, withdrawn=True))
