"""What nobody could answer goes to the staff, and what they reply to who asked."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from adapters.base import Sender
from bot import desk_errands
from bot.desk_words import CHINESE
from bot.errands import Errand, Underway
from bot.handover import MOST, Handed, Handover
from bot.posting import place_line
from memory.staff import Item
from tests.fakes.staff_room import STAFF, StaffRoom, edited


@pytest.fixture
async def house(client: Redis) -> AsyncIterator[StaffRoom]:
    async with StaffRoom(client).open() as house:
        yield house


async def item(house: StaffRoom, number: int = 1) -> Item:
    found = await house.desk.get(number)
    assert found is not None
    return found


async def test_a_question_handed_over_stands_on_a_card_with_where_it_comes_from(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    [card] = house.cards()
    assert "#1 · 有人找助教" in card.text
    assert "> 证书什么时候发？" in card.text
    assert "Ann · chat私聊 · 11-22 16:00" in card.text
    assert [one.heading for one in card.sources] == ["提交"]
    assert [one.command for one in card.buttons] == ["/assign 1", "/ignore 1"]


async def test_a_reply_to_the_card_reaches_who_asked_once(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    answer = house.message("lin", "12 月 1 日发到邮箱。", "staff", house.card_id(1))
    for _ in range(2):  # as after a crash
        said = await house.says(answer)
    assert said is not None
    assert [one.command for one in said.buttons] == ["/approve 1", "/edit 1", "/reject 1"]
    await house.room.until(lambda: bool(house.replied(asked)))
    assert house.replied(asked) == ["**助教 Lin 回复：**\n\n12 月 1 日发到邮箱。"]


async def test_what_was_answered_is_a_draft_without_who_asked(house: StaffRoom) -> None:
    await house.asks_staff("ann", "老师好，我叫小安，证书什么时候发？谢谢")
    said = await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    assert said is not None
    assert "**问**：证书什么时候发？\n\n**答**：12 月 1 日。" in said.text
    assert (await item(house)).draft == "证书什么时候发？"


async def test_the_card_shows_in_its_place_what_became_of_the_question(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.room.until(lambda: "✅ Lin 已答复" in house.cards()[0].text)
    [card] = house.cards()
    assert [one.command for one in card.buttons] == ["/approve 1", "/edit 1", "/reject 1"]


async def test_who_is_not_of_the_staff_answers_nobody(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    said = await house.says(house.message("eve", "明天发", "staff", house.card_id(1)))
    assert said is not None
    assert said.errands == ()
    assert (await item(house)).state == "open"
    assert not house.replied(asked)


async def test_a_short_question_of_the_staff_asks_back_and_leaves_the_item_open(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "安装报错怎么办")
    said = await house.says(house.message("lin", "哪个版本？", "staff", house.card_id(1)))
    assert said is not None
    assert said.text == CHINESE.asked_back.format(number=1)
    await house.room.until(lambda: bool(house.replied(asked)))
    assert "助教 Lin 想先确认：**\n\n哪个版本？" in house.replied(asked)[0]
    found = await item(house)
    assert (found.state, found.draft) == ("open", "")


async def test_what_the_asker_replies_to_the_staff_stands_below_the_card(house: StaffRoom) -> None:
    await house.asks_staff("ann", "安装报错怎么办")
    await house.says(house.message("lin", "哪个版本？", "staff", house.card_id(1)))
    await house.room.until(lambda: "sent:2" in house.room.notes)
    await house.queue_is_done()
    relayed = next(id for id, one in house.room.notes.items() if "想先确认" in one.text)
    said = await house.says(house.message("ann", "0.5.3", reply_to=f"chat:{relayed}"))
    assert said is not None
    assert said.text == CHINESE.handed
    await house.room.until(lambda: "提问者：0.5.3" in house.room.read("staff"))
    assert "提问者：0.5.3" in (await item(house)).gist


async def test_an_asker_may_add_by_number_where_a_platform_shows_no_replies(house: StaffRoom) -> None:
    await house.asks_staff("ann", "安装报错怎么办")
    await house.says(house.message("ann", "/staff 1 是 0.5.3"))
    await house.room.until(lambda: "提问者：是 0.5.3" in house.room.read("staff"))


async def test_a_number_of_somebody_elses_question_is_part_of_a_new_one(house: StaffRoom) -> None:
    await house.asks_staff("ann", "安装报错怎么办")
    await house.asks_staff("bob", "1 张卡够吗")
    found = await item(house, 2)
    assert (found.question, found.askers[0].person) == ("1 张卡够吗", "chat:bob")


async def test_thanks_to_the_staff_are_no_question(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.room.until(lambda: bool(house.replied(asked)))
    await house.queue_is_done()
    relayed = next(id for id, one in house.room.notes.items() if "Lin 回复" in one.text)
    said = await house.says(house.message("ann", "谢谢！", reply_to=f"chat:{relayed}"))
    assert said is not None
    assert said.errands == ()


async def test_what_follows_an_answer_is_a_new_item_that_tells_of_the_first(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.room.until(lambda: bool(house.replied(asked)))
    await house.queue_is_done()
    relayed = next(id for id, one in house.room.notes.items() if "Lin 回复" in one.text)
    await house.says(house.message("ann", "邮箱填错了怎么改", reply_to=f"chat:{relayed}"))
    await house.room.until(lambda: len(house.cards()) == 2)
    assert (await item(house, 2)).gist == "#1 证书什么时候发？\nLin：12 月 1 日。"


async def test_an_edited_answer_is_sent_as_a_correction(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    answer = house.message("lin", "12 月 1 日。", "staff", house.card_id(1))
    await house.says(answer)
    await house.says(edited(answer, "12 月 2 日。"))
    await house.room.until(lambda: len(house.replied(asked)) == 2)
    assert "Lin 更正：**\n\n12 月 2 日。" in house.replied(asked)[1]
    assert (await item(house)).answer == "12 月 2 日。"


async def test_a_second_member_of_the_staff_is_told_that_it_is_answered(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    said = await house.says(house.message("wu", "明天", "staff", house.card_id(1)))
    assert said is not None
    assert said.text == CHINESE.already.format(number=1, name="Lin")
    assert (await item(house)).answer == "12 月 1 日。"


async def test_an_answer_by_command_corrects_the_one_before(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.says(house.message("wu", "/answer 1 12 月 3 日。", "staff"))
    await house.room.until(lambda: len(house.replied(asked)) == 2)
    found = await item(house)
    assert (found.answer, found.author, found.state) == ("12 月 3 日。", "Wu", "answered")


async def test_staff_may_talk_below_a_card_without_the_asker_reading_it(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    for text in ("@Wu 你知道吗？", "// 我去问教务"):
        message = house.message("lin", text, "staff", house.card_id(1))
        assert not await house.staff_desk.at_desk(message)
        said = await house.says(message)
        assert said is not None
        assert said.text == CHINESE.not_sent
    assert not house.replied(asked)
    assert (await item(house)).state == "open"


async def test_a_picture_alone_is_asked_for_in_words(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    said = await house.says(house.message("lin", "", "staff", house.card_id(1)))
    assert said is not None
    assert said.text == CHINESE.write_words


async def test_a_reply_to_a_card_is_the_desks_though_not_put_to_the_bot(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    card = house.card_id(1)
    assert await house.staff_desk.at_desk(house.message("lin", "明天", "staff", card))
    assert not await house.staff_desk.at_desk(house.message("lin", "明天", "staff"))
    assert not await house.staff_desk.at_desk(house.message("lin", "明天", "elsewhere", card))
    await house.says(house.message("lin", "明天", "staff", card))
    assert not await house.staff_desk.at_desk(house.message("wu", "真的？", "staff", card))


async def test_who_replies_to_the_draft_means_its_item(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    answer = house.message("lin", "12 月 1 日。", "staff", house.card_id(1))
    await house.says(answer)
    await house.room.until(lambda: "已答复" in house.cards()[0].text)
    await house.queue_is_done()
    edit = house.message("lin", "答：12 月 5 日。", "staff", f"chat:said:{answer.id}")
    said = await house.says(edit)
    assert said is not None
    assert said.text.startswith(CHINESE.was_edited.format(number=1))
    assert (await item(house)).answer == "12 月 5 日。"


async def test_the_same_question_of_another_student_joins_the_one_that_waits(house: StaffRoom) -> None:
    first = await house.asks_staff("ann", "证书什么时候发？")
    second = house.message("bob", "/staff 证书什么时候发？", "class")
    await house.says(second)
    await house.room.until(lambda: "等 2 人" in house.cards()[0].text)
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.room.until(lambda: bool(house.replied(first) and house.replied(second)))
    merged = await item(house, 2)
    assert (merged.state, merged.into, merged.draft) == ("merged", 1, "证书什么时候发？")


async def test_an_asker_who_wants_to_be_forgotten_is_told_nothing_and_leaves_no_card(
    house: StaffRoom,
) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    card = house.card_id(1)
    await house.says(house.message("ann", "/forget confirm"))
    await house.room.until(lambda: not house.cards())
    assert await house.says(house.message("lin", "12 月 1 日。", "staff", card)) is None
    assert not house.replied(asked)


async def test_the_staff_hears_that_a_reply_cannot_be_delivered(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    house.room.closed.add("ann")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    closed = CHINESE.closed.format(number=1, name="Ann")
    await house.room.until(lambda: closed in house.room.read("staff"))


async def test_what_waits_too_long_is_brought_up_once(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.staff_desk.remind()
    house.now += 24 * 3600
    for _ in range(2):  # as by two processes
        await house.staff_desk.remind()
    await house.room.until(lambda: any("⏰ #1" in text for text in house.room.read("staff")))
    await house.queue_is_done()
    await house.staff_desk.remind()
    await house.queue_is_done()
    assert sum("⏰" in text for text in house.room.read("staff")) == 1


async def test_what_is_answered_is_brought_up_no_more(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    house.now += 24 * 3600
    await house.staff_desk.remind()
    await house.queue_is_done()
    assert not any("⏰" in text for text in house.room.read("staff"))


async def test_a_vote_against_an_answer_opens_an_item_with_it_and_the_reason_when_it_comes(
    house: StaffRoom,
) -> None:
    asked = house.message("ann", "怎么提交作业")
    await house.remember(asked, "怎么提交作业", "发到群里。")
    await house.says(house.message("ann", f"/feedback down {asked.id}"))
    await house.room.until(lambda: len(house.cards()) == 1)
    await house.queue_is_done()
    assert "回答被点踩" in house.cards()[0].text
    assert "> > 发到群里。" in house.cards()[0].text
    await house.says(house.message("ann", f"/feedback down {asked.id} old"))
    await house.room.until(lambda: "点踩的原因：内容过时" in house.cards()[0].text)
    await house.says(house.message("lin", "现在在网站上提交。", "staff", house.card_id(1)))
    await house.room.until(lambda: bool(house.replied(asked)))
    assert len(house.cards()) == 1


async def test_the_button_below_an_answer_hands_its_question_over(house: StaffRoom) -> None:
    asked = house.message("ann", "怎么提交作业", "class")
    await house.remember(asked, "怎么提交作业", "发到群里。")
    await house.says(house.message("ann", f"/staff {asked.id}", "class"))
    await house.room.until(lambda: len(house.cards()) == 1)
    await house.queue_is_done()
    assert (await item(house)).question == "怎么提交作业"
    await house.says(house.message("lin", "在网站上。", "staff", house.card_id(1)))
    await house.room.until(lambda: bool(house.replied(asked)))


async def test_a_question_of_another_chat_is_not_handed_over(house: StaffRoom) -> None:
    asked = house.message("ann", "怎么提交作业")
    await house.remember(asked, "怎么提交作业", "发到群里。")
    said = await house.says(house.message("eve", f"/staff {asked.id}"))
    assert said is not None
    assert said.text == CHINESE.gone


async def test_feedback_reaches_the_staff(house: StaffRoom) -> None:
    said = await house.says(house.message("ann", "/feedback 第三章的链接打不开"))
    assert said is not None
    assert said.text == CHINESE.feedback
    await house.room.until(lambda: len(house.cards()) == 1)
    await house.queue_is_done()
    assert "有人提意见" in house.cards()[0].text


async def test_what_is_done_again_after_a_crash_opens_and_shows_one_card(client: Redis) -> None:
    house = StaffRoom(client)
    asked = house.message("ann", "证书什么时候发？")
    place = place_line(asked.conversation)
    handed = Handed("asked", asked.text, asked.text, 7.0, "chat:ann", "Ann", asked.id, place, "zh")
    sent = [""]

    async def keep(sent_id: str) -> None:
        sent[0] = sent_id

    async def do_twice(errand: Errand) -> None:
        for _ in range(2):
            await house.staff_desk.doers()[errand.kind](Underway(errand, 7.0, sent[0], keep))

    await do_twice(Handover(STAFF).errand(handed))
    [job] = await house.inbox.take(["errands"], 9)
    [letter] = job.letters
    assert letter.id.startswith("errands:desk.card:1:")
    await do_twice(Errand("card", "card", "desk.card", "1"))
    assert len(house.cards()) == 1


async def test_asking_back_twice_after_a_crash_asks_once(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "安装报错怎么办")
    message = house.message("lin", "哪个版本？", "staff", house.card_id(1))
    first = await house.says(message)
    assert await house.says(message) == first
    await house.queue_is_done()
    assert len(house.replied(asked)) == 1
    assert (await item(house)).state == "open"


async def test_an_ignored_question_is_answered_by_a_reply_all_the_same(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "/ignore 1", "staff"))
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.room.until(lambda: bool(house.replied(asked)))


async def test_the_staff_may_answer_in_a_direct_chat(house: StaffRoom) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    pending = house.message("lin", "/pending 1")
    await house.says(pending)
    await house.queue_is_done()
    await house.says(house.message("lin", "12 月 1 日。", reply_to=f"chat:said:{pending.id}"))
    await house.room.until(lambda: bool(house.replied(asked)))


async def test_who_joins_a_question_that_is_answered_meanwhile_is_told_too(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    second = await house.asks_staff("bob", "结营证书呢")
    opened = await item(house, 2)
    # As where a crash came between the two steps of a merge.
    assert await house.desk.put(opened, replace(opened, state="merged", into=1))
    handed = next(one for one in house.handed if "结营证书呢" in one.body)
    await house.queue(replace(handed, id="again"))
    await house.room.until(lambda: bool(house.replied(second)))


async def test_what_is_answered_before_it_is_brought_up_is_not(house: StaffRoom) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.says(house.message("lin", "12 月 1 日。", "staff", house.card_id(1)))
    await house.queue(desk_errands.ping(1))
    await house.queue_is_done()
    assert not any("⏰" in text for text in house.room.read("staff"))


async def test_one_person_cannot_fill_the_staffs_chat(house: StaffRoom) -> None:
    for number in range(MOST):
        await house.asks_staff("ann", f"{'一二三四五'[number]}？")
    enough = CHINESE.enough.format(count=MOST)
    for text in ("/staff 六？", "/feedback 七"):
        said = await house.says(house.message("ann", text))
        assert said is not None
        assert (said.text, said.errands) == (enough, ())
    await house.asks_staff("bob", "八？")


async def test_what_is_handed_over_of_itself_is_listed_then_without_a_card(house: StaffRoom) -> None:
    place = place_line(house.message("ann", "").conversation)
    for number in range(MOST + 1):
        asked = house.message("ann", f"{'一二三四五六'[number]}？")
        handed = Handed("no_evidence", asked.text, asked.text, 1.0, "chat:ann", "Ann", asked.id, place, "zh")
        await house.queue(Handover(house.course.staff).errand(handed))
        await house.queue_is_done()
    assert len(house.cards()) == MOST
    assert len(await house.desk.of("chat:ann")) == MOST + 1


@pytest.mark.parametrize("text", ["收到", "谢谢！", "// 谁来看看"])
async def test_what_is_no_answer_is_not_passed_on(house: StaffRoom, text: str) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    said = await house.says(house.message("lin", text, "staff", house.card_id(1)))
    assert said is not None
    assert (said.text, said.errands) == (CHINESE.not_sent, ())


async def test_a_name_formats_nothing_on_a_card(house: StaffRoom) -> None:
    asked = house.message("ann", "/staff 证书？")
    await house.says(replace(asked, sender=Sender("chat:ann", "**#9** [Ann](http://x)")))
    await house.room.until(lambda: bool(house.cards()))
    assert "9 Ann http://x · " in house.cards()[0].text
