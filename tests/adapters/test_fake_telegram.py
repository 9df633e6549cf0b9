"""The fake Telegram server is as strict as the original, seen through the real client library."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import pytest
from aiohttp import test_utils, web
from PIL import Image
from telegram import Bot, BotCommand, BotCommandScopeChat, MessageEntity, ReplyParameters, Update
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Markup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from tests.fakes.telegram_chats import Chat, Person, mark
from tests.fakes.telegram_server import TelegramServer
from tests.fakes.telegram_terminal import rendered

# The library says so whenever it is told to wait.
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")


class Clock:
    """Goes on only when told to."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        server.limits = False
        yield server


@pytest.fixture
def clock(server: TelegramServer) -> Clock:
    server.clock = clock = Clock()
    return clock


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bot_of(server, server.token) as bot:
        yield bot


@pytest.fixture
def lin(server: TelegramServer) -> Person:
    return server.person("小林", language="zh-hans")


@pytest.fixture
def chat(server: TelegramServer, lin: Person) -> Chat:
    return server.direct(lin)


@pytest.fixture
def group(server: TelegramServer, lin: Person) -> Chat:
    return server.group("一班", lin)


def bot_of(server: TelegramServer, token: str) -> Bot:
    # Certificates take longer to load than a test to run.
    requests = [HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2)]
    base, files = f"{server.url}/bot", f"{server.url}/file/bot"
    return Bot(token, base, files, request=requests[0], get_updates_request=requests[1])


def bold(offset: int, length: int) -> MessageEntity:
    return MessageEntity("bold", offset, length)


def refused(told: str, error: type[TelegramError] = BadRequest) -> pytest.RaisesExc[TelegramError]:
    """The library capitalizes what the server said."""
    return pytest.raises(error, match=re.compile(told, re.IGNORECASE))


async def texts(bot: Bot) -> list[str | None]:
    """What got through to the bot, not confirmed."""
    updates = await bot.get_updates(allowed_updates=[])
    return [update.effective_message.text for update in updates if update.effective_message]


async def test_a_wrong_token_an_unknown_method_and_a_forgotten_one_are_refused(
    server: TelegramServer, bot: Bot
) -> None:
    with pytest.raises(InvalidToken):
        await bot_of(server, "7:wrong").__aenter__()
    with pytest.raises(InvalidToken):
        await bot.send_dice(1)
    server.revoked = True
    with pytest.raises(InvalidToken):
        await bot.get_me()


async def test_a_poll_waits_for_what_is_said(
    server: TelegramServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=10))
    await server.until(lambda: server.made("getUpdates"))
    said = chat.say(lin, "/ask 😀 @someone")
    (update,) = await poll
    assert update.message
    assert update.message.message_id == said
    entities = [update.message.parse_entity(entity) for entity in update.message.entities]
    assert entities == ["/ask", "@someone"]


async def test_updates_come_again_until_the_offset_confirms_them(bot: Bot, chat: Chat, lin: Person) -> None:
    for text in "abcd":
        chat.say(lin, text)
    first, *_ = await bot.get_updates(limit=2)
    assert len(await bot.get_updates(offset=first.update_id)) == 4
    assert len(await bot.get_updates(offset=first.update_id + 1)) == 3
    (last,) = await bot.get_updates(offset=-1)
    assert last.update_id == first.update_id + 3


