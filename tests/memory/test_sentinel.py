"""A master that dies under a sentinel: the same client goes on with its replica."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory.base import MemoryUnavailable
from memory.client import connect, ping
from memory.history import RedisHistory
from memory.program import find_program
from memory.relay import RedisRelay
from tests.fakes.redis_servers import SERVICE, Server, watched
from tests.memory.processes import CONVERSATION, TURN


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server, Server]]:
    program = shutil.which("redis-server") or find_program()
    with watched(Path(program), tmp_path) as servers:
        yield servers


@pytest.fixture
async def client(servers: tuple[Server, Server, Server], unused_tcp_port: int) -> AsyncIterator[Redis]:
    """It knows two sentinels, the first of which is dead."""
    sentinel = servers[2].address
    client = connect(f"redis+sentinel://127.0.0.1:{unused_tcp_port},{sentinel}/{SERVICE}/3")
    yield client
    await client.aclose()


async def writes_again(client: Redis) -> None:
    """Return once it does; each try is bounded by itself."""
    async with asyncio.timeout(15):
        while True:
            with suppress(MemoryUnavailable):
                return await ping(client)


async def test_writes_go_on_when_the_master_dies(
    servers: tuple[Server, Server, Server], client: Redis
) -> None:
    history, relay = RedisHistory(client), RedisRelay(client, "puyu:test")
    await history.append(CONVERSATION, TURN)
    await client.wait(1, 1000)  # the replica has it
    async with aclosing(relay.lines()) as lines:
        heard = asyncio.ensure_future(anext(lines))
        servers[0].kill()
        await writes_again(client)
        assert (await history.load(CONVERSATION)).turns == (TURN,)
        async with asyncio.timeout(10):
            while not heard.done():
                await relay.publish("again")
                await asyncio.wait([heard], timeout=0.05)


async def test_a_planned_failover_is_followed_while_the_old_master_still_takes_writes(
    servers: tuple[Server, Server, Server], client: Redis
) -> None:
    await ping(client)
    _, replica, sentinel = servers
    relay = RedisRelay(client, "puyu:test")
    async with aclosing(relay.lines()) as lines:
        heard = asyncio.ensure_future(anext(lines))
        while "1" not in servers[0].ask("PUBSUB NUMSUB puyu:test").splitlines()[-1]:
            await ping(client)
        fail_over(sentinel, replica)
        async with asyncio.timeout(5):
            while "here" not in replica.ask("SELECT 3\r\nGET mark"):
                await client.set("mark", "here")
            while not heard.done():
                await relay.publish("again")
                await asyncio.wait([heard], timeout=0.05)


async def test_a_lost_connection_comes_back_at_the_new_master(
    servers: tuple[Server, Server, Server], client: Redis
) -> None:
    master, replica, sentinel = servers
    connection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]  # its gap
    assert connection.port == master.port
    fail_over(sentinel, replica)
    await connection.disconnect()
    await connection.send_command("PING")
    assert connection.port == replica.port
    await client.connection_pool.release(connection)


def fail_over(sentinel: Server, replica: Server) -> None:
    """Make the replica the master; the old one does not know for some seconds."""
    sentinel.says("+OK", f"SENTINEL FAILOVER {SERVICE}")
    sentinel.says(f"{replica.port}", "SENTINEL MASTERS")


async def test_a_service_that_the_sentinels_do_not_know_is_told(
    servers: tuple[Server, Server, Server],
) -> None:
    client = connect(f"redis+sentinel://{servers[2].address}/other")
    with pytest.raises(MemoryUnavailable, match="No master found for 'other'"):
        await ping(client, within=0.5)
    await client.aclose()
