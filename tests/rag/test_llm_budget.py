"""What fits into the model's context, and what is said of what does not."""

from contextlib import aclosing

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from rag.budget import estimated
from rag.faults import Overflow, error_in_stream
from rag.llm import LanguageModel
from rag.types import PromptTooLong
from tests.fakes.openai_server import OpenAIServer


def prompt(words: int) -> list[BaseMessage]:
    return [SystemMessage("Answer."), HumanMessage("word " * words)]


async def excess(server: OpenAIServer, messages: list[BaseMessage], max_tokens: int = 100) -> int:
    model = LanguageModel([server.url], max_tokens=max_tokens)
    try:
        return await model.excess(messages)
    finally:
        await model.close()


async def test_a_prompt_over_the_limit_is_told_by_how_much(server: OpenAIServer) -> None:
    server.context, server.tells_context = 1000, True
    assert await excess(server, prompt(1000)) == pytest.approx(100, abs=30)


async def test_a_short_prompt_costs_no_round_trip(server: OpenAIServer) -> None:
    server.context, server.tells_context = 1000, True
    assert await excess(server, prompt(100)) == 0
    assert not server.encoded


async def test_a_prompt_near_the_limit_is_counted_by_the_server(server: OpenAIServer) -> None:
    server.context, server.tells_context = 1000, True
    assert await excess(server, prompt(500)) == 0
    assert len(server.encoded) == 1


async def test_where_the_server_cannot_count_it_is_estimated(server: OpenAIServer) -> None:
    server.context, server.tells_context, server.encodes = 1000, True, False
    assert await excess(server, prompt(1000)) == pytest.approx(530, abs=30)


async def test_a_server_that_cannot_count_is_not_asked_again(server: OpenAIServer) -> None:
    server.context, server.tells_context, server.encodes = 1000, True, False
    model = LanguageModel([server.url], max_tokens=100)
    await model.excess(prompt(1000))
    server.encodes = True
    await model.excess(prompt(1000))
    await model.close()
    assert not server.encoded


async def test_nobody_knows_the_limit_until_the_server_refuses(server: OpenAIServer) -> None:
    server.context = 1000
    model = LanguageModel([server.url], max_tokens=100)
    assert await model.excess(prompt(2000)) == 0
    with pytest.raises(PromptTooLong, match="1000"):
        await anext(model.stream(prompt(2000)))
    assert await model.excess(prompt(2000)) > 1000
    await model.close()


async def test_a_prompt_too_long_is_no_fault_of_the_server(server: OpenAIServer) -> None:
    server.context = 1000
    model = LanguageModel([server.url])
    with pytest.raises(PromptTooLong):
        await model.complete(prompt(2000))
    async with aclosing(model.stream(prompt(1))) as pieces:
        assert isinstance(await anext(pieces), str)
    await model.close()


async def test_a_small_context_is_halved_between_prompt_and_answer(server: OpenAIServer) -> None:
    server.context, server.tells_context = 1000, True
    assert await excess(server, prompt(500), max_tokens=5000) == pytest.approx(16, abs=10)


async def test_images_are_not_counted_as_letters(server: OpenAIServer) -> None:
    server.context, server.tells_context = 4000, True
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    assert await excess(server, [HumanMessage([{"type": "text", "text": "What?"}, picture])]) == 0


async def test_a_server_that_is_down_says_nothing_of_its_limit(server: OpenAIServer) -> None:
    server.fail("error")
    assert await excess(server, prompt(100_000)) == 0


def test_chinese_is_about_a_token_a_character() -> None:
    assert estimated("模型部署") == 4
    assert estimated("deployment ") == 3


REFUSALS = {
    "Input length (9000) must be smaller than the model context length (8192).": 8192,
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.": 4096,
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096.": 4096,
    "the request exceeds the available context size (2048 tokens), try increasing it": 2048,
    "The request exceeds the model context length.": 0,
}


@pytest.mark.parametrize("told", REFUSALS.items(), ids=lambda told: str(told[1]))
def test_servers_tell_their_limit_in_many_words(told: tuple[str, int]) -> None:
    fault = error_in_stream({"message": told[0], "code": 400})
    assert isinstance(fault, Overflow)
    assert fault.length == told[1]


def test_openai_tells_it_by_a_code() -> None:
    assert isinstance(error_in_stream({"message": "No.", "code": "context_length_exceeded"}), Overflow)
