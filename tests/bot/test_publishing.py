"""What the staff approved is served soon, what they take back no more, and they are told which it is."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot import desk_errands
from bot.errands import Errand, Underway
from bot.golden import add
from bot.publishing import KIND, Publishing, publish_errand
from bot.reindex import RunFailed
from memory.approved import RedisApproved
from memory.base import ApprovedPair
from memory.desk import RedisDesk
from memory.staff import Item
from rag.evaluation import Place, read
from rag.report import Broken, Changes, IndexReport

ASKED = Item(
    0,
    "asked",
    "证书怎么领？",
    "我叫小明，证书怎么领？",
    1.0,
    draft="怎么领取证书？",
    answer="填问卷。",
    author="王老师",
)


class Shelf:
    """What an index would hold of the approved pairs; it takes in what it may when it is refreshed."""

    def __init__(self, approved: RedisApproved) -> None:
        self._approved = approved
        self.held: dict[str, ApprovedPair] = {}
        self.refused: tuple[Broken, ...] = ()
        self.failures = 0
        self.runs = 0

    @property
    def stamp(self) -> str:
        return f"v{self.runs}"

    async def lacking(self, pairs: Sequence[ApprovedPair]) -> set[str]:
        now = {one.id: one for one in pairs}
        return {id for id in now.keys() | self.held.keys() if now.get(id) != self.held.get(id)}

    async def refresh(self) -> IndexReport:
        self.runs += 1
        if self.failures:
            self.failures -= 1
            raise RunFailed("the disk is full")
        if not self.refused:
            self.held = {one.id: one for one in await self._approved.all()}
        return IndexReport(Changes(), Changes(), (), 0.0, "v1", (), refused=self.refused)

    def headings(self, id: str) -> list[str]:
        return [self.held[id].question, *self.held[id].asked_as]


class Office:
    """The desk, what is approved and served, and what the staff is told."""

    def __init__(self, client: Redis, folder: Path) -> None:
        self.desk, self.approved = RedisDesk(client), RedisApproved(client)
        self.shelf = Shelf(self.approved)
        self.golden = folder / "evals" / "golden.jsonl"
        self.notes: dict[str, str] = {}
        self.publishing = self.another()

    def another(self) -> Publishing:
        """Another process."""
        parts = (self.desk, self.approved, self.shelf, self.queue, self.golden, "zh")
        return Publishing(*parts, pause=0.01, now=lambda: 103.25)

    async def queue(self, errand: Errand) -> None:
        assert errand.kind == desk_errands.NOTE
        self.notes.setdefault(errand.id, json.loads(errand.body)[1])

    async def decided(self, item: Item, **changes: object) -> Item:
        """The item as the desk has it after this."""
        kept = item if item.number else await self.desk.open(item)
        new = replace(kept, **changes)  # type: ignore[arg-type]  # any field
        assert await self.desk.put(kept, new)
        return new

    async def publish(self, item: Item, at: float = 100.0) -> float | None:
        """Do the errand once, as the inbox would."""
        errand = publish_errand(item.number, "李老师", at)

        async def keep(sent_id: str) -> None: ...

        return await self.publishing.doers()[KIND](Underway(errand, time.time(), "", keep))


@pytest.fixture
def office(client: Redis, tmp_path: Path) -> Office:
    return Office(client, tmp_path)


@pytest.fixture
async def approved(office: Office) -> Item:
    return await office.decided(ASKED, state="approved")


async def test_an_approved_item_is_served_under_who_answered_it(office: Office, approved: Item) -> None:
    assert await office.publish(approved) is None
    pair = ApprovedPair(f"desk-{approved.number}", "怎么领取证书？", "填问卷。", "王老师", 100.0)
    assert office.shelf.held == {pair.id: pair}


async def test_the_staff_is_told_how_long_it_took(office: Office, approved: Item) -> None:
    await office.publish(approved)
    (note,) = office.notes.values()
    assert "怎么领取证书？" in note
    assert "3.2 秒" in note
    assert "李老师" in note


@pytest.mark.parametrize("state", ["open", "answered", "rejected", "ignored"])
async def test_what_is_not_approved_is_not_served(office: Office, state: str) -> None:
    item = await office.decided(ASKED, state=state)
    await office.publish(item)
    assert (office.shelf.held, office.notes) == ({}, {})


async def test_what_is_rejected_afterwards_is_served_no_more(office: Office, approved: Item) -> None:
    await office.publish(approved)
    rejected = await office.decided(approved, state="rejected")
    assert await office.publish(rejected, at=200.0) is None
    assert office.shelf.held == {}
    assert any("已下线" in note for note in office.notes.values())


async def test_other_askers_words_lead_to_the_answer_too_but_never_what_they_wrote(
    office: Office, approved: Item
) -> None:
    further = await office.desk.open(
        replace(ASKED, question="我是小红，哪里领证", draft="证书在哪里领？", last="b")
    )
    await office.decided(further, state="merged", into=approved.number)
    behind = await office.desk.open(replace(ASKED, question="小刚问证书", draft="", last="c"))
    await office.decided(behind, state="merged", into=further.number)
    await office.publish(approved)
    (pair,) = office.shelf.held.values()
    assert pair.asked_as == ("证书在哪里领？",)


async def test_a_repeated_errand_changes_nothing_more(office: Office, approved: Item) -> None:
    for _ in range(2):
        assert await office.publish(approved) is None
    assert (office.shelf.runs, len(office.notes)) == (1, 1)
    assert len(list(read(office.golden))) == 1


async def test_what_is_approved_again_as_it_was_is_told_once_and_keeps_its_day(
    office: Office, approved: Item
) -> None:
    for at in (100.0, 101.0):
        assert await office.publish(approved, at) is None
    (pair,) = office.shelf.held.values()
    assert (pair.approved_at, len(office.notes)) == (100.0, 1)


async def test_an_approved_question_is_golden_from_then_on(office: Office, approved: Item) -> None:
    office.golden.parent.mkdir()
    office.golden.write_text('{"query": "q", "label": false}')  # without an end of line
    await office.publish(approved)
    _, row = read(office.golden)
    assert (row.query, row.positive) == (
        "怎么领取证书？",
        (Place(f"desk-{approved.number}", "怎么领取证书？"),),
    )


async def test_a_golden_set_that_cannot_be_written_is_told(office: Office, approved: Item) -> None:
    office.golden.parent.write_text("a file where a folder should be")
    assert await office.publish(approved) is None
    (note,) = office.notes.values()
    assert "golden.jsonl 写不进去" in note


async def test_a_run_that_fails_is_tried_again(office: Office, approved: Item) -> None:
    office.shelf.failures = 1
    assert await office.publish(approved)
    assert (office.shelf.held, office.notes) == ({}, {})
    office.publishing = office.another()  # and the process ended
    assert await office.publish(approved) is None
    assert office.shelf.held


async def test_what_takes_long_is_told_once(office: Office, approved: Item) -> None:
    for _ in range(2):
        office.shelf.failures, office.publishing = 1, office.another()
        assert await office.publish(approved, at=1.0)
    (note,) = office.notes.values()
    assert "the disk is full" in note


async def test_an_item_that_is_gone_changes_nothing(office: Office) -> None:
    pair = ApprovedPair("desk-7", "q", "a", "王老师", 1.0)
    await office.approved.put(pair)
    assert await office.publish(replace(ASKED, number=7)) is None
    assert await office.approved.all() == [pair]


async def test_what_the_golden_set_is_against_is_told_once_and_waits(office: Office, approved: Item) -> None:
    office.shelf.refused = (Broken("旧问题", "a.md", "b.md"),)
    for _ in range(2):
        assert await office.publish(approved)
    (note,) = office.notes.values()
    assert "「旧问题」" in note
    assert office.shelf.runs == 1


async def test_what_was_refused_and_then_forced_is_told_as_live(office: Office, approved: Item) -> None:
    office.shelf.refused = (Broken("旧问题", "a.md", "b.md"),)
    await office.publish(approved)
    office.shelf.refused = ()
    await office.shelf.refresh()
    assert await office.publish(approved) is None
    assert len(office.notes) == 2


@pytest.fixture
async def running(office: Office) -> AsyncIterator[None]:
    """A process that serves."""
    task = asyncio.create_task(office.publishing.run())
    yield
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)


@pytest.mark.usefixtures("running")
async def test_every_process_serves_what_another_one_approved(office: Office, approved: Item) -> None:
    pair = ApprovedPair("desk-9", "q", "a", "王老师", 1.0)
    await office.approved.put(pair)
    async with asyncio.timeout(20):
        while office.shelf.held != {"desk-9": pair}:
            await office.approved.mark()
        await office.approved.withdraw("desk-9")
        while office.shelf.held:
            await office.approved.mark()


def test_a_golden_row_is_added_once(tmp_path: Path) -> None:
    file = tmp_path / "golden.jsonl"
    for question in ("甲", "乙", "甲"):
        add(file, question, "desk-1", [question])
    assert [row.query for row in read(file)] == ["甲", "乙"]
