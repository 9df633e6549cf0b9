"""The staff reads each morning what was asked, and has what is open answered, taken or left out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.course import Schedule
from bot.digest_words import CHINESE
from bot.errands import Underway
from bot.handover import handed_on
from bot.numbers_words import CHINESE as NUMBERS
from memory.people import RedisPeople
from rag.report import Broken, Changes, IndexReport, SourceReport
from rag.types import Skipped
from tests.fakes.numbers_room import DAY, GROUP, HOUR, STAFF, NumbersRoom

CERTIFICATE = ("怎么申请结营证书", "结营证书咋申请", "how do I apply for the certificate")


@pytest.fixture
def room(client: Redis) -> NumbersRoom:
    return NumbersRoom(client)


def section(page: str, heading: str) -> list[str]:
    """The lines below a heading."""
    _, _, after = page.partition(f"**{heading}**\n\n")
    return after.split("\n\n")[0].split("\n") if after else []


@asynccontextmanager
async def running(room: NumbersRoom) -> AsyncIterator[None]:
    task = asyncio.create_task(room.digest.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until_queued(room: NumbersRoom, number: int) -> None:
    async with asyncio.timeout(10):
        while len(room.queued) < number:
            await asyncio.to_thread(lambda: None)


def underway(room: NumbersRoom, sent_id: str = "") -> Underway:
    async def keep(_sent_id: str) -> None: ...

    return Underway(room.queued[-1], room.now, sent_id, keep)


async def test_what_was_not_answered_stands_first_and_each_question_once(room: NumbersRoom) -> None:
    for question in CERTIFICATE:
        await room.asks(question, "no_evidence" if question == CERTIFICATE[0] else "answered")
    for _ in range(2):
        await room.asks("lmdeploy 怎么安装")
    page = await room.page()
    assert section(page, CHINESE.missed) == ["1. 怎么申请结营证书：3 次，1 次没答上"]
    assert section(page, CHINESE.often) == ["2. lmdeploy 怎么安装：2 次"]


async def test_what_was_asked_before_is_not_in_it(room: NumbersRoom) -> None:
    await room.asks("怎么退课", "no_evidence", ago=25 * HOUR)
    assert "怎么退课" not in await room.page()
    assert "怎么退课" in await room.page("2d")


async def test_an_answer_of_last_week_that_was_voted_down_today_is_in_it(room: NumbersRoom) -> None:
    entry = await room.asks("lmdeploy 怎么安装", ago=6 * DAY)
    await room.votes_on(entry, "down", "old")
    assert section(await room.page(), CHINESE.against) == ["1. lmdeploy 怎么安装：👎 1 内容过时"]


async def test_a_question_at_the_desk_has_its_number_and_the_buttons_of_the_desk(room: NumbersRoom) -> None:
    await room.handed_over(await room.asks("怎么退课", "no_evidence"), assignee="林助教")
    said = await room.commands.digest(room.call())
    assert section(said.text, CHINESE.missed) == ["1. 怎么退课：#1 林助教已认领"]
    assert [one.command for one in said.buttons[1:]] == ["/assign 1", "/ignore 1"]


async def test_what_the_staff_has_answered_is_open_no_more(room: NumbersRoom) -> None:
    await room.handed_over(await room.asks("怎么退课", "no_evidence"), state="answered")
    await room.asks("怎么退课", "no_evidence", person="bob")
    page = await room.page()
    assert section(page, CHINESE.missed) == []
    assert section(page, CHINESE.often) == ["1. 怎么退课：2 次，#1 已回复，等通过"]


async def test_an_answer_is_written_at_the_desk_for_all_who_wait(room: NumbersRoom) -> None:
    for person, question in zip(("ann", "bob", "cem"), CERTIFICATE, strict=True):
        await room.asks(question, "answered" if person == "cem" else "no_evidence", person)
    assert await room.presses("1. 写回答") == CHINESE.opened
    handed = handed_on(room.queued[0].body)
    assert [handed.person, *(one.person for one in handed.others)] == ["board:ann", "board:bob"]
    assert (handed.cause, handed.question, handed.assignee) == ("asked", CERTIFICATE[0], "")


async def test_pressed_twice_it_is_one_item(room: NumbersRoom) -> None:
    await room.asks("怎么退课", "no_evidence")
    for _ in range(2):
        await room.presses("1. 认领")
    assert len({one.id for one in room.queued}) == 1
    assert handed_on(room.queued[0].body).assignee == "林助教"


async def test_one_at_the_desk_already_is_answered_there(room: NumbersRoom) -> None:
    await room.handed_over(await room.asks("怎么退课", "no_evidence"))
    assert await room.presses("1. 写回答") == CHINESE.waits_already.format(number=1)
    assert room.queued == []


async def test_what_is_ignored_stays_so_in_other_words_and_nobody_else_does(room: NumbersRoom) -> None:
    await room.asks(CERTIFICATE[0], "no_evidence")
    assert await room.presses("1. 忽略") == CHINESE.ignored
    await room.asks(CERTIFICATE[1], "no_evidence", "bob")
    await room.asks("lmdeploy 怎么安装", "no_evidence")
    assert section(await room.page(), CHINESE.missed) == ["1. lmdeploy 怎么安装"]


async def test_an_item_that_the_desk_ignores_is_ignored_here(room: NumbersRoom) -> None:
    await room.handed_over(await room.asks("怎么退课", "no_evidence"), state="ignored")
    await room.asks("如何退课呢", "no_evidence", "bob")
    assert "退课" not in await room.page()


async def test_ignoring_is_undone_by_its_button(room: NumbersRoom) -> None:
    await room.asks("怎么退课", "no_evidence")
    [button] = [one for one in (await room.commands.digest(room.call())).buttons if "忽略" in one.label]
    for _ in range(2):  # as after a crash
        said = await room.commands.digest(room.call(button.command.removeprefix("/digest ")))
    await room.commands.digest(room.call(said.buttons[0].command.removeprefix("/digest ")))
    assert section(await room.page(), CHINESE.missed) == ["1. 怎么退课"]
    assert await room.presses("1. 忽略") == CHINESE.ignored
    assert "怎么退课" not in await room.page()


async def test_one_that_came_to_the_desk_meanwhile_is_ignored_there(room: NumbersRoom) -> None:
    entry = await room.asks("怎么退课", "no_evidence")
    [button] = [one for one in (await room.commands.digest(room.call())).buttons if "忽略" in one.label]
    await room.handed_over(entry)
    said = await room.commands.digest(room.call(button.command.removeprefix("/digest ")))
    assert [one.command for one in said.buttons] == ["/ignore 1"]


async def test_what_is_ignored_holds_no_words_of_who_is_forgotten(room: NumbersRoom, client: Redis) -> None:
    entry = await room.asks("怎么退课", "no_evidence")
    await room.presses("1. 忽略")
    await RedisPeople(client).forget(entry.person)
    assert await room.desk.items(["ignored"]) == []


async def test_a_question_that_is_gone_cannot_be_answered(room: NumbersRoom) -> None:
    said = await room.commands.digest(room.call("answer 0123456789"))
    assert said.text == CHINESE.gone


async def test_it_is_not_shown_in_a_group_of_students(room: NumbersRoom) -> None:
    await room.asks("悄悄问一下怎么退课", "no_evidence", place=None)
    assert (await room.commands.digest(room.call(place=GROUP))).text == NUMBERS.staff_chat_only


async def test_documents_that_are_used_most_and_never_are_named(room: NumbersRoom) -> None:
    room.documents = ["install", "rules", "approved/desk-1"]
    for number in range(3):
        await room.asks(f"问题 {number}", standing=["install"], ago=number * DAY)
    lines = section(await room.page(), CHINESE.documents)
    assert lines == ["- 近 30 天用得最多：Install（3 次）", "- 近 30 天没用到 1 篇：rules"]


async def test_the_last_sync_is_told_with_what_went_wrong(room: NumbersRoom) -> None:
    failed = (SourceReport("wiki", Changes(), "wiki is away"),)
    began = datetime.fromtimestamp(room.now - HOUR, UTC)
    skipped, refused = (Skipped("a.pdf", "broken"),), (Broken("q", "a", "b"),)
    room.report = IndexReport(Changes(2, 1), Changes(), skipped, 1, "v1", failed, refused, started=began)
    [line] = section(await room.page(), CHINESE.documents)
    assert line.endswith(
        "新增 2，更新 1，删除 0，没能读取 wiki，跳过 1 篇读不了的，新版本没有启用：有 1 道检验题会变差"
    )


async def test_a_sync_that_fails_is_told_of_on_a_quiet_day_too(room: NumbersRoom) -> None:
    failed = (SourceReport("wiki", Changes(), "wiki is away"),)
    began = datetime.fromtimestamp(room.now, UTC)
    room.report = IndexReport(Changes(), Changes(), (), 1, "v1", failed, started=began)
    async with running(room):
        await until_queued(room, 1)
    await room.digest.doers()["digest"](underway(room))
    [reply] = room.board.notes.values()
    assert "没有变化，没能读取 wiki" in reply.text


async def test_a_long_day_is_told_in_short(room: NumbersRoom) -> None:
    topics = "apple bridge candle dolphin engine forest guitar harbor island jungle kettle lemon"
    for topic in topics.split():
        await room.asks(f"{topic}?", "no_evidence")
    said = await room.commands.digest(room.call())
    assert len(section(said.text, CHINESE.missed)) == 6
    assert len(said.buttons) <= 36
    assert CHINESE.more.format(count=6) in said.text


async def test_every_process_has_the_same_digest_posted_once(client: Redis) -> None:
    rooms = [NumbersRoom(client) for _ in range(2)]
    for number, room in enumerate(rooms):
        room.now += number * 40  # one is begun a little later
        async with running(room):
            await until_queued(room, 1)
    [first], [second] = (room.queued for room in rooms)
    assert (first.id, first.body) == (second.id, second.body)


async def test_it_tells_of_the_time_since_the_last_one(client: Redis) -> None:
    room = NumbersRoom(client, schedule=Schedule(digest="0 9 * * 1"))
    monday = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    room.now = monday.timestamp()
    async with running(room):
        await until_queued(room, 1)
    nine = monday.timestamp() - HOUR / 2
    assert room.queued[0].body == f"[{nine - 7 * DAY}, {nine}]"


async def test_one_that_came_due_long_ago_is_left_out(room: NumbersRoom) -> None:
    room.now += 4 * HOUR
    async with running(room):
        await asyncio.to_thread(lambda: None)
    assert room.queued == []


async def test_without_a_chat_of_the_staff_there_is_none(client: Redis) -> None:
    room = NumbersRoom(client, chat="")
    async with running(room):
        await asyncio.to_thread(lambda: None)
    assert room.queued == []


async def test_it_is_shown_in_the_staffs_chat_and_again_in_the_same_place(room: NumbersRoom) -> None:
    await room.asks("怎么退课", "no_evidence")
    async with running(room):
        await until_queued(room, 1)
    first = underway(room)
    await room.digest.doers()["digest"](first)
    await room.digest.doers()["digest"](underway(room, first.sent_id))
    [(_, reply)] = room.board.notes.items()
    assert (reply.conversation, reply.final) == (STAFF, True)
    assert "怎么退课" in reply.text


async def test_a_day_on_which_nothing_happened_is_not_told_of(room: NumbersRoom) -> None:
    async with running(room):
        await until_queued(room, 1)
    await room.digest.doers()["digest"](underway(room))
    assert room.board.notes == {}
