"""A progress bar on stderr for long work, where there is a terminal to show it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rag.types import Progress


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
