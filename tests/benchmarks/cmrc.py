"""Chinese question to paragraph, CMRC 2018: `python -m tests.benchmarks.cmrc --data FOLDER`."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import index
from rag.embedder import HashedEmbedder
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources import Known
from rag.types import Document, Section


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """A source of one document whose sections are paragraphs headed by their id.

    Titles are left out: the questions were written with them in sight.
    """

    file: Path
    name: str = "cmrc"

    def documents(self, known: Known) -> Iterator[Document]:
        """The one document."""
        rows = map(json.loads, self.file.read_text("utf-8").splitlines())
        sections = tuple(
            Section((row["id"],), row["text"], row["id"], line, line, "qa")
            for line, row in enumerate(rows, 1)
        )
        yield Document(f"{self.name}/corpus", "corpus", "", "/read/corpus", "", sections)


def main(arguments: Sequence[str]) -> None:
    """Print recall at 1 and 10 beside the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args(arguments).data / "cmrc2018"
    rows = [json.loads(line) for line in (data / "dev.jsonl").read_text("utf-8").splitlines()]
    embedder = HashedEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        Indexer([Paragraphs(data / "corpus.jsonl")], embedder, Path(folder)).refresh()
        searcher = Retriever(index.opened(Path(folder), embedder.id), embedder)
        found = [[hit.passage.heading for hit in searcher.search(row["query"]).hits] for row in rows]
    table = Table("what", "measured", "first goal", "far goal")
    for depth, first, far in ((1, ".955", ".975"), (10, ".994", ".998")):
        right = [
            bool(set(row["positive_ids"]) & set(ids[:depth])) for row, ids in zip(rows, found, strict=True)
        ]
        table.add_row(f"CMRC 2018 recall@{depth}", f"{sum(right) / len(right):.4f}", first, far)
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
