"""Servers and their owners as processes of the system, to be killed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.asyncio import Redis

from memory.base import Turn
from memory.client import connect
from memory.embedded import embedded
from memory.history import RedisHistory

CONVERSATION = "feishu:oc_1"
TURN = Turn("m1", "问", "答", 1.0)


async def server_of(client: Redis) -> int:
    """The process id of the server."""
    return int((await client.info("server"))["process_id"])


async def ended(pid: int) -> None:
    """Return when this process is no more."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop.add_reader(process, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), 10)
    finally:
        loop.remove_reader(process)
        os.close(process)


@contextmanager
def owner(data_dir: Path, program: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that keeps a server and has remembered TURN; with the server's process id."""
    command = [sys.executable, "-m", "tests.memory.processes", str(data_dir), str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


async def _own(data_dir: Path, program: Path) -> None:
    async with embedded(data_dir, program) as url:
        client = connect(url)
        await RedisHistory(client).append(CONVERSATION, TURN)
        sys.stdout.write(f"{await server_of(client)}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_own(Path(sys.argv[1]), Path(sys.argv[2])))
