"""Figures of helpful mode on labelled messages: `python -m tests.benchmarks.etiquette --data FOLDER`.

FOLDER holds `course/` (docs, qa/faq.md, eval/dev.jsonl with answer_points, eval/negatives_dev.jsonl). Each
message is put to nobody in a group of its own and goes through the real etiquette, hold and memory, and what
a person writes behind it as well; what is taken in is answered without a model.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from adapters.base import Conversation, Message, Sender
from bot.course import Course, FilesConfig, Group, Staff
from bot.errands import Underway
from bot.etiquette import Etiquette
from bot.holding import KIND, Holding
from bot.roles import Roles
from memory.client import connect
from memory.embedded import EmbeddedServer
from memory.entries import RedisJournal
from memory.remarks import RedisRemarks
from memory.rules import RedisRuleBook
from rag.chain import AnswerChain
from rag.overheard import seeks
from rag.replied import Pointing, Wanted
from rag.retriever import Retriever
from rag.sources.files import FilesSource
from tests.benchmarks.retrieval import opened

HOLD = 60.0
CURVE = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)

# How people put an answer to a group; the points of it stand between.
SAYINGS = (
    "{}",
    "你看下{}",
    "应该是{}",
    "试试{}",
    "我记得是{}，你试试",
    "{} 我上次就是这样弄的",
    "@asker {}",
    "it should be {}",
)
ECHOES = (
    "同问",
    "+1",
    "同求",
    "蹲一个",
    "我也是",
    "我也想知道",
    "一样的问题",
    "me too",
    "same question here",
)
# Where a message stands behind a question it is measured against every so many-th of the others.
STEP = 8
CHAT = ("chit-chat", "course-smalltalk", "thanks", "ad", "others-talk", "non-text", "forward", "rhetorical")

Row = Mapping[str, str | list[str]]


class Groups:
    """Helpful groups, one for each message, at one moment."""

    def __init__(self, searcher: Retriever, url: str) -> None:
        client = connect(url)
        book, remarks, journal = RedisRuleBook(client), RedisRemarks(client), RedisJournal(client)
        files = (FilesConfig(kind="files", path=Path("docs")),)
        course = Course(
            folder=Path(), sources=files, groups={"default": Group(mode="helpful", hold_seconds=HOLD)}
        )
        parts = (Roles(Staff(), book), remarks, lambda text: text.startswith("/"), _never, journal)
        self._now = datetime.now(UTC).timestamp()
        self._etiquette = Etiquette(course, book, *parts, now=lambda: self._now)
        self._holding = Holding(
            course, book, remarks, searcher, journal, self._take, now=lambda: self._now + HOLD
        )
        self._chain = AnswerChain(searcher, None, "Course")
        self._numbers = count()
        self._taken: list[Message] = []
        self.close = client.aclose

    async def answers(self, question: str, remark: str = "", replied: bool = False) -> bool:
        """Whether the bot answers the question, behind which another person writes this remark."""
        chat = str(next(self._numbers))
        asked = self._message(chat, question)
        if await self._etiquette.sort(asked) != "hold":
            return False
        if remark:
            await self._etiquette.sort(self._message(chat, remark, asked.id if replied else ""))
        self._taken.clear()
        underway = Underway(Holding.errand(asked), self._now, "", _kept)
        await self._holding.doers()[KIND](underway)
        if not self._taken:
            return False
        return bool((await self._chain.answer(question)).sources)

    async def _take(self, message: Message) -> None:
        self._taken.append(message)

    def _message(self, chat: str, text: str, reply_to: str = "") -> Message:
        place, id = Conversation("telegram", f"-{chat}", "group"), f"telegram:{next(self._numbers)}"
        at = datetime.fromtimestamp(self._now, UTC)
        return Message(id, place, Sender(id), text, at, False, reply_to=(reply_to,) if reply_to else ())


async def _never(_message: Message) -> bool:
    return False


async def _kept(_sent_id: str) -> None:
    """Nothing is shown."""


def main(arguments: Sequence[str]) -> None:
    """Print what, measured, goal; then the curve over the threshold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    course = parser.parse_args(arguments).data / "course"
    with tempfile.TemporaryDirectory() as folder:
        searcher, _ = opened(FilesSource("course", course, ["docs/**", "qa/faq.md"]), Path(folder) / "index")
        ours, others = _rows(course / "eval" / "dev.jsonl"), _rows(course / "eval" / "negatives_dev.jsonl")
        asyncio.run(_measured(searcher, ours, others, Path(folder)))
        Console().print(_curve(searcher, _queries(ours), _queries(others)))


