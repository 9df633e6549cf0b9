"""A whole bot process on the strict platform, which says questions back; it has no index and no model.

python -m tests.fakes.replica --redis URL --platform HOST:PORT [--name NAME] [--plain] [--delay MS], or
without arguments to have replicas forked.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from uuid import uuid4

from redis.asyncio import Redis

from bot.assistant import Assistant
from bot.course import Course, FilesConfig, Limits
from bot.gate import Gate
from bot.intake import Intake
from bot.worker import Worker
from memory.client import connect
from memory.inbox import RedisInbox
from memory.quota import RedisQuota
from rag.types import NO_PAST, Answer, Past
from tests.fakes import staffed
from tests.fakes.line_adapter import LineAdapter

POISON = "poison"
MANY = 1_000_000
DRAIN = 5.0  # seconds


class Echo:
    """Says the question back with a word that no other attempt has; a question with POISON makes it raise."""

    def __init__(self, delay: float = 0.0) -> None:
        self._delay = delay

    async def stream(self, question: str, past: Past = NO_PAST, cohort: str = "") -> AsyncGenerator[Answer]:
        """It grows, and is whole `delay` seconds later."""
        if POISON in question:
            raise ValueError(POISON)
        yield Answer("…", (), "answered", question)
        if self._delay:
            for end in (len(question) // 2, len(question)):
                await asyncio.sleep(self._delay / 2)
                yield Answer(question[:end], (), "answered", question)
        yield Answer(f"{question} {uuid4().hex}", (), "answered", question, final=True)


def course() -> Course:
    """One where nothing is refused, late or merged."""
    limits = Limits(
        questions_per_minute=MANY,
        questions_per_day=MANY,
        group_questions_per_minute=MANY,
        late_minutes=MANY,
        merge_seconds=0,
        answers_at_once=MANY,
    )
    return Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path()),), limits=limits)


def assistant(client: Redis, delay: float = 0.0) -> Assistant:
    """The real one on real memory."""
    gate, quota = Gate(MANY), RedisQuota(client)
    return staffed.assistant(client, Echo(delay), course(), gate=gate, quota=quota)


def inbox(client: Redis) -> RedisInbox:
    """The real one, with room for all that a test sends."""
    return RedisInbox(client, per_conversation=MANY, in_all=MANY, window=MANY)


async def main(url: str, adapter: LineAdapter, delay: float) -> None:
    """Answer until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = connect(url)
    platforms = {adapter.platform: adapter}
    bot, letters = assistant(client, delay), inbox(client)
    worker = Worker(letters, bot, platforms, course().limits, besides=staffed.besides(client))
    async with asyncio.TaskGroup() as group:
        work = [
            group.create_task(adapter.run(Intake(letters, bot, platforms).accept)),
            group.create_task(worker.run()),
        ]
        await stop.wait()
        await worker.drain(DRAIN)
        for task in work:
            task.cancel()
    await client.aclose()


def run(arguments: Sequence[str]) -> None:
    """One replica."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.replica", description=__doc__)
    parser.add_argument("--redis", required=True, metavar="URL")
    parser.add_argument("--platform", required=True, metavar="HOST:PORT")
    parser.add_argument("--name", default="replica")
    parser.add_argument("--plain", action="store_true", help="the platform knows no keys")
    parser.add_argument("--delay", type=int, default=0, metavar="MS", help="what an answer takes")
    given = parser.parse_args(arguments)
    adapter = LineAdapter(given.platform, given.name, keyed=not given.plain)
    asyncio.run(main(given.redis, adapter, given.delay / 1000))


def fork() -> None:
    """A replica for each line with a log file and its arguments; prints their process ids.

    To import all this takes longer than a replica lives that is killed each second. When its input ends,
    so do all of them.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries them
    for line in sys.stdin:
        log, *arguments = json.loads(line)
        if not (pid := os.fork()):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 2)
            run(arguments)
            return
        print(pid, flush=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    run(sys.argv[1:]) if sys.argv[1:] else fork()
