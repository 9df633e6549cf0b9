"""A server that answers and takes nothing in: full, without disk or replicas, or a replica itself."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory.base import MemoryUnavailable
from memory.client import connect, ping
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.mail import Letter
from tests.fakes.redis_servers import Server, server
from tests.memory.processes import CONVERSATION, TURN


@pytest.fixture
def own(program: Path, tmp_path: Path) -> Iterator[Server]:
    with server(program, tmp_path) as one:
        yield one


@pytest.fixture
async def client(own: Server) -> AsyncIterator[Redis]:
    client = connect(f"redis://{own.address}")
    yield client
    await client.aclose()


async def test_a_full_server_refuses_to_write_still_reads_and_goes_on_when_it_has_room(
    own: Server, client: Redis
) -> None:
    history, inbox = RedisHistory(client), RedisInbox(client)
    letter = Letter("m1", CONVERSATION, "{}", 1.0)
    await history.append(CONVERSATION, TURN)
    own.ask("CONFIG SET maxmemory 4mb")
    with pytest.raises(MemoryUnavailable, match="full and takes nothing in"):
        await asyncio.gather(
            *(history.append(f"web:{n}", replace(TURN, answer="答" * 10_000)) for n in range(200))
        )
    own.ask("CONFIG SET maxmemory 1mb")  # what is small may find room just at the limit
    for write in (inbox.accept(letter), ping(client)):
        with pytest.raises(MemoryUnavailable, match="full and takes nothing in; raise its maxmemory"):
            await write
    assert (await history.load(CONVERSATION)).turns == (TURN,)
    own.ask("CONFIG SET maxmemory 0")
    await ping(client)
    assert await inbox.accept(letter) == "accepted"


@pytest.mark.parametrize(
    ("command", "undo", "sentence"),
    [
        (
            "CONFIG SET min-replicas-to-write 1",
            "CONFIG SET min-replicas-to-write 0",
            "too few of its replicas",
        ),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "it is a replica; set REDIS_URL"),
    ],
)
async def test_a_server_that_takes_nothing_in_says_why(
    own: Server, client: Redis, command: str, undo: str, sentence: str
) -> None:
    own.ask(command)
    with pytest.raises(MemoryUnavailable, match=sentence):
        await ping(client)
    own.ask(undo)
    await ping(client)


async def test_a_server_that_cannot_write_to_its_disk_says_so(
    own: Server, client: Redis, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / str(own.port))
    own.ask('CONFIG SET save "3600 1"')
    own.ask("BGSAVE")
    own.says("rdb_last_bgsave_status:err", "INFO persistence")
    with pytest.raises(MemoryUnavailable, match="cannot write to its disk; make room"):
        await ping(client)
    with pytest.raises(MemoryUnavailable, match="cannot write to its disk; make room"):
        await RedisHistory(client).append(CONVERSATION, TURN)


async def test_a_short_time_as_a_replica_is_bridged(own: Server, client: Redis) -> None:
    own.ask("REPLICAOF 127.0.0.1 1")
    writing = asyncio.create_task(RedisHistory(client).append(CONVERSATION, TURN))
    assert not (await asyncio.wait([writing], timeout=0.5))[0]
    own.ask("REPLICAOF NO ONE")
    await writing
