"""Calling Feishu: what a student sees in the end, whatever goes wrong on the way."""

import asyncio
import json
import logging
import re
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.base import AdapterError, AttachmentRefused, ChatClosed, DeliveryFailed, PlatformRefused
from adapters.feishu_client import FeishuClient
from adapters.feishu_faults import (
    CardRefused,
    ContentRefused,
    Dropped,
    MessageGone,
    Muted,
    NoAnswer,
    NoBot,
    QuestionGone,
    QuotaUsedUp,
    ScopeMissing,
    StreamClosed,
)
from tests.fakes.feishu_chats import Chat, Person
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_wire import Fault
from tests.fakes.watch import Watch

HELLO = {"text": "你好"}
CARD = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "你好", "element_id": "text"}]}}
MORE = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "你好，世界"}]}}
TOKENS = "tenant_access_token"


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def server(watch: Watch) -> Iterator[FeishuServer]:
    """It goes by the same clock, and so its limits are those that the client has to keep."""
    with FeishuServer() as server:
        server.clock = lambda: 1_800_000_000 + watch.now
        yield server


def a_client(server: FeishuServer, watch: Watch, secret: str = "", timeout: float = 10.0) -> FeishuClient:
    right = secret or server.app_secret
    return FeishuClient(server.app_id, right, server.url, timeout=timeout, clock=watch, wait=watch.wait)


@pytest.fixture
async def client(server: FeishuServer, watch: Watch) -> AsyncIterator[FeishuClient]:
    client = a_client(server, watch)
    yield client
    await client.close()


@pytest.fixture
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


@pytest.fixture
def group(server: FeishuServer, lin: Person) -> Chat:
    return server.group("一班", lin)


def texts(chat: Chat) -> list[str]:
    return [shown.text for shown in chat.answers]


async def test_it_knows_who_it_is(server: FeishuServer, client: FeishuClient) -> None:
    me = await client.open()
    assert (me.open_id, me.name) == (server.open_id, "课程助教")


async def test_a_wrong_secret_is_refused_at_once_with_the_names_of_the_settings(
    server: FeishuServer, watch: Watch
) -> None:
    client = a_client(server, watch, "no-such-secret")
    with pytest.raises(PlatformRefused, match="FEISHU_APP_ID and FEISHU_APP_SECRET") as refused:
        await client.open()
    await client.close()
    assert "no-such-secret" not in str(refused.value)
    assert not watch.waits


@pytest.mark.parametrize("how", ["error", "drop_before", 2200, 99991400])
async def test_a_token_that_cannot_be_had_now_is_waited_for(
    server: FeishuServer, client: FeishuClient, how: Fault
) -> None:
    server.fault(TOKENS, how)
    assert (await client.open()).open_id == server.open_id


async def test_an_app_that_is_no_bot_is_told_what_to_click(
    server: FeishuServer, client: FeishuClient
) -> None:
    server.bot_ability = False
    with pytest.raises(NoBot, match=f"机器人.*{server.app_id}/bot"):
        await client.open()


async def test_a_bot_that_is_switched_off_meanwhile_fails_to_deliver(
    server: FeishuServer, client: FeishuClient, group: Chat
) -> None:
    await client.open()
    server.bot_ability = False
    with pytest.raises(DeliveryFailed, match="机器人"):
        await client.send(group.id, "text", HELLO, "u1")


