"""What the operator feels: start-up, a cold question, the memory of an idle bot."""

import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.e2e.command_line import CommandLine

REPEAT = 5


def main() -> None:
    """Print each figure beside its first and far goal."""
    with tempfile.TemporaryDirectory() as folder:
        puyu = CommandLine(Path(folder))
        course = Path("docs/course").resolve()
        files = f'kind = "files"\npath = "{course}"\ninclude = ["**/*.md", "qa/*.csv"]\n'
        puyu.write("course.toml", f"[[sources]]\n{files}")
        row("puyu --help, CPU", cpu(lambda: puyu("--help")), "s", 0.3, None)
        row("puyu index, the sample course", wall(lambda: puyu("index"), 1), "s", None, None)
        row("puyu index, nothing changed", wall(lambda: puyu("index")), "s", None, None)
        row("puyu ask, cold start", wall(lambda: puyu("ask", "LMDeploy 怎么量化模型")), "s", 4, 1.5)
        started = time.perf_counter()
        with puyu.serving() as server:
            row("puyu serve until ready", time.perf_counter() - started, "s", None, None)
            httpx.get(puyu.url)
            row("idle bot with the web page, memory", resident(server.pid) / 1e6, "MB", 350, 220)


def row(name: str, value: float, unit: str, first: float | None, far: float | None) -> None:
    """One aligned line."""
    goals = f"goals {first:g} / {far:g}" if far else f"goal {first:g}" if first else ""
    print(f"{name:<42}{value:>10.3f} {unit:<4}{goals}", flush=True)


def wall(run: Callable[[], object], repeat: int = REPEAT) -> float:
    """The median of its seconds."""
    return statistics.median(_timed(run, time.perf_counter) for _ in range(repeat))


def cpu(run: Callable[[], object], repeat: int = REPEAT) -> float:
    """The median of the processor seconds of the processes it starts."""
    return statistics.median(_timed(run, _children) for _ in range(repeat))


def resident(pid: int) -> float:
    """Bytes in memory of a process and the ones it started, shared pages counted once to each."""
    pids = [str(pid), *_output("ps", "-o", "pid=", "--ppid", str(pid)).split()]
    return sum(int(_output("ps", "-o", "rss=", "-p", one) or 0) for one in pids) * 1024


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    before = clock()
    run()
    return clock() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
