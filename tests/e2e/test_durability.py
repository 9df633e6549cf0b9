"""Once, in order, whatever dies: replicas and the Redis server are killed, stopped and hung under load."""

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.phrases import ENGLISH
from tests.e2e.chaos import conversations, fleet
from tests.fakes.platform import Post
from tests.fakes.replica import POISON

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

INSTALLED = shutil.which("redis-server")


@pytest.mark.parametrize(("keyed", "program"), [(True, None), (False, INSTALLED)], ids=["keyed", "plain"])
async def test_nothing_is_lost_doubled_or_misplaced(tmp_path: Path, keyed: bool, program: str | None) -> None:
    async with fleet(tmp_path, keyed, Path(program) if program else None) as bot:
        report = await bot.storm(conversations(600, 60), rate=60, within=60)
    assert report.sound, str(report)
    assert report.servers_killed == 3
    assert report.deliveries >= 1800
    assert "Traceback" not in bot.said()


async def test_a_replica_that_is_stopped_hands_its_work_over(tmp_path: Path) -> None:
    posts = conversations(300, 60)
    async with fleet(tmp_path) as bot:
        async with bot.load(posts, rate=100, within=30):
            assert await bot.stop("a") < 10
        report = await bot.report(posts)
    assert report.sound, str(report)
    assert "Traceback" not in bot.said()


async def test_a_rolling_restart_goes_unnoticed(tmp_path: Path) -> None:
    posts = conversations(300, 60)
    async with fleet(tmp_path, keyed=False) as bot:
        async with bot.load(posts, rate=100, within=30):
            for name in ("a", "b"):
                await bot.stop(name)
                await bot.start(name)
        report = await bot.report(posts)
    assert report.sound, str(report)
    assert report.shown.orphans == 0


async def test_a_dead_workers_message_is_answered_by_another(tmp_path: Path) -> None:
    async with fleet(tmp_path, keyed=False) as bot, asyncio.timeout(30):
        await bot.takeover()
    assert list(bot.platform.answered.values()) == ["quick"]
    assert bot.platform.verdict() == (0, 0, 0, 0, 0)


async def test_a_server_that_hung_goes_on_where_it_was(tmp_path: Path) -> None:
    posts = conversations(300, 60)
    async with fleet(tmp_path) as bot:
        async with bot.load(posts, rate=60, within=60):
            await bot.hang_server(5)
        report = await bot.report(posts)
    assert report.sound, str(report)


async def test_a_replica_that_hung_writes_over_nothing(tmp_path: Path) -> None:
    posts = conversations(300, 60)
    async with fleet(tmp_path) as bot:
        async with bot.load(posts, rate=40, within=60, delay=500):
            await bot.hang("a", 4)
        report = await bot.report(posts)
    assert report.sound, f"{report} {bot.platform.rewritten}"


async def test_poison_ends_with_an_apology_and_blocks_nobody(tmp_path: Path) -> None:
    poison, question = (Post(text, "chat", "person", text) for text in (POISON, "question"))
    async with fleet(tmp_path) as bot, asyncio.timeout(30):
        await bot.start("a")
        await bot.platform.deliver([poison, question])
        await bot.platform.until(lambda: len(bot.platform.answered) == 2)
        await bot.stop("a")
        assert (await bot.inbox.state()).dead == 1
        assert bot.said().count("could not be answered") == 3
    assert [shown.text for shown in bot.platform.answers(poison.id)] == [ENGLISH.failed]
    assert bot.platform.verdict() == (0, 0, 0, 0, 0)
