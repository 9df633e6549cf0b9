"""Queries out of a file, for `puyu search --file`: one a line, with what their asker said before."""

from pathlib import Path

from bot.assistant import clean
from rag.types import RagError


def read(path: Path) -> list[tuple[str, list[str] | None]]:
    """All of them before the first is searched, so that a bad line leaves nothing half printed."""
    from rag import jsonlines

    return [_query(row, where) for where, row in jsonlines.read(path)]


def _query(row: object, where: str) -> tuple[str, list[str] | None]:
    """A query, and what its asker said before, where that is told."""
    if not isinstance(row, dict) or not isinstance(row.get("query"), str):
        raise RagError(f'{where}: expected an object with a "query" that is text')
    if "history" not in row:
        return clean(row["query"]), None
    history = row["history"]
    if not isinstance(history, list) or not all(isinstance(one, str) for one in history):
        raise RagError(f'{where}: expected a "history" that is a list of texts, the oldest first')
    return clean(row["query"]), [clean(one) for one in history]
