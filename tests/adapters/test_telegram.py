"""The bot at Telegram: from a message to its reply, presses, attachments, and how it begins."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from random import Random
from zlib import crc32

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image as Pictures

from adapters.base import (
    AttachmentRefused,
    Button,
    Conversation,
    Delivery,
    DeliveryFailed,
    File,
    Image,
    Message,
    NotAccepted,
    PlatformRefused,
    Reply,
    Sender,
)
from adapters.files import BYTES, CHARACTERS, shrunk, text_of
from adapters.telegram import TelegramAdapter
from adapters.telegram_api import Me, TelegramApi
from adapters.telegram_growth import Timing
from adapters.telegram_intake import Webhook
from adapters.telegram_sent import Sent
from tests.fakes.telegram_bot import AT_ONCE, Question, Shelf, adapter_of, api_of, lost, running, stream
from tests.fakes.telegram_chats import Chat, Person
from tests.fakes.telegram_server import TelegramServer

ANSWER = "先装 Python 3.11。"
UP = Button("👍", "/feedback up 1")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        server.limits = False
        yield server


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[TelegramAdapter]:
    async with running(adapter_of(server)) as adapter:
        yield adapter


class Echo:
    """Answers what comes in, with what was said."""

    def __init__(self, adapter: TelegramAdapter) -> None:
        self._adapter = adapter
        self.taken: list[Message] = []

    async def accept(self, message: Message) -> None:
        self.taken.append(message)

        async def replies() -> AsyncIterator[Reply]:
            yield Reply(message.conversation, f"问：{message.text}", in_reply_to=message.id, final=True)

        await self._adapter.show(replies(), Delivery(message.id))


async def test_a_question_is_taken_in_and_answered_where_it_was_asked(server: TelegramServer) -> None:
    lin = server.person("小林")
    direct, group = server.direct(lin), server.group("一班", lin)
    adapter = adapter_of(server)
    async with running(adapter, Echo(adapter).accept):
        direct.say(lin, "怎么安装？")
        asked = group.say(lin, "/ask@course_ta_bot 几号交？")
        await server.until(lambda: direct.answers and group.answers)
    assert [answer.text for answer in direct.answers] == ["问：怎么安装？"]
    assert [(answer.text, answer.reply_to) for answer in group.answers] == [("问：/ask 几号交？", asked)]


async def test_it_is_connected_while_messages_come_in(server: TelegramServer) -> None:
    adapter = adapter_of(server)
    assert not adapter.connected
    async with running(adapter):
        await server.until(lambda: adapter.connected)
    assert not adapter.connected


async def test_a_reply_waits_until_the_bot_is_let_in(server: TelegramServer) -> None:
    lin = server.person("小林")
    chat, adapter = server.direct(lin), adapter_of(server)
    question = Question(chat, chat.say(lin, "在吗？"))
    showing = asyncio.create_task(
        adapter.show(stream(server, question.answer(ANSWER)), Delivery(question.key))
    )
    async with running(adapter):
        await showing
    assert [answer.text for answer in chat.answers] == [ANSWER]


async def test_a_wrong_token_ends_it_at_once(server: TelegramServer) -> None:
    server.revoked = True
    with pytest.raises(PlatformRefused, match="TELEGRAM_BOT_TOKEN"):
        await adapter_of(server).run(Echo(adapter_of(server)).accept)


async def test_the_menu_is_set_and_without_it_the_bot_answers_all_the_same(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(api: TelegramApi, me: Me) -> None:
        raise DeliveryFailed(f"No menu for {me.username}.")

    adapter = adapter_of(server, menu=fail)
    async with running(adapter):
        await server.until(lambda: adapter.connected)
    assert "No menu for course_ta_bot." in caplog.text


@pytest.mark.parametrize("privacy", [True, False])
async def test_that_mentions_do_not_reach_it_is_told_once_with_what_to_do(
    server: TelegramServer, caplog: pytest.LogCaptureFixture, privacy: bool
) -> None:
    server.privacy = privacy
    adapter = adapter_of(server)
    async with running(adapter):
        await server.until(lambda: adapter.connected)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == privacy
    assert all("/setprivacy" in one and "/ask@course_ta_bot" in one for one in told)


async def test_the_log_says_as_which_bot_it_was_let_in(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    adapter = adapter_of(server)
    async with running(adapter):
        await server.until(lambda: adapter.connected)
    assert "@course_ta_bot in" in caplog.text
    assert server.token not in caplog.text


# The typing sign

OFTEN = replace(AT_ONCE, typing=0.01)


def signs(server: TelegramServer, chat: Chat) -> int:
    return len(server.made("sendChatAction", chat))


async def test_who_asks_sees_the_bot_typing_until_something_is_shown(server: TelegramServer) -> None:
    lin, ann = server.person("小林"), server.person("Ann")
    chat, other = server.direct(lin), server.direct(ann)
    async with running(adapter_of(server, OFTEN)) as bot:
        question = Question(chat, chat.say(lin, "怎么安装？"))
        await server.until(lambda: signs(server, chat) > 1)
        await bot.show(stream(server, question.answer(ANSWER)), Delivery(question.key))
        seen = signs(server, chat)
        other.say(ann, "How do I install it?")
        await server.until(lambda: signs(server, other) == 4)
    assert signs(server, chat) == seen < 4


async def test_in_a_group_the_sign_comes_once_and_only_to_the_bots_own_questions(
    server: TelegramServer,
) -> None:
    lin = server.person("小林")
    group, direct, server.privacy = server.group("一班", lin), server.direct(lin), False
    async with running(adapter_of(server, OFTEN)):
        group.say(lin, "/ask 几号交？")
        await server.until(lambda: signs(server, group))
        group.say(lin, "吃饭了吗")
        direct.say(lin, "怎么安装？")
        await server.until(lambda: signs(server, direct) == 4)
    assert signs(server, group) == 1


async def test_who_asks_what_is_not_accepted_does_not_see_the_bot_typing_on(server: TelegramServer) -> None:
    lin, ann = server.person("小林"), server.person("Ann")
    chat, other = server.direct(lin), server.direct(ann)

    async def accept(message: Message) -> None:
        if message.text == "怎么安装？":
            raise NotAccepted("There is no room for it.")

    chat.say(lin, "怎么安装？")
    other.say(ann, "How do I install it?")
    async with running(adapter_of(server, OFTEN), accept):
        await server.until(lambda: signs(server, other) == 4)
    assert signs(server, chat) <= 1


# Pressed buttons


async def pressed(server: TelegramServer, bot: TelegramAdapter, chat: Chat, lin: Person) -> str:
    """Somebody presses 👍 under an answer; the id of that message."""
    question = Question(chat, chat.say(lin, "/ask 怎么安装？"))
    await bot.show(stream(server, question.answer(ANSWER, [UP])), Delivery(question.key))
    return chat.press(lin, chat.answers[-1].id, "👍")


def spoken(chat: Chat, press: str, text: str, final: bool = True) -> Reply:
    place = Conversation("telegram", str(chat.id), "direct" if chat.id > 0 else "group")
    return Reply(place, text, in_reply_to=f"telegram:press:{press}", final=final)


@pytest.mark.parametrize("group", [True, False])
async def test_thanks_for_a_vote_are_shown_to_the_voter_and_not_in_the_chat(
    server: TelegramServer, bot: TelegramAdapter, group: bool
) -> None:
    lin = server.person("小林")
    chat = server.group("一班", lin) if group else server.direct(lin)
    press = await pressed(server, bot, chat, lin)
    sent_id = await bot.show(
        stream(server, spoken(chat, press, "**谢谢**反馈！")), Delivery(f"telegram:press:{press}")
    )
    assert (server.answered[press], sent_id, len(chat.answers)) == ("谢谢反馈！", "", 1)


@pytest.mark.parametrize(("group", "more"), [(True, []), (False, ["谢谢反馈！"])])
async def test_thanks_that_come_too_late_are_a_message_in_a_direct_chat_only(
    server: TelegramServer, bot: TelegramAdapter, group: bool, more: list[str]
) -> None:
    lin = server.person("小林")
    chat = server.group("一班", lin) if group else server.direct(lin)
    press = await pressed(server, bot, chat, lin)
    await answered(server, press)
    await bot.show(stream(server, spoken(chat, press, "谢谢反馈！")), Delivery(f"telegram:press:{press}"))
    assert [answer.text for answer in chat.answers] == [ANSWER, *more]


async def answered(server: TelegramServer, press: str) -> None:
    """The press is answered already."""
    api = api_of(server)
    await api.open()
    await api.answer_press(press)
    await api.close()


async def test_a_press_that_brings_more_is_answered_at_once_and_that_comes_in_the_chat(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    lin = server.person("小林")
    chat = server.group("一班", lin)
    press = await pressed(server, bot, chat, lin)
    growing, whole = spoken(chat, press, "正在查资料…", final=False), spoken(chat, press, "短。")
    replies = stream(server, growing, lambda: server.answered.get(press) == "", whole)
    await bot.show(replies, Delivery(f"telegram:press:{press}"))
    assert [answer.text for answer in chat.answers] == [ANSWER, "短。"]


# Taken back


async def test_a_reply_that_is_taken_back_is_gone(server: TelegramServer, bot: TelegramAdapter) -> None:
    lin = server.person("小林")
    chat, shelf = server.direct(lin), Shelf()
    question = Question(chat, chat.say(lin, "怎么安装？"))
    sent_id = await bot.show(stream(server, question.answer("很长。" * 2000)), shelf.delivery(question.key))
    assert len(chat.answers) > 1
    await bot.retract(sent_id)
    await bot.retract(sent_id)
    assert not chat.answers


def test_a_sent_id_is_read_as_it_was_written() -> None:
    for sent in (Sent(-1001, (7, 8)), Sent(42, (0,)), Sent(42, (7, 0, 9)), Sent(42, (7, 8, 0), {8: "4f1e"})):
        assert Sent.parse(str(sent)) == sent
    assert (str(Sent(42, (7, 0))), str(Sent(42))) == ("telegram:42:7,?", "")


# What comes with a question


def picture(width: int, height: int, kind: str = "PNG", noisy: bool = False) -> bytes:
    made = Pictures.new("RGB", (width, height), "red")
    if noisy:
        made = Pictures.frombytes("RGB", (width, height), Random(1).randbytes(3 * width * height))
    file = BytesIO()
    made.save(file, kind)
    return file.getvalue()


def message(images: tuple[Image, ...] = (), files: tuple[File, ...] = ()) -> Message:
    place, sender = Conversation("telegram", "42"), Sender("telegram:42")
    return Message("telegram:42:1", place, sender, "", datetime.now(UTC), images=images, files=files)


async def fetched(server: TelegramServer, content: bytes, name: str) -> Message:
    """What somebody sends as a document, as the bot reads it."""
    lin, taken = server.person("小林"), list[Message]()

    async def accept(message: Message) -> None:
        taken.append(message)

    async with running(adapter_of(server), accept) as adapter:
        server.direct(lin).say(lin, "", document=(name, content))
        await server.until(lambda: taken)
        return await adapter.fetch(taken[0])


async def test_pictures_are_fetched_and_small_ones_stay_as_they_are(server: TelegramServer) -> None:
    content = picture(60, 40)
    [image] = (await fetched(server, content, "screen.png")).images
    assert (image.media_type, image.data) == ("image/png", content)


async def test_the_end_of_a_log_is_fetched(server: TelegramServer) -> None:
    log = "\n".join(f"{number} 行" for number in range(3000)).encode()
    [file] = (await fetched(server, log, "train.log")).files
    assert (file.name, file.text[-7:]) == ("train.log", "\n2999 行")
    assert CHARACTERS - 10 < len(file.text) <= CHARACTERS


async def test_a_log_of_more_than_a_megabyte_is_refused(server: TelegramServer) -> None:
    with pytest.raises(AttachmentRefused, match="size"):
        await fetched(server, b"x" * 1_000_001, "train.log")


async def test_what_is_no_longer_kept_is_refused(server: TelegramServer, bot: TelegramAdapter) -> None:
    with pytest.raises(AttachmentRefused, match="gone"):
        await bot.fetch(message((Image("image/png", reference="nowhere"),)))


async def test_what_came_with_the_message_is_not_fetched(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    whole = message((Image("image/png", b"here"),), (File("a.log", "here"),))
    assert await bot.fetch(whole) == whole


ROOM = 100_000


def test_a_large_picture_is_shrunk_until_it_fits() -> None:
    small = shrunk(picture(900, 700, noisy=True), ROOM)
    assert (small.media_type, small.data[:2]) == ("image/jpeg", b"\xff\xd8")
    assert len(small.data) <= ROOM


def test_a_picture_of_another_kind_becomes_one_that_models_read() -> None:
    assert shrunk(picture(60, 40, "WEBP"), BYTES).media_type == "image/jpeg"


@pytest.mark.parametrize(("width", "height"), [(8000, 6000), (11000, 9000), (15000, 13000)])
def test_a_picture_that_no_memory_holds_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(AttachmentRefused, match="size"):
        shrunk(header(width, height), BYTES)


def header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and ends early."""
    whole = picture(1, 1)
    said = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + whole[24:29]
    return whole[:12] + said + crc32(said).to_bytes(4, "big") + whole[33:]


