"""The bot at Feishu: from a message to its reply, presses, attachments, and how it begins."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
from fastapi import FastAPI

from adapters.base import (
    AttachmentRefused,
    Button,
    Conversation,
    Delivery,
    File,
    Message,
    PlatformRefused,
    Reply,
    Sender,
)
from adapters.feishu import FeishuAdapter
from adapters.feishu_bubbles import offer, questions_of
from adapters.feishu_client import FeishuClient
from adapters.feishu_inlet import Desk
from adapters.feishu_link import Door
from adapters.feishu_sent import Sent, question_of, sent_id_of, sent_of
from adapters.feishu_shown import Recent
from adapters.feishu_socket import Rhythm, Socket
from adapters.feishu_toasts import Toasts
from adapters.feishu_webhook import Webhook
from tests.fakes.feishu_asker import (
    AT_ONCE,
    Deaf,
    Question,
    Shelf,
    adapter_of,
    desk_of,
    running,
    stream,
    withheld,
)
from tests.fakes.feishu_server import FeishuServer, Person
from tests.fakes.feishu_wire import Fault
from tests.fakes.pictures import picture, screenshot
from tests.fakes.scripted_bot import Place

ANSWER = "先装 Python 3.11。"
UP = Button("👍", "/feedback up 1")


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.limits = False
        yield server


@pytest.fixture
async def bot(server: FeishuServer) -> AsyncIterator[FeishuAdapter]:
    async with running(adapter_of(server)) as adapter:
        yield adapter


@pytest.fixture
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


def connected(server: FeishuServer) -> FeishuAdapter:
    """A bot whose messages come by long connection."""
    desk = desk_of(server)
    door = Door(server.app_id, server.app_secret, server.url)
    return adapter_of(server, desk=desk, intake=Socket(door, desk, Rhythm(0.01, 0.01, 0.05)))


class Echo:
    """Answers what comes in: questions with what was said, presses with thanks or something longer."""

    def __init__(self, adapter: FeishuAdapter) -> None:
        self._adapter = adapter
        self.taken: list[Message] = []
        self.work: list[asyncio.Task[str]] = []

    async def accept(self, message: Message) -> None:
        self.taken.append(message)
        self.work.append(
            asyncio.create_task(self._adapter.show(self._replies(message), Delivery(message.id)))
        )

    async def _replies(self, message: Message) -> AsyncIterator[Reply]:
        text = "**谢谢**反馈！" if message.text.startswith("/feedback") else f"问：{message.text}"
        buttons = () if message.text.startswith("/") else (UP, Button("再详细一点", "/more 1"))
        final = Reply(message.conversation, text, buttons=buttons, in_reply_to=message.id, final=True)
        if message.text == "/more 1":
            yield Reply(message.conversation, "正在查…", in_reply_to=message.id, pending=True)
        yield final


async def test_a_question_is_taken_in_and_answered_where_it_was_asked(
    server: FeishuServer, lin: Person
) -> None:
    direct, group, adapter = server.direct(lin), server.group("一班", lin), connected(server)
    async with running(adapter, Echo(adapter).accept):
        await server.until(lambda: adapter.connected)
        direct.say(lin, "怎么安装？")
        asked = group.say(lin, "几号交？", at_bot=True)
        await server.until(lambda: direct.answers and group.answers)
    assert [answer.text for answer in direct.answers] == ["问：怎么安装？"]
    assert [(answer.text, answer.reply_to) for answer in group.answers] == [("问：几号交？", asked)]
    assert not adapter.connected


async def test_a_reply_waits_until_the_bot_is_let_in(server: FeishuServer, lin: Person) -> None:
    chat, adapter = server.direct(lin), adapter_of(server)
    question = Question(chat, chat.say(lin, "在吗？"))
    replies = stream(server, question.answer(ANSWER))
    showing = asyncio.create_task(adapter.show(replies, Delivery(question.key)))
    async with running(adapter):
        await showing
    assert [answer.text for answer in chat.answers] == [ANSWER]


async def test_a_wrong_secret_ends_it_at_once(server: FeishuServer) -> None:
    client = FeishuClient(server.app_id, "wrong", server.url)
    adapter = adapter_of(server, desk=Desk(client, Recent(), Toasts()))
    with pytest.raises(PlatformRefused, match="FEISHU_APP_SECRET"):
        await adapter.run(Echo(adapter).accept)


# Pressed buttons


@pytest.mark.parametrize("in_group", [True, False])
async def test_thanks_for_a_vote_are_shown_to_the_voter_and_not_in_the_chat(
    server: FeishuServer, lin: Person, in_group: bool
) -> None:
    chat, adapter = server.group("一班", lin) if in_group else server.direct(lin), connected(server)
    async with running(adapter, Echo(adapter).accept):
        await server.until(lambda: adapter.connected)
        chat.say(lin, "几号交？", at_bot=in_group)
        await server.until(lambda: chat.answers)
        toast = await chat.pressed(lin, chat.answers[0].id, "👍")
    assert (toast, len(chat.answers)) == ("谢谢反馈！", 1)


async def test_a_press_that_brings_more_is_answered_at_once_and_that_comes_in_the_chat(
    server: FeishuServer, lin: Person
) -> None:
    chat, adapter = server.direct(lin), connected(server)
    async with running(adapter, Echo(adapter).accept):
        await server.until(lambda: adapter.connected)
        chat.say(lin, "几号交？")
        await server.until(lambda: chat.answers)
        assert await chat.pressed(lin, chat.answers[0].id, "再详细一点")
        await server.until(lambda: len(chat.answers) > 1)
    assert chat.answers[1].text == "问：/more 1"


def spoken(chat_id: str, kind: str, press: str, text: str) -> Reply:
    place = Conversation("feishu", chat_id, "group" if kind == "group" else "direct")
    return Reply(place, text, in_reply_to=press, final=True)


@pytest.mark.parametrize(("in_group", "shown"), [(True, []), (False, ["谢谢反馈！"])])
async def test_thanks_that_come_too_late_are_a_message_in_a_direct_chat_only(
    server: FeishuServer, bot: FeishuAdapter, lin: Person, in_group: bool, shown: list[str]
) -> None:
    chat = server.group("一班", lin) if in_group else server.direct(lin)
    thanks = spoken(chat.id, chat.kind, "feishu:press:e1", "谢谢反馈！")
    await bot.show(stream(server, thanks), Delivery("feishu:press:e1"))
    assert [answer.text for answer in chat.answers] == shown


async def test_what_a_press_under_a_card_brings_is_a_reply_to_that_card(
    server: FeishuServer, bot: FeishuAdapter, lin: Person
) -> None:
    chat = server.group("一班", lin)
    question = Question(chat, chat.say(lin, "几号交？", at_bot=True))
    await bot.show(stream(server, question.answer(ANSWER, [UP])), Delivery(question.key))
    press = f"feishu:press:e1:{chat.answers[0].id}"
    await bot.show(stream(server, spoken(chat.id, "group", press, "很长。" * 80)), Delivery(press))
    assert chat.answers[1].reply_to == chat.answers[0].id


async def test_a_toast_is_handed_to_who_waits_for_it() -> None:
    toasts = Toasts()
    assert not toasts.offer("p", "谁？")
    toasts.expect("p")
    assert toasts.offer("p", "好")
    assert not toasts.offer("p", "又来")
    assert await toasts.taken("p", 1) == "好"
    toasts.expect("q")
    assert await toasts.taken("q", 0) is None
    assert not toasts.offer("q", "太晚")
    assert await toasts.taken("never", 1) is None


# Taken back, and remembered


async def test_a_reply_that_is_taken_back_is_gone(
    server: FeishuServer, bot: FeishuAdapter, lin: Person
) -> None:
    chat, shelf = server.direct(lin), Shelf()
    question = Question(chat, chat.say(lin, "怎么安装？"))
    answer = question.answer("很长。\n\n" * 4000)
    sent_id = await bot.show(stream(server, answer), shelf.delivery(question.key))
    assert len(chat.answers) > 1
    await bot.retract(sent_id)
    await bot.retract(sent_id)
    assert not chat.answers


async def test_what_a_card_says_is_remembered_and_told_after_a_direct_answer(
    server: FeishuServer, lin: Person
) -> None:
    desk, chat, told = desk_of(server), server.direct(lin), list[str]()

    async def after(message_id: str, reply: Reply) -> None:
        told.append(message_id)

    adapter = FeishuAdapter(desk, Deaf(), withheld, after=after)
    question = Question(chat, chat.say(lin, "怎么安装？"))
    async with running(adapter):
        await adapter.show(stream(server, question.answer(ANSWER)), Delivery(question.key))
    assert await desk.shown.get(chat.answers[0].id) == ANSWER
    assert told == [chat.answers[0].id]


SOURCES = [
    Place("XTuner", "微调", "", ""),
    Place("faq", "显存不够怎么办？", "", ""),
    Place("XTuner", "微调", "", ""),
    Place("LMDeploy", "安装", "", ""),
    Place("文" * 300, "", "", ""),
    Place("第五", "", "", ""),
]


async def test_what_else_the_answer_leans_on_is_offered_in_a_direct_chat_alone(
    server: FeishuServer, lin: Person
) -> None:
    desk = desk_of(server)
    adapter = FeishuAdapter(desk, Deaf(), withheld, after=partial(offer, desk.client))
    async with running(adapter):
        for chat in (server.direct(lin), server.group("一班", lin)):
            question = Question(chat, chat.say(lin, "怎么微调？", at_bot=True))
            reply = question.answer(ANSWER, (UP,), SOURCES)
            await adapter.show(stream(server, reply), Delivery(question.key))
            offered = ("显存不够怎么办？", "LMDeploy 安装", "文" * 200) if chat.kind == "p2p" else ()
            assert chat.answers[0].bubbles == offered


@pytest.mark.parametrize("fault", ["hang", "error", 230001, 99991400, 99991403])
async def test_an_answer_below_which_nothing_can_be_offered_is_shown_all_the_same(
    server: FeishuServer, lin: Person, fault: Fault
) -> None:
    desk, chat, timing = desk_of(server), server.direct(lin), replace(AT_ONCE, aftermath=0.2)
    adapter = FeishuAdapter(desk, Deaf(), withheld, after=partial(offer, desk.client), timing=timing)
    question = Question(chat, chat.say(lin, "怎么微调？"))
    answer = question.answer(ANSWER, (UP,), SOURCES)
    server.fault("push_follow_up", fault)
    async with running(adapter), asyncio.timeout(5):
        assert await adapter.show(stream(server, answer), Delivery(question.key))
    assert len(server.made("push_follow_up")) == 1
    assert len(chat.answers) == 1


def test_what_is_no_answer_is_followed_by_nothing() -> None:
    reply = Reply(Conversation("feishu", "oc_1"), "1. XTuner", SOURCES, final=True)
    assert questions_of(reply) == []
    assert questions_of(replace(reply, buttons=(UP,), sources=())) == []


async def test_of_what_cards_say_the_newest_are_remembered() -> None:
    shown = Recent()
    for number in range(501):
        await shown.put(str(number), "x")
    assert (await shown.get("0"), await shown.get("1")) == ("", "x")


def test_a_sent_id_is_read_as_it_was_written() -> None:
    sent = [Sent("om_1", "735"), Sent.plain("card", "om_0"), Sent("om_2", "text-")]
    assert sent_of(sent_id_of(sent)) == sent
    assert [one.form for one in sent] == ["entity", "card", "text"]
    assert (sent[1].replaced, sent_of("")) == ("om_0", [])


def test_the_message_that_is_answered_is_found_in_its_id() -> None:
    ids = ["feishu:om_1", "feishu:press:e1:om_2", "feishu:press:e1", "feishu:menu:ou_1:3", ""]
    assert [question_of(id) for id in ids] == ["om_1", "om_2", "", "", ""]


# What comes with a question


async def test_pictures_and_logs_are_fetched(server: FeishuServer, lin: Person) -> None:
    chat, adapter, png = server.direct(lin), connected(server), picture(screenshot()).data
    echo = Echo(adapter)
    async with running(adapter, echo.accept):
        await server.until(lambda: adapter.connected)
        chat.say(lin, "看这个", images=[png])
        chat.say(lin, file=("run.log", "错误：找不到模块".encode("gbk")))
        await server.until(lambda: len(echo.taken) == 2)
        fetched = [await adapter.fetch(message) for message in echo.taken]
    assert [(image.media_type, image.data) for image in fetched[0].images] == [("image/png", png)]
    assert [file.text for file in fetched[1].files] == ["错误：找不到模块"]


async def test_what_is_no_longer_kept_is_refused(server: FeishuServer, bot: FeishuAdapter) -> None:
    file = File("a.log", reference="om_none:file_1")
    place, sender = Conversation("feishu", "oc_1"), Sender("feishu:ou_1")
    with pytest.raises(AttachmentRefused, match="gone"):
        await bot.fetch(Message("feishu:om_1", place, sender, "", datetime.now(UTC), files=(file,)))


# By webhook


async def test_what_feishu_posts_is_taken_in_by_the_web_server(server: FeishuServer, lin: Person) -> None:
    desk, app = desk_of(server), FastAPI()
    webhook = Webhook(desk, server.encrypt_key, server.verification_token)
    adapter = adapter_of(server, desk=desk, intake=webhook)
    adapter.mount(app)
    echo = Echo(adapter)
    server.direct(lin).say(lin, "怎么安装？")
    body, headers = server.hooked(server.events[0])
    transport = httpx.ASGITransport(app)
    async with (
        running(adapter, echo.accept),
        httpx.AsyncClient(transport=transport, base_url="http://bot") as client,
    ):
        await server.until(lambda: adapter.connected)
        refused = await client.post("/feishu/events", content=body)
        taken = await client.post("/feishu/events", content=body, headers=headers)
    assert (refused.status_code, taken.status_code) == (403, 200)
    assert [one.text for one in echo.taken] == ["怎么安装？"]


def test_a_bot_with_a_long_connection_has_no_door_in_the_web_server(server: FeishuServer) -> None:
    app = FastAPI(openapi_url=None)
    connected(server).mount(app)
    assert app.routes == []


async def test_an_app_that_is_no_bot_is_let_be_and_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with FeishuServer() as server:
        server.bot_ability = False
        adapter = adapter_of(server)
        running = asyncio.create_task(adapter.run(refuse))
        async with asyncio.timeout(10):
            while not adapter.connected:
                await asyncio.wait({running}, timeout=0.01)
        running.cancel()
        await asyncio.wait({running})
    assert "应用能力" in caplog.text


async def refuse(_message: Message) -> None:
    raise AssertionError
