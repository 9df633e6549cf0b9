"""The pace at which Telegram is called: what waits, what is dropped, what never gets too fast."""

import asyncio
import random
from bisect import bisect_left
from dataclasses import dataclass, field

import pytest

from adapters.telegram_pace import Pace, Urgency
from tests.fakes.virtual_time import now, passed, run

DIRECT, OTHER, THIRD, FOURTH = 42, 43, 44, 45
GROUP = -100
URGENCIES: tuple[Urgency, ...] = ("final", "placeholder", "frame")


def a_pace() -> Pace:
    return Pace(now, passed)


async def taken(pace: Pace, chat_id: int, times: int) -> list[float]:
    """When so many finals got their turn."""
    moments = []
    for _ in range(times):
        assert await pace.take(chat_id, "final")
        moments.append(now())
    return moments


def most_within(times: list[float], seconds: float) -> int:
    times = sorted(times)
    return max((bisect_left(times, at + seconds) - index for index, at in enumerate(times)), default=0)


def test_three_messages_go_at_once_and_then_one_a_second() -> None:
    assert run(taken(a_pace(), DIRECT, 5)) == [0, 0, 0, 1, 2]


def test_a_group_gets_twenty_messages_in_a_minute() -> None:
    moments = run(taken(a_pace(), GROUP, 45))
    assert most_within(moments, 60) == 20
    assert moments[20] == pytest.approx(61)


def test_a_full_group_holds_up_nobody_else() -> None:
    async def busy() -> list[float]:
        pace = a_pace()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(taken(pace, GROUP, 30))
            await passed(30)
            return await taken(pace, DIRECT, 3)

    assert run(busy()) == [30, 30, 30]


def test_a_frame_leaves_the_final_of_its_chat_room() -> None:
    async def streamed() -> None:
        pace = a_pace()
        for _ in range(60):
            assert await pace.take(DIRECT, "frame")
            await passed(1)
        while await pace.take(DIRECT, "frame"):
            pass
        assert await taken(pace, DIRECT, 1) == [60]

    run(streamed())


def test_placeholders_and_frames_leave_the_finals_of_their_group_room() -> None:
    async def crowded() -> None:
        pace = a_pace()
        for _ in range(40):
            for urgency in ("frame", "placeholder"):
                await pace.take(GROUP, urgency)
            await passed(1)
        assert not pace.room(GROUP, "placeholder")
        assert await taken(pace, GROUP, 8) == pytest.approx([40, 40, 40, 41, 42, 43, 44, 45], abs=1)

    run(crowded())


def test_what_is_not_final_never_goes_before_a_final_that_waits() -> None:
    async def waiting() -> None:
        pace = a_pace()
        await taken(pace, GROUP, 20)
        final = asyncio.create_task(taken(pace, GROUP, 1))
        while not final.done():
            assert final.done() or not await pace.take(GROUP, "placeholder")
            await passed(0.25)

    run(waiting())


def test_a_placeholder_that_comes_with_the_turn_of_a_final_does_not_take_it() -> None:
    async def placeholder(pace: Pace) -> bool:
        await passed(1)
        return await pace.take(DIRECT, "placeholder")

    async def at_once() -> None:
        pace = a_pace()
        early = asyncio.create_task(placeholder(pace))
        await passed(0)
        assert await taken(pace, DIRECT, 4) == [0, 0, 0, 1]
        assert not await early

    run(at_once())


def test_a_chat_that_heard_429_waits_as_long_as_told_and_no_other_does() -> None:
    async def flooded() -> None:
        pace = a_pace()
        pace.flooded(DIRECT, 30)
        assert await taken(pace, OTHER, 1) == [0]
        assert await taken(pace, DIRECT, 1) == [30]

    run(flooded())


def test_a_429_also_holds_what_already_waits_for_the_turn_of_all() -> None:
    async def flooded() -> None:
        pace = a_pace()
        await asyncio.gather(*(taken(pace, chat_id, 1) for chat_id in range(100, 130)))
        final = asyncio.create_task(taken(pace, DIRECT, 1))
        await passed(0.5)
        pace.flooded(DIRECT, 10)
        assert await final == [10.5]

    run(flooded())


def test_a_chat_has_no_frames_for_a_minute_after_its_429() -> None:
    async def flooded() -> None:
        pace = a_pace()
        pace.flooded(DIRECT, 5)
        await passed(60)
        assert not await pace.take(DIRECT, "frame")
        assert await pace.take(DIRECT, "placeholder")
        await passed(6)
        assert await pace.take(DIRECT, "frame")

    run(flooded())


