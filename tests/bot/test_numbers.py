"""The staff sees how much is asked and how it is answered, and of no person who asked it."""

import csv
import io
from datetime import datetime

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation
from bot.command import Misused
from bot.command_call import Said
from bot.numbers import code_of
from bot.numbers_words import CHINESE
from tests.fakes.numbers_room import DAY, GROUP, HOUR, STAFF, NumbersRoom, traced

OTHER = Conversation("board", "-200", "group")


@pytest.fixture
def room(client: Redis) -> NumbersRoom:
    return NumbersRoom(client)


async def stats(room: NumbersRoom, arguments: str = "", place: Conversation = STAFF) -> Said:
    return await room.commands.stats(room.call(arguments, place))


async def rows(room: NumbersRoom) -> list[dict[str, str]]:
    [table] = (await room.commands.export(room.call())).enclosures
    return list(csv.DictReader(io.StringIO(table.data.decode("utf-8-sig"))))


async def test_questions_are_counted_with_how_they_were_answered(room: NumbersRoom) -> None:
    for number, outcome in enumerate(["answered", "answered", "quoted", "no_evidence"]):
        await room.asks(f"问题 {number}", outcome, person=f"p{number % 3}")
    text = (await stats(room)).text
    assert "问题 4 个，3 人提问，答上 75%（回答 2，引用原文 1，没答上 1）" in text


async def test_thanks_are_no_questions_and_chatter_is_counted_apart(room: NumbersRoom) -> None:
    await room.asks("怎么装 lmdeploy")
    await room.asks("谢谢", "not_ours", notice="thanks")
    await room.asks("我是 camp4 的", "answered", notice="noted")
    await room.asks("今天天气怎么样", "not_ours")
    text = (await stats(room)).text
    assert "问题 1 个，1 人提问，答上 100%" in text
    assert "和课程无关 1 条" in text


async def test_what_the_bot_left_alone_is_told_as_a_share(room: NumbersRoom) -> None:
    await room.asks("怎么装 lmdeploy")
    for number in range(3):
        await room.journal.silent(f"m{number}", "board:-100", room.now)
    assert "安静 75%：看到了但没插话 3 条" in (await stats(room)).text


async def test_silences_are_counted_by_days_of_utc_and_told_by_their_share(room: NumbersRoom) -> None:
    for number in range(24):
        await room.journal.silent(f"m{number}", "board:-100", room.now - 5 * HOUR)
    # Of that day, eight hours are today in the course's zone.
    assert "没插话 8 条" in (await stats(room, "1")).text


async def test_how_long_people_wait_is_told_by_halves_and_tenths(room: NumbersRoom) -> None:
    for number in range(1, 12):
        await room.asks(f"问题 {number}", first_ms=number * 1000.0, trace=traced(60_000))
    text = (await stats(room)).text
    assert "首字：一半在 6.0 秒内，九成在 10 秒内" in text


async def test_what_it_cost_is_told_in_tokens_and_time(room: NumbersRoom) -> None:
    for number in range(4):
        await room.asks(f"问题 {number}", tokens=(1500, 100), trace=traced(60_000))
    assert "用量：输入 6,000 token，输出 400 token，模型用时 4 分钟" in (await stats(room)).text


async def test_votes_are_told_with_their_reasons(room: NumbersRoom) -> None:
    entry = await room.asks("怎么装 lmdeploy")
    await room.votes_on(entry, "down", "old")
    assert "👍 0，👎 1（内容过时 1）" in (await stats(room)).text


async def test_what_went_to_the_staff_is_told_with_what_became_of_it(room: NumbersRoom) -> None:
    for number, state in enumerate(["open", "answered", "approved"]):
        await room.handed_over(await room.asks(f"问题 {number}", "no_evidence"), state=state)
    assert "转助教 3 个，已回复 2，待答 1" in (await stats(room)).text


async def test_what_is_asked_most_is_told_by_meaning(room: NumbersRoom) -> None:
    for question in ("怎么申请结营证书", "结营证书咋申请", "how do I apply for the certificate"):
        await room.asks(question, "answered" if question.isascii() else "no_evidence")
    await room.asks("loss 变成 nan 了")
    assert "1. 怎么申请结营证书：3 次，2 次没答上" in (await stats(room)).text


async def test_groups_and_cohorts_are_told_where_there_are_several(room: NumbersRoom) -> None:
    await room.asks("怎么装 lmdeploy", cohort="camp4")
    assert CHINESE.chats not in (await stats(room)).text
    await room.asks("怎么装 xtuner", "no_evidence", place=None, cohort="camp3")
    text = (await stats(room)).text
    assert "board:-100：1 个，答上 100%" in text
    assert "私聊：1 个，答上 0%" in text
    assert "camp3：1 个，答上 0%" in text


async def test_in_a_group_of_students_only_that_group_is_told_of(room: NumbersRoom) -> None:
    for _ in range(2):
        await room.asks("悄悄问一下怎么退课", place=None)
        await room.asks("开发机磁盘满了怎么办", place=OTHER)
        await room.asks("怎么装 lmdeploy")
    text = (await stats(room, place=GROUP)).text
    assert "问题 2 个" in text
    assert "怎么装 lmdeploy：2 次" in text
    assert "退课" not in text
    assert "磁盘" not in text


async def test_a_picture_of_the_days_comes_with_it(room: NumbersRoom) -> None:
    await room.asks("怎么装 lmdeploy")
    said = await stats(room, "7d")
    [picture] = said.enclosures
    assert (picture.media_type, picture.data[:4]) == ("image/png", b"\x89PNG")
    assert CHINESE.legend in said.text
    assert (await stats(room, "1d")).enclosures == ()


