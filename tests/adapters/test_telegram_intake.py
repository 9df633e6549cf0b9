"""What is said at Telegram comes in, by polling or by webhook, and nothing is lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from adapters.base import ChatClosed, DeliveryFailed, Message, NotAccepted, PlatformRefused
from adapters.telegram_api import Place, PolledElsewhere, TelegramApi
from adapters.telegram_inlet import ALLOWED, Inlet, Rhythm, Trouble
from adapters.telegram_intake import MOST_BYTES, Lease, Polling, Webhook
from adapters.telegram_text import Part
from memory import keys
from memory.lease import RedisLease
from tests.fakes.telegram_server import TelegramServer

RHYTHM = Rhythm(poll=5, lease=3, pause=0.01, longest=0.05, silence=0.3, press=0)
SECRET = "webhook-secret"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Free:
    """A lease that everybody has."""

    async def hold(self, name: str, seconds: float) -> bool:
        return True

    async def release(self, name: str) -> None: ...


class Bot:
    """Takes messages in, while it is not `away`: then it refuses those that come from these chats."""

    def __init__(self) -> None:
        self.accepted: list[Message] = []
        self.refused = 0
        self.away: set[str] = set()
        self.hangs = False

    async def accept(self, message: Message) -> None:
        if self.hangs:
            self.refused += 1
            await asyncio.Event().wait()
        if message.conversation.chat_id in self.away:
            self.refused += 1
            raise NotAccepted("Redis does not answer.")
        self.accepted.append(message)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.accepted]


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        yield server


@pytest.fixture
def bot() -> Bot:
    return Bot()


@asynccontextmanager
async def polling(
    server: TelegramServer, bot: Bot, lease: Lease | None = None, rhythm: Rhythm = RHYTHM
) -> AsyncIterator[Polling]:
    """A process that polls, until the end of the block."""
    api = TelegramApi(server.token, server.url)
    intake = Polling(api, lease or Free(), rhythm)
    run = asyncio.create_task(intake.run(await api.open(), bot.accept))
    try:
        yield intake
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await api.close()


async def test_what_is_said_comes_in_and_is_confirmed(server: TelegramServer, bot: Bot) -> None:
    lin = server.person("小林")
    async with polling(server, bot) as intake:
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"] and not server.pending)
        assert intake.connected
    assert server.made("getUpdates")[0].parameters["allowed_updates"] == list(ALLOWED)


async def test_what_was_said_while_nobody_polled_comes_in_too(server: TelegramServer, bot: Bot) -> None:
    lin = server.person("小林")
    for number in range(250):
        server.direct(lin).say(lin, f"第 {number} 问")
    async with polling(server, bot):
        await server.until(lambda: not server.pending)
    assert bot.texts == [f"第 {number} 问" for number in range(250)]


async def test_nothing_is_confirmed_before_it_is_safe(
    server: TelegramServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    lin = server.person("小林")
    chat = server.direct(lin)
    bot.away = {str(chat.id)}
    async with polling(server, bot):
        chat.say(lin, "一")
        chat.say(lin, "二")
        await server.until(lambda: bot.refused > 3)
        assert len(server.pending) == 2
        bot.away.clear()
        await server.until(lambda: not server.pending)
    assert bot.texts == ["一", "二"]
    assert caplog.text.count("Redis does not answer.") == 1


async def test_other_chats_need_not_wait_for_one_that_is_refused(server: TelegramServer, bot: Bot) -> None:
    lin, ann = server.person("小林"), server.person("Ann")
    bot.away = {str(lin.id)}
    server.direct(lin).say(lin, "一")
    server.direct(ann).say(ann, "1")
    server.direct(ann).say(ann, "2")
    async with polling(server, bot):
        await server.until(lambda: bot.texts == ["1", "2"])


async def test_what_a_dead_process_had_in_hand_comes_again(server: TelegramServer, bot: Bot) -> None:
    lin = server.person("小林")
    bot.hangs = True
    async with polling(server, bot):
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: bot.refused)
    bot.hangs = False
    async with polling(server, bot):
        await server.until(lambda: bot.texts == ["怎么安装？"])


async def test_what_comes_twice_has_the_same_id(server: TelegramServer, bot: Bot) -> None:
    lin, other = server.person("小林"), Bot()
    server.direct(lin).say(lin, "怎么安装？")
    server.fault("getUpdates", "drop_before", skip=1)
    async with polling(server, bot, rhythm=Rhythm(pause=60)):
        await server.until(lambda: len(server.made("getUpdates")) == 2)
    async with polling(server, other):
        await server.until(lambda: other.accepted)
    assert other.accepted == bot.accepted


async def test_one_of_two_processes_polls(server: TelegramServer, bot: Bot, client: Redis) -> None:
    lin = server.person("小林")
    one, other = RedisLease(client), RedisLease(client)
    async with polling(server, bot, one) as first, polling(server, bot, other) as second:
        await server.until(lambda: first.connected and second.connected)
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: not server.pending)
    assert bot.texts == ["怎么安装？"]
    assert 409 not in {call.status for call in server.made("getUpdates")}


async def test_a_process_that_stops_leaves_the_lease_to_the_other(
    server: TelegramServer, bot: Bot, client: Redis
) -> None:
    lin, other = server.person("小林"), Bot()
    async with polling(server, bot, RedisLease(client)) as first:
        await server.until(lambda: first.connected)
        second = polling(server, other, RedisLease(client), Rhythm(lease=1))
        await second.__aenter__()
    server.direct(lin).say(lin, "怎么安装？")
    await server.until(lambda: other.texts)
    await second.__aexit__(None, None, None)
    assert not await client.exists(keys.HOLDER.of(f"telegram:{server.id}"))


async def test_who_has_lost_the_lease_polls_no_more(
    server: TelegramServer, bot: Bot, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    lin = server.person("小林")
    async with polling(server, bot, RedisLease(client), Rhythm(poll=5, lease=0.3)) as intake:
        await server.until(lambda: intake.connected)
        await client.set(keys.HOLDER.of(f"telegram:{server.id}"), "another process")
        await server.until(lambda: "stands by" in caplog.text)
        server.direct(lin).say(lin, "怎么安装？")
        assert intake.connected
    assert len(server.pending) == 1
    assert not bot.texts


async def test_two_that_poll_in_spite_of_each_other_lose_nothing(
    server: TelegramServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    lin = server.person("小林")
    rhythm = replace(RHYTHM, silence=60)
    async with polling(server, bot, rhythm=rhythm), polling(server, bot, rhythm=rhythm):
        for number in range(6):
            server.direct(lin).say(lin, str(number))
            await server.until(lambda: not server.pending)
        await server.until(lambda: caplog.text.count("It is tried again until it works.") == 2)
    assert sorted(set(bot.texts)) == list("012345")
    assert 409 in {call.status for call in server.made("getUpdates")}


async def test_what_comes_in_goes_on_after_an_outage(server: TelegramServer, bot: Bot) -> None:
    lin = server.person("小林")
    async with polling(server, bot, rhythm=replace(RHYTHM, poll=60)) as intake:
        await server.until(lambda: intake.connected)
        server.down()
        await server.until(lambda: not intake.connected)
        server.up()
        await server.until(lambda: intake.connected)
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: bot.texts)


@pytest.mark.parametrize(
    ("error", "pauses"),
    [(DeliveryFailed("No route."), [1, 2, 4, 4, 1, 1]), (PolledElsewhere("409."), [1, 2, 4, 4, 4, 1])],
)
async def test_pauses_grow_and_against_another_poller_stay_long_for_a_while(
    error: DeliveryFailed, pauses: list[float]
) -> None:
    now, waited = 100.0, list[float]()

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    trouble = Trouble(Rhythm(pause=1, longest=4, silence=60), lambda: now, wait)
    for _ in range(4):
        await trouble.rest(error)
    trouble.over()
    await trouble.rest(error)
    now += 61
    trouble.over()
    await trouble.rest(error)
    assert waited == pauses


async def test_a_token_that_is_taken_no_more_ends_it(server: TelegramServer, bot: Bot) -> None:
    api = TelegramApi(server.token, server.url)
    me = await api.open()
    server.revoked = True
    with pytest.raises(PlatformRefused):
        await Polling(api, Free(), RHYTHM).run(me, bot.accept)
    await api.close()


async def test_a_webhook_from_another_time_is_dropped_and_what_waits_is_not(
    server: TelegramServer, bot: Bot
) -> None:
    lin, api = server.person("小林"), TelegramApi(server.token, server.url)
    await api.open()
    await api.set_webhook("http://127.0.0.1:1/gone", SECRET, ALLOWED)
    await api.close()
    server.direct(lin).say(lin, "怎么安装？")
    async with polling(server, bot):
        await server.until(lambda: bot.texts == ["怎么安装？"])


async def test_a_press_is_answered_and_taken_in(server: TelegramServer, bot: Bot) -> None:
    lin, api = server.person("小林"), TelegramApi(server.token, server.url)
    chat = server.direct(lin)
    await api.open()
    keyboard = {"inline_keyboard": [[{"text": "👍", "callback_data": "/feedback up 1"}]]}
    await api.call("sendMessage", chat_id=chat.id, text="好的", reply_markup=keyboard)
    await api.close()
    async with polling(server, bot):
        press = chat.press(lin, chat.answers[0].id, "👍")
        await server.until(lambda: bot.texts == ["/feedback up 1"] and press in server.answered)
    assert [message.id for message in bot.accepted] == [f"telegram:press:{press}"]


async def test_a_chat_that_is_opened_again_can_be_written_to(server: TelegramServer, bot: Bot) -> None:
    chat, api = server.direct(server.person("小林")), TelegramApi(server.token, server.url)
    inlet = Inlet(api, await api.open(), bot.accept, RHYTHM)
    chat.block()
    inlet.read(server.pending)
    with pytest.raises(ChatClosed):
        await api.send(Place(chat.id), Part("在吗"))
    chat.unblock()
    inlet.read(server.pending)
    await api.send(Place(chat.id), Part("在吗"))
    await api.close()


@asynccontextmanager
async def posted_to(server: TelegramServer, bot: Bot) -> AsyncIterator[tuple[Webhook, str]]:
    """A process that has updates posted to it, and where."""

    async def take(request: web.Request) -> web.Response:
        return web.Response(status=await webhook.handle(request.headers, request.content.iter_any()))

    app = web.Application()
    app.router.add_post("/telegram/webhook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram/webhook"
    api = TelegramApi(server.token, server.url)
    webhook = Webhook(api, url, SECRET, RHYTHM)
    run = asyncio.create_task(webhook.run(await api.open(), bot.accept))
    try:
        yield webhook, url
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await runner.cleanup()
        await api.close()


async def test_what_is_said_is_posted(server: TelegramServer, bot: Bot) -> None:
    lin = server.person("小林")
    async with posted_to(server, bot) as (webhook, _):
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"] and not server.pending)
        assert webhook.connected
    assert server.made("setWebhook")[0].parameters["allowed_updates"] == list(ALLOWED)
    assert not webhook.connected


async def test_what_is_posted_and_not_taken_is_posted_again(
    server: TelegramServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    lin = server.person("小林")
    bot.away = {str(lin.id)}
    async with posted_to(server, bot):
        chat = server.direct(lin)
        id = chat.say(lin, "一")
        chat.edit(lin, id, "二")
        await server.until(lambda: bot.refused == 2)
        bot.away.clear()
        await server.until(lambda: not server.pending)
    assert bot.texts == ["一", "二"]
    assert caplog.text.count("Redis does not answer.") == 1


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("", b"{}", 403),
        ("webhook-secre", b"{}", 403),
        ("wébhook", b"{}", 403),
        (SECRET, b"not JSON", 400),
        (SECRET, b"[1]", 400),
        (SECRET, b"\xff", 400),
        (SECRET, b"[" * 100_000, 400),
        (SECRET, b" " * (MOST_BYTES + 1), 413),
        (SECRET, b'{"update_id": 1, "unheard_of": {}}', 200),
    ],
    ids=range(9),
)
async def test_what_others_post_is_refused(
    server: TelegramServer, bot: Bot, secret: str, body: bytes, status: int
) -> None:
    async with (
        posted_to(server, bot) as (_, url),
        aiohttp.ClientSession(headers={HEADER: secret}) as session,
        session.post(url, data=body) as answer,
    ):
        assert answer.status == status
    assert not bot.accepted


async def test_without_a_secret_nobody_may_post(server: TelegramServer) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{}"

    api = TelegramApi(server.token, server.url)
    assert await Webhook(api, "https://example.org", "").handle({}, body()) == 403


async def test_before_it_runs_a_webhook_takes_nothing(server: TelegramServer) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{}"

    webhook = Webhook(TelegramApi(server.token, server.url), "https://example.org", SECRET)
    assert await webhook.handle({HEADER.lower(): SECRET}, body()) == 503


async def test_two_processes_set_the_same_webhook(server: TelegramServer, bot: Bot) -> None:
    lin, api = server.person("小林"), TelegramApi(server.token, server.url)
    async with posted_to(server, bot) as (_, url):
        other = Webhook(api, url, SECRET, RHYTHM)
        run = asyncio.create_task(other.run(await api.open(), bot.accept))
        await server.until(lambda: other.connected)
        server.direct(lin).say(lin, "怎么安装？")
        await server.until(lambda: bot.texts == ["怎么安装？"])
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    await api.close()


async def test_a_webhook_is_set_as_soon_as_telegram_is_reached(server: TelegramServer, bot: Bot) -> None:
    server.fault("setWebhook", "error")
    async with posted_to(server, bot) as (webhook, _):
        assert not webhook.connected
        await server.until(lambda: webhook.connected)
