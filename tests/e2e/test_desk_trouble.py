"""The desk's way while the bot is killed on it, and with two replicas: all of it arrives, and once."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.desk_words import CHINESE
from bot.index_words import CHINESE as INDEX
from bot.phrases import CHINESE as SAID
from memory.program import find_program
from rag.draft import NO_EVIDENCE
from rag.locks import UnderWay, alone, changing
from tests.e2e.command_line import CommandLine
from tests.e2e.staffed import Bot, Chat, Note, Person, around
from tests.fakes.openai_server import Turn
from tests.fakes.redis_servers import server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ASKED = "我的 LMDeploy 课程结营证书什么时候发？"
DRAFT = "结营证书什么时候发？"
OTHERWISE = "结营证书几号发啊"
ANSWER = "1 日发到报名邮箱。"
TOLD = CHINESE.told.rpartition("}")[2]
LIVE = "已上线"
PAGES = 5


@pytest.fixture
def bot(built: Path, tmp_path: Path) -> Iterator[Bot]:
    with around(tmp_path / "one", built) as bot:
        yield bot


@pytest.fixture
def ta(bot: Bot) -> Person:
    return bot.person("telegram", "小林")


@pytest.fixture
def staff(bot: Bot, ta: Person) -> Chat:
    """Their chat, which course.toml names."""
    chat = bot.group("助教", ta)
    bot.course(chat, ta)
    return chat


def opened(bot: Bot, staff: Chat) -> tuple[Chat, str, Note]:
    """Somebody asks what is not in the documents: where, the message's id, and the card."""
    ann, group = bot.student("telegram", "小安")
    bot.model.always(Turn(text=NO_EVIDENCE))
    asked = group.ask(ann, ASKED)
    assert group.read(SAID.handed_over).to == asked
    return group, asked, staff.read(ASKED)


def indexing(bot: Bot) -> bool:
    """Whether an index run is under way."""
    try:
        with alone(bot.puyu.folder / "data/index"):
            return False
    except UnderWay:
        return True


def golden(puyu: CommandLine) -> list[str]:
    """The questions that are to be answered well from now on."""
    file = puyu.folder / "evals/golden.jsonl"
    return (
        [json.loads(line)["query"] for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    )


def test_what_a_crash_interrupts_is_finished_once(bot: Bot, staff: Chat, ta: Person) -> None:
    admins = bot.direct(bot.ada)
    with bot.serving() as process:
        group, asked, card = opened(bot, staff)
        bot.model.reset()
        bot.model.always(Turn(fault="hang"))
        staff.reply(ta, ANSWER, card)
        bot.wait(lambda: bot.model.asked, staff)  # the draft is being written
        process.kill()
    assert staff.notes(TOLD) + group.notes(ANSWER) == []
    bot.model.reset()
    bot.model.always(Turn(text=DRAFT))
    for number in range(PAGES):
        bot.puyu.write(f"docs/{number}.md", f"# 第 {number} 页\n\n" + "关于量化和部署。\n\n" * 9)
    with bot.serving() as process:
        draft = staff.read(TOLD, ANSWER)
        assert group.read(ANSWER).to == asked
        with changing(bot.puyu.folder / "data/index"):  # nothing goes live
            admins.ask(bot.ada, "/reindex")
            staff.press(ta, draft, CHINESE.approve)
            staff.read(ASKED, "已通过：")
            bot.wait(lambda: indexing(bot))
            process.kill()
    assert staff.notes(LIVE) + admins.notes("重建完成") == []
    bot.model.reset()
    bob, elsewhere = bot.student("telegram", "小博")
    with bot.serving():
        staff.read(LIVE, DRAFT)
        admins.read("重建完成", INDEX.counts["added"].format(PAGES))
        assert ANSWER in elsewhere.answer(bob, OTHERWISE).text
    for chat, *parts in ((group, ANSWER), (staff, ASKED), (staff, TOLD), (staff, LIVE)):
        chat.read(*parts)
    assert golden(bot.puyu) == [DRAFT]


def test_two_replicas_do_everything_once_and_both_serve_the_answer(
    bot: Bot, staff: Chat, ta: Person, tmp_path: Path
) -> None:
    another = CommandLine(tmp_path / "two")
    another.write("course.toml", (bot.puyu.folder / "course.toml").read_bytes())
    shutil.copytree(bot.puyu.folder / "data", another.folder / "data")
    with server(find_program(), tmp_path) as redis:
        bot.redis_url = f"redis://{redis.address}"
        with bot.serving(), bot.serving(another):
            group, asked, card = opened(bot, staff)
            bot.model.always(Turn(text=DRAFT))
            staff.reply(ta, ANSWER, card)
            assert group.read(ANSWER).to == asked
            staff.press(ta, staff.read(TOLD, ANSWER), CHINESE.approve)
            staff.read(LIVE, DRAFT)
            for puyu in (bot.puyu, another):
                bot.wait(lambda: ANSWER in puyu("search", OTHERWISE).out, staff)  # noqa: B023
        for chat, *parts in ((group, ANSWER), (staff, ASKED), (staff, TOLD), (staff, LIVE)):
            chat.read(*parts)
        assert golden(bot.puyu) + golden(another) == [DRAFT]
