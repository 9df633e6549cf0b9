"""A reply at Feishu: it grows, comes whole, and once, whatever breaks or dies."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest

from adapters.base import Button, ChatClosed, DeliveryFailed, Enclosure, Reply
from adapters.feishu import FeishuAdapter
from adapters.feishu_faults import Muted
from tests.fakes.feishu_asker import (
    AT_ONCE,
    WITHHELD,
    Question,
    Seen,
    Shelf,
    adapter_of,
    running,
    stream,
)
from tests.fakes.feishu_server import Chat, FeishuServer, Shown

WORKING, ANSWER = "正在查资料…", "先装 Python 3.11。"
UP, DOWN = Button("👍", "/feedback up 1"), Button("👎", "/feedback down 1")
LONG = "\n\n".join(f"第 {number} 步。" + "先看日志，再改配置。" * 60 for number in range(16))
MINUTE = 60


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.limits = False
        yield server


@pytest.fixture
async def bot(server: FeishuServer) -> AsyncIterator[FeishuAdapter]:
    async with running(adapter_of(server)) as adapter:
        yield adapter


def asked(server: FeishuServer, *, group: bool = True, topic: bool = False) -> Question:
    lin = server.person("小林")
    chat = server.group("一班", lin, topics=topic) if group else server.direct(lin)
    id = chat.say(lin, "怎么安装？", at_bot=group)
    return Question(chat, id, chat.shown[-1].thread_id)


def texts(chat: Chat) -> list[str]:
    return [shown.text for shown in chat.answers]


def growing(chat: Chat, text: str) -> Seen:
    """Somebody sees it grow."""
    return lambda: any(one.streaming and one.text == text for one in chat.answers)


def signed(question: Question) -> Seen:
    """Somebody sees the sign."""
    return lambda: signs(question) == ("Typing",)


def signs(question: Question) -> tuple[str, ...]:
    return next((one.signs for one in question.chat.shown if one.id == question.id), ())


def grown(question: Question, text: str = ANSWER) -> tuple[Reply, Seen, Reply, Seen, Reply]:
    """A reply that is seen to be worked on and to grow, and then comes whole."""
    steps = (
        question.working(WORKING),
        signed(question),
        question.frame("先装"),
        growing(question.chat, "先装"),
    )
    return *steps, question.answer(text, [UP])


async def shown(
    server: FeishuServer,
    bot: FeishuAdapter,
    question: Question,
    *steps: Reply | Seen,
    shelf: Shelf | None = None,
) -> str:
    """Show these as the bot's handling does; the sent id is kept at its end."""
    shelf = shelf or Shelf()
    shelf.sent_id = await bot.show(stream(server, *steps), shelf.delivery(question.key))
    return shelf.sent_id


