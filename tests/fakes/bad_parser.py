"""A parser that hangs, dies, bloats or answers, as the name of the file says."""

import os
import signal
import time

from rag.loaders.outline import Page
from rag.types import DocumentUnreadable


def parsed(name: str, data: bytes) -> Page:
    """A page titled with the number of its process and what the file holds, or trouble."""
    if name == "hang":
        time.sleep(1000)
    if name == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "bloat":
        bytearray(1 << 40)
    if name == "nest":
        parsed(name, data)
    if name == "refuse":
        raise DocumentUnreadable("a reason")
    if name == "bug":
        raise KeyError(name)
    return Page(f"{os.getpid()} {data.decode()}", ())
