"""What the bot says at Feishu beside its answers: thanks, files, and what it posts by itself."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from adapters.base import Conversation, Delivery, Enclosure, Reply
from adapters.feishu import FeishuAdapter
from tests.fakes.feishu_asker import Question, Shelf, adapter_of, running, stream
from tests.fakes.feishu_server import Chat, FeishuServer, Person

CHART = Enclosure("chart.png", "image/png", b"\x89PNG chart")
TABLE = Enclosure("提问.csv", "text/csv", "日期,提问\n".encode())
FIGURES = "本周 42 个提问。"


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        server.limits = False
        yield server


@pytest.fixture
async def bot(server: FeishuServer) -> AsyncIterator[FeishuAdapter]:
    async with running(adapter_of(server)) as adapter:
        yield adapter


@pytest.fixture
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


@pytest.fixture
def group(server: FeishuServer, lin: Person) -> Chat:
    return server.group("一班", lin)


def asked(group: Chat, lin: Person, text: str = "/stats") -> Question:
    return Question(group, group.say(lin, text, at_bot=True))


def seen(chat: Chat) -> list[tuple[str, str, bytes]]:
    return [(one.kind, one.text, one.data) for one in chat.answers]


# Files


async def test_a_picture_and_a_file_stand_below_the_words(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question = asked(group, lin)
    reply = replace(question.answer(FIGURES), enclosures=(CHART, TABLE))
    sent_id = await bot.show(stream(server, reply), Delivery(question.key))
    shown = [("interactive", FIGURES, b""), ("image", "", CHART.data), ("file", "提问.csv", TABLE.data)]
    assert seen(group) == shown
    assert {one.reply_to for one in group.answers} == {question.id}
    assert bot.messages(sent_id) == tuple(f"feishu:{one.id}" for one in group.answers)


async def test_what_is_enclosed_already_is_not_sent_again_and_what_is_not_goes(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question, shelf = asked(group, lin), Shelf()
    reply = replace(question.answer(FIGURES), enclosures=(CHART, TABLE))
    for enclosures in ((CHART, TABLE), (CHART, TABLE), (TABLE,), ()):
        replies = stream(server, replace(reply, enclosures=enclosures))
        shelf.sent_id = await bot.show(replies, shelf.delivery(question.key))
        assert [data for _, _, data in seen(group)] == [b"", *(one.data for one in enclosures)]
    assert (len(server.made("POST /open-apis/im/v1/images")), len(server.made("/im/v1/files"))) == (1, 2)


async def test_words_that_need_a_second_card_later_stand_before_the_file_all_the_same(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question, shelf = asked(group, lin), Shelf()
    for text in (FIGURES, "很长。\n\n" * 4000):
        reply = replace(question.answer(text), enclosures=(TABLE,))
        shelf.sent_id = await bot.show(stream(server, reply), shelf.delivery(question.key))
    kinds = [kind for kind, *_ in seen(group)]
    assert kinds == ["interactive"] * (len(kinds) - 1) + ["file"]
    assert len(kinds) > 2


async def test_words_come_where_a_file_was_begun_that_is_not_wanted_any_more(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question, shelf = asked(group, lin), Shelf("feishu::file-0123456789abcdef")
    await bot.show(stream(server, question.answer(FIGURES)), shelf.delivery(question.key))
    assert [text for _, text, _ in seen(group)] == [FIGURES]


@pytest.mark.parametrize("trouble", ["large", "right"])
async def test_of_a_file_that_feishu_does_not_take_there_is_a_note(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person, trouble: str
) -> None:
    question = asked(group, lin)
    if trouble == "large":
        server.fault("/im/v1/files", 234006)
    else:
        server.scopes -= {"im:resource"}
    reply = replace(question.answer(FIGURES), enclosures=(TABLE,))
    await bot.show(stream(server, reply), Delivery(question.key))
    (_, words, _), (kind, note, _) = seen(group)
    assert (words, kind, "提问.csv" in note) == (FIGURES, "text", True)


# Thanks


def thanks(question: Question) -> Reply:
    return replace(question.answer("不客气！"), reaction="thanks")


def signs(question: Question) -> tuple[str, ...]:
    return next(one.signs for one in question.chat.shown if one.id == question.id)


@pytest.mark.parametrize("direct", [True, False])
async def test_thanks_get_a_sign_and_no_message(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person, direct: bool
) -> None:
    question = asked(server.direct(lin) if direct else group, lin, "谢谢")
    for _ in range(2):  # a crash lets it be done again
        replies = stream(server, question.working("正在查…"), thanks(question))
        assert await bot.show(replies, Delivery(question.key)) == ""
    assert (question.chat.answers, signs(question)) == ([], ("HEART",))


async def test_where_no_sign_can_be_put_the_words_go(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question = asked(group, lin, "谢谢")
    server.fault("/reactions", 231002)
    assert await bot.show(stream(server, thanks(question)), Delivery(question.key))
    assert [text for _, text, _ in seen(group)] == ["不客气！"]


async def test_thanks_to_what_was_a_question_before_stand_in_the_place_of_its_answer(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question, shelf = asked(group, lin, "几号交？"), Shelf()
    for reply in (question.answer("周五。"), thanks(question)):
        shelf.sent_id = await bot.show(stream(server, reply), shelf.delivery(question.key))
    assert [text for _, text, _ in seen(group)] == ["不客气！"]


async def test_thanks_that_were_withdrawn_get_nothing(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person
) -> None:
    question = asked(group, lin, "谢谢")
    group.recall(lin, question.id)
    assert await bot.show(stream(server, thanks(question)), Delivery(question.key)) == ""
    assert seen(group) == []


# Posts


def post(chat: Chat, text: str, thread: str = "") -> Reply:
    return Reply(Conversation("feishu", chat.id, "group", thread), text, final=True)


async def test_a_post_stands_by_itself_and_is_changed_in_its_place(
    server: FeishuServer, bot: FeishuAdapter, group: Chat
) -> None:
    shelf = Shelf()
    for text in ("待答 3 号", "待答 3 号：已认领"):
        shelf.sent_id = await bot.show(stream(server, post(group, text)), shelf.delivery("desk-3"))
    [shown] = group.answers
    assert (shown.text, shown.reply_to, shown.edits) == ("待答 3 号：已认领", "", 1)
    assert bot.messages(shelf.sent_id) == (f"feishu:{shown.id}",)


async def test_what_is_said_to_a_question_later_quotes_it_in_a_direct_chat_too(
    server: FeishuServer, bot: FeishuAdapter, lin: Person
) -> None:
    question = asked(server.direct(lin), lin, "几号交？")
    for key in (question.key, "desk-3"):
        await bot.show(stream(server, question.answer("周五。")), Delivery(key))
    assert [one.reply_to for one in question.chat.answers] == ["", question.id]


@pytest.mark.parametrize(("reads_all", "begins"), [(True, True), (True, False), (False, True)])
async def test_a_post_for_a_thread_stands_in_it_where_the_bot_may_look_into_it(
    server: FeishuServer, bot: FeishuAdapter, group: Chat, lin: Person, reads_all: bool, begins: bool
) -> None:
    server.at_only = not reads_all
    first = group.say(lin, "作业一讨论")
    group.say(lin, "几号交？", at_bot=True, thread=first)
    thread = group.shown[0].thread_id
    if not begins:
        group.recall(lin, first)
    await bot.show(stream(server, post(group, "有新内容。", thread)), Delivery("news-1"))
    assert [one.thread_id for one in group.answers] == [thread if reads_all else ""]


async def test_a_reply_that_is_named_by_no_message_has_none(bot: FeishuAdapter) -> None:
    assert bot.messages("") == ()
