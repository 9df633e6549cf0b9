"""The web page served by two processes at once: what happens in one is seen and stopped in the other."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from adapters.base import Delivery, Enclosure, Reply
from adapters.web import WebAdapter
from tests.adapters.tab import FIRST, SECOND, Tab, reply_to, running, said
from tests.fakes.open_relay import OpenRelay
from tests.fakes.scripted_bot import ScriptedBot


class Pair:
    """Two replicas, with a tab of the same talk in each; their bot shows all its answers over `there`."""

    def __init__(self) -> None:
        self.relay = OpenRelay()
        self.bot = ScriptedBot(lambda _: [])
        self.here, self.there = (
            WebAdapter("A course", recall=self.bot.recall, relay=self.relay) for _ in range(2)
        )
        self.tab, self.other_tab = Tab(self.here), Tab(self.there)

    async def ask(self, id: str, text: str) -> None:
        await self.tab.call("say", id=id, text=text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mounted() -> Pair:
    return Pair()


@pytest.fixture
async def pair(mounted: Pair) -> AsyncIterator[Pair]:
    mounted.relay.published.clear()
    mounted.relay.cut = False
    mounted.bot.script = lambda _: ["page 3"]
    mounted.tab.talk = uuid4().hex
    accept = mounted.bot.accept_for(mounted.there)
    async with running(mounted.here, accept), running(mounted.there, accept), asyncio.timeout(10):
        await mounted.tab.call("open_talk")
        mounted.other_tab.same_as(mounted.tab)
        yield mounted


async def test_an_answer_that_is_written_in_one_grows_in_the_other(pair: Pair) -> None:
    more = asyncio.Event()
    pair.bot.script = lambda _: ["half", more, "whole"]
    await pair.ask(FIRST, "why?")
    half = await pair.tab.call("follow", seen=0)
    more.set()
    await pair.bot.idle()
    whole = await pair.tab.call("follow", seen=half["version"])
    told = [
        (reply["id"], reply["html"], reply["final"]) for news in (half, whole) for reply in news["replies"]
    ]
    assert told == [
        (f"web:{FIRST}.reply", "<p>half</p>\n", False),
        (f"web:{FIRST}.reply", "<p>whole</p>\n", True),
    ]


async def test_its_sources_and_buttons_come_along(pair: Pair) -> None:
    await pair.ask(FIRST, "why?")
    await pair.bot.idle()
    here, there = [await tab.call("follow", seen=0) for tab in (pair.tab, pair.other_tab)]
    assert here["replies"] == there["replies"]
    assert here["replies"][0]["buttons"]


async def test_a_tab_elsewhere_gets_the_question_with_the_answer(pair: Pair) -> None:
    await pair.ask(FIRST, "why?")
    (reply,) = (await pair.other_tab.call("follow", seen=0))["replies"]
    assert reply["questions"] == [{"id": f"web:{FIRST}", "text": "why?"}]


async def test_the_question_is_recalled_where_the_other_process_could_not_tell_it(pair: Pair) -> None:
    pair.relay.cut = True
    await pair.ask(FIRST, "why?")
    (reply,) = (await pair.other_tab.call("follow", seen=0))["replies"]
    assert reply["questions"] == [{"id": f"web:{FIRST}", "text": "why?"}]


async def test_the_answer_is_recalled_where_the_other_process_could_not_tell_it(pair: Pair) -> None:
    pair.relay.cut = True
    await pair.ask(FIRST, "why?")
    await pair.bot.idle()
    news = await pair.tab.call("follow", seen=0, waiting=[f"web:{FIRST}"])
    assert [reply["html"] for reply in news["replies"]] == ["<p>page 3</p>\n"]


async def test_a_stop_in_one_ends_what_is_written_in_the_other(pair: Pair) -> None:
    pair.bot.script = lambda _: ["half", asyncio.Event()]
    await pair.ask(FIRST, "why?")
    await pair.tab.call("follow", seen=0)
    await pair.tab.call("stop", ids=[f"web:{FIRST}"])
    await pair.bot.idle()
    (reply,) = (await pair.other_tab.call("follow", seen=0))["replies"]
    assert (reply["html"], reply["final"]) == ("<p>half</p>\n", True)


async def test_a_reply_that_is_taken_back_is_so_in_both(pair: Pair) -> None:
    await pair.ask(FIRST, "why?")
    await pair.bot.idle()
    note = reply_to(pair.bot.received[-1], "beside the answer")
    sent_id = await pair.there.show(said(note), Delivery("a note"))
    await pair.relay.heard()
    assert [reply["id"] for reply in (await pair.tab.call("open_talk"))["replies"]] == [sent_id]
    await pair.there.retract(sent_id)
    await pair.relay.heard()
    assert (await pair.tab.call("open_talk"))["replies"] == []


async def test_what_a_page_has_got_from_one_is_not_news_for_a_page_that_opens_at_the_other(
    pair: Pair,
) -> None:
    await pair.ask(FIRST, "/help")
    await pair.bot.idle()
    question = pair.bot.received[-1]
    await pair.there.show(said(reply_to(question, "beside it")), Delivery("a note"))
    await pair.relay.heard()
    seen = (await pair.tab.call("follow", seen=0))["version"]
    assert len((await pair.other_tab.call("open_talk"))["replies"]) == 1
    await pair.tab.call("follow", seen=seen, waiting=[question.id])
    await pair.relay.heard()
    assert (await pair.other_tab.call("open_talk"))["replies"] == []


async def test_a_post_appears_in_both_with_what_is_enclosed(pair: Pair) -> None:
    await pair.ask(FIRST, "why?")
    await pair.bot.idle()
    place = pair.bot.received[-1].conversation
    file = Enclosure("a.csv", "text/csv", b"1,2")
    await pair.there.show(said(Reply(place, "news", final=True, enclosures=(file,))), Delivery("news-1"))
    await pair.relay.heard()
    for tab in (pair.tab, pair.other_tab):
        post = (await tab.call("follow", seen=0))["replies"][-1]
        assert (post["id"], [one["name"] for one in post["enclosures"]]) == ("news-1.reply", ["a.csv"])


async def test_fast_words_are_told_now_and_then_the_first_and_the_last_at_once(pair: Pair) -> None:
    pair.bot.script = lambda _: [f"word {count}" for count in range(200)]
    await pair.ask(FIRST, "why?")
    await pair.bot.idle()
    texts = [fields[-1][0] for fields in map(json.loads, pair.relay.published) if fields[1] == "shown"]
    assert (texts[0], texts[-1]) == ("word 0", "word 199")
    assert len(texts) < 20


async def test_a_process_does_not_listen_to_itself(pair: Pair) -> None:
    await pair.ask(FIRST, "why?")
    await pair.bot.idle()
    before = (await pair.other_tab.call("open_talk"))["version"]
    await pair.relay.heard()
    assert (await pair.other_tab.call("open_talk"))["version"] == before


@pytest.mark.parametrize("line", ["{", "[]", '"x"', '["x","shown","chat","id",1,["text"]]', '["x","new",1]'])
async def test_lines_of_another_version_are_passed_over(line: str, pair: Pair) -> None:
    await pair.relay.publish(line)
    await pair.ask(SECOND, "why?")
    assert len((await pair.tab.call("follow", seen=0))["replies"]) == 1


async def test_a_pressed_button_is_shown_by_what_stands_on_it(pair: Pair) -> None:
    await pair.tab.call("say", id=FIRST, text="/more web:0", press=False, shown="More detail")
    (reply,) = (await pair.other_tab.call("follow", seen=0))["replies"]
    assert reply["questions"] == [{"id": f"web:{FIRST}", "text": "More detail"}]
    assert pair.bot.received[-1].text == "/more web:0"
