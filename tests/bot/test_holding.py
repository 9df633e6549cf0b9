"""A question put to nobody is answered after the hold time, unless a person was faster or a rule forbids."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, Sender
from bot import errands
from bot.course import Course, FilesConfig, Group
from bot.errands import Errands, Underway
from bot.etiquette import remarks_of
from bot.holding import Holding
from memory.entries import RedisJournal
from memory.inbox import RedisInbox
from memory.journal import Asked
from memory.people import RedisPeople
from memory.remarks import RedisRemarks
from memory.rules import RedisRuleBook
from memory.staff import GroupRule
from rag.types import Followup, Found, IndexUnavailable
from tests.fakes.searcher import WordSearcher, passage

CHAT, HOLD = "telegram:-1", 60.0
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # in Shanghai
ASKED = "lmdeploy 怎么量化模型"


def message(
    text: str = ASKED,
    id: str = "q",
    who: str = "ann",
    after: float = 0.0,
    to: tuple[str, ...] = (),
    thread: str = "",
    edited: bool = False,
) -> Message:
    place, at = Conversation("telegram", "-1", "group", thread), NOON + timedelta(seconds=after)
    return Message(id, place, Sender(f"telegram:{who}"), text, at, False, edited=edited, reply_to=to)


class Broken:
    """A searcher without an index."""

    def search(self, query: str, k: int = 10, cohort: str = "", followup: Followup | None = None) -> Found:
        raise IndexUnavailable("There is none.")


class House:
    """A helpful group on real memory; its clock begins at noon."""

    def __init__(self, client: Redis) -> None:
        self.book, self.remarks, self.journal = (
            RedisRuleBook(client),
            RedisRemarks(client),
            RedisJournal(client),
        )
        self.searcher = WordSearcher(passage("W4A16 量化", "运行 lmdeploy lite auto_awq 量化模型。"))
        self.accepted: list[Message] = []
        self.now = NOON.timestamp()
        self.holding = self.with_searcher(self.searcher)

    def with_searcher(self, searcher: WordSearcher | Broken, quiet_hours: str = "") -> Holding:
        files = (FilesConfig(kind="files", path=Path("docs")),)
        groups = {CHAT: Group(mode="helpful", hold_seconds=HOLD, quiet_hours=quiet_hours)}
        course = Course(folder=Path(), sources=files, groups=groups)
        parts = (course, self.book, self.remarks, searcher, self.journal, self._accept)
        return Holding(*parts, now=lambda: self.now)

    async def _accept(self, message: Message) -> None:
        self.accepted.append(message)

    async def write(self, *messages: Message) -> None:
        for one in messages:
            for place, remark in remarks_of(one):
                await self.remarks.put(place, remark)

    async def hold(
        self, message: Message, holding: Holding | None = None, read_after: float = 0.0
    ) -> float | None:
        """Do the errand, which was queued so many seconds after the message was sent."""
        errand = (holding or self.holding).errand(message)
        underway = Underway(errand, message.sent_at.timestamp() + read_after, "", _unkept)
        return await (holding or self.holding).doers()[errand.kind](underway)

    async def answers(self, *written: Message, holding: Holding | None = None) -> bool:
        """Whether the first of these is answered when its time is over."""
        await self.write(*written)
        self.now = written[0].sent_at.timestamp() + HOLD
        before = len(self.accepted)
        assert await self.hold(written[0], holding) is None
        return len(self.accepted) > before


async def _unkept(_sent_id: str) -> None:
    raise AssertionError("nothing is shown")


@pytest.fixture
async def group(client: Redis) -> House:
    return House(client)


async def test_it_waits_out_the_hold_time_without_a_search(group: House) -> None:
    await group.write(message())
    group.now += 10
    assert await group.hold(message()) == HOLD - 10
    assert not group.accepted
    assert not group.searcher.queries


async def test_what_nobody_answers_is_taken_in_as_it_was_and_put_to_nobody(group: House) -> None:
    assert await group.answers(message())
    assert group.accepted == [message()]
    assert not group.accepted[0].addressed


@pytest.mark.parametrize(
    "remark",
    [
        message("看第三节", "r", "bob", 20, to=("q",)),
        message("直接跑 lite 吧", "r", "bob", 20),
        message("运行 lmdeploy lite auto_awq", "r", "bob", 20, thread="5"),
    ],
)
async def test_a_person_who_answers_is_enough(group: House, remark: Message) -> None:
    assert not await group.answers(message(), remark)
    assert await group.journal.silences(0) == {CHAT: 1}


@pytest.mark.parametrize(
    "remark",
    [
        message("同问", "r", "bob", 20, to=("q",)),
        message("今天好累", "r", "bob", 20),
        message("lmdeploy 怎么起服务", "r", "bob", 20),
        message("用 auto_awq 报错了", "r", "ann", 20),
        message("用 auto_awq 试试", "r", "bob", -20),
        message("用 lmdeploy 吧", "r", "bob", 20, to=("another",)),
    ],
)
async def test_an_echo_chat_another_question_and_the_asker_answer_nothing(
    group: House, remark: Message
) -> None:
    assert await group.answers(message(), remark)


async def test_a_question_somebody_replied_to_is_not_searched_for(group: House) -> None:
    assert not await group.answers(message(), message("看第三节", "r", "bob", 20, to=("q",)))
    assert not group.searcher.queries


async def test_what_is_not_the_courses_is_left_alone(group: House) -> None:
    assert not await group.answers(message("晚饭吃什么"))


async def test_the_groups_own_threshold_decides(group: House) -> None:
    await group.book.set_group(CHAT, GroupRule(threshold=1.0))
    assert await group.answers(message())
    await group.book.set_group(CHAT, GroupRule(threshold=0.0))
    assert not await group.answers(message("天气怎么样啊", "other", "bob"))  # nothing is found


@pytest.mark.parametrize("rule", [GroupRule(mode="mention"), GroupRule(muted_until=float("inf"))])
async def test_the_rules_are_those_of_the_end(group: House, rule: GroupRule) -> None:
    await group.book.set_group(CHAT, rule)
    assert not await group.answers(message())


async def test_who_was_banned_meanwhile_is_not_answered(group: House) -> None:
    await group.book.ban("telegram:ann", float("inf"))
    assert not await group.answers(message())


async def test_quiet_hours_may_begin_meanwhile(group: House) -> None:
    assert not await group.answers(message(), holding=group.with_searcher(group.searcher, "12:01-13:00"))


async def test_what_was_taken_back_or_forgotten_is_not_answered(group: House, client: Redis) -> None:
    await group.write(message(), message(id="p", who="bob"))
    await group.remarks.drop(CHAT, "q")
    await RedisPeople(client).forget("telegram:bob")
    group.now += HOLD
    await group.hold(message())
    await group.hold(message(id="p", who="bob"))
    assert not group.accepted


async def test_of_an_edited_question_the_last_wording_is_answered(group: House) -> None:
    edited = message(f"{ASKED}到4位", after=10, edited=True)
    assert group.holding.errand(edited).id != group.holding.errand(message()).id
    await group.write(message(), edited)
    group.now += HOLD + 10
    await group.hold(message())
    await group.hold(edited)
    assert group.accepted == [edited]


async def test_an_edit_of_what_is_answered_by_now_follows_it(group: House) -> None:
    await group.answers(message())
    entry = Asked("q", "telegram:ann", NOON.timestamp(), CHAT, "", ASKED, "answered", unasked=True)
    await group.journal.put(entry)
    assert await group.answers(message(f"{ASKED}到4位", after=10, edited=True))


async def test_a_person_is_answered_once_in_a_row(group: House) -> None:
    assert await group.answers(message())
    assert not await group.answers(message(id="q2", after=100))
    assert await group.answers(message(id="q3", after=200, thread="5"))
    assert await group.answers(message(id="q4", after=300), message("今天好累", "r", "bob", 290))


async def test_an_answer_to_another_person_ends_the_row_and_so_does_an_hour(group: House) -> None:
    assert await group.answers(message())
    assert await group.answers(message(id="q2", who="bob", after=100))
    assert await group.answers(message(id="q3", after=200))
    await group.remarks.drop(CHAT, "q2")
    assert await group.answers(message(id="q4", after=4000))


async def test_others_in_the_chat_do_not_end_the_row_of_a_thread(group: House) -> None:
    assert await group.answers(message(thread="5"))
    assert not await group.answers(message(id="q2", after=100, thread="5"), message("嗯嗯", "r", "bob", 90))
    met = message("嗯嗯", "r2", "bob", 190, thread="5")
    assert await group.answers(message(id="q3", after=200, thread="5"), met)


async def test_after_a_crash_it_is_taken_in_again_under_the_same_id(group: House) -> None:
    assert await group.answers(message())
    assert await group.hold(message()) is None
    assert group.accepted == [message(), message()]


async def test_without_an_index_it_is_left_alone(group: House, caplog: pytest.LogCaptureFixture) -> None:
    assert not await group.answers(message(), holding=group.with_searcher(Broken()))
    assert "left alone: There is none." in caplog.text


async def test_those_of_one_person_in_a_thread_share_a_lane(group: House) -> None:
    first, second, other = (
        group.holding.errand(one) for one in (message(), message(id="q2"), message(id="q3", who="bob"))
    )
    assert first.lane == second.lane != other.lane
    assert (first.person, other.person) == ("telegram:ann", "telegram:bob")


async def test_the_time_counts_from_when_it_was_read(group: House) -> None:
    group.now += 600
    assert await group.hold(message(), read_after=590) == HOLD - 10


async def test_through_the_inbox_it_is_taken_in_once(group: House, client: Redis) -> None:
    inbox, held = RedisInbox(client), group.holding.errand(message())
    hands = Errands(inbox, group.holding.doers()).hands()
    group.now = datetime.now(UTC).timestamp() + HOLD + 5
    await group.write(message())
    for _ in range(2):
        await errands.queue(inbox, held)
    async with asyncio.timeout(20):
        running = asyncio.create_task(hands.run())
        while (await inbox.state()).waiting:
            await inbox.ready()
        running.cancel()
        await asyncio.wait([running])
        await hands.drain(within=0)
    assert group.accepted == [message()]