async def _measured(searcher: Retriever, ours: Sequence[Row], others: Sequence[Row], folder: Path) -> None:
    server = EmbeddedServer(folder / "redis")
    groups = Groups(searcher, await server.start())
    table = Table("helpful mode", "measured", "goal")
    try:
        answered = [row for row in ours if await groups.answers(str(row["query"]))]
        alone = [not await groups.answers(one) for one in _queries(others)]
        table.add_row("questions answered", f"{len(answered) / len(ours):.3f}", ".80")
        table.add_row("negatives left alone", f"{_mean(alone):.3f}", ".80")
        for what, replied in (("written", False), ("written as a reply", True)):
            pairs = [(str(row["query"]), "，".join(row["answer_points"])) for row in answered]
            silent = [not await groups.answers(*pair, replied) for pair in pairs]
            table.add_row(f"silent after a right answer, {what}", f"{_mean(silent):.3f}", "1")
    finally:
        await groups.close()
        await server.stop()
    Console().print(table)
    Console().print(_remarks(searcher, answered, others))


def _remarks(searcher: Retriever, ours: Sequence[Row], others: Sequence[Row]) -> Table:
    """How often kinds of remarks count as an answer to the questions that are answered else."""
    table = Table("taken for an answer", "written", "as a reply", "as a reply to others", "goal")
    wanted = {question: Wanted(question, searcher.search(question).hits) for question in _queries(ours)}
    kinds: tuple[Pointing, ...] = ("nowhere", "here", "elsewhere")
    for what, pairs, goal in _pairs(ours, others):
        shares = [_mean([wanted[asked].given_by(said, kind) for asked, said in pairs]) for kind in kinds]
        table.add_row(what, *(f"{share:.3f}" for share in shares), goal)
    return table


def _pairs(
    ours: Sequence[Row], others: Sequence[Row]
) -> Iterator[tuple[str, Sequence[tuple[str, str]], str]]:
    """Questions with remarks behind them, by kinds."""
    whole = [(str(row["query"]), "，".join(row["answer_points"])) for row in ours]
    for saying in SAYINGS:
        yield f"right answer: {saying.format('…')}", [(one, saying.format(two)) for one, two in whole], "1"
    yield "one point of it", [(str(row["query"]), one) for row in ours for one in row["answer_points"]], ""
    yield "an echo", [(asked, echo) for asked, _ in whole for echo in ECHOES], "0"
    chat = [str(row["query"]) for row in others if row["reason"] in CHAT]
    yield "other talk", [*_crossed(whole, chat)], "0"
    yield "another question", [*_crossed(whole, [asked for asked, _ in whole])], "0"
    yield "the answer to another question", [*_crossed(whole, [answer for _, answer in whole])], ""


def _crossed(whole: Sequence[tuple[str, str]], remarks: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each question with every STEP-th remark that is not its own."""
    for place, (asked, answer) in enumerate(whole):
        yield from ((asked, one) for one in remarks[place % STEP :: STEP] if one not in (asked, answer))


def _curve(searcher: Retriever, ours: Sequence[str], others: Sequence[str]) -> Table:
    """What a threshold gives, by question and relevance alone."""
    sure, foreign = (
        [searcher.search(one).relevance for one in each if seeks(one)] for each in (ours, others)
    )
    table = Table("threshold", "answered", "left alone")
    for threshold in CURVE:
        answered = sum(one >= threshold for one in sure) / len(ours)
        alone = 1 - sum(one >= threshold for one in foreign) / len(others)
        table.add_row(f"{threshold:g}", f"{answered:.3f}", f"{alone:.3f}")
    return table


def _mean(found: Sequence[bool]) -> float:
    return sum(found) / len(found)


def _queries(rows: Sequence[Row]) -> list[str]:
    return [str(row["query"]) for row in rows]


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main(sys.argv[1:])
