"""`puyu serve` in groups and topics at Feishu: when it speaks, and where its answers stand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.phrases import CHINESE
from tests.e2e.feishu_bot import Bot, around
from tests.e2e.telegram_bot import PORT, QUESTION, spun
from tests.e2e.telegram_long import LONG
from tests.e2e.test_feishu import SAID
from tests.fakes.feishu_server import Chat, Person
from tests.fakes.openai_server import Turn

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with around(tmp_path_factory.mktemp("groups"), built) as bot, bot.serving():
        yield bot


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.model.reset()
    serving.feishu.at_only = True
    serving.later()
    return serving


@pytest.fixture
def lin(bot: Bot) -> Person:
    return bot.feishu.person("小林")


@pytest.fixture
def ann(bot: Bot) -> Person:
    return bot.feishu.person("Ann")


@pytest.fixture
def group(bot: Bot, lin: Person, ann: Person) -> Chat:
    return bot.feishu.group("一班", lin, ann)


@pytest.fixture
def topics(bot: Bot, lin: Person, ann: Person) -> Chat:
    return bot.feishu.group("话题", lin, ann, topics=True)


def test_who_names_it_is_answered_below_the_question(bot: Bot, lin: Person, group: Chat) -> None:
    question = group.say(lin, QUESTION, at_bot=True)
    [answer] = bot.answers(group)
    assert (answer.reply_to, answer.thread_id) == (question, "")
    assert answer.text.startswith(SAID)
    assert list(answer.buttons) == ["👍", "👎", CHINESE.more]
    assert "@" not in bot.model.asked[-1].messages[-1]["content"]


def test_it_is_silent_until_it_is_spoken_to(bot: Bot, lin: Person, ann: Person, group: Chat) -> None:
    bot.feishu.at_only = False  # it hears all
    group.say(lin, QUESTION)
    group.say(lin, QUESTION, at=[ann])
    group.say(lin, QUESTION, at_all=True)
    bot.later()
    assert bot.ask(group, lin, QUESTION, at_bot=True).text.startswith(SAID)


def test_a_reply_to_its_answer_goes_on_with_it(bot: Bot, lin: Person, group: Chat) -> None:
    bot.feishu.at_only = False
    answer = bot.ask(group, lin, QUESTION, at_bot=True)
    bot.later()
    follow_up = bot.ask(group, lin, "那端口呢", reply_to=answer.id)
    assert PORT in follow_up.text, bot.model.asked[-1].messages


@pytest.mark.parametrize("bundle", [True, False])
def test_what_is_pointed_at_is_part_of_the_question(
    bot: Bot, lin: Person, ann: Person, group: Chat, bundle: bool
) -> None:
    said = group.say(ann, merged=[(ann, QUESTION)]) if bundle else group.say(ann, QUESTION)
    answer = bot.ask(group, lin, "这个谁知道？", at_bot=True, reply_to=said)
    assert answer.text.startswith(SAID)
    assert QUESTION in bot.model.asked[-1].messages[-1]["content"]


def test_each_topic_is_a_conversation(bot: Bot, lin: Person, topics: Chat) -> None:
    here = bot.ask(topics, lin, QUESTION, at_bot=True)
    bot.later()
    bot.ask(topics, lin, "那端口呢", at_bot=True)
    assert QUESTION not in str(bot.model.asked[-1].messages)
    bot.later()
    follow_up = bot.ask(topics, lin, "那端口呢", at_bot=True, thread=here.thread_id)
    assert QUESTION in str(bot.model.asked[-1].messages)
    assert PORT in follow_up.text
    assert follow_up.thread_id == here.thread_id


def test_in_a_thread_of_a_group_it_answers_there_alone(
    bot: Bot, lin: Person, ann: Person, group: Chat
) -> None:
    root = group.say(ann, "大家有问题在下面问")
    first = bot.ask(group, lin, QUESTION, at_bot=True, thread=root)
    bot.later()
    follow_up = bot.ask(group, lin, "那端口呢", at_bot=True, thread=root)
    assert PORT in follow_up.text
    assert first.thread_id == follow_up.thread_id != ""


def test_a_long_answer_stays_whole_in_its_thread(bot: Bot, lin: Person, topics: Chat) -> None:
    bot.model.script(Turn(text=LONG))
    topics.say(lin, QUESTION, at_bot=True)
    bot.wait(lambda: topics.answers and topics.answers[-1].buttons)
    parts = bot.answers(topics, len(topics.answers))
    assert len(parts) == 2
    assert all(f"({number}/2)" in part.text for number, part in enumerate(parts, 1))
    assert [bool(part.buttons) for part in parts] == [False, True]
    text = "\n\n".join(part.text for part in parts)
    said = [block for block in LONG.split("\n\n") if block.startswith(("第", "```", "| "))]
    places = [text.find(block.split(" 见[")[0]) for block in said]
    assert -1 not in places, "a block is missing or was cut"
    assert places == sorted(places)


def test_more_detail_comes_in_the_thread_too(bot: Bot, lin: Person, topics: Chat) -> None:
    answer = bot.ask(topics, lin, QUESTION, at_bot=True)
    bot.later()
    bot.press(topics, lin, answer, CHINESE.more)
    detail = bot.answers(topics, 2)[-1]
    assert (detail.thread_id, detail.text.startswith(SAID)) == (answer.thread_id, True)


def test_votes_are_seen_by_who_gave_them_alone(bot: Bot, lin: Person, ann: Person, group: Chat) -> None:
    answer = bot.ask(group, lin, QUESTION, at_bot=True)
    for who, button in ((ann, "👎"), (lin, "👍"), (lin, "👍"), (lin, "👎")):
        assert bot.press(group, who, answer, button).toast == CHINESE.voted
    assert bot.answers(group) == [answer]


def test_who_asked_takes_an_answer_back(bot: Bot, lin: Person, ann: Person, group: Chat) -> None:
    answer = bot.ask(group, lin, QUESTION, at_bot=True)
    bot.later()
    assert bot.ask(group, ann, "／撤回", at_bot=True).text == CHINESE.nothing_to_recall
    bot.later()
    group.say(lin, "／撤回", at_bot=True)
    bot.wait(lambda: answer.id not in [one.id for one in group.answers])
    bot.wait(lambda: CHINESE.recalled in [one.text for one in group.answers])
    bot.answers(group, 2)


def test_a_question_that_is_taken_back_leaves_nothing(bot: Bot, lin: Person, group: Chat) -> None:
    bot.model.script(spun(times=20))
    question = group.say(lin, QUESTION, at_bot=True)
    bot.wait(lambda: group.answers)
    group.recall(lin, question)
    bot.wait(lambda: group.shown == [])
    bot.later()
    assert bot.ask(group, lin, QUESTION, at_bot=True).text.startswith(SAID)


def test_a_group_that_it_joins_is_greeted_once(bot: Bot, lin: Person, group: Chat) -> None:
    group.add_bot(lin)
    bot.feishu.redeliver(bot.feishu.events[-1]["header"]["event_id"])
    bot.feishu.redeliver(bot.feishu.events[-1]["header"]["event_id"], same_event_id=False)
    [welcome] = bot.answers(group)
    assert welcome.text.startswith("大家好")
    bot.later()
    bot.ask(group, lin, QUESTION, at_bot=True)


def test_a_group_that_threw_it_out_can_let_it_in_again(bot: Bot, lin: Person, group: Chat) -> None:
    bot.model.script(Turn(first_token_ms=500))
    group.say(lin, QUESTION, at_bot=True)
    bot.wait(lambda: group.shown[0].signs)
    group.remove_bot(lin)
    bot.wait(lambda: 230002 in [call.code for call in bot.feishu.calls])
    assert group.answers == []
    group.room.kept[0].reactions.clear()  # its sign is what it can no longer take away
    bot.later()
    group.add_bot(lin)
    bot.wait(lambda: group.answers)
    assert bot.answers(group)[0].text.startswith("大家好")
    bot.later()
    assert bot.ask(group, lin, QUESTION, at_bot=True).text.startswith(SAID)
