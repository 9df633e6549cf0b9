"""A reply at Telegram: it grows, comes whole, and once, whatever breaks or dies."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from adapters.base import Button, ChatClosed, DeliveryFailed, Enclosure, Reply
from adapters.telegram import TelegramAdapter
from adapters.telegram_api import TelegramApi
from adapters.telegram_growth import Tempo
from adapters.telegram_intake import Polling, Webhook
from adapters.telegram_pace import Pace
from tests.fakes.pictures import picture, screenshot
from tests.fakes.telegram_bot import (
    AGAIN,
    AT_ONCE,
    LOST,
    Alone,
    Question,
    Seen,
    Shelf,
    adapter_of,
    api_of,
    lost,
    running,
    stream,
)
from tests.fakes.telegram_calls import Fault
from tests.fakes.telegram_chats import Chat
from tests.fakes.telegram_server import TelegramServer
from tests.fakes.telegram_wire import Upload

WORKING, ANSWER = "正在查资料…", "先装 Python 3.11。"
UP, DOWN = Button("👍", "/feedback up 1"), Button("👎", "/feedback down 1")
LONG = "\n\n".join(f"第 {number} 步。" + "先看日志，再改配置。" * 60 for number in range(20))


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        server.limits = False
        yield server


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[TelegramAdapter]:
    async with running(adapter_of(server)) as adapter:
        yield adapter


def asked(server: TelegramServer, *, group: bool = False) -> Question:
    lin = server.person("小林")
    chat = server.group("一班", lin) if group else server.direct(lin)
    return Question(chat, chat.say(lin, "@course_ta_bot 怎么安装？"))


def texts(chat: Chat) -> list[str]:
    """What the bot's messages say, or the name of the file in them."""
    return [
        shown.text or (shown.photo or shown.document or Upload("", "", b"")).name for shown in chat.answers
    ]


def grown(question: Question, text: str = ANSWER) -> tuple[Reply, Seen, Reply]:
    """A reply that is seen to grow, and then comes whole."""
    chat = question.chat
    return question.frame(WORKING), lambda: WORKING in (chat.draft, *texts(chat)), question.answer(text, [UP])


async def shown(
    server: TelegramServer,
    bot: TelegramAdapter,
    question: Question,
    *steps: Reply | Seen,
    shelf: Shelf | None = None,
) -> str:
    """Show these as the bot's handling does, or its errands; the sent id is kept at its end."""
    shelf = shelf or Shelf()
    [reply, *_] = [step for step in steps if isinstance(step, Reply)]
    delivery = shelf.delivery(question.key if reply.in_reply_to else "post:1")
    shelf.sent_id = await bot.show(stream(server, *steps), delivery) or shelf.sent_id
    return shelf.sent_id