async def test_a_second_poller_ends_the_first_ones_poll(server: TelegramServer, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await server.until(lambda: server.made("getUpdates"))
    async with bot_of(server, server.token) as other:
        assert await other.get_updates(timeout=0) == ()
    with refused("terminated by other getUpdates", Conflict):
        await first


async def test_only_asked_for_updates_are_kept_and_the_wish_lasts(bot: Bot, chat: Chat, lin: Person) -> None:
    await bot.get_updates(allowed_updates=["message"])
    chat.edit(lin, chat.say(lin, "a"), "b")
    assert [update.edited_message for update in await bot.get_updates()] == [None]


async def test_privacy_lets_through_what_is_meant_for_the_bot(
    server: TelegramServer, bot: Bot, group: Chat, lin: Person
) -> None:
    answer = await bot.send_message(group.id, "在")
    for text in ("/ask a", "/ask@course_ta_bot b", "/ask@course_ta_bot2 c", "@Course_TA_bot d"):
        group.say(lin, text)
    group.say(lin, "/ask紧接汉字@course_ta_bot什么都不是", reply_to=group.say(lin, "聊天"))
    group.say(lin, "回复", reply_to=answer.message_id)
    group.say(lin, "助教 e", marks=[mark("助教 e", "助教", "text_mention", user=server.me)])
    expected = ["/ask a", "/ask@course_ta_bot b", "@Course_TA_bot d", "回复", "助教 e"]
    assert await texts(bot) == expected
    server.mentions_reach, server.privacy = False, True
    group.say(lin, "@course_ta_bot f")
    group.promote()
    group.say(lin, "谁都听到")
    assert (await texts(bot))[5:] == ["谁都听到"]


async def test_topics_mark_their_messages_and_plain_replies_only_seem_to(
    server: TelegramServer, bot: Bot, lin: Person, group: Chat
) -> None:
    server.privacy = False
    forum = server.group("论坛", lin, forum=True)
    topic = forum.topic("作业")
    forum.say(lin, "在话题里", topic=topic)
    group.say(lin, "回复", reply_to=group.say(lin, "问题"))
    _opened, inside, _question, reply = [update.message for update in await bot.get_updates()]
    assert inside
    assert reply
    assert (inside.is_topic_message, inside.message_thread_id) == (True, topic.id)
    assert inside.reply_to_message
    assert inside.reply_to_message.forum_topic_created
    assert reply.message_thread_id
    assert not reply.is_topic_message
    await bot.send_message(forum.id, "好", message_thread_id=topic.id)
    await bot.send_message(forum.id, "也好", reply_parameters=ReplyParameters(inside.message_id))
    for chat_id, thread in ((forum.id, 1), (group.id, reply.message_thread_id)):
        with refused("Message thread not found"):
            await bot.send_message(chat_id, "坏", message_thread_id=thread)
    assert [shown.topic for shown in forum.answers] == [topic.id, topic.id]


@pytest.mark.parametrize(
    ("text", "told"),
    [(" \n", "text is empty"), ("长" * 4097, "message is too long"), ("长" * 20000, "text is too long")],
)
async def test_an_empty_or_long_text_is_refused(bot: Bot, chat: Chat, text: str, told: str) -> None:
    with refused(told):
        await bot.send_message(chat.id, text)
    await bot.send_message(chat.id, "😀" * 4096)


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        ([bold(0, 1)], "ends in a middle"),
        ([bold(1, 1)], "begins in a middle"),
        ([bold(3, 9)], "after the end"),
        ([bold(0, 4), MessageEntity("italic", 3, 3)], "overlap"),
        ([MessageEntity("code", 2, 4), bold(3, 1)], "inside of code"),
        ([MessageEntity("blockquote", 0, 6), MessageEntity("expandable_blockquote", 2, 2)], "nested"),
        ([MessageEntity("text_link", 2, 2, url="#anchor")], "URL '#anchor' is invalid"),
        ([MessageEntity("text_link", 2, 2, url="docs/a.md")], "is invalid"),
    ],
)
async def test_wrong_entities_are_refused(
    bot: Bot, chat: Chat, entities: list[MessageEntity], told: str
) -> None:
    with refused(told):
        await bot.send_message(chat.id, "😀abcd", entities=entities)


async def test_text_is_trimmed_with_its_entities_and_has_at_most_a_hundred(bot: Bot, chat: Chat) -> None:
    await bot.send_message(chat.id, " \n😀 x \n", entities=[bold(0, 4), bold(5, 2)])
    await bot.send_message(chat.id, "x" * 200, entities=[bold(at, 1) for at in range(200)])
    first, second = chat.answers
    assert (first.text, first.marked("bold")) == ("😀 x", ["😀", "x"])
    assert len(second.entities) == 100


async def test_edits_are_of_own_messages_change_something_and_drop_the_keyboard(
    bot: Bot, chat: Chat, lin: Person
) -> None:
    keys = Markup([[Button("👍", callback_data="up")]])
    sent = await bot.send_message(chat.id, "一", reply_markup=keys)
    with refused("not modified"):
        await bot.edit_message_text("一", chat.id, sent.message_id, reply_markup=keys)
    await bot.edit_message_text("一", chat.id, sent.message_id)
    assert (chat.answers[0].buttons, chat.answers[0].edits) == ({}, 1)
    with refused("Message_too_long"):
        await bot.edit_message_text("长" * 4097, chat.id, sent.message_id)
    with refused("can't be edited"):
        await bot.edit_message_text("二", chat.id, chat.say(lin, "问"))
    await bot.delete_message(chat.id, sent.message_id)
    with refused("to edit not found"):
        await bot.edit_message_text("二", chat.id, sent.message_id)


