"""The bot's model client and the bot itself against LMDeploy's own api_server."""

import asyncio
from contextlib import aclosing

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

from rag.agent import Agent, Aided
from rag.llm import LanguageModel
from rag.material import Material
from rag.tools import Toolbox
from rag.types import ModelUnavailable, PromptTooLong, Usage
from tests.e2e.command_line import CommandLine
from tests.e2e.lmdeploy.lessons import ENDLESS, EQUATION, KNOWN, SOLVED
from tests.e2e.lmdeploy.servers import CONTEXT, KEY, MODEL, Server, needs_lmdeploy
from tests.fakes.searcher import WordSearcher

# The first test pays for the server's start.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), needs_lmdeploy]

FAILED, GENERATED = "lmdeploy:num_requests_failed", "lmdeploy:generation_tokens_total"
TOO_LONG = "字" * CONTEXT


def asked(text: str) -> list[BaseMessage]:
    return [SystemMessage("You are the assistant of a course."), HumanMessage(text)]


async def test_an_answer_is_streamed_and_its_cost_told(model: LanguageModel) -> None:
    *pieces, usage = [piece async for piece in model.stream(asked("你好"))]
    assert len(pieces) > 1
    assert "".join(map(str, pieces)) == KNOWN["你好"]
    assert isinstance(usage, Usage)
    assert usage.prompt > usage.completion > len(pieces) // 2


# Before any request that fails: the server counts those anew every ten seconds only.
async def test_a_closed_stream_ends_the_work_on_the_server(model: LanguageModel, server: Server) -> None:
    failed, made = server.counted(FAILED), server.counted(GENERATED)
    async with aclosing(model.stream(asked(ENDLESS))) as pieces:
        await anext(pieces)
    while await asyncio.to_thread(server.counted, FAILED) == failed:
        pass
    assert server.counted(GENERATED) - made < 500


async def test_an_answer_comes_whole(model: LanguageModel) -> None:
    assert await model.complete(asked("你好")) == KNOWN["你好"]


async def test_a_wrong_key_is_refused_and_named(server: Server) -> None:
    assert "LLM_API_KEY" in await problem(LanguageModel([server.url], api_key="wrong", patience=0))


async def test_an_unknown_model_is_named(server: Server) -> None:
    assert "LLM_MODEL" in await problem(LanguageModel([server.url], "internlm", KEY, patience=0))


async def problem(model: LanguageModel) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        [piece async for piece in model.stream(asked("你好"))]
    await model.close()
    return str(caught.value)


async def test_a_server_that_works_has_no_problem(model: LanguageModel) -> None:
    assert [trouble for _, trouble in await model.reachable()] == [""]


async def test_what_is_over_the_context_is_counted_by_the_server(model: LanguageModel) -> None:
    # The session's length stands nowhere but in a refusal.
    with pytest.raises(PromptTooLong):
        [piece async for piece in model.stream(asked(TOO_LONG))]
    assert await model.excess(asked(TOO_LONG)) > CONTEXT
    assert await model.excess(asked("你好")) == 0


async def test_a_tool_is_called(model: LanguageModel) -> None:
    toolbox = Toolbox(WordSearcher())
    async with model.borrowed() as chat:
        bound = chat.bind_tools(toolbox.tools())
        messages = asked(EQUATION)
        answer = await bound.ainvoke(messages)
        [call] = answer.tool_calls
        assert (call["name"], call["args"]) == ("solve_equation", {"equations": "2x+3=10"})
        told = ToolMessage(await toolbox.solve_equation(**call["args"]), tool_call_id=call["id"])
        assert (await bound.ainvoke([*messages, answer, told])).text == SOLVED


async def test_the_agent_answers_with_a_tool(model: LanguageModel) -> None:
    agent = Agent(model, WordSearcher(), (), "测试课")
    growing = [aided async for aided in agent.stream(Material(EQUATION))]
    assert growing[-1] == Aided(SOLVED, final=True, usage=growing[-1].usage)


def test_a_question_is_answered_out_of_the_course(indexed: CommandLine, server: Server) -> None:
    question = "LMDeploy 怎么量化模型"
    answer = indexed("ask", question, "--json", LLM_BASE_URLS=server.url, LLM_API_KEY=KEY).json
    assert answer["outcome"] == "answered"
    assert answer["answer"].strip()
    assert answer["sources"]


def test_doctor_finds_the_model(indexed: CommandLine, server: Server) -> None:
    told = indexed("doctor", LLM_BASE_URLS=server.url, LLM_MODEL=MODEL, LLM_API_KEY=KEY).out
    assert server.url in told
