"""A heading whose text has changed: those whose answers stood on it learn of it, once, and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.news_words import CHINESE
from tests.e2e.staffed import Bot, around
from tests.e2e.telegram_bot import QUESTION

pytestmark = pytest.mark.e2e

PORT = "LMDeploy 服务的默认端口是多少？"
NEWS = CHINESE.lead.partition("{")[0]


@pytest.fixture
def bot(built: Path, tmp_path: Path) -> Iterator[Bot]:
    with around(tmp_path, built) as bot:
        bot.course(bot.group("助教", bot.ada))
        yield bot


def rewrite(bot: Bot, old: str, new: str) -> None:
    """Somebody changes the page, and the index follows."""
    page = bot.puyu.folder / "docs/lmdeploy.md"
    there = page.read_text("utf-8")
    assert old in there
    page.write_text(there.replace(old, new), "utf-8")
    assert bot.puyu("index").status == 0


def test_exactly_those_who_asked_learn_of_a_change_and_once(bot: Bot) -> None:
    ann, first = bot.student("telegram", "小安")
    bob, second = bot.student("feishu", "小博")
    carl, third = bot.student("telegram", "小超")
    with bot.serving():
        asked = [chat.answer(who, QUESTION).to for who, chat in ((ann, first), (bob, second))]
        port = third.answer(carl, PORT).to
        rewrite(bot, "可以把模型量化成 W4A16", "把模型量化成 W4A8")
        notes = [chat.read(NEWS, QUESTION, "W4A8") for chat in (first, second)]
        assert [note.to for note in notes] == asked
        assert bot.puyu("index").status == 0
    with bot.serving():
        # When this change is told of, whatever had come of the others would have been told before.
        rewrite(bot, "默认端口 23333", "默认端口 23334")
        assert third.read(NEWS, PORT, "23334").to == port
        assert [len(chat.notes(NEWS)) for chat in (first, second, third)] == [1, 1, 1]
