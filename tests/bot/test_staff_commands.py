"""The staff's commands: what they set holds, what they say of it, and what the audit log keeps."""

import json
import math
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.arguments import person_of
from bot.command import Misused, bound
from bot.command_call import Call, Said
from bot.commands import Commands
from bot.course import Course, FilesConfig, Group, Staff
from bot.group_commands import GroupCommands
from bot.phrases import CHINESE
from bot.posting import place_on
from bot.roles import Roles
from bot.staff_commands import StaffCommands
from bot.staff_words import CHINESE as WORDS
from memory.audit import RedisAudit
from memory.rules import RedisRuleBook
from memory.staff import Deed, GroupRule

ADMIN, TA, STUDENT = Sender("telegram:1", "Ada"), Sender("telegram:2", "Tom"), Sender("telegram:3", "Ann")
DIRECT = Conversation("telegram", "1")
GROUP = Conversation("telegram", "-100", "group", "7")
DESK = Conversation("feishu", "oc_desk", "group")
HERE, ELSEWHERE = "telegram:-100", "feishu:oc_1"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON = AT.timestamp()
COURSE = Course(
    folder=Path(),
    sources=(FilesConfig(kind="files", path=Path("docs")),),
    staff=Staff(admins=(ADMIN.id,), tas=(TA.id,), chat="feishu:oc_desk"),
    groups={ELSEWHERE: Group(mode="helpful", threshold=0.6)},
)


class House:
    """The commands on real memory, and who uses them."""

    def __init__(self, client: Redis) -> None:
        self.book, self.log = RedisRuleBook(client), RedisAudit(client)
        self.roles = Roles(COURSE.staff, self.book)
        groups = GroupCommands(COURSE, self.book, ("telegram", "feishu"))
        people = StaffCommands(COURSE, self.book, self.roles, self.log)
        owned = [*bound(groups, groups.table()), *bound(people, people.table())]
        self._commands = Commands("Camp", owned, self.roles, self.log, self._nothing)
        self._ids = count(1)

    async def said(self, text: str, who: Sender = ADMIN, where: Conversation = GROUP, id: str = "") -> Said:
        message = Message(id or f"telegram:{next(self._ids)}", where, who, text, AT)
        said = await self._commands.run(message, text, "key", "zh")
        assert said is not None
        return said

    async def says(self, text: str, who: Sender = ADMIN, where: Conversation = GROUP) -> str:
        return (await self.said(text, who, where)).text

    async def rule(self, group: str = HERE) -> GroupRule:
        return (await self.book.rules()).groups.get(group, GroupRule())

    async def deed(self) -> Deed:
        [newest] = await self.log.newest(1)
        return newest

    async def _nothing(self, call: Call) -> Said:
        raise NotImplementedError


@pytest.fixture
def house(client: Redis) -> House:
    return House(client)


@pytest.mark.parametrize(
    "text",
    [
        "/mute soon",
        "/mute 0",
        "/mute 5 6",
        "/unmute now",
        "/mode loud",
        "/mode quiet mention",
        "/threshold 2",
        "/threshold nan",
        "/threshold high",
        "/say",
        "/say telegram:-5",
        "/quota telegram:3 none",
        "/quota telegram:3 0",
        "/quota telegram:3 5 6",
        "/ban",
        "/ban Ann",
        "/ban telegram:3 soon",
        "/unban",
        "/grant telegram:3",
        "/grant telegram:3 boss",
        "/revoke",
        "/revoke telegram:3 telegram:2",
        "/audit all",
    ],
)
async def test_wrong_arguments_get_the_usage_and_change_nothing(house: House, text: str) -> None:
    assert f"`{text.split()[0]} " in await house.says(text)
    rules = await house.book.rules()
    assert [*rules.groups, *rules.banned, *rules.roles, *rules.per_day] == []