async def test_days_before_are_left_out(room: NumbersRoom) -> None:
    await room.asks("怎么装 lmdeploy", ago=6 * DAY)
    await room.asks("怎么装 xtuner", ago=8 * DAY)
    assert "问题 1 个" in (await stats(room)).text
    assert "问题 2 个" in (await stats(room, "30天")).text


@pytest.mark.parametrize("arguments", ["0", "91d", "abc", "7d 8", "-1"])
async def test_days_that_nobody_can_count_get_the_usage(room: NumbersRoom, arguments: str) -> None:
    with pytest.raises(Misused, match="1 到 90"):
        await stats(room, arguments)


async def test_where_nobody_asked_it_says_so(room: NumbersRoom) -> None:
    said = await stats(room)
    assert CHINESE.nothing in said.text
    assert said.enclosures == ()


async def test_a_question_cannot_format_what_stands_around_it(room: NumbersRoom) -> None:
    for _ in range(2):
        await room.asks("**看** [这里](https://x.example)\n# 大标题")
    assert r"1. \*\*看\*\* \[这里\](https://x.example) \# 大标题：2 次" in (await stats(room)).text


async def test_an_export_has_a_line_for_each_answer(room: NumbersRoom) -> None:
    entry = await room.asks("怎么装 lmdeploy", tokens=(900, 80), trace=traced(1234.5), standing=["install"])
    await room.votes_on(entry, "down", "wrong")
    [row] = await rows(room)
    assert datetime.fromisoformat(row["time"]).timestamp() == entry.at
    assert (row["question"], row["outcome"], row["chat"]) == ("怎么装 lmdeploy", "answered", "board:-100")
    assert (row["prompt_tokens"], row["answer_tokens"], row["model_ms"]) == ("900", "80", "1234")
    assert (row["documents"], row["votes"], row["reasons"]) == ("install", "down", "wrong")


async def test_an_export_tells_nothing_by_which_a_person_could_be_found(room: NumbersRoom) -> None:
    for person in ("4242424242", "4242424242", "5151515151"):
        await room.asks("怎么退课", person=person, place=None)
    first, second = await rows(room), await rows(room)
    assert "4242424242" not in str(first)
    assert [row["chat"] for row in first] == ["direct"] * 3
    assert first[0]["person"] == first[1]["person"] != first[2]["person"]
    assert first[0]["person"] != second[0]["person"]


async def test_a_spreadsheet_takes_no_question_for_a_formula(room: NumbersRoom) -> None:
    await room.asks('=HYPERLINK("https://x.example")')
    [row] = await rows(room)
    assert row["question"] == '\'=HYPERLINK("https://x.example")'


@pytest.mark.parametrize("place", [GROUP, OTHER])
async def test_an_export_is_not_shown_in_a_group_of_students(room: NumbersRoom, place: Conversation) -> None:
    await room.asks("怎么装 lmdeploy")
    said = await room.commands.export(room.call(place=place))
    assert (said.text, said.enclosures) == (CHINESE.staff_chat_only, ())


async def test_a_trace_tells_how_an_answer_came_about(room: NumbersRoom) -> None:
    entry = await room.asks(
        "它怎么装",
        "quoted",
        notice="model_down",
        cohort="camp4",
        first_ms=400.0,
        total_ms=1500.0,
        tokens=(900, 80),
        standing=["install"],
        trace=traced(1200, "lmdeploy 怎么装"),
    )
    await room.votes_on(entry, "down", "old")
    text = (await room.commands.trace(room.call(entry.message_id))).text
    assert "群 board:-100，camp4" in text
    assert "结果：引用原文，模型不可用" in text
    assert "检索用的问法：lmdeploy 怎么装" in text
    assert "共 1.5 秒（首字 0.4 秒，检索 4 ms，模型 1200 ms）" in text
    assert "token：输入 900，输出 80，其中缓存 512" in text
    assert "反馈：👎 内容过时" in text
    assert "1. Install › Steps (r1)" in text


async def test_a_trace_is_found_by_the_code_of_an_export(room: NumbersRoom) -> None:
    entry = await room.asks("怎么装 lmdeploy", place=None)
    [row] = await rows(room)
    assert row["code"] == code_of(entry)
    assert "怎么装 lmdeploy" in (await room.commands.trace(room.call(row["code"]))).text


async def test_a_reply_to_the_answer_or_to_the_question_gets_its_trace(room: NumbersRoom) -> None:
    await room.asks("怎么装 xtuner")
    entry = await room.asks("怎么装 lmdeploy")
    await room.asks("怎么装 opencompass")
    room.sent[entry.message_id] = "board:answer"
    for id in ("board:answer", entry.message_id):
        said = await room.commands.trace(room.call(place=GROUP, reply_to=id))
        assert "怎么装 lmdeploy" in said.text


async def test_alone_in_a_direct_chat_it_is_of_the_last_answer_there(room: NumbersRoom) -> None:
    await room.asks("怎么装 xtuner", place=None, ago=2 * HOUR)
    await room.asks("怎么装 lmdeploy", place=None)
    said = await room.commands.trace(room.call(place=Conversation("board", "ann")))
    assert "怎么装 lmdeploy" in said.text


async def test_what_was_asked_elsewhere_is_not_traced_in_a_group_of_students(room: NumbersRoom) -> None:
    entry = await room.asks("悄悄问一下怎么退课", place=None)
    said = await room.commands.trace(room.call(entry.message_id, place=GROUP))
    assert said.text == CHINESE.elsewhere


@pytest.mark.parametrize(("id", "says"), [("", CHINESE.which_answer), ("board:9", CHINESE.no_entry)])
async def test_an_answer_that_nobody_knows_has_no_trace(room: NumbersRoom, id: str, says: str) -> None:
    await room.asks("怎么装 lmdeploy")
    assert (await room.commands.trace(room.call(id))).text == says
