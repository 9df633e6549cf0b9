"""JSON lines: rows of questions and answers, of texts with titles, or of anything else."""

import json
from collections.abc import Iterator, Mapping, Sequence

from rag.loaders.outline import Page, Part, page, plain
from rag.loaders.table import ANSWER, QUESTION, named
from rag.types import DocumentUnreadable, Kind

_TEXT = ("text", "content", "正文", "内容")
_TITLE = ("title", "标题")


def load(text: str) -> Page:
    """The page of one .jsonl file, a section a row; DocumentUnreadable names a line that is no object."""
    return page(_part(values, line) for line, values in _rows(text))


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    for line, row in enumerate(text.split("\n"), 1):
        if row.strip():
            try:
                values = json.loads(row)
            except (ValueError, RecursionError) as error:
                raise DocumentUnreadable(f"line {line} is no JSON") from error
            if not isinstance(values, dict):
                raise DocumentUnreadable(f"line {line} is no JSON object")
            yield line, {key: _written(value) for key, value in values.items()}


def _written(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _part(values: Mapping[str, str], line: int) -> Part:
    question, answer = _key(values, QUESTION), _key(values, ANSWER)
    if question and answer:
        return _headed(values, line, question, answer, "qa")
    return _headed(values, line, _key(values, _TITLE), _key(values, _TEXT), "prose")


def _headed(values: Mapping[str, str], line: int, head: str, body: str, kind: Kind) -> Part:
    """What has no title is headed by its number; what is neither title nor text is named below it."""
    cells = list(values)
    skip = [at for at, name in enumerate(cells) if name in (head, body)]
    labels = "\n".join(named(cells, list(values.values()), skip))
    text = f"{values.get(body, '')}\n\n{labels}".strip()
    return Part(1, plain(values.get(head, "")) or f"row {line}", text, line, line, kind)


def _key(values: Mapping[str, str], names: Sequence[str]) -> str:
    return next((key for key, value in values.items() if key.lower() in names and value), "")
