"""What Feishu costs, and how soon its events are safe: python -m tests.benchmarks.feishu.

The real process, and the real adapter, inbox and worker, over real HTTP and sockets to the fake server, which
has a process of its own.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from adapters.feishu import FeishuAdapter
from adapters.feishu_client import FeishuClient
from adapters.feishu_inlet import Desk
from adapters.feishu_link import Door
from adapters.feishu_shown import Recent
from adapters.feishu_socket import Socket
from adapters.feishu_toasts import Toasts
from bot.assistant import Answers
from bot.gate import Gate
from bot.intake import Intake
from bot.replies import withheld
from bot.worker import Worker
from memory.client import connect
from memory.embedded import embedded
from memory.quota import RedisQuota
from rag.chain import AnswerChain
from rag.llm import LanguageModel
from tests.benchmarks.answering import Instantly, served
from tests.benchmarks.feishu_crowd import Report
from tests.benchmarks.house import resident, row
from tests.benchmarks.telegram import TOKEN_MS, Dictated
from tests.e2e.command_line import CommandLine
from tests.fakes import staffed
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.replica import MANY, Echo, course, inbox

LOOK_EACH = 0.01
STARTS = 3
CHATS, RATE, SECONDS = 100, 50, 10
USERS, STREAMED = 20, 160


def main() -> int:
    """Print each figure beside its goals."""
    print(f"(load of the machine {os.getloadavg()[0]:.1f})")
    _serve()
    asyncio.run(_measure())
    return 0


def _serve() -> None:
    """How soon `puyu serve` hears Feishu, and what it holds while it waits."""
    with tempfile.TemporaryDirectory() as folder, FeishuServer() as server:
        puyu = CommandLine(Path(folder))
        assert puyu("index").status == 0
        app = {"FEISHU_APP_ID": server.app_id, "FEISHU_APP_SECRET": server.app_secret}
        # Taken in turns, so that a busy machine is busy for both.
        runs = [(_started(puyu, FEISHU_DOMAIN=server.url, **app), _started(puyu)) for _ in range(STARTS)]
    seconds, sizes = zip(*(run for run, _ in runs), strict=True)
    row("puyu serve with Feishu until ready", statistics.median(seconds), "s", None, None)
    row("  without", statistics.median(without for _, (without, _) in runs), "s", None, None)
    row("idle bot with Feishu, memory", max(sizes) / 1e6, "MB", 500, 300)
    row("  without", max(size for _, (_, size) in runs) / 1e6, "MB", None, None)


def _started(puyu: CommandLine, **settings: str) -> tuple[float, int]:
    """Seconds until it is ready, and its bytes a while later."""
    began = time.perf_counter()
    with puyu.opening(**settings) as (process, _):
        while httpx.get(f"{puyu.url}/readyz").status_code != 200:
            time.sleep(LOOK_EACH)
        seconds = time.perf_counter() - began
        time.sleep(2)
        return seconds, int(resident(process.pid))


async def _measure() -> None:
    load = ("--chats", str(CHATS), "--messages", str(RATE * SECONDS), "--rate", str(RATE))
    steady, _ = await _asked(Echo(), *load)
    row(f"at {RATE}/s for {SECONDS} s, taken in", len(steady.taken) / steady.asked, "", 1, None)
    row("  event to acknowledgement, median", statistics.median(steady.taken) * 1e3, "ms", None, None)
    row("  event to acknowledgement, p99", _p99(steady.taken) * 1e3, "ms", 100, None)
    row("  answered", steady.answered / steady.asked, "", 1, None)
    row("  shown more than once", steady.shown - steady.asked, "", None, None)
    row("  refused as too many", steady.calls.get("refused", 0), "", None, None)
    row(f"CPU of an answer of 60 tokens, {USERS} users", await _in_all() * 1e3, "ms", 10, 5)
    row("  without the model and the chain", await _cpu(Dictated()) * 1e3, "ms", None, None)


async def _in_all() -> float:
    """Seconds of the processor for an answer, the model's words and what is remembered included."""
    with served(TOKEN_MS) as url:
        model = LanguageModel([url])
        chain = AnswerChain(Instantly(), model, "Camp")
        await chain.warm()
        seconds = await _cpu(chain)
        await model.close()
    return seconds


async def _cpu(answers: Answers) -> float:
    """Seconds of the processor for an answer, with so many users who ask again when they are answered."""
    users = ("--chats", str(USERS))
    await _asked(answers, *users, "--messages", str(USERS))
    report, seconds = await _asked(answers, *users, "--messages", str(STREAMED))
    return seconds / report.answered


async def _asked(answers: Answers, *options: str) -> tuple[Report, float]:
    """What a crowd saw, and the seconds of the processor that it cost here."""
    command = [sys.executable, "-m", "tests.benchmarks.feishu_crowd", *options]
    crowd = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=2**24)
    assert crowd.stdin
    assert crowd.stdout
    app: list[str] = json.loads(await crowd.stdout.readline())
    async with _bot(answers, *app):
        began = time.process_time()
        crowd.stdin.write(b"\n")
        report = Report(**json.loads(await crowd.stdout.readline()))
        seconds = time.process_time() - began
    crowd.stdin.write(b"\n")
    await crowd.wait()
    return report, seconds


@asynccontextmanager
async def _bot(answers: Answers, app_id: str, app_secret: str, domain: str) -> AsyncIterator[None]:
    """A bot at work."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder)) as redis_url:
            client = connect(redis_url)
            desk = Desk(FeishuClient(app_id, app_secret, domain), Recent(), Toasts())
            adapter = FeishuAdapter(desk, Socket(Door(app_id, app_secret, domain), desk), withheld)
            gate, quota = Gate(MANY), RedisQuota(client)
            assistant = staffed.assistant(client, answers, course(), gate=gate, quota=quota)
            letters, platforms = inbox(client), {adapter.platform: adapter}
            worker = Worker(letters, assistant, platforms, course().limits, besides=staffed.besides(client))
            intake = Intake(letters, assistant, platforms)
            work = [asyncio.create_task(one) for one in (adapter.run(intake.accept), worker.run())]
            while not adapter.connected:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(LOOK_EACH)
            yield
            await worker.drain(5.0)
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await client.aclose()


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]


if __name__ == "__main__":
    sys.exit(main())
