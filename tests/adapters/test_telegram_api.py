"""Calling the Bot API: what a student sees in the end, whatever goes wrong on the way."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
from telegram import MessageEntity

from adapters.base import AdapterError, AttachmentRefused, Button, ChatClosed, DeliveryFailed, PlatformRefused
from adapters.telegram_api import MessageGone, NotOffered, OutcomeUnknown, Place, PolledElsewhere, TelegramApi
from adapters.telegram_pace import Pace
from adapters.telegram_text import Part
from tests.fakes.socks_proxy import socks_proxy
from tests.fakes.telegram_chats import Chat
from tests.fakes.telegram_server import TelegramServer

HELLO, MORE = Part("你好"), Part("你好，世界")
BOLD = Part("你好", (MessageEntity("bold", 0, 2),))


@dataclass
class Watch:
    """A clock that nobody waits for; `then` happens at each wait."""

    now: float = 0.0
    waits: int = 0
    then: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waits += 1
        self.then()


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        yield server


@pytest.fixture
def watch() -> Watch:
    return Watch()


def an_api(server: TelegramServer, watch: Watch, token: str = "") -> TelegramApi:
    pace = Pace(watch, watch.wait)
    return TelegramApi(token or server.token, server.url, pace, clock=watch, wait=watch.wait)


@pytest.fixture
async def api(server: TelegramServer, watch: Watch) -> AsyncIterator[TelegramApi]:
    api = an_api(server, watch)
    await api.open()
    yield api
    await api.close()


@pytest.fixture
def chat(server: TelegramServer) -> Chat:
    return server.direct(server.person("小林"))


@pytest.fixture
def place(chat: Chat) -> Place:
    return Place(chat.id)


def texts(chat: Chat) -> list[str]:
    return [shown.text for shown in chat.answers]


async def test_it_knows_who_it_is_and_whether_groups_show_it_all(server: TelegramServer) -> None:
    server.privacy = False
    api = TelegramApi(server.token, server.url + "/")
    me = await api.open()
    await api.close()
    assert (me.id, me.username, me.name, me.reads_all) == (server.id, server.username, "课程助教", True)


@pytest.mark.parametrize("token", ["7:wrong", "no/token"])
async def test_a_wrong_token_is_refused_at_once_with_the_name_of_the_setting(
    server: TelegramServer, watch: Watch, token: str
) -> None:
    api = an_api(server, watch, token)
    with pytest.raises(PlatformRefused, match="TELEGRAM_BOT_TOKEN") as refused:
        await api.open()
    await api.close()
    assert token not in str(refused.value)
    assert watch.waits == 0


async def test_an_unreachable_server_is_waited_for_loudly(
    server: TelegramServer, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    server.down()
    watch.then = lambda: server.up() if watch.waits == 20 else None
    api = an_api(server, watch)
    assert await api.open()
    await api.close()
    assert watch.now > 300
    assert "TELEGRAM_BASE_URL" in caplog.text


async def test_the_environments_proxy_is_used(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    api = TelegramApi(server.token, "http://telegram.invalid")
    assert (await api.open()).id == server.id
    await api.close()


async def test_a_socks_proxy_of_the_environment_is_used_and_looks_names_up(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with socks_proxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        api = TelegramApi(server.token, server.url.replace("127.0.0.1", "localhost"))
        assert (await api.open()).id == server.id
        await api.close()
    assert set(proxy.asked) == {"localhost"}


async def test_nothing_was_sent_where_a_socks_proxy_finds_no_way(
    server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with socks_proxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        api = TelegramApi(server.token, server.url)
        await api.open()
        proxy.closed = True
        ann = server.direct(server.person("Ann"))
        with pytest.raises(DeliveryFailed) as told:
            await api.updates(None, 0, ())
        await api.close()
    assert not isinstance(told.value, OutcomeUnknown)
    assert not ann.answers


async def test_a_message_is_sent_with_all_that_belongs_to_it(
    server: TelegramServer, api: TelegramApi
) -> None:
    ann = server.person("Ann")
    group = server.group("一班", ann, forum=True)
    topic = group.topic("作业")
    asked = group.say(ann, "怎么安装？", topic=topic)
    buttons = (Button("👍", "/vote up"), Button("👎", "/vote down"))
    place = Place(group.id, topic.id)
    id = await api.send(place, BOLD, reply_to=asked, buttons=buttons, silent=True)
    [shown] = group.answers
    assert (shown.id, shown.text, shown.reply_to, shown.topic) == (id, "你好", asked, topic.id)
    assert (dict(shown.buttons), shown.silent) == ({"👍": "/vote up", "👎": "/vote down"}, True)
    assert shown.marked("bold") == ["你好"]


async def test_an_answer_to_a_deleted_question_is_sent_all_the_same(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    await api.send(place, HELLO, reply_to=999)
    assert texts(chat) == ["你好"]
    assert len(server.made("sendMessage")) == 1


async def test_what_telegram_does_not_take_is_left_out_once(server: TelegramServer, api: TelegramApi) -> None:
    group = server.group("一班", server.person("Ann"), forum=True)
    bad_link = Part("见此处", (MessageEntity("text_link", 0, 3, url="#anchor"),))
    await api.send(Place(group.id, thread_id=999), bad_link, buttons=[Button(" ", "/more")])
    [shown] = group.answers
    assert (shown.text, shown.entities, shown.topic, dict(shown.buttons)) == ("见此处", (), None, {})


async def test_what_cannot_be_sent_at_all_is_not_tried_for_ever(
    server: TelegramServer, api: TelegramApi, place: Place
) -> None:
    with pytest.raises(DeliveryFailed, match="too long"):
        await api.send(place, Part("长" * 4097))
    with pytest.raises(DeliveryFailed, match="entities"):
        await api.call("sendMessage", chat_id=place.chat_id, text="<b>", parse_mode="HTML")
    assert len(server.made("sendMessage")) == 2


async def test_an_edit_replaces_text_and_buttons_and_may_be_made_twice(
    api: TelegramApi, chat: Chat, place: Place
) -> None:
    id = await api.send(place, HELLO, buttons=[Button("停", "/stop")])
    assert await api.edit(place, id, MORE)
    assert await api.edit(place, id, MORE)
    [shown] = chat.answers
    assert (shown.text, dict(shown.buttons), shown.edits) == ("你好，世界", {}, 1)


@pytest.mark.parametrize("urgency", ["final", "frame"])
async def test_an_edit_of_a_deleted_message_says_so(
    api: TelegramApi, chat: Chat, place: Place, urgency: str
) -> None:
    id = await api.send(place, HELLO)
    await api.delete(place, [id])
    assert texts(chat) == []
    with pytest.raises(MessageGone):
        await api.edit(place, id, MORE, urgency="final" if urgency == "final" else "frame")


async def test_a_final_waits_out_a_flood_and_arrives_once(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place, watch: Watch
) -> None:
    server.fault("sendMessage", "flood", times=8, seconds=20)
    await api.send(place, HELLO)
    assert texts(chat) == ["你好"]
    assert watch.now >= 160


async def test_what_is_not_final_is_dropped_in_a_flood(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    id = await api.send(place, HELLO)
    server.fault("editMessageText", "flood")
    assert not await api.edit(place, id, MORE, urgency="frame")
    assert not await api.edit(place, id, MORE, urgency="frame")
    assert await api.send(place, HELLO, urgency="placeholder") == 0
    assert len(server.made("editMessageText")) == 1
    assert texts(chat) == ["你好"]


async def test_what_surely_was_not_sent_is_tried_again(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    server.fault("sendMessage", "error", times=4)
    await api.send(place, HELLO)
    assert texts(chat) == ["你好"]


async def test_a_server_that_is_away_for_a_moment_costs_no_answer(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place, watch: Watch
) -> None:
    server.down()
    assert not await api.draft(place, 1, HELLO)
    assert await api.send(place, HELLO, urgency="placeholder") == 0
    watch.then = lambda: server.up() if watch.waits == 3 else None
    await api.send(place, HELLO)
    assert texts(chat) == ["你好"]


async def test_after_half_a_minute_of_failures_somebody_else_must_go_on(
    server: TelegramServer, api: TelegramApi, place: Place, watch: Watch
) -> None:
    server.fault("sendMessage", "error", times=99)
    with pytest.raises(DeliveryFailed) as failed:
        await api.send(place, HELLO)
    assert not isinstance(failed.value, OutcomeUnknown)
    assert 20 < watch.now <= 31


@pytest.mark.parametrize(("how", "seen"), [("drop_after", ["你好"]), ("drop_before", [])])
@pytest.mark.parametrize("urgency", ["final", "placeholder"])
async def test_a_send_without_an_answer_is_never_made_again(
    server: TelegramServer,
    api: TelegramApi,
    chat: Chat,
    place: Place,
    how: str,
    seen: list[str],
    urgency: str,
) -> None:
    server.fault("sendMessage", "drop_after" if how == "drop_after" else "drop_before")
    with pytest.raises(OutcomeUnknown):
        await api.send(place, HELLO, urgency="final" if urgency == "final" else "placeholder")
    assert texts(chat) == seen
    assert len(server.made("sendMessage")) == 1


async def test_an_edit_without_an_answer_is_made_again(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    id = await api.send(place, HELLO)
    server.fault("editMessageText", "drop_after")
    assert await api.edit(place, id, MORE)
    assert texts(chat) == ["你好，世界"]
    server.fault("editMessageText", "drop_before")
    assert not await api.edit(place, id, HELLO, urgency="frame")


async def test_a_closed_chat_is_left_alone_until_something_comes_from_it(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    chat.block()
    for _ in range(2):
        with pytest.raises(ChatClosed):
            await api.send(place, HELLO)
    assert len(server.made("sendMessage")) == 1
    chat.unblock()
    api.reopened(chat.id)
    await api.send(place, HELLO)
    assert texts(chat) == ["你好"]


async def test_a_chat_that_never_was_is_closed_and_one_where_the_bot_is_muted_too(
    server: TelegramServer, api: TelegramApi
) -> None:
    group = server.group("一班", server.person("Ann"))
    group.mute()
    for place in (Place(404), Place(group.id)):
        with pytest.raises(ChatClosed):
            await api.send(place, HELLO)
    group.mute(False)
    await api.send(Place(group.id), HELLO)
    assert texts(group) == ["你好"]


async def test_a_group_that_moved_is_followed(server: TelegramServer, api: TelegramApi) -> None:
    old = server.group("一班", server.person("Ann"), basic=True)
    new = old.migrate()
    await api.send(Place(old.id), HELLO)
    await api.send(Place(old.id), MORE)
    await api.typing(Place(old.id))
    assert texts(new) == ["你好", "你好，世界"]
    assert new.typing
    assert len(server.made("sendMessage", old)) == 1


async def test_a_typing_sign_raises_nothing(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    await api.typing(place)
    assert chat.typing
    server.fault("sendChatAction", "flood")
    server.fault("sendChatAction", "error")
    for _ in range(3):
        await api.typing(place)
    server.revoked = True
    await api.typing(Place(404))
    assert len(server.made("sendChatAction")) == 3


async def test_a_token_that_is_taken_back_is_said_at_once(
    server: TelegramServer, api: TelegramApi, place: Place
) -> None:
    server.revoked = True
    with pytest.raises(PlatformRefused, match="TELEGRAM_BOT_TOKEN"):
        await api.send(place, HELLO)
    with pytest.raises(PlatformRefused):
        await api.updates(None, 0, ["message"])


async def test_a_draft_is_seen_where_there_are_drafts(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    assert await api.draft(place, 1, BOLD)
    assert chat.draft == "你好"
    group = server.group("一班", server.person("Ann"))
    with pytest.raises(NotOffered):
        await api.draft(Place(group.id), 1, BOLD)
    server.unsupported.add("sendMessageDraft")
    with pytest.raises(NotOffered):
        await api.draft(place, 1, MORE)


async def test_deleting_what_is_gone_is_no_error_but_what_is_too_old_stays(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    id = await api.send(place, HELLO)
    sent = server.clock()
    server.clock = lambda: sent + 49 * 3600
    with pytest.raises(MessageGone):
        await api.delete(place, [id])
    server.clock = lambda: sent
    await api.delete(place, [id, 999])
    await api.delete(place, [id])
    assert texts(chat) == []


async def test_a_press_is_answered_once_and_late_is_no_error(
    server: TelegramServer, api: TelegramApi, chat: Chat, place: Place
) -> None:
    id = await api.send(place, HELLO, buttons=[Button("👍", "/up")])
    press = chat.press(server.person("小林"), id, "👍")
    assert await api.answer_press(press, "谢" * 300)
    assert not await api.answer_press(press)
    assert (server.answered, len(server.made("answerCallbackQuery"))) == ({press: "谢" * 200}, 1)
    assert not await api.answer_press("5")


async def test_updates_come_as_they_are_and_are_confirmed_by_the_next_offset(
    server: TelegramServer, api: TelegramApi, chat: Chat
) -> None:
    chat.say(server.person("小林"), "怎么安装？")
    [update] = await api.updates(None, 0, ["message"])
    number = update["update_id"]
    assert isinstance(number, int)
    assert server.pending
    assert await api.updates(number + 1, 0, ["message"]) == []
    assert not server.pending


async def test_the_loser_of_two_pollers_is_told(
    server: TelegramServer, api: TelegramApi, watch: Watch
) -> None:
    other = an_api(server, watch)
    await other.open()
    first = asyncio.create_task(api.updates(None, 30, ["message"]))
    await server.until(lambda: server.made("getUpdates"))
    second = asyncio.create_task(other.updates(None, 30, ["message"]))
    with pytest.raises(PolledElsewhere):
        await asyncio.wait_for(first, 5)
    second.cancel()
    await other.close()


async def test_a_webhook_is_set_and_dropped_without_losing_what_waits(
    server: TelegramServer, api: TelegramApi, chat: Chat
) -> None:
    chat.say(server.person("小林"), "怎么安装？")
    await api.set_webhook("https://puyu.invalid/telegram/webhook", "secret", ["message"])
    with pytest.raises(PolledElsewhere):
        await api.updates(None, 0, ["message"])
    await api.drop_webhook()
    assert len(await api.updates(None, 0, ["message"])) == 1


async def a_file(server: TelegramServer, api: TelegramApi, chat: Chat, content: bytes) -> str:
    chat.say(server.person("小林"), document=("error.log", content))
    [update] = await api.updates(None, 0, ["message"])
    message = update["message"]
    assert isinstance(message, dict)
    return str(message["document"]["file_id"])


async def test_a_file_is_had_as_long_as_it_is_there_and_not_too_large(
    server: TelegramServer, api: TelegramApi, chat: Chat
) -> None:
    file_id = await a_file(server, api, chat, b"Traceback")
    assert await api.download(file_id, at_most=9) == b"Traceback"
    with pytest.raises(AttachmentRefused) as refused:
        await api.download(file_id, at_most=8)
    assert refused.value.flaw == "size"
    server.lose_files()
    with pytest.raises(AttachmentRefused) as refused:
        await api.download(file_id, at_most=9)
    assert refused.value.flaw == "gone"


async def test_the_token_is_in_no_log_and_no_error(
    server: TelegramServer, watch: Watch, chat: Chat, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = an_api(server, watch)
    await api.open()
    server.fault("sendMessage", "drop_after")
    server.fault("editMessageText", "error", times=99)
    server.down()
    watch.then = lambda: server.up() if watch.waits == 5 else None
    for call in (
        api.call("getFile", file_id="none"),
        api.send(place, HELLO),
        api.edit(place, 11, HELLO),
        api.call("noSuchMethod"),
        api.send(Place(404), HELLO),
    ):
        with pytest.raises(AdapterError) as failed:
            await call
        assert server.token not in "".join(traceback.format_exception(failed.value))
    await api.close()
    assert server.token not in caplog.text


async def test_fifty_five_chats_at_once_all_get_theirs_without_a_flood(server: TelegramServer) -> None:
    chats = [server.direct(server.person(f"同学{number}")) for number in range(50)]
    chats += [server.group(f"{number}班", server.person("Ann")) for number in range(5)]
    api = TelegramApi(server.token, server.url)
    await api.open()
    await asyncio.gather(*(api.send(Place(chat.id), HELLO) for chat in chats))
    await api.close()
    assert all(texts(chat) == ["你好"] for chat in chats)
    assert {call.status for call in server.calls} == {200}


async def test_short_buttons_stand_side_by_side_and_long_commands_are_left_out(
    server: TelegramServer, api: TelegramApi, place: Place
) -> None:
    labels = ["👍", "👎", "转人工", "更多", "Show me the passage it stands on"]
    buttons = [*(Button(label, "/do") for label in labels), Button("x", "/" + "长" * 22)]
    await api.send(place, HELLO, buttons=buttons)
    rows = server.made("sendMessage")[0].parameters["reply_markup"]["inline_keyboard"]
    assert [[button["text"] for button in row] for row in rows] == [labels[:4], labels[4:]]
