"""What one process tells the others."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory.base import MemoryUnavailable
from memory.client import connect
from memory.embedded import embedded
from memory.relay import RedisRelay, messages
from tests.memory.processes import server_of

CHANNEL = "puyu:test"


async def listeners(client: Redis, number: int) -> None:
    """Return once so many listen."""
    async with asyncio.timeout(10):
        while (await client.pubsub_numsub(CHANNEL))[0][1] < number:
            pass


async def publish_until(relay: RedisRelay, heard: "asyncio.Future[str]") -> str:
    """Publish until a line is heard, and return that."""
    async with asyncio.timeout(10):
        while not heard.done():
            await relay.publish("again")
            await asyncio.wait([heard], timeout=0.05)
    return heard.result()


@pytest.fixture
async def restarting(tmp_path: Path) -> AsyncIterator[Redis]:
    """A client of a server that the test may kill: it comes back by itself."""
    async with embedded(tmp_path) as url:
        client = connect(url)
        yield client
        await client.aclose()


async def test_all_who_listen_hear_every_line_in_order(client: Redis) -> None:
    said = ["问", "", "\ud83d", "3"]

    async def hear() -> list[str]:
        async with aclosing(RedisRelay(client, CHANNEL).lines()) as lines:
            return [await anext(lines) for _ in said]

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        both = [group.create_task(hear()) for _ in range(2)]
        await listeners(client, 2)
        for line in said:
            await RedisRelay(client, CHANNEL).publish(line)
    assert [task.result() for task in both] == [["问", "", "\\ud83d", "3"]] * 2


async def test_who_listens_hears_again_after_the_server_was_killed(restarting: Redis) -> None:
    relay = RedisRelay(restarting, CHANNEL)
    async with aclosing(relay.lines()) as lines:
        first = asyncio.ensure_future(anext(lines))
        assert await publish_until(relay, first) == "again"
        os.kill(await server_of(restarting), signal.SIGKILL)
        assert await publish_until(relay, asyncio.ensure_future(anext(lines))) == "again"


async def test_a_connection_that_was_lost_is_told(restarting: Redis) -> None:
    async with aclosing(messages(restarting, CHANNEL)) as heard:
        lost = asyncio.ensure_future(anext(heard))
        await listeners(restarting, 1)
        os.kill(await server_of(restarting), signal.SIGKILL)
        with pytest.raises(MemoryUnavailable):
            await lost


async def test_a_server_that_hangs_is_told_and_one_that_is_silent_is_not(restarting: Redis) -> None:
    async with aclosing(messages(restarting, CHANNEL, quiet=0.1)) as heard:
        word = asyncio.ensure_future(anext(heard))
        await listeners(restarting, 1)
        assert not (await asyncio.wait([word], timeout=0.5))[0]
        server = await server_of(restarting)
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(MemoryUnavailable, match="said nothing"):
                await word
        finally:
            os.kill(server, signal.SIGCONT)


async def test_an_outage_costs_a_second_no_processor_time_and_one_line_in_the_log(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = connect(f"redis://127.0.0.1:{unused_tcp_port}")
    relay, began, spent = RedisRelay(nobody, CHANNEL), time.monotonic(), time.process_time()
    for _ in range(100):
        await relay.publish("lost")
    assert time.monotonic() - began < 3
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), aclosing(relay.lines()) as lines:
            await anext(lines)
    assert time.process_time() - spent < 0.5
    await relay.publish("lost")
    assert len(caplog.records) == 1
    await nobody.aclose()
