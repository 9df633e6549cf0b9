"""A student talks to `puyu serve` in a direct chat at Telegram: what they see of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.phrases import CHINESE, ENGLISH
from tests.e2e.telegram_bot import ANSWER, PORT, QUANTISING, QUESTION, SITE, Bot, around, grow, spun
from tests.e2e.telegram_long import LONG, READING, assert_whole
from tests.fakes.openai_server import Turn
from tests.fakes.pictures import picture, screenshot

pytestmark = pytest.mark.e2e

ERRORS = """# 常见报错

## No module named 'xtuner'

ModuleNotFoundError: No module named 'xtuner' 说明没有安装 XTuner，执行 `pip install -U xtuner` 即可。
"""
SHOT = picture(screenshot()).data


@pytest.fixture(scope="module")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    folder = tmp_path_factory.mktemp("direct")
    with around(folder, built, errors=ERRORS, reading=READING) as bot, bot.serving():
        yield bot


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.model.reset()
    serving.later()
    return serving


def test_an_answer_grows_in_a_draft_and_is_sent_once_with_its_sources(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.model.script(spun())
    answer = bot.ask(chat, lin, QUESTION)
    drafts = bot.drafts(chat)
    assert len(drafts) > 1
    assert grow([*drafts, answer.text])
    assert chat.draft == ""
    [sources] = answer.marked("expandable_blockquote")
    assert answer.text.endswith(sources)
    assert sources.startswith(f"来源\n[1] {QUANTISING} · ")
    [link] = [one["url"] for one in answer.entities if one["type"] == "text_link"]
    assert link.startswith(f"{SITE}/read/docs/lmdeploy.md#")
    assert list(answer.buttons) == ["👍", "👎", CHINESE.more]


def test_a_follow_up_is_understood(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.ask(chat, lin, QUESTION)
    bot.later()
    assert PORT in bot.ask(chat, lin, "那端口呢").text


def test_a_vote_is_thanked_for_on_the_screen_and_noted(bot: Bot) -> None:
    lin, chat = bot.student()
    answer = bot.ask(chat, lin, QUESTION)
    assert bot.press(chat, lin, answer, "👍") == CHINESE.voted
    bot.later()
    assert "1 个反馈" in bot.ask(chat, lin, "/mydata").text


def test_more_detail_is_had_by_a_button(bot: Bot) -> None:
    lin, chat = bot.student()
    answer = bot.ask(chat, lin, QUESTION)
    bot.later()
    assert bot.press(chat, lin, answer, CHINESE.more) == ""
    assert bot.answers(chat, 2)[-1].text.startswith(ANSWER)
    assert CHINESE.in_detail.format(question=QUESTION) in str(bot.model.asked[-1].messages[-1])


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/start", "你好，我是「测试课」的助教机器人"),
        ("/help", "/mydata（/我的数据）"),
        ("/new", CHINESE.new_conversation),
        ("/sources", f"1. {QUANTISING}"),
        ("/mydata", QUESTION),
    ],
)
def test_a_command_does_what_the_menu_says(bot: Bot, command: str, said: str) -> None:
    lin, chat = bot.student()
    bot.ask(chat, lin, QUESTION)
    bot.later()
    assert said in bot.ask(chat, lin, command).text
    assert command[1:] in chat.menu(lin) or command == "/start"


def test_who_wants_to_be_forgotten_is_asked_back_and_gets_a_receipt(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.ask(chat, lin, QUESTION)
    bot.later()
    asked_back = bot.ask(chat, lin, "/forget")
    [button] = asked_back.buttons
    bot.press(chat, lin, asked_back, button)
    assert "1 组问答" in bot.answers(chat, 3)[-1].text
    bot.later()
    assert "没有记着" in bot.ask(chat, lin, "/mydata").text


def test_a_link_with_a_topic_answers_at_once(bot: Bot) -> None:
    lin, chat = bot.student()
    chat.start(lin, "lmdeploy_auto_awq")
    [answer] = bot.answers(chat)
    assert answer.text.startswith(ANSWER)


def test_who_writes_english_reads_english(bot: Bot) -> None:
    ann, chat = bot.student("Ann", "en-GB")
    assert chat.menu(ann)["help"] == "See what I can do"
    assert bot.ask(chat, ann, "/start").text.startswith("Hello! I am")
    bot.later()
    answer = bot.ask(chat, ann, "How do I quantize a model with LMDeploy auto_awq?")
    assert ENGLISH.more in answer.buttons


def test_who_is_not_content_is_asked_why(bot: Bot) -> None:
    ann, chat = bot.student("Ann", "en-GB")
    answer = bot.ask(chat, ann, "How do I quantize a model with LMDeploy auto_awq?")
    bot.press(chat, ann, answer, "👎")
    asked_back = bot.answers(chat, 2)[-1]
    assert asked_back.text == ENGLISH.why_down
    assert bot.press(chat, ann, asked_back, next(iter(asked_back.buttons))) == ENGLISH.voted


def test_an_edited_question_has_its_answer_edited(bot: Bot) -> None:
    lin, chat = bot.student()
    question = chat.say(lin, QUESTION)
    [first] = bot.answers(chat)
    bot.later()
    chat.edit(lin, question, "LMDeploy 启动服务的默认端口是多少？")
    bot.wait(lambda: PORT in chat.answers[0].text)
    [second] = bot.answers(chat)
    assert second.id == first.id
    assert ANSWER not in second.text


@pytest.mark.parametrize("caption", ["这个报错怎么办", ""])
def test_a_screenshot_is_read(bot: Bot, caption: str) -> None:
    lin, chat = bot.student()
    assert "pip install -U xtuner" in bot.ask(chat, lin, caption, photo=SHOT).text


def test_an_album_is_one_question(bot: Bot) -> None:
    lin, chat = bot.student()
    chat.album(lin, [SHOT, SHOT], "这个报错怎么办")
    [answer] = bot.answers(chat)
    assert "pip install -U xtuner" in answer.text
    # The first picture may have been asked about before the second came; then the answer began anew.
    asked = bot.model.asked[-1].messages[-1]["content"].rpartition("<question>")[2]
    assert asked.count("ModuleNotFoundError") == 2


def test_a_log_is_read_from_its_end(bot: Bot) -> None:
    lin, chat = bot.student()
    log = "step 1: loss 2.3\n" * 5000 + "ModuleNotFoundError: No module named 'xtuner'\n"
    answer = bot.ask(chat, lin, "训练报错了", document=("train.log", log.encode()))
    assert "pip install -U xtuner" in answer.text


def test_what_cannot_be_read_gets_one_polite_sentence(bot: Bot) -> None:
    lin, chat = bot.student()
    assert bot.ask(chat, lin, "", voice=b"OggS").text == CHINESE.voice
    bot.later()
    assert bot.ask(chat, lin, "", sticker="🎉").text == CHINESE.sticker
    bot.later()
    assert bot.ask(chat, lin, "", document=("a.zip", b"PK")).text == CHINESE.unreadable_file


def test_a_very_long_answer_arrives_whole_and_in_order(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.model.script(Turn(text=LONG))
    chat.say(lin, "有哪些推荐阅读？请全部列出来")
    bot.wait(lambda: chat.answers and chat.answers[-1].buttons)
    parts = bot.answers(chat, len(chat.answers))
    assert len(parts) >= 4
    assert [bool(part.buttons) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert_whole(parts)


def test_a_model_that_is_down_means_quotes(bot: Bot) -> None:
    bot.model.fail("error")
    try:
        lin, chat = bot.student()
        answer = bot.ask(chat, lin, QUESTION)
    finally:
        bot.model.recover()
    assert answer.text.startswith(CHINESE.model_down)
    assert "lmdeploy lite auto_awq" in answer.text
