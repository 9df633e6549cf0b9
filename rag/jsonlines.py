"""Files of JSON lines, read with the place of each value, so that a complaint can name it."""

import json
from collections.abc import Iterator
from pathlib import Path

from rag.types import RagError


def read(path: Path) -> Iterator[tuple[str, object]]:
    """The value of every line that is not blank, behind its place in words.

    RagError names the file, or its first line that is not JSON.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise RagError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                yield where, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RagError(f"{where}: not JSON") from error
