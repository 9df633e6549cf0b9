"""What is posted is taken in only from Feishu, and confirmed only when it is safe."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from adapters.feishu_client import FeishuClient
from adapters.feishu_webhook import MOST_BYTES, Webhook
from tests.fakes.feishu_bot import CARD, Bot
from tests.fakes.feishu_server import FeishuServer

Headers = Mapping[str, str]


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        yield server


@pytest.fixture
async def bot() -> Bot:
    return Bot()


def named(headers: Headers) -> Headers:
    return {name.lower(): value for name, value in headers.items()}


@asynccontextmanager
async def hook(server: FeishuServer, bot: Bot) -> AsyncIterator[Webhook]:
    """A process to which Feishu posts, until the end of the block."""
    client = FeishuClient(server.app_id, server.app_secret, server.url)
    webhook = Webhook(bot.desk(client), server.encrypt_key, server.verification_token)

    async def take(request: web.Request) -> web.Response:
        status, answer = await webhook.handle(named(request.headers), request.content.iter_any())
        return web.json_response(dict(answer), status=status)

    app = web.Application()
    app.router.add_post("/feishu/events", take)
    runner = web.AppRunner(app)
    await runner.setup()
    door = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, door).start()
    server.deliver = f"http://127.0.0.1:{door.getsockname()[1]}/feishu/events"
    run = asyncio.create_task(webhook.run(await client.open(), bot.accept))
    await server.until(lambda: webhook.connected)
    try:
        yield webhook
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await runner.cleanup()
        await client.close()


async def bytes_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def said(server: FeishuServer) -> dict[str, Any]:
    """The payload of an event that the server never posted itself."""
    server.deliver = "http://127.0.0.1:1/"
    lin = server.person("小林")
    server.direct(lin).say(lin, "怎么安装？")
    return server.events[-1]


@pytest.mark.parametrize("key", ["fake-encrypt-key", ""])
async def test_what_is_posted_comes_in_and_is_confirmed(server: FeishuServer, bot: Bot, key: str) -> None:
    server.encrypt_key = key
    lin = server.person("小林")
    async with hook(server, bot) as webhook:
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: [code for code, _ in server.acks.values()] == [200])
        assert bot.texts == ["怎么安装？"]
    assert not webhook.connected


@pytest.mark.parametrize("key", ["fake-encrypt-key", ""])
async def test_the_address_is_proven_to_be_the_bots(server: FeishuServer, bot: Bot, key: str) -> None:
    server.encrypt_key = key
    async with hook(server, bot):
        assert await server.challenge() is True
        server.verification_token = "another"
        assert await server.challenge() == {}


async def test_what_is_not_accepted_comes_again(server: FeishuServer, bot: Bot) -> None:
    server.pauses = (0.05,) * 50
    lin = server.person("小林")
    bot.away = {server.direct(lin).id}
    async with hook(server, bot):
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: [code for code, _ in server.acks.values()] == [500] and len(bot.heard) > 1)
        bot.away.clear()
        await server.until(lambda: bot.texts == ["怎么安装？"])


async def test_who_presses_a_button_reads_what_came_of_it(server: FeishuServer, bot: Bot) -> None:
    lin = server.person("小林")
    chat = server.direct(lin)
    bot.says = "谢谢！"
    async with hook(server, bot):
        client = FeishuClient(server.app_id, server.app_secret, server.url)
        card = await client.send(chat.id, "interactive", CARD, "1")
        assert await chat.pressed(lin, card, "👍") == "谢谢！"
        await client.close()


SIGNATURE, STAMP, NONCE = "x-lark-signature", "x-lark-request-timestamp", "x-lark-request-nonce"


@pytest.mark.parametrize(
    "forge",
    [
        lambda body, headers: (body, {}),
        lambda body, headers: (body, headers | {SIGNATURE: ""}),
        lambda body, headers: (body, headers | {SIGNATURE: "0" * 64}),
        lambda body, headers: (body, headers | {SIGNATURE: "é"}),
        lambda body, headers: (body, headers | {NONCE: "other"}),
        lambda body, headers: (body, headers | {STAMP: str(int(headers[STAMP]) + 1)}),
        lambda body, headers: (body + b" ", headers),
        lambda body, headers: (b"", headers),
        lambda body, headers: (b"{", {}),
        lambda body, headers: (b"[]", {}),
        lambda body, headers: (b'{"encrypt": "AAAA"}', {}),
        lambda body, headers: (b'{"encrypt": "\xc3\xa9"}', {}),
        lambda body, headers: (b'{"encrypt": "' + b"A" * 64 + b'"}', {}),
        lambda body, headers: (b'{"encrypt": 7, "type": "url_verification", "token": "\\ud800"}', {}),
    ],
)
async def test_a_forged_post_is_refused_without_a_word(
    server: FeishuServer, bot: Bot, forge: Callable[[bytes, dict[str, str]], tuple[bytes, Headers]]
) -> None:
    body, headers = server.hooked(said(server))
    forged, renamed = forge(body, dict(named(headers)))
    async with hook(server, bot) as webhook:
        assert await webhook.handle(renamed, bytes_of(forged)) == (403, {})
    assert not bot.heard


@pytest.mark.parametrize(("age", "status"), [(-310, 403), (310, 403), (-290, 200), (290, 200)])
async def test_an_old_post_cannot_be_made_again(
    server: FeishuServer, bot: Bot, age: int, status: int
) -> None:
    body, headers = server.hooked(said(server), server.clock() + age)
    async with hook(server, bot) as webhook:
        assert (await webhook.handle(named(headers), bytes_of(body)))[0] == status


async def test_an_event_in_the_clear_is_refused_where_there_is_a_key(server: FeishuServer, bot: Bot) -> None:
    async with hook(server, bot) as webhook:
        assert await webhook.handle({}, bytes_of(json.dumps(said(server)).encode())) == (403, {})


async def test_a_wrong_token_is_refused_although_the_signature_is_right(
    server: FeishuServer, bot: Bot
) -> None:
    event = said(server)
    event["header"]["token"] = "another"
    body, headers = server.hooked(event)
    async with hook(server, bot) as webhook:
        assert await webhook.handle(named(headers), bytes_of(body)) == (403, {})


async def test_without_key_and_token_nothing_is_taken(server: FeishuServer, bot: Bot) -> None:
    client = FeishuClient(server.app_id, server.app_secret, server.url)
    webhook = Webhook(bot.desk(client), "", "")
    body = json.dumps(said(server)).encode()
    assert await webhook.handle({}, bytes_of(body)) == (403, {})


async def test_too_large_a_post_is_not_read_to_its_end(server: FeishuServer, bot: Bot) -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 100_000

    async with hook(server, bot) as webhook:
        assert await webhook.handle({}, endless()) == (413, {})
    assert len(read) == MOST_BYTES // 100_000 + 1


async def test_what_comes_before_the_bot_is_ready_comes_again(server: FeishuServer, bot: Bot) -> None:
    body, headers = server.hooked(said(server))
    client = FeishuClient(server.app_id, server.app_secret, server.url)
    webhook = Webhook(bot.desk(client), server.encrypt_key, server.verification_token)
    assert await webhook.handle(named(headers), bytes_of(body)) == (500, {})
