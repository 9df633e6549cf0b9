"""A group in helpful mode: what is answered that was put to nobody, and what is left to people."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.staffed import PLATFORMS, Bot, Chat, Person, Platform, around
from tests.e2e.telegram_bot import PORT, QUESTION

pytestmark = pytest.mark.e2e

HELPFUL = '[groups.default]\nmode = "helpful"\nhold_seconds = 1\n'
ANSWERED = "auto_awq"
ANOTHER = "LMDeploy 服务的默认端口是多少？"


@pytest.fixture(scope="module")
def bot(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """One that hears all that is said."""
    with around(tmp_path_factory.mktemp("helpful"), built) as bot:
        bot.telegram.privacy = bot.feishu.at_only = False
        yield bot


@pytest.fixture(scope="module")
def ta(bot: Bot) -> Person:
    return bot.person("telegram", "小林")


@pytest.fixture(scope="module")
def sleeping(bot: Bot, ta: Person) -> Chat:
    """A group that has its quiet hours."""
    return bot.group("夜里", ta)


@pytest.fixture(scope="module")
def silent(bot: Bot, ta: Person, sleeping: Chat) -> Iterator[list[Chat]]:
    """The bot serves; in these groups it has said nothing until its end."""
    now, hour = datetime.now(ZoneInfo("Asia/Shanghai")), timedelta(hours=1)
    quiet = f'[groups."{sleeping.id}"]\nmode = "helpful"\nhold_seconds = 1\n'
    hours = f'quiet_hours = "{now - hour:%H:%M}-{now + hour:%H:%M}"\n'
    bot.course(bot.group("助教", ta), ta, more=HELPFUL + quiet + hours)
    silent: list[Chat] = []
    with bot.serving():
        yield silent
    assert [one.notes() for one in silent if one.notes()] == []


def held(bot: Bot, platform: Platform) -> None:
    """Return when all questions that were put to nobody before this one are answered or left."""
    ann, group = bot.student(platform, "小安")
    asked = group.say(ann, QUESTION)
    assert group.read(ANSWERED).to == asked


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_question_of_the_course_is_answered_though_it_was_put_to_nobody(
    bot: Bot, silent: list[Chat], platform: Platform
) -> None:
    held(bot, platform)


def test_what_is_none_of_its_business_is_left_to_people(bot: Bot, silent: list[Chat], sleeping: Chat) -> None:
    ann, chatting = bot.student("telegram", "小安")
    for text in ("大家早上好", "今天好累啊，先睡了", "周末一起去爬山吗？", "LMDeploy 真好用"):
        chatting.say(ann, text)
    sleeping.say(ann, QUESTION)
    held(bot, "telegram")
    assert chatting.notes() + sleeping.notes() == []
    silent += [chatting, sleeping]


@pytest.mark.parametrize("points", [True, False], ids=["in reply", "beside"])
def test_a_person_who_answers_in_time_keeps_it_silent(bot: Bot, silent: list[Chat], points: bool) -> None:
    ann, bob = bot.person("telegram", "小安"), bot.person("telegram", "小博")
    group = bot.group("一班", ann, bob)
    asked = group.say(ann, QUESTION)
    group.say(bob, "执行 lmdeploy lite auto_awq 加模型路径，就能量化成 W4A16", asked if points else "")
    held(bot, "telegram")
    assert group.notes() == []
    silent.append(group)


def test_a_question_that_is_taken_back_is_not_answered(bot: Bot, silent: list[Chat]) -> None:
    ann, group = bot.student("feishu", "小安")
    group.recall(ann, group.say(ann, QUESTION))
    held(bot, "feishu")
    assert group.notes() == []
    silent.append(group)


def test_a_group_that_is_muted_hears_nothing(bot: Bot, silent: list[Chat], ta: Person) -> None:
    ann, group = bot.student("telegram", "小安")
    group.say(ta, "/mute 5")
    muted = group.read()
    group.say(ann, QUESTION)
    group.ask(ann, QUESTION)
    held(bot, "telegram")
    assert group.notes() == [muted]


def test_a_person_is_answered_unasked_once_in_a_row(bot: Bot, silent: list[Chat]) -> None:
    ann, group = bot.student("telegram", "小安")
    group.say(ann, QUESTION)
    group.read(ANSWERED)
    group.say(ann, ANOTHER)
    held(bot, "telegram")
    assert len(group.notes()) == 1
    bob = bot.person("telegram", "小博")
    asked = group.say(bob, ANOTHER)
    assert group.read(PORT).to == asked


def test_thanks_get_a_reaction_and_no_message(bot: Bot, silent: list[Chat]) -> None:
    ann, group = bot.student("telegram", "小安")
    answer = group.answer(ann, QUESTION)
    thanks = group.say(ann, "谢谢！", answer.id)
    bot.wait(lambda: group.reactions(thanks), group)
    assert group.notes() == [answer]
