"""Who may use a command, how one that is misused is answered, and what the audit log keeps."""

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.command import Command, Misused, bound, least, may
from bot.command_call import Call, Said
from bot.commands import Commands
from bot.course import Staff
from bot.phrases import CHINESE, ENGLISH
from bot.roles import Roles
from memory.audit import RedisAudit
from memory.rules import RedisRuleBook

ADMIN, TA, STUDENT = Sender("telegram:1", "Ada"), Sender("telegram:2", "Tom"), Sender("telegram:3", "Ann")
STAFF = Staff(admins=(ADMIN.id,), tas=(TA.id,))
GROUP = Conversation("telegram", "-100", "group")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Levers:
    """A command for each role; the admins' takes one word."""

    def __init__(self) -> None:
        self.pulled: list[str] = []

    @classmethod
    def table(cls) -> tuple[Command["Levers"], ...]:
        return (
            Command("look", "看", cls.look, role="ta"),
            Command("pull", "拉", cls.pull, role="admin", usage="LEVER"),
        )

    async def look(self, call: Call) -> Said:
        """看一看 / have a look."""
        return Said("nothing moved")

    async def pull(self, call: Call) -> Said:
        """拉一下 / pull a lever."""
        if len(call.arguments.split()) != 1:
            raise Misused("one lever, please")
        self.pulled.append(call.arguments)
        return Said("pulled", before="up", after="down")


class House:
    def __init__(self, client: Redis) -> None:
        self.levers, self.audit, self.book = Levers(), RedisAudit(client), RedisRuleBook(client)
        owned = bound(self.levers, Levers.table())
        self._commands = Commands("Camp", owned, Roles(STAFF, self.book), self.audit, self._nothing)

    async def _nothing(self, call: Call) -> Said:
        raise NotImplementedError

    async def said(self, text: str, who: Sender, id: str = "telegram:-100:1", language: str = "en") -> Said:
        said = await self._commands.run(Message(id, GROUP, who, text, AT), text, "key", language)
        assert said is not None
        return said


@pytest.fixture
def house(client: Redis) -> House:
    return House(client)


async def test_who_has_not_the_right_hears_so_and_is_written_down_once_a_minute(house: House) -> None:
    for who, text in ((STUDENT, "/look"), (TA, "/pull all"), (STUDENT, "/拉 all")):
        assert (await house.said(text, who, f"telegram:-100:{text}")).text == ENGLISH.staff_only
    assert house.levers.pulled == []
    assert {(one.person, one.command, one.refused) for one in await house.audit.newest(9)} == {
        (TA.id, "/pull all", True),
        (STUDENT.id, "/look", True),
    }


async def test_what_was_done_is_written_down_once_with_before_and_after(house: House) -> None:
    for _ in range(2):
        await house.said("/pull left", ADMIN)
    [deed] = await house.audit.newest(9)
    assert (deed.person, deed.name, deed.chat, deed.at) == (ADMIN.id, "Ada", "telegram:-100", AT.timestamp())
    assert (deed.command, deed.before, deed.after, deed.refused) == (
        "/pull left",
        "up",
        "down",
        False,
    )


async def test_a_message_that_is_edited_into_another_command_is_written_down_again(house: House) -> None:
    for text in ("/look", "/pull left"):
        await house.said(text, ADMIN)
    assert {one.command for one in await house.audit.newest(9)} == {"/pull left", "/look"}


async def test_no_secret_of_an_address_is_written_down(house: House) -> None:
    await house.said("/pull https://tom:hunter2@example.org/x", ADMIN)
    [deed] = await house.audit.newest(9)
    assert deed.command == "/pull https://…@example.org/x"


async def test_wrong_arguments_get_what_is_wrong_and_the_usage(house: House) -> None:
    said = await house.said("/pull left right", ADMIN)
    assert said.text == "one lever, please\nUse it so: `/pull LEVER`"
    assert (await house.said("/pull", ADMIN)).text == "Use it so: `/pull LEVER`"
    assert await house.audit.newest(9) == []


async def test_the_help_shows_each_what_they_may_use_and_groups_nothing_of_the_staff(house: House) -> None:
    direct = Message("m", Conversation("telegram", "1"), ADMIN, "/help", AT)
    told = await house._commands.run(direct, "/help", "key", "zh")
    assert told is not None
    assert "/pull LEVER（/拉）拉一下" in told.text
    assert CHINESE.staff_help in told.text
    for who in (ADMIN, STUDENT):
        assert "/pull" not in (await house.said("/help", who)).text


async def test_the_staffs_chat_reads_the_commands_of_the_staff(house: House, client: Redis) -> None:
    staff = Staff(admins=(ADMIN.id,), chat="telegram:-100")
    owned, roles = bound(house.levers, Levers.table()), Roles(staff, house.book)
    commands = Commands("Camp", owned, roles, house.audit, house._nothing, staff=staff)
    told = await commands.run(Message("m", GROUP, ADMIN, "/help", AT), "/help", "key", "en")
    assert told is not None
    assert "/pull" in told.text


async def test_a_role_may_be_granted_but_what_course_toml_gives_stays(house: House) -> None:
    roles = Roles(STAFF, house.book)
    await house.book.set_role(STUDENT.id, "ta")
    await house.book.set_role(TA.id, "admin")
    await house.book.set_role(ADMIN.id, "ta")
    assert [await roles.of(who) for who in (STUDENT, TA, ADMIN)] == ["ta", "admin", "admin"]
    for who in (STUDENT, TA, ADMIN):
        await house.book.set_role(who.id, None)
    assert [await roles.of(who) for who in (STUDENT, TA, ADMIN)] == ["student", "ta", "admin"]


async def test_who_sits_at_the_terminal_is_an_admin(house: House) -> None:
    assert await Roles(Staff(), house.book).of(Sender("terminal:you")) == "admin"


def test_each_role_may_do_what_the_one_below_may() -> None:
    assert may("admin", "ta")
    assert may("ta", "student")
    assert not may("ta", "admin")
    assert not may("student", "ta")


@pytest.mark.parametrize(
    ("usage", "words"),
    [("", 0), ("N TEXT", 2), ("[minutes]", 0), ("a|b|c [chat]", 1), ("add KIND URL | remove NAME | list", 1)],
)
def test_a_usage_says_how_many_words_there_must_be(usage: str, words: int) -> None:
    assert least(usage) == words
