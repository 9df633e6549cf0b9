"""Messages of one conversation are answered in order, those of different ones at once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.dispatch import Dispatcher
from memory.base import Fact, History, MemoryUnavailable, Turn
from memory.history import RedisHistory
from rag.types import NO_PAST, Answer, Past
from tests.fakes import staffed
from tests.fakes.board import Board


class GatedAnswers:
    """Answers a question once its gate is opened."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.begun: list[str] = []

    async def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]:
        self.begun.append(question)
        if question in self.gates:
            await self.gates[question].wait()
        yield Answer(question, (), "answered", question, final=True)


class FullHistory(RedisHistory):
    """There is no room for another turn."""

    async def append(
        self, conversation: str, turn: Turn, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None:
        raise MemoryUnavailable("full")


def message(text: str, chat: str) -> Message:
    sent_at = datetime(2026, 11, 22, tzinfo=UTC)
    return Message(f"{chat}:{text}", Conversation("board", chat), Sender("ann"), text, sent_at)


def dispatcher(
    client: Redis, answers: GatedAnswers, board: Board, history: History | None = None
) -> Dispatcher:
    history = history or RedisHistory(client)
    assistant = staffed.assistant(client, answers, history=history)
    return Dispatcher(assistant, history, {"board": board}, staffed.besides(client))


async def test_the_second_waits_for_the_first_of_its_conversation_and_for_no_other(client: Redis) -> None:
    answers, board = GatedAnswers(), Board()
    answers.gates["first"] = asyncio.Event()
    bot = dispatcher(client, answers, board)
    for text, chat in [("first", "a"), ("second", "a"), ("other", "b")]:
        await bot.accept(message(text, chat))
    assert await board.shown.get() == "other"
    assert "second" not in answers.begun
    answers.gates["first"].set()
    assert [await board.shown.get(), await board.shown.get()] == ["first", "second"]


async def test_a_reply_that_cannot_be_shown_stops_nothing(client: Redis) -> None:
    board = Board()
    bot = dispatcher(client, GatedAnswers(), board)
    await bot.accept(message("refuse", "a"))
    await bot.accept(message("next", "a"))
    assert await board.shown.get() == "next"


async def test_closing_lets_answers_end_and_cancels_those_that_hang(client: Redis) -> None:
    answers, board = GatedAnswers(), Board()
    answers.gates["hangs"] = asyncio.Event()
    bot = dispatcher(client, answers, board)
    await bot.accept(message("hangs", "a"))
    await bot.accept(message("ends", "b"))
    await bot.close(within=0.5)
    assert board.shown.get_nowait() == "ends"
    assert board.shown.empty()


async def test_a_turn_is_remembered_before_its_answer_is_shown(client: Redis) -> None:
    board = Board()
    await dispatcher(client, GatedAnswers(), board).accept(message("how", "a"))
    assert await board.shown.get() == "how"
    [turn] = (await RedisHistory(client).load("board:a::ann")).turns
    assert (turn.message_id, turn.question, turn.answer) == ("a:how", "how", "how")


async def test_a_reply_is_shown_under_its_messages_id(client: Redis) -> None:
    board = Board()
    await dispatcher(client, GatedAnswers(), board).accept(message("how", "a"))
    await board.shown.get()
    assert [delivery.key for delivery in board.deliveries] == ["a:how"]


async def test_an_answer_that_cannot_be_remembered_is_shown(client: Redis) -> None:
    board = Board()
    await dispatcher(client, GatedAnswers(), board, FullHistory(client)).accept(message("how", "a"))
    assert await board.shown.get() == "how"