async def test_an_unreachable_server_is_waited_for_loudly(
    server: FeishuServer, client: FeishuClient, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    server.down()
    watch.then = lambda: server.up() if len(watch.waits) == 12 else None
    assert await client.open()
    assert watch.now > 300
    assert caplog.text.count("Trying again") == 12


async def test_the_environments_proxy_is_used(server: FeishuServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    client = FeishuClient(server.app_id, server.app_secret, "http://feishu.invalid")
    assert (await client.open()).open_id == server.open_id
    await client.close()


async def test_a_message_is_sent_to_a_chat_or_to_a_person(
    server: FeishuServer, client: FeishuClient, group: Chat, lin: Person
) -> None:
    sent = await client.send(group.id, "text", HELLO, "u1")
    await client.send(lin.id, "text", {"text": "单独说"}, "u2")
    assert [(shown.id, shown.text) for shown in group.answers] == [(sent, "你好")]
    assert texts(server.direct(lin)) == ["单独说"]


async def test_a_reply_stands_below_its_question_and_in_its_thread(
    client: FeishuClient, group: Chat, lin: Person
) -> None:
    question = group.say(lin, "怎么安装？", at_bot=True)
    await client.reply(question, "text", HELLO, "u1", chat=group.id)
    await client.reply(question, "text", HELLO, "u2", in_thread=True, chat=group.id)
    plain, threaded = group.answers
    assert (plain.reply_to, plain.thread_id) == (question, "")
    assert threaded.thread_id


async def test_a_group_without_threads_gets_the_reply_all_the_same(
    client: FeishuClient, group: Chat, lin: Person
) -> None:
    group.thread_replies = False
    question = group.say(lin, "怎么安装？", at_bot=True)
    await client.reply(question, "text", HELLO, "u1", in_thread=True, chat=group.id)
    assert [(shown.reply_to, shown.thread_id) for shown in group.answers] == [(question, "")]


async def test_a_card_is_replaced_and_a_message_taken_back(client: FeishuClient, group: Chat) -> None:
    sent = await client.send(group.id, "interactive", CARD, "u1")
    await client.update_card(sent, MORE)
    assert texts(group) == ["你好，世界"]
    await client.delete(sent)
    await client.delete(sent)
    assert texts(group) == []


async def test_a_sign_is_put_below_a_question_and_taken_back(
    client: FeishuClient, group: Chat, lin: Person
) -> None:
    question = group.say(lin, "怎么安装？", at_bot=True)
    reaction = await client.react(question, "Typing")
    assert [shown.signs for shown in group.shown] == [("Typing",)]
    await client.unreact(question, reaction)
    assert [shown.signs for shown in group.shown] == [()]


async def test_a_card_that_is_quoted_comes_as_it_was_sent(client: FeishuClient, group: Chat) -> None:
    sent = await client.send(group.id, "interactive", CARD, "u1")
    [item] = await client.get_message(sent)
    assert item["message_id"] == sent
    assert "你好" in json.dumps(item, ensure_ascii=False)


@pytest.mark.parametrize("how", ["drop_before", "drop_after", "error", 2200, 230049, 200810])
async def test_whatever_happens_to_a_call_its_message_appears_once(
    server: FeishuServer, client: FeishuClient, group: Chat, how: Fault
) -> None:
    server.fault("/im/v1/messages", how, times=2)
    await client.send(group.id, "text", HELLO, "u1")
    assert texts(group) == ["你好"]
    bodies = [call.body for call in server.made("POST /open-apis/im/v1/messages")]
    assert len(bodies) == 3
    assert bodies == bodies[:1] * 3


async def test_a_silent_server_is_asked_again_and_the_message_appears_once(
    server: FeishuServer, watch: Watch, group: Chat
) -> None:
    server.fault("/im/v1/messages", "hang_after")
    client = a_client(server, watch, timeout=0.3)
    await client.send(group.id, "text", HELLO, "u1")
    await client.close()
    assert texts(group) == ["你好"]


async def test_a_server_that_stays_silent_is_given_up_after_half_a_minute(
    server: FeishuServer, client: FeishuClient, group: Chat, watch: Watch
) -> None:
    server.fault("/im/v1/messages", "error", times=100)
    with pytest.raises(NoAnswer):
        await client.send(group.id, "text", HELLO, "u1")
    assert 20 < watch.now <= 30


@pytest.mark.parametrize("how", ["drop_before", "error", 2200, 99991400, 230020, 99991403, 99991663])
async def test_a_frame_that_fails_is_dropped_at_once(
    server: FeishuServer, client: FeishuClient, group: Chat, watch: Watch, how: Fault
) -> None:
    sent = await client.send(group.id, "interactive", CARD, "u1")
    server.fault("PATCH", how)
    with pytest.raises(Dropped):
        await client.update_card(sent, MORE, frame=True)
    assert len([call for call in server.made("PATCH")]) <= 2
    assert not watch.waits


async def test_frames_that_would_have_to_wait_are_dropped_and_the_final_is_not(
    client: FeishuClient, group: Chat
) -> None:
    sent = await client.send(group.id, "interactive", CARD, "u1")
    for _ in range(4):
        await client.update_card(sent, CARD, frame=True)
    with pytest.raises(Dropped):
        await client.update_card(sent, CARD, frame=True)
    await client.update_card(sent, MORE)
    assert texts(group) == ["你好，世界"]


async def test_fifty_calls_with_a_token_that_ended_fetch_one(
    server: FeishuServer, client: FeishuClient
) -> None:
    await client.open()
    server.expire_token()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(client.call("GET", "/open-apis/bot/v3/info"))
    assert len(server.made(TOKENS)) == 2


async def test_a_token_is_renewed_five_minutes_before_its_end(
    server: FeishuServer, client: FeishuClient, watch: Watch
) -> None:
    for watch.now in (0.0, 6899.0, 6901.0):
        await client.call("GET", "/open-apis/bot/v3/info")
    assert len(server.made(TOKENS)) == 2


async def test_a_token_serves_to_its_end_while_there_is_no_new_one(
    server: FeishuServer, client: FeishuClient, watch: Watch
) -> None:
    await client.open()
    watch.now = 7000.0
    server.fault(TOKENS, "error")
    await client.open()
    assert not watch.waits


async def test_an_app_whose_new_token_is_not_taken_either_is_not_tried_for_ever(
    server: FeishuServer, client: FeishuClient, group: Chat
) -> None:
    server.fault("/im/v1/messages", 99991663, times=100)
    with pytest.raises(DeliveryFailed, match="99991663"):
        await client.send(group.id, "text", HELLO, "u1")
    assert len(server.made("/im/v1/messages")) == 2


async def test_a_limit_of_the_api_is_waited_for_as_long_as_told(
    server: FeishuServer, client: FeishuClient, group: Chat, watch: Watch
) -> None:
    server.fault("/im/v1/messages", 99991400, seconds=12)
    await client.send(group.id, "text", HELLO, "u1")
    assert 12 <= watch.now <= 15
    assert texts(group) == ["你好"]


@pytest.mark.parametrize("code", [230020, 11232])
async def test_a_limit_that_tells_no_time_is_waited_for_longer_and_longer(
    server: FeishuServer, client: FeishuClient, group: Chat, watch: Watch, code: int
) -> None:
    server.fault("/im/v1/messages", code, times=3)
    await client.send(group.id, "text", HELLO, "u1")
    assert 7 <= watch.now <= 9
    assert texts(group) == ["你好"]


async def test_a_limit_of_a_chat_holds_up_no_other(
    server: FeishuServer, watch: Watch, group: Chat, lin: Person
) -> None:
    over = asyncio.Event()

    async def wait(seconds: float) -> None:
        await over.wait()
        await watch.wait(seconds)

    client = FeishuClient(server.app_id, server.app_secret, server.url, clock=watch, wait=wait)
    server.fault("/im/v1/messages", 230020)
    first = asyncio.create_task(client.send(group.id, "text", HELLO, "u1"))
    await server.until(lambda: bool(server.made("/im/v1/messages")))
    await client.send(server.group("二班", lin).id, "text", HELLO, "u2")
    assert texts(group) == []
    over.set()
    await first
    assert texts(group) == ["你好"]
    await client.close()


async def test_a_limit_that_never_ends_is_given_up(
    server: FeishuServer, client: FeishuClient, group: Chat
) -> None:
    server.fault("/im/v1/messages", 99991400, times=100, seconds=60)
    with pytest.raises(DeliveryFailed, match="99991400"):
        await client.send(group.id, "text", HELLO, "u1")
    assert len(server.made("/im/v1/messages")) == 10


@pytest.mark.parametrize("code", [99991400, 99991663])
async def test_what_may_have_arrived_is_never_said_to_have_not(
    server: FeishuServer, client: FeishuClient, group: Chat, code: int
) -> None:
    server.fault("/im/v1/messages", "drop_after")
    server.fault("/im/v1/messages", code, times=100)
    with pytest.raises(NoAnswer):
        await client.send(group.id, "text", HELLO, "u1")
    assert texts(group) == ["你好"]


async def test_without_quota_frames_are_dropped_until_a_final_passes_an_hour_later(
    server: FeishuServer, client: FeishuClient, group: Chat, watch: Watch
) -> None:
    sent = await client.send(group.id, "interactive", CARD, "u1")
    server.quota_used_up = True
    with pytest.raises(QuotaUsedUp):
        await client.update_card(sent, MORE)
    server.quota_used_up = False
    await client.update_card(sent, MORE)
    assert client.quota_used_up
    with pytest.raises(Dropped):
        await client.update_card(sent, MORE, frame=True)
    watch.now += 3600
    await client.update_card(sent, MORE)
    assert not client.quota_used_up
    await client.update_card(sent, MORE, frame=True)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (230002, ChatClosed),
        (232009, ChatClosed),
        (230013, ChatClosed),
        (230053, ChatClosed),
        (230017, Muted),
        (230018, Muted),
        (230035, Muted),
        (230022, ContentRefused),
        (230028, ContentRefused),
        (230011, QuestionGone),
        (230025, CardRefused),
        (200860, CardRefused),
        (300305, CardRefused),
        (200850, StreamClosed),
        (300309, StreamClosed),
        (230001, DeliveryFailed),
    ],
)
async def test_a_refusal_is_told_by_its_name_and_not_tried_again(
    server: FeishuServer, client: FeishuClient, group: Chat, code: int, error: type[AdapterError]
) -> None:
    server.fault("/im/v1/messages", code)
    with pytest.raises(error, match=str(code)) as raised:
        await client.send(group.id, "text", HELLO, "u1")
    assert type(raised.value) is error
    assert len(server.made("/im/v1/messages")) == 1


