"""What durability costs inside one process: python -m tests.benchmarks.inbox [--program PATH].

The same assistant with an instant model, once behind the durable inbox (fsync always), once behind a bare
loop: an asyncio.Queue per conversation, and a memory that lasts as long as the process.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from adapters.base import Accept, Conversation, Delivery, Message, Reply, Sender
from bot.gate import Gate
from bot.intake import Intake
from bot.worker import Worker
from memory.base import (
    Allowance,
    Fact,
    Personal,
    Reason,
    Receipt,
    Refused,
    Remembered,
    Turn,
    Vote,
)
from memory.client import connect
from memory.embedded import embedded
from memory.history import WINDOW
from memory.staff import Rules
from tests.benchmarks.durability import takeover
from tests.benchmarks.house import row
from tests.fakes import staffed
from tests.fakes.replica import MANY, Echo, assistant, course, inbox

CONVERSATIONS = 500
WARM_UP, SECONDS = 1.0, 5.0
REPEAT = 3
OVERHEADS, OVERHEADS_A_SECOND = 400, 20
ACCEPTS, ACCEPTS_A_SECOND = 1000, 200

NO_GOALS = (None, None)

Goals = tuple[float | None, float | None]
Opened = Callable[[], AbstractAsyncContextManager[tuple[Accept, "Screen"]]]


def main(argv: Sequence[str]) -> int:
    """Print each figure beside its first and far goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.inbox", description=__doc__)
    parser.add_argument("--program", type=Path, help="a server's binary (the packaged one)")
    asyncio.run(_measure(parser.parse_args(argv).program))
    return 0


async def _measure(program: Path | None) -> None:
    durable = partial(_durable, program)
    print(f"(load of the machine {os.getloadavg()[0]:.1f}; medians of {REPEAT})")
    rates = [statistics.median([await _rate(opened) for _ in range(REPEAT)]) for opened in (durable, _bare)]
    row("answers a second, instant model, saturated", rates[0], "/s", 400, 2000)
    row("  beside a bare loop", rates[1], "/s", None, None)
    row("  share of it", rates[0] / rates[1], "", None, None)
    for opened, name, goals in (
        (durable, "overhead", ((8, 3), (30, 8))),
        (_bare, "  bare loop", (NO_GOALS,) * 2),
    ):
        waits, _ = await _waits(opened, OVERHEADS, OVERHEADS_A_SECOND)
        _percentiles(f"{name} of a message at {OVERHEADS_A_SECOND}/s", waits, *goals)
    _, accepts = await _waits(durable, ACCEPTS, ACCEPTS_A_SECOND)
    _percentiles(f"accept() at {ACCEPTS_A_SECOND}/s", accepts, NO_GOALS, (100, 10))
    seconds = [await takeover(program) for _ in range(REPEAT)]
    row("a dead worker's message taken over", statistics.median(seconds), "s", 5, 2)


