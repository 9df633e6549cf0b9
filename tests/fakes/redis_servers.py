"""Redis servers as processes of their own on free ports: alone, under a sentinel, as a cluster."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVICE = "main"
SLOTS = ("0 5460", "5461 10922", "10923 16383")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the test may ill-treat."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @contextmanager
    def hung(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def ask(self, command: str) -> str:
        """What it answers, as it is sent over the line."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
            line.sendall(f"{command}\r\n".encode())
            line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(65536), b"")).decode()

    def says(self, word: str, command: str) -> None:
        """Return once this word stands in the answer."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with suppress(OSError):
                if word in self.ask(command):
                    return
            time.sleep(0.01)
        raise TimeoutError(f"{self.address}: no {word} in the answer to {command}")


@contextmanager
def server(program: Path, folder: Path, *options: str) -> Iterator[Server]:
    """A server that keeps nothing on the disk unless the options say so."""
    port = _free_port()
    kept = folder / str(port)
    kept.mkdir()
    command = [str(program), *options, "--port", str(port), "--dir", str(kept), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        one = Server(port, process)
        try:
            one.says("PONG", "PING")
            yield one
        finally:
            one.kill()


@contextmanager
def watched(program: Path, folder: Path) -> Iterator[tuple[Server, Server, Server]]:
    """A master, its replica, and a sentinel that takes half a second of silence for death."""
    with ExitStack() as stack:
        at_once = ("--repl-diskless-sync-delay", "0")
        master = stack.enter_context(server(program, folder, *at_once))
        follows = ("--replicaof", f"127.0.0.1 {master.port}")
        replica = stack.enter_context(server(program, folder, *at_once, *follows))
        replica.says("master_link_status:up", "INFO replication")
        rules = folder / "sentinel.conf"
        rules.write_text(
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\n"
            f"sentinel failover-timeout {SERVICE} 3000\n"
        )
        sentinel = stack.enter_context(server(program, folder, str(rules), "--sentinel"))
        sentinel.says(str(replica.port), f"SENTINEL REPLICAS {SERVICE}")
        yield master, replica, sentinel


@contextmanager
def cluster(program: Path, folder: Path) -> Iterator[list[Server]]:
    """Three masters that share the slots."""
    # The time-out is also how long a new cluster waits before it serves.
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "500")
    with ExitStack() as stack:
        nodes = [stack.enter_context(server(program, folder, *options)) for _ in SLOTS]
        for number, (node, slots) in enumerate(zip(nodes, SLOTS, strict=True)):
            node.ask(f"CLUSTER SET-CONFIG-EPOCH {number + 1}")
            node.ask(f"CLUSTER ADDSLOTSRANGE {slots}")
            node.ask(f"CLUSTER MEET 127.0.0.1 {nodes[0].port}")
        for node in nodes:
            node.says("cluster_state:ok", "CLUSTER INFO")
        yield nodes


def _free_port() -> int:
    """A port that is free, as is the one 10,000 above it, over which the nodes of a cluster talk."""
    while True:
        with socket.socket() as one, socket.socket() as other, suppress(OSError, OverflowError):
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            other.bind(("127.0.0.1", port + 10_000))
            return port
