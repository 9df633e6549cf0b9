"""The fake Feishu server sends events as the original does, and lark-oapi understands them."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import websockets
from aiohttp import test_utils, web

from tests.fakes import feishu_frame
from tests.fakes.feishu_app import Bot, Line, binary, message_of
from tests.fakes.feishu_chats import Chat, Person
from tests.fakes.feishu_frame import CONTROL, Frame
from tests.fakes.feishu_server import FeishuServer

PICTURE = b"\x89PNG picture"


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.limits = False
        server.pauses = (0.01, 0.01, 0.01, 0.01)
        yield server


@pytest.fixture
async def bot(server: FeishuServer) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        yield Bot(server, session)


@pytest.fixture
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


@pytest.fixture
def chat(server: FeishuServer, lin: Person) -> Chat:
    return server.direct(lin)


@pytest.fixture
def group(server: FeishuServer, lin: Person) -> Chat:
    return server.group("一班", lin)


async def test_a_question_comes_over_the_socket_as_the_shapes_have_it(
    server: FeishuServer, bot: Bot, group: Chat, lin: Person
) -> None:
    line = await bot.line()
    group.say(lin, "大家好")
    said = group.say(lin, "报错了", at_bot=True, images=[PICTURE])
    message = message_of(await line.event())
    assert (message["message_id"], message["mentions"][0]["id"]["open_id"]) == (said, server.open_id)
    (at, words), (image,) = json.loads(message["content"])["content"]
    assert (at["user_id"], words["text"], image["tag"]) == ("@_user_1", " 报错了", "img")
    group.say(lin, "在吗", at_bot=True, mention_lost=True)
    lost = message_of(await line.event())
    assert (json.loads(lost["content"]), lost.get("mentions")) == ({"text": "@_user_1 在吗"}, None)
    server.at_only = False
    group.say(lin, "谁都听到", at_all=True)
    assert json.loads(message_of(await line.event())["content"]) == {"text": "@_all 谁都听到"}
    await server.until(lambda: [code for code, _ in server.acks.values()] == [200, 200, 200])
    await line.socket.close()


async def test_an_event_comes_again_until_it_is_taken(
    server: FeishuServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    line, server.new_event_ids = await bot.line(), True
    said = chat.say(lin, "在吗")
    events = [await line.event(code) for code in (500, 500, 200)]
    assert {message_of(event)["message_id"] for event in events} == {said}
    assert len({event["header"]["event_id"] for event in events}) == 3
    server.redeliver(events[0]["header"]["event_id"])
    assert (await line.event())["header"]["event_id"] == events[0]["header"]["event_id"]
    server.ack_within, server.pauses = 0.02, (0.01,)
    chat.say(lin, "聋了")
    first, second = [await line.event(0) for _ in range(2)]
    await server.until(lambda: server.acks.get(second["header"]["event_id"], (1, 0))[0] == 0)
    assert message_of(first) == message_of(second)
    await line.socket.close()


async def test_large_events_are_split_and_one_of_several_clients_gets_each(
    server: FeishuServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    server.split_over = 300
    lines = [await bot.line() for _ in range(2)]
    said = {chat.say(lin, f"{number}{'长' * 200}") for number in range(12)}
    got: list[set[str]] = [set(), set()]

    async def take(line: Line, into: set[str]) -> None:
        while True:
            into.add(message_of(await line.event())["message_id"])

    tasks = [asyncio.create_task(take(*one)) for one in zip(lines, got, strict=True)]
    await server.until(lambda: len(server.acks) == 12)
    for task, line in zip(tasks, lines, strict=True):
        task.cancel()
        await line.socket.close()
    assert got[0] | got[1] == said
    assert got[0]
    assert got[1]
    assert not got[0] & got[1]
    assert int(lines[0].frames[0].headers["sum"]) > 1


async def test_sockets_are_cut_frozen_restarted_and_turned_away(
    server: FeishuServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    ping = feishu_frame.encode(Frame(CONTROL, {"type": "ping"}, service=1))
    line, server.ack_within = await bot.line(), 0.02
    await line.socket.send(ping)
    pong = feishu_frame.decode(binary(await line.socket.recv()))
    assert (pong.kind, json.loads(pong.payload)) == ("pong", line.config)
    server.freeze_socket()
    await line.socket.send(ping)
    chat.say(lin, "听见吗")
    new = await bot.line()
    assert message_of(await new.event())["chat_id"] == chat.id
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await line.socket.recv()
    server.cut_socket()
    for one in (line, new):
        with pytest.raises(websockets.ConnectionClosed):
            await one.socket.recv()
    await asyncio.to_thread(server.restart)
    server.turns_away = 514
    with pytest.raises(websockets.InvalidStatus) as refused:
        await bot.line()
    assert refused.value.response.headers["handshake-status"] == "514"
    server.turns_away, server.connections_max = 0, 0
    with pytest.raises(websockets.InvalidStatus) as refused:
        await bot.line()
    assert refused.value.response.headers["handshake-autherrcode"] == "1000040350"


@pytest.mark.parametrize(
    ("answer", "code", "toast"),
    [
        ({"toast": {"type": "success", "content": "谢谢"}}, 0, "谢谢"),
        ({}, 0, ""),
        ({"toast": "谢谢"}, 200672, ""),
        ({"toast": {"type": "loud", "content": "谢谢"}}, 200672, ""),
        ({"card": {"type": "raw", "data": {}}}, 200673, ""),
    ],
)
async def test_a_press_is_answered_by_a_toast(
    server: FeishuServer, bot: Bot, group: Chat, lin: Person, answer: object, code: int, toast: str
) -> None:
    card_id, message_id = await bot.shown_card(group)
    line = await bot.line()
    press = group.press(lin, message_id, "👍")
    assert await bot.write(card_id, "x", 1) == 200810
    asked = (await line.event(200, answer))["event"]
    assert asked["action"]["value"] == {"v": 1, "command": "/feedback up"}
    assert asked["context"] == {"open_message_id": message_id, "open_chat_id": group.id}
    await server.until(lambda: press.over)
    assert (press.code, press.toast) == (code, toast)
    await line.socket.close()


async def test_a_press_without_an_answer_or_a_subscription_shows_a_code(
    server: FeishuServer, bot: Bot, group: Chat, lin: Person
) -> None:
    _card_id, message_id = await bot.shown_card(group)
    line, server.ack_within = await bot.line(), 0.02
    late = group.press(lin, message_id, "👍")
    await server.until(lambda: late.over)
    server.callbacks = False
    assert (late.code, group.press(lin, message_id, "👍").code) == (200341, 200340)
    with pytest.raises(LookupError):
        group.press(lin, message_id, "👎")
    await line.socket.close()


async def test_a_webhook_is_asked_signed_for_and_tried_again(
    server: FeishuServer, bot: Bot, chat: Chat, lin: Person
) -> None:
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        body = json.loads(plain(server, await request.read()))
        got.append(body)
        if "challenge" in body:
            return web.json_response({"challenge": body["challenge"]})
        if body["header"]["event_type"] == "card.action.trigger":
            return web.json_response({"toast": {"type": "info", "content": "谢谢"}})
        return web.json_response({}, status=500 if len(got) == 2 else 200)

    app = web.Application()
    app.router.add_post("/feishu", take)
    async with test_utils.TestServer(app) as hook:
        server.deliver = str(hook.make_url("/feishu"))
        assert await server.challenge() is True
        chat.say(lin, "在吗")
        await server.until(lambda: [code for code, _ in server.acks.values()] == [200])
        _card_id, message_id = await bot.shown_card(chat)
        assert await chat.pressed(lin, message_id, "👍") == "谢谢"
    assert got[0]["token"] == got[1]["header"]["token"] == server.verification_token
    assert got[1] == got[2]


def plain(server: FeishuServer, body: bytes) -> bytes:
    """A webhook's body, decrypted by the textbook."""
    from Crypto.Cipher import AES

    sealed = base64.b64decode(json.loads(body)["encrypt"])
    key = hashlib.sha256(server.encrypt_key.encode()).digest()
    opened: bytes = AES.new(key, AES.MODE_CBC, sealed[:16]).decrypt(sealed[16:])
    return opened[: -opened[-1]]
