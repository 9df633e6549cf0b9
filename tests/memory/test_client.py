"""What a user of memory meets when Redis does not do as it should."""

import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory.base import MemoryUnavailable
from memory.client import connect, ping
from memory.embedded import embedded
from memory.history import RedisHistory
from tests.memory.processes import CONVERSATION, TURN, server_of


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Redis]:
    """Of a server that the test may ill-treat."""
    async with embedded(tmp_path) as url:
        client = connect(url)
        yield client
        await client.aclose()


async def test_a_hung_server_is_unavailable_soon_and_goes_on_later(client: Redis) -> None:
    history, server = RedisHistory(client), await server_of(client)
    await history.append(CONVERSATION, TURN)
    os.kill(server, signal.SIGSTOP)
    try:
        for _ in ("on an open connection", "on a new one"):
            began = time.monotonic()
            with pytest.raises(MemoryUnavailable, match="does not answer"):
                await history.load(CONVERSATION)
            assert time.monotonic() - began < 15
    finally:
        os.kill(server, signal.SIGCONT)
    assert await history.load(CONVERSATION) == [TURN]


async def test_a_full_memory_refuses_to_write_and_still_reads(client: Redis) -> None:
    history = RedisHistory(client)
    await history.append(CONVERSATION, TURN)
    await client.config_set("maxmemory", 1)
    with pytest.raises(MemoryUnavailable, match="refuses"):
        await history.append(CONVERSATION, TURN)
    assert await history.load(CONVERSATION) == [TURN]


async def test_health_is_told_at_once(client: Redis) -> None:
    await ping(client)
    server = await server_of(client)
    os.kill(server, signal.SIGSTOP)
    try:
        with pytest.raises(MemoryUnavailable):
            await ping(client, within=0.1)
    finally:
        os.kill(server, signal.SIGCONT)


async def test_where_nobody_listens_the_reason_is_told(unused_tcp_port: int) -> None:
    nobody = connect(f"redis://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(MemoryUnavailable, match="Connect call failed"):
        await RedisHistory(nobody).load(CONVERSATION)
    await nobody.aclose()


@pytest.mark.parametrize("url", ["localhost:6379", "redis://localhost/0?no_such_option=1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(MemoryUnavailable, match="REDIS_URL"):
        connect(url)
