"""What a student at Feishu sees of `puyu serve` when the network, Feishu or the bot itself fails."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.phrases import CHINESE
from tests.e2e.feishu_bot import Bot, around
from tests.e2e.telegram_bot import ANSWER, QUESTION, spun
from tests.e2e.test_feishu import SAID
from tests.fakes.feishu_server import Call, Chat, Person
from tests.fakes.openai_server import Turn
from tests.fakes.telegram_server import TelegramServer

pytestmark = pytest.mark.e2e

PLAIN = ANSWER.removesuffix(" [1]")
HALF = "先看显存够不够"


@pytest.fixture
def stopped(built: Path, tmp_path: Path) -> Iterator[Bot]:
    """A bot that is not started yet."""
    with around(tmp_path / "bot", built) as bot:
        yield bot


@pytest.fixture(scope="module")
def serving(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with around(tmp_path_factory.mktemp("trouble"), built) as bot:
        bot.feishu.client_config["PingInterval"] = 0.3
        with bot.serving():
            yield bot


@pytest.fixture
def bot(serving: Bot) -> Bot:
    serving.model.reset()
    serving.later()
    return serving


@pytest.fixture
def lin(bot: Bot) -> Person:
    return bot.feishu.person("小林")


@pytest.fixture
def group(bot: Bot, lin: Person) -> Chat:
    return bot.feishu.group("一班", lin)


def growing(bot: Bot, chat: Chat) -> None:
    """Return once somebody sees an answer grow there."""
    bot.wait(lambda: [one for one in chat.answers if one.streaming and HALF in one.text])


@pytest.mark.parametrize("how", ["cut", "frozen", "restart"])
def test_a_connection_that_is_lost_costs_no_answer(bot: Bot, lin: Person, group: Chat, how: str) -> None:
    bot.model.script(spun())
    group.say(lin, QUESTION, at_bot=True)
    growing(bot, group)
    {"cut": bot.feishu.cut_socket, "frozen": bot.feishu.freeze_socket, "restart": bot.feishu.restart}[how]()
    bot.later()
    second = group.say(lin, QUESTION, at_bot=True)
    answers = bot.answers(group, 2)
    assert [one.text.startswith(PLAIN) for one in answers] == [True, False]
    assert (answers[-1].text.startswith(SAID), answers[-1].reply_to) == (True, second)
    bot.feishu.freeze_socket(False)


def test_what_comes_again_is_answered_once(bot: Bot, lin: Person, group: Chat) -> None:
    group.say(lin, QUESTION, at_bot=True)
    event = bot.feishu.events[-1]["header"]["event_id"]
    bot.feishu.redeliver(event)
    bot.feishu.redeliver(event, same_event_id=False)
    bot.answers(group)
    bot.feishu.redeliver(event, same_event_id=False)
    bot.later()
    assert bot.ask(group, lin, QUESTION, at_bot=True).text.startswith(SAID)


def test_a_token_that_expires_in_mid_answer_is_renewed(bot: Bot, lin: Person, group: Chat) -> None:
    bot.model.script(spun())
    group.say(lin, QUESTION, at_bot=True)
    growing(bot, group)
    bot.feishu.expire_token()
    [answer] = bot.answers(group)
    assert answer.text.startswith(PLAIN)
    assert 99991663 in [call.code for call in bot.feishu.calls]


@pytest.mark.parametrize("how", ["drop_before", "drop_after", "error", 2200])
def test_a_call_that_fails_costs_no_answer_and_doubles_none(
    bot: Bot, lin: Person, group: Chat, how: str | int
) -> None:
    for part in ("POST /open-apis/cardkit", "/reply", "/content", "PUT /open-apis/cardkit", "/settings"):
        bot.feishu.fault(part, how)  # type: ignore[arg-type]
    answer = bot.ask(group, lin, QUESTION, at_bot=True)
    bot.feishu.faults.clear()
    assert answer.text.startswith(SAID)


def test_a_crowd_in_one_group_is_answered_within_feishus_limits(bot: Bot, group: Chat) -> None:
    for part, code in (("/reply", 230020), ("/reply", 99991400), ("cardkit", 99991400), ("/reply", 11232)):
        bot.feishu.fault(part, code)
    people = [bot.feishu.person(f"学生{number}") for number in range(8)]
    questions = [group.say(person, QUESTION, at_bot=True) for person in people]
    answers = bot.answers(group, len(people))
    assert sorted(one.reply_to for one in answers) == sorted(questions)
    assert all(one.text.startswith(SAID) for one in answers)


@pytest.mark.parametrize(("code", "times"), [(200850, 1), (300309, 1), (300309, 99)])
def test_a_card_that_feishu_closes_in_mid_answer_shows_it_whole(
    bot: Bot, lin: Person, group: Chat, code: int, times: int
) -> None:
    bot.model.script(spun())
    group.say(lin, QUESTION, at_bot=True)
    growing(bot, group)
    bot.feishu.fault("/content", code, times)
    [answer] = bot.answers(group)
    bot.feishu.faults.clear()
    assert answer.text.startswith(PLAIN)
    assert CHINESE.more in answer.buttons


def test_to_a_question_that_is_gone_nothing_is_said(bot: Bot, lin: Person, group: Chat) -> None:
    bot.feishu.subscribed.remove("im.message.recalled_v1")  # nobody tells the bot
    bot.model.script(Turn(first_token_ms=500))
    question = group.say(lin, QUESTION, at_bot=True)
    bot.wait(lambda: group.shown[0].signs)
    group.recall(lin, question)
    bot.feishu.subscribed.add("im.message.recalled_v1")
    bot.wait(lambda: 230011 in [call.code for call in bot.feishu.made(f"{question}/reply")])
    bot.later()
    assert bot.ask(group, lin, QUESTION, at_bot=True).text.startswith(SAID)


def test_a_group_where_it_may_not_speak_is_left_alone(bot: Bot, lin: Person, group: Chat) -> None:
    def refused() -> list[Call]:
        return [call for call in bot.feishu.made("/messages") if call.code == 230018]

    group.mute()
    group.say(lin, QUESTION, at_bot=True)
    bot.wait(refused)
    other = bot.feishu.group("二班", lin)
    for _ in range(3):
        bot.later()
        bot.ask(other, lin, QUESTION, at_bot=True)
    assert len(refused()) <= 5
    group.mute(False)
    assert bot.answers(group)[0].text.startswith(SAID)


def test_a_bot_that_is_killed_in_mid_answer_answers_once_in_the_same_card(stopped: Bot) -> None:
    bot = stopped
    lin, chat = bot.student()
    group = bot.feishu.group("话题", lin, topics=True)
    bot.model.always(spun())
    with bot.opening() as process:
        bot.wait(lambda: bot.problems() == [])
        chat.say(lin, QUESTION)
        group.say(lin, QUESTION, at_bot=True)
        growing(bot, chat)
        growing(bot, group)
        process.send_signal(signal.SIGKILL)
        process.wait()
    [card], [other] = chat.answers, group.answers
    with bot.serving():
        [answer], [filled] = bot.answers(chat), bot.answers(group)
    assert (answer.id, filled.id) == (card.id, other.id)
    for shown in (answer, filled):
        assert shown.text.startswith(PLAIN)
        assert CHINESE.more in shown.buttons


def test_a_quota_that_is_used_up_leaves_one_card_and_no_frames(stopped: Bot) -> None:
    bot = stopped
    lin, chat = bot.student()
    with bot.serving():
        bot.feishu.quota_used_up = True
        chat.say(lin, QUESTION)
        bot.wait(lambda: 99991403 in [call.code for call in bot.feishu.calls])
        bot.feishu.quota_used_up = False
        [first] = bot.answers(chat)
        bot.later()
        question = chat.say(lin, QUESTION)
        answers = bot.answers(chat, 2)
    assert first == answers[0]
    assert all(one.text.startswith(SAID) for one in answers)
    assert not [call for call in bot.feishu.made("cardkit") if not call.code]
    assert not bot.feishu.made(f"{question}/reactions")


def test_by_webhook_only_feishu_itself_is_believed(stopped: Bot) -> None:
    bot = stopped
    feishu = bot.feishu
    lin, chat = bot.student()
    feishu.deliver = url = f"{bot.puyu.url}/feishu/events"
    settings = {
        "FEISHU_MODE": "webhook",
        "FEISHU_ENCRYPT_KEY": feishu.encrypt_key,
        "FEISHU_VERIFICATION_TOKEN": feishu.verification_token,
    }
    with bot.serving(**settings):
        answer = bot.ask(chat, lin, QUESTION)
        assert answer.text.startswith(SAID)
        payload = json.loads(json.dumps(feishu.events[-1]).replace("om_", "om_forged"))
        body, headers = feishu.hooked(payload)
        for forged in ({}, {"X-Lark-Signature": "0" * 64}, {"X-Lark-Request-Nonce": "another"}):
            sent = {**headers, **forged} if forged else {}
            assert httpx.post(url, content=body, headers=sent).status_code == 403
        body, headers = feishu.hooked(payload, at=time.time() - 3600)
        assert httpx.post(url, content=body, headers=headers).status_code == 403
        assert httpx.post(url, json=payload).status_code == 403
        assert bot.press(chat, lin, answer, "👍").toast == CHINESE.voted
        assert feishu.connections == 0


def test_a_wrong_secret_ends_it_with_one_sentence(stopped: Bot) -> None:
    done = stopped.ended(FEISHU_APP_SECRET="wrong-and-secret")
    complaint = done.err.splitlines()[-1]
    assert (done.status, complaint.count("FEISHU_APP_ID"), complaint.count("FEISHU_APP_SECRET")) == (1, 1, 1)
    assert "wrong-and-secret" not in done.err
    assert "Traceback" not in done.err


def test_an_app_that_is_no_bot_only_reads_documents(stopped: Bot) -> None:
    stopped.feishu.bot_ability = False
    with stopped.serving():
        assert "测试课" in httpx.get(stopped.puyu.url).text
        assert any("bot" in line and "WARNING" in line for line in stopped.said)


def test_the_page_and_telegram_are_there_while_feishu_is_not(stopped: Bot) -> None:
    bot = stopped
    lin, chat = bot.student()
    bot.feishu.down()
    with TelegramServer() as telegram:
        ann = telegram.person("Ann", "zh-hans")
        there = telegram.direct(ann)
        settings = {"TELEGRAM_BASE_URL": telegram.url, "TELEGRAM_BOT_TOKEN": telegram.token}
        with bot.opening(**settings):
            assert "测试课" in httpx.get(bot.puyu.url).text
            bot.wait(lambda: bot.problems() == ["feishu is not connected"])
            there.say(ann, QUESTION)
            bot.wait(lambda: there.answers)
            chat.say(lin, QUESTION)
            bot.feishu.up()
            bot.wait(lambda: bot.problems() == [])
            assert bot.answers(chat)[0].text.startswith(SAID)
        [answer] = there.answers
        assert answer.text.startswith(ANSWER)
    assert any(bot.feishu.url in line for line in bot.said)
