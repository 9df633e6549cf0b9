"""What becomes of a message: the bot's at once, or when no person answers it, or none of its business."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.conversations import chat_key
from bot.course import Course, FilesConfig, Group, Staff
from bot.etiquette import MOST_HELD, Etiquette, is_quiet, ruled, thread_of
from bot.roles import Roles
from memory.entries import RedisJournal
from memory.journal import Asked
from memory.remarks import RedisRemarks
from memory.rules import RedisRuleBook
from memory.staff import GroupRule

CHAT, STAFF_CHAT = "telegram:-1", "telegram:-9"
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # in Shanghai
ASKED = "量化以后的模型怎么部署"
Mode = Literal["mention", "helpful", "quiet"]


def course(mode: Mode = "helpful", quiet_hours: str = "") -> Course:
    files = (FilesConfig(kind="files", path=Path("docs")),)
    staff = Staff(tas=("telegram:7",), admins=("telegram:1",), chat=STAFF_CHAT)
    groups = {CHAT: Group(mode=mode, quiet_hours=quiet_hours)}
    return Course(folder=Path(), sources=files, groups=groups, staff=staff)


def message(
    text: str = "hi",
    kind: Literal["group", "direct"] = "group",
    who: str = "telegram:42",
    addressed: bool = True,
    id: str = "1",
    chat: str = "-1",
    thread: str = "",
    edited: bool = False,
    withdrawn: bool = False,
) -> Message:
    place, sender = Conversation("telegram", chat, kind, thread), Sender(who)
    return Message(id, place, sender, text, NOON, addressed, edited=edited, withdrawn=withdrawn)


class Hall:
    """Etiquette on real memory, at noon."""

    def __init__(self, client: Redis, course: Course) -> None:
        self.book, self.remarks = RedisRuleBook(client), RedisRemarks(client)
        self.journal, self.now = RedisJournal(client), NOON.timestamp()
        roles, at_desk = Roles(course.staff, self.book), self._at_desk
        parts = (self.book, roles, self.remarks, lambda text: text.startswith("/"), at_desk, self.journal)
        self.sort = Etiquette(course, *parts, now=lambda: self.now).sort

    async def _at_desk(self, message: Message) -> bool:
        return message.text == "to a card" and message.conversation.chat_id == "-9"

    async def kept(self) -> Sequence[str]:
        return [one.text for one in await self.remarks.since(CHAT, 0)]


async def test_a_group_is_answered_when_it_speaks_to_the_bot(client: Redis) -> None:
    hall = Hall(client, course("mention"))
    assert await hall.sort(message()) == "ours"
    assert await hall.sort(message(ASKED, addressed=False)) == "none"
    assert await hall.kept() == []


@pytest.mark.parametrize(
    ("asked", "sorted"),
    [
        (message(), "none"),
        (message("/help"), "none"),
        (message(who="telegram:7"), "none"),
        (message("/help", who="telegram:7"), "ours"),
        (message(kind="direct"), "ours"),
    ],
)
@pytest.mark.parametrize("muted", [False, True])
async def test_in_a_quiet_or_muted_group_only_commands_of_the_staff_are_heard(
    client: Redis, asked: Message, sorted: str, muted: bool
) -> None:
    hall = Hall(client, course("helpful" if muted else "quiet"))
    if muted:
        await hall.book.set_group(CHAT, GroupRule(muted_until=hall.now + 60))
    assert await hall.sort(asked) == sorted


async def test_a_muted_group_is_heard_again_after_a_while(client: Redis) -> None:
    hall = Hall(client, course("mention"))
    await hall.book.set_group(CHAT, GroupRule(muted_until=hall.now))
    assert await hall.sort(message()) == "ours"


async def test_in_helpful_mode_a_question_to_nobody_is_held_and_what_people_write_is_kept(
    client: Redis,
) -> None:
    hall = Hall(client, course())
    assert await hall.sort(message(ASKED, addressed=False)) == "hold"
    assert await hall.sort(message("早上好", addressed=False, id="2")) == "none"
    assert await hall.sort(message(addressed=True, id="3")) == "ours"
    assert await hall.kept() == [ASKED, "早上好"]
    assert await hall.journal.silences(0) == {CHAT: 1}


async def test_the_staff_sets_the_mode_while_the_bot_runs(client: Redis) -> None:
    hall = Hall(client, course("mention"))
    await hall.book.set_group(CHAT, GroupRule(mode="helpful"))
    assert await hall.sort(message(ASKED, addressed=False)) == "hold"


async def test_a_command_to_nobody_and_an_old_question_are_left_alone(client: Redis) -> None:
    hall = Hall(client, course())
    assert await hall.sort(message("/help 怎么用", addressed=False)) == "none"
    hall.now += 3600
    assert await hall.sort(message(ASKED, addressed=False, id="2")) == "none"


async def test_in_quiet_hours_only_who_addresses_the_bot_is_heard(client: Redis) -> None:
    hall = Hall(client, course(quiet_hours="11:00-13:00"))
    assert await hall.sort(message(ASKED, addressed=False)) == "none"
    assert await hall.sort(message(ASKED)) == "ours"


async def test_a_flood_of_questions_is_not_held(client: Redis) -> None:
    hall = Hall(client, course())
    sorted = [await hall.sort(message(ASKED, addressed=False, id=f"{n}")) for n in range(MOST_HELD + 1)]
    assert sorted == ["hold"] * MOST_HELD + ["none"]


async def test_who_is_banned_is_not_heard_until_then(client: Redis) -> None:
    hall = Hall(client, course())
    await hall.book.ban("telegram:42", hall.now + 60)
    assert await hall.sort(message()) == "none"
    assert await hall.sort(message(kind="direct")) == "none"
    assert await hall.sort(message(who="telegram:43")) == "ours"
    hall.now += 60
    assert await hall.sort(message()) == "ours"


async def test_who_is_banned_may_have_their_data_shown_and_erased(client: Redis) -> None:
    hall = Hall(client, course())
    await hall.book.ban("telegram:42", float("inf"))
    for text in ("/forget confirm", "／我的数据"):
        assert await hall.sort(message(text, kind="direct")) == "ours"
        assert await hall.sort(message(text)) == "none"
    assert await hall.sort(message("/forgetful", kind="direct")) == "none"


async def test_an_admin_cannot_be_shut_out(client: Redis) -> None:
    hall = Hall(client, course())
    await hall.book.ban("telegram:1", float("inf"))
    assert await hall.sort(message(who="telegram:1")) == "ours"


async def test_at_the_desk_nobody_need_address_the_bot(client: Redis) -> None:
    hall = Hall(client, course("quiet"))
    assert await hall.sort(message("to a card", addressed=False, chat="-9")) == "ours"
    assert await hall.sort(message("to a card", addressed=False)) == "none"


async def test_what_is_taken_back_may_be_waiting_and_is_kept_no_more(client: Redis) -> None:
    hall = Hall(client, course())
    await hall.sort(message(ASKED, addressed=False))
    assert await hall.sort(message(who="", addressed=False, withdrawn=True)) == "ours"
    assert await hall.kept() == []


async def test_an_edit_of_what_was_answered_unasked_is_answered_and_another_is_held(client: Redis) -> None:
    hall = Hall(client, course())
    await hall.sort(message(ASKED, addressed=False))
    edited = message(f"{ASKED}？", addressed=False, edited=True)
    assert await hall.sort(edited) == "hold"
    entry = Asked("1", "telegram:42", hall.now, CHAT, "", ASKED, "answered", unasked=True)
    await hall.journal.put(entry)
    assert await hall.sort(edited) == "ours"
    assert await hall.kept() == [f"{ASKED}？"]


async def test_words_said_in_a_thread_are_kept_for_the_chat_and_a_sign_for_the_thread(client: Redis) -> None:
    hall, said = Hall(client, course()), message("早上好", addressed=False, thread="5")
    await hall.sort(said)
    assert await hall.kept() == ["早上好"]
    [sign] = await hall.remarks.since(thread_of(said.conversation), 0)
    assert (sign.person, sign.text) == ("telegram:42", "")


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [
        ("", False),
        ("12:00-13:00", True),
        ("11:00-12:00", False),
        ("22:00-12:01", True),
        ("12:01-08:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_course_and_may_go_over_midnight(hours: str, quiet: bool) -> None:
    assert is_quiet(course(), Group(quiet_hours=hours), NOON.timestamp()) is quiet


async def test_what_the_staff_has_not_set_is_as_in_the_course_file(client: Redis) -> None:
    hall, place = Hall(client, course()), message().conversation
    await hall.book.set_group(chat_key(place), GroupRule(threshold=0.7))
    group = ruled(course(), await hall.book.rules(), place, hall.now)
    assert (group.mode, group.threshold) == ("helpful", 0.7)