async def test_a_group_is_muted_for_minutes_from_when_it_was_asked_for(house: House) -> None:
    said = await house.said("/静音 30", TA, id="m1")
    assert (await house.rule()).muted_until == NOON + 1800
    assert "2026-11-22 20:30" in said.text
    assert await house.said("/静音 30", TA, id="m1") == Said(said.text, before=said.after, after=said.after)
    assert (await house.deed()).before == "not muted"
    assert await house.says("/unmute", TA) == WORDS.unmuted.format(group=WORDS.here)
    assert (await house.book.rules()).groups == {}


async def test_without_minutes_a_group_is_muted_for_good(house: House) -> None:
    assert "/unmute" in await house.says(f"/mute {ELSEWHERE}", TA, DIRECT)
    assert (await house.rule(ELSEWHERE)).muted_until == math.inf
    assert await house.rule() == GroupRule()


@pytest.mark.parametrize("text", ["/mute", "/unmute", "/mode quiet", "/threshold .5", "/say hello"])
async def test_said_in_a_direct_chat_it_needs_the_group(house: House, text: str) -> None:
    assert WORDS.which_group in await house.says(text, where=DIRECT)


async def test_a_mode_is_set_shown_and_put_back(house: House) -> None:
    assert WORDS.modes["mention"] in await house.says("/mode")
    assert WORDS.modes["quiet"] in await house.says("/模式 安静")
    assert (await house.rule()).mode == "quiet"
    assert ((await house.deed()).before, (await house.deed()).after) == ("mode mention", "mode quiet")
    assert WORDS.modes["mention"] in await house.says("/mode default")
    assert await house.rule() == GroupRule()
    assert WORDS.modes["helpful"] in await house.says(f"/mode {ELSEWHERE}")


async def test_a_threshold_is_set_beside_the_mode_and_put_back(house: House) -> None:
    await house.says(f"/mode quiet {ELSEWHERE}")
    assert "0.75" in await house.says(f"/门槛 0.75 {ELSEWHERE}")
    assert await house.rule(ELSEWHERE) == GroupRule("quiet", 0.75)
    assert "0.6" in await house.says(f"/threshold 默认 {ELSEWHERE}")
    assert await house.rule(ELSEWHERE) == GroupRule("quiet")


async def test_what_is_said_in_the_bots_name_is_posted_once(house: House) -> None:
    said = await house.said(f"/say {ELSEWHERE} 明天\n停课", where=DIRECT, id="m1")
    [errand] = said.errands
    place, fields = json.loads(errand.body)
    assert (place_on(place), fields[0]) == (Conversation("feishu", "oc_1", "group"), "明天\n停课")
    assert (await house.said(f"/say {ELSEWHERE} 明天\n停课", where=DIRECT, id="m1")).errands == (errand,)
    assert (await house.deed()).after == f"{ELSEWHERE}: 明天\n停课"


async def test_in_a_group_it_is_said_there_in_its_topic(house: House) -> None:
    [errand] = (await house.said("/代发 大家好")).errands
    assert place_on(json.loads(errand.body)[0]) == GROUP


async def test_nothing_is_said_where_the_bot_is_not(client: Redis) -> None:
    commands = GroupCommands(COURSE, RedisRuleBook(client), ("telegram",))
    call = Call(Message("m", DIRECT, ADMIN, "", AT), "key", f"{ELSEWHERE} hello", "en", "admin")
    said = await commands.say(call)
    assert ("feishu" in said.text, said.errands) == (True, ())


async def test_a_persons_own_number_of_questions_is_set_shown_and_put_back(house: House) -> None:
    assert "100" in await house.says("/quota")
    assert "20" in await house.says("/额度 3 20")
    assert (await house.book.rules()).per_day == {STUDENT.id: 20}
    assert STUDENT.id in await house.says("/quota")
    assert "20" in await house.says("/quota telegram:3")
    assert "100" in await house.says("/quota telegram:3 default")
    assert (await house.book.rules()).per_day == {}


