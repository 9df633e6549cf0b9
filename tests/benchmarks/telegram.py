"""What Telegram costs, and whether its limits are kept: python -m tests.benchmarks.telegram.

The real adapter, inbox and worker, over real HTTP to the fake server, which has a process of its own.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from adapters.telegram import TelegramAdapter
from adapters.telegram_api import TelegramApi
from adapters.telegram_intake import Polling
from adapters.telegram_pace import Pace
from bot.assistant import Answers, Assistant
from bot.gate import Gate
from bot.intake import Intake
from bot.replies import lost
from bot.worker import Worker
from memory.client import connect
from memory.embedded import embedded
from memory.quota import RedisQuota
from rag.chain import AnswerChain
from rag.llm import LanguageModel
from rag.types import NO_PAST, Answer, Past
from tests.benchmarks.answering import WORDS, Instantly, served
from tests.benchmarks.house import row
from tests.benchmarks.telegram_crowd import Report
from tests.fakes import staffed
from tests.fakes.replica import MANY, Echo, course, inbox
from tests.fakes.telegram_bot import Alone, quick

SATURATING = 1500
LOOK_EACH = 0.01
RATES, SECONDS = (100, 250), 10
CHATS = 100
TOKEN_MS = 20
USERS, STREAMED = 20, 160
GROWTH = 2.0  # seconds of an answer in a crowd
CROWD = ("--chats", "50", "--groups", "5", "--askers", "10", "--limits")


def main() -> int:
    """Print each figure beside its goals."""
    print(f"(load of the machine {os.getloadavg()[0]:.1f})")
    asyncio.run(_measure())
    return 0


async def _measure() -> None:
    chats = ("--chats", str(CHATS))
    burst, _ = await _asked(Echo(), quick(), *chats, "--messages", str(SATURATING))
    row("answers a second, instant, saturated", burst.answered / burst.seconds, "/s", 100, 250)
    for rate in RATES:
        load = ("--messages", str(rate * SECONDS), "--rate", str(rate))
        steady, _ = await _asked(Echo(), quick(), *chats, *load)
        row(f"at {rate}/s for {SECONDS} s, answered", steady.answered / steady.asked, "", 1, None)
        row("  question to answer, median", statistics.median(steady.waits) * 1e3, "ms", None, None)
        row("  question to answer, p99", _p99(steady.waits) * 1e3, "ms", 2000, None)
    row(f"CPU of an answer of 60 tokens, {USERS} users", await _in_all() * 1e3, "ms", 10, 5)
    row("  without the model and the chain", await _cpu(Dictated()) * 1e3, "ms", None, None)
    row("  a bare loop that wakes so often", await _waking() * 1e3, "ms", None, None)
    crowd, _ = await _asked(Echo(GROWTH), Pace(), *CROWD)
    _tell(crowd)


class Dictated:
    """Answers that grow token by token at a model's pace, out of this process."""

    async def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]:
        """The words of the passage that the model would have been given."""
        words = WORDS.text.split(" ")
        for count in range(1, len(words)):
            yield Answer(" ".join(words[:count]), (), "answered", question)
            await asyncio.sleep(TOKEN_MS / 1e3)
        yield Answer(WORDS.text, (), "answered", question, final=True)


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
    await _asked(answers, quick(), *users)
    report, seconds = await _asked(answers, quick(), *users, "--messages", str(STREAMED))
    return seconds / report.answered


async def _waking() -> float:
    """What it costs here to do nothing token by token."""

    async def stream() -> None:
        async for _ in Dictated().stream(""):
            pass

    began = time.process_time()
    async with asyncio.TaskGroup() as users:
        for _ in range(USERS):
            users.create_task(stream())
            await asyncio.sleep(TOKEN_MS / 1e3 / USERS)
    return (time.process_time() - began) / USERS


async def _asked(answers: Answers, pace: Pace, *options: str) -> tuple[Report, float]:
    """What a crowd saw, and the seconds of the processor that it cost here."""
    command = [sys.executable, "-m", "tests.benchmarks.telegram_crowd", *options]
    crowd = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=2**24)
    assert crowd.stdin
    assert crowd.stdout
    url, token = json.loads(await crowd.stdout.readline())
    async with _bot(answers, TelegramApi(token, url, pace)):
        began = time.process_time()
        crowd.stdin.write(b"\n")
        report = Report(**json.loads(await crowd.stdout.readline()))
        seconds = time.process_time() - began
    crowd.stdin.write(b"\n")
    await crowd.wait()
    return report, seconds


@asynccontextmanager
async def _bot(answers: Answers, api: TelegramApi) -> AsyncIterator[None]:
    """A bot at work."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder)) as redis_url:
            client = connect(redis_url)
            adapter = TelegramAdapter(api, Polling(api, Alone()), lost)
            assistant, letters = _assistant(answers, client), inbox(client)
            worker = Worker(
                letters,
                assistant,
                {adapter.platform: adapter},
                course().limits,
                besides=staffed.besides(client),
            )
            intake = Intake(letters, assistant, {adapter.platform: adapter})
            work = [asyncio.create_task(one) for one in (adapter.run(intake.accept), worker.run())]
            while not adapter.connected:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(LOOK_EACH)
            yield
            await worker.drain(5.0)
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await client.aclose()


def _assistant(answers: Answers, client: Redis) -> Assistant:
    return staffed.assistant(client, answers, course(), gate=Gate(MANY), quota=RedisQuota(client))


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]


def _tell(crowd: Report) -> None:
    row("50 chats and 5 groups at once, answered", crowd.answered / crowd.asked, "", 1, None)
    row("  shown more than once", crowd.shown - crowd.asked, "", None, None)
    row("  until the last answer", crowd.seconds, "s", None, None)
    row("  most calls in a second", crowd.all_in_1, "", 30, None)
    row("  most in a group in a minute", crowd.group_in_60, "", 20, None)
    row("  most in a chat in a second", crowd.chat_in_1, "", None, None)
    row("  most in a chat in ten seconds", crowd.chat_in_10, "", None, None)
    row("  refused as too many", crowd.calls.get("429", 0), "", None, None)


if __name__ == "__main__":
    sys.exit(main())
