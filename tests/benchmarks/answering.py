"""What the chain adds to a model's own time, and what an answer costs the processor."""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

import httpx
from langchain_core.messages import HumanMessage

from rag.chain import AnswerChain
from rag.llm import LanguageModel
from rag.types import Followup, Found, Hit
from tests.fakes.searcher import passage

# The server cuts its answer out of this passage: 56 words, a space and the three tokens of "[1]".
WORDS = passage("Install", "word " * 55 + "word")
QUESTION = "How do I install it?"

CROWD = 32
"""Answers that are streamed at once, for what one of them costs then."""

ToFirst = Callable[[], Awaitable[float]]
"""Takes an answer to its end and returns the seconds to its first text."""


class Instantly:
    """A searcher that has found it already."""

    def search(self, query: str, k: int = 10, cohort: str = "", followup: Followup | None = None) -> Found:
        return Found(query, (Hit(WORDS, 1.0),), relevance=1.0, ours=True)


@dataclass(slots=True)
class Path:
    name: str
    ask: ToFirst
    first: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    crowded: float = 0.0


def main(argv: Sequence[str]) -> int:
    """Measure against a model server in a process of its own and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.answering", description=__doc__)
    parser.add_argument("--answers", type=int, default=100, help="answers each way (100)")
    parser.add_argument("--token-ms", type=float, default=5, help="the model's time for a token (5)")
    options = parser.parse_args(argv)
    with served(options.token_ms) as url:
        paths = asyncio.run(measured(url, options.answers))
    line = "{:<34}{:>14}{:>10}{:>16}{:>10}{:>16}\n"
    sys.stdout.write(
        line.format("60 tokens, ms", "first, median", "p99", "CPU, median", "p99", f"CPU, {CROWD} at once")
    )
    for path in paths:
        cpu = (_median(path.cpu), _p99(path.cpu), path.crowded * 1000)
        figures = (_median(path.first), _p99(path.first), *cpu)
        sys.stdout.write(line.format(path.name, *(f"{figure:.1f}" for figure in figures)))
    return 0


@contextmanager
def served(token_ms: float) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--token-ms", str(token_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


async def measured(url: str, answers: int) -> list[Path]:
    model = LanguageModel([url])
    chain = AnswerChain(Instantly(), model, "Camp")
    async with httpx.AsyncClient() as client:
        paths = [
            Path("httpx alone", lambda: _plain(client, url)),
            Path("the model", lambda: _model(model)),
            Path("the answer chain", lambda: _chain(chain)),
        ]
        # Taken in turns, so that a busy machine is busy for all of them.
        for number in range(answers + 5):
            for path in paths:
                cpu = time.process_time()
                first = await path.ask()
                if number >= 5:
                    path.first.append(first)
                    path.cpu.append(time.process_time() - cpu)
        for path in paths:
            cpu = time.process_time()
            await asyncio.gather(*(path.ask() for _ in range(CROWD)))
            path.crowded = (time.process_time() - cpu) / CROWD
    await model.close()
    return paths


async def _plain(client: httpx.AsyncClient, url: str) -> float:
    body = {"model": "internlm", "stream": True, "messages": [{"role": "user", "content": _prompt()}]}

    async def texts() -> AsyncIterator[str]:
        async with client.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line[6:])["choices"][0]["delta"]["content"]

    return await _to_first(texts())


async def _model(model: LanguageModel) -> float:
    async with aclosing(model.stream([HumanMessage(_prompt())])) as texts:
        return await _to_first(texts)


async def _chain(chain: AnswerChain) -> float:
    async with aclosing(chain.stream(QUESTION)) as answers:
        return await _to_first(answers)


async def _to_first(items: AsyncIterator[object]) -> float:
    start = time.perf_counter()
    first = 0.0
    async for _ in items:
        first = first or time.perf_counter() - start
    return first


def _prompt() -> str:
    return f"[1] {WORDS.heading}\n{WORDS.text}"


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