async def test_a_ban_is_asked_back_and_then_holds_until_it_is_lifted(house: House) -> None:
    [confirm] = (await house.said("/ban 3 2")).buttons
    assert (await house.book.rules()).banned == {}
    assert confirm.command == "/ban telegram:3 2 confirm"
    assert "2026-11-22 22:00" in await house.says(confirm.command)
    assert (await house.book.rules()).banned == {STUDENT.id: NOON + 7200}
    assert (await house.deed()).before == "not banned"
    await house.says("/解封 telegram:3")
    assert (await house.book.rules()).banned == {}


async def test_nobody_of_the_staff_is_banned(house: House) -> None:
    for person in (ADMIN.id, TA.id, "terminal:you"):
        assert (await house.said(f"/ban {person} confirm")).buttons == ()
    assert (await house.book.rules()).banned == {}


async def test_a_role_is_granted_and_taken_back(house: House) -> None:
    assert WORDS.roles["ta"] in await house.says("/授权 telegram:3 助教")
    assert await house.roles.of(STUDENT) == "ta"
    [confirm] = (await house.said("/revoke 3")).buttons
    assert await house.roles.of(STUDENT) == "ta"
    await house.says(confirm.command)
    assert await house.roles.of(STUDENT) == "student"
    assert ((await house.deed()).before, (await house.deed()).after) == ("ta", "student")


async def test_to_make_an_admin_is_asked_back(house: House) -> None:
    [confirm] = (await house.said("/grant telegram:3 admin")).buttons
    assert await house.roles.of(STUDENT) == "student"
    await house.says(confirm.command)
    assert await house.roles.of(STUDENT) == "admin"


async def test_a_name_on_the_web_page_is_given_no_rights(house: House) -> None:
    assert await house.says("/grant web:ann ta") == WORDS.by_name_only
    assert (await house.book.rules()).roles == {}


async def test_what_course_toml_gives_is_not_taken_in_a_chat(house: House) -> None:
    for text in (f"/revoke {TA.id}", f"/revoke {TA.id} confirm", f"/grant {ADMIN.id} ta"):
        assert "course.toml" in await house.says(text)
    assert await house.roles.of(TA) == "ta"


async def test_the_audit_log_tells_what_was_done_and_what_was_refused(house: House) -> None:
    await house.says("/mode quiet")
    await house.says("/mode helpful", STUDENT)
    told = await house.says("/审计", where=DESK)
    done, refused = sorted(told.splitlines()[2:], key=lambda line: WORDS.refused in line)
    assert "Ann（telegram:3）" in refused
    assert WORDS.refused in refused
    assert "mode mention → mode quiet" in done
    assert "2026-11-22 20:00" in done
    assert len((await house.says("/audit 1", where=DIRECT)).splitlines()) == 3


async def test_a_group_of_students_does_not_read_the_audit_log(house: House) -> None:
    await house.says("/mode quiet")
    assert await house.says("/audit") == WORDS.not_here


async def test_a_ta_may_mute_and_a_student_nothing(house: House) -> None:
    for text in ("/mode quiet", "/ban 3", "/grant 3 ta", "/say hi", "/audit", "/quota", "/threshold .5"):
        assert await house.says(text, TA) == CHINESE.staff_only
    for text in ("/mute", "/unmute"):
        assert await house.says(text, STUDENT) == CHINESE.staff_only


@pytest.mark.parametrize(
    ("written", "place", "person"),
    [
        ("42", DIRECT, "telegram:42"),
        ("-1001", DIRECT, "telegram:-1001"),
        ("ou_a1", DESK, "feishu:ou_a1"),
        ("feishu:ou_a1", DIRECT, "feishu:ou_a1"),
        ("web:小林", DIRECT, "web:小林"),
        ("Ann", DIRECT, None),
        ("42", DESK, None),
        ("", DESK, None),
    ],
)
def test_a_person_goes_by_id_and_the_platform_may_be_left_out(
    written: str, place: Conversation, person: str | None
) -> None:
    call = Call(Message("m", place, ADMIN, "", AT), "key", "", "zh")
    if person is None:
        with pytest.raises(Misused):
            person_of(written, call)
    else:
        assert person_of(written, call) == person
