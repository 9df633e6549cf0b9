"""What a student at Telegram sees of `puyu serve` when the network, the server or the bot itself fails."""

import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from bot.phrases import CHINESE
from tests.e2e.command_line import CommandLine
from tests.e2e.telegram_bot import ANSWER, QUESTION, Bot, around, grow, spun
from tests.fakes.openai_server import Turn
from tests.fakes.telegram_calls import Fault
from tests.fakes.telegram_mailbox import Webhook

pytestmark = pytest.mark.e2e

SECRET = "the-course-secret"


@pytest.fixture
def stopped(built: Path, tmp_path: Path) -> Iterator[Bot]:
    """A bot that is not started yet."""
    with around(tmp_path / "bot", built) as bot:
        yield bot


@pytest.fixture(scope="module")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with around(tmp_path_factory.mktemp("trouble"), built) as bot, bot.serving():
        yield bot


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.model.reset()
    serving.later()
    return serving


@pytest.mark.parametrize(("how", "arrived"), [("drop_after", 1), ("drop_before", 0)])
def test_an_answer_whose_fate_is_unknown_is_not_sent_again_unasked(
    bot: Bot, how: Fault, arrived: int
) -> None:
    lin, chat = bot.student()
    bot.telegram.fault("sendMessage", how)
    chat.say(lin, QUESTION)
    *answered, note = bot.answers(chat, arrived + 1)
    assert (len(answered), note.text) == (arrived, CHINESE.lost)
    bot.press(chat, lin, note, CHINESE.again)
    again = bot.answers(chat, arrived + 2)[-1]
    assert again.text.startswith(ANSWER)
    assert CHINESE.more in again.buttons


def test_a_group_is_told_too(bot: Bot) -> None:
    lin = bot.telegram.person("小林", "zh-hans")
    group = bot.telegram.group("一班", lin)
    bot.telegram.fault("sendMessage", "drop_before")
    note = bot.ask(group, lin, f"@course_ta_bot {QUESTION}")
    assert note.text == CHINESE.lost
    bot.press(group, lin, note, CHINESE.again)
    assert bot.answers(group, 2)[-1].text.startswith(ANSWER)


def test_an_edit_that_was_cut_off_is_made_again(bot: Bot) -> None:
    lin = bot.telegram.person("小林", "zh-hans")
    group = bot.telegram.group("一班", lin)
    bot.model.script(spun(times=3))
    bot.telegram.fault("editMessageText", "drop_after", times=2)
    assert ANSWER in bot.ask(group, lin, f"@course_ta_bot {QUESTION}").text


