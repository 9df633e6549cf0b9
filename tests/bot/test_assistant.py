"""One message, one growing reply, whatever happens."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Reply, Sender
from bot.assistant import QUESTION_LIMIT, Assistant
from bot.commands import Commands
from bot.settings import Course, SourceConfig
from memory.base import Turn
from memory.client import connect
from memory.history import RedisHistory
from memory.votes import RedisVotes
from rag.types import IndexUnavailable
from tests.fakes.course_answers import PAGE, EchoAnswers

COURSE = Course(folder=Path(), sources=(SourceConfig(kind="files", path=Path("docs")),))
NOWHERE = "unix:///nowhere/redis.sock"


class BrokenHistory:
    """Fails in a way that nobody has thought of."""

    async def load(self, conversation: str) -> list[Turn]:
        raise ZeroDivisionError

    async def append(self, conversation: str, turn: Turn) -> None: ...

    async def clear(self, conversation: str) -> None: ...


def message(text: str, id: str = "web:1", who: str = "web:ann") -> Message:
    return Message(id, Conversation("web", "c1"), Sender(who), text, datetime(2026, 11, 22, tzinfo=UTC))


def assistant(client: Redis, answers: EchoAnswers) -> Assistant:
    history = RedisHistory(client)
    return Assistant(answers, history, Commands("Sample", history, RedisVotes(client)), COURSE)


async def said(assistant: Assistant, message: Message) -> list[Reply]:
    return [reply async for reply in assistant.replies(message)]


async def test_a_reply_grows_and_ends_with_its_sources_and_buttons(client: Redis) -> None:
    replies = await said(assistant(client, EchoAnswers()), message("how to quantise"))
    assert [reply.text for reply in replies][-3:] == [
        "You asked: how",
        "You asked: how to",
        "You asked: how to quantise",
    ]
    assert [reply.final for reply in replies] == [False] * (len(replies) - 1) + [True]
    assert replies[-1].sources == (PAGE,)
    assert [button.command for button in replies[-1].buttons] == [
        "/feedback up web:1",
        "/feedback down web:1",
    ]


async def test_something_is_shown_before_the_first_word(client: Redis) -> None:
    replies = await said(assistant(client, EchoAnswers()), message("怎么量化"))
    assert replies[0].text == "正在查资料…"


async def test_the_next_question_comes_with_the_ones_before(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await said(bot, message("first", "web:1"))
    await said(bot, message("second", "web:2"))
    assert answers.asked[-1] == ("second", ["first"])


async def test_another_persons_questions_are_not_seen(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await said(bot, message("my secret", who="web:ann"))
    await said(bot, message("hello there", who="web:bob"))
    assert answers.asked[-1] == ("hello there", [])


async def test_new_forgets_the_conversation(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await said(bot, message("first", "web:1"))
    await said(bot, message("/新对话", "web:2"))
    await said(bot, message("second", "web:3"))
    assert answers.asked[-1] == ("second", [])


async def test_a_vote_is_stored_for_the_person(client: Redis) -> None:
    [reply] = await said(assistant(client, EchoAnswers()), message("/feedback up web:7"))
    assert reply.final
    assert await RedisVotes(client).by("web:ann", ["web:7"]) == {"web:7": "up"}


@pytest.mark.parametrize("text", ["/help", "／帮助", " /HELP "])
async def test_help_lists_the_commands(client: Redis, text: str) -> None:
    [reply] = await said(assistant(client, EchoAnswers()), message(text))
    assert "/new" in reply.text


async def test_an_unknown_command_points_to_help(client: Redis) -> None:
    [reply] = await said(assistant(client, EchoAnswers()), message("/foo"))
    assert "/help" in reply.text


async def test_a_question_may_begin_with_a_path(client: Redis) -> None:
    answers = EchoAnswers()
    await said(assistant(client, answers), message("/root 满了怎么办"))
    assert answers.asked == [("/root 满了怎么办", [])]


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\ufeff", "\ud83d"])
async def test_nothing_to_read_gets_a_sentence(client: Redis, text: str) -> None:
    [reply] = await said(assistant(client, EchoAnswers()), message(text))
    assert reply.final
    assert reply.text


async def test_a_question_that_is_too_long_gets_a_sentence_with_the_limit(client: Redis) -> None:
    [reply] = await said(assistant(client, EchoAnswers()), message("x" * 50_000))
    assert str(QUESTION_LIMIT) in reply.text


async def test_invisible_characters_and_half_pairs_are_dropped(client: Redis) -> None:
    answers = EchoAnswers()
    await said(assistant(client, answers), message("lm\u200bdep\ud83dloy"))
    assert answers.asked == [("lmdeploy", [])]


async def test_without_evidence_it_says_so_in_the_askers_language(client: Redis) -> None:
    bot = assistant(client, EchoAnswers("no_evidence"))
    assert "没有找到" in (await said(bot, message("今天吃什么")))[-1].text
    assert "found nothing" in (await said(bot, message("what is for lunch")))[-1].text


async def test_a_pressed_button_is_answered_in_the_language_of_the_conversation(client: Redis) -> None:
    bot = assistant(client, EchoAnswers())
    await said(bot, message("how to quantise"))
    assert (await said(bot, message("/feedback up web:1", "web:2")))[-1].text == "Thank you, noted."
    await said(bot, message("怎么量化", "web:3"))
    assert "谢谢" in (await said(bot, message("/feedback up web:3", "web:4")))[-1].text


async def test_a_missing_index_is_a_sentence(client: Redis) -> None:
    replies = await said(
        assistant(client, EchoAnswers(fails_with=IndexUnavailable("x"))), message("怎么量化")
    )
    assert "索引" in replies[-1].text
    assert replies[-1].final


async def test_whatever_breaks_the_asker_hears_a_sentence_and_no_trace(client: Redis) -> None:
    replies = await said(
        assistant(client, EchoAnswers(fails_with=ZeroDivisionError("secret"))), message("hello you")
    )
    assert replies[-1].final
    assert "Sorry" in replies[-1].text
    assert "secret" not in replies[-1].text


async def test_a_memory_that_breaks_leaves_even_a_command_with_a_sentence(client: Redis) -> None:
    bot = Assistant(
        EchoAnswers(), BrokenHistory(), Commands("Sample", BrokenHistory(), RedisVotes(client)), COURSE
    )
    assert "Sorry" in (await said(bot, message("/help")))[-1].text


async def test_without_memory_it_still_answers() -> None:
    client = connect(NOWHERE)
    replies = await said(assistant(client, EchoAnswers()), message("how to quantise"))
    assert replies[-1].text == "You asked: how to quantise"
    await client.aclose()