@pytest.mark.parametrize("content", [b"%PDF-1.7", picture(60, 40)[:90], b""])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(AttachmentRefused, match="type"):
        shrunk(content, 10)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_text_is_read_in_whatever_encoding_it_is(coding: str) -> None:
    assert text_of("错误：找不到模块 torch".encode(coding)) == "错误：找不到模块 torch"


def test_a_text_that_is_cut_in_the_middle_of_a_character_is_read() -> None:
    assert text_of("错误：找不到模块".encode()[:-1]).startswith("错误：找不到模")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(AttachmentRefused, match="type"):
        text_of(b"\x7fELF\0\0\0")


# By webhook


async def test_what_telegram_posts_is_taken_in_by_the_web_server(server: TelegramServer) -> None:
    api, app = api_of(server), FastAPI()
    intake = Webhook(api, "https://bot.example/telegram/webhook", "secret")
    adapter = TelegramAdapter(api, intake, lost, timing=Timing())
    adapter.mount(app)
    echo = Echo(adapter)
    lin = server.person("小林")
    server.direct(lin).say(lin, "怎么安装？")
    [update] = server.pending
    async with (
        running(adapter, echo.accept),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as client,
    ):
        await server.until(lambda: adapter.connected)
        headers = {"X-Telegram-Bot-Api-Secret-Token": "secret"}
        refused = await client.post("/telegram/webhook", json=update)
        taken = await client.post("/telegram/webhook", json=update, headers=headers)
    assert (refused.status_code, taken.status_code) == (403, 200)
    assert [one.text for one in echo.taken] == ["怎么安装？"]


def test_a_bot_that_polls_has_no_door_in_the_web_server(server: TelegramServer) -> None:
    app = FastAPI(openapi_url=None)
    adapter_of(server).mount(app)
    assert app.routes == []
