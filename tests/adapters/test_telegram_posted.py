"""What a reply at Telegram may be besides an answer in words: a sign, files, what nobody asked for."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from adapters.base import Button, Enclosure, Reply
from adapters.telegram import TelegramAdapter
from tests.fakes.pictures import picture, screenshot
from tests.fakes.telegram_bot import Question, Shelf, adapter_of, running, stream
from tests.fakes.telegram_chats import Chat
from tests.fakes.telegram_server import TelegramServer

THANKS, CARD = "不客气！", "**新问题 #1**：几号交？"
TAKE = Button("认领", "/assign 1")
CHART = Enclosure("chart.png", "image/png", picture(screenshot()).data)
TABLE = Enclosure("统计.csv", "text/csv", b"day,questions\n")
RULER = Enclosure("ruler.png", "image/png", picture(screenshot(size=(900, 30))).data)
LARGE = Enclosure("all.csv", "text/csv", bytes(50_000_001))


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        server.limits = False
        yield server


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[TelegramAdapter]:
    async with running(adapter_of(server)) as adapter:
        yield adapter


def said(server: TelegramServer, text: str = "谢谢", *, group: bool = True) -> Question:
    lin = server.person("小林")
    chat = server.group("一班", lin) if group else server.direct(lin)
    return Question(chat, chat.say(lin, text))


def thanks(question: Question) -> Reply:
    return replace(question.answer(THANKS), reaction="thanks")


def card(question: Question, text: str = CARD, *enclosures: Enclosure) -> Reply:
    """What is posted, being no answer to the question."""
    return Reply(question.conversation, text, buttons=(TAKE,), final=True, enclosures=enclosures)


async def answered(server: TelegramServer, bot: TelegramAdapter, question: Question, reply: Reply) -> str:
    return await bot.show(stream(server, reply), Shelf().delivery(question.key))


async def posted(
    server: TelegramServer, bot: TelegramAdapter, reply: Reply, shelf: Shelf | None = None
) -> str:
    return await bot.show(stream(server, reply), (shelf or Shelf()).delivery("post:1"))


def texts(chat: Chat) -> list[str]:
    return [shown.text for shown in chat.answers]


def names(chat: Chat) -> list[str]:
    """Of the files in the bot's messages, empty for a text."""
    files = [shown.photo or shown.document for shown in chat.answers]
    return [file.name if file else "" for file in files]


# Signs


@pytest.mark.parametrize("group", [True, False])
async def test_thanks_get_a_sign_and_no_message(
    server: TelegramServer, bot: TelegramAdapter, group: bool
) -> None:
    question = said(server, group=group)
    for _ in range(2):  # as after a crash
        assert await answered(server, bot, question, thanks(question)) == ""
    assert (question.chat.reactions, texts(question.chat)) == ({question.id: "❤"}, [])


async def test_where_no_sign_is_allowed_the_text_goes(server: TelegramServer, bot: TelegramAdapter) -> None:
    question = said(server)
    question.chat.allow_reactions("👍")
    await answered(server, bot, question, thanks(question))
    assert (question.chat.reactions, texts(question.chat)) == ({}, [THANKS])


async def test_a_message_that_is_gone_gets_the_text(server: TelegramServer, bot: TelegramAdapter) -> None:
    question = said(server)
    question.chat.room.messages.pop(question.id)
    await answered(server, bot, question, thanks(question))
    assert texts(question.chat) == [THANKS]


async def test_what_stands_already_becomes_the_text(server: TelegramServer, bot: TelegramAdapter) -> None:
    question, shelf = said(server), Shelf()
    shelf.sent_id = await bot.show(stream(server, question.answer("答。")), shelf.delivery(question.key))
    await bot.show(stream(server, thanks(question)), shelf.delivery(question.key))
    assert (question.chat.reactions, texts(question.chat)) == ({}, [THANKS])


# What nobody asked for