def test_server_errors_cost_no_answer(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.telegram.fault("sendMessage", "error", times=3)
    bot.telegram.fault("getUpdates", "error", times=2)
    assert bot.ask(chat, lin, QUESTION).text.startswith(ANSWER)


def test_a_flood_of_429_costs_no_answer(bot: Bot) -> None:
    students = [bot.student() for _ in range(8)]
    lin = bot.telegram.person("小林", "zh-hans")
    group = bot.telegram.group("一班", lin)
    bot.model.always(spun(times=2))
    bot.telegram.fault("sendMessage", "flood", times=5, seconds=1)
    bot.telegram.fault("sendMessageDraft", "flood", times=5, seconds=1)
    bot.telegram.fault("editMessageText", "flood", times=2, seconds=1)
    group.say(lin, f"@course_ta_bot {QUESTION}")
    for student, chat in students:
        chat.say(student, QUESTION)
    for chat in (group, *(chat for _, chat in students)):
        [answer] = bot.answers(chat)
        assert answer.text.startswith(ANSWER)


def test_who_blocked_the_bot_gets_nothing_until_they_come_back(bot: Bot) -> None:
    lin, chat = bot.student()
    bot.model.script(spun())
    chat.say(lin, QUESTION)
    bot.wait(lambda: chat.draft)
    chat.block()
    bot.wait(lambda: 403 in [call.status for call in bot.telegram.made("sendMessageDraft", chat)])
    ann, other = bot.student("Ann")
    assert bot.ask(other, ann, QUESTION).text.startswith(ANSWER)
    bot.later()
    chat.start(lin)
    [answer] = bot.answers(chat)
    assert answer.text.startswith("你好")


def test_a_bot_that_is_killed_in_mid_answer_answers_once(stopped: Bot) -> None:
    bot = stopped
    lin, chat = bot.student()
    group = bot.telegram.group("一班", lin)
    bot.model.always(spun(times=5))
    with bot.serving() as process:
        chat.say(lin, QUESTION)
        group.say(lin, f"@course_ta_bot {QUESTION}")
        bot.wait(lambda: ANSWER[:4] in chat.draft and group.answers)
        process.send_signal(signal.SIGKILL)
        process.wait()
    [placeholder] = group.answers
    assert chat.answers == []
    with bot.serving():
        [answer] = bot.answers(chat)
        [filled] = bot.answers(group)
    assert filled.id == placeholder.id
    for shown in (answer, filled):
        assert shown.text.startswith(ANSWER)
        assert CHINESE.more in shown.buttons
    assert grow([*bot.drafts(chat)[-1:], answer.text])


def test_a_wrong_token_ends_it_with_one_sentence(stopped: Bot) -> None:
    token = "7000000001:AA-wrong_and_secret"
    done = stopped.ended(TELEGRAM_BOT_TOKEN=token)
    complaint = done.err.splitlines()[-1]
    assert (done.status, complaint.count("TELEGRAM_BOT_TOKEN")) == (1, 1)
    assert "wrong_and_secret" not in done.err
    assert "Traceback" not in done.err


def test_the_page_is_there_while_telegram_is_not(stopped: Bot) -> None:
    bot = stopped
    bot.telegram.mailbox.webhook = Webhook("https://elsewhere.example/")  # of another time
    bot.telegram.down()
    with bot.opening():
        assert "测试课" in httpx.get(bot.puyu.url).text
        assert bot.problems() == ["telegram is not connected"]
        lin, chat = bot.student()
        chat.say(lin, QUESTION)
        bot.telegram.up()
        bot.wait(lambda: bot.problems() == [])
        assert bot.answers(chat)[0].text.startswith(ANSWER)
        assert any("TELEGRAM_BASE_URL" in line for line in bot.said)


async def test_of_two_processes_one_polls_and_each_question_is_answered_once(
    stopped: Bot, client: Redis, redis_url: str, tmp_path: Path
) -> None:
    one, folder = stopped, tmp_path / "twin"
    shutil.copytree(one.puyu.folder, folder)
    settings = {**one.settings, "REDIS_URL": redis_url}
    other = Bot(CommandLine(folder), one.telegram, one.model, settings)
    one.model.always(Turn(first_token_ms=300))
    with one.serving(REDIS_URL=redis_url) as process, other.serving():
        students = [one.student() for _ in range(20)]
        for lin, chat in students[:10]:
            chat.say(lin, QUESTION)
        one.wait(lambda: any(chat.answers for _, chat in students))
        process.send_signal(signal.SIGTERM)
        for lin, chat in students[10:]:
            chat.say(lin, QUESTION)
        for _, chat in students:
            assert other.answers(chat)[0].text.startswith(ANSWER)
    polls = one.telegram.made("getUpdates")
    assert [call for call in polls if call.status == 409] == []


def test_by_webhook_only_telegram_itself_is_believed(stopped: Bot) -> None:
    bot = stopped
    lin, chat = bot.student()
    url = f"{bot.puyu.url}/telegram/webhook"
    settings = {"TELEGRAM_MODE": "webhook", "TELEGRAM_WEBHOOK_URL": bot.puyu.url}
    with bot.serving(**settings, TELEGRAM_WEBHOOK_SECRET=SECRET):
        assert (bot.telegram.mailbox.webhook.url, bot.telegram.mailbox.webhook.secret) == (url, SECRET)
        said = {"message_id": 7, "date": 1_795_000_000, "chat": chat.room.card, "from": lin.user}
        forged = {"update_id": 1, "message": {**said, "text": "/help"}}
        for secret in ("", "wrong", SECRET[:-1], uuid.uuid4().hex):
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
            assert httpx.post(url, json=forged, headers=headers).status_code == 403
        assert bot.ask(chat, lin, QUESTION).text.startswith(ANSWER)
    assert bot.telegram.mailbox.webhook.failures == 0
    assert bot.telegram.pending == []
