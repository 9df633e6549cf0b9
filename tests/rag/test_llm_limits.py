"""Answers of the language model that never come, never end, or end in nonsense."""

import asyncio

import httpx
import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from rag.llm import LanguageModel
from rag.model_server import TOKEN, ModelServer, Terms
from rag.types import ModelUnavailable
from tests.fakes.openai_server import OpenAIServer, Turn

QUESTION: list[BaseMessage] = [HumanMessage("How do I install it?")]


async def said(server: OpenAIServer, *, first: float = 20, max_tokens: int = 100) -> str:
    model = LanguageModel([server.url], first_token_timeout=first, max_tokens=max_tokens, patience=0)
    try:
        async with asyncio.timeout(10):
            return "".join([piece async for piece in model.stream(QUESTION) if isinstance(piece, str)])
    finally:
        await model.close()


async def test_empty_words_are_silence(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("",), endless=True, token_ms=20))
    with pytest.raises(ModelUnavailable, match=r"said nothing for 0\.5 s"):
        await said(server, first=0.5)
    assert await asyncio.to_thread(server.asked[0].wait) == "cancelled"


async def test_empty_words_in_mid_answer_are_silence(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("OK", *[""] * 1000), token_ms=20))
    model = LanguageModel([server.url], idle_timeout=0.3)
    async with asyncio.timeout(10):
        with pytest.raises(ModelUnavailable, match=r"said nothing for 0\.3 s"):
            [piece async for piece in model.stream(QUESTION)]
    await model.close()


async def test_thoughts_may_take_longer_than_silence(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("<think>", *["hm "] * 10, "</think>", "OK."), token_ms=60))
    assert await said(server, first=0.5) == "OK."


async def test_after_endless_thoughts_it_is_asked_for_an_answer_without(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("hm ",), fault="reasoning", endless=True, token_ms=20), Turn(text="OK."))
    assert await said(server, first=0.2) == "OK."
    assert await asyncio.to_thread(server.asked[0].wait) == "cancelled"


async def test_endless_words_end_where_no_answer_is_longer(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("word ",), endless=True, token_ms=1))
    assert 0 <= len(await said(server, max_tokens=10)) - 10 * TOKEN <= len("word ")
    assert await asyncio.to_thread(server.asked[0].wait) == "cancelled"


async def test_an_answer_ends_that_takes_too_long(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("word ",), endless=True, token_ms=20))
    async with httpx.AsyncClient() as http, asyncio.timeout(10):
        asked = ModelServer(
            f"{server.url}/v1", http, Terms(server.model, "none", 20, 20, 10_000, longest=0.3)
        )
        assert {piece async for piece in asked.stream(QUESTION)} == {"word "}


@pytest.mark.parametrize(
    "cost", [{"prompt_tokens": "a"}, {"prompt_tokens": 1, "completion_tokens": []}, [1], "free", 7]
)
async def test_nonsense_about_the_cost_spoils_no_answer(server: OpenAIServer, cost: object) -> None:
    server.script(Turn(text="OK.", cost=cost))
    assert await said(server) == "OK."