async def test_what_answers_no_message_is_posted_by_itself(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = said(server)
    sent_id = await posted(server, bot, card(question))
    [shown] = question.chat.answers
    assert (shown.text, shown.reply_to, list(shown.buttons)) == ("新问题 #1：几号交？", None, ["认领"])
    assert bot.messages(sent_id) == (f"telegram:{question.chat.id}:{shown.id}",)


async def test_it_may_be_posted_in_a_topic(server: TelegramServer, bot: TelegramAdapter) -> None:
    lin = server.person("小林")
    group = server.group("助教", lin, forum=True)
    topic = group.topic("待答")
    await posted(server, bot, card(Question(group, 1, topic)))
    assert [(shown.topic, shown.reply_to) for shown in group.answers] == [(topic.id, None)]


async def test_what_was_posted_changes_in_its_place(server: TelegramServer, bot: TelegramAdapter) -> None:
    question, shelf = said(server), Shelf()
    shelf.sent_id = await posted(server, bot, card(question), shelf)
    again = await posted(server, bot, replace(card(question, "#1 已回答"), buttons=()), shelf)
    [shown] = question.chat.answers
    assert (shown.text, dict(shown.buttons), again) == ("#1 已回答", {}, shelf.sent_id)


async def test_what_was_posted_and_deleted_is_posted_anew_when_it_changes(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = said(server), Shelf()
    shelf.sent_id = await posted(server, bot, card(question), shelf)
    question.chat.room.messages.pop(question.chat.answers[0].id)
    await posted(server, bot, card(question, "#1 已回答"), shelf)
    assert texts(question.chat) == ["#1 已回答"]


@pytest.mark.parametrize("group", [True, False])
async def test_a_late_word_to_a_question_points_at_it_also_in_a_direct_chat(
    server: TelegramServer, bot: TelegramAdapter, group: bool
) -> None:
    question = said(server, group=group)
    await posted(server, bot, question.answer("助教 王 回复：周五交。"))
    assert [(shown.text, shown.reply_to) for shown in question.chat.answers] == [
        ("助教 王 回复：周五交。", question.id)
    ]


async def test_what_is_shown_nowhere_has_no_messages(bot: TelegramAdapter) -> None:
    assert bot.messages("") == ()


# Files


async def test_a_picture_and_a_table_stand_below_the_text(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = said(server)
    reply = replace(question.answer("统计", [TAKE]), enclosures=(CHART, TABLE))
    sent_id = await answered(server, bot, question, reply)
    text, chart, table = question.chat.answers
    assert (text.reply_to, list(text.buttons), chart.reply_to) == (question.id, ["认领"], None)
    assert chart.photo
    assert table.document
    assert (chart.photo.content, table.document.content) == (CHART.data, TABLE.data)
    assert (table.document.name, table.document.media_type) == ("统计.csv", "text/csv")
    assert bot.messages(sent_id)[1:] == tuple(
        f"telegram:{question.chat.id}:{one.id}" for one in (chart, table)
    )


async def test_a_picture_that_cannot_be_shown_as_one_comes_as_a_file(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question = said(server)
    await posted(server, bot, card(question, "图", RULER))
    assert [(shown.photo, bool(shown.document)) for shown in question.chat.answers] == [
        (None, False),
        (None, True),
    ]


async def test_where_no_files_are_taken_the_text_goes_without(
    server: TelegramServer, bot: TelegramAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    question = said(server)
    question.chat.refuse_files()
    await answered(server, bot, question, replace(question.answer("统计"), enclosures=(CHART, TABLE)))
    assert texts(question.chat) == ["统计"]
    assert "without its file" in caplog.text


async def test_a_file_that_is_too_large_is_left_out(server: TelegramServer, bot: TelegramAdapter) -> None:
    question = said(server)
    await posted(server, bot, card(question, "统计", LARGE, TABLE))
    assert names(question.chat) == ["", "统计.csv"]


async def test_files_that_stand_stay_and_others_take_their_place(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = said(server), Shelf()
    for enclosures in ((CHART, TABLE), (CHART, TABLE), (CHART,), (TABLE,)):
        shelf.sent_id = await posted(server, bot, card(question, "图", *enclosures), shelf)
    assert names(question.chat) == ["", "统计.csv"]
    assert (len(server.made("sendPhoto")), len(server.made("sendDocument"))) == (1, 2)


async def test_a_text_that_grows_by_a_message_stays_above_its_files(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    question, shelf = said(server), Shelf()
    for text in ("短。", "长。" * 3000):
        shelf.sent_id = await posted(server, bot, card(question, text, TABLE), shelf)
    assert names(question.chat) == ["", "", "统计.csv"]


async def test_what_is_taken_back_takes_its_files_along(server: TelegramServer, bot: TelegramAdapter) -> None:
    question = said(server)
    await bot.retract(await posted(server, bot, card(question, "图", CHART)))
    assert not question.chat.answers


async def test_a_file_of_which_nobody_knows_is_offered_with_its_answer(
    server: TelegramServer, bot: TelegramAdapter
) -> None:
    server.fault("sendDocument", "drop_after")
    question = said(server)
    await answered(server, bot, question, replace(question.answer("统计"), enclosures=(TABLE,)))
    assert names(question.chat) == ["", "统计.csv", ""]
    assert list(question.chat.answers[-1].buttons) == ["再发一次"]
