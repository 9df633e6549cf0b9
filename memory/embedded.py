"""A private Valkey or Redis server on a unix socket, for those who have none.

Beside its files is a lock. Who starts the server takes it and hands it down to the server alone, so
the lock is free exactly when no server is left on these files, whoever was killed in which order.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from memory import tether
from memory.base import ServerFailed
from memory.program import claim, find_program, release_of, repair

log = logging.getLogger(__name__)

LONGEST_SOCKET = 100  # bytes of its path; systems allow 104 or 108
LOG = "server.log"
PATIENCE = 10.0  # seconds with a server that gives no sign of life
LEAVE = 2.0  # seconds for a server to end; then it is killed, which loses nothing that was acknowledged
STEADY = 0.5  # seconds after which a server has started well
LONGEST_PAUSE = 5.0  # seconds between two attempts to bring it back
OPTIONS = (
    *("--port", "0", "--unixsocketperm", "700", "--save", ""),
    *("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"),
)


@asynccontextmanager
async def embedded(data_dir: Path, program: Path | None = None) -> AsyncIterator[str]:
    """The URL of a server that is kept running while the context is open."""
    server = EmbeddedServer(data_dir, program)
    url = await server.start()
    keeper = asyncio.create_task(server.keep())
    try:
        yield url
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await server.stop()


class EmbeddedServer:
    """A server with its files under `data_dir`/redis, shared by all processes that name the same folder.

    On Linux it ends with the thread that started it, also when that is killed.
    """

    def __init__(self, data_dir: Path, program: Path | None = None) -> None:
        self._directory = data_dir.resolve() / "redis"
        self._program = program
        self._socket = _socket(self._directory)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> str:
        """Start the server, or join the one that runs on these files, and return its URL.

        Raises ServerFailed, which says in one sentence why there is none.
        """
        try:
            _make_directories(self._directory, self._socket.parent)
            await self._start()
        except OSError as error:
            reason = error.strerror or error
            raise ServerFailed(
                f"Memory cannot be kept in {self._directory}: {reason}; see DATA_DIR."
            ) from error
        return f"unix://{quote(str(self._socket))}"

    async def keep(self) -> None:
        """Bring the server back whenever it ends, whoever had started it; runs until cancelled."""
        pause, said = 0.0, ""
        while True:
            began = time.monotonic()
            await self._ended()
            lived = time.monotonic() - began
            pause = 0.0 if lived > STEADY else min(max(2 * pause, 0.1), LONGEST_PAUSE)
            await asyncio.sleep(pause)
            try:
                await self.start()
                log.warning("The memory server in %s had ended and runs again", self._directory)
            except ServerFailed as error:
                if str(error) != said:
                    log.error("%s", error)
                said = str(error)

    async def stop(self) -> None:
        """End the server if this process started it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE):
                await self._ended()
        process.kill()
        process.wait()

    async def _start(self) -> None:
        while (lock := self._lock()) is None:
            if await self._answers(self._locked):
                return
        try:
            async with AsyncExitStack() as undo:
                undo.push_async_callback(self.stop)
                await self._launch(lock)
                undo.pop_all()
        finally:
            os.close(lock)

    def _lock(self) -> int | None:
        """The lock's descriptor; None where a server, or who is about to start one, holds it."""
        lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _locked(self) -> bool:
        if (lock := self._lock()) is not None:
            os.close(lock)
        return lock is None

    async def _launch(self, lock: int) -> None:
        program = self._program or find_program()
        release = release_of(program)
        claim(self._directory, release)
        if await self._run(program, lock):
            if "aof-load-truncated" in self._log():
                log.warning("Memory in %s ended in half a write, which was dropped", self._directory)
            return
        if "check-aof" in self._log():
            cut, kept = repair(self._directory, program, release)
            log.error("Memory was damaged: its last %d bytes were cut; the files as they were: %s", cut, kept)
            if await self._run(program, lock):
                return
        raise ServerFailed(f"The memory server in {self._directory} does not start: {self._reason()}.")

    async def _run(self, program: Path, lock: int) -> bool:
        """Run the server; False where it ends before it answers."""
        if self._process:
            self._process.wait()
        process = self._process = self._spawn(program, lock)
        return await self._answers(lambda: process.poll() is None)

    def _spawn(self, program: Path, lock: int) -> subprocess.Popen[bytes]:
        command = [str(program), *OPTIONS, "--unixsocket", str(self._socket)]
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command]
        with (self._directory / LOG).open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                umask=0o077,
                start_new_session=True,  # the terminal's Ctrl-C is for us; we still need it to finish
            )

    async def _answers(self, running: Callable[[], bool]) -> bool:
        """Whether the server answers before it is no longer running."""
        deadline = time.monotonic() + PATIENCE
        while running():
            reply = await self._ping()
            if reply.startswith(b"+PONG"):
                return True
            if reply:  # it is loading its files
                deadline = time.monotonic() + PATIENCE
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"The memory server in {self._directory} does not answer; end it and try again."
                )
            await asyncio.sleep(0.005)
        return False

    async def _ping(self) -> bytes:
        """The server's reply to a ping; empty where there is none."""
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(b"PING\r\n")
                    return await reader.readline()
                finally:
                    writer.close()
        except OSError:
            return b""

    async def _ended(self) -> None:
        """Return when the server is gone: the system then closes this connection, which says nothing else."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
            try:
                await reader.read()
            finally:
                writer.close()
        except OSError:
            return

    def _log(self) -> str:
        return (self._directory / LOG).read_text(errors="replace")

    def _reason(self) -> str:
        """The last line of the server's log without process and time; a longer one quotes what was stored."""
        lines = self._log().splitlines() or ["it could not even write its log"]
        return re.sub(r"^\d+:\w [^#*]*[#*] ", "", lines[-1])[:100]


def _socket(directory: Path) -> Path:
    """Beside the files; where that path is too long for a socket, in a short one that follows from it."""
    socket = directory / "server.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET:
        return socket
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path("/tmp", f"puyu-{os.getuid()}-{name}", socket.name)


def _make_directories(directory: Path, run: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    run.mkdir(mode=0o700, exist_ok=True)
    if run != directory and run.lstat().st_uid != os.getuid():
        raise ServerFailed(f"{run} belongs to another user; choose a shorter DATA_DIR.")
