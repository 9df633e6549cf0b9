"""A process of its own for parsers that a file could crash, hang or bloat."""

import atexit
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

from rag.loaders.outline import Page
from rag.types import DocumentUnreadable, Section

SECONDS = 60
MEMORY = 2 * 1024**3
_IDLE_SECONDS = 60
_START = "import sys; sys.path[:] = sys.argv[5:]; from rag.loaders import apart; apart.serve(*sys.argv[1:5])"


class Worker:
    """Parses files in a child, one at a time; it starts with the first and ends when idle or left alone.

    `module` holds `parsed(name, data) -> Page`. A file that takes more than `seconds` or `memory` bytes, or
    crashes its parser, is DocumentUnreadable; the next one gets a new child.
    """

    def __init__(self, module: str = "rag.loaders", seconds: int = SECONDS, memory: int = MEMORY) -> None:
        self._arguments = (module, str(seconds), str(memory))
        self._lock = Lock()
        self._child: tuple[subprocess.Popen[bytes], Connection] | None = None

    def load(self, name: str, data: bytes) -> Page:
        """The page in a file; DocumentUnreadable says why there is none."""
        with self._lock:
            answer = self._answer(name, data)
        if isinstance(answer, str):
            raise DocumentUnreadable(answer)
        title, sections = answer
        return Page(title, tuple(Section(tuple(path), *rest) for path, *rest in sections))

    def close(self) -> None:
        """End the child, whatever it does."""
        self._end(kill=True)

    def _answer(self, name: str, data: bytes) -> Any:
        """The reason why there is no page, or its title and the fields of its sections, as JSON has them."""
        while True:
            try:
                pipe = self._pipe()
                pipe.send_bytes(name.encode("utf-8", "replace"))
                pipe.send_bytes(data)
                return json.loads(pipe.recv_bytes())
            except (EOFError, ConnectionError):
                status = self._end()
            # One that ended by itself had been idle, or was told to by the file before.
            if status == -signal.SIGALRM:
                return f"its parser takes longer than {self._arguments[1]} seconds"
            if status:
                return "damaged: its parser fails on it"

    def _pipe(self) -> Connection:
        if self._child and self._child[0].poll() is None:
            return self._child[1]
        self._end()
        ours, theirs = Pipe()
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), *self._arguments, *sys.path],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._child = child, ours
        return ours

    def _end(self, kill: bool = False) -> int:
        """Its exit status; without a child 0."""
        if not self._child:
            return 0
        process, pipe = self._child
        self._child = None
        pipe.close()
        if kill:
            process.kill()
        return process.wait()


def worker() -> Worker:
    """The one of this process; a fork has its own."""
    return _worker(os.getpid())


@lru_cache(maxsize=1)
def _worker(pid: int) -> Worker:
    found = Worker()
    atexit.register(found.close)
    return found


def serve(pipe: str, module: str, seconds: str, memory: str) -> None:
    """The child's whole life: files in, pages or reasons out, until there is no parent or nothing to do.

    The time limit is an alarm that nothing in the process handles, so that it ends also when its parent,
    who would have to end it, is gone.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    parsed = import_module(module).parsed
    for kind, limit in ((resource.RLIMIT_AS, int(memory)), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
    with Connection(int(pipe)) as parent, suppress(EOFError, ConnectionError):
        while parent.poll(_IDLE_SECONDS):
            name, data = parent.recv_bytes().decode(), parent.recv_bytes()
            signal.alarm(int(seconds))
            answer = _parsed(parsed, name, data)
            signal.alarm(0)
            parent.send_bytes(answer)


def _parsed(parsed: Callable[[str, bytes], Page], name: str, data: bytes) -> bytes:
    answer: object
    try:
        page = parsed(name, data)
        answer = (
            page.title,
            [
                (one.heading_path, one.text, one.anchor, one.first_line, one.last_line, one.kind)
                for one in page.sections
            ],
        )
    except DocumentUnreadable as error:
        answer = str(error)
    except RecursionError:
        answer = "nested too deeply"
    except MemoryError:
        answer = "it takes too much memory"
    return json.dumps(answer).encode()
