"""`puyu index` in a process of its own, so that reading and embedding never slow an answer down.

RunFailed       there is no report, or no index even after the run; what there was is as it was
└── UnderWay    another run has the index in hand; try again when it has ended
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from bot.progress import on_line
from memory import tether
from rag.locks import UNDER_WAY
from rag.report import IndexReport
from rag.types import Progress

_LONGEST_LINE = 1 << 20
_NICE = 10


class RunFailed(Exception):
    """Its text is one sentence for the operator."""


class UnderWay(RunFailed):
    """Another run has the index in hand."""


async def reindex(
    aside: bool = False, force: bool = False, only: str = "", progress: Progress | None = None
) -> IndexReport:
    """Run `puyu index` in a child that ends with this process, and before this returns.

    It shows its bar on a terminal; `aside`, it stays quiet and lets all others go first. `only` names the
    one source to look at. `progress` is called in this process.
    """
    shown = sys.stderr.isatty() and not aside and not progress
    options = [*["--force"] * force, *["--only", only] * bool(only), *["--progress"] * bool(progress)]
    child = await _started(options, shown)
    try:
        if aside:
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
        printed, complaint = await asyncio.gather(_read(child.stdout), _heard(child.stderr, progress))
        status = await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    try:
        # A refused run and one with a source that failed have a report too.
        report = IndexReport.from_json(json.loads(printed))
    except (ValueError, LookupError, TypeError) as error:
        failure = UnderWay if complaint.startswith(UNDER_WAY) else RunFailed
        raise failure(complaint or f"the index run ended with status {status}") from error
    if not report.version:
        raise RunFailed("; ".join(one.failed for one in report.failed))
    return report


async def _started(options: Sequence[str], shown: bool) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *_command(),
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if shown else asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
    except OSError as error:
        raise RunFailed(f"no process can be started for it ({error.strerror}).") from error


def _command() -> Sequence[str]:
    command = [sys.executable, "-m", "bot", "index", "--json"]
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command]


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


async def _heard(stream: asyncio.StreamReader | None, progress: Progress | None) -> str:
    """Pass on what the child logs; what it complains of in the end."""
    complaint = ""
    if stream is None:
        return complaint
    async for line in stream:
        said = line.decode(errors="replace")
        if said.startswith("puyu: "):
            complaint = said.removeprefix("puyu: ").strip()
        elif not (progress and on_line(said, progress)):
            sys.stderr.write(said)
    return complaint


def told(report: IndexReport) -> str:
    """What a run did, in one line."""
    documents = report.documents
    counts = [
        f"{number} {what}" for what in ("added", "changed", "removed") if (number := getattr(documents, what))
    ]
    parts = [", ".join(counts) or "nothing changed"]
    if report.refused:
        number = len(report.refused)
        parts = [
            f"refused, since {number} question{'s'[: number > 1]} of the golden set would break"
            " (`puyu index --last` names them)"
        ]
    parts += [one.failed for one in report.failed]
    return f"index {report.version or 'none'} after {report.seconds:.1f} s: {'; '.join(parts)}"
