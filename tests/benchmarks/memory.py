"""What memory costs: python -m tests.benchmarks.memory [--program PATH]."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from redis.asyncio import Redis

from memory.base import Fact, Source, Turn
from memory.client import connect
from memory.embedded import EmbeddedServer, embedded
from memory.history import RedisHistory
from memory.people import RedisPeople

SAMPLES = 1000
CONVERSATIONS = 500
FORGETTINGS = 5
PERSON = "feishu:ou_7d8a6e6df7621556ce0d21922b676706ccs"
FACTS = ("我用的是 Windows", "我的显卡是 4060，8 GB", "我在第三课", "我叫小李")
TRACE = '{"standalone":"","outcome":"answered","notice":"","ms":{"retrieve":12.3},"tokens":[]}'
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
        sys.stdout.write("{:<46}{:>12}{:>16}\n".format(*row))
    return 0


async def _measure(folder: Path, program: Path | None) -> list[Row]:
    rows = [await _starts(folder / "starts", program)]
    async with embedded(folder, program) as url:
        client = connect(url)
        rows += await _space(client)
        rows.append(await _forgetting(client))
        rows += await _turns(client)
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
    history = RedisHistory(client)
    spread, long = [f"bench:short:{number}" for number in range(SAMPLES)], "bench:long"
    for number in range(10):
        await asyncio.gather(*(_append(history, name, number) for name in spread))
    for number in range(0, 10_000, 100):
        await asyncio.gather(*(_append(history, long, number + at) for at in range(100)))
    # In turns, so that both meet the same machine.
    seconds: dict[str, list[float]] = {}
    for number, name in enumerate(spread):
        for held, conversation in (("10", name), ("10,000", long)):
            append = partial(_append, history, conversation, 10_000 + number)
            both = [await _timed(partial(history.load, conversation, PERSON)), await _timed(append)]
            for what, took in zip(("load", "append with a fact", "a turn"), (*both, sum(both)), strict=True):
                seconds.setdefault(f"{what}, after {held} turns", []).append(took)
    rows = [_row(what, times) for what, times in seconds.items()]
    return [*rows, ("a turn at 10,000 turns against one at 10", _ratio(seconds), "")]


def _ratio(seconds: Mapping[str, list[float]]) -> str:
    short, long = (statistics.median(seconds[f"a turn, after {held} turns"]) for held in ("10", "10,000"))
    return f"{long / short:.2f}"


async def _space(client: Redis) -> list[Row]:
    history, rows = RedisHistory(client), []
    for turns in (10, 20, 100):
        before = await _memory(client)
        for number in range(turns):
            names = (f"space:{turns}:{index}" for index in range(CONVERSATIONS))
            await asyncio.gather(*(_append(history, name, number) for name in names))
        each = (await _memory(client) - before) / CONVERSATIONS
        what = f"bytes of a conversation of {turns} turns"
        rows.append((what, f"{each:,.0f}", f"{2**30 / each:,.0f} a GB"))
    return rows


async def _memory(client: Redis) -> int:
    return int((await client.info("memory"))["used_memory"])


async def _forgetting(client: Redis) -> Row:
    """A person with 200 facts in 50 conversations of 40 turns."""
    history, people, times = RedisHistory(client), RedisPeople(client), []
    names = [f"forget:{number}" for number in range(50)]
    for _ in range(FORGETTINGS):
        for number in range(40):
            await asyncio.gather(*(_append(history, name, number, "forgotten") for name in names))
        times.append(await _timed(partial(people.forget, "forgotten")))
        while (await client.info("persistence"))["aof_rewrite_in_progress"]:
            await client.ping()
    return _row("forget 50 conversations x 40 turns, 200 facts", times)


async def _append(history: RedisHistory, name: str, number: int, person: str = PERSON) -> None:
    fact = Fact(FACTS[number % len(FACTS)], 1_790_000_000.0 + number, f"om_{number:024}", person)
    await history.append(name, _turn(number, person), [fact])


def _turn(number: int, person: str) -> Turn:
    at = 1_790_000_000.0 + number
    return Turn(f"om_{number:024}", QUESTION, ANSWER, at, SOURCES, person, TRACE)


async def _timed(action: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await action()
    return time.perf_counter() - began


def _row(what: str, seconds: list[float]) -> Row:
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98]
    return what, f"{statistics.median(seconds) * 1e3:.2f} ms", f"{p99 * 1e3:.2f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
