"""A process of its own that opens pictures: a hostile one takes nothing down, an idle bot stays small.

Refused   it could not do what it was asked to do with a picture
"""

import asyncio
import json
import os
import resource
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import BinaryIO, Literal

Task = Literal["text", "url"]
Reason = Literal["size", "type", "damaged", "slow"]

SECONDS = 20
MEMORY = 2 * 1024**3
_IDLE_SECONDS = 120
_LONGEST_ANSWER = 16_000_000
_START = (
    "import sys; sys.path[:] = sys.argv[3:]; from rag import picture_process as p; p.serve(*sys.argv[1:3])"
)


class Refused(Exception):
    """A picture could not be worked on; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class PictureProcess:
    """Works on one picture at a time in a child, which starts with the first one and ends when left alone.

    A picture that takes more than `seconds` or `memory` bytes costs the child its life; the next picture
    gets a new one. All calls come from one event loop.
    """

    def __init__(
        self, seconds: int = SECONDS, memory: int = MEMORY, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        self._limits = (str(seconds), str(memory))
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._child: Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, task: Task, data: bytes) -> str:
        """The text in a picture, or a small copy of it as a data URL. Raises Refused."""
        async with self._turn:
            if self._idle:
                self._idle.cancel()
            if not (line := await self._answered(task, data)).endswith(b"\n"):
                raise Refused("damaged")
            self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._let_go)
        done, answer = json.loads(line)
        if not done:
            raise Refused(answer)
        return str(answer)

    async def _answered(self, task: Task, data: bytes) -> bytes:
        """The child's answer; not a whole line if it died of the picture."""
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            child, used = await self._started(), False
        else:
            used = True
        if (line := await _answer(child, task, data)).endswith(b"\n"):
            self._child = child
        elif await child.wait() == -signal.SIGALRM:
            raise Refused("slow")
        elif used:
            # It may have died of something else, and before.
            return await self._answered(task, data)
        return line

    async def close(self) -> None:
        """End the child. What it works on is to be cancelled before."""
        if self._idle:
            self._idle.cancel()
        if self._child:
            _kill(self._child)
            await self._child.wait()
            self._child = None

    def _let_go(self) -> None:
        if self._child:
            assert self._child.stdin
            self._child.stdin.close()  # it ends at the end of its input
            self._child = None

    async def _started(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _START, *self._limits, *sys.path),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LONGEST_ANSWER,
            start_new_session=True,
        )


async def _answer(child: Process, task: Task, data: bytes) -> bytes:
    """A line from the child; not a whole one if it died."""
    assert child.stdin
    assert child.stdout
    try:
        with suppress(ConnectionError):
            child.stdin.write(json.dumps([task, len(data)]).encode() + b"\n" + data)
            await child.stdin.drain()
        return await child.stdout.readline()
    except asyncio.CancelledError:  # nobody wants the answer any more
        _kill(child)
        raise


def _kill(child: Process) -> None:
    with suppress(ProcessLookupError):
        child.kill()


def serve(seconds: str, memory: str) -> None:
    """The child's whole life: pictures in, answers out, until its input ends.

    The time limit is an alarm that nothing in the process handles, so that it ends also when its parent,
    who would have to end it, is gone.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.nice(10)  # answers of the bot go first
    for kind, limit in ((resource.RLIMIT_AS, int(memory)), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # whatever a library prints
        while line := sys.stdin.buffer.readline():
            signal.alarm(int(seconds))
            answers.write(_worked(line, sys.stdin.buffer))
            signal.alarm(0)
            answers.flush()


def _worked(line: bytes, pictures: BinaryIO) -> bytes:
    from rag import picture_text

    task, size = json.loads(line)
    data = pictures.read(size)
    try:
        work = picture_text.text if task == "text" else picture_text.data_url
        answer = [True, work(data)]
    except Refused as error:
        answer = [False, error.reason]
    return json.dumps(answer).encode() + b"\n"
