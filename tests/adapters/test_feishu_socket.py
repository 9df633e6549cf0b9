"""Events come by the long connection, whatever becomes of it, and nothing is confirmed before it is safe."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.base import PlatformRefused
from adapters.feishu_client import FeishuClient, Me
from adapters.feishu_event import EXPIRED
from adapters.feishu_frames import DATA, Frame, Parts, decode, encode, ping
from adapters.feishu_inlet import AWAY, DONE
from adapters.feishu_link import Door
from adapters.feishu_socket import Socket
from tests.fakes import feishu_frame
from tests.fakes.feishu_bot import CARD, RHYTHM, Bot
from tests.fakes.feishu_server import Chat, FeishuServer, Person
from tests.fakes.feishu_wire import Fault


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        yield server
        assert not server.flaws


@pytest.fixture
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


@pytest.fixture
def chat(server: FeishuServer, lin: Person) -> Chat:
    return server.direct(lin)


@pytest.fixture
async def bot() -> Bot:
    return Bot()


def codes(server: FeishuServer) -> list[int]:
    """How each delivery was acknowledged."""
    return [code for code, _ in server.acks.values()]


async def test_what_is_said_comes_in_and_is_confirmed(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    async with bot.listening(server) as socket:
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"] and codes(server) == [200])
    assert not socket.connected
    await server.until(lambda: server.connections == 0)


async def test_nothing_is_confirmed_before_it_is_safe(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    server.ack_within = 30
    bot.gate.clear()
    async with bot.listening(server):
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.heard)
        assert not server.acks
        bot.gate.set()
        await server.until(lambda: codes(server) == [200])


async def test_what_is_in_hand_at_the_end_comes_again(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    bot.gate.clear()
    async with bot.listening(server):
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.heard)
    bot.gate.set()
    async with bot.listening(server):
        await server.until(lambda: bot.texts == ["怎么安装？"])


async def test_a_late_acknowledgement_costs_nothing_but_another_delivery(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    server.ack_within, server.pauses = 0.05, (0.05,) * 20
    bot.gate.clear()
    async with bot.listening(server):
        chat.say(lin, "怎么安装？")
        await server.until(lambda: len(bot.heard) == 1 and codes(server) == [0])
        bot.gate.set()
        await server.until(lambda: codes(server) == [200])
    assert bot.texts == ["怎么安装？"]


async def test_what_is_not_accepted_comes_again(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    server.pauses = (0.05,) * 50
    bot.away = {chat.id}
    async with bot.listening(server):
        chat.say(lin, "怎么安装？")
        await server.until(lambda: len(bot.heard) > 2 and codes(server) == [500])
        bot.away.clear()
        await server.until(lambda: bot.texts == ["怎么安装？"])
    assert caplog.text.count("Redis does not answer.") == 1


@pytest.mark.parametrize("same", [True, False])
async def test_what_comes_twice_has_the_same_id(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat, same: bool
) -> None:
    async with bot.listening(server):
        id = chat.say(lin, "怎么安装？")
        server.redeliver(server.events[0]["header"]["event_id"], same)
        await server.until(lambda: bot.heard == [f"feishu:{id}"] * 2)


async def test_messages_of_a_chat_stay_in_order(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    ann = server.person("Ann")
    async with bot.listening(server):
        server.fault("GET /open-apis/im/v1/messages", "hang")  # the first has to be waited for
        chat.say(lin, "一", reply_to=server.direct(lin).say(lin, "零"))
        for text in ("二", "三"):
            chat.say(lin, text)
        server.direct(ann).say(ann, "1")
        await server.until(lambda: len(bot.texts) == 5)
    assert [text for text in bot.texts if text != "1"] == ["零", "一", "二", "三"]


async def test_a_large_event_is_joined_from_its_parts(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    server.split_over = 100
    async with bot.listening(server):
        chat.say(lin, "长" * 500)
        await server.until(lambda: bot.texts == ["长" * 500] and codes(server) == [200])


async def test_every_event_that_is_subscribed_is_confirmed(
    server: FeishuServer, bot: Bot, lin: Person
) -> None:
    group = server.group("一班", lin)
    async with bot.listening(server):
        id = group.say(lin, "在吗", at_bot=True)
        group.react(lin, id, "THUMBSUP")
        group.unreact(lin, id, "THUMBSUP")
        group.read(lin, id)
        group.recall(lin, id)
        group.add(server.person("Bob"))
        server.direct(lin).enter(lin)
        server.direct(lin).menu(lin, "help")
        group.add_bot()
        group.remove_bot()
        await server.until(lambda: len(server.acks) == len(server.events))
    assert set(codes(server)) == {200}
    assert len(server.events) == 10
    assert bot.left == [group.id]


async def test_a_connection_that_breaks_is_opened_again_and_nothing_is_lost(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    async with bot.listening(server) as socket:
        server.cut_socket()
        await server.until(lambda: len(server.made("/callback/ws/endpoint")) == 2)
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"])
        assert socket.connected


async def test_a_connection_that_breaks_before_the_acknowledgement_brings_the_event_again(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    bot.gate.clear()
    async with bot.listening(server):
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.heard)
        server.cut_socket()
        bot.gate.set()
        await server.until(lambda: codes(server) == [200])
    assert bot.texts == ["怎么安装？"]


async def test_a_half_open_connection_is_noticed(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    server.client_config["PingInterval"] = 0.1
    server.ack_within = 0.1
    async with bot.listening(server):
        server.freeze_socket()
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"])


async def test_a_restart_of_the_server_is_survived(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    async with bot.listening(server):
        await asyncio.to_thread(server.restart)
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"])


async def test_a_server_that_is_down_is_waited_for(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    async with bot.listening(server):
        await asyncio.to_thread(server.down)
        chat.say(lin, "怎么安装？")
        await server.until(lambda: "gives no address" in caplog.text)
        await asyncio.to_thread(server.up)
        await server.until(lambda: bot.texts == ["怎么安装？"])
    assert caplog.text.count("gives no address") == 1


@pytest.mark.parametrize("fault", ["hang", "error", "drop_before", 1, 1000040343, 1000040345])
async def test_an_endpoint_that_fails_is_asked_again(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    server.fault("/callback/ws/endpoint", fault)
    async with bot.listening(server):
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"])
    assert "developer console" not in caplog.text


async def test_an_endpoint_that_refuses_is_told_with_what_to_do(
    server: FeishuServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("/callback/ws/endpoint", 1000040351)
    async with bot.listening(server):
        assert "FEISHU_DOMAIN" in caplog.text


@pytest.mark.parametrize("code", [403, 514])
async def test_being_turned_away_is_told_and_tried_again(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    server.turns_away = code
    async with bot.listening(server, connected=False) as socket:
        await server.until(lambda: f"refuses the long connection ({code}" in caplog.text)
        assert not socket.connected
        server.turns_away = 0
        chat.say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"])
    assert server.app_secret not in caplog.text
    assert "access_key" not in caplog.text


async def test_too_many_connections_are_told_with_what_to_do(
    server: FeishuServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.connections_max = 0
    async with bot.listening(server, connected=False):
        await server.until(lambda: "1000040350" in caplog.text)
    assert "no more than 50 programs" in caplog.text


async def test_a_wrong_secret_ends_it(server: FeishuServer, bot: Bot) -> None:
    client = FeishuClient(server.app_id, server.app_secret, server.url)
    socket = Socket(Door(server.app_id, "wrong", server.url), bot.desk(client), RHYTHM)
    with pytest.raises(PlatformRefused, match="FEISHU_APP_SECRET"):
        await socket.run(Me(server.open_id, server.name), bot.accept)
    await client.close()


async def test_who_presses_a_button_reads_what_came_of_it(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    client = FeishuClient(server.app_id, server.app_secret, server.url)
    card = await client.send(chat.id, "interactive", CARD, "1")
    bot.says = "谢谢！"
    async with bot.listening(server):
        assert await chat.pressed(lin, card, "👍") == "谢谢！"
        assert await chat.pressed(lin, card, "old") == EXPIRED
        bot.away = {chat.id}
        assert await chat.pressed(lin, card, "👍") == AWAY
    await client.close()
    assert bot.texts == ["/feedback up x"]
    assert bot.accepted[0].id.startswith("feishu:press:")


async def test_who_presses_a_button_reads_something_when_there_is_no_toast(
    server: FeishuServer, bot: Bot, lin: Person, chat: Chat
) -> None:
    client = FeishuClient(server.app_id, server.app_secret, server.url)
    card = await client.send(chat.id, "interactive", CARD, "1")
    async with bot.listening(server):
        assert await chat.pressed(lin, card, "👍") == DONE
    await client.close()


def test_frames_are_read_and_written_as_others_do() -> None:
    theirs = feishu_frame.Frame(
        DATA, {"type": "event", "sum": "1"}, b"{}", 300, 2**40, 7, "gzip", "json", "x"
    )
    wire = feishu_frame.encode(theirs)
    assert decode(wire).headers == theirs.headers
    assert encode(decode(wire)) == wire
    answered = feishu_frame.decode(encode(decode(wire).answered(b"ok", biz_rt="3")))
    assert answered == replace(theirs, headers={**theirs.headers, "biz_rt": "3"}, payload=b"ok")
    assert feishu_frame.decode(encode(ping(300))) == feishu_frame.Frame(0, {"type": "ping"}, b"", 300)


@pytest.mark.parametrize("data", [b"\xff", b"\x2a\x05ab", b"\x80" * 20, b"\x0d1234"])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="frame"):
        decode(data)


def part(id: str, number: int, count: int, payload: bytes) -> Frame:
    headers = {"message_id": id, "sum": str(count), "seq": str(number)}
    return decode(feishu_frame.encode(feishu_frame.Frame(DATA, headers, payload)))


def test_parts_are_joined_in_any_order_and_side_by_side() -> None:
    parts = Parts()
    assert parts.joined(part("a", 1, 2, b"2")) is None
    assert parts.joined(part("b", 0, 2, b"x")) is None
    assert parts.joined(part("a", 1, 2, b"2")) is None
    assert parts.joined(part("a", 0, 2, b"1")) == b"12"
    assert parts.joined(part("b", 1, 2, b"y")) == b"xy"


def test_parts_of_which_one_is_lost_are_forgotten() -> None:
    now = [0.0]
    parts = Parts(lambda: now[0])
    assert parts.joined(part("a", 0, 2, b"1")) is None
    now[0] = 11
    assert parts.joined(part("a", 1, 2, b"2")) is None
    for number in range(1000):
        assert parts.joined(part(str(number), 0, 2, b"x" * 1000)) is None
    assert parts.joined(part("0", 1, 2, b"y")) is None
    assert parts.joined(part("999", 1, 2, b"y")) == b"x" * 1000 + b"y"


@pytest.mark.parametrize(("number", "count"), [(2, 2), (-1, 2), (0, 100_000)])
def test_parts_with_odd_numbers_are_refused(number: int, count: int) -> None:
    with pytest.raises(ValueError, match="numbered"):
        Parts().joined(part("a", number, count, b""))