async def test_an_answer_grows_in_a_card_that_replies_to_the_question(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    chat = question.chat
    seen = growing(chat, "先装"), growing(chat, "先装 Python")
    sent_id = await shown(
        *(server, bot, question),
        *(question.frame("先装"), seen[0], question.frame("先装 Python"), seen[1]),
        question.answer(ANSWER, [UP, DOWN]),
    )
    [answer] = chat.answers
    assert (answer.text, answer.reply_to, list(answer.buttons)) == (ANSWER, question.id, ["👍", "👎"])
    assert (answer.streaming, answer.summary, answer.edits) == (False, ANSWER, 0)
    assert sent_id.startswith(f"feishu:{answer.id}:7")


async def test_while_it_is_worked_on_only_a_sign_is_seen(server: FeishuServer) -> None:
    question = asked(server)
    async with running(adapter_of(server, replace(AT_ONCE, pending=60))) as bot:
        steps = question.working(WORKING), signed(question), question.answer(ANSWER)
        await shown(server, bot, question, *steps)
    assert (texts(question.chat), signs(question)) == ([ANSWER], ())
    assert not server.made("cardkit")


async def test_after_a_while_a_card_says_that_it_is_worked_on(server: FeishuServer) -> None:
    question = asked(server)
    async with running(adapter_of(server, replace(AT_ONCE, pending=0.01))) as bot:
        steps = question.working(WORKING), growing(question.chat, WORKING), question.answer(ANSWER)
        await shown(server, bot, question, *steps)
    assert (texts(question.chat), signs(question)) == ([ANSWER], ())


async def test_with_the_first_words_the_card_is_not_waited_for(server: FeishuServer) -> None:
    question = asked(server)
    async with running(adapter_of(server, replace(AT_ONCE, pending=60))) as bot:
        await shown(server, bot, question, *grown(question))
    assert texts(question.chat) == [ANSWER]


async def test_in_a_direct_chat_nothing_is_quoted(server: FeishuServer, bot: FeishuAdapter) -> None:
    question = asked(server, group=False)
    await shown(server, bot, question, *grown(question))
    assert [(one.text, one.reply_to) for one in question.chat.answers] == [(ANSWER, "")]


@pytest.mark.parametrize("text", [ANSWER, LONG])
async def test_what_is_asked_in_a_topic_is_answered_there(
    server: FeishuServer, bot: FeishuAdapter, text: str
) -> None:
    question = asked(server, topic=True)
    await shown(server, bot, question, *grown(question, text))
    assert {one.thread_id for one in question.chat.answers} == {question.thread}


async def test_what_is_asked_in_a_thread_of_a_group_is_answered_there(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    lin = server.person("小林")
    group = server.group("一班", lin)
    first = group.say(lin, "怎么安装？", at_bot=True)
    id = group.say(lin, "然后呢？", at_bot=True, thread=first)
    question = Question(group, id, group.shown[-1].thread_id)
    await shown(server, bot, question, *grown(question))
    assert [one.thread_id for one in group.answers] == [question.thread]


async def test_a_reply_without_frames_is_one_card_at_once(server: FeishuServer, bot: FeishuAdapter) -> None:
    question = asked(server)
    await shown(server, bot, question, question.answer(ANSWER, [UP]))
    assert [(one.kind, one.text) for one in question.chat.answers] == [("interactive", ANSWER)]
    assert [call.method for call in server.calls if "/auth/" not in call.path] == ["GET", "POST"]


async def test_a_long_answer_comes_in_cards_with_the_buttons_in_the_last(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    await shown(server, bot, question, *grown(question, LONG))
    answers = question.chat.answers
    assert len(answers) > 1
    assert "".join(texts(question.chat)).count("步。") == 16
    assert [list(one.buttons) for one in answers] == [[]] * (len(answers) - 1) + [["👍"]]
    assert {one.reply_to for one in answers} == {question.id}
    assert not any(one.streaming for one in answers)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(("first", "second"), [(LONG, ANSWER), (ANSWER, LONG), (ANSWER, "改好了。")])
async def test_an_edited_question_is_answered_in_the_place_of_the_first_answer(
    server: FeishuServer, bot: FeishuAdapter, first: str, second: str, seen: bool
) -> None:
    question, other, shelf, fresh = asked(server), asked(server), Shelf(), Shelf()
    before = await shown(server, bot, question, *grown(question, first), shelf=shelf)
    steps = grown(question, second)
    await shown(server, bot, question, *(steps if seen else steps[-1:]), shelf=shelf)
    await shown(server, bot, other, *grown(other, second), shelf=fresh)
    assert texts(question.chat) == texts(other.chat)
    assert list(question.chat.answers[-1].buttons) == ["👍"]
    assert shelf.sent_id.split(",")[0] == before.split(",")[0]


async def test_a_card_that_no_longer_exists_is_changed_as_a_message(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    await shown(server, bot, question, *grown(question), shelf=shelf)
    server.entities.clear()
    for text in ("改好了。", "又改了。"):
        steps = question.working(WORKING), question.frame("改"), question.answer(text)
        await shown(server, bot, question, *steps, shelf=shelf)
        assert [(one.text, one.streaming) for one in question.chat.answers] == [(text, False)]


async def test_numbers_only_rise_and_every_change_has_a_uuid(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    for _ in range(3):
        await shown(server, bot, question, *grown(question), shelf=shelf)
    made = [call for call in server.made("cardkit/v1/cards/") if call.code == 0]
    numbers, uuids = [call.body["sequence"] for call in made], [call.body["uuid"] for call in made]
    assert len(made) > 6
    assert numbers == sorted(set(numbers))
    assert len(set(uuids)) == len(uuids)


async def test_a_card_whose_numbers_are_ahead_of_the_clock_is_changed_all_the_same(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    await shown(server, bot, question, *grown(question), shelf=shelf)
    [entity] = server.entities.values()
    entity.sequence += 5000
    await shown(server, bot, question, *grown(question, "改好了。"), shelf=shelf)
    assert [(one.text, one.edits) for one in question.chat.answers] == [("改好了。", 0)]


async def test_identical_frames_are_shown_once(server: FeishuServer, bot: FeishuAdapter) -> None:
    question = asked(server)
    again = [question.frame("先装")] * 3
    await shown(
        server, bot, question, *again, growing(question.chat, "先装"), *again, question.answer(ANSWER)
    )
    assert not server.made("/content")


async def test_frames_come_more_slowly_the_longer_an_answer_takes() -> None:
    timing = replace(AT_ONCE, pause=0.4, longest=1.0)
    assert [timing.after(age) for age in (0, 9, 11, 25, 3600)] == [0.4, 0.4, 0.5, 0.625, 1.0]


async def test_an_answer_of_twelve_minutes_grows_to_its_end(server: FeishuServer, bot: FeishuAdapter) -> None:
    question, started = asked(server), server.clock()
    steps: list[Reply | Seen] = []

    def at(minute: int) -> Seen:
        def moved() -> bool:
            server.clock = lambda: started + minute * MINUTE
            return True

        return moved

    for minute in range(13):
        text = "还在写。" * (minute + 1)
        steps += [at(minute), question.frame(text), growing(question.chat, text)]
    await shown(server, bot, question, *steps, question.answer(ANSWER))
    assert [(one.text, one.streaming) for one in question.chat.answers] == [(ANSWER, False)]
    assert not [call for call in server.made("/content") if call.code]


async def test_nothing_comes_of_a_question_that_gets_no_reply(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    assert await bot.show(stream(server), Shelf().delivery(question.key)) == ""
    assert not question.chat.answers


async def test_of_an_answer_that_is_given_up_stays_what_there_is(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    await shown(server, bot, question, *grown(question)[:4])
    assert [(one.text, one.streaming) for one in question.chat.answers] == [("先装", False)]
    assert not signs(question)


async def test_a_sign_that_does_not_go_at_once_goes_when_it_can(server: FeishuServer) -> None:
    question = asked(server)
    server.fault("DELETE", 99991400, seconds=500)
    async with running(adapter_of(server, replace(AT_ONCE, aftermath=0.05))) as bot:
        await shown(server, bot, question, *grown(question))
        await server.until(lambda: not signs(question))


class Elsewhere(Exception):
    """Another worker has the conversation."""


async def test_what_ends_the_stream_is_passed_on_and_what_is_shown_stays(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question, shelf = asked(server), Shelf()

    async def replies() -> AsyncIterator[Reply]:
        async for reply in stream(server, *grown(question)[:4]):
            yield reply
        raise Elsewhere

    with pytest.raises(Elsewhere):
        await bot.show(replies(), shelf.delivery(question.key))
    [left] = question.chat.answers
    assert (left.text, left.streaming, left.summary, signs(question)) == ("先装", False, "先装", ())
    await shown(server, bot, question, *grown(question), shelf=shelf)
    assert [(one.id, one.text) for one in question.chat.answers] == [(left.id, ANSWER)]


async def test_who_loses_the_conversation_while_it_opens_its_card_stops(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    def lose(_when: str) -> None:
        raise Elsewhere

    question, shelf = asked(server), Shelf(dies=lose)
    steps = question.frame("先"), lambda: shelf.kept, question.frame("先装"), question.frame("先装 P")
    with pytest.raises(Elsewhere):
        await shown(server, bot, question, *steps, lambda: False, shelf=shelf)


async def test_who_has_lost_the_conversation_opens_no_finished_card_again(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    def lose(_when: str) -> None:
        raise Elsewhere

    question, shelf = asked(server), Shelf()
    await shown(server, bot, question, *grown(question), shelf=shelf)
    shelf.dies = lose
    steps = question.frame("旧"), lambda: len(shelf.kept) > 2, question.frame("旧的"), lambda: False
    with pytest.raises(Elsewhere):
        await shown(server, bot, question, *steps, shelf=shelf)
    assert [(one.text, one.streaming) for one in question.chat.answers] == [(ANSWER, False)]


async def test_the_answer_of_another_process_is_not_written_over(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question, shelf, taken = asked(server), Shelf(), asyncio.Event()
    steps = question.frame("先装"), growing(question.chat, "先装"), taken.is_set, question.frame("旧")
    async with running(adapter_of(server)) as other:
        slow = asyncio.create_task(shown(server, bot, question, *steps, lambda: False, shelf=Shelf()))
        await server.until(growing(question.chat, "先装"))
        [card] = server.entities
        shelf.sent_id = f"feishu:{question.chat.answers[0].id}:{card}"
        await shown(server, other, question, *grown(question), shelf=shelf)
        slow.cancel()
        await asyncio.wait([slow])
    assert [(one.text, one.streaming) for one in question.chat.answers] == [(ANSWER, False)]


# What breaks


@pytest.mark.parametrize("code", [200850, 300309])
async def test_a_card_that_feishu_closed_is_opened_again(
    server: FeishuServer, bot: FeishuAdapter, code: int
) -> None:
    question = asked(server)
    chat = question.chat
    server.fault("/content", code)
    steps = question.frame("先"), growing(chat, "先"), question.frame("先装"), growing(chat, "先装")
    await shown(server, bot, question, *steps, question.answer(ANSWER))
    assert [(one.text, one.streaming) for one in chat.answers] == [(ANSWER, False)]


async def test_a_card_that_stays_closed_shows_the_whole_at_its_end(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    server.fault("/content", 300309, times=99)
    tried = lambda: len(server.made("/content")) == 2  # noqa: E731
    steps = question.frame("先"), growing(question.chat, "先"), question.frame("先装"), tried
    await shown(server, bot, question, *steps, question.frame("先装 P"), question.answer(ANSWER))
    assert [(one.text, one.streaming) for one in question.chat.answers] == [(ANSWER, False)]
    assert len(server.made("/content")) == 2


async def test_without_the_right_to_write_cards_an_answer_comes_whole(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    server.scopes -= {scope for scope in server.scopes if "cardkit" in scope}
    question = asked(server)
    frames = question.frame("先装"), lambda: server.made("cardkit"), question.frame("先装 P")
    await shown(server, bot, question, *frames, question.answer(ANSWER))
    assert [(one.text, one.edits) for one in question.chat.answers] == [(ANSWER, 0)]


async def test_a_card_that_is_detached_from_its_message_is_changed_as_a_message(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)

    def detached() -> bool:
        for entity in server.entities.values():
            entity.detached = True
        return bool(server.entities)

    steps = question.frame("先装"), growing(question.chat, "先装"), detached, question.frame("先装 P")
    await shown(server, bot, question, *steps, question.answer(ANSWER))
    assert [one.text for one in question.chat.answers] == [ANSWER]


@pytest.mark.parametrize(("codes", "kind"), [(1, "post"), (2, "text")])
async def test_what_no_card_can_show_comes_as_a_post_and_then_as_text(
    server: FeishuServer, bot: FeishuAdapter, codes: int, kind: str
) -> None:
    question = asked(server)
    server.fault("/reply", 230099, times=codes)
    await shown(server, bot, question, question.answer(ANSWER))
    assert [(one.kind, one.text) for one in question.chat.answers] == [(kind, ANSWER)]


async def test_a_card_that_cannot_be_completed_gives_way_to_a_post(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    server.fault("PUT /open-apis/cardkit", 200621, skip=1)
    server.fault("PATCH /open-apis/im", 230099)
    server.fault("/reply", 230099, skip=1)
    await shown(server, bot, question, *grown(question), shelf=shelf)
    assert [(one.kind, one.text) for one in question.chat.answers] == [("post", ANSWER)]
    await shown(server, bot, question, question.answer("改好了。"), shelf=shelf)
    assert [one.text for one in question.chat.answers] == ["改好了。"]


@pytest.mark.parametrize("code", [230022, 230028])
@pytest.mark.parametrize("text", [ANSWER, LONG + ANSWER])
async def test_what_may_not_be_said_gives_way_to_a_short_sentence(
    server: FeishuServer, bot: FeishuAdapter, code: int, text: str
) -> None:
    question = asked(server)
    server.forbidden["Python"] = code
    await shown(server, bot, question, *grown(question, text))
    assert [(one.text, one.streaming) for one in question.chat.answers] == [(WITHHELD, False)]


async def test_of_words_that_may_not_be_said_none_are_seen_to_grow(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    server.forbidden["Python"] = 230022
    frames = question.frame("Python"), lambda: server.made("cardkit"), question.frame("Python 3")
    await shown(server, bot, question, *frames, question.answer(ANSWER))
    assert texts(question.chat) == [WITHHELD]


@pytest.mark.parametrize("before", [0, 2, 4])
async def test_to_a_question_that_was_withdrawn_nothing_is_shown(
    server: FeishuServer, bot: FeishuAdapter, before: int
) -> None:
    question = asked(server)

    def withdrawn() -> bool:
        server.messages[question.id].recalled = True
        return True

    steps = grown(question, LONG)
    later = [step for step in steps[before:] if isinstance(step, Reply)]
    assert await shown(server, bot, question, *steps[:before], withdrawn, *later) == ""
    assert not question.chat.answers


@pytest.mark.parametrize("frames", [True, False])
@pytest.mark.parametrize(("code", "error"), [(230018, Muted), (230002, ChatClosed), (230053, ChatClosed)])
async def test_where_nothing_can_be_said_that_is_passed_on(
    server: FeishuServer, bot: FeishuAdapter, code: int, error: type[DeliveryFailed], frames: bool
) -> None:
    question = asked(server)
    question.chat.refuses = code
    growth = question.frame("先装"), lambda: server.made("/reply")
    with pytest.raises(error):
        await shown(server, bot, question, *(growth if frames else ()), question.answer(ANSWER))
    question.chat.refuses = 0
    await shown(server, bot, question, question.answer(ANSWER))
    assert texts(question.chat) == [ANSWER]


async def test_when_the_quota_is_used_up_no_frame_is_tried(server: FeishuServer, bot: FeishuAdapter) -> None:
    question, other = asked(server), asked(server)
    await shown(server, bot, question, question.answer(ANSWER))
    server.quota_used_up = True
    with pytest.raises(DeliveryFailed):
        await shown(server, bot, other, other.answer(ANSWER))
    server.quota_used_up = False
    frames = other.working(WORKING), other.frame("先装"), other.frame("先装 P")
    await shown(server, bot, other, *frames, other.answer(ANSWER))
    assert texts(other.chat) == [ANSWER]
    assert not server.made("cardkit")
    assert not server.made("/reactions")


@pytest.mark.parametrize("how", ["drop_before", "drop_after", "error"])
@pytest.mark.parametrize(
    "part", ["POST /open-apis/cardkit", "/reply", "/content", "/settings", "PUT", "/reactions"]
)
async def test_an_answer_comes_through_whatever_breaks_once(
    server: FeishuServer, bot: FeishuAdapter, part: str, how: str
) -> None:
    question = asked(server)
    server.fault(part, how)  # type: ignore[arg-type]
    tried = lambda: server.made("cardkit")  # noqa: E731
    frames = question.working(WORKING), question.frame("先装"), tried, question.frame("先装 P")
    await shown(server, bot, question, *frames, question.answer(ANSWER, [UP]))
    assert [(one.text, one.streaming) for one in question.chat.answers] == [(ANSWER, False)]
    assert not signs(question)


async def test_an_answer_comes_through_a_flood_without_its_frames(
    server: FeishuServer, bot: FeishuAdapter
) -> None:
    question = asked(server)
    for part in ("cardkit", "/reply", "/reactions"):
        server.fault(part, 99991400, times=2, seconds=20)
    frames = [question.frame(f"{WORKING}{number}") for number in range(5)]
    await shown(server, bot, question, *frames, question.answer(ANSWER))
    assert texts(question.chat) == [ANSWER]


async def test_no_frame_comes_after_the_answer(server: FeishuServer) -> None:
    question = asked(server)
    server.fault("/content", "hang")
    hanging = lambda: server.made("/content")  # noqa: E731
    async with running(adapter_of(server, replace(AT_ONCE, patience=0.01))) as bot:
        frames = question.frame("先"), growing(question.chat, "先"), question.frame("先装"), hanging
        await shown(server, bot, question, *frames, question.answer(ANSWER))
    numbers = [call.body["sequence"] for call in server.made("cardkit/v1/cards/")]
    assert numbers == sorted(numbers)
    assert texts(question.chat) == [ANSWER]


# What dies

KILLED = replace(AT_ONCE, aftermath=0)
"""Who is cancelled does nothing any more, like a process that was killed."""


async def test_a_sign_that_was_left_is_taken_away_by_who_completes_the_answer(server: FeishuServer) -> None:
    question, shelf = asked(server), Shelf()
    async with running(adapter_of(server, KILLED)) as bot:
        steps = *grown(question)[:4], lambda: False
        dying = asyncio.create_task(shown(server, bot, question, *steps, shelf=shelf))
        await server.until(growing(question.chat, "先装"))
        dying.cancel()
        await asyncio.wait([dying])
    assert signs(question)
    async with running(adapter_of(server)) as bot:
        await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert (texts(question.chat), signs(question)) == ([ANSWER], ())


SCENES = ["direct", "topic", "plain", "long", "edited", "refused", "enclosed"]
ENCLOSED = Enclosure("图.png", "image/png", b"png"), Enclosure("表.csv", "text/csv", b"1,2")
LETS_IN = 2
"""Calls before the bot is let in."""


def scene(server: FeishuServer, name: str) -> tuple[Question, Sequence[Reply | Seen]]:
    """A question, and the stream of its reply, in which every frame is seen."""
    question = asked(server, group=name != "direct", topic=name == "topic")
    steps = grown(question, {"long": LONG, "edited": LONG[: len(LONG) // 2]}.get(name, ANSWER))
    if name == "enclosed":
        return question, [replace(question.answer(ANSWER), enclosures=ENCLOSED)]
    return question, steps[-1:] if name == "plain" else steps


async def begun(server: FeishuServer, name: str, question: Question) -> Shelf:
    """Where the reply is kept: before an edit, there is one already."""
    shelf = Shelf()
    if name == "edited":
        async with running(adapter_of(server)) as bot:
            await shown(server, bot, question, *grown(question, LONG), shelf=shelf)
    if name == "refused":
        server.fault("PUT /open-apis/cardkit", 200621, skip=1)
        server.fault("PATCH /open-apis/im", 230099)
    return shelf


async def whole(server: FeishuServer, name: str) -> tuple[list[str], int, int]:
    """What is seen in the end when nobody dies, how many calls it takes, and how often an id is kept."""
    question, steps = scene(server, name)
    shelf = await begun(server, name, question)
    calls, kept = len(server.calls), len(shelf.kept)
    async with running(adapter_of(server)) as bot:
        await shown(server, bot, question, *steps, shelf=shelf)
    server.faults.clear()
    return texts(question.chat), len(server.calls) - calls - LETS_IN, len(shelf.kept) - kept


async def taken_over(
    server: FeishuServer, question: Question, steps: Sequence[Reply | Seen], shelf: Shelf
) -> list[Shown]:
    """What is seen when another process has answered anew, as far as it knows."""
    again = [step for step in steps if isinstance(step, Reply)]
    server.faults.clear()
    async with running(adapter_of(server)) as bot:
        await shown(server, bot, question, *again, shelf=Shelf(shelf.sent_id))
    return question.chat.answers


def assert_once(question: Question, seen: list[Shown], answer: list[str]) -> None:
    """The answer once, whole, in its place, with nothing that says that it is still being worked on."""
    assert [one.text for one in seen] == answer
    assert not any(one.streaming for one in seen)
    assert {one.thread_id for one in seen} == {question.thread}
    assert not signs(question)


@pytest.mark.parametrize("how", ["hang", "hang_after"])
@pytest.mark.parametrize("name", SCENES)
async def test_whoever_dies_in_a_call_leaves_one_answer(server: FeishuServer, name: str, how: str) -> None:
    answer, calls, _ = await whole(server, name)
    for number in range(calls):
        question, steps = scene(server, name)
        shelf = await begun(server, name, question)
        server.fault("/open-apis/", how, skip=LETS_IN + number)  # type: ignore[arg-type]
        async with running(adapter_of(server, KILLED)) as bot:
            dying = asyncio.create_task(shown(server, bot, question, *steps, shelf=shelf))
            await server.until(partial(hanging, server, dying))
            dying.cancel()
            await asyncio.wait([dying])
        assert_once(question, await taken_over(server, question, steps, shelf), answer)


def hanging(server: FeishuServer, dying: asyncio.Task[str]) -> bool:
    """Whether the call that is to hang does, or there is none."""
    return dying.done() or not server.faults[-1].times


class Killed(BaseException):
    """The process is gone."""


class Death:
    """Comes at a moment of keeping."""

    def __init__(self, moment: str) -> None:
        self._moment = moment
        self.came = False

    def __call__(self, now: str) -> None:
        if now == self._moment:
            self.came = True
            raise Killed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", SCENES)
async def test_whoever_dies_while_an_id_is_kept_leaves_one_answer(
    server: FeishuServer, name: str, when: str
) -> None:
    answer, _, kept = await whole(server, name)
    for number in range(kept):
        question, steps = scene(server, name)
        shelf = await begun(server, name, question)
        death = Death(f"{when} {len(shelf.kept) + number + 1}")
        shelf.dies = death
        async with running(adapter_of(server, KILLED)) as bot:
            dying = asyncio.create_task(shown(server, bot, question, *steps, shelf=shelf))
            await server.until(partial(over, death, dying))
            dying.cancel()
            await asyncio.wait([dying])
        assert_once(question, await taken_over(server, question, steps, shelf), answer)


def over(death: Death, dying: asyncio.Task[str]) -> bool:
    return death.came or dying.done()