async def test_a_deleted_question_is_replied_to_only_if_that_is_allowed(
    bot: Bot, chat: Chat, lin: Person
) -> None:
    said = chat.say(lin, "问")
    await bot.send_message(chat.id, "答", reply_parameters=ReplyParameters(said))
    chat.delete(lin, said)
    with refused("to be replied not found"):
        await bot.send_message(chat.id, "答", reply_parameters=ReplyParameters(said))
    lenient = ReplyParameters(said, allow_sending_without_reply=True)
    await bot.send_message(chat.id, "答", reply_parameters=lenient)
    assert [shown.reply_to for shown in chat.answers] == [said, None]


@pytest.mark.parametrize(
    ("button", "told"),
    [
        (Button("x", callback_data="长" * 22), "Button_data_invalid"),
        (Button("x", url="notes/a"), "URL 'notes/a' is invalid"),
        (Button("x"), "Text buttons are unallowed"),
    ],
)
async def test_wrong_buttons_are_refused(bot: Bot, chat: Chat, button: Button, told: str) -> None:
    with refused(told):
        await bot.send_message(chat.id, "x", reply_markup=Markup([[button]]))


async def test_a_press_is_answered_once_and_soon(
    server: TelegramServer, clock: Clock, bot: Bot, chat: Chat, lin: Person
) -> None:
    sent = await bot.send_message(chat.id, "?", reply_markup=Markup([[Button("好", callback_data="/yes")]]))
    query, late = (chat.press(lin, sent.message_id, "好") for _ in range(2))
    assert [update.callback_query.data for update in await bot.get_updates() if update.callback_query] == [
        "/yes"
    ] * 2
    await bot.answer_callback_query(query, "谢谢")
    assert server.answered == {query: "谢谢"}
    with refused("too old"):
        await bot.answer_callback_query(query)
    clock.now += 60
    with refused("too old"):
        await bot.answer_callback_query(late)


async def test_drafts_are_for_direct_chats_and_end_with_the_message(
    clock: Clock, bot: Bot, chat: Chat, group: Chat
) -> None:
    await bot.send_message_draft(chat.id, 1, "正在")
    assert chat.draft == "正在"
    clock.now += 31
    assert chat.draft == ""
    await bot.send_message_draft(chat.id, 1, "正在写")
    await bot.send_message(chat.id, "写好了")
    assert (chat.draft, len(chat.answers)) == ("", 1)
    with refused("Textdraft_peer_invalid"):
        await bot.send_message_draft(group.id, 1, "x")
    with pytest.raises(BadRequest):
        await bot.send_message_draft(chat.id, 0, "x")


