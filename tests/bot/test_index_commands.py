"""The commands about the index, its sources and course.toml: what they say, ask back and leave to be done."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot.command import bound
from bot.command_call import Call, Said
from bot.commands import Commands
from bot.course import Staff, named_sources
from bot.course_file import CourseFile
from bot.errands import queue
from bot.index_commands import IndexCommands
from bot.index_words import CHINESE as WORDS
from bot.phrases import CHINESE
from bot.posting import Posting
from bot.roles import Roles
from bot.settings import Settings
from bot.source_commands import SourceCommands
from bot.staff_words import CHINESE as STAFF_WORDS
from bot.status import Status
from bot.tasks import CANCEL, REINDEX, Tasks
from memory.audit import RedisAudit
from memory.desk import RedisDesk
from memory.inbox import RedisInbox
from memory.rules import RedisRuleBook
from memory.staff import Asker, GroupRule, Item
from rag import locks, versions
from rag.manifests import Manifest
from rag.report import Changes, IndexReport, SourceReport
from rag.types import Progress
from tests.fakes.board import Board

ADMIN, TA = Sender("telegram:1", "Ada"), Sender("telegram:2", "Tom")
STAFF = Staff(admins=(ADMIN.id,), tas=(TA.id,))
DIRECT, GROUP = Conversation("telegram", "1"), Conversation("telegram", "-100", "group")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
COURSE = '[schedule]\ntimezone = "UTC"\n\n[[sources]]\nkind = "files"\npath = "docs"\n'


class House:
    """The commands on real memory, in a folder with course.toml and two folders of documents."""

    def __init__(self, client: Redis, folder: Path) -> None:
        for name in ("docs", "more"):
            (folder / name).mkdir()
        self.course_file, self.index = folder / "course.toml", folder / "data" / "index"
        self.write(COURSE)
        self.courses = CourseFile(Settings(course_file=self.course_file, data_dir=folder / "data"))
        self._course = self.courses.load()
        self.book, self.inbox, self.desk = RedisRuleBook(client), RedisInbox(client), RedisDesk(client)
        self.audit = RedisAudit(client)
        self.tasks = Tasks(self.inbox, Posting({}), self._run, self.book, lambda: self.report)
        self.report: IndexReport | None = None
        self.servers: Sequence[tuple[str, str]] | None = None
        self._ids = count(1)

    def write(self, text: str) -> None:
        self.course_file.write_text(text, "utf-8")

    def build(self) -> None:
        """One more version of the index."""
        self.index.mkdir(parents=True, exist_ok=True)
        with versions.aside(self.index) as aside:
            versions.seal(aside, Manifest("none", 1, versions.now(), 3, 7, ()), {})
            versions.publish(self.index, aside)

    def sources(self) -> list[str]:
        return [name for name, _ in named_sources(self.courses.load())]

    async def said(self, text: str, who: Sender = ADMIN, where: Conversation = DIRECT, id: str = "") -> Said:
        """What is said to it; what follows from that waits to be done."""
        message = Message(id or f"telegram:{next(self._ids)}", where, who, text, AT)
        said = await self._commands().run(message, text, "key", "zh")
        assert said is not None
        for errand in said.errands:
            await queue(self.inbox, errand)
        return said

    async def says(self, text: str, who: Sender = ADMIN, where: Conversation = DIRECT) -> str:
        return (await self.said(text, who, where)).text

    def _commands(self) -> Commands:
        status = Status(
            self._course,
            self.index,
            lambda: self.report,
            self.inbox,
            self.desk,
            self.book,
            {"board": Board()},
            self._reachable if self.servers else None,
            AT.timestamp(),
        )
        indices = IndexCommands(self.index, ZoneInfo("UTC"), self.tasks, status)
        sources = SourceCommands(self.courses, self.book, lambda: self.report)
        owned = [*bound(indices, indices.table()), *bound(sources, sources.table())]
        return Commands("Camp", owned, Roles(STAFF, self.book), self.audit, self._nothing)

    async def _reachable(self) -> Sequence[tuple[str, str]]:
        return self.servers or ()

    async def _run(self, force: bool, progress: Progress) -> IndexReport:
        raise NotImplementedError

    async def _nothing(self, call: Call) -> Said:
        raise NotImplementedError


@pytest.fixture
def house(client: Redis, tmp_path: Path) -> House:
    return House(client, tmp_path)


async def test_a_run_is_left_to_be_done_once_while_none_is_under_way(house: House) -> None:
    for _ in range(2):
        assert await house.said("/reindex", TA, id="m1") == await house.said("/重建索引", TA, id="m1")
    assert await house.tasks.waiting() == ["task.reindex:m1"]
    other = await house.said("/reindex", TA)
    assert (other.text, [one.command for one in other.buttons]) == (WORDS.already, ["/cancel"])


async def test_a_run_by_force_is_asked_back(house: House) -> None:
    [confirm] = (await house.said("/reindex --force")).buttons
    assert await house.tasks.waiting() == []
    await house.says(confirm.command)
    assert len(await house.tasks.waiting(REINDEX)) == 1


async def test_only_a_run_under_way_is_cancelled(house: House) -> None:
    assert await house.says("/取消", TA) == WORDS.nothing_to_cancel
    await house.says("/reindex")
    assert await house.says("/cancel", TA) == WORDS.cancelling
    assert len(await house.tasks.waiting(CANCEL)) == 1


async def test_the_versions_are_listed_with_the_one_in_use(house: House) -> None:
    assert await house.says("/versions", TA) == WORDS.without_index
    for _ in range(2):
        house.build()
    newest, older = (await house.says("/版本", TA)).splitlines()[2:]
    assert newest.startswith("- v0002")
    assert (WORDS.in_use in newest, WORDS.in_use in older, "3 篇，7 段" in older) == (True, False, True)


async def test_the_version_before_is_gone_back_to_once_however_often_it_is_said(house: House) -> None:
    for _ in range(3):
        house.build()
    [confirm] = (await house.said("/回滚")).buttons
    assert confirm.command == "/rollback v0002 confirm"
    assert versions.current(house.index) == "v0003"
    for _ in range(2):
        assert await house.says(confirm.command) == WORDS.back.format(version="v0002")
    assert versions.current(house.index) == "v0002"
    assert WORDS.held.format(version="v0002") in await house.says("/versions")


async def test_no_other_version_is_gone_back_to(house: House) -> None:
    assert await house.says("/rollback") == WORDS.no_before
    house.build()
    assert await house.says("/rollback") == WORDS.no_before
    for _ in range(2):
        house.build()
    assert await house.says("/rollback v0001 confirm") == WORDS.only_before.format(before="v0002")
    # Unless it is named, nobody knows what is confirmed.
    assert len((await house.said("/rollback confirm")).buttons) == 1


async def test_while_a_run_is_under_way_nothing_is_put_back(house: House) -> None:
    for _ in range(2):
        house.build()
    with locks.alone(house.index):
        assert await house.says("/rollback v0001 confirm") == WORDS.busy


@pytest.mark.parametrize(
    "text",
    [
        "/status now",
        "/reindex force",
        "/reindex --force now",
        "/cancel it",
        "/versions 3",
        "/rollback 2",
        "/source",
        "/source show",
        "/source list all",
        "/source add files",
        "/source add ftp somewhere",
        "/source add feishu wikcn1",
        "/source add files a b c",
        "/source remove",
        "/reload all",
    ],
)
async def test_wrong_arguments_get_the_usage(house: House, text: str) -> None:
    assert f"`{text.split()[0]}" in await house.says(text)
    assert await house.tasks.waiting() == []


async def test_a_source_is_added_listed_and_read(house: House) -> None:
    for _ in range(2):
        said = await house.said("/来源管理 添加 files more", id="m1")
        assert said.text == WORDS.added.format(name="more")
    assert house.sources() == ["docs", "more"]
    assert await house.tasks.waiting() == ["task.reindex:m1"]
    listed = (await house.says("/source list")).splitlines()
    assert [line for line in listed if "docs" in line and WORDS.in_course in line]
    assert [line for line in listed if "more" in line and WORDS.in_chat in line]


async def test_every_kind_of_source_is_added_under_a_name_of_its_own(house: House) -> None:
    for source in (
        "git https://example.org/camp/book.git",
        "git git@example.org:camp/book.git",
        "web https://example.org/guide",
        "web https://example.org/faq faq",
    ):
        await house.says(f"/source add {source}")
    assert house.sources() == ["docs", "book", "book-2", "example.org", "faq"]


async def test_a_feishu_source_needs_the_app_that_reads_it(house: House) -> None:
    said = await house.says("/source add feishu https://x.feishu.cn/wiki/wikcn1")
    assert "FEISHU_APP_ID" in said
    assert house.sources() == ["docs"]


@pytest.mark.parametrize(
    "source",
    [
        "files .",
        "files data",
        "files ..",
        "files /etc",
        "files nowhere",
        "git /etc",
        "git ../repo",
        "git file:///srv/repo",
        "git ext::sh",
        "web http//x",
        "files more docs",
        "files more approved",
        "git https://ann:hunter2@example.org/book.git",
    ],
)
async def test_what_may_not_be_read_from_a_chat_is_not_added(house: House, source: str) -> None:
    said = await house.says(f"/source add {source}")
    assert said == WORDS.secret or said.startswith(WORDS.not_added.format(reason=""))
    assert "hunter2" not in said
    assert house.sources() == ["docs"]


async def test_a_source_is_removed_when_that_is_confirmed_and_twice_does_no_harm(house: House) -> None:
    await house.says("/source add files more")
    await house.says("/source add files more again")
    [confirm] = (await house.said("/source remove more")).buttons
    assert "more" in house.sources()
    for _ in range(2):
        assert await house.says(confirm.command) == WORDS.removed.format(name="more")
    assert house.sources() == ["docs", "again"]
    await house.says("/source 删除 again 确认")
    assert house.sources() == ["docs"]


async def test_a_source_of_course_toml_stays(house: House) -> None:
    for text in ("/source remove docs", "/source remove docs confirm"):
        assert await house.says(text) == WORDS.of_course.format(name="docs")
    assert "docs" in await house.says("/source remove nothing")


async def test_a_source_that_could_not_be_read_is_marked(house: House) -> None:
    failed = (SourceReport("docs", Changes(), "source 'docs': gone"),)
    house.report = IndexReport(Changes(), Changes(), (), 1, "v0001", failed)
    assert WORDS.unreadable in await house.says("/source list")


async def test_the_course_is_read_again_once_it_is_well(house: House) -> None:
    house.write(COURSE + '\n[groups.default]\n# a comment\nmode = "loud"\n')
    said = await house.says("/重新加载")
    assert "course.toml, line 10: groups.default.mode: 'loud' was given" in said
    assert (await house.book.rules()).reload == ""
    house.write(COURSE)
    assert await house.says("/reload") == WORDS.reloading
    assert (await house.book.rules()).reload


async def test_a_file_of_added_sources_that_was_spoilt_is_told(house: House) -> None:
    await house.says("/source add files more")
    added = house.index.parent / "sources.toml"
    added.write_text(added.read_text("utf-8").replace("path", "pth"), "utf-8")
    assert "sources.toml, line 6: unknown key sources.1.pth" in await house.says("/reload")


async def test_the_status_tells_how_everything_is(house: House) -> None:
    house.build()
    house.report = IndexReport(Changes(), Changes(), (), 1, "v0001", started=datetime.now(UTC))
    house.servers = [("http://a", ""), ("http://b", "refused")]
    asker = Asker("telegram:3", "Ann", "telegram:9", "")
    await house.desk.open(Item(0, "asked", "q", "q", AT.timestamp(), (asker,)))
    told = await house.says("/状态", TA)
    for part in (
        "v0001",
        WORDS.run_well,
        WORDS.model_line.format(working=1, all=2),
        "board 已连接",
        WORDS.desk_line.format(open=1),
        "Puyu TA 0",
    ):
        assert part in told
    assert "http://" not in told


async def test_the_status_tells_what_is_missing(house: House) -> None:
    told = await house.says("/status", TA)
    for part in (WORDS.without_index, WORDS.no_run, WORDS.no_model):
        assert part in told


async def test_in_a_group_the_status_tells_how_the_bot_behaves_there(house: House) -> None:
    await house.book.set_group(
        "telegram:-100", GroupRule("quiet", muted_until=datetime.now(UTC).timestamp() + 60)
    )
    told = await house.says("/status", TA, GROUP)
    assert STAFF_WORDS.modes["quiet"] in told
    assert "静音到" in told


async def test_a_ta_changes_no_sources_and_puts_nothing_back(house: House) -> None:
    for text in ("/rollback", "/source list", "/reload"):
        assert await house.says(text, TA) == CHINESE.staff_only
