"""One of two api_servers is killed while they answer: no answer is lost and none is blank."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from rag.chain import AnswerChain
from rag.llm import LanguageModel
from rag.types import Answer
from tests.e2e.lmdeploy.servers import KEY, MODEL, Server, api_server, needs_lmdeploy, proxy, running
from tests.fakes.searcher import WordSearcher, passage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), needs_lmdeploy]

QUESTIONS = [f"第 {number} 题：怎么安装？" for number in range(40)]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replicas, the second of which is to die, and LMDeploy's proxy before both."""

    lasting: Server
    dying: Server
    proxy: Server


@pytest.fixture(scope="module")
def pair(server: Server, tiny_model: Path) -> Iterator[Pair]:
    with running(api_server(tiny_model), proxy()) as (dying, proxy_):
        for node in (server, dying):
            # It would ask a node for its models without the key.
            body = {"url": node.url, "status": {"models": [MODEL]}}
            httpx.post(f"{proxy_.url}/nodes/add", json=body).raise_for_status()
        yield Pair(server, dying, proxy_)


async def test_a_killed_replica_costs_no_answer(pair: Pair) -> None:
    direct = LanguageModel([pair.lasting.url, pair.dying.url], api_key=KEY, patience=60)
    proxied = LanguageModel([pair.proxy.url], api_key=KEY, patience=60)
    begun = asyncio.Semaphore(0)
    asking = asyncio.gather(
        *(answered(direct, question, begun) for question in QUESTIONS),
        *(answered(proxied, question, begun) for question in QUESTIONS[:20]),
    )
    for _ in range(15):
        await begun.acquire()
    await asyncio.to_thread(pair.dying.kill)
    answers = await asking
    assert [answer for answer in answers if not by_model(answer)] == []
    await direct.close()
    await proxied.close()


async def test_a_proxy_with_a_dead_node_costs_no_answer(pair: Pair) -> None:
    if pair.dying.process.poll() is None:
        pair.dying.kill()
    model = LanguageModel([pair.proxy.url], api_key=KEY, patience=60)
    answers = [await answered(model, question) for question in QUESTIONS[:10]]
    assert all(map(by_model, answers))
    await model.close()


def by_model(answer: Answer) -> bool:
    """Whether the model ended it.

    What the tiny one says stands on nothing, so that passages are quoted; but no notice says that it is down.
    """
    return bool(answer.text.strip()) and not answer.notice


async def answered(model: LanguageModel, question: str, begun: asyncio.Semaphore | None = None) -> Answer:
    """The final answer; `begun` is told of its first words."""
    chain = AnswerChain(WordSearcher(passage("安装", "怎么安装：运行安装程序。")), model, "测试课")
    final = None
    async for final in chain.stream(question):
        if begun and final.text:
            begun.release()
            begun = None
    assert final
    assert final.final
    return final
