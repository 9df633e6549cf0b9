"""Figures of search on labelled sets: `python -m tests.benchmarks.retrieval --data FOLDER`.

FOLDER holds `course/` (docs, qa/faq.md, eval/dev.jsonl, eval/negatives_dev.jsonl), `rejection/` (docs,
dev.jsonl) and `cmrc2018/` (corpus.jsonl); the last one serves as the wrong knowledge base.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rag import index
from rag.embedder import HashedEmbedder
from rag.evaluation import evaluate
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources import DocumentSource
from rag.sources.files import FilesSource
from tests.benchmarks import rejection
from tests.benchmarks.cmrc import Paragraphs
from tests.benchmarks.rejection import Row


def main(arguments: Sequence[str]) -> None:
    """Print one table: what, measured, first goal, far goal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args(arguments).data
    table = Table("what", "measured", "first goal", "far goal")
    with tempfile.TemporaryDirectory() as folder:
        for row in (*_course(data, Path(folder) / "course"), *_rejection(data, Path(folder))):
            table.add_row(*row)
    Console().print(table)


def _course(data: Path, folder: Path) -> Iterator[Row]:
    course = data / "course"
    searcher, seconds = opened(FilesSource("course", course, ["docs/**", "qa/faq.md"]), folder)
    found = evaluate(searcher, [course / "eval" / "dev.jsonl"]).measures
    for depth, first, far in ((1, ".45", ".60"), (5, ".76", ".88"), (20, ".88", ".96")):
        one = found[f"recall@{depth}"]
        yield f"course recall@{depth}", f"{one.value:.3f} ({one.low:.2f}-{one.high:.2f})", first, far
    questions = _queries(course / "eval" / "dev.jsonl")
    ours, others = (
        _sure(searcher, asked) for asked in (questions, _queries(course / "eval" / "negatives_dev.jsonl"))
    )
    yield from rejection.in_a_course(ours, others)
    half, most = _milliseconds(searcher, questions)
    yield "search p50 / p99, ms", f"{half:.2f} / {most:.2f}", "1 / 3", ".25 / 1"
    yield "index of the course, s", f"{seconds:.1f}", "", ""


def _rejection(data: Path, folder: Path) -> Iterator[Row]:
    rows = _rows(data / "rejection" / "dev.jsonl")
    queries, labels = [str(row["query"]) for row in rows], np.array([bool(row["label"]) for row in rows])
    right, _ = opened(FilesSource("rejection", data / "rejection" / "docs"), folder / "right")
    wrong, _ = opened(Paragraphs(data / "cmrc2018" / "corpus.jsonl"), folder / "wrong")
    yield from rejection.without_labels(_sure(right, queries), _sure(wrong, queries), labels)
    before = [index.opened(folder / name, HashedEmbedder().id).lexical for name in ("right", "wrong")]
    yield from rejection.with_labels(*(rejection.labelled(queries, labels, one) for one in before))


def opened(source: DocumentSource, folder: Path) -> tuple[Retriever, float]:
    """A searcher over one source with the built-in embedder, and the seconds its index took."""
    embedder = HashedEmbedder()
    report = Indexer([source], embedder, folder).refresh()
    return Retriever(index.opened(folder, embedder.id), embedder), report.seconds


def _sure(searcher: Retriever, queries: Sequence[str]) -> NDArray[np.float64]:
    return np.array([searcher.search(query).relevance for query in queries])


def _milliseconds(searcher: Retriever, queries: Sequence[str]) -> tuple[float, float]:
    taken = []
    for query in [*queries] * 5:
        started = time.perf_counter()
        searcher.search(query)
        taken.append(1000 * (time.perf_counter() - started))
    return float(np.median(taken)), float(np.quantile(taken, 0.99))


def _queries(path: Path) -> list[str]:
    return [str(row["query"]) for row in _rows(path)]


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main(sys.argv[1:])
