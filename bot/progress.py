"""A progress bar on stderr for long work, where there is a terminal to show it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rag.types import Progress

MARK = "progress: "
"""How a line begins that tells another process how far the work has come: stage, done, in all."""

_PAUSE = 0.5  # seconds between two lines of a stage


@contextmanager
def bar() -> Iterator[Progress | None]:
    """A Progress that draws one bar a stage; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console) as bars:
        tasks = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for before in bars.tasks:  # where nobody knew how much there was, it is all done now
                    bars.update(before.id, total=before.completed)
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield progress


@contextmanager
def lines() -> Iterator[Progress]:
    """A Progress that prints such lines on stderr."""
    last = ("", 0.0)

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if stage != last[0] or now - last[1] > _PAUSE:
            last = (stage, now)
            sys.stderr.write(f"{MARK}{stage} {done} {total}\n")
            sys.stderr.flush()

    yield progress


def on_line(line: str, progress: Progress) -> bool:
    """Whether the line is such a one; then it was passed on."""
    if not line.startswith(MARK):
        return False
    stage, done, total = line.removeprefix(MARK).rsplit(None, 2)
    progress(stage, int(done), int(total))
    return True
