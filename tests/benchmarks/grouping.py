"""How well questions are grouped by meaning: `python -m tests.benchmarks.grouping [--data FOLDER]`.

The questions lie beside this file, each line what one person asks and others in other words. Those of the set
`unseen` were written after words and thresholds were fixed. FOLDER holds `course/` as in the benchmark of
retrieval; without it the search is over the sample course.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from rag.grouping import Grouping
from rag.sources.files import FilesSource
from tests.benchmarks.retrieval import opened

_QUESTIONS = Path(__file__).with_name("paraphrases.jsonl")
_DAYS, _TOPICS = 20, 8

Row = tuple[str, str]
Asked = Sequence[Sequence[str]]


def main(arguments: Sequence[str]) -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    data = parser.parse_args(arguments).data
    source = (
        FilesSource("course", data / "course", ["docs/**", "qa/faq.md"])
        if data
        else FilesSource("course", Path("docs/course"))
    )
    table = Table("what", "B-cubed F1 (precision, recall)")
    with tempfile.TemporaryDirectory() as folder:
        searcher, _ = opened(source, Path(folder))
        for row in _rows(Grouping(searcher), data):
            table.add_row(*row)
    Console().print(table)


def _rows(grouping: Grouping, data: Path | None) -> Iterator[Row]:
    rows = [json.loads(line) for line in _QUESTIONS.read_text("utf-8").splitlines()]
    for name in ("first", "second", "unseen"):
        yield f"set {name}", _told([_judged(grouping, [one["asked"] for one in rows if one["set"] == name])])
    everything = [one["asked"] for one in rows]
    yield "all sets together", _told([_judged(grouping, everything)])
    draw = Random(0)
    days = [_judged(grouping, draw.sample(everything, _TOPICS)) for _ in range(_DAYS)]
    yield f"days of {_TOPICS} topics each", _told(days)
    if data:
        lines = (data / "course" / "eval" / "dev.jsonl").read_text("utf-8").splitlines()
        asked = [str(json.loads(line)["query"]) for line in lines]
        apart = len(grouping.groups(asked))
        yield "different questions of a course", f"{len(asked)} are put into {apart} groups"


def _judged(grouping: Grouping, asked: Asked) -> tuple[float, float]:
    """B-cubed precision and recall."""
    label = [number for number, group in enumerate(asked) for _ in group]
    groups = grouping.groups([question for group in asked for question in group])
    shared = [(group, [label[one] for one in group]) for group in groups]
    right = [(labels.count(label[one]), len(group), label[one]) for group, labels in shared for one in group]
    precision = sum(both / size for both, size, _ in right) / len(label)
    recall = sum(both / len(asked[own]) for both, _, own in right) / len(label)
    return precision, recall


def _told(judged: Sequence[tuple[float, float]]) -> str:
    precision, recall = (sum(values) / len(judged) for values in zip(*judged, strict=True))
    return f"{2 * precision * recall / (precision + recall):.3f} ({precision:.2f}, {recall:.2f})"


if __name__ == "__main__":
    main(sys.argv[1:])