def test_three_chats_in_a_row_that_hear_429_make_all_wait_and_then_go_one_by_one() -> None:
    async def flooded() -> None:
        pace = a_pace()
        for chat_id in (DIRECT, OTHER, THIRD):
            await pace.take(chat_id, "final")
            pace.flooded(chat_id, 10)
        async with asyncio.TaskGroup() as tasks:
            moments = [tasks.create_task(taken(pace, chat_id, 1)) for chat_id in range(100, 103)]
        assert [task.result()[0] for task in moments] == pytest.approx([10, 11.05, 12.1])
        pace.passed()
        assert await taken(pace, FOURTH, 3) == pytest.approx([12.1] * 3)

    run(flooded())


def test_a_success_in_between_means_that_a_429_concerns_its_chat_alone() -> None:
    async def flooded() -> None:
        pace = a_pace()
        for chat_id in (DIRECT, OTHER, THIRD):
            pace.flooded(chat_id, 10)
            pace.passed()
        assert await taken(pace, FOURTH, 1) == [0]

    run(flooded())


def test_typing_signs_take_nothing_from_the_messages_of_their_group() -> None:
    async def typed() -> None:
        pace = a_pace()
        for _ in range(10):
            assert pace.take_sign(GROUP)
        assert await taken(pace, GROUP, 3) == [0, 0, 0]
        pace.flooded(GROUP, 5)
        assert not pace.take_sign(GROUP)

    run(typed())


def test_fifty_chats_and_five_groups_asked_at_once_all_get_their_answers_within_the_limits() -> None:
    async def asked() -> list[list[float]]:
        pace = a_pace()
        chats = [*range(1, 51), *(-one for one in range(1, 6))]
        async with asyncio.TaskGroup() as tasks:
            answers = [tasks.create_task(taken(pace, chat, 30 if chat < 0 else 4)) for chat in chats]
        return [answer.result() for answer in answers]

    moments = run(asked())
    assert most_within([at for chat in moments for at in chat], 1) <= 30
    assert all(most_within(group, 60) <= 20 for group in moments[50:])
    assert max(at for chat in moments[:50] for at in chat) < 12


@dataclass
class Story:
    """A random schedule: what was asked for and granted, by chat and in the order of asking."""

    seed: int
    pace: Pace = field(default_factory=a_pace)
    granted: list[tuple[int, float]] = field(default_factory=list)
    asked: dict[int, list[int]] = field(default_factory=dict)
    finals: dict[int, list[int]] = field(default_factory=dict)
    bans: list[tuple[int, float, float]] = field(default_factory=list)

    async def told(self) -> None:
        dice = random.Random(self.seed)
        chats = [*range(1, dice.randint(2, 40)), *(-one for one in range(1, dice.randint(2, 6)))]
        async with asyncio.TaskGroup() as tasks:
            for number in range(400):
                await passed(dice.choice((0, 0, 0, 0.01, 0.3, 2)))
                chat_id, urgency = dice.choice(chats), dice.choice(URGENCIES)
                self._happens(dice, chat_id)
                if urgency == "final":
                    self.asked.setdefault(chat_id, []).append(number)
                tasks.create_task(self._take(chat_id, urgency, number))

    def _happens(self, dice: random.Random, chat_id: int) -> None:
        if dice.random() < 0.03:
            seconds = dice.uniform(1, 90)
            self.bans.append((chat_id, now(), now() + seconds))
            self.pace.flooded(chat_id, seconds)
        elif dice.random() < 0.2:
            self.pace.passed()

    async def _take(self, chat_id: int, urgency: Urgency, number: int) -> None:
        asked = now()
        if await self.pace.take(chat_id, urgency):
            assert urgency == "final" or now() == asked
            self.granted.append((chat_id, now()))
            if urgency == "final":
                self.finals.setdefault(chat_id, []).append(number)


@pytest.mark.parametrize("seed", range(30))
def test_no_schedule_exceeds_a_limit_or_loses_or_overtakes_a_final(seed: int) -> None:
    story: Story

    async def told() -> Story:
        story = Story(seed)
        await story.told()
        return story

    story = run(told())
    assert story.finals == story.asked
    assert most_within([at for _, at in story.granted], 1) <= 30
    for chat_id in {chat for chat, _ in story.granted}:
        times = sorted(at for chat, at in story.granted if chat == chat_id)
        assert chat_id > 0 or most_within(times, 60) <= 20
        assert all(most_within(times, span) <= 3 + span for span in range(1, 20))
        for banned, since, until in story.bans:
            assert banned != chat_id or not any(since < at < until for at in times)
