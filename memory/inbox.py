"""The durable inbox: messages once and in order per conversation, whoever dies.

Each call is one script of memory/lua, which touches one partition and is all or nothing; it costs one
round trip, and one write to the disk where it writes. A worker holds a conversation by a lease that it
renews; what it writes is refused once the conversation went to another. Times are the server's.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any
from zlib import crc32

from redis.asyncio import Redis

from memory import keys
from memory.base import Fact, LeaseLost, MailChanged, MemoryUnavailable, Turn
from memory.client import guarded
from memory.history import KEPT, WINDOW, to_remember
from memory.mail import Acceptance, InboxState, Job, Letter
from memory.relay import messages
from memory.scripts import Argument, Script, Scripts, script

LEASE = 2.0  # seconds
SWEEP = 1.0  # seconds between two looks for what dead workers had in hand
KEPT_DEAD = 1000

_SCRIPTS = ("withdraw", "take", "renew", "look", "keep_sent", "commit", "done", "put_back", "bury", "letters")
_LOST, _CHANGED, _READY = -1, 0, 2


class RedisInbox:
    """The inbox as one process sees it.

    At most `per_conversation` letters wait in a conversation and `in_all` altogether. A lease lasts
    `lease` seconds unless it is renewed; each `sweep` seconds those of the dead are looked for. A
    turn is remembered as by a history with this `window`.
    """

    def __init__(
        self,
        client: Redis,
        per_conversation: int = 20,
        in_all: int = 10_000,
        lease: float = LEASE,
        sweep: float = SWEEP,
        window: int = WINDOW,
    ) -> None:
        self._client = client
        self._calls = Scripts(client)
        self._window = window
        self._limits = (per_conversation, math.ceil(in_all / keys.PARTITIONS))
        self.lease = lease
        self._sweep = sweep
        self._accept = script("accept")
        # Work in hand may end on a server that is full: that makes room.
        self._scripts = {name: script(name, "flags=allow-oom") for name in _SCRIPTS}
        self._due: dict[int, None] = {}  # partitions, the next one first
        self._is_due = asyncio.Event()
        self._swept = -math.inf
        self._passed = False  # whether conversations may be left that were passed over

    async def accept(self, letter: Letter, edited: bool = False) -> Acceptance:
        """Put a letter into its mailbox, on disk when this returns; one that was seen is refused."""
        at = round(letter.at * 1000)
        # A platform's clock may count in seconds, in which a text can change twice.
        once = f"{letter.id}@{at}-{crc32(letter.body.encode(errors='replace'))}" if edited else letter.id
        arguments = (letter.conversation, letter.id, once, letter.body, at, int(edited))
        partition = keys.partition(letter.conversation)
        result: Acceptance = await self._run_in(
            partition, self._accept, *arguments, *self._limits, letter.sender
        )
        self._wake(partition)
        return result

    async def withdraw(self, conversation: str, id: str) -> None:
        """Take a waiting letter out; `conversation` is any one of the letter's chat."""
        await self._call("withdraw", conversation, id)

    async def take(
        self, platforms: Sequence[str], at_most: int, held: int = 0, passing: Sequence[str] = ()
    ) -> list[Job]:
        """Conversations that are ready, chat by chat in turn, `passing` over these chats."""
        if time.monotonic() - self._swept > self._sweep:
            self._swept = time.monotonic()
            self._due |= dict.fromkeys(range(keys.PARTITIONS))
        self._is_due.clear()
        self._passed = bool(passing)
        jobs: list[Job] = []
        while self._due and len(jobs) < at_most:
            try:
                jobs += await self._take_due(platforms, at_most - len(jobs), held + len(jobs), passing)
            except MemoryUnavailable:
                if not jobs:
                    raise
                break
        return jobs

    async def renew(self, jobs: Sequence[Job]) -> list[int | None]:
        """Hold on to these; the count of changes of each, None where the lease is lost."""
        held: dict[tuple[str, int], int] = {}
        for partition, near in _by_partition(jobs).items():
            arguments: list[str | int] = [round(self.lease * 1000)]
            for job in near:
                arguments += (job.conversation, job.fence)
            counts = await self._run_in(partition, self._scripts["renew"], *arguments)
            held |= zip(((job.conversation, job.fence) for job in near), counts, strict=True)
        counted = (held[job.conversation, job.fence] for job in jobs)
        return [None if count == _LOST else count for count in counted]

    async def look(self, job: Job) -> Job:
        """The job with the letters that wait now."""
        row = _held(await self._call("look", job.conversation, job.conversation, job.fence))
        return _job(row, job.held_until)

    async def keep_sent(self, job: Job, letter_id: str, sent_id: str) -> None:
        """Note what the reply to a letter is shown under."""
        arguments = (job.conversation, job.fence, letter_id, sent_id)
        _held(await self._call("keep_sent", job.conversation, *arguments))

    async def commit(
        self, job: Job, answer: str, turn: Turn | None = None, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None:
        """Keep an answer before it is shown, with what is to be remembered. May raise MailChanged.

        Of an epoch that is over only the answer is kept.
        """
        remembered = to_remember(turn, facts, epoch, self._window, KEPT) if turn else []
        state = (job.fence, job.changes, answer)
        _held(await self._call("commit", job.conversation, job.conversation, *state, *remembered))

    async def done(self, job: Job, letter_ids: Sequence[str], sent_id: str = "", memo: str = "") -> None:
        """Take answered letters out and let the conversation go. May raise MailChanged."""
        state = (job.fence, job.changes, sent_id, memo)
        self._let_go(job, await self._call("done", job.conversation, job.conversation, *state, *letter_ids))

    async def put_back(self, job: Job, failed: bool = False, pause: float = 0.0) -> None:
        """Let the conversation go with its letters, to be taken again after so many seconds."""
        arguments = (job.conversation, job.fence, round(pause * 1000), int(failed))
        _held(await self._call("put_back", job.conversation, *arguments))
        self._wake(keys.partition(job.conversation))

    async def bury(self, job: Job, letter_ids: Sequence[str], reason: str) -> None:
        """Move letters to the dead ones, and let the conversation go."""
        state = (job.fence, reason, KEPT_DEAD)
        self._let_go(job, await self._call("bury", job.conversation, job.conversation, *state, *letter_ids))

    async def sent(self, conversation: str, message_id: str) -> str:
        """What the reply to a message was shown under, empty where that is not known (any more)."""
        message = keys.MESSAGE.within(keys.partition(conversation), message_id)
        async with guarded():
            return str(await self._client.hget(message, "sent") or "")

    async def waiting(self, conversation: str) -> list[Letter]:
        """The letters in this mailbox, oldest first."""
        return _letters(conversation, await self._call("letters", conversation, conversation))

    async def state(self) -> InboxState:
        """What the operator wants to know of it."""
        waiting, dead = 0, 0
        newest = ("", "")
        async with guarded():
            for partition in range(keys.PARTITIONS):
                waiting += int(await self._client.get(keys.WAITING.within(partition)) or 0)
                dead += await self._client.xlen(keys.DEAD.within(partition))
                entries: Any = await self._client.xrevrange(keys.DEAD.within(partition), count=1)
                newest = max([newest, *((id, entry["reason"]) for id, entry in entries)])
        return InboxState(waiting, dead, newest[1])

    async def listen(self) -> None:
        """Hear from other processes what has become ready, until cancelled; never raises."""
        while True:
            with suppress(MemoryUnavailable):
                async for partition in messages(self._client, keys.WAKE):
                    self._wake(int(partition))
            await asyncio.sleep(self._sweep)

    async def ready(self) -> None:
        """Return when `take` may find something: at once where that is known, else after a second at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._sweep):
                await self._is_due.wait()

    async def _take_due(
        self, platforms: Sequence[str], at_most: int, held: int, passing: Sequence[str]
    ) -> list[Job]:
        partition = next(iter(self._due))
        del self._due[partition]
        with ExitStack() as undo:
            undo.callback(self._wake, partition)
            numbers = (round(self.lease * 1000), held, at_most, len(platforms))
            # From before the call: a process may be stopped before it reads the reply.
            held_until = time.monotonic() + self.lease
            taken = await self._run_in(partition, self._scripts["take"], *numbers, *platforms, *passing)
            if len(taken) < at_most:
                undo.pop_all()  # nothing is left in it; what comes in meanwhile is due again
        return [_job(job, held_until) for job in taken]

    def _let_go(self, job: Job, reply: object) -> None:
        if _held(reply) == _READY or self._passed:
            self._wake(keys.partition(job.conversation))

    def _wake(self, partition: int) -> None:
        self._due[partition] = None
        self._is_due.set()

    async def _call(self, name: str, conversation: str, *arguments: Argument) -> Any:
        return await self._run_in(keys.partition(conversation), self._scripts[name], *arguments)

    async def _run_in(self, partition: int, script: Script, *arguments: Argument) -> Any:
        async with guarded():
            return await self._calls.run(script, [keys.prefix(partition)], arguments)


def _by_partition(jobs: Iterable[Job]) -> Mapping[int, list[Job]]:
    found: dict[int, list[Job]] = {}
    for job in jobs:
        found.setdefault(keys.partition(job.conversation), []).append(job)
    return found


def _held(reply: Any) -> Any:
    """What a script replied that writes for a job, if the job is still held and as it was."""
    if reply == _LOST:
        raise LeaseLost("Another worker has taken the conversation over.")
    if reply == _CHANGED:
        raise MailChanged("Messages have changed since the job was looked at.")
    return reply


def _job(row: Sequence[Any], held_until: float) -> Job:
    conversation, fence, changes, answer, memo, failures, blame, letters = row
    waiting = tuple(_letters(conversation, letters))
    return Job(conversation, fence, changes, waiting, held_until, answer, memo, failures, float(blame))


def _letters(conversation: str, rows: Iterable[Sequence[str]]) -> list[Letter]:
    return [Letter(id, conversation, body, float(at) / 1000, sent) for id, body, at, sent in rows]
