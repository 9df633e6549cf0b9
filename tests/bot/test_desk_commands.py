"""What the staff does with questions by commands and buttons."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.command_call import Said
from bot.desk_words import CHINESE
from bot.phrases import CHINESE as SAID
from memory.staff import Item
from tests.fakes.staff_room import StaffRoom


class Staffed(StaffRoom):
    """Where Lin has answered Ann's question, if she has."""

    async def answered(self) -> None:
        await self.asks_staff("ann", "证书什么时候发？")
        await self.says(self.message("lin", "12 月 1 日。", "staff", self.card_id(1)))

    async def lin(self, text: str, chat: str = "staff", reply_to: str = "") -> Said:
        said = await self.says(self.message("lin", text, chat, reply_to))
        assert said is not None
        return said


@pytest.fixture
async def house(client: Redis) -> AsyncIterator[Staffed]:
    house = Staffed(client)
    async with house.open():
        yield house


async def item(house: StaffRoom, number: int = 1) -> Item:
    found = await house.desk.get(number)
    assert found is not None
    return found


async def test_an_approved_draft_is_published_with_who_approved_it(house: Staffed) -> None:
    await house.answered()
    said = await house.lin("/approve 1")
    assert said.text == CHINESE.approving.format(number=1)
    assert (await item(house)).state == "approved"
    assert house.published == [(1, "Lin")]


async def test_approving_twice_says_so(house: Staffed) -> None:
    await house.answered()
    await house.lin("/approve 1")
    assert (await house.lin("/通过 #1")).text == CHINESE.was_approved.format(number=1)


async def test_without_an_answer_there_is_nothing_to_approve(house: Staffed) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    assert (await house.lin("/approve 1")).text == CHINESE.no_draft.format(number=1)
    assert house.published == []


async def test_a_rejected_draft_is_not_served_and_an_approved_one_is_taken_out(house: Staffed) -> None:
    await house.answered()
    assert (await house.lin("/reject 1")).text == CHINESE.was_rejected.format(number=1)
    await house.lin("/approve 1")
    assert (await house.lin("/reject 1")).text == CHINESE.was_withdrawn.format(number=1)
    assert (await item(house)).state == "rejected"
    assert len(house.published) == 3  # what is served is made as the item is


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("12 月 5 日。", "证书什么时候发？", "12 月 5 日。"),
        ("问：结营证书何时发？", "结营证书何时发？", "12 月 1 日。"),
        ("答：看邮箱。", "证书什么时候发？", "看邮箱。"),
        ("Q: 何时发证？\nA: 看邮箱。\n- 12 月", "何时发证？", "看邮箱。\n- 12 月"),
    ],
)
async def test_a_draft_is_edited_whole_or_in_part(
    house: Staffed, text: str, question: str, answer: str
) -> None:
    await house.answered()
    await house.lin(f"/edit 1 {text}")
    found = await item(house)
    assert (found.draft, found.answer, found.state) == (question, answer, "answered")


async def test_an_edited_draft_is_not_sent_to_the_asker(house: Staffed) -> None:
    await house.answered()
    await house.lin("/edit 1 看邮箱。")
    await house.queue_is_done()
    assert len(house.room.read("ann")) == 2  # that it is handed over, and the answer


async def test_what_was_approved_and_then_edited_waits_for_approval_again(house: Staffed) -> None:
    await house.answered()
    await house.lin("/approve 1")
    await house.lin("/edit 1 看邮箱。")
    assert (await item(house)).state == "answered"
    assert len(house.published) == 1


async def test_edit_alone_shows_the_draft_in_the_form_to_send_back(house: Staffed) -> None:
    await house.answered()
    said = await house.lin("/edit 1")
    assert "/edit 1\n问：证书什么时候发？\n答：12 月 1 日。" in said.text


async def test_a_question_is_taken_by_who_presses_or_given_to_somebody(house: Staffed) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.lin("/assign 1")
    await house.room.until(lambda: "由 Lin 处理" in house.cards()[0].text)
    await house.lin("/认领 1 @Wu")
    assert (await item(house)).assignee == "Wu"


async def test_an_ignored_question_waits_no_more_but_may_be_answered(house: Staffed) -> None:
    asked = await house.asks_staff("ann", "证书什么时候发？")
    await house.lin("/ignore 1")
    assert (await house.lin("/pending")).text == CHINESE.empty
    await house.lin("/answer 1 12 月 1 日。")
    await house.room.until(lambda: bool(house.replied(asked)))