async def test_closed_chats_are_refused_as_such_and_tell_the_bot(
    server: TelegramServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    small = server.group("小组", lin, basic=True)
    new = small.migrate()
    chat.block()
    with refused("blocked by the user", Forbidden):
        await bot.send_message(chat.id, "x")
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(small.id, "x")
    assert moved.value.new_chat_id == new.id
    new.kick(lin)
    with refused("kicked from the supergroup chat", Forbidden):
        await bot.send_message(new.id, "x")
    with refused("Chat not found"):
        await bot.send_message(404, "x")
    changes = [update.my_chat_member for update in await bot.get_updates() if update.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["kicked", "kicked"]


async def test_too_many_messages_in_a_chat_ban_it_and_hammering_prolongs_that(
    server: TelegramServer, clock: Clock, bot: Bot, chat: Chat
) -> None:
    server.limits = True
    for number in range(5):
        await bot.send_message(chat.id, str(number))
    waits = [await wait_told(bot, chat) for _ in range(3)]
    assert waits == sorted(waits)
    assert waits[0] < waits[2]
    clock.now += waits[2]
    await bot.send_message(chat.id, "5")
    server.limits = False
    for _ in range(10):
        await bot.send_message(chat.id, "6")
    assert server.worst_rate(chat, 1) == 11


async def wait_told(bot: Bot, chat: Chat) -> int:
    with pytest.raises(RetryAfter) as told:
        await bot.send_message(chat.id, "x")
    return int(told.value._retry_after.total_seconds())


async def test_a_group_gets_twenty_messages_a_minute(
    server: TelegramServer, clock: Clock, bot: Bot, group: Chat
) -> None:
    server.limits = True
    for number in range(20):
        await bot.send_message(group.id, str(number))
        clock.now += 2
    wait = await wait_told(bot, group)
    assert 19 <= wait <= 21
    clock.now += wait
    await bot.send_message(group.id, "20")
    assert server.worst_rate(group, 60) == 21


async def test_all_chats_together_get_thirty_messages_a_second(
    server: TelegramServer, clock: Clock, bot: Bot
) -> None:
    server.limits = True
    chats = [server.direct(server.person(str(number))) for number in range(31)]
    for chat in chats[:30]:
        await bot.send_message(chat.id, "x")
    await wait_told(bot, chats[30])


async def test_a_call_whose_connection_is_dropped_after_it_has_taken_effect(
    server: TelegramServer, bot: Bot, chat: Chat
) -> None:
    server.fault("sendMessage", "drop_after", skip=1)
    server.fault("sendMessage", "drop_before")
    server.fault("sendMessage", "error")
    await bot.send_message(chat.id, "0")
    for text in "123":
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, text)
    assert [shown.text for shown in chat.answers] == ["0", "1"]
    assert [call.status for call in server.made("sendMessage", chat)] == [200, 0, 0, 500]


async def test_a_server_that_is_down_comes_up_with_all_it_knew(
    server: TelegramServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    server.down()
    chat.say(lin, "在吗")
    with pytest.raises(NetworkError):
        await bot.get_me()
    server.up()
    assert await texts(bot) == ["在吗"]


async def test_a_webhook_gets_each_chat_in_order_until_it_takes_it(
    server: TelegramServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    taken: list[str | None] = []
    secrets: set[str | None] = set()
    refusals = iter([500, 404])

    async def hook(request: web.Request) -> web.Response:
        secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if refused := next(refusals, 0):
            return web.Response(status=refused)
        update = Update.de_json(await request.json(), bot)
        taken.append(update.message.text if update.message else None)
        return web.Response()

    app = web.Application()
    app.router.add_post("/telegram", hook)
    async with test_utils.TestServer(app) as there:
        await bot.set_webhook(
            str(there.make_url("/telegram")), secret_token="geheim", allowed_updates=["message"]
        )
        for text in "abc":
            chat.say(lin, text)
        with refused("webhook is active", Conflict):
            await bot.get_updates()
        await server.until(lambda: not server.pending)
        assert (await bot.get_webhook_info()).last_error_message
        await bot.delete_webhook()
    assert (taken, secrets) == (["a", "b", "c"], {"geheim"})


async def test_a_picture_comes_as_jpeg_in_several_sizes_and_an_album_as_one_message_each(
    server: TelegramServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    chat.album(lin, [png(), png()], "什么错误？")
    first, second = [update.message for update in await bot.get_updates()]
    assert first
    assert second
    assert (first.caption, second.caption) == ("什么错误？", None)
    assert first.media_group_id == second.media_group_id
    assert [(size.width, size.height) for size in first.photo] == [(90, 45), (320, 160), (400, 200)]
    file = await first.photo[-1].get_file()
    content = bytes(await file.download_as_bytearray())
    assert Image.open(BytesIO(content)).format == "JPEG"
    server.lose_files()
    with refused("temporarily unavailable"):
        await bot.get_file(first.photo[-1].file_id)


async def test_a_document_is_had_with_its_name_and_not_if_it_is_too_large(
    bot: Bot, chat: Chat, lin: Person
) -> None:
    chat.say(lin, "看日志", document=("train.log", b"KeyError"), mime="text/plain")
    chat.say(lin, document=("big.pdf", bytes(21 << 20)))
    log, big = [update.message.document for update in await bot.get_updates() if update.message]
    assert log
    assert big
    assert (log.file_name, log.mime_type, big.mime_type) == ("train.log", "text/plain", "application/pdf")
    assert await (await log.get_file()).download_as_bytearray() == b"KeyError"
    with refused("file is too big"):
        await big.get_file()


async def test_what_the_bot_sends_as_a_picture_is_one_and_documents_are_never_empty(
    bot: Bot, group: Chat
) -> None:
    sent = await bot.send_photo(group.id, png(), filename="图.png")
    assert [(size.width, size.height) for size in sent.photo][-1] == (400, 200)
    filed = await bot.send_document(group.id, b"a,b", filename="表.csv")
    assert filed.document
    assert (filed.document.file_name, filed.document.mime_type) == ("表.csv", "text/csv")
    first, second = group.answers
    assert first.photo
    assert second.document
    assert (first.photo.name, first.photo.content, second.document.content) == ("图.png", png(), b"a,b")
    with refused("image_process_failed"):
        await bot.send_photo(group.id, b"a,b", filename="x.png")
    with refused("photo_invalid_dimensions"):
        await bot.send_photo(group.id, png(2100, 100))
    with refused("non-empty"):
        await bot.send_document(group.id, b"")
    with refused("wrong file identifier"):
        await bot.send_document(group.id, "https://a.org/x.pdf")


async def test_files_may_be_refused_and_have_no_text_to_edit(bot: Bot, group: Chat) -> None:
    filed = await bot.send_document(group.id, b"a,b")
    with refused("no text in the message"):
        await bot.edit_message_text("x", group.id, filed.message_id)
    group.refuse_files()
    with refused("not enough rights to send documents"):
        await bot.send_document(group.id, b"a,b")
    assert await bot.send_message(group.id, "x")


async def test_senders_quotes_and_forwards_look_as_they_do_on_telegram(
    server: TelegramServer, bot: Bot, group: Chat, lin: Person
) -> None:
    server.privacy = False
    said = group.say(lin, "😀 原文在此")
    group.say(lin, "匿名", anonymous=True)
    group.say(lin, "频道", via_channel="课程公告")
    group.say(lin, "引用", reply_to=said, quote="原文")
    group.say(lin, "转发", forward_of=server.person("安"))
    group.say(lin, "外部", external="别的频道", quote="别处")
    updates = [update.to_dict()["message"] for update in await bot.get_updates()]
    _, anonymous, channel, quoting, forwarded, external = updates
    assert (anonymous["from"]["id"], anonymous["sender_chat"]["id"]) == (1087968824, group.id)
    assert (channel["from"]["id"], channel["is_automatic_forward"]) == (777000, True)
    assert (quoting["quote"]["text"], quoting["quote"]["position"]) == ("原文", 3)
    assert forwarded["forward_origin"]["type"] == "user"
    assert external["external_reply"]["origin"]["type"] == "channel"
    assert external["quote"]["text"] == "别处"


async def test_edits_come_as_such_with_or_without_a_new_text(bot: Bot, chat: Chat, lin: Person) -> None:
    said = chat.say(lin, "看 https://a.org")
    chat.preview_edit(said)
    chat.edit(lin, said, "看完了")
    edits = [update.edited_message for update in await bot.get_updates() if update.edited_message]
    assert [edit.text for edit in edits] == ["看 https://a.org", "看完了"]
    assert all(edit.edit_date for edit in edits)


async def test_the_menu_is_what_scope_and_language_say(
    server: TelegramServer, bot: Bot, chat: Chat, group: Chat, lin: Person
) -> None:
    await bot.set_my_commands([BotCommand("ask", "Ask")])
    await bot.set_my_commands([BotCommand("ask", "提问")], language_code="zh")
    await bot.set_my_commands([BotCommand("stats", "数字")], BotCommandScopeChat(group.id))
    assert (chat.menu(lin), chat.menu(server.person("Ann", "en"))) == ({"ask": "提问"}, {"ask": "Ask"})
    assert group.menu(lin) == {"stats": "数字"}
    with refused("Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("提问", "x")])
    with refused("Chat not found"):
        await bot.set_my_commands([BotCommand("ask", "x")], BotCommandScopeChat(1))


async def test_the_bot_sees_who_is_in_a_group_and_can_leave_it(bot: Bot, group: Chat, lin: Person) -> None:
    assert (await bot.get_chat_member(group.id, lin.id)).status == "member"
    group.promote(lin)
    assert (await bot.get_chat_member(group.id, lin.id)).status == "administrator"
    assert (await bot.get_chat(group.id)).title == "一班"
    await bot.leave_chat(group.id)
    with refused("not a member", Forbidden):
        await bot.send_message(group.id, "x")


async def test_signs_are_shown_for_a_while_and_only_known_emoji_are_reactions(
    clock: Clock, bot: Bot, chat: Chat, lin: Person
) -> None:
    said = chat.say(lin, "问")
    await bot.send_chat_action(chat.id, "typing")
    assert chat.typing
    clock.now += 6
    assert not chat.typing
    await bot.set_message_reaction(chat.id, said, "👀")
    assert chat.reactions == {said: "👀"}
    with refused("Reaction_invalid"):
        await bot.set_message_reaction(chat.id, said, "✅")
    chat.allow_reactions("👍")
    with refused("Reaction_invalid"):
        await bot.set_message_reaction(chat.id, said, "👀")


def test_the_terminal_writes_formatting_out() -> None:
    text = "😀 装 pip 见文档"
    entities = (mark(text, "pip", "code"), mark(text, "文档", "text_link", url="https://a.org"))
    assert rendered(text, entities) == "😀 装 `pip` 见[文档](https://a.org)"


def png(width: int = 400, height: int = 200) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()