class Screen:
    """A platform in this process: it notes when it was handed the final reply to a message."""

    platform = "screen"
    connected = True

    def __init__(self) -> None:
        self._finals: defaultdict[str, asyncio.Future[float]] = defaultdict(
            asyncio.get_running_loop().create_future
        )

    async def run(self, accept: Accept) -> None:
        """Nothing comes in here."""

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Note when it is final."""
        async for reply in replies:
            final = self._finals[reply.in_reply_to]
            if reply.final and not final.cancelled():
                final.set_result(time.perf_counter())
        return delivery.key

    async def retract(self, sent_id: str) -> None:
        """Nothing is shown."""

    async def fetch(self, message: Message) -> Message:
        """The message: all of it came with it."""
        return message

    def messages(self, sent_id: str) -> tuple[str, ...]:
        """Nothing is shown."""
        return ()

    async def final(self, message: Message) -> float:
        """When its final reply came, by the performance counter."""
        try:
            return await self._finals[message.id]
        finally:
            del self._finals[message.id]


class ShortMemory:
    """History, votes and quota that are gone with the process."""

    def __init__(self) -> None:
        self._turns: defaultdict[str, deque[Turn]] = defaultdict(lambda: deque(maxlen=WINDOW))

    async def load(self, conversation: str, sender: str = "") -> Remembered:
        """The turns in the window."""
        return Remembered(tuple(self._turns[conversation]))

    async def rules(self) -> Rules:
        """None."""
        return Rules()

    async def older(self, conversation: str) -> list[Turn]:
        """None is kept."""
        return []

    async def append(
        self, conversation: str, turn: Turn, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None:
        """Remember a turn."""
        self._turns[conversation].append(turn)

    async def unfolded(self, conversation: str) -> tuple[str, list[Turn], str]:
        """Nothing is summed up."""
        return "", [], ""

    async def fold(
        self, conversation: str, epoch: str, summary: str, turns: Sequence[Turn], facts: Sequence[Fact] = ()
    ) -> bool:
        """Nothing is summed up."""
        return False

    async def clear(self, conversation: str) -> None:
        """Forget the conversation."""
        del self._turns[conversation]

    async def drop(self, conversation: str, sender: str, message_id: str) -> None:
        """Nothing is taken back here."""

    async def held(self, person: str, spared: str = "") -> Personal:
        """Nobody asks."""
        return Personal({}, {}, {})

    async def forget_in(self, conversation: str, person: str, spared: str = "") -> None:
        """Nobody is forgotten here."""

    async def forget(self, person: str, spared: str = "") -> Receipt:
        """Nobody is forgotten here."""
        return Receipt()

    async def put(self, message_id: str, voter: str, vote: Vote, reason: Reason | None = None) -> None:
        """Nobody votes here."""

    async def by(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Vote]:
        """Nobody votes here."""
        return {}

    async def reasons(self, voter: str, message_ids: Sequence[str]) -> Mapping[str, Reason]:
        """Nobody votes here."""
        return {}

    async def spend(
        self, question_id: str, person: str, group: str, at: float, allowance: Allowance
    ) -> Refused | None:
        """Nothing is refused."""
        return None


@asynccontextmanager
async def _durable(program: Path | None) -> AsyncIterator[tuple[Accept, Screen]]:
    screen = Screen()
    platforms = {screen.platform: screen}
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder), program) as url:
            client = connect(url)
            bot, letters = assistant(client), inbox(client)
            worker = Worker(letters, bot, platforms, course().limits, besides=staffed.besides(client))
            working = asyncio.create_task(worker.run())
            yield Intake(letters, bot, platforms).accept, screen
            await worker.drain(within=0)
            await _cancelled([working])
            await client.aclose()


@asynccontextmanager
async def _bare() -> AsyncIterator[tuple[Accept, Screen]]:
    screen, memory = Screen(), ShortMemory()
    # Nothing is asked of the server: there is none.
    nowhere = connect("redis://127.0.0.1:1")
    gate, answers = Gate(MANY), Echo()
    bot = staffed.assistant(nowhere, answers, course(), history=memory, gate=gate, quota=memory, rules=memory)
    queues: dict[str, asyncio.Queue[Message]] = {}

    async def replies(message: Message) -> AsyncIterator[Reply]:
        async for step in bot.steps(message):
            if step.kept:
                await memory.append(bot.key(message), step.kept.turn)
            yield step.reply

    async def work(queue: asyncio.Queue[Message]) -> None:
        while True:
            message = await queue.get()
            await screen.show(replies(message), Delivery(message.id))

    async def accept(message: Message) -> None:
        key = bot.key(message)
        if key not in queues:
            queues[key] = asyncio.Queue()
            workers.append(asyncio.create_task(work(queues[key])))
        await queues[key].put(message)

    workers: list[asyncio.Task[None]] = []
    yield accept, screen
    await _cancelled(workers)


async def _rate(opened: Opened) -> float:
    """Answers a second, where each conversation asks again as soon as it is answered."""
    answered = 0

    async def ask(chat: int) -> None:
        nonlocal answered
        for number in count():
            message = _message(chat, number)
            await accept(message)
            await screen.final(message)
            answered += 1

    async with opened() as (accept, screen):
        asking = [asyncio.create_task(ask(chat)) for chat in range(CONVERSATIONS)]
        await asyncio.sleep(WARM_UP)
        answered = 0
        began = time.perf_counter()
        await asyncio.sleep(SECONDS)
        rate = answered / (time.perf_counter() - began)
        await _cancelled(asking)
    return rate


async def _waits(opened: Opened, messages: int, a_second: int) -> tuple[list[float], list[float]]:
    """Seconds from `accept` to the final reply, and to its return, of messages that come evenly."""
    answered: list[float] = []
    accepted: list[float] = []

    async def ask(number: int) -> None:
        message = _message(random.randrange(CONVERSATIONS), number)
        began = time.perf_counter()
        await accept(message)
        accepted.append(time.perf_counter() - began)
        answered.append(await screen.final(message) - began)

    async with opened() as (accept, screen), asyncio.TaskGroup() as tasks:
        began = time.perf_counter()
        for number in range(messages):
            await asyncio.sleep(began + number / a_second - time.perf_counter())
            tasks.create_task(ask(number))
    return answered, accepted


def _message(chat: int, number: int) -> Message:
    place = Conversation(Screen.platform, f"chat {chat}")
    text = f"{number}: how do I deploy it?"
    return Message(f"{chat}.{number}", place, Sender(f"person {chat}"), text, datetime.now(UTC))


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _percentiles(name: str, seconds: list[float], median: Goals, p99: Goals) -> None:
    row(f"{name}, median", statistics.median(seconds) * 1e3, "ms", *median)
    row(f"{name}, p99", statistics.quantiles(seconds, n=100, method="inclusive")[98] * 1e3, "ms", *p99)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
