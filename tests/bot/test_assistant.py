"""One message, one growing reply, whatever happens."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from redis.asyncio import Redis

from adapters.base import (
    AttachmentRefused,
    Conversation,
    File,
    Flaw,
    Image,
    Message,
    Reply,
    Sender,
    Unreadable,
)
from bot.assistant import QUESTION_LIMIT, Assistant, Step
from bot.course import Course, CourseInfo, FilesConfig, Group
from bot.gate import Gate
from bot.phrases import phrases
from memory.base import Fact, History, MemoryUnavailable, Quota, Refused, Remembered, Source, Turn
from memory.client import connect
from memory.history import RedisHistory
from memory.quota import RedisQuota
from memory.votes import RedisVotes
from rag.types import IndexUnavailable
from tests.fakes import staffed
from tests.fakes.course_answers import PAGE, EchoAnswers
from tests.fakes.quota import FixedQuota

COURSE = Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path("docs")),))
ASKED_AT = datetime(2026, 11, 22, tzinfo=UTC)
NOWHERE = "unix:///nowhere/redis.sock"


class BrokenHistory:
    """Fails in a way that nobody has thought of."""

    async def load(self, conversation: str, sender: str = "") -> Remembered:
        raise ZeroDivisionError

    async def older(self, conversation: str) -> list[Turn]:
        raise ZeroDivisionError

    async def append(
        self, conversation: str, turn: Turn, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None: ...

    async def unfolded(self, conversation: str) -> tuple[str, list[Turn], str]:
        raise ZeroDivisionError

    async def fold(
        self, conversation: str, epoch: str, summary: str, turns: Sequence[Turn], facts: Sequence[Fact] = ()
    ) -> bool:
        raise ZeroDivisionError

    async def clear(self, conversation: str) -> None: ...

    async def drop(self, conversation: str, sender: str, message_id: str) -> None: ...


def message(
    text: str, id: str = "web:1", who: str = "web:ann", kind: Literal["group", "direct"] = "direct"
) -> Message:
    return Message(id, Conversation("web", "c1", kind), Sender(who), text, ASKED_AT)


def assistant(
    client: Redis,
    answers: EchoAnswers,
    gate: Gate | None = None,
    quota: Quota | None = None,
    history: History | None = None,
    after: float = 0,
    course: Course = COURSE,
) -> Assistant:
    now = ASKED_AT + timedelta(seconds=after)
    gate = gate or Gate(1)
    return staffed.assistant(
        client, answers, course, history=history, gate=gate, quota=quota, now=lambda: now
    )


async def steps(assistant: Assistant, message: Message) -> list[Step]:
    return [step async for step in assistant.steps(message)]


async def said(assistant: Assistant, message: Message) -> list[Reply]:
    return [step.reply for step in await steps(assistant, message)]


async def talk(client: Redis, assistant: Assistant, *messages: Message) -> list[Reply]:
    """What is said to the last of these messages, each remembered before the next."""
    for message in messages:
        answered = await steps(assistant, message)
        if (kept := answered[-1].kept) is not None:
            key = assistant.key(message)
            await RedisHistory(client).append(key, kept.turn, kept.facts, kept.epoch)
    return [step.reply for step in answered]


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
        "/more web:1",
    ]


async def test_something_is_shown_before_the_first_word(client: Redis) -> None:
    replies = await said(assistant(client, EchoAnswers()), message("怎么量化"))
    assert replies[0].text == "正在查资料…"


async def test_a_reply_says_whether_there_is_anything_of_the_answer_yet(client: Redis) -> None:
    replies = await said(assistant(client, EchoAnswers()), message("how to quantise"))
    assert [one.pending for one in replies] == [one.text == "Looking it up…" for one in replies]
    assert replies[0].pending


async def test_the_next_question_comes_with_the_ones_before(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await talk(client, bot, message("first", "web:1"), message("second", "web:2"))
    assert answers.asked[-1] == ("second", ["first"])


async def test_the_final_step_of_an_answer_has_the_turn_to_be_remembered(client: Redis) -> None:
    *growing, final = await steps(assistant(client, EchoAnswers()), message(" how\u200b to "))
    assert not any(step.kept or step.reply.final for step in growing)
    source = Source(PAGE.title, PAGE.heading, PAGE.url, PAGE.revision)
    assert final.kept
    turn = replace(final.kept.turn, trace="")
    asked_at = ASKED_AT.timestamp()
    assert turn == Turn("web:1", "how to", "You asked: how to", asked_at, (source,), "web:ann")


async def test_a_question_that_is_answered_again_does_not_see_its_former_answer(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await talk(client, bot, *(message(text, id) for text, id in [("a", "1"), ("b", "2"), ("b, edited", "2")]))
    assert answers.asked[-1] == ("b, edited", ["a"])


async def test_another_persons_questions_are_not_seen(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await talk(client, bot, message("my secret", who="web:ann"), message("hello there", who="web:bob"))
    assert answers.asked[-1] == ("hello there", [])


async def test_new_forgets_the_conversation(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await talk(client, bot, message("first", "1"), message("/新对话", "2"), message("second", "3"))
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
    await talk(client, bot, message("how to quantise"))
    assert (await said(bot, message("/feedback up web:1", "web:2")))[-1].text == "Thank you, noted."
    await talk(client, bot, message("怎么量化", "web:3"))
    assert "谢谢" in (await said(bot, message("/feedback up web:3", "web:4")))[-1].text


@pytest.mark.parametrize("text", ["camp3-L2", "CUDA 11.8 + torch 2.1.2", "  File a.py\nValueError: bad"])
async def test_what_is_no_prose_is_answered_in_the_language_of_the_conversation(
    client: Redis, text: str
) -> None:
    bot = assistant(client, EchoAnswers("no_evidence"))
    await talk(client, bot, message("how do I quantise it"))
    assert "found nothing" in (await said(bot, message(text, "web:2")))[-1].text
    await talk(client, bot, message("怎么量化", "web:3"))
    assert "没有找到" in (await said(bot, message(text, "web:4")))[-1].text


async def test_where_several_share_a_memory_no_turn_holds_what_another_said(client: Redis) -> None:
    course = COURSE.model_copy(update={"groups": {"default": Group(memory="chat")}})
    bot = assistant(client, EchoAnswers(), course=course)
    for who in ("web:ann", "web:bob"):
        *_, final = await steps(bot, message("how", f"{who}:1", who, "group"))
        assert final.kept
        await RedisHistory(client).append(bot.key(message("", who=who, kind="group")), final.kept.turn)
    assert final.kept
    assert '"standalone":""' in final.kept.turn.trace


async def test_a_missing_index_is_a_sentence(client: Redis) -> None:
    replies = await said(
        assistant(client, EchoAnswers(fails_with=IndexUnavailable("x"))), message("怎么量化")
    )
    assert "索引" in replies[-1].text
    assert replies[-1].final


async def test_whatever_breaks_the_asker_hears_a_sentence_and_no_trace(client: Redis) -> None:
    bot = assistant(client, EchoAnswers(fails_with=ZeroDivisionError("secret")))
    final = (await steps(bot, message("hello you")))[-1]
    assert final.reply.final
    assert "Sorry" in final.reply.text
    assert "secret" not in final.reply.text
    assert final.error == "ZeroDivisionError: secret"


async def test_a_memory_that_breaks_leaves_even_a_command_with_a_sentence(client: Redis) -> None:
    bot = assistant(client, EchoAnswers(), history=BrokenHistory())
    [step] = await steps(bot, message("/help"))
    assert "Sorry" in step.reply.text
    assert step.error == "ZeroDivisionError: "


async def test_without_memory_it_still_answers() -> None:
    client = connect(NOWHERE)
    bot = assistant(client, EchoAnswers(), quota=FixedQuota(fails_with=MemoryUnavailable("down")))
    assert (await said(bot, message("how to quantise")))[-1].text == "You asked: how to quantise"
    await client.aclose()


async def test_a_question_is_counted_for_the_person_and_in_a_group_for_that_too(client: Redis) -> None:
    quota = FixedQuota()
    bot = assistant(client, EchoAnswers(), quota=quota)
    await said(bot, message("how", "1"))
    await said(bot, message("how", "2", kind="group"))
    assert quota.spent == [("1", "web:ann", ""), ("2", "web:ann", "web:c1")]


@pytest.mark.parametrize("text", ["/help", "/nothing", "", "x" * 50_000])
async def test_what_is_no_question_is_neither_counted_nor_kept_waiting(client: Redis, text: str) -> None:
    gate, quota = Gate(1), FixedQuota(Refused("day", 9, told=True))
    with gate.place("other"):
        [reply] = await said(assistant(client, EchoAnswers(), gate, quota), message(text))
    assert reply.final
    assert quota.spent == []


@pytest.mark.parametrize(
    ("refused", "chinese", "english"),
    [
        (Refused("minute", 11.2, told=False), ("6 个", "12 秒"), ("6 questions a minute", "12 seconds")),
        (Refused("day", 7300, told=True), ("100 个", "3 小时"), ("100 questions", "3 hours")),
        (Refused("day", 5400, told=False), ("100 个", "90 分钟"), ("100 questions", "90 minutes")),
        (Refused("group", 0.2, told=False), ("60 个", "1 秒"), ("60 questions a minute", "1 second.")),
    ],
)
async def test_a_question_over_a_limit_is_told_which_and_for_how_long(
    client: Redis, refused: Refused, chinese: tuple[str, ...], english: tuple[str, ...]
) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers, quota=FixedQuota(refused))
    for text, words in (("怎么量化", chinese), ("how to quantise", english)):
        [step] = await steps(bot, message(text))
        assert step.reply.final
        assert all(word in step.reply.text for word in words)
        assert step.kept is None
    assert answers.asked == []


async def test_the_seconds_to_wait_are_those_from_now(client: Redis) -> None:
    bot = assistant(client, EchoAnswers(), quota=RedisQuota(client), after=20)
    for number in range(COURSE.limits.questions_per_minute):
        assert len(await said(bot, message("怎么量化", f"web:{number}"))) > 1
    [refused] = await said(bot, message("怎么量化", "web:more"))
    assert "请过 40 秒" in refused.text


async def test_a_group_that_was_told_just_now_hears_nothing(client: Redis) -> None:
    bot = assistant(client, EchoAnswers(), quota=FixedQuota(Refused("group", 9, told=True)))
    assert await said(bot, message("how", kind="group")) == []
    bot = assistant(client, EchoAnswers(), quota=FixedQuota(Refused("group", 9, told=False)))
    assert len(await said(bot, message("how", kind="group"))) == 1


async def test_who_waits_for_the_model_hears_how_many_questions_are_before(client: Redis) -> None:
    gate = Gate(1)
    bot = assistant(client, EchoAnswers(), gate)
    async with aclosing(bot.steps(message("怎么量化"))) as waiting:
        with gate.place("a"), gate.place("b"):
            assert "前面还有 1 个问题" in (await anext(waiting)).reply.text
        replies = [step.reply async for step in waiting]
    assert replies[0].text == "正在查资料…"
    assert replies[-1].final


async def test_who_is_next_hears_that_it_is_being_looked_up(client: Redis) -> None:
    gate = Gate(1)
    async with aclosing(assistant(client, EchoAnswers(), gate).steps(message("how"))) as waiting:
        with gate.place("a"):
            assert (await anext(waiting)).reply.text == "Looking it up…"


async def test_the_next_may_begin_while_an_answer_is_stored_and_shown(client: Redis) -> None:
    gate = Gate(1)
    async for step in assistant(client, EchoAnswers(), gate).steps(message("how")):
        with gate.place("next") as places:
            assert (await anext(places, None) is None) == step.reply.final


async def test_an_answer_that_is_given_up_makes_room_for_the_next(client: Redis) -> None:
    gate = Gate(1)
    async with aclosing(assistant(client, EchoAnswers(), gate).steps(message("how"))) as given_up:
        await anext(given_up)
    with gate.place("next") as places:
        assert await anext(places, None) is None


async def test_a_late_question_is_told_how_late_it_is(client: Redis) -> None:
    bot = assistant(client, EchoAnswers(), after=2400)
    step = bot.late_step(message("怎么量化", "web:9"))
    assert "40 分钟前" in step.reply.text
    assert (step.reply.final, step.reply.in_reply_to, step.kept) == (True, "web:9", None)
    assert "40 minutes ago" in bot.late_step(message("how to quantise")).reply.text


async def test_an_apology_and_a_refusal_for_now_are_final(client: Redis) -> None:
    bot = assistant(client, EchoAnswers())
    apology, busy = bot.apology(message("怎么量化")).reply, bot.busy(message("怎么量化"))
    assert "抱歉" in apology.text
    assert "排队" in busy.text
    assert apology.final
    assert busy.final


async def test_a_command_is_known_by_what_is_seen_of_it(client: Redis) -> None:
    bot = assistant(client, EchoAnswers())
    assert bot.is_command(" \u200b/帮助")
    assert not bot.is_command("/root 满了怎么办")


async def test_a_question_is_asked_for_the_cohort_of_its_group_else_of_the_course(client: Redis) -> None:
    groups = {"web:c1": Group(cohort="camp3")}
    info = CourseInfo(cohort="camp4")
    answers = EchoAnswers()
    for course in (COURSE, COURSE.model_copy(update={"course": info, "groups": groups})):
        await said(assistant(client, answers, course=course), message("how to", kind="group"))
    await said(
        assistant(client, answers, course=COURSE.model_copy(update={"course": info})), message("how to")
    )
    assert answers.cohorts == ["", "camp3", "camp4"]


# ---- what comes with a question


async def test_what_a_question_points_at_is_asked_with_it_and_not_kept(client: Redis) -> None:
    answers = EchoAnswers()
    pointing = replace(message("怎么解决？", kind="group"), quoted="ImportError: no module named x")
    final = (await steps(assistant(client, answers), pointing))[-1]
    assert answers.asked[-1][0] == "怎么解决？\nImportError: no module named x"
    assert final.kept
    assert "ImportError" not in repr(final.kept.turn.question) + final.kept.turn.trace


async def test_who_only_points_at_a_message_asks_what_stands_in_it(client: Redis) -> None:
    answers = EchoAnswers()
    await said(assistant(client, answers), replace(message("", kind="group"), quoted="怎么安装？"))
    assert answers.asked[-1][0] == "怎么安装？"


async def test_an_answer_of_before_that_it_points_at_is_not_asked_again(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    pointing = replace(message("then what?", "web:2"), quoted="You asked: **how to** quantise [1]")
    await talk(client, bot, message("how to quantise 1 and on", "web:1"), pointing)
    assert answers.asked[-1][0] == "then what?\nYou asked: **how to** quantise [1]"
    again = replace(
        pointing, quoted="**You asked**: how to quantise <number_tag url='x'>1</number_tag> and on"
    )
    await said(bot, again)
    assert answers.asked[-1][0] == "then what?"


async def test_who_only_calls_the_bot_in_a_group_hears_that_it_is_there(client: Redis) -> None:
    calling, *_ = await said(assistant(client, EchoAnswers()), message("", kind="group"))
    assert calling.text.startswith("在呢")


async def test_a_long_quote_gives_its_beginning_and_its_end(client: Redis) -> None:
    answers = EchoAnswers()
    log = "\n".join(f"line {number}" for number in range(1000))
    await said(assistant(client, answers), replace(message("why?"), quoted=log))
    asked = answers.asked[-1][0]
    assert len(asked) < 2100
    assert "line 0\n" in asked
    assert asked.endswith("line 999")


async def fetched(whole: Message) -> Message:
    files = [replace(one, text=f"text of {one.reference}") for one in whole.files]
    return replace(whole, files=tuple(files))


async def test_a_file_is_fetched_and_asked_with_the_question_and_kept_in_its_words(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    logged = replace(message("why?"), files=(File("run.log", reference="f1"),))
    final = [step async for step in bot.steps(logged, fetched)][-1]
    assert answers.asked[-1][0] == "why?\ntext of f1"
    assert final.kept
    assert final.kept.turn.question == "why?\n📎 run.log\ntext of f1"


@pytest.mark.parametrize(("flaw", "words"), [("size", "太大"), ("type", "读"), ("gone", "再发")])
async def test_what_cannot_be_fetched_is_told(client: Redis, flaw: Flaw, words: str) -> None:
    async def refuse(_message: Message) -> Message:
        raise AttachmentRefused(flaw)

    answers = EchoAnswers()
    seen = replace(message("这是什么？"), images=(Image("image/jpeg", reference="p1"),))
    *_, final = [step.reply async for step in assistant(client, answers).steps(seen, refuse)]
    assert words in final.text
    assert final.final
    assert not answers.asked


@pytest.mark.parametrize("kind", ["voice", "sticker", "video", "file", "other"])
async def test_what_is_no_text_gets_one_polite_sentence(client: Redis, kind: Unreadable) -> None:
    answers = EchoAnswers()
    zh, en = (
        replace(message(""), unreadable=kind, sender=Sender("web:ann", language=language))
        for language in ("zh-hans", "en-GB")
    )
    chinese, english = [(await said(assistant(client, answers), one))[-1].text for one in (zh, en)]
    assert not chinese.isascii()
    assert chinese != english
    assert not answers.asked


async def test_a_video_with_a_question_below_it_is_a_question(client: Redis) -> None:
    answers = EchoAnswers()
    await said(assistant(client, answers), replace(message("how to install"), unreadable="video"))
    assert answers.asked[-1][0] == "how to install"


@pytest.mark.parametrize("kind", ["file", "video", "voice", "other"])
async def test_who_asks_below_what_cannot_be_read_is_told_so_above_the_answer(
    client: Redis, kind: Unreadable
) -> None:
    asked = replace(message("这个报错怎么办"), unreadable=kind)
    final = (await steps(assistant(client, EchoAnswers()), asked))[-1]
    assert final.reply.text.startswith(phrases("zh").unread)
    assert final.kept
    assert phrases("zh").unread not in final.kept.turn.answer


# ---- commands that ask


async def test_a_question_behind_ask_is_answered_as_one(client: Redis) -> None:
    answers = EchoAnswers()
    final = (await steps(assistant(client, answers), message("/ask how to install", kind="group")))[-1]
    assert answers.asked[-1][0] == "how to install"
    assert final.kept
    assert final.kept.turn.question == "how to install"


async def test_more_asks_the_same_question_again_for_detail(client: Redis) -> None:
    answers = EchoAnswers()
    bot = assistant(client, answers)
    await talk(client, bot, message("how to install", "web:1"), message("/more web:1", "web:2"))
    asked = answers.asked[-1][0]
    assert asked.startswith("how to install")
    assert asked != "how to install"


async def test_the_language_of_a_bare_start_is_that_of_the_client(client: Redis) -> None:
    started = replace(message("/start"), sender=Sender("web:ann", language="en"))
    assert (await said(assistant(client, EchoAnswers()), started))[-1].text.startswith("Hello")


async def test_a_picture_with_a_bare_ask_is_a_question(client: Redis) -> None:
    seen = replace(message("/ask", kind="group"), files=(File("run.log", text="ImportError: x"),))
    answers = EchoAnswers()
    await said(assistant(client, answers), seen)
    assert answers.asked[-1][0] == "ImportError: x"


async def test_a_question_behind_ask_is_answered_in_its_own_language(client: Redis) -> None:
    started = replace(message("/ask how do I install it"), sender=Sender("web:ann", language="zh"))
    assert (await said(assistant(client, EchoAnswers()), started))[0].text == "Looking it up…"
