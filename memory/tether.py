"""Run a program that ends when its parent does: python tether.py PARENT_PID PROGRAM ARGUMENT…

This is a script of its own because the request must be made inside the new process, and nothing
but an exec is safe there while the parent has threads. Only Linux knows it.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
SIGTERM = 15  # to import signal would double the start's time


def main(parent: str, program: str, *arguments: str) -> None:
    """Replace this process by the program, unless the parent is gone already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGTERM)
    if os.getppid() == int(parent):
        os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
