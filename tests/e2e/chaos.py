"""Bot processes with their Redis and platform, all of which can be killed, and the counts after."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from adapters.base import Conversation, Sender
from bot.conversations import conversation_key
from memory.client import connect
from memory.embedded import embedded
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from tests.fakes.line_adapter import PLATFORM
from tests.fakes.platform import Platform, Post, Verdict
from tests.memory.processes import ended, server_of

ROOT = Path(__file__).parent.parent.parent
KILL_EVERY = 1.0  # seconds
SERVER_KILLS = 3
DELAY = 20  # ms of an answer
_GROUP = 20  # members
_LOOK = 0.1  # seconds between two looks whether all is done


class Remembered(NamedTuple):
    """How many turns are missing, there twice, out of order, or not with the answer that was shown."""

    missing: int
    doubled: int
    disordered: int
    unlike: int


class Report(NamedTuple):
    """What was done to a fleet, and what came of the messages meanwhile."""

    messages: int
    seconds: float
    deliveries: int
    replicas_killed: int
    servers_killed: int
    shown: Verdict
    remembered: Remembered

    @property
    def sound(self) -> bool:
        """Whether every message was answered and remembered once and in order."""
        return not any(self.shown._replace(orphans=0) + self.remembered)


class Fleet:
    """Replicas on one Redis and one platform; what they say stands in NAME.log in the folder."""

    def __init__(
        self, folder: Path, platform: Platform, client: Redis, nursery: Process, *options: str
    ) -> None:
        self.platform = platform
        self.inbox = RedisInbox(client, sweep=_LOOK)
        self._folder = folder
        self._client = client
        self._nursery = nursery
        self._options = options
        self._replicas: dict[str, int] = {}
        self._killed: Counter[str] = Counter()
        self._seconds = 0.0

    async def start(self, *names: str, delay: int = DELAY) -> None:
        """Start replicas whose answers take `delay` ms, and return when they are connected."""
        for name in names:
            await self._spawn(name, delay)
        await self.platform.connected(*names)

    async def kill(self, name: str) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL, name)
        self._killed["replica"] += 1

    async def stop(self, *names: str) -> float:
        """SIGTERM to all of these; seconds until the last has ended."""
        began = time.monotonic()
        await self._end(signal.SIGTERM, *names)
        return time.monotonic() - began

    def said(self) -> str:
        """What all replicas said."""
        return "".join(log.read_text() for log in sorted(self._folder.glob("*.log")))

    @asynccontextmanager
    async def load(
        self, posts: Sequence[Post], rate: float, within: float, delay: int = DELAY
    ) -> AsyncIterator[None]:
        """Two replicas, a and b, with work in hand in the block, and after it until all is answered.

        What is not answered `within` so many seconds is lost.
        """
        began = time.monotonic()
        await self.start("a", "b", delay=delay)
        with suppress(TimeoutError):
            async with asyncio.timeout(within), asyncio.TaskGroup() as tasks:
                tasks.create_task(self.platform.deliver(posts, rate=rate))
                await self._answered(len(posts) // 10)
                yield
                await self._answered(len(posts))
                self._seconds = time.monotonic() - began
                await self._settled()
        await self.platform.connected(*self._replicas)
        await self.stop(*self._replicas)

    async def storm(self, posts: Sequence[Post], rate: float, within: float) -> Report:
        """A load during which all sorts of things are killed."""
        async with self.load(posts, rate, within), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._kill_servers(len(posts)))
            answered = tasks.create_task(self._answered(len(posts)))
            while not answered.done():
                await asyncio.wait([answered], timeout=KILL_EVERY)
                name = random.choice("ab")
                await self.kill(name)
                await self._spawn(name, DELAY)
        return await self.report(posts)

    async def hang_server(self, seconds: float) -> None:
        """SIGSTOP to the Redis server, and SIGCONT later."""
        await _hang(await server_of(self._client), seconds)

    async def hang(self, name: str, seconds: float) -> None:
        """The same to a replica."""
        await _hang(self._replicas[name], seconds)

    async def takeover(self) -> float:
        """Seconds from the death of a worker to the answer by another one, to what it had in hand."""
        [post] = conversations(1, 1)
        await self.start("slow", delay=3_600_000)
        await self.platform.deliver([post])
        await self.platform.until(lambda: bool(self.platform.answers(post.id)))
        await self.start("quick", delay=0)
        began = time.monotonic()
        await self.kill("slow")
        await self._answered(1)
        return time.monotonic() - began

    async def report(self, posts: Sequence[Post]) -> Report:
        """What was done so far, and what came of it."""
        return Report(
            len(posts),
            self._seconds,
            self.platform.deliveries,
            self._killed["replica"],
            self._killed["server"],
            self.platform.verdict(),
            await self.remembered(posts),
        )

    async def remembered(self, posts: Sequence[Post]) -> Remembered:
        """How the histories fit what was said and shown."""
        history = RedisHistory(self._client, window=len(posts) + 1)
        talks: defaultdict[str, list[str]] = defaultdict(list)
        for post in posts:
            talks[_key(post)].append(post.id)
        missing = doubled = disordered = unlike = 0
        for key, said in talks.items():
            turns = (await history.load(key)).turns
            kept = Counter(turn.message_id for turn in turns)
            missing += len(set(said) - set(kept))
            doubled += sum(count - 1 for count in kept.values())
            disordered += list(kept) != [id for id in said if id in kept]
            shown = {turn.message_id: self.platform.answers(turn.message_id) for turn in turns}
            unlike += sum(turn.answer not in [one.text for one in shown[turn.message_id]] for turn in turns)
        return Remembered(missing, doubled, disordered, unlike)

    async def close(self) -> None:
        """Kill what still runs."""
        await self._end(signal.SIGKILL, *self._replicas)

    async def _spawn(self, name: str, delay: int) -> None:
        log = str(self._folder / f"{name}.log")
        line = json.dumps([log, *self._options, "--name", name, "--delay", str(delay)])
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(line.encode() + b"\n")
        self._replicas[name] = int(await self._nursery.stdout.readline())

    async def _end(self, number: signal.Signals, *names: str) -> None:
        ending = [self._replicas.pop(name) for name in names]
        for replica in ending:
            os.kill(replica, number)
        for replica in ending:
            await ended(replica)
        await self.platform.gone(*names)

    async def _settled(self) -> None:
        """Return when no message waits any more."""
        while (await self.inbox.state()).waiting:
            await self.inbox.ready()

    async def _answered(self, count: int) -> None:
        await self.platform.until(lambda: len(self.platform.answered) >= count)

    async def _kill_servers(self, messages: int) -> None:
        """Spread over the run; each time the platform loses its connections too."""
        for number in range(SERVER_KILLS):
            await self._answered(messages * (number + 1) // (SERVER_KILLS + 1))
            os.kill(await server_of(self._client), signal.SIGKILL)
            self._killed["server"] += 1
            self.platform.cut()


@asynccontextmanager
async def fleet(folder: Path, keyed: bool = True, program: Path | None = None) -> AsyncIterator[Fleet]:
    """Without replicas yet; the Redis server comes back by itself when it is killed."""
    platform = Platform(keyed)
    async with embedded(folder, program) as url, _nursery() as nursery:
        client = connect(url)
        options = ["--redis", url, "--platform", await platform.start(), *([] if keyed else ["--plain"])]
        fleet = Fleet(folder, platform, client, nursery, *options)
        try:
            yield fleet
        finally:
            await fleet.close()
            await platform.stop()
            await client.aclose()


@asynccontextmanager
async def _nursery() -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "tests.fakes.replica")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        await process.communicate(b"")


def conversations(messages: int, count: int) -> list[Post]:
    """Messages at random in so many conversations, half of them direct ones, half with members of groups."""
    posts = []
    for number in range(messages):
        person = random.randrange(count)
        group = person % 2 == 1
        chat = f"group {person // _GROUP}" if group else f"direct {person}"
        posts.append(Post(f"m{number}", chat, f"user {person}", f"question {number}", group))
    return posts


async def _hang(process: int, seconds: float) -> None:
    os.kill(process, signal.SIGSTOP)
    try:
        await asyncio.wait_for(asyncio.Event().wait(), seconds)
    except TimeoutError:
        os.kill(process, signal.SIGCONT)


def _key(post: Post) -> str:
    conversation = Conversation(PLATFORM, post.chat, "group" if post.group else "direct")
    return conversation_key(conversation, Sender(post.sender), "member")