async def test_in_a_direct_chat_an_answer_grows_in_a_draft_and_comes_as_one_message(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = asked(server)
    chat = question.chat
    seen = (lambda: chat.draft == WORKING), (lambda: chat.draft.startswith("先装"))
    sent_id = await shown(
        *(server, bot, question),
        *(question.frame(WORKING), seen[0], question.frame("先装"), seen[1], question.answer(ANSWER, [UP])),
    )
    [answer] = chat.answers
    assert (answer.text, answer.reply_to, list(answer.buttons)) == (ANSWER, None, ["👍"])
    assert (sent_id, chat.draft) == (f"telegram:{chat.id}:{answer.id}", "")


async def test_in_a_group_an_answer_grows_in_a_message_that_replies_to_the_question(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = asked(server, group=True)
    chat = question.chat
    placed, grown = (lambda: texts(chat) == [WORKING]), (lambda: "先装" in texts(chat)[0])
    steps = (
        question.frame(WORKING),
        placed,
        question.frame("先装"),
        grown,
        question.answer(ANSWER, [UP, DOWN]),
    )
    await shown(server, bot, question, *steps)
    [answer] = chat.answers
    assert (answer.text, answer.reply_to, answer.edits) == (ANSWER, question.id, 2)
    assert list(answer.buttons) == ["👍", "👎"]


async def test_an_answer_that_comes_soon_needs_no_placeholder(server: TelegramServer) -> None:
    question = asked(server, group=True)
    async with running(adapter_of(server, replace(AT_ONCE, edits=Tempo(0, 0, before=60)))) as bot:
        await shown(server, bot, question, question.frame(WORKING), question.answer(ANSWER))
    assert [answer.edits for answer in question.chat.answers] == [0]


async def test_a_placeholder_is_shown_when_nothing_more_comes(server: TelegramServer) -> None:
    question = asked(server, group=True)

    async def replies() -> AsyncIterator[Reply]:
        yield question.frame(WORKING)
        await server.until(lambda: texts(question.chat) == [WORKING])
        yield question.answer(ANSWER)

    async with running(adapter_of(server, replace(AT_ONCE, edits=Tempo(60, 60, before=0.01)))) as bot:
        await bot.show(replies(), Shelf().delivery(question.key))
    assert texts(question.chat) == [ANSWER]


async def test_what_is_asked_in_a_topic_is_answered_there(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    lin = server.person("小林")
    group = server.group("一班", lin, forum=True)
    topic = group.topic("作业")
    question = Question(group, group.say(lin, "/ask 几号交？", topic=topic), topic)
    await shown(server, bot, question, question.answer(ANSWER))
    assert [(answer.topic, answer.reply_to) for answer in group.answers] == [(topic.id, question.id)]


async def test_a_question_that_was_deleted_is_answered(server: TelegramServer, bot: TelegramAdapter) -> None:
    question = asked(server, group=True)
    question.chat.room.messages.pop(question.id)
    await shown(server, bot, question, question.answer(ANSWER))
    assert texts(question.chat) == [ANSWER]


async def test_a_long_answer_comes_in_parts_with_the_buttons_below_the_last(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = asked(server, group=True)
    await shown(server, bot, question, question.answer(LONG, [UP]))
    answers = question.chat.answers
    assert len(answers) > 2
    assert "".join(texts(question.chat)).count("步。") == 20
    assert [list(answer.buttons) for answer in answers] == [[]] * (len(answers) - 1) + [["👍"]]
    assert [answer.reply_to for answer in answers] == [question.id] + [None] * (len(answers) - 1)


@pytest.mark.parametrize(
    ("first", "second"), [(LONG, ANSWER), (ANSWER, LONG), (LONG, LONG[: len(LONG) // 2])]
)
async def test_an_edited_question_is_answered_in_the_place_of_the_first_answer(
    server: TelegramServer, bot: TelegramAdapter, first: str, second: str
) -> None:
    question, other, shelf, fresh = asked(server), asked(server), Shelf(), Shelf()
    before = await shown(server, bot, question, question.answer(first, [UP]), shelf=shelf)
    sent_id = await shown(server, bot, question, question.answer(second, [DOWN]), shelf=shelf)
    await shown(server, bot, other, other.answer(second, [DOWN]), shelf=fresh)
    assert texts(question.chat) == texts(other.chat)
    assert list(question.chat.answers[-1].buttons) == ["👎"]
    assert sent_id.split(",")[0] == before.split(",")[0]


async def test_identical_frames_are_shown_once(server: TelegramServer, bot: TelegramAdapter) -> None:
    question = asked(server)
    again = [question.frame(WORKING)] * 3
    await shown(server, bot, question, *grown(question)[:2], *again, question.answer(ANSWER))
    assert len(server.made("sendMessageDraft")) == 1


async def test_a_draft_is_shown_again_before_it_vanishes(server: TelegramServer) -> None:
    question = asked(server)
    async with running(adapter_of(server, replace(AT_ONCE, drafts=Tempo(60, 60, again=0.01)))) as bot:
        steps = question.frame(WORKING), lambda: len(server.made("sendMessageDraft")) > 2
        await shown(server, bot, question, *steps, question.answer(ANSWER))
    assert texts(question.chat) == [ANSWER]


async def test_frames_come_more_slowly_the_longer_an_answer_takes() -> None:
    tempo = Tempo(1.0, 4.0)
    assert [tempo.after(age) for age in (0, 59, 61, 125, 3600)] == [1.0, 1.0, 1.5, 2.25, 4.0]


async def test_a_server_that_knows_no_drafts_is_asked_for_one_once(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    server.unsupported.add("sendMessageDraft")
    for _ in range(2):
        question = asked(server)
        await shown(server, bot, question, *grown(question))
        assert [(answer.text, answer.edits > 0) for answer in question.chat.answers] == [(ANSWER, True)]
    assert len(server.made("sendMessageDraft")) == 1


async def test_nothing_comes_of_a_question_that_gets_no_reply(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = asked(server)
    assert await bot.show(stream(server), Shelf().delivery(question.key)) == ""
    assert not question.chat.answers


@pytest.mark.parametrize("group", [False, True])
async def test_of_an_answer_that_is_given_up_stays_what_there_is(
    server: TelegramServer, bot: TelegramAdapter, group: bool
) -> None:
    question = asked(server, group=group)
    await shown(server, bot, question, question.frame("先装"))
    assert texts(question.chat) == ["先装"]


class Elsewhere(Exception):
    """Another worker has the conversation."""


async def test_what_ends_the_stream_is_passed_on_and_what_is_shown_stays(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = asked(server, group=True), Shelf()

    async def replies() -> AsyncIterator[Reply]:
        yield question.frame(WORKING)
        raise Elsewhere

    with pytest.raises(Elsewhere):
        await bot.show(replies(), shelf.delivery(question.key))
    assert texts(question.chat) == [WORKING]
    await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert [(answer.text, answer.edits) for answer in question.chat.answers] == [(ANSWER, 1)]


async def test_who_loses_the_conversation_while_it_places_its_message_stops(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    def lose(_when: str) -> None:
        raise Elsewhere

    question, shelf = asked(server, group=True), Shelf(dies=lose)
    steps = question.frame(WORKING), lambda: shelf.kept, question.frame("先装"), lambda: False
    with pytest.raises(Elsewhere):
        await shown(server, bot, question, *steps, shelf=shelf)


# What breaks


@pytest.mark.parametrize(("how", "arrived"), [("drop_after", [ANSWER]), ("drop_before", [])])
@pytest.mark.parametrize("group", [False, True])
async def test_an_answer_that_may_have_arrived_is_not_sent_again_but_offered(
    server: TelegramServer, bot: TelegramAdapter, group: bool, how: Fault, arrived: list[str]
) -> None:
    server.fault("sendMessage", how)
    question, shelf = asked(server, group=group), Shelf()
    sent_id = await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert texts(question.chat) == [*arrived, LOST]
    note = question.chat.answers[-1]
    assert (dict(note.buttons), sent_id) == (
        {AGAIN.label: AGAIN.command},
        f"telegram:{question.chat.id}:{note.id}",
    )
    # Asked for the same once more after a crash, the note stands: nothing is put in its place.
    shelf.sent_id = shelf.kept[-1]
    await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert texts(question.chat) == [*arrived, LOST]


async def test_of_a_long_answer_what_may_be_missing_is_offered(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    server.fault("sendMessage", "drop_before", skip=1)
    question = asked(server)
    await shown(server, bot, question, question.answer(LONG))
    assert [text[:3] for text in texts(question.chat)] == ["第 0", LOST[:3]]


async def test_a_note_that_may_not_have_arrived_is_sent_once_more(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    server.fault("sendMessage", "drop_before", times=3)
    question, shelf = asked(server), Shelf()
    for _ in range(2):
        with pytest.raises(DeliveryFailed):
            await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert await shown(server, bot, question, question.answer(ANSWER), shelf=shelf) == shelf.sent_id
    assert (texts(question.chat), len(server.made("sendMessage"))) == ([], 3)


async def test_no_second_placeholder_follows_one_that_may_have_arrived(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    server.fault("sendMessage", "drop_after")
    question = asked(server, group=True)
    placed = lambda: texts(question.chat) == [WORKING]  # noqa: E731
    steps = (
        question.frame(WORKING),
        placed,
        question.frame("先装"),
        question.frame("先装 P"),
        question.answer(ANSWER),
    )
    await shown(server, bot, question, *steps)
    assert texts(question.chat) == [WORKING, ANSWER]


async def test_an_answer_whose_placeholder_was_deleted_is_sent_anew(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = asked(server, group=True)
    chat = question.chat

    def deleted() -> bool:
        for answer in chat.answers:
            chat.room.messages.pop(answer.id)
            return True
        return False

    await shown(server, bot, question, question.frame(WORKING), deleted, question.answer(ANSWER))
    assert [(answer.text, answer.edits) for answer in chat.answers] == [(ANSWER, 0)]


async def test_parts_behind_one_that_was_deleted_are_sent_anew_so_that_all_come_in_order(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    await shown(server, bot, question, question.answer(LONG), shelf=shelf)
    before = texts(question.chat)
    question.chat.room.messages.pop(question.chat.answers[1].id)
    await shown(server, bot, question, question.answer(LONG), shelf=shelf)
    assert texts(question.chat) == before


async def test_an_answer_grows_on_when_a_busy_group_has_room_for_frames_again(server: TelegramServer) -> None:
    question, now = asked(server, group=True), [0.0]
    chat, pace = question.chat, Pace(lambda: now[0])
    for _ in range(8):
        now[0] += 2
        await pace.take(chat.id, "placeholder")

    def grown_later() -> bool:
        now[0] += 20
        return "先装" in texts(chat)[0]

    intake = Polling(api := TelegramApi(server.token, server.url, pace), Alone())
    steps = question.frame(WORKING), lambda: texts(chat), question.frame("先装"), grown_later
    async with asyncio.timeout(5), running(TelegramAdapter(api, intake, lost, timing=AT_ONCE)) as bot:
        await shown(server, bot, question, *steps, question.answer(ANSWER))
    assert texts(chat) == [ANSWER]


@pytest.mark.parametrize("group", [False, True])
async def test_an_answer_comes_through_a_flood_without_its_frames(
    server: TelegramServer, bot: TelegramAdapter, group: bool
) -> None:
    for method in ("sendMessageDraft", "editMessageText", "sendMessage"):
        server.fault(method, "flood", times=2, seconds=20)
    question = asked(server, group=group)
    frames = [question.frame(f"{WORKING}{number}") for number in range(5)]
    await shown(server, bot, question, *frames, question.answer(ANSWER))
    assert texts(question.chat) == [ANSWER]


async def test_who_has_blocked_the_bot_gets_nothing_and_nothing_is_kept(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    question.chat.block()
    with pytest.raises(ChatClosed):
        await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert shelf.sent_id == ""


async def test_an_answer_that_waits_for_its_turn_is_nothing_that_nobody_knows_of(
    server: TelegramServer,
) -> None:
    question, shelf = asked(server), Shelf()
    server.fault("sendMessage", "flood", seconds=240)
    patient = TelegramApi(server.token, server.url)
    waiting = TelegramAdapter(patient, Polling(patient, Alone()), lost, timing=replace(AT_ONCE, aftermath=0))
    async with running(waiting) as bot:
        showing = asyncio.create_task(shown(server, bot, question, question.answer(ANSWER), shelf=shelf))
        await server.until(lambda: shelf.kept[-1:] == [""])
        showing.cancel()
        await asyncio.wait([showing])
    async with running(adapter_of(server)) as bot:
        await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert texts(question.chat) == [ANSWER]


async def test_who_comes_back_is_answered_also_by_a_process_that_does_not_hear_of_it(
    server: TelegramServer,
) -> None:
    question = asked(server)
    deaf = Webhook(api_of(server), "https://bot.example/telegram/webhook", "secret")
    async with running(adapter_of(server, webhook=deaf)) as bot:
        question.chat.block()
        with pytest.raises(ChatClosed):
            await shown(server, bot, question, question.answer(ANSWER))
        question.chat.unblock()
        await shown(server, bot, question, question.answer(ANSWER))
    assert texts(question.chat) == [ANSWER]


async def test_what_surely_was_not_sent_is_sent_later(server: TelegramServer, bot: TelegramAdapter) -> None:
    question, shelf = asked(server), Shelf()
    question.chat.block()
    with pytest.raises(DeliveryFailed):
        await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    question.chat.start(server.person("小林"))
    await server.until(lambda: not server.pending)
    await shown(server, bot, question, question.answer(ANSWER), shelf=shelf)
    assert texts(question.chat) == [ANSWER]


async def test_no_frame_comes_after_the_answer(server: TelegramServer) -> None:
    server.fault("editMessageText", "hang")
    question = asked(server, group=True)
    chat = question.chat
    placed, hanging = (lambda: len(texts(chat)) == 1), (lambda: server.made("editMessageText"))
    async with running(adapter_of(server, replace(AT_ONCE, patience=0.01))) as bot:
        frames = question.frame(WORKING), placed, question.frame("先装"), hanging
        await shown(server, bot, question, *frames, question.answer(ANSWER))
    # The frame may yet be shown in the message that it was for; so that one is gone.
    assert [(answer.text, answer.edits) for answer in chat.answers] == [(ANSWER, 0)]
    assert len(server.made("deleteMessages") + server.made("deleteMessage")) == 1


async def test_of_an_answer_that_took_long_the_asker_is_alerted(server: TelegramServer) -> None:
    question = asked(server, group=True)
    async with running(adapter_of(server, replace(AT_ONCE, unnoticed=0))) as bot:
        await shown(server, bot, question, *grown(question))
    assert [(answer.text, answer.edits) for answer in question.chat.answers] == [(ANSWER, 0)]


# What dies


async def test_an_answer_that_is_given_up_while_it_is_sent_is_known_all_the_same(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = asked(server), Shelf()
    showing = asyncio.create_task(shown(server, bot, question, question.answer(ANSWER), shelf=shelf))

    def give_up(when: str) -> None:
        if when == "after 1":
            showing.cancel()

    shelf.dies = give_up
    with pytest.raises(asyncio.CancelledError):
        await showing
    await shown(server, bot, question, question.answer("改好了。"), shelf=shelf)
    assert texts(question.chat) == ["改好了。"]


KILLED = replace(AT_ONCE, aftermath=0)
"""Who is cancelled does nothing any more, like a process that was killed."""

SCENES = ["direct", "group", "long", "edited", "files", "posted"]
STEPS = {
    *("sendMessage", "editMessageText", "sendMessageDraft", "deleteMessage", "deleteMessages"),
    *("sendPhoto", "sendDocument"),
}
FILES = (
    Enclosure("chart.png", "image/png", picture(screenshot()).data),
    Enclosure("a.csv", "text/csv", b"1"),
)


def scene(server: TelegramServer, name: str) -> tuple[Question, Sequence[Reply | Seen]]:
    """A question, and the stream of its reply, in which every frame is seen."""
    question = asked(server, group=name != "direct")
    if name == "posted":
        post = Reply(question.conversation, ANSWER, buttons=(UP,), final=True, enclosures=FILES[:1])
        return question, [post]
    text = {"long": LONG, "edited": LONG[: len(LONG) // 2]}.get(name, ANSWER)
    frame, seen, reply = grown(question, text)
    return question, [frame, seen, replace(reply, enclosures=FILES) if name == "files" else reply]


async def begun(server: TelegramServer, name: str, question: Question) -> Shelf:
    """Where the reply is kept: before an edit, there is one already."""
    shelf = Shelf()
    if name == "edited":
        async with running(adapter_of(server)) as bot:
            await shown(server, bot, question, question.answer(LONG, [UP]), shelf=shelf)
    return shelf


async def whole(server: TelegramServer, name: str) -> tuple[list[str], list[str], int]:
    """What is seen in the end when nobody dies, which calls it takes, and how often an id is kept."""
    question, steps = scene(server, name)
    shelf = await begun(server, name, question)
    calls, kept = len(server.calls), len(shelf.kept)
    async with running(adapter_of(server)) as bot:
        await shown(server, bot, question, *steps, shelf=shelf)
    made = [call.method for call in server.calls[calls:] if call.method in STEPS]
    return texts(question.chat), made, len(shelf.kept) - kept


async def taken_over(
    server: TelegramServer, question: Question, steps: Sequence[Reply | Seen], shelf: Shelf
) -> list[str]:
    """What is seen when another process has answered anew, as far as it knows."""
    again = [step for step in steps if isinstance(step, Reply)]
    async with running(adapter_of(server)) as bot:
        await shown(server, bot, question, *again, shelf=Shelf(shelf.sent_id))
    return texts(question.chat)


def hanging(server: TelegramServer, method: str, number: int) -> bool:
    """Whether this call of the method is made and gets no answer."""
    return len(made := server.made(method)) > number and not made[number].status


def assert_once(seen: list[str], answer: list[str]) -> None:
    """The answer once, or a note below what may be there of it; at most one orphaned placeholder.

    Below what was posted there is no note; of its file nobody may know.
    """
    *said, last = [text for text in seen if text not in (WORKING, "…")]
    assert len(seen) - len(said) <= 2
    noted = last == LOST and said == answer[: len(said)]
    posted = answer == [ANSWER, "chart.png"]
    assert [*said, last] == answer or ([*said, last] == answer[:1] if posted else noted)


@pytest.mark.parametrize("how", ["hang", "hang_after"])
@pytest.mark.parametrize("name", SCENES)
async def test_whoever_dies_in_a_call_leaves_one_answer_or_a_note(
    server: TelegramServer, name: str, how: Fault
) -> None:
    answer, calls, _ = await whole(server, name)
    for number, method in enumerate(calls):
        question, steps = scene(server, name)
        shelf = await begun(server, name, question)
        skip = calls[:number].count(method)
        hangs = partial(hanging, server, method, len(server.made(method)) + skip)
        server.fault(method, how, skip=skip)
        async with running(adapter_of(server, KILLED)) as bot:
            dying = asyncio.create_task(shown(server, bot, question, *steps, shelf=shelf))
            await server.until(hangs)
            dying.cancel()
            await asyncio.wait([dying])
        assert_once(await taken_over(server, question, steps, shelf), answer)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", SCENES)
async def test_whoever_dies_while_an_id_is_kept_leaves_one_answer_or_a_note(
    server: TelegramServer, name: str, when: str
) -> None:
    answer, _, kept = await whole(server, name)
    for number in range(kept):
        question, steps = scene(server, name)
        shelf = await begun(server, name, question)
        moment = f"{when} {len(shelf.kept) + number + 1}"

        def die(now: str, moment: str = moment) -> None:
            if now == moment:
                raise Killed

        shelf.dies = die
        async with running(adapter_of(server, KILLED)) as bot:
            with suppress(Killed):
                await shown(server, bot, question, *steps, shelf=shelf)
        assert_once(await taken_over(server, question, steps, shelf), answer)
