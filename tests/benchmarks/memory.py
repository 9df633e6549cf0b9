"""What memory costs: python -m tests.benchmarks.memory [--program PATH]."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from redis.asyncio import Redis

from memory.base import Source, Turn
from memory.client import connect
from memory.embedded import EmbeddedServer, embedded
from memory.history import RedisHistory

SAMPLES = 1000
CONVERSATIONS = 500
WINDOW = 20
QUESTION = "怎么在开发机上安装 lmdeploy，需要什么版本的 CUDA？"
ANSWER = "先建一个 conda 环境，再用 pip 安装，版本写在第二课的环境一节里。" * 6
SOURCES = (Source("第二课：部署", "环境配置", "/docs/L2/deploy.md#环境配置", "3f2a9c1"),) * 2

Row = tuple[str, str, str]


def main(argv: Sequence[str]) -> int:
    """Measure on a fresh embedded server and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("--program", type=Path, help="a server's binary (the packaged one)")
    parser.add_argument("--data-dir", type=Path, help="a folder on the disk to measure (the temporary one)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=options.data_dir) as folder:
        rows = asyncio.run(_measure(Path(folder), options.program))
    for row in [("", "median", "p99"), *rows]:
        sys.stdout.write("{:<44}{:>12}{:>12}\n".format(*row))
    return 0


async def _measure(folder: Path, program: Path | None) -> list[Row]:
    rows = [await _starts(folder / "starts", program)]
    async with embedded(folder, program) as url:
        client = connect(url)
        rows += await _turns(client)
        rows.append(await _space(client))
        await client.aclose()
    return rows


async def _starts(folder: Path, program: Path | None) -> Row:
    times = []
    for number in range(10):
        server = EmbeddedServer(folder / str(number), program)
        times.append(await _timed(server.start))
        await server.stop()
    return _row("server start", times)


async def _turns(client: Redis) -> list[Row]:
    rows = []
    for held, conversations in ((10, SAMPLES), (10_000, 1)):
        names = [f"bench:{held}:{number}" for number in range(conversations)]
        appends, loads = await _samples(RedisHistory(client, WINDOW), held, names)
        both = [append + load for append, load in zip(appends, loads, strict=True)]
        for what, times in (("append", appends), ("load", loads), ("append + load", both)):
            rows.append(_row(f"{what}, after {held:,} turns", times))
    return rows


async def _samples(
    history: RedisHistory, held: int, conversations: list[str]
) -> tuple[list[float], list[float]]:
    """Seconds of appending and of loading, spread over conversations that hold so many turns already."""
    for number in range(held):
        await asyncio.gather(*(history.append(name, _turn(number)) for name in conversations))
    appends, loads = [], []
    for number in range(SAMPLES):
        name = conversations[number % len(conversations)]
        appends.append(await _timed(partial(history.append, name, _turn(held + number))))
        loads.append(await _timed(partial(history.load, name)))
    return appends, loads


async def _space(client: Redis) -> Row:
    history = RedisHistory(client, WINDOW)
    before = int((await client.info("memory"))["used_memory"])
    for number in range(WINDOW):
        turn = _turn(number)
        await asyncio.gather(*(history.append(f"space:{index}", turn) for index in range(CONVERSATIONS)))
    each = (int((await client.info("memory"))["used_memory"]) - before) / CONVERSATIONS
    size = len((QUESTION + ANSWER).encode())
    return f"conversations per GB, {WINDOW} turns of {size} bytes", f"{2**30 / each:,.0f}", ""


def _turn(number: int) -> Turn:
    return Turn(f"om_{number:024}", QUESTION, ANSWER, 1_790_000_000.0 + number, SOURCES)


async def _timed(action: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await action()
    return time.perf_counter() - began


def _row(what: str, seconds: list[float]) -> Row:
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98]
    return what, f"{statistics.median(seconds) * 1e3:.2f} ms", f"{p99 * 1e3:.2f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