async def test_a_question_that_was_withdrawn_is_not_answered(
    client: FeishuClient, group: Chat, lin: Person
) -> None:
    question = group.say(lin, "怎么安装？", at_bot=True)
    group.recall(lin, question)
    with pytest.raises(QuestionGone):
        await client.reply(question, "text", HELLO, "u1", chat=group.id)
    assert texts(group) == []


async def test_a_message_that_is_gone_cannot_be_changed(client: FeishuClient, group: Chat) -> None:
    sent = await client.send(group.id, "interactive", CARD, "u1")
    await client.delete(sent)
    with pytest.raises(MessageGone):
        await client.update_card(sent, MORE)


async def test_a_missing_scope_is_named_with_the_place_to_add_it(
    server: FeishuServer, client: FeishuClient, group: Chat
) -> None:
    server.scopes = set()
    with pytest.raises(ScopeMissing, match=rf"im:message.*/app/{server.app_id}/auth\?q=im:message"):
        await client.send(group.id, "text", HELLO, "u1")


async def test_a_picture_and_a_file_are_fetched(client: FeishuClient, group: Chat, lin: Person) -> None:
    picture = group.say(lin, "报错了", at_bot=True, images=[b"\x89PNG\r\n\x1a\n" + b"0" * 100])
    text = group.say(lin, file=("run.json", b'{"code": 7}'))
    image_key = _key(group.wire(picture), "image_key")
    file_key = _key(group.wire(text), "file_key")
    assert len(await client.download(picture, image_key, "image", 1000)) == 108
    assert await client.download(text, file_key, "file", 1000) == b'{"code": 7}'


