"""The language model against a real server that breaks in every way we know of."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from langchain.agents import create_agent
from langchain_core.messages import BaseMessage, HumanMessage

from rag.llm import LanguageModel
from rag.types import Interrupted, ModelUnavailable, Usage
from tests.fakes.openai_server import OpenAIServer, Turn
from tests.fakes.openai_words import DEAD_NODE

QUESTION: list[BaseMessage] = [HumanMessage("How do I install it?")]
TEN = tuple(f"t{number} " for number in range(10))


@asynccontextmanager
async def opened(
    *urls: str, name: str = "", key: str = "", first: float = 20, idle: float = 20
) -> AsyncIterator[LanguageModel]:
    model = LanguageModel(urls, name, key, first_token_timeout=first, idle_timeout=idle, patience=0)
    try:
        yield model
    finally:
        await model.close()


async def said(model: LanguageModel) -> list[str]:
    return [piece async for piece in model.stream(QUESTION) if isinstance(piece, str)]


async def problem(*urls: str, name: str = "", key: str = "", first: float = 20) -> str:
    async with opened(*urls, name=name, key=key, first=first) as model:
        with pytest.raises(ModelUnavailable) as caught:
            await said(model)
    return str(caught.value)


def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


async def test_text_comes_as_the_server_sends_it(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN))
    async with opened(server.url) as model:
        assert tuple(await said(model)) == TEN


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_the_version_in_the_url_is_optional(server: OpenAIServer, ending: str) -> None:
    async with opened(server.url + ending) as model:
        assert await model.complete(QUESTION) == "OK."


async def test_without_a_name_the_servers_first_model_is_asked(server: OpenAIServer) -> None:
    async with opened(server.url) as model:
        await said(model)
    assert server.asked[0].body["model"] == server.model


async def test_auxiliary_calls_are_not_streamed(server: OpenAIServer) -> None:
    async with opened(server.url) as model:
        assert await model.complete(QUESTION) == "OK."
        await said(model)
    assert [asked.body["stream"] for asked in server.asked] == [False, True]


FAULTS = {
    "HTTP 500": Turn(status=500),
    "overloaded": Turn(status=429),
    "no answer": Turn(body=DEAD_NODE),
    "empty": Turn(text=""),
    "hung up": Turn(tokens=TEN, fault="cut", sound=0),
    "no answer ": Turn(tokens=TEN, fault="garbage", sound=0),
    "broke off": Turn(tokens=TEN, fault="unfinished", sound=0),
    "error_code": Turn(tokens=TEN, fault="dead_node", sound=0),
    "internal server error": Turn(tokens=TEN, fault="error", sound=0),
}


@pytest.mark.parametrize("fault", FAULTS.items(), ids=lambda fault: fault[0])
async def test_a_fault_names_the_server_and_the_reason(server: OpenAIServer, fault: tuple[str, Turn]) -> None:
    server.script(fault[1], fault[1])
    sentence = await problem(server.url)
    assert server.url in sentence
    assert fault[0].strip() in sentence


MIDWAY = {
    "hung up": Turn(tokens=TEN, fault="cut"),
    "no answer": Turn(tokens=TEN, fault="garbage"),
    "broke off": Turn(tokens=TEN, fault="unfinished"),
    "broke off ": Turn(tokens=TEN, finish="error"),
    "error_code": Turn(tokens=TEN, fault="dead_node"),
    "internal server error": Turn(tokens=TEN, fault="error"),
}


@pytest.mark.parametrize("fault", MIDWAY.items(), ids=lambda fault: fault[0])
async def test_a_fault_in_mid_answer_is_not_tried_elsewhere(
    server: OpenAIServer, fault: tuple[str, Turn]
) -> None:
    server.script(fault[1])
    got: list[str] = []

    async def listen(model: LanguageModel) -> None:
        async for piece in model.stream(QUESTION):
            got.append(str(piece))

    async with opened(server.url, server.url) as model:
        with pytest.raises(Interrupted, match=fault[0].strip()):
            await listen(model)
    assert tuple(got[:3]) == TEN[:3]
    assert len(server.asked) == 1


async def test_after_a_fault_in_mid_answer_the_next_question_goes_elsewhere(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN, fault="cut"))
    with OpenAIServer() as other:
        async with opened(server.url, other.url) as model:
            with pytest.raises(ModelUnavailable):
                await said(model)
            assert await said(model)
    assert (len(server.asked), len(other.asked)) == (1, 1)


async def test_a_server_that_hangs_is_given_up(server: OpenAIServer) -> None:
    server.script(Turn(fault="hang"))
    assert "said nothing for 1 s" in await problem(server.url, name=server.model, first=1)
    assert await asyncio.to_thread(server.asked[0].wait) == "cancelled"


async def test_a_stream_that_stalls_is_given_up(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN, fault="stall"))
    async with opened(server.url, idle=0.1) as model:
        stream = model.stream(QUESTION)
        assert await anext(stream) == "t0 "
        with pytest.raises(ModelUnavailable, match="said nothing for"):
            [text async for text in stream]


@pytest.mark.parametrize(
    "turn", [Turn(status=500), Turn(text=""), Turn(fault="dead_node"), Turn(fault="hang")]
)
async def test_unstreamed_faults_are_the_same_error(server: OpenAIServer, turn: Turn) -> None:
    server.script(turn, turn)
    hangs = turn.fault == "hang"
    async with opened(server.url, first=0.1 if hangs else 20, idle=0.1 if hangs else 20) as model:
        with pytest.raises(ModelUnavailable, match=server.url):
            await model.complete(QUESTION)


async def test_a_wrong_key_names_its_setting() -> None:
    with OpenAIServer(key="right") as server:
        assert "LLM_API_KEY" in await problem(server.url, key="wrong")
        assert "LLM_API_KEY" in await problem(server.url, name="internlm")
        async with opened(server.url, key="right") as model:
            assert await said(model)


async def test_an_unknown_model_names_its_setting(server: OpenAIServer) -> None:
    assert "LLM_MODEL" in await problem(server.url, name="gpt")


async def test_a_password_in_the_url_is_not_told() -> None:
    assert "secret" not in await problem(nobody().replace("//", "//user:secret@"))


async def test_every_server_tried_is_named() -> None:
    first, second = nobody(), nobody()
    sentence = await problem(first, second, "no url")
    assert first in sentence
    assert second in sentence
    assert "no url" in sentence


async def test_the_next_server_answers_for_a_dead_one_and_is_asked_first_from_then_on(
    server: OpenAIServer,
) -> None:
    async with opened(nobody(), server.url) as model:
        assert "".join(await said(model)) == "OK."
        assert await model.complete(QUESTION) == "OK."


async def test_a_server_with_a_fault_is_left_for_the_next(server: OpenAIServer) -> None:
    server.script(Turn(status=500), Turn(body=DEAD_NODE), Turn(text="at last"))
    async with opened(server.url, server.url, server.url) as model:
        assert "".join(await said(model)) == "at last"


async def test_an_answer_taken_for_thoughts_is_asked_for_without_thinking(server: OpenAIServer) -> None:
    server.script(*2 * (Turn(text="the answer", fault="reasoning"),))
    async with opened(server.url) as model:
        assert "".join(await said(model)) == "the answer"


async def test_thoughts_said_aloud_are_left_out(server: OpenAIServer) -> None:
    thoughts = Turn(tokens=("<thi", "nk>", "hm [1]", "</th", "ink>\n\n", "Do ", "this."))
    server.script(thoughts, thoughts)
    async with opened(server.url) as model:
        assert await said(model) == ["Do ", "this."]
        assert await model.complete(QUESTION) == "Do this."


async def test_closing_the_stream_ends_the_request(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN * 100, token_ms=5))
    async with opened(server.url) as model, aclosing(model.stream(QUESTION)) as texts:
        await anext(texts)
    assert await asyncio.to_thread(server.asked[0].wait) == "cancelled"


async def test_cancelling_while_nothing_comes_ends_the_request(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN, fault="stall"))
    async with opened(server.url) as model:
        task = asyncio.create_task(said(model))
        while not server.asked:
            await asyncio.wait({task}, timeout=0.01)
        task.cancel()
        await asyncio.wait({task})
    assert await asyncio.to_thread(server.asked[0].wait) == "cancelled"


async def test_the_doctor_hears_what_is_wrong_with_each_server(server: OpenAIServer) -> None:
    dead = nobody()
    async with opened(server.url, dead, name="internlm") as model:
        (good, nothing), (bad, why) = await model.reachable()
    assert (good, nothing) == (f"{server.url}/v1", "")
    assert bad == f"{dead}/v1"
    assert "cannot be reached" in why
    assert why.startswith(bad)


async def test_the_doctor_hears_of_a_model_that_is_not_served(server: OpenAIServer) -> None:
    async with opened(server.url, name="gpt") as model:
        [(_, why)] = await model.reachable()
    assert "serves internlm, not 'gpt'" in why
    assert "LLM_MODEL" in why


async def test_a_hundred_streams_hold_up_no_other(server: OpenAIServer) -> None:
    server.script(*(Turn(tokens=TEN, fault="stall") for _ in range(101)))
    async with opened(server.url) as model:
        streams = [model.stream(QUESTION) for _ in range(101)]
        assert await asyncio.gather(*map(anext, streams)) == ["t0 "] * 101
        await asyncio.gather(*(stream.aclose() for stream in streams))


async def test_what_an_answer_cost_comes_last(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN, cached=4))
    async with opened(server.url) as model:
        pieces = [piece async for piece in model.stream(QUESTION)]
    assert pieces[-1] == Usage(prompt=7, completion=10, cached=4)
    assert all(isinstance(piece, str) for piece in pieces[:-1])


async def test_a_server_that_minds_being_asked_for_the_cost_is_asked_without_it(server: OpenAIServer) -> None:
    server.tells_cost = False
    async with opened(server.url) as model:
        assert "".join(await said(model)) == "OK."
        assert "".join(await said(model)) == "OK."
    assert (len(server.asked), server.refusals) == (2, 1)


async def test_busy_servers_share_the_load(server: OpenAIServer) -> None:
    endless = [Turn(tokens=TEN, fault="stall")] * 6
    server.script(*endless)
    with OpenAIServer() as other:
        other.script(*endless)
        async with opened(server.url, other.url) as model:
            streams = [model.stream(QUESTION) for _ in range(6)]
            for stream in streams:
                await anext(stream)
            assert (len(server.asked), len(other.asked)) == (3, 3)
            await asyncio.gather(*(stream.aclose() for stream in streams))


async def test_an_idle_pair_keeps_to_the_one_that_answered_last(server: OpenAIServer) -> None:
    server.script(Turn(tokens=TEN, fault="stall"))
    with OpenAIServer() as other:
        async with opened(server.url, other.url) as model:
            async with aclosing(model.stream(QUESTION)) as long:
                await anext(long)
                await said(model)
            await said(model)
        assert (len(server.asked), len(other.asked)) == (1, 2)


async def test_auxiliary_calls_may_be_kept_short(server: OpenAIServer) -> None:
    async with opened(server.url) as model:
        await model.complete(QUESTION, max_tokens=16)
    assert server.asked[0].body["max_completion_tokens"] == 16


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


async def test_an_agent_works_with_a_borrowed_client(server: OpenAIServer) -> None:
    server.script(Turn(tool=("double", '{"number": 21}')), Turn(text="It is 42."))
    async with opened(server.url) as model, model.borrowed() as chat:
        done = await create_agent(chat, [double]).ainvoke({"messages": [HumanMessage("Twice 21?")]})
    assert done["messages"][-2].content == "42"
    assert done["messages"][-1].content == "It is 42."


async def test_a_borrowed_clients_trouble_is_a_model_that_is_unavailable(server: OpenAIServer) -> None:
    server.script(Turn(status=500))
    with OpenAIServer() as other:
        async with opened(server.url, other.url) as model:
            with pytest.raises(ModelUnavailable, match="HTTP 500"):
                async with model.borrowed() as chat:
                    await chat.ainvoke(QUESTION)
            await said(model)
        assert len(other.asked) == 1
