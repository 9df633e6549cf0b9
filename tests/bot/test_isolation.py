"""No conversation sees another's: what is said in one place reaches no model and no reply in another."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.assistant import Assistant
from bot.course import Course, FilesConfig, Group
from memory.history import RedisHistory
from rag.chain import AnswerChain
from rag.llm import LanguageModel
from tests.fakes import staffed
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.searcher import WordSearcher, passage

COURSE = Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path("docs")),))
SHARED = COURSE.model_copy(update={"groups": {"default": Group(memory="chat")}})
PASSAGE = passage("显卡", "显卡要有 24 GB 显存才能跑 7B。系统用 Ubuntu。")
ANN, BOB = "board:ann", "board:bob"

Place = tuple[str, str, Literal["group", "direct"], str]
PLACES: dict[str, Place] = {
    "CANARY-DIRECT": (ANN, "ann", "direct", ""),
    "CANARY-GROUP": (ANN, "room", "group", ""),
    "CANARY-TOPIC": (ANN, "room", "group", "topic"),
    "CANARY-OTHER": (ANN, "hall", "group", ""),
    "CANARY-BOB": (BOB, "room", "group", ""),
    "CANARY-ROB": (BOB, "bob", "direct", ""),
}
ASKING = ("我的显卡能跑 20B 吗？", "你还记得我的显卡是什么吗？", "那显存呢", "/mydata", "/sources")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def message(place: Place, text: str, number: int) -> Message:
    who, chat, kind, thread = place
    id = f"board:{chat}:{thread}:{who}:{number}"
    return Message(id, Conversation("board", chat, kind, thread), Sender(who), text, datetime.now(UTC))


async def said(client: Redis, bot: Assistant, message: Message) -> str:
    steps = [step async for step in bot.steps(message)]
    if (kept := steps[-1].kept) is not None:
        await RedisHistory(client).append(bot.key(message), kept.turn, kept.facts, kept.epoch)
    return steps[-1].reply.text


def assistant(client: Redis, model: LanguageModel | None, course: Course) -> Assistant:
    return staffed.assistant(client, AnswerChain(WordSearcher(PASSAGE), model, "Camp"), course)


async def planted(client: Redis, bot: Assistant, places: dict[str, Place]) -> dict[str, str]:
    """What everyone is told who asks after all have said something of themselves, by their own canary."""
    for number, (canary, place) in enumerate(places.items()):
        await said(client, bot, message(place, f"我的显卡是 {canary}，能跑 7B 吗？", number))
    return {
        canary: "\n".join(
            [await said(client, bot, message(place, text, n)) for n, text in enumerate(ASKING, 50)]
        )
        for canary, place in places.items()
    }


@pytest.mark.parametrize("worded", [True, False])
async def test_nobody_is_told_what_was_said_elsewhere(
    client: Redis, server: OpenAIServer, worded: bool
) -> None:
    model = LanguageModel([server.url]) if worded else None
    replies = await planted(client, assistant(client, model, COURSE), PLACES)
    for own, text in replies.items():
        # Who asks alone for all that is held of them gets all of it.
        allowed = {canary for canary, place in PLACES.items() if place[0] == PLACES[own][0]}
        private = PLACES[own][2] == "direct"
        assert {canary for canary in PLACES if canary in text} <= (allowed if private else {own})
    for asked in server.asked:
        assert sum(canary in str(asked.messages) for canary in PLACES) <= 1
    if model:
        assert any("CANARY" in str(asked.messages) for asked in server.asked)
        await model.close()


async def test_a_group_with_one_memory_still_keeps_each_persons_facts_apart(
    client: Redis, server: OpenAIServer
) -> None:
    model = LanguageModel([server.url])
    places = {canary: place for canary, place in PLACES.items() if place[1] != "hall"}
    await planted(client, assistant(client, model, SHARED), places)
    for asked in server.asked:
        _, _, told = asked.messages[-1]["content"].partition("<student>")
        told = told.partition("</student>")[0]
        assert not ("CANARY-BOB" in told and ("CANARY-GROUP" in told or "CANARY-TOPIC" in told))
        assert "CANARY-DIRECT" not in str(asked.messages) or "CANARY-GROUP" not in str(asked.messages)
    await model.close()
