"""The golden set grows with what the staff approves: a row for each question."""

import fcntl
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def add(file: Path, question: str, document: str, headings: Sequence[str]) -> None:
    """Append that the document answers the question under these headings; once. May raise OSError."""
    row = {"query": question, "positive": [{"doc": document, "anchor": heading} for heading in headings]}
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as rows:
        fcntl.flock(rows, fcntl.LOCK_EX)
        rows.seek(0)
        there = rows.read()
        if any(_is(row, line) for line in there.splitlines()):
            return
        begin = b"" if there.endswith(b"\n") or not there else b"\n"
        rows.write(begin + json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        rows.flush()
        os.fsync(rows.fileno())


def _is(row: object, line: bytes) -> bool:
    with suppress(ValueError):
        return bool(json.loads(line) == row)
    return False
