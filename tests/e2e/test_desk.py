"""What the documents do not answer, over the staff's chat back to everybody: on each platform and across."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.desk_words import CHINESE
from bot.phrases import CHINESE as SAID
from rag.draft import NO_EVIDENCE
from tests.e2e.staffed import PLATFORMS, Bot, Chat, Note, Person, Platform, around
from tests.e2e.telegram_bot import QUESTION
from tests.fakes.openai_server import Turn

pytestmark = pytest.mark.e2e

PORT = "LMDeploy 服务的默认端口是多少？"
TOLD = CHINESE.told.rpartition("}")[2]


class Case(NamedTuple):
    """A question, as it stands alone, in other words, and what the staff answers."""

    asked: str
    draft: str
    otherwise: str
    answer: str


CERTIFICATE = Case(
    "我的 LMDeploy 课程结营证书什么时候发？", "结营证书什么时候发？", "结营证书几号发啊", "1 日发到报名邮箱。"
)
COUPON = Case("LMDeploy 作业的算力券我怎么领？", "算力券怎么领？", "算力券在哪里领啊", "填问卷后三天内到账。")
REPLAY = Case("LMDeploy 的直播回放我去哪看？", "直播回放去哪看？", "直播回放去哪里看啊", "链接在群公告里。")
LEAVE = Case("LMDeploy 课程我能请假吗？", "课程能请假吗？", "可以请假不上课程吗", "提前一天告诉班长就行。")


class Desk(NamedTuple):
    """The staff's chat, and who is in it."""

    bot: Bot
    ta: Person
    chat: Chat

    def opened(self, students: Platform, case: Case) -> tuple[Chat, str, Note]:
        """Somebody asks what is not in the documents: where, the message's id, and the card."""
        ann, group = self.bot.student(students, "小安")
        self.bot.model.always(Turn(text=NO_EVIDENCE))
        asked = group.ask(ann, case.asked)
        assert group.read(SAID.handed_over).to == asked
        card = self.chat.read(case.asked)
        self.bot.model.always(Turn(text=case.draft))
        return group, asked, card

    def drafted(self, case: Case, card: Note) -> Note:
        """The staff answers in the card's thread; what the bot says to that."""
        self.chat.reply(self.ta, case.answer, card)
        return self.chat.read(TOLD, case.answer)


@pytest.fixture(scope="module")
def desks(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Platform, Desk]]:
    """One on each platform, and the bot that serves them in turn, that at Telegram first."""
    with around(tmp_path_factory.mktemp("desk"), built) as bot:
        tas = {platform: bot.person(platform, "小林") for platform in PLATFORMS}
        desks = {where: Desk(bot, ta, bot.group("助教", ta)) for where, ta in tas.items()}
        bot.course(desks["telegram"].chat, *tas.values())
        with bot.serving():
            yield desks


@pytest.fixture(scope="module")
def desk(request: pytest.FixtureRequest, desks: Mapping[Platform, Desk]) -> Desk:
    """The one on this platform, from now on."""
    desk = desks[request.param]
    if desk.chat.id not in (desk.bot.puyu.folder / "course.toml").read_text("utf-8"):
        desk.bot.course(desk.chat, *(one.ta for one in desks.values()))
        desk.bot.reload()
    return desk


@pytest.mark.parametrize(
    ("desk", "students", "case"),
    [("telegram", "telegram", CERTIFICATE), ("telegram", "feishu", COUPON), ("feishu", "feishu", REPLAY)],
    ids=["telegram", "across", "feishu"],
    indirect=["desk"],
)
def test_one_answer_of_the_staff_serves_everybody_after(desk: Desk, students: Platform, case: Case) -> None:
    bot, (bob, carl) = desk.bot, [desk.bot.person(students, name) for name in ("小博", "小超")]
    elsewhere = bot.group("二班", bob, carl)
    group, asked, card = desk.opened(students, case)
    draft = desk.drafted(case, card)
    told = group.read(case.answer)
    assert (told.to, "助教 小林" in told.text) == (asked, True)
    bot.model.reset()
    assert case.answer not in elsewhere.answer(bob, case.otherwise).text
    assert case.answer not in bot.prompts
    desk.chat.press(desk.ta, draft, CHINESE.approve)
    desk.chat.read("已上线", case.draft)
    answer = elsewhere.answer(carl, case.otherwise)
    assert case.answer in answer.text
    assert re.search(r"小林.*\d{4}-\d\d-\d\d", answer.text)
    assert group.read(case.answer) == told
    golden = (bot.puyu.folder / "evals/golden.jsonl").read_text("utf-8")
    assert [json.loads(line)["query"] for line in golden.splitlines()].count(case.draft) == 1


@pytest.mark.parametrize("desk", ["feishu"], indirect=True)
def test_a_draft_that_is_rejected_was_never_served(desk: Desk) -> None:
    bot, (group, _, card) = desk.bot, desk.opened("feishu", LEAVE)
    draft = desk.drafted(LEAVE, card)
    bot.model.reset()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(bot.puyu, "ask", LEAVE.otherwise, before=None, stdin="", **bot.settings)
        searched = bot.puyu("search", LEAVE.otherwise)
    assert LEAVE.answer not in searched.out + asked.result().out
    assert (searched.err, asked.result().err) == ("", "")
    desk.chat.press(desk.ta, draft, CHINESE.reject)
    desk.chat.read(LEAVE.asked, "草稿已驳回")
    bob, elsewhere = bot.student("feishu", "小博")
    assert LEAVE.answer not in elsewhere.answer(bob, LEAVE.otherwise).text
    assert LEAVE.answer not in bot.prompts
    group.read(LEAVE.answer)


@pytest.mark.parametrize("desk", ["feishu"], indirect=True)
def test_what_students_hand_over_comes_to_the_staff(desk: Desk) -> None:
    desk.bot.model.reset()
    ann, bob, carl = (desk.bot.person("feishu", name) for name in ("小安", "小博", "小超"))
    group, direct = desk.bot.group("一班", bob, carl), desk.bot.direct(ann)
    direct.ask(ann, QUESTION)
    another = group.answer(bob, PORT)
    answer = direct.read("auto_awq")
    direct.press(ann, answer, "👎")
    direct.press(ann, direct.read(SAID.why_down), SAID.wrong)
    group.press(bob, another, SAID.ask_staff)
    group.ask(carl, "/feedback 直播声音太小")
    desk.chat.read(CHINESE.causes["down_vote"], QUESTION, f"点踩的原因：{CHINESE.reasons['wrong']}")
    desk.chat.read(CHINESE.causes["asked"], PORT)
    desk.chat.read(CHINESE.causes["feedback"], "直播声音太小")


@pytest.mark.parametrize("desk", ["feishu"], indirect=True)
def test_the_staff_may_ask_back(desk: Desk) -> None:
    ann, direct = (one := desk.bot.person("feishu", "小安")), desk.bot.direct(one)
    direct.ask(ann, "/staff 我的作业批改了吗？")
    card = desk.chat.read("我的作业批改了吗？")
    desk.chat.reply(desk.ta, "你交的是哪一关？", card)
    back = direct.read("你交的是哪一关？")
    direct.reply(ann, "第三关", back)
    desk.chat.read("我的作业批改了吗？", "提问者：第三关")
    desk.drafted(Case("", "", "", "明天批改第三关。"), card)
    assert "助教 小林" in direct.read("明天批改第三关。").text