async def test_a_file_that_is_too_large_or_gone_is_refused_for_that(
    client: FeishuClient, group: Chat, lin: Person
) -> None:
    sent = group.say(lin, file=("run.log", b"0" * 5000))
    key = _key(group.wire(sent), "file_key")
    with pytest.raises(AttachmentRefused, match="size"):
        await client.download(sent, key, "file", 4999)
    group.recall(lin, sent)
    with pytest.raises(AttachmentRefused, match="gone"):
        await client.download(sent, key, "file", 5000)


@pytest.mark.parametrize("how", ["drop_before", "error", 99991663, 99991671, 230001, 99991400])
async def test_no_secret_and_no_token_is_ever_told(
    server: FeishuServer, client: FeishuClient, group: Chat, caplog: pytest.LogCaptureFixture, how: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    await client.open()
    server.fault("/im/v1/messages", how, times=100)
    with pytest.raises(AdapterError) as raised:
        await client.send(group.id, "text", HELLO, "u1")
    told = caplog.text + repr(raised.value) + "".join(traceback.format_exception(raised.value))
    assert server.app_secret not in told
    assert not re.search(r"\bt-\w", told)


async def test_a_connection_that_ended_meanwhile_is_replaced(
    server: FeishuServer, client: FeishuClient, group: Chat
) -> None:
    await client.open()
    server.restart()
    await client.send(group.id, "text", HELLO, "u1")
    assert texts(group) == ["你好"]


async def test_all_of_a_crowd_of_replies_appear_whatever_the_limits(
    server: FeishuServer, client: FeishuClient, lin: Person
) -> None:
    groups = [server.group(f"{number}班", lin) for number in range(12)]
    async with asyncio.TaskGroup() as tasks:
        for number in range(96):
            chat = groups[number % 12]
            tasks.create_task(client.send(chat.id, "text", HELLO, f"u{number}"))
    assert [len(texts(chat)) for chat in groups] == [8] * 12


async def test_a_client_that_is_closed_says_so_even_to_those_who_wait_for_its_token(
    server: FeishuServer, client: FeishuClient, group: Chat
) -> None:
    server.fault(TOKENS, "hang")
    waiting = asyncio.create_task(client.send(group.id, "text", HELLO, "u1"))
    await server.until(lambda: bool(server.made(TOKENS)))
    await client.close()
    with pytest.raises(NoAnswer, match="closed"):
        await waiting


def _key(wire: object, name: str) -> str:
    """A key in a message as the server keeps it, wherever it stands."""
    found = re.search(rf'"{name}": ?"([^"]+)', json.dumps(wire).replace("\\", ""))
    assert found
    return found[1]
