"""What our client sends is what LMDeploy's own models of a request know, down to the last field."""

import importlib
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel

from rag.agent import Agent
from rag.llm import LanguageModel
from rag.material import Material
from tests.e2e.lmdeploy.lessons import EQUATION
from tests.e2e.lmdeploy.servers import needs_lmdeploy
from tests.fakes.openai_server import OpenAIServer, Turn
from tests.fakes.searcher import WordSearcher

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), needs_lmdeploy]

PICTURE = "data:image/png;base64,iVBORw0KGgo="
QUESTION: list[BaseMessage] = [SystemMessage("Be short."), HumanMessage("How do I install it?")]


@pytest.fixture(scope="module")
def known() -> type[BaseModel]:
    """LMDeploy's model of a request; importing it warns of much that is not ours."""
    with warnings.catch_warnings(action="ignore"):
        model: type[BaseModel] = importlib.import_module(
            "lmdeploy.serve.openai.protocol"
        ).ChatCompletionRequest
    return model


@pytest.fixture
async def sent() -> AsyncIterator[tuple[LanguageModel, OpenAIServer]]:
    with OpenAIServer() as server:
        model = LanguageModel([server.url])
        yield model, server
        await model.close()


def check(known: type[BaseModel], server: OpenAIServer, count: int) -> list[dict[str, Any]]:
    """The bodies that the server got; a field that is not known, at any depth, would not come back."""
    bodies = [asked.body for asked in server.asked]
    assert len(bodies) == count
    for body in bodies:
        assert known.model_validate(body).model_dump(exclude_unset=True, by_alias=True) == body
    return bodies


async def test_a_streamed_question(known: type[BaseModel], sent: tuple[LanguageModel, OpenAIServer]) -> None:
    model, server = sent
    server.script(Turn(fault="reasoning"))
    assert [piece async for piece in model.stream(QUESTION)]
    _, again = check(known, server, 2)
    assert again["chat_template_kwargs"] == {"enable_thinking": False}


async def test_a_question_that_is_not_streamed(
    known: type[BaseModel], sent: tuple[LanguageModel, OpenAIServer]
) -> None:
    model, server = sent
    assert await model.complete(QUESTION, max_tokens=100)
    check(known, server, 1)


async def test_a_question_with_a_picture(
    known: type[BaseModel], sent: tuple[LanguageModel, OpenAIServer]
) -> None:
    model, server = sent
    parts: list[str | dict[Any, Any]] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]
    assert await model.complete([HumanMessage(parts)])
    [body] = check(known, server, 1)
    assert body["messages"][0]["content"] == parts


async def test_an_agents_questions(known: type[BaseModel], sent: tuple[LanguageModel, OpenAIServer]) -> None:
    model, server = sent
    server.script(Turn(tool=("solve_equation", '{"equations": "2x+3=10"}')), Turn("x = 3.5"))
    agent = Agent(model, WordSearcher(), (), "Camp")
    assert [aided async for aided in agent.stream(Material(EQUATION))]
    first, second = check(known, server, 2)
    assert first["tools"]
    assert [message["role"] for message in second["messages"][-2:]] == ["assistant", "tool"]
