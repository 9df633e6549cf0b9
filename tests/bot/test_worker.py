"""Each message is answered once, in order and in its place, whatever happens to the worker or the message."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapters.base import Conversation, Message, NotAccepted, Sender
from bot.command_table import every
from bot.course import Course, FilesConfig, Limits
from bot.intake import Intake
from bot.phrases import CHINESE
from bot.worker import Worker
from memory.base import Turn
from memory.client import connect
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.people import RedisPeople
from rag.types import NO_PAST, Answer, Past
from tests.fakes import staffed
from tests.fakes.board import Board


class Script:
    """Answers with the question itself, once its gate is open; it raises where that is what is asked."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.asked: list[str] = []
        self.raises = "poison"

    async def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]:
        self.asked.append(question)
        yield Answer(f"{question[:1]}…", (), "answered", question)
        self.begun.put_nowait(question)
        if question in self.gates:
            await self.gates[question].wait()
        if question == self.raises:
            raise ValueError(question)
        yield Answer(question, (), "answered", question, final=True)


class House:
    """A whole bot around one inbox, of which there may be several on one Redis."""

    def __init__(self, client: Redis, board: Board, merge_seconds: float = 0, slots: int = 256) -> None:
        limits = Limits(merge_seconds=merge_seconds)
        source = FilesConfig(kind="files", path=Path("docs"))
        self.course = Course(folder=Path(), sources=(source,), limits=limits)
        self.script = Script()
        self.board = board
        self.history = RedisHistory(client)
        self.inbox = RedisInbox(client, per_conversation=5, lease=0.3, sweep=0.05)
        self.people = RedisPeople(client)
        assistant = staffed.assistant(client, self.script, self.course, history=self.history)
        platforms = {"board": board}
        self.intake = Intake(self.inbox, assistant, platforms)
        self.worker = Worker(self.inbox, assistant, platforms, limits, slots, besides=staffed.besides(client))

    async def accept(self, *messages: Message) -> None:
        for one in messages:
            await self.intake.accept(one)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Until the end of the block, which is as sudden as kill -9: nothing is given back."""
        async with asyncio.timeout(20):
            running = asyncio.create_task(self.worker.run())
            try:
                yield
            finally:
                running.cancel()
                await asyncio.wait([running])

    async def settled(self) -> None:
        """Return when nothing waits any more."""
        while (await self.inbox.state()).waiting:
            await self.inbox.ready()

    async def turns(self) -> tuple[Turn, ...]:
        """What is remembered of Ann's conversation in chat a."""
        return (await self.history.load("board:a::ann")).turns

    @property
    def help(self) -> str:
        """What /help says."""
        lines = [one.help_line("zh") for one in every() if "help" in one.shown and one.role == "student"]
        return "\n".join([CHINESE.help.format(course="Sample"), "", *lines])

    @property
    def notes(self) -> list[str]:
        return [reply.text for reply in self.board.notes.values()]


def message(text: str, chat: str = "a", ago: float = 0.0, sender: str = "ann", id: str = "") -> Message:
    sent_at = datetime.now(UTC) - timedelta(seconds=ago)
    return Message(id or f"{chat}:{text}", Conversation("board", chat), Sender(sender), text, sent_at)


Build = Callable[..., House]


@pytest.fixture
async def build(client: Redis) -> AsyncIterator[Build]:
    """Makes houses on one Redis; what they still have in hand is given back in the end."""
    houses: list[House] = []

    def one(board: Board | None = None, merge_seconds: float = 0, slots: int = 256) -> House:
        houses.append(House(client, board or Board(), merge_seconds, slots))
        return houses[-1]

    yield one
    await asyncio.gather(*(house.worker.drain(within=0) for house in houses))


@pytest.fixture
def house(build: Build) -> House:
    return build()


@pytest.fixture
def patient(build: Build) -> House:
    """One that takes short messages in a row for one question."""
    return build(merge_seconds=5)


