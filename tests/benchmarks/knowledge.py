"""What keeping and searching knowledge costs: `python -m tests.benchmarks.knowledge [PART…]`.

The courses are made up; the parts are refresh, command, large, search and quiet.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from rag import index
from rag.embedder import Embedder, HashedEmbedder, Vectors
from rag.index import Index
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources.files import FilesSource
from tests.benchmarks.corpora import ClusteredEmbedder, Generated, Words, write_course
from tests.benchmarks.house import row
from tests.e2e.command_line import CommandLine
from tests.fakes.recording_embedder import RecordingEmbedder

FILES = 1000
LARGE = 10_000  # documents of ten passages each
QUESTIONS = 500
AT_ONCE = 64
NICE = 10
"""How much a re-index by the clock steps back."""

# What a fresh process does with the large index; the imports are its start-up, not the index's.
_OPENING = """
import sys, time
from pathlib import Path
import faiss, rjieba
from rag import index
from rag.retriever import Retriever
from tests.benchmarks.corpora import ClusteredEmbedder
embedder = ClusteredEmbedder()
rjieba.cut("先读词典")
started = time.perf_counter()
found = Retriever(index.opened(Path(sys.argv[1]), embedder.id), embedder).search(sys.argv[2])
print(time.perf_counter() - started)
assert found.hits
"""


def refresh(folder: Path) -> None:
    """A run over a thousand files: the first, one without changes, one with a changed file."""
    words, course, embedder = Words(), folder / "course", RecordingEmbedder()
    write_course(course, FILES, words)
    indexer = Indexer([FilesSource("course", course)], embedder, folder / "index")
    first = timed(indexer.refresh)
    row(f"index of {FILES} files", first, "s", None, None)
    embedder.texts.clear()
    # What was written a moment before it was read may change unseen: it is read once more.
    row("again, nothing changed, at once", 100 * timed(indexer.refresh) / first, "%", 2, None)
    row("  and later", 100 * timed(indexer.refresh) / first, "%", 2, None)
    row("  passages embedded", len(embedder.texts), "", None, None)
    changed = course / "lesson07" / "page00007.md"
    times = []
    for _ in range(5):
        changed.write_text(words.page(), "utf-8")
        times.append(timed(indexer.refresh))
    row("one changed file", 100 * float(np.median(times)) / first, "%", 2, 0.2)


def command(folder: Path) -> None:
    """The same as an operator waits for it."""
    puyu = CommandLine(folder)
    write_course(folder / "docs", FILES, Words())
    first = timed(lambda: done(puyu, "index"))
    row(f"`puyu index` of {FILES} files", first, "s", None, None)
    row("  as it says itself", float(reported(puyu)), "s", None, None)
    done(puyu, "index")
    again = timed(lambda: done(puyu, "index"))
    row("`puyu index` again, wall time", 100 * again / first, "%", 2, None)
    row("  as it says itself", 100 * float(reported(puyu)) / first, "%", 2, None)
    (folder / "docs" / "lesson07" / "page00007.md").write_text(Words(1).page(), "utf-8")
    row("`puyu index`, one changed file", 100 * timed(lambda: done(puyu, "index")) / first, "%", 2, 0.2)
    row("  as it says itself", 100 * float(reported(puyu)) / first, "%", 2, 0.2)


def large(folder: Path) -> None:
    """A hundred thousand passages with vectors of 512 numbers."""
    embedder = ClusteredEmbedder()
    # Short passages: most of the build is reading words, which is not what is measured here.
    base, small = Generated("base", LARGE, words=12), Generated("small", 20)
    indexer = Indexer([base, small], embedder, folder)
    row(f"index of {LARGE * 10:,} passages", timed(indexer.refresh), "s", None, None)
    times = [opening(folder, question) for question in ask(5)]
    row("open to first answer", float(np.median(times)), "s", 0.3, 0.15)
    nearest(index.opened(folder, embedder.id), embedder)
    for what, change in (("changed", replaced), ("deleted", shrunk), ("added", grown)):
        times = []
        for _ in range(5):
            change(small)
            times.append(timed(partial(indexer.refresh, only={"small"})))
        row(f"one document {what}, durable", 1e3 * float(np.median(times)), "ms", 10, 1)
    removed = [timed(partial(indexer.remove, id)) for id in some_ids(folder, embedder)]
    row("one document of the large source taken out, durable", 1e3 * float(np.median(removed)), "ms", 10, 1)
    times = [timed(indexer.refresh) for _ in range(3)]
    row("a whole run, nothing changed", float(np.median(times)), "s", None, None)


def some_ids(folder: Path, embedder: Embedder) -> list[str]:
    """Five documents of the large source."""
    return sorted(index.opened(folder, embedder.id).held("base"))[::2000]


def nearest(opened: Index, embedder: Embedder) -> None:
    """Many questions at once, and how many of the true neighbours they find."""
    queries = [embedder.query(question) for question in ask(AT_ONCE)]
    opened.nearest(queries[0], 10)
    for k in (10, 200):
        one = timed(partial(neighbours, opened, queries, k))
        row(f"nearest {k} for {AT_ONCE} questions, each", 1e3 * one / AT_ONCE, "ms", 4, 1.8)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        both = timed(lambda: list(threads.map(partial(opened.nearest, k=200), queries)))
    row(f"nearest 200, {AT_ONCE} threads, each", 1e3 * both / AT_ONCE, "ms", 4, 1.8)
    row("recall@10 against all compared", recall(opened, queries), "", None, None)


def neighbours(opened: Index, queries: Sequence[Vectors], k: int) -> list[set[int]]:
    """The places of the k nearest passages of each."""
    return [set(opened.nearest(query, k)[1].tolist()) for query in queries]


def recall(opened: Index, queries: Sequence[Vectors]) -> float:
    """The share of the ten largest inner products that are found."""
    live = np.flatnonzero(opened.live)
    scores = np.stack(queries) @ opened.vectors(live).T
    true = live[np.argpartition(-scores, 10, axis=1)[:, :10]].tolist()
    found = neighbours(opened, queries, 10)
    return float(np.mean([len(one.intersection(ten)) / 10 for one, ten in zip(found, true, strict=True)]))


def search(folder: Path) -> None:
    """Retrieve and decide on fifteen thousand passages, one thread."""
    Indexer([Generated("base", 1500)], HashedEmbedder(), folder).refresh()
    half, most = pace(searcher(folder), ask(QUESTIONS))
    row("search and decide, 15,000 passages, p50", half, "ms", 1, 0.25)
    row("search and decide, 15,000 passages, p99", most, "ms", 3, 1)


def quiet(folder: Path) -> None:
    """Searches while a child process builds the index of a thousand files anew, as `serve` has it done."""
    puyu = CommandLine(folder)
    write_course(folder / "docs", FILES, Words())
    done(puyu, "index")
    found_by, questions = searcher(folder / "data" / "index"), ask(QUESTIONS)
    idle, busy = [], []
    # In turns, since a shared machine has its own moods.
    for _ in range(3):
        idle += samples(found_by, questions)
        with reindexing(puyu) as running:
            while running():
                busy += samples(found_by, questions, running)
    still, moved = np.quantile(idle, 0.99), np.quantile(busy, 0.99)
    row("search p99, idle", still, "ms", None, None)
    row("search p99 while the index is built, × idle", moved / still, "×", 2, 1.1)
    row("search p50 while the index is built, × idle", np.median(busy) / np.median(idle), "×", None, None)


@contextmanager
def reindexing(puyu: CommandLine) -> Iterator[Callable[[], bool]]:
    """`puyu index --force` in the background; what is given says whether it still runs."""
    arguments = [sys.executable, "-m", "bot", "index", "--force"]
    with subprocess.Popen(
        arguments, cwd=puyu.folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as child:
        os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
        yield lambda: child.poll() is None
    assert child.returncode == 0


def searcher(folder: Path) -> Retriever:
    """A search over an index of the built-in embedder, warm."""
    found = Retriever(index.opened(folder, HashedEmbedder.id), HashedEmbedder())
    samples(found, ask(20))
    return found


def samples(
    found_by: Retriever, questions: Sequence[str], going: Callable[[], bool] = lambda: True
) -> list[float]:
    """Milliseconds of each search, as long as it goes on."""
    taken = []
    for question in questions:
        taken.append(1e3 * timed(partial(found_by.search, question)))
        if not going():
            break
    return taken


def pace(found_by: Retriever, questions: Sequence[str]) -> tuple[float, float]:
    """Median and 99th percentile of a search in milliseconds."""
    taken = samples(found_by, questions)
    return float(np.median(taken)), float(np.quantile(taken, 0.99))


def ask(number: int) -> list[str]:
    """So many questions, the same each time."""
    words = Words(7)
    return [words.question() for _ in range(number)]


def opening(folder: Path, question: str) -> float:
    """Seconds from opening the index to the first answer, in a fresh process."""
    code = [sys.executable, "-c", _OPENING, str(folder), question]
    return float(subprocess.run(code, capture_output=True, text=True, check=True).stdout)


def replaced(source: Generated) -> None:
    """One of its documents has another text."""
    source.revisions[3] = source.revisions.get(3, 0) + 1


def shrunk(source: Generated) -> None:
    """Its last document is gone."""
    source.held -= 1


def grown(source: Generated) -> None:
    """It has one document more."""
    source.held += 1


def done(puyu: CommandLine, *arguments: str) -> None:
    """Run it; it must end well."""
    outcome = puyu(*arguments)
    assert outcome.status == 0, outcome.err


def reported(puyu: CommandLine) -> float:
    """The seconds that the last run took by its own account."""
    return float(puyu("index", "--last", "--json").json["seconds"])


def timed(run: Callable[[], object]) -> float:
    """Its seconds."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main(arguments: Sequence[str]) -> None:
    """Print each figure beside its first and far goal."""
    parts = {part.__name__: part for part in (refresh, command, large, search, quiet)}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *parts], metavar="PART")
    for name in parser.parse_args(arguments).parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
