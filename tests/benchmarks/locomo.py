"""Evidence recall in long conversations, LoCoMo: `python -m tests.benchmarks.locomo --data FOLDER_OR_FILE`.

A unit is one turn; recall@k is the share of a question's evidence turns among the k best, in the mean.
"""

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.recall import TurnSearch, Utterance, recalled

DEPTHS = (5, 10, 20)
SIZES = (600, 2000)
GOALS = ".735 / .80"


Argument = TypeVar("Argument")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the places of the turns that answer it."""

    question: str
    category: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Its turns, oldest first, and what is asked about them."""

    id: str
    said: tuple[Utterance, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was said as a bot would hold it, a question and an answer in one."""

    question: str
    answer: str
    at: float


def main(arguments: Sequence[str]) -> None:
    """Print recall by category and conversation, and what it costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    path = parser.parse_args(arguments).data
    conversations = list(read(path / "locomo" / "dev.json" if path.is_dir() else path))
    table = Table("evidence recall", *(f"@{depth}" for depth in DEPTHS), "questions", "goals @10")
    for name, found in recalls(conversations).items():
        means = (f"{mean:.3f}" for mean in np.mean(found, axis=0))
        table.add_row(name, *means, str(len(found)), GOALS if name == "all" else "")
    Console().print(table)
    costs = Table("cost, ms", *(f"{size:,} turns" for size in SIZES))
    for row in cost(conversations):
        costs.add_row(*row)
    Console().print(costs)


def read(path: Path) -> Iterator[Conversation]:
    """The conversations of a file, with the questions that have evidence."""
    for row in json.loads(path.read_text("utf-8"))["conversations"]:
        said: list[Utterance] = []
        places: dict[str, int] = {}
        for session in row["sessions"]:
            at = datetime.strptime(session["at"], "%I:%M %p on %d %B, %Y").timestamp()
            for id, speaker, text in session["turns"]:
                places[id] = len(said)
                said.append(Utterance(speaker, text, at))
        asked = (
            Asked(one["q"], one["cat"], tuple(places[id] for id in one["ev"]))
            for one in row["qa"]
            if one["ev"]
        )
        yield Conversation(row["id"], tuple(said), tuple(asked))


def recalls(conversations: Sequence[Conversation]) -> Mapping[str, list[list[float]]]:
    """For all questions, by category and by conversation: a row of recalls for each question."""
    found: defaultdict[str, list[list[float]]] = defaultdict(list)
    for conversation in conversations:
        search = TurnSearch(conversation.said)
        for one in conversation.asked:
            order = np.argsort(-search.scores(one.question), kind="stable").tolist()
            row = [len({*order[:depth]} & {*one.evidence}) / len({*one.evidence}) for depth in DEPTHS]
            for name in ("all", one.category, conversation.id):
                found[name].append(row)
    return dict(sorted(found.items()))


def cost(conversations: Sequence[Conversation]) -> Iterator[tuple[str, ...]]:
    """Medians in conversations of SIZES, made of what was said in all of them."""
    said = [one for conversation in conversations for one in conversation.said]
    asked = [one.question for conversation in conversations for one in conversation.asked][::5]
    some = [list(islice(cycle(said), size)) for size in SIZES]
    indexes = [TurnSearch(utterances) for utterances in some]
    held = [[Exchanged(one.text, one.text, one.at) for one in utterances] for utterances in some]
    yield "index of utterances", *(median(TurnSearch, [one] * 7) for one in some)
    yield "query", *(median(index.scores, asked) for index in indexes)
    yield (
        "recalled from exchanges, all in all",
        *(median(partial(recalled, exchanges=one), asked[:7]) for one in held),
    )


def median(run: Callable[[Argument], object], arguments: Sequence[Argument]) -> str:
    """Its milliseconds."""
    taken = []
    for argument in arguments:
        started = time.perf_counter()
        run(argument)
        taken.append(1000 * (time.perf_counter() - started))
    return f"{statistics.median(taken):.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