async def test_what_is_delivered_three_times_is_answered_once_and_remembered_once(house: House) -> None:
    async with house.working():
        one = message("how")
        await house.accept(one, one)
        assert await house.board.shown.get() == "how"
        await house.accept(one)
        await house.settled()
    assert house.notes == ["how"]
    assert [turn.message_id for turn in await house.turns()] == ["a:how"]


async def test_messages_of_a_conversation_are_answered_in_order_and_those_of_another_at_once(
    house: House,
) -> None:
    house.script.gates["first"] = asyncio.Event()
    async with house.working():
        await house.accept(message("first"), message("second"), message("other", "b"))
        assert await house.board.shown.get() == "other"
        house.script.gates["first"].set()
        assert [await house.board.shown.get() for _ in range(2)] == ["first", "second"]


async def test_a_question_that_comes_meanwhile_does_not_begin_the_answer_anew(house: House) -> None:
    house.script.gates["first"] = asyncio.Event()
    async with house.working():
        await house.accept(message("first"))
        await house.script.begun.get()
        await house.accept(message("second"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * house.inbox.lease):
                await house.script.begun.get()
        house.script.gates["first"].set()
        assert [await house.board.shown.get() for _ in range(2)] == ["first", "second"]


async def test_what_came_in_while_nobody_worked_is_answered_later(house: House) -> None:
    await house.accept(message("how"))
    async with house.working():
        assert await house.board.shown.get() == "how"


async def test_who_takes_over_completes_the_half_shown_answer_in_its_place(
    build: Build,
) -> None:
    board = Board()
    dead, alive = build(board), build(board)
    dead.script.gates["how"] = asyncio.Event()
    async with dead.working():
        await dead.accept(message("how"), message("then"))
        await dead.script.begun.get()
    assert dead.notes == ["h…"]
    async with alive.working():
        assert [await board.shown.get() for _ in range(2)] == ["how", "then"]
        await alive.settled()
    assert alive.notes == ["how", "then"]


async def test_who_was_away_too_long_shows_and_remembers_nothing_any_more(
    build: Build,
) -> None:
    board = Board()
    frozen, alive = build(board), build(board)
    frozen.script.gates["how"] = asyncio.Event()
    async with frozen.working():
        await frozen.accept(message("how"))
        await frozen.script.begun.get()
    async with alive.working():
        await board.shown.get()
        alive.board.notes["board:1"] = replace(alive.board.notes["board:1"], text="by the other one")
        frozen.script.gates["how"].set()
        await alive.settled()
        await frozen.worker.drain(within=5)
    assert frozen.notes == ["by the other one"]
    assert len(await alive.turns()) == 1


async def test_an_answer_that_was_committed_is_shown_as_it_was_without_asking_again(
    build: Build,
) -> None:
    broken, alive = build(), build()
    async with broken.working():
        await broken.accept(message("refuse"))
        while not await broken.turns():
            await broken.inbox.ready()
    alive.board.refused.clear()
    async with alive.working():
        assert await alive.board.shown.get() == "refuse"
    assert alive.script.asked == []


async def test_a_platform_that_refuses_for_now_keeps_the_order(house: House) -> None:
    async with house.working():
        await house.accept(message("refuse"), message("next"), message("other", "b"))
        assert await house.board.shown.get() == "other"
        house.board.refused.clear()
        assert [await house.board.shown.get() for _ in range(2)] == ["refuse", "next"]


async def test_what_cannot_be_delivered_for_too_long_is_given_up(house: House) -> None:
    await house.accept(message("/help", ago=3600), message("next"))
    house.board.refused.add(house.help)
    async with house.working():
        assert await house.board.shown.get() == "next"
        await house.settled()
    assert (await house.inbox.state()).dead == 1


async def test_an_edit_while_it_is_answered_is_answered_instead_in_the_same_place(house: House) -> None:
    house.script.gates["how"] = asyncio.Event()
    async with house.working():
        one = message("how")
        await house.accept(one)
        await house.script.begun.get()
        await house.accept(replace(one, text="why", edited=True, sent_at=datetime.now(UTC)))
        assert await house.board.shown.get() == "why"
        await house.settled()
    assert house.notes == ["why"]
    assert [turn.question for turn in await house.turns()] == ["why"]


async def test_an_edit_of_an_answered_question_is_answered_again_in_the_same_place(house: House) -> None:
    async with house.working():
        one = message("how")
        await house.accept(one, message("then"))
        assert [await house.board.shown.get() for _ in range(2)] == ["how", "then"]
        await house.accept(replace(one, text="why", edited=True, sent_at=datetime.now(UTC)))
        assert await house.board.shown.get() == "why"
        await house.settled()
    assert house.notes == ["why", "then"]
    assert [turn.question for turn in await house.turns()] == ["why", "then"]


async def test_a_withdrawn_question_is_cancelled_and_what_was_shown_of_it_taken_back(house: House) -> None:
    house.script.gates["how"] = asyncio.Event()
    async with house.working():
        one = message("how")
        await house.accept(one, message("then"))
        await house.script.begun.get()
        await house.accept(replace(one, text="", sender=Sender(""), withdrawn=True))
        assert await house.board.shown.get() == "then"
        await house.settled()
    assert house.notes == ["then"]


async def test_a_question_that_is_withdrawn_while_it_waits_is_never_asked(house: House) -> None:
    one = message("how")
    await house.accept(one, message("then"), replace(one, withdrawn=True))
    async with house.working():
        assert await house.board.shown.get() == "then"
    assert house.script.asked == ["then"]


async def test_three_short_messages_in_a_row_are_one_question(patient: House) -> None:
    await patient.accept(message("lmdeploy"), message("how"), message("to quantize"))
    async with patient.working():
        assert await patient.board.shown.get() == "lmdeploy\nhow\nto quantize"
        await patient.settled()
    [reply] = patient.board.notes.values()
    assert (reply.in_reply_to, reply.merged) == ("a:lmdeploy", ("a:how", "a:to quantize"))
    assert len(await patient.turns()) == 1


async def test_a_short_message_that_follows_while_the_first_is_answered_joins_it(patient: House) -> None:
    patient.script.gates["lmdeploy"] = asyncio.Event()
    async with patient.working():
        await patient.accept(message("lmdeploy"))
        await patient.script.begun.get()
        await patient.accept(message("how"))
        assert await patient.board.shown.get() == "lmdeploy\nhow"
        await patient.settled()
    assert patient.notes == ["lmdeploy\nhow"]


async def test_a_short_message_that_follows_an_answer_at_once_is_answered_with_it_in_its_place(
    patient: House,
) -> None:
    async with patient.working():
        for text, answer in [("lmdeploy", "lmdeploy"), ("how", "lmdeploy\nhow"), ("w4", "lmdeploy\nhow\nw4")]:
            await patient.accept(message(text))
            assert await patient.board.shown.get() == answer
            await patient.settled()
    assert patient.notes == ["lmdeploy\nhow\nw4"]
    assert [turn.question for turn in await patient.turns()] == ["lmdeploy\nhow\nw4"]


async def test_a_follow_up_that_is_withdrawn_leaves_the_answer_as_it_was(patient: House) -> None:
    patient.script.gates["first\nmore"] = asyncio.Event()
    async with patient.working():
        await patient.accept(message("first"))
        assert await patient.board.shown.get() == "first"
        await patient.settled()
        more = message("more")
        await patient.accept(more)
        while await patient.script.begun.get() != "first\nmore":
            pass
        await patient.accept(replace(more, withdrawn=True))
        await patient.settled()
    assert patient.notes == ["first"]


async def test_a_follow_up_that_raises_leaves_the_answer_as_it_was(patient: House) -> None:
    async with patient.working():
        await patient.accept(message("first"))
        assert await patient.board.shown.get() == "first"
        await patient.settled()
        patient.script.raises = "first\nmore"
        await patient.accept(message("more"))
        apology = await patient.board.shown.get()
        await patient.settled()
    assert patient.notes == ["first", apology]


async def test_what_a_withdrawn_message_did_is_not_held_against_the_next(house: House) -> None:
    house.script.gates["again"] = asyncio.Event()
    async with house.working():
        first = message("poison")
        await house.accept(first, message("again"))
        while house.script.asked.count("poison") < 2:
            await house.script.begun.get()
        await house.accept(replace(first, withdrawn=True))
        house.script.gates["again"].set()
        assert await house.board.shown.get() == "again"
        await house.settled()
    assert (await house.inbox.state()).dead == 0


async def test_the_same_text_sent_again_after_it_was_withdrawn_is_a_question_of_its_own(build: Build) -> None:
    broken, alive = build(), build()
    first = message("refuse", id="a:1")
    async with broken.working():
        await broken.accept(first)
        while not await broken.turns():
            await broken.inbox.ready()
    await broken.accept(replace(first, withdrawn=True), message("refuse", id="a:2"))
    alive.board.refused.clear()
    async with alive.working():
        await alive.board.shown.get()
        await alive.settled()
    assert [reply.in_reply_to for reply in alive.board.notes.values()] == ["a:2"]
    assert [turn.message_id for turn in await alive.turns()] == ["a:1", "a:2"]


async def test_one_chat_gets_half_of_the_places(build: Build) -> None:
    loud = build(slots=8)
    loud.script.gates |= {f"q{number}": asyncio.Event() for number in range(8)}
    async with loud.working():
        await loud.accept(*(message(f"q{number}", sender=f"p{number}") for number in range(8)))
        await loud.accept(message("quiet", "b"))
        assert await loud.board.shown.get() == "quiet"
        assert len(loud.script.asked) == 5
        for gate in loud.script.gates.values():
            gate.set()
        await loud.settled()


async def test_a_question_that_is_found_late_gets_a_note_and_one_of_yesterday_silence(house: House) -> None:
    await house.accept(message("late", ago=3600), message("old", "b", ago=90_000))
    async with house.working():
        assert "late" not in await house.board.shown.get()
        await house.settled()
    assert len(house.notes) == 1
    assert house.script.asked == []


async def test_what_raises_each_time_gets_an_apology_and_the_next_one_its_answer(house: House) -> None:
    async with house.working():
        await house.accept(message("poison"), message("next"))
        assert "poison" not in await house.board.shown.get()
        assert await house.board.shown.get() == "next"
        await house.settled()
    assert house.script.asked.count("poison") == 3
    assert len(house.notes) == 2
    state = await house.inbox.state()
    assert (state.dead, state.last_reason) == (1, "ValueError: poison")


async def test_what_kills_its_worker_each_time_is_given_up_with_an_apology(house: House) -> None:
    await house.accept(message("deadly"), message("next"))
    for _ in range(3):
        while not await house.inbox.take(["board"], 1):
            await house.inbox.ready()
    async with house.working():
        await house.board.shown.get()
        assert await house.board.shown.get() == "next"
        await house.settled()
    assert (await house.inbox.state()).dead == 1
    assert house.script.asked == ["next"]


async def test_a_drained_worker_ends_what_it_can_and_gives_back_the_rest(build: Build) -> None:
    board = Board()
    leaving, staying = build(board), build(board)
    leaving.script.gates |= {"ends": asyncio.Event(), "hangs": asyncio.Event()}
    async with leaving.working():
        await leaving.accept(message("ends"), message("hangs", "b"))
        await leaving.script.begun.get()
        await leaving.script.begun.get()
        draining = asyncio.create_task(leaving.worker.drain(within=0.2))
        leaving.script.gates["ends"].set()
        await leaving.accept(message("after", "c"))
        assert await board.shown.get() == "ends"
        await draining
    async with staying.working():
        assert {await board.shown.get(), await board.shown.get()} == {"hangs", "after"}
        await staying.settled()
    assert sorted(staying.notes) == ["after", "ends", "hangs"]
    assert staying.script.asked.count("hangs") == 1


async def test_too_many_in_one_conversation_are_refused_with_a_sentence(house: House) -> None:
    await house.accept(*(message(f"m{number}") for number in range(6)))
    assert "m5" not in await house.board.shown.get()
    assert len(await house.inbox.waiting("board:a::ann")) == 5


async def test_without_redis_nothing_is_accepted() -> None:
    nowhere = connect("unix:///nowhere/redis.sock")
    with pytest.raises(NotAccepted):
        await House(nowhere, Board()).accept(message("how"))
    await nowhere.aclose()


async def test_a_message_that_cannot_be_read_is_buried(house: House, client: Redis) -> None:
    await house.accept(message("how"), message("next"))
    key = next(key for key in await client.keys("*:message:a:how"))
    await client.hset(key, "body", "{")
    async with house.working():
        assert await house.board.shown.get() == "next"
    assert (await house.inbox.state()).dead == 1


async def test_forgetting_shows_its_receipt_once_and_leaves_nothing(house: House) -> None:
    async with house.working():
        await house.accept(message("how"), message("then"))
        assert [await house.board.shown.get() for _ in range(2)] == ["how", "then"]
        await house.accept(message("/忘记我 确认"))
        assert "- 2 组问答" in await house.board.shown.get()
        await house.settled()
    assert len(house.notes) == 3
    held = await house.people.held("ann")
    assert (held.turns, held.facts, held.waiting, held.dead) == ({}, {}, 0, 0)


async def test_a_question_that_is_answered_while_its_asker_is_forgotten_is_not_remembered(
    house: House,
) -> None:
    house.script.gates["how"] = asyncio.Event()
    async with house.working():
        await house.accept(message("how"))
        await house.script.begun.get()
        await house.people.forget("ann")
        house.script.gates["how"].set()
        await house.settled()
    assert await house.turns() == ()


async def test_what_waits_is_found_as_its_senders(house: House) -> None:
    await house.accept(message("how"), message("why", sender="bob"))
    assert (await house.people.held("ann")).waiting == 1
    assert (await house.people.forget("ann")).waiting == 1
    async with house.working():
        assert await house.board.shown.get() == "why"


async def test_the_last_answer_is_taken_back_out_of_chat_and_memory(house: House) -> None:
    async with house.working():
        await house.accept(message("how"), message("then"))
        assert [await house.board.shown.get() for _ in range(2)] == ["how", "then"]
        await house.accept(message("/撤回"))
        assert await house.board.shown.get() == CHINESE.recalled
        await house.settled()
    assert house.notes == ["how", CHINESE.recalled]
    assert [turn.question for turn in await house.turns()] == ["how"]


async def test_what_is_taken_back_is_that_answer_alone_though_a_worker_died_over_it(build: Build) -> None:
    board = Board()
    dying = build(board)
    async with dying.working():
        await dying.accept(message("how"), message("then"))
        assert [await board.shown.get() for _ in range(2)] == ["how", "then"]
        await dying.settled()
        board.refused.add(CHINESE.recalled)
        await dying.accept(message("/撤回"))
        await board.took_back.wait()
    board.refused.clear()
    staying = build(board)
    async with staying.working():
        assert await board.shown.get() == CHINESE.recalled
    assert staying.notes == ["how", CHINESE.recalled]


async def test_an_answer_that_no_longer_can_be_reached_stays_and_that_is_said(house: House) -> None:
    async with house.working():
        await house.accept(message("how"))
        assert await house.board.shown.get() == "how"
        await house.settled()
        house.board.stuck = True
        await house.accept(message("/撤回"))
        assert await house.board.shown.get() == CHINESE.recall_failed
    assert house.notes == ["how", CHINESE.recall_failed]
