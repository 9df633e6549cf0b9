"""Tokens a second of a model server, driven directly and through the bot, at 1, 8 and 32 answers at once.

On a GPU host, with LMDeploy in an environment of its own (`lmdeploy` is its command):

    python -m tests.benchmarks.random_internlm MODEL
    lmdeploy serve api_server MODEL --model-name random --trust-remote-code --enable-prefix-caching
    python -m tests.benchmarks.lmdeploy_gpu --url http://127.0.0.1:23333

Any other OpenAI-compatible server will do. The goal is that the bot gets .95 of what the server gives.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import aiohttp
from langchain_core.messages import BaseMessage, convert_to_openai_messages

from rag.chain import AnswerChain
from rag.llm import LanguageModel
from rag.material import Material
from rag.prompts import answer_prompt
from rag.types import Usage
from tests.benchmarks.answering import Instantly

CROWDS = (1, 8, 32)
COURSE = "Camp"

Ask = Callable[[str], Awaitable[int]]
"""Has a question answered to its end and returns the tokens of the answer."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server, and what every answer is asked with."""

    url: str
    model: str
    key: str
    tokens: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key or 'none'}"}


def main(argv: Sequence[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.lmdeploy_gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", required=True, help="the server's address, without /v1")
    parser.add_argument("--key", default="")
    parser.add_argument("--tokens", type=int, default=256, help="tokens of an answer (256)")
    parser.add_argument("--each", type=int, default=4, help="answers of each stream (4)")
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the best counts (3)")
    options = parser.parse_args(argv)
    asyncio.run(_measure(options))
    return 0


async def _measure(options: argparse.Namespace) -> None:
    target = await _target(options.url.rstrip("/"), options.key, options.tokens)
    model = LanguageModel([target.url], target.model, target.key, max_tokens=target.tokens)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=target.headers) as client:
        ways: dict[str, Ask] = {
            "directly": lambda question: _directly(client, target, question),
            "client": lambda question: _through_client(model, question),
            "chain": lambda question: _through_chain(model, question),
        }
        for ask in ways.values():
            await ask("warm up")
        print(f"{'tokens a second':<18}{'directly':>12}{'client':>12}{'chain':>12}{'chain/directly':>18}")
        for crowd in CROWDS:
            best = await _best(ways, crowd, options.each, options.repeat)
            figures = "".join(f"{best[way]:>12.1f}" for way in ways)
            ratio = best["chain"] / best["directly"]
            print(f"{crowd:>3} at once{'':<8}{figures}{ratio:>18.3f}", flush=True)
    await model.close()


async def _target(url: str, key: str, tokens: int) -> Target:
    headers = Target(url, "", key, tokens).headers
    async with aiohttp.request("GET", f"{url}/v1/models", headers=headers, raise_for_status=True) as told:
        return Target(url, (await told.json())["data"][0]["id"], key, tokens)


async def _best(ways: dict[str, Ask], crowd: int, each: int, repeat: int) -> dict[str, float]:
    """Tokens a second of each way; taken in turns, so that a busy machine is busy for all of them."""
    best = dict.fromkeys(ways, 0.0)
    for turn in range(repeat):
        for way, ask in ways.items():
            best[way] = max(best[way], await _rate(ask, crowd, each, turn))
    return best


async def _rate(ask: Ask, crowd: int, each: int, turn: int) -> float:
    async def stream(place: int) -> int:
        return sum([await ask(f"How do I install it? {turn}.{place}.{number}") for number in range(each)])

    start = time.perf_counter()
    tokens = sum(await asyncio.gather(*map(stream, range(crowd))))
    return tokens / (time.perf_counter() - start)


async def _directly(client: aiohttp.ClientSession, target: Target, question: str) -> int:
    body = {
        "model": target.model,
        "messages": convert_to_openai_messages(await _prompt(question)),
        "max_completion_tokens": target.tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async with client.post(f"{target.url}/v1/chat/completions", json=body, raise_for_status=True) as response:
        # Read as cheaply as can be: what the server gives is to be known, not what a reader costs.
        said = await response.read()
    usages = re.findall(rb'"completion_tokens":\s*(\d+)', said)
    return int(usages[-1])


async def _through_client(model: LanguageModel, question: str) -> int:
    usage = [piece async for piece in model.stream(await _prompt(question)) if isinstance(piece, Usage)]
    return usage[-1].completion


async def _through_chain(model: LanguageModel, question: str) -> int:
    chain = AnswerChain(Instantly(), model, COURSE)
    async with aclosing(chain.stream(question)) as answers:
        async for answer in answers:
            usage = answer.usage
    assert usage, answer
    return usage.completion


async def _prompt(question: str) -> list[BaseMessage]:
    """What the chain asks the model."""
    return await answer_prompt(COURSE, Material(question, Instantly().search(question).hits))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
