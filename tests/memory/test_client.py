"""What a user of memory meets when Redis does not do as it should."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from memory.base import MemoryUnavailable
from memory.client import connect, ping
from memory.embedded import embedded
from memory.history import RedisHistory
from memory.scripts import Script, Scripts
from tests.fakes.redis_servers import server
from tests.memory.processes import CONVERSATION, TURN, server_of


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """Of a server that the test may ill-treat."""
    async with embedded(tmp_path) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[Redis]:
    client = connect(url)
    yield client
    await client.aclose()


async def test_a_hung_server_is_unavailable_soon_and_goes_on_later(client: Redis, url: str) -> None:
    newcomer = connect(url)
    history, server = RedisHistory(client), await server_of(client)
    await history.append(CONVERSATION, TURN)
    os.kill(server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        on_open_connection, on_new_one = await asyncio.gather(
            history.load(CONVERSATION), RedisHistory(newcomer).load(CONVERSATION), return_exceptions=True
        )
        assert 1 < time.monotonic() - began < 6
    finally:
        os.kill(server, signal.SIGCONT)
    for one in (on_open_connection, on_new_one):
        assert isinstance(one, MemoryUnavailable)
        assert "does not answer" in str(one)
    for each in (history, RedisHistory(newcomer)):
        assert (await each.load(CONVERSATION)).turns == (TURN,)
    await newcomer.aclose()


async def test_readiness_is_told_at_once(client: Redis) -> None:
    await ping(client)
    server = await server_of(client)
    os.kill(server, signal.SIGSTOP)
    try:
        with pytest.raises(MemoryUnavailable):
            await ping(client, within=0.1)
    finally:
        os.kill(server, signal.SIGCONT)


async def test_readiness_leaves_nothing_behind(client: Redis) -> None:
    await ping(client)
    assert all([0 < await client.ttl(key) <= 60 for key in await client.keys()])


async def test_a_script_goes_on_on_a_server_that_has_forgotten_it(client: Redis) -> None:
    scripts, script = Scripts(client), Script("return {KEYS[1], ARGV[1], 3, false}")
    for _ in range(2):
        assert await scripts.run(script, ["k"], ["a"]) == ["k", "a", 3, None]
        await client.script_flush()


async def test_each_of_many_calls_at_once_gets_its_own_reply_or_error(client: Redis) -> None:
    scripts, good, bad = Scripts(client), Script("return ARGV[1]"), Script("return redis.call('GET')")
    calls = [scripts.run(good if n % 3 else bad, [], [n]) for n in range(300)]
    for n, reply in enumerate(await asyncio.gather(*calls, return_exceptions=True)):
        assert reply == str(n) if n % 3 else isinstance(reply, ResponseError)


async def test_a_call_that_follows_a_reply_at_once_is_sent_at_once(client: Redis) -> None:
    scripts, script = Scripts(client), Script("return 1")

    async def twice() -> None:
        await scripts.run(script, [], [])
        await scripts.run(script, [], [])

    async with asyncio.timeout(10):
        for _ in range(200):
            await asyncio.gather(twice(), twice())


async def test_a_call_that_is_given_up_keeps_no_other_from_its_reply(client: Redis) -> None:
    scripts, script = Scripts(client), Script("return ARGV[1]")
    calls = [asyncio.ensure_future(scripts.run(script, [], [n])) for n in range(20)]
    await asyncio.wait(calls, timeout=0)
    for call in calls[::2]:
        call.cancel()
    assert await asyncio.gather(*calls[1::2]) == [str(n) for n in range(1, 20, 2)]


@pytest.mark.parametrize("scheme", ["redis", "redis+sentinel", "redis+cluster"])
async def test_where_nobody_listens_the_reason_is_told(scheme: str, unused_tcp_port: int) -> None:
    nobody = connect(f"{scheme}://:hunter2@127.0.0.1:{unused_tcp_port}{'/main' * ('sentinel' in scheme)}")
    with pytest.raises(MemoryUnavailable, match=r"Connect call failed|name no master") as told:
        await ping(nobody, within=5)
    assert "hunter2" not in str(told.value)
    await nobody.aclose()


async def test_a_wrong_password_is_told_and_not_repeated(program: Path, tmp_path: Path) -> None:
    with server(program, tmp_path) as one:
        one.ask("CONFIG SET requirepass right")
        client = connect(f"redis://:wrong@{one.address}")
        with pytest.raises(MemoryUnavailable, match="look at the password in REDIS_URL") as told:
            await ping(client, within=5)
        assert "wrong@" not in str(told.value)
        await client.aclose()


async def test_what_is_no_cluster_is_told(program: Path, tmp_path: Path) -> None:
    with server(program, tmp_path) as one:
        client = connect(f"redis+cluster://{one.address}")
        with pytest.raises(MemoryUnavailable, match="Cluster mode is not enabled"):
            await ping(client)
        await client.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "redis://localhost/0?no_such_option=1",
        "redis+sentinel://127.0.0.1:26379",
        "redis+sentinel://127.0.0.1:port/main",
        "redis+sentinel://127.0.0.1/main/zero",
        "redis+sentinel://127.0.0.1/main?no_such_option=1",
        "redis+cluster://127.0.0.1,",
        "redis+cluster://127.0.0.1?no_such_option=1",
        "redis+nothing://127.0.0.1",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(MemoryUnavailable, match="REDIS_URL"):
        connect(url)
