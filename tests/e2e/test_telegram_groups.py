"""`puyu serve` in groups and forums at Telegram: when it speaks, and where its answers stand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.phrases import CHINESE
from tests.e2e.telegram_bot import ANSWER, PORT, QUESTION, Bot, around, spun
from tests.fakes.telegram_chats import Chat, Person

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with around(tmp_path_factory.mktemp("groups"), built) as bot, bot.serving():
        yield bot


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.model.reset()
    serving.later()
    return serving


@pytest.fixture
def lin(bot: Bot) -> Person:
    return bot.telegram.person("小林", "zh-hans")


@pytest.fixture
def group(bot: Bot, lin: Person) -> Chat:
    return bot.telegram.group("一班", lin)


@pytest.fixture
def forum(bot: Bot, lin: Person) -> Chat:
    return bot.telegram.group("论坛", lin, forum=True)


def test_it_is_silent_until_it_is_spoken_to(bot: Bot, lin: Person, group: Chat) -> None:
    bot.telegram.privacy = False  # it hears all
    group.say(lin, "LMDeploy 怎么量化模型，有人知道吗？")
    group.say(lin, f"/ask@other_bot {QUESTION}")
    group.say(lin, f"@course_ta_bot2 {QUESTION}")
    group.say(lin, f"我问过 course_ta_bot 了：{QUESTION}")
    bot.later()
    answer = bot.ask(group, lin, f"@course_ta_bot {QUESTION}")
    bot.telegram.privacy = True
    assert answer.text.startswith(ANSWER)
    assert bot.answers(group) == [answer]


@pytest.mark.parametrize(
    "text",
    [
        f"@course_ta_bot {QUESTION}",
        f"👩‍👩‍👧‍👦🎉 @COURSE_TA_BOT {QUESTION}",
        f"{QUESTION} @Course_TA_Bot",
        f"/ask@course_ta_bot {QUESTION}",
        f"/ask {QUESTION}",
    ],
)
def test_who_names_it_is_answered_below_the_question(bot: Bot, lin: Person, group: Chat, text: str) -> None:
    question = group.say(lin, text)
    [answer] = bot.answers(group)
    assert (answer.reply_to, answer.text.startswith(ANSWER)) == (question, True)
    assert list(answer.buttons) == ["👍", "👎", CHINESE.more]
    assert "@" not in bot.model.asked[-1].messages[-1]["content"]


def test_a_reply_to_its_answer_goes_on_with_it(bot: Bot, lin: Person, group: Chat) -> None:
    answer = bot.ask(group, lin, f"@course_ta_bot {QUESTION}")
    bot.later()
    assert PORT in bot.ask(group, lin, "那端口呢", reply_to=answer.id).text


def test_what_is_pointed_at_is_part_of_the_question(bot: Bot, lin: Person, group: Chat) -> None:
    ann = bot.telegram.person("Ann", "en")
    said = group.say(ann, QUESTION)
    answer = bot.ask(group, lin, "@course_ta_bot 这个谁知道？", reply_to=said)
    assert answer.text.startswith(ANSWER)
    assert QUESTION in bot.model.asked[-1].messages[-1]["content"]


def test_an_answer_that_takes_long_grows_in_one_message(bot: Bot, lin: Person, group: Chat) -> None:
    bot.model.script(spun(times=10))
    question = group.say(lin, f"@course_ta_bot {QUESTION}")
    bot.wait(lambda: group.answers)
    placeholder = group.answers[0]
    assert placeholder.reply_to == question
    [answer] = bot.answers(group)
    assert answer.id == placeholder.id
    assert answer.edits > 1
    assert bot.telegram.made("sendMessageDraft", group) == []


def test_each_topic_of_a_forum_is_a_conversation(bot: Bot, lin: Person, forum: Chat) -> None:
    here, there = forum.topic("作业"), forum.topic("闲聊")
    answers = [bot.ask(forum, lin, f"@course_ta_bot {QUESTION}", topic=here)]
    bot.later()
    answers.append(bot.ask(forum, lin, "@course_ta_bot 那端口呢", topic=there))
    assert QUESTION not in str(bot.model.asked[-1].messages)
    bot.later()
    answers.append(bot.ask(forum, lin, "@course_ta_bot 那端口呢", topic=here))
    assert QUESTION in str(bot.model.asked[-1].messages)
    bot.later()
    answers.append(bot.ask(forum, lin, f"@course_ta_bot {QUESTION}"))
    assert [one.topic for one in answers] == [here.id, there.id, here.id, None]


def test_a_topic_that_the_bot_made_is_no_reply_to_it(bot: Bot, lin: Person, forum: Chat) -> None:
    bot.telegram.privacy = False
    topic = forum.topic("公告", by_bot=True)
    forum.say(lin, QUESTION, topic=topic)
    bot.later()
    answer = bot.ask(forum, lin, f"/ask {QUESTION}", topic=topic)
    bot.telegram.privacy = True
    assert answer.topic == topic.id
    assert bot.answers(forum) == [answer]


def test_an_admin_without_a_name_is_answered(bot: Bot, lin: Person, group: Chat) -> None:
    question = group.say(lin, f"@course_ta_bot {QUESTION}", anonymous=True)
    [answer] = bot.answers(group)
    assert answer.reply_to == question


def test_a_post_of_the_channel_gets_no_answer(bot: Bot, lin: Person, group: Chat) -> None:
    group.say(lin, f"@course_ta_bot {QUESTION}", via_channel="课程通知")
    bot.later()
    answer = bot.ask(group, lin, f"@course_ta_bot {QUESTION}")
    assert bot.answers(group) == [answer]


def test_an_edited_question_has_its_answer_edited_in_place(bot: Bot, lin: Person, group: Chat) -> None:
    question = group.say(lin, f"@course_ta_bot {QUESTION}")
    [first] = bot.answers(group)
    group.preview_edit(question)
    bot.later()
    group.edit(lin, question, "@course_ta_bot LMDeploy 启动服务的默认端口是多少？")
    bot.wait(lambda: PORT in group.answers[0].text)
    [second] = bot.answers(group)
    assert (second.id, second.edits) == (first.id, first.edits + 1)


def test_a_vote_is_seen_by_who_gave_it_alone(bot: Bot, lin: Person, group: Chat) -> None:
    answer = bot.ask(group, lin, f"@course_ta_bot {QUESTION}")
    ann = bot.telegram.person("Ann", "en")
    assert bot.press(group, ann, answer, "👎")
    assert bot.press(group, lin, answer, "👍") == CHINESE.voted
    assert bot.answers(group) == [answer]


def test_only_who_asked_to_be_forgotten_can_confirm_it(bot: Bot, lin: Person, group: Chat) -> None:
    bot.ask(group, lin, f"@course_ta_bot {QUESTION}")
    bot.later()
    asked_back = bot.ask(group, lin, "/forget@course_ta_bot")
    [button] = asked_back.buttons
    ann = bot.telegram.person("Ann", "en")
    assert bot.press(group, ann, asked_back, button)
    bot.later()
    assert bot.press(group, lin, asked_back, button) == ""
    assert "1 组问答" in bot.answers(group, 3)[-1].text


def test_a_group_that_moved_is_answered_where_it_is_now(bot: Bot, lin: Person) -> None:
    old = bot.telegram.group("二班", lin, basic=True)
    bot.model.script(spun(times=4))
    old.say(lin, f"@course_ta_bot {QUESTION}")
    bot.wait(lambda: old.answers)
    new = old.migrate()
    assert bot.answers(new)[0].text.startswith(ANSWER)
    bot.later()
    assert bot.ask(new, lin, f"@course_ta_bot {QUESTION}").text.startswith(ANSWER)


def test_a_group_that_threw_it_out_can_let_it_in_again(bot: Bot, lin: Person) -> None:
    group = bot.telegram.group("三班", lin)
    bot.model.script(spun())
    group.say(lin, f"@course_ta_bot {QUESTION}")
    bot.wait(lambda: group.answers and len(group.answers[0].text) > len("正在查资料…"))
    group.kick(lin)
    bot.wait(lambda: 403 in [call.status for call in bot.telegram.made("editMessageText", group)])
    group.add(lin)
    assert bot.answers(group, 2)[-1].text.startswith("大家好")
    bot.later()
    question = group.say(lin, f"@course_ta_bot {QUESTION}")
    assert bot.answers(group, 3)[-1].reply_to == question
