"""LMDeploy's own servers in processes of their own: api_server over the tiny model, and the proxy."""

import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

KEY = "a-key"
MODEL = "tiny"
CONTEXT = 16384

needs_lmdeploy = pytest.mark.skipif(
    importlib.util.find_spec("lmdeploy") is None, reason="LMDeploy is not installed here: make lmdeploy"
)

# Three servers that start at once on two busy cores.
_PATIENCE = 150.0


class Server:
    """A process that serves `url`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = ""
        self._said: list[str] = []
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait(self) -> "Server":
        """Block until it serves."""
        assert self._ready.wait(_PATIENCE), "".join(self._said)
        assert self.url, "".join(self._said)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(_PATIENCE)

    def counted(self, metric: str) -> float:
        """The sum of a metric over its labels, as /metrics has it now."""
        told = httpx.get(f"{self.url}/metrics", headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
        lines = [line for line in told.raise_for_status().text.splitlines() if line.startswith(metric)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def _listen(self) -> None:
        """Note its log until it ends; it is ready once it says where it is, or has given up."""
        assert self.process.stdout
        for line in self.process.stdout:
            self._said.append(line)
            if where := re.search(r"running on (http://\S+)", line):
                self.url = where[1]
                self._ready.set()
        self._ready.set()


def api_server(model: Path) -> list[str]:
    """The command line of a server with a key and tool calls."""
    flags = f"--model-name {MODEL} --session-len {CONTEXT} --max-batch-size 64 --tool-call-parser qwen3"
    return ["api_server", str(model), "--backend", "pytorch", *flags.split(), "--api-keys", KEY]


def proxy() -> list[str]:
    """The command line of a proxy that keeps no notes inside the installed package."""
    return ["proxy", "--disable-cache-status"]


@contextmanager
def running(*commands: Sequence[str]) -> Iterator[list[Server]]:
    """These commands at once, from when all of them are ready."""
    with ExitStack() as stack:
        servers = [stack.enter_context(_started(command)) for command in commands]
        yield [server.wait() for server in servers]


@contextmanager
def _started(command: Sequence[str]) -> Iterator[Server]:
    arguments = ["serve", *command, "--server-name", "127.0.0.1", "--server-port", "0"]
    quiet = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.lmdeploy.cpu_engine", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | quiet,
    ) as process:
        try:
            yield Server(process)
        finally:
            process.kill()
