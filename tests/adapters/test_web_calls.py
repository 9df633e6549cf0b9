"""What the page's script calls, without a browser."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from adapters.base import (
    AdapterError,
    Conversation,
    Delivery,
    DeliveryFailed,
    Enclosure,
    Exchange,
    Message,
    NotAccepted,
    Reply,
    Sender,
)
from adapters.web import WebAdapter
from tests.adapters.tab import FIRST, SECOND, THIRD, Tab, never_answered, reply_to, running, said
from tests.fakes.scripted_bot import ScriptedBot


class Desk:
    """A page whose bot does nothing by itself; the test shows replies to what was `asked`."""

    def __init__(self) -> None:
        self.adapter = WebAdapter("A course", recall=self.recall, keep=self.keep)
        self.tab = Tab(self.adapter)
        self.clear()

    def clear(self) -> None:
        """Begin again in another conversation: mounting a page takes long."""
        self.asked: list[Message] = []
        self.withdrawn: list[str] = []
        self.known: list[Exchange] = []
        self.recalls = 0
        self.memory_fails = False
        self.full = False
        self.tab.talk = uuid4().hex

    async def accept(self, message: Message) -> None:
        if self.full:
            raise NotAccepted("redis://secret is full.")
        if message.withdrawn:
            self.withdrawn.append(message.id)
            self.known = [each for each in self.known if each.message_id != message.id]
            return
        self.asked.append(message)
        self.known.append(Exchange(message.id, message.text, None))

    async def recall(self, _conversation: Conversation, _sender: Sender) -> Sequence[Exchange]:
        self.recalls += 1
        if self.memory_fails:
            raise AdapterError("The memory does not answer.")
        return self.known

    async def keep(self, id: str, reply: Reply) -> None:
        if self.memory_fails:
            raise DeliveryFailed("The memory does not answer.")
        self.known = [each for each in self.known if each.message_id != id]
        self.known.append(Exchange(id, "", reply))

    async def post(self, text: str, key: str = "news-1", **more: Any) -> str:
        reply = Reply(Conversation("web", await chat_id(self)), text, final=True, **more)
        return await self.adapter.show(said(reply), Delivery(key))

    async def ask(self, *ids: str) -> list[Message]:
        for id in ids:
            await self.tab.call("say", id=id, text=f"question {id[0]}")
        return self.asked

    async def show(self, *steps: Reply | asyncio.Event | Exception, sent_id: str = "") -> str:
        return await self.adapter.show(said(*steps), Delivery(self.asked[0].id, sent_id))

    async def on_the_page(self, seen: int = 0) -> list[tuple[str, str, bool]]:
        news = await self.tab.call("follow", seen=seen)
        return [(reply["id"], reply["html"].strip(), reply["final"]) for reply in news["replies"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mounted() -> Desk:
    return Desk()


@pytest.fixture
def desk(mounted: Desk) -> Desk:
    mounted.clear()
    return mounted


@pytest.mark.parametrize("data", [[1], "x", {"talk": "7" * 32, "seen": "x"}, {"talk": "../x"}])
async def test_calls_that_the_page_does_not_make_are_turned_down(data: object, desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        assert (await desk.tab.post("follow", data)).status_code == 400


async def test_halves_of_characters_do_not_break_the_page(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        await desk.tab.call("say", id=FIRST, text="half\ud800")
        assert (await desk.tab.call("open_talk"))["waiting"][0]["text"] == "half"


# ---- showing


async def test_a_reply_is_shown_under_an_id_that_follows_from_its_message(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        (question,) = await desk.ask(FIRST)
        assert await desk.show(reply_to(question, "yes")) == f"web:{FIRST}.reply"
        assert await desk.on_the_page() == [(f"web:{FIRST}.reply", "<p>yes</p>", True)]
        assert await desk.show(reply_to(question, "yes"), sent_id="web:earlier.reply") == "web:earlier.reply"


@pytest.mark.parametrize("ends", [AdapterError("broken"), asyncio.CancelledError()])
async def test_an_answer_that_is_broken_off_stays_until_it_is_completed_in_place(
    ends: BaseException, desk: Desk
) -> None:
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        (question,) = await desk.ask(FIRST)
        half, hang = reply_to(question, "half", final=False), asyncio.Event()
        if isinstance(ends, Exception):
            with pytest.raises(AdapterError):
                await desk.show(half, ends)
        else:
            showing = asyncio.create_task(desk.show(half, hang))
            await desk.on_the_page()
            showing.cancel()
            await asyncio.wait({showing})
            assert showing.cancelled()
        assert await desk.on_the_page() == [(f"web:{FIRST}.reply", "<p>half</p>", False)]
        await desk.show(reply_to(question, "whole"))
        assert await desk.on_the_page() == [(f"web:{FIRST}.reply", "<p>whole</p>", True)]


async def test_an_answer_that_was_given_up_is_closed(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        (question,) = await desk.ask(FIRST)
        await desk.show(reply_to(question, "half", final=False))
        assert await desk.on_the_page() == [(f"web:{FIRST}.reply", "<p>half</p>", True)]


async def test_a_reply_that_never_comes_has_no_id(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        await desk.ask(FIRST)
        assert await desk.show() == ""


# ---- stopping


async def test_a_stop_ends_an_answer_whose_next_words_do_not_come() -> None:
    bot = ScriptedBot(lambda _: ["half", asyncio.Event()])
    adapter = WebAdapter("A course", recall=bot.recall)
    page = Tab(adapter)
    async with running(adapter, bot.accept_for(adapter)), asyncio.timeout(10):
        seen = (await page.call("open_talk"))["version"]
        await page.call("say", id=FIRST, text="hang")
        await page.call("follow", seen=seen)
        await page.call("stop", ids=[f"web:{FIRST}"])
        await bot.idle()
        assert bot.withdrawn == [f"web:{FIRST}"]


async def test_a_stop_takes_back_a_question_that_waits(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        (question,) = await desk.ask(FIRST)
        await desk.tab.call("stop", ids=[question.id])
        assert desk.withdrawn == [question.id]
        assert (await desk.tab.call("open_talk"))["waiting"] == []
        assert await desk.show(reply_to(question, "too late")) == ""


async def test_a_stop_of_one_question_of_several_leaves_the_others_their_answer(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        first, second = await desk.ask(FIRST, SECOND)
        more = asyncio.Event()
        half = reply_to(first, "half", second.id, final=False)
        showing = asyncio.create_task(desk.show(half, more, reply_to(first, "whole", second.id)))
        seen = (await desk.tab.call("follow", seen=0))["version"]
        await desk.tab.call("stop", ids=[second.id])
        more.set()
        await showing
        assert await desk.on_the_page(seen) == [(f"web:{FIRST}.reply", "<p>whole</p>", True)]


async def test_a_stop_ends_what_grows_here_also_when_the_bot_cannot_be_reached(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        first, second = await desk.ask(FIRST, SECOND)
        half = reply_to(first, "half", second.id, final=False)
        showing = asyncio.create_task(desk.show(half, asyncio.Event()))
        await desk.on_the_page()
        desk.full = True
        stop = {"talk": desk.tab.talk, "ids": [first.id, second.id]}
        assert (await desk.tab.post("stop", stop)).status_code == 503
        assert await showing == f"web:{FIRST}.reply"
        assert await desk.on_the_page() == [(f"web:{FIRST}.reply", "<p>half</p>", True)]


# ---- what is not lost


async def test_a_question_that_is_not_accepted_is_told_without_the_operators_sentence(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        desk.full = True
        response = await desk.tab.post("say", {"talk": desk.tab.talk, "id": FIRST, "text": "?"})
        assert response.status_code == 503
        assert "secret" not in response.text
        assert (await desk.tab.call("open_talk"))["waiting"] == []


async def test_a_question_that_an_earlier_process_accepted_waits_on_the_page(desk: Desk) -> None:
    desk.known.append(Exchange(f"web:{FIRST}", "asked before", None))
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        opened = await desk.tab.call("open_talk")
        assert opened["waiting"] == [{"id": f"web:{FIRST}", "text": "asked before"}]
        following = asyncio.create_task(desk.tab.call("follow", seen=0, waiting=[f"web:{FIRST}"]))
        conversation = Conversation("web", await chat_id(desk))
        answer = Reply(conversation, "at last", in_reply_to=f"web:{FIRST}", final=True)
        await asyncio.wait({following}, timeout=0.1)
        await desk.adapter.show(said(answer), Delivery(f"web:{FIRST}"))
        news = await following
        assert news["lost"] == []
        assert [reply["html"] for reply in news["replies"]] == ["<p>at last</p>\n"]


async def test_an_answer_that_was_given_elsewhere_reaches_a_page_that_waits_for_it(desk: Desk) -> None:
    where = Conversation("web", "elsewhere")
    answer = Reply(where, "Page 3.", in_reply_to=f"web:{FIRST}", final=True)
    desk.known.append(Exchange(f"web:{FIRST}", "asked before", answer))
    async with running(desk.adapter, desk.accept):
        news = await desk.tab.call("follow", seen=0, waiting=[f"web:{FIRST}"])
        assert [(reply["id"], reply["html"]) for reply in news["replies"]] == [
            (f"web:{FIRST}.reply", "<p>Page 3.</p>\n")
        ]
        assert news["replies"][0]["questions"] == [{"id": f"web:{FIRST}", "text": "asked before"}]


async def test_a_question_that_nobody_knows_of_is_lost_at_the_second_look(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        await desk.ask(FIRST)
        ids = [f"web:{FIRST}", f"web:{SECOND}"]
        first_look = await desk.tab.call("follow", seen=0, waiting=ids)
        second_look = await desk.tab.call("follow", seen=0, waiting=ids)
        assert (first_look["lost"], second_look["lost"]) == ([], [f"web:{SECOND}"])


async def test_while_the_memory_does_not_answer_pages_wait(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        desk.memory_fails = True
        assert (await desk.tab.post("open_talk", {"talk": desk.tab.talk})).status_code == 503
        following = asyncio.create_task(desk.tab.call("follow", seen=0, waiting=[f"web:{SECOND}"]))
        await asyncio.wait({following}, timeout=1.5)
        assert not following.done()
        (question,) = await desk.ask(FIRST)
        await desk.show(reply_to(question, "yes"))
        assert (await following)["lost"] == []


async def test_a_page_gets_the_answer_that_it_waits_for_whatever_it_has_seen_in_another_process(
    desk: Desk,
) -> None:
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        (question,) = await desk.ask(FIRST)
        await desk.show(reply_to(question, "yes"))
        news = await desk.tab.call("follow", seen=2**52, waiting=[question.id])
        assert [reply["html"] for reply in news["replies"]] == ["<p>yes</p>\n"]
        assert news["version"] == 2**52


async def test_the_bot_is_asked_for_what_waits_once_a_call_and_not_for_each_word(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept), asyncio.timeout(10):
        first, second = await desk.ask(FIRST, SECOND)
        more = [reply_to(first, "word " * count, final=False) for count in range(1, 20)]
        seen = 0
        for frame in more:
            await desk.show(frame, sent_id="web:other.reply")
            news = await desk.tab.call("follow", seen=seen, waiting=[second.id])
            seen = news["version"]
        assert desk.recalls <= 2


# ---- several questions, one answer


async def test_an_answer_to_several_questions_names_them_all(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        first, second, third = await desk.ask(FIRST, SECOND, THIRD)
        await desk.show(reply_to(first, "all three", second.id, third.id))
        news = await desk.tab.call("follow", seen=0, waiting=[third.id])
        (reply,) = news["replies"]
        assert reply["ids"] == [first.id, second.id, third.id]
        assert [each["text"] for each in reply["questions"]] == ["question 1", "question 2", "question 3"]
        assert (await desk.tab.call("open_talk"))["waiting"] == []


async def test_a_final_answer_is_replaced_by_the_answer_to_more(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        first, second = await desk.ask(FIRST, SECOND)
        sent_id = await desk.show(reply_to(first, "one"))
        half, whole = (reply_to(first, text, second.id, final=text == "both") for text in ("bo", "both"))
        assert await desk.show(half, whole, sent_id=sent_id) == sent_id
        assert await desk.on_the_page() == [(sent_id, "<p>both</p>", True)]


async def test_an_answer_that_is_being_replaced_is_not_shown_again_in_between(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        first, second = await desk.ask(FIRST, SECOND)
        desk.known[0] = Exchange(first.id, first.text, reply_to(first, "one"))
        with pytest.raises(AdapterError):
            await desk.show(reply_to(first, "bo", second.id, final=False), AdapterError("died"))
        waiting = [first.id, second.id]
        news = await desk.tab.call("follow", seen=0, waiting=waiting)
        assert [reply["html"] for reply in news["replies"]] == ["<p>bo</p>\n"]


async def test_what_was_begun_for_a_part_of_the_questions_gives_way(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        first, second = await desk.ask(FIRST, SECOND)
        with pytest.raises(AdapterError):
            await desk.show(reply_to(first, "half", second.id, final=False), AdapterError("taken back"))
        await desk.show(reply_to(second, "the second"), sent_id=f"{second.id}.reply")
        assert await desk.on_the_page() == [(f"{second.id}.reply", "<p>the second</p>", True)]


# ---- posting


async def test_a_post_appears_on_the_page_and_is_there_when_it_is_opened_again(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        sent_id = await desk.post("It has changed.")
        (post,) = (await desk.tab.call("follow", seen=0))["replies"]
        opened = await desk.tab.call("open_talk")
    assert (post["id"], post["ids"], post["html"]) == (sent_id, [], "<p>It has changed.</p>\n")
    assert opened["history"] == [{"id": "news-1", "text": "", "vote": "", "reply": post}]
    assert (opened["replies"], desk.adapter.messages(sent_id)) == ([], ())


async def test_a_post_is_kept_once_however_often_it_is_shown(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        for text in ("open", "answered"):
            await desk.post(text, "desk-3")
    assert [(one.message_id, one.reply and one.reply.text) for one in desk.known] == [("desk-3", "answered")]


async def test_what_is_said_to_a_question_later_stands_below_its_words_and_is_no_answer(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        shown = []
        for id in (FIRST, SECOND):
            first, *_ = await desk.ask(id)
            await desk.tab.call("stop", ids=[first.id])
            await desk.adapter.show(said(reply_to(first, "Staff: on Friday.")), Delivery("desk-3"))
            shown += (await desk.tab.call("follow", seen=0, waiting=[first.id]))["replies"]
    assert [(one["to"], one["ids"]) for one in shown] == [("", []), ("", [])]
    quoted = "<blockquote>\n<p>question 1</p>\n</blockquote>\n"
    assert [one["html"] for one in shown] == [
        "<p>Staff: on Friday.</p>\n",
        f"{quoted}<p>Staff: on Friday.</p>\n",
    ]


async def test_a_post_that_cannot_be_kept_is_not_shown(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        desk.memory_fails = True
        with pytest.raises(DeliveryFailed):
            await desk.post("It has changed.")
        desk.memory_fails = False
        assert (await desk.tab.call("open_talk"))["replies"] == []


async def test_pictures_and_files_come_with_a_reply(desk: Desk) -> None:
    chart, table = Enclosure("c.png", "image/png", b"png"), Enclosure("t.svg", "image/svg+xml", b"<svg/>")
    async with running(desk.adapter, desk.accept):
        await desk.post("Figures", enclosures=(chart, table))
        (shown,) = (await desk.tab.call("follow", seen=0))["replies"]
    assert shown["enclosures"] == [
        {"name": "c.png", "type": "image/png", "data": "cG5n"},
        {"name": "t.svg", "type": "", "data": "PHN2Zy8+"},
    ]


# ---- opening


async def test_the_same_answer_to_another_question_is_not_taken_for_the_one_remembered(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        desk.known.append(Exchange("web:old", "first", Reply(Conversation("web", "x"), "No.", final=True)))
        (question,) = await desk.ask(FIRST)
        await desk.show(reply_to(question, "No."))
        opened = await desk.tab.call("open_talk")
    assert [reply["to"] for reply in opened["replies"]] == [f"web:{FIRST}"]


async def test_a_vote_is_known_for_one_also_while_it_waits(desk: Desk) -> None:
    async with running(desk.adapter, desk.accept):
        await desk.tab.call("say", id=FIRST, text="/feedback up x", press=True)
        assert (await desk.tab.call("open_talk"))["waiting"] == []
        await desk.show(reply_to(desk.asked[0], "Noted."))
        opened: dict[str, Any] = await desk.tab.call("open_talk")
    assert opened["replies"] == []


async def test_without_a_memory_the_page_works_all_the_same() -> None:
    adapter = WebAdapter("A course")
    page = Tab(adapter)
    async with running(adapter, never_answered):
        await page.call("say", id=FIRST, text="taken")
        assert (await page.call("open_talk"))["history"] == []


async def chat_id(desk: Desk) -> str:
    """The conversation that the tab's calls come from."""
    await desk.ask(THIRD)
    desk.known.pop()
    return desk.asked.pop().conversation.chat_id