async def test_an_answered_question_is_not_ignored(house: Staffed) -> None:
    await house.answered()
    assert (await house.lin("/ignore 1")).text == CHINESE.already.format(number=1, name="Lin")


async def test_a_merged_question_gets_the_answer_of_the_other(house: Staffed) -> None:
    await house.answered()
    asked = await house.asks_staff("bob", "结营证书呢")
    said = await house.lin("/merge 2 1")
    assert said.text == CHINESE.was_merged.format(number=2, into=1)
    await house.room.until(lambda: bool(house.replied(asked)))
    assert house.replied(asked) == ["**助教 Lin 回复：**\n\n12 月 1 日。"]
    await house.room.until(lambda: "已并入 #1" in house.cards()[1].text)


async def test_what_was_served_of_a_merged_question_is_taken_out(house: Staffed) -> None:
    await house.answered()
    await house.lin("/approve 1")
    await house.asks_staff("bob", "结营证书呢")
    await house.lin("/merge 1 2")
    await house.room.until(lambda: "已并入 #2" in house.cards()[0].text)
    await house.queue_is_done()
    assert house.published == [(1, "Lin"), (1, "Lin")]


async def test_questions_are_not_merged_in_a_circle(house: Staffed) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.asks_staff("bob", "作业在哪里交")
    await house.lin("/merge 2 1")
    for text in ("/merge 1 2", "/merge 1 1"):
        assert (await house.lin(text)).text == CHINESE.same
    assert (await item(house)).state == "open"


async def test_pending_tells_what_waits_and_which_drafts(house: Staffed) -> None:
    await house.answered()
    await house.asks_staff("bob", "作业在哪里交")
    house.now += 7200
    said = await house.lin("/pending")
    assert "等待回答（1）**\n\n- **#2** 作业在哪里交（2 小时）" in said.text.replace("120 分钟", "2 小时")
    assert "草稿待通过（1）" in said.text
    one = await house.lin("/pending 2")
    assert "#2 · 有人找助教" in one.text


async def test_who_replies_to_a_card_need_not_name_its_number(house: Staffed) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.lin("/answer 12 月 1 日发", reply_to=house.card_id(1))
    assert (await item(house)).answer == "12 月 1 日发"
    await house.lin("/approve", reply_to=house.card_id(1))
    assert (await item(house)).state == "approved"


@pytest.mark.parametrize("text", ["/approve", "/answer 1", "/answer", "/merge 1", "/edit x"])
async def test_wrong_arguments_get_the_usage(house: Staffed, text: str) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    assert SAID.usage.partition("{")[0] in (await house.lin(text)).text


async def test_a_number_that_nothing_has_is_told(house: Staffed) -> None:
    assert (await house.lin("/approve 7")).text == CHINESE.no_item.format(number=7)


async def test_questions_of_others_are_not_shown_in_a_group(house: Staffed) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    assert (await house.lin("/pending", chat="class")).text == CHINESE.here_only
    assert "证书" in (await house.lin("/pending", chat="")).text


async def test_students_may_not_and_it_is_written_down(house: Staffed) -> None:
    await house.answered()
    said = await house.says(house.message("ann", "/approve 1"))
    assert said == Said(SAID.staff_only)
    [deed] = [one for one in await house.audit.newest(9) if one.person == "chat:ann"]
    assert (deed.command, deed.refused) == ("/approve 1", True)


async def test_what_the_staff_does_is_written_down_with_before_and_after(house: Staffed) -> None:
    await house.answered()
    await house.lin("/edit 1 看邮箱。")
    [deed, *_] = await house.audit.newest(1)
    assert "12 月 1 日。" in deed.before
    assert "看邮箱。" in deed.after


async def test_a_merge_done_again_after_a_crash_counts_each_asker_once(house: Staffed) -> None:
    await house.asks_staff("ann", "证书什么时候发？")
    await house.asks_staff("bob", "作业在哪里交")
    merge = house.message("lin", "/merge 2 1", "staff")
    assert await house.says(merge) == await house.says(merge)
    assert [one.person for one in (await item(house)).askers] == ["chat:ann", "chat:bob"]
