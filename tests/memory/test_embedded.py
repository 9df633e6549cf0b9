"""The private server: whoever is killed, what was remembered stays, and nothing is left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis.asyncio import Redis

from memory.base import ServerFailed, Turn
from memory.client import connect
from memory.embedded import EmbeddedServer, embedded
from memory.history import RedisHistory
from tests.memory.processes import CONVERSATION, TURN, ended, owner, server_of

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a process's end")
LATER = replace(TURN, message_id="m2")


@asynccontextmanager
async def opened(data_dir: Path, program: Path | None = None) -> AsyncIterator[Redis]:
    async with embedded(data_dir, program) as url:
        client = connect(url)
        yield client
        await client.aclose()


async def remembered(data_dir: Path, program: Path | None = None) -> list[Turn]:
    async with opened(data_dir, program) as client:
        return list((await RedisHistory(client).load(CONVERSATION)).turns)


async def remember(data_dir: Path, *turns: Turn, program: Path | None = None) -> None:
    async with opened(data_dir, program) as client:
        for turn in turns:
            await RedisHistory(client, window=len(turns)).append(CONVERSATION, turn)


def appended(data_dir: Path) -> Path:
    """The file that the server appends to."""
    [file] = (data_dir / "redis" / "appendonlydir").glob("*.incr.aof")
    return file


async def test_a_turn_outlives_the_process(tmp_path: Path, program: Path) -> None:
    await remember(tmp_path, TURN, program=program)
    assert await remembered(tmp_path, program) == [TURN]


async def test_a_turn_outlives_a_killed_server(tmp_path: Path, program: Path) -> None:
    async with opened(tmp_path, program) as client:
        history = RedisHistory(client)
        for turn in (TURN, LATER):
            await history.append(CONVERSATION, turn)
            os.kill(await server_of(client), signal.SIGKILL)
        assert (await history.load(CONVERSATION)).turns == (TURN, LATER)


@on_linux
async def test_a_killed_owner_leaves_its_turns_and_no_orphan(tmp_path: Path, program: Path) -> None:
    with owner(tmp_path, program) as (process, server):
        process.kill()
        await ended(server)
    assert await remembered(tmp_path, program) == [TURN]


@on_linux
async def test_when_the_owner_is_killed_another_process_takes_over(tmp_path: Path, program: Path) -> None:
    with owner(tmp_path, program) as (process, server):
        async with opened(tmp_path, program) as client:
            assert await server_of(client) == server
            process.kill()
            await ended(server)
            await RedisHistory(client).append(CONVERSATION, LATER)
            assert (await RedisHistory(client).load(CONVERSATION)).turns == (TURN, LATER)


async def test_when_the_owner_stops_another_process_takes_over(tmp_path: Path) -> None:
    first = EmbeddedServer(tmp_path)
    await first.start()
    async with opened(tmp_path) as client:
        server = await server_of(client)
        await first.stop()
        assert await server_of(client) != server


async def test_who_only_joined_stops_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        server = await server_of(client)
        await remembered(tmp_path)
        assert await server_of(client) == server


async def test_those_who_start_together_share_one_server(tmp_path: Path) -> None:
    servers = [EmbeddedServer(tmp_path) for _ in range(5)]
    urls = await asyncio.gather(*(server.start() for server in servers))
    clients = [connect(url) for url in urls]
    assert len({await server_of(client) for client in clients}) == 1
    for open_one in clients:
        await open_one.aclose()
    for server in servers:
        await server.stop()


@on_linux
async def test_the_server_ends_with_the_context(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        server = await server_of(client)
    await ended(server)


async def test_the_terminals_interrupt_does_not_reach_the_server(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        assert os.getpgid(await server_of(client)) != os.getpgid(0)


@pytest.mark.parametrize("folder", ["x" * 150, "有 空格?#%41"])
async def test_any_path_will_do(tmp_path: Path, folder: str) -> None:
    data_dir = tmp_path / folder
    async with embedded(data_dir) as url, embedded(data_dir) as again:
        assert url == again
        assert appended(data_dir).stat().st_mode & 0o077 == 0
        run = Path(unquote(url.removeprefix("unix://"))).parent
        assert run.stat().st_mode & 0o077 == 0
    await remember(data_dir, TURN)
    assert await remembered(data_dir) == [TURN]
    if run != data_dir / "redis":
        run.rmdir()


async def test_damage_is_cut_out_and_told(
    tmp_path: Path, program: Path, caplog: pytest.LogCaptureFixture
) -> None:
    turns = [replace(TURN, message_id=str(number)) for number in range(9)]
    await remember(tmp_path, *turns, program=program)
    content = appended(tmp_path).read_bytes()
    half = len(content) // 2
    appended(tmp_path).write_bytes(content[:half] + bytes(99) + content[half + 99 :])
    kept = await remembered(tmp_path, program)
    assert kept == turns[: len(kept)]
    assert 3 <= len(kept) <= 5
    [copy] = (tmp_path / "redis").glob("damaged-*")
    assert f"{len(content) - appended(tmp_path).stat().st_size} bytes were cut" in caplog.text
    assert str(copy) in caplog.text


async def test_half_a_write_is_dropped_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await remember(tmp_path, TURN, LATER)
    os.truncate(appended(tmp_path), appended(tmp_path).stat().st_size - 9)
    assert await remembered(tmp_path) == [TURN]
    assert "half a write" in caplog.text


async def test_damage_beyond_repair_is_one_sentence(tmp_path: Path, program: Path) -> None:
    await remember(tmp_path, TURN, program=program)
    [base] = (tmp_path / "redis" / "appendonlydir").glob("*.base.*")
    base.write_bytes(b"no such thing" + base.read_bytes())
    with pytest.raises(ServerFailed, match="beyond repair"):
        await EmbeddedServer(tmp_path, program).start()
    assert not list((tmp_path / "redis").glob("damaged-*"))


@pytest.mark.parametrize("writer", ["valkey 99.0", "valkey 9.99", "redis 7.4", "redis 8.0"])
async def test_what_a_later_server_wrote_is_refused(tmp_path: Path, writer: str) -> None:
    await remember(tmp_path, TURN)
    (tmp_path / "redis" / "server-version").write_text(writer)
    with pytest.raises(ServerFailed, match=f"written by {writer}"):
        await EmbeddedServer(tmp_path).start()


@pytest.mark.parametrize("writer", ["redis 6.2", "redis 7.2", "valkey 8.1"])
async def test_what_an_earlier_server_wrote_is_read(tmp_path: Path, writer: str) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "server-version").write_text(writer)
    assert await remembered(tmp_path) == []
    assert (tmp_path / "redis" / "server-version").read_text().startswith("valkey")


async def test_redis_does_not_open_what_valkey_wrote(tmp_path: Path, program: Path) -> None:
    if "valkey" in program.name:
        pytest.skip("for redis-server")
    await remember(tmp_path, TURN)
    with pytest.raises(ServerFailed, match="written by valkey"):
        await EmbeddedServer(tmp_path, program).start()


async def test_valkey_opens_what_redis_wrote(tmp_path: Path, program: Path) -> None:
    await remember(tmp_path, TURN, program=program)
    assert await remembered(tmp_path) == [TURN]


async def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(ServerFailed, match=r"^Memory cannot be kept in .*; see DATA_DIR\.$"):
        await EmbeddedServer(tmp_path / "data").start()


async def test_what_is_no_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="neither Valkey nor Redis"):
        await EmbeddedServer(tmp_path, Path("/bin/true")).start()
