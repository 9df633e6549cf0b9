"""A student talks to `puyu serve` in a direct chat at Feishu: what they see of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.feishu_inlet import DONE
from bot.phrases import CHINESE, ENGLISH
from tests.e2e.feishu_bot import Bot, around
from tests.e2e.telegram_bot import ANSWER, PORT, QUANTISING, QUESTION, SITE, grow, spun
from tests.e2e.test_telegram import ERRORS, SHOT
from tests.fakes.openai_server import Turn

pytestmark = pytest.mark.e2e

SAID = "执行 `lmdeploy lite auto_awq 模型路径` 可以把模型量化成 W4A16。"
REASONS = [CHINESE.wrong, CHINESE.missed, CHINESE.old, CHINESE.unclear]


@pytest.fixture(scope="module")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with around(tmp_path_factory.mktemp("direct"), built, errors=ERRORS) as bot, bot.serving():
        yield bot


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.model.reset()
    serving.later()
    return serving


def test_an_answer_grows_in_one_card_and_ends_with_its_sources(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.model.script(spun(times=3))
    answer = bot.ask(chat, lin, QUESTION)
    frames = bot.frames(answer)
    assert len(frames) > 1
    assert grow(frames)
    assert answer.text.startswith(
        f"{ANSWER.removesuffix('[1]')}<number_tag url='{SITE}/read/docs/lmdeploy.md#"
    )
    assert f"▸ 来源 · 1\n[1] [{QUANTISING}]({SITE}/read/docs/lmdeploy.md#" in answer.text
    assert list(answer.buttons) == ["👍", "👎", CHINESE.more]
    assert (answer.reply_to, answer.edits) == ("", 0)
    assert answer.summary.startswith("执行 lmdeploy lite auto_awq")


def test_while_it_looks_things_up_only_a_sign_is_seen(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.model.script(Turn(first_token_ms=500))
    question = chat.say(lin, QUESTION)
    bot.wait(lambda: [(one.id, one.signs) for one in chat.shown] == [(question, ("Typing",))])
    [answer] = bot.answers(chat)
    assert answer.text.startswith(SAID)


def test_a_follow_up_is_understood(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.ask(chat, lin, QUESTION)
    bot.later()
    assert PORT in bot.ask(chat, lin, "那端口呢").text


def test_a_vote_is_thanked_for_on_the_screen_and_noted(bot: Bot) -> None:
    lin, chat = bot.student()
    answer = bot.ask(chat, lin, QUESTION)
    assert bot.press(chat, lin, answer, "👍").toast == CHINESE.voted
    bot.later()
    assert "1 个反馈" in bot.ask(chat, lin, "／我的数据").text


def test_who_is_not_content_is_asked_why(bot: Bot) -> None:
    lin, chat = bot.student()
    answer = bot.ask(chat, lin, QUESTION)
    assert bot.press(chat, lin, answer, "👎").toast == DONE
    asked_back = bot.answers(chat, 2)[-1]
    assert (asked_back.text, list(asked_back.buttons)) == (CHINESE.why_down, REASONS)
    assert bot.press(chat, lin, asked_back, CHINESE.old).toast == CHINESE.voted


def test_more_detail_is_had_by_a_button(bot: Bot) -> None:
    lin, chat = bot.student()
    answer = bot.ask(chat, lin, QUESTION)
    bot.later()
    assert bot.press(chat, lin, answer, CHINESE.more).toast == DONE
    assert bot.answers(chat, 2)[-1].text.startswith(SAID)
    assert CHINESE.in_detail.format(question=QUESTION) in str(bot.model.asked[-1].messages[-1])


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("／帮助", "/mydata"),
        ("／新对话", CHINESE.new_conversation),
        ("/sources", QUANTISING.split(" › ")[1]),
        ("／我的数据", QUESTION),
    ],
)
def test_a_command_is_written_as_one_likes(bot: Bot, command: str, said: str) -> None:
    lin, chat = bot.student()
    bot.ask(chat, lin, QUESTION)
    bot.later()
    assert said in bot.ask(chat, lin, command).text


def test_the_menu_does_the_same(bot: Bot) -> None:
    lin, chat = bot.student()
    chat.menu(lin, "help")
    assert "/mydata" in bot.answers(chat)[0].text


def test_who_takes_the_last_answer_back_sees_it_no_more(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.ask(chat, lin, QUESTION)
    bot.later()
    chat.say(lin, "／撤回")
    bot.wait(lambda: [one.text for one in chat.answers] == [CHINESE.recalled])
    bot.answers(chat)
    bot.later()
    assert "没有" in bot.ask(chat, lin, "／撤回").text


def test_who_writes_english_reads_english(bot: Bot) -> None:
    ann, chat = bot.student("Ann")
    answer = bot.ask(chat, ann, "How do I quantize a model with LMDeploy auto_awq?")
    assert ENGLISH.more in answer.buttons
    bot.press(chat, ann, answer, "👎")
    assert bot.answers(chat, 2)[-1].text == ENGLISH.why_down


@pytest.mark.parametrize("caption", ["这个报错怎么办", ""])
def test_a_screenshot_is_read(bot: Bot, caption: str) -> None:
    lin, chat = bot.student()
    assert "pip install -U xtuner" in bot.ask(chat, lin, caption, images=[SHOT]).text


def test_a_log_is_read_from_its_end(bot: Bot) -> None:
    lin, chat = bot.student()
    log = "step 1: loss 2.3\n" * 5000 + "ModuleNotFoundError: No module named 'xtuner'\n"
    chat.say(lin, file=("train.log", log.encode()))
    assert "pip install -U xtuner" in bot.ask(chat, lin, "训练报错了").text


def test_a_forwarded_bundle_is_read(bot: Bot) -> None:
    lin, chat = bot.student()
    ann = bot.feishu.person("Ann")
    chat.say(lin, merged=[(ann, QUESTION), (lin, "我也想知道")])
    assert bot.ask(chat, lin, "这个怎么做？").text.startswith(SAID)
    assert QUESTION in bot.model.asked[-1].messages[-1]["content"]


def test_what_is_pointed_at_is_part_of_the_question(bot: Bot) -> None:
    lin, chat = bot.student()
    first = chat.say(lin, "LMDeploy 的 auto_awq 是什么？")
    bot.answers(chat)
    bot.later()
    bot.ask(chat, lin, "这个怎么用？", reply_to=first)
    assert "auto_awq 是什么" in bot.model.asked[-1].messages[-1]["content"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"audio": b"OggS"}, CHINESE.voice),
        ({"sticker": True}, CHINESE.sticker),
        ({"file": ("a.zip", b"PK")}, CHINESE.unreadable_file),
        ({"kind": "location"}, CHINESE.unreadable),
    ],
)
def test_what_cannot_be_read_gets_one_polite_sentence(bot: Bot, more: dict[str, Any], said: str) -> None:
    lin, chat = bot.student()
    assert bot.ask(chat, lin, **more).text == said


@pytest.mark.parametrize("shown", [True, False])
def test_nothing_stays_of_a_question_that_is_taken_back(bot: Bot, shown: bool) -> None:
    lin, chat = bot.student()
    bot.model.script(spun(times=20))
    question = chat.say(lin, QUESTION)
    if shown:
        bot.wait(lambda: chat.answers)
    chat.recall(lin, question)
    bot.wait(lambda: chat.shown == [])
    bot.later()
    assert bot.ask(chat, lin, QUESTION).text.startswith(SAID)


def test_a_model_that_is_down_means_quotes(bot: Bot) -> None:
    bot.model.fail("error")
    try:
        lin, chat = bot.student()
        answer = bot.ask(chat, lin, QUESTION)
    finally:
        bot.model.recover()
    assert answer.text.startswith(CHINESE.model_down)
    assert "lmdeploy lite auto_awq" in answer.text
