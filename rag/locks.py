"""Who may write an index: one run at a time, and one at a time who puts another version in use."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.types import RagError

UNDER_WAY = "another index run is under way"
"""How the complaint of a run begins that found another one at work."""


class UnderWay(RagError):
    """Another run has the index in hand."""


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """RagError in the place of what the disk says."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise RagError(
            f"cannot write the index in {directory}: {error.strerror or error}; the old one stays in use"
        ) from error


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One at a time who changes what is in use, over all processes; the lock goes with its process."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / ".lock").open("wb")
    except OSError as error:
        raise RagError(f"cannot write the index in {directory}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnderWay(f"{UNDER_WAY} in {directory}; wait for it to end") from error
        yield


@contextmanager
def changing(directory: Path) -> Iterator[None]:
    """Wait for the moment at which nobody else puts another version in use; what is done in it is short.

    Who wants both locks takes `alone` first.
    """
    with writing(directory), (directory / ".changing").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
