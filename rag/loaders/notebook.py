"""Jupyter notebooks: Markdown cells give the sections, code cells stand in them as fenced blocks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rag.loaders import markdown
from rag.loaders.outline import Page, Part, page
from rag.text import fenced
from rag.types import DocumentUnreadable


def load(text: str) -> Page:
    """The page of one notebook; lines are counted over the cells' text, outputs are left out."""
    try:
        cells = [(str(cell["cell_type"]), _source(cell)) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DocumentUnreadable("not a notebook of format 4") from error
    return page(_parts(cells))


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _parts(cells: list[tuple[str, str]]) -> Iterator[Part]:
    last, line = Part(0, "", "", 1, 1), 1
    for kind, source in cells:
        text = source if kind == "markdown" else fenced(source)
        first, *rest = markdown.parts(text, line)
        # What a cell says before its first heading belongs to the section above it.
        last = replace(last, text=f"{last.text}\n\n{first.text}", last_line=first.last_line)
        for part in rest:
            yield last
            last = part
        line += text.count("\n") + 1
    yield last
