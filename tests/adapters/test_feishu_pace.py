"""The pace at which Feishu is called: what waits, what is dropped, what never gets too fast."""

import asyncio
import random
from bisect import bisect_left
from dataclasses import dataclass, field

import pytest

from adapters.feishu_pace import Lane, Pace
from tests.fakes.virtual_time import now, passed, run

REPLY, PATCH, FRAME = (Lane("api", name) for name in ("POST reply", "PATCH message", "PUT content"))
CHAT, OTHER, MESSAGE, CARD = (
    Lane("chat", "oc_1"),
    Lane("chat", "oc_2"),
    Lane("message", "om_1"),
    Lane("card", "7"),
)
MOST = {"chat": 4, "message": 5, "card": 10}


def a_pace() -> Pace:
    return Pace(now, passed, dice=lambda: 0.0)


async def turns(pace: Pace, api: Lane, place: Lane | None, times: int) -> list[float]:
    """When so many finals got their turn."""
    moments = []
    for _ in range(times):
        await pace.turn(api, place)
        moments.append(now())
    return moments


def frames(pace: Pace, api: Lane, place: Lane | None = None) -> int:
    """How many frames go now."""
    return next(number for number in range(10_000) if not pace.at_once(api, place))


def most_within(times: list[float], seconds: float) -> int:
    times = sorted(times)
    return max((bisect_left(times, at + seconds) - index for index, at in enumerate(times)), default=0)


@pytest.mark.parametrize(("api", "place"), [(REPLY, CHAT), (PATCH, MESSAGE), (FRAME, CARD)])
def test_a_place_gets_what_it_may_in_a_second_and_then_waits(api: Lane, place: Lane) -> None:
    moments = run(turns(a_pace(), api, place, 25))
    assert most_within(moments, 1) == moments.count(0) == MOST[place.kind]


def test_an_api_gets_fifty_calls_in_a_second_and_a_thousand_in_a_minute() -> None:
    moments = run(turns(a_pace(), REPLY, None, 1200))
    assert most_within(moments, 1) == 50
    assert most_within(moments, 60) == 1000


def test_a_full_chat_holds_up_nobody_else() -> None:
    async def busy() -> list[float]:
        pace = a_pace()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(turns(pace, REPLY, CHAT, 30))
            await passed(3)
            return await turns(pace, REPLY, OTHER, 4)

    assert run(busy()) == [3, 3, 3, 3]


def test_frames_leave_finals_room_everywhere() -> None:
    async def streamed() -> None:
        pace = a_pace()
        assert frames(pace, PATCH, MESSAGE) == 4
        assert await turns(pace, PATCH, MESSAGE, 1) == [0]
        assert frames(pace, FRAME) == 40
        assert await turns(pace, FRAME, CARD, 10) == [0] * 10

    run(streamed())


def test_a_frame_never_goes_before_a_final_that_waits_not_even_when_its_time_has_just_come() -> None:
    async def frame(pace: Pace) -> bool:
        await passed(5)
        return pace.at_once(FRAME, CARD)

    async def waiting() -> None:
        pace = a_pace()
        pace.limited(CARD, 5)
        early, final = asyncio.create_task(frame(pace)), asyncio.create_task(turns(pace, FRAME, CARD, 1))
        assert await final == [5]
        assert not await early

    run(waiting())


def test_a_chat_that_was_told_to_wait_does_and_no_other() -> None:
    async def told() -> None:
        pace = a_pace()
        pace.limited(CHAT, 30)
        assert await turns(pace, REPLY, OTHER, 1) == [0]
        assert not pace.at_once(REPLY, CHAT)
        assert await turns(pace, REPLY, CHAT, 1) == [30]

    run(told())


def test_an_api_that_was_told_to_wait_does_and_no_other() -> None:
    async def told() -> None:
        pace = a_pace()
        pace.limited(REPLY, 7)
        assert await turns(pace, PATCH, MESSAGE, 1) == [0]
        assert await turns(pace, REPLY, CHAT, 1) == [7]

    run(told())


def test_a_shorter_wait_does_not_end_a_longer_one_and_bots_come_back_at_different_times() -> None:
    async def told() -> None:
        pace = Pace(now, passed, dice=lambda: 0.5)
        pace.limited(REPLY, 8)
        pace.limited(REPLY, 1)
        assert await turns(pace, REPLY, None, 1) == [9]

    run(told())


def test_a_final_given_up_while_it_waits_leaves_its_turn_to_the_next() -> None:
    async def given_up() -> None:
        pace = a_pace()
        pace.limited(CHAT, 5)
        first, second = (asyncio.create_task(turns(pace, REPLY, CHAT, 1)) for _ in range(2))
        await passed(1)
        first.cancel()
        assert await second == [5]

    run(given_up())


def test_a_place_that_waits_is_not_forgotten_for_many_that_do_not() -> None:
    async def many() -> None:
        pace = a_pace()
        pace.limited(CHAT, 500)
        for number in range(5000):
            await pace.turn(FRAME, Lane("card", str(number)))
        assert not pace.at_once(REPLY, CHAT)

    run(many())


@dataclass
class Story:
    """A random schedule: what was asked for and granted, by lane and in the order of asking."""

    seed: int
    pace: Pace = field(default_factory=lambda: Pace(now, passed))
    granted: list[tuple[tuple[Lane, Lane], float]] = field(default_factory=list)
    asked: dict[tuple[Lane, Lane], list[int]] = field(default_factory=dict)
    finals: dict[tuple[Lane, Lane], list[int]] = field(default_factory=dict)
    bans: list[tuple[Lane, float, float]] = field(default_factory=list)

    async def told(self) -> "Story":
        dice = random.Random(self.seed)
        places = [(REPLY, Lane("chat", f"oc_{one}")) for one in range(dice.randint(1, 12))]
        places += [(PATCH, Lane("message", f"om_{one}")) for one in range(dice.randint(1, 12))]
        places += [(FRAME, Lane("card", f"{one}")) for one in range(dice.randint(1, 12))]
        async with asyncio.TaskGroup() as tasks:
            for number in range(600):
                await passed(dice.choice((0, 0, 0, 0, 0.01, 0.3)))
                way = dice.choice(places)
                if dice.random() < 0.02:
                    self._ban(dice.choice(way), dice.uniform(1, 20))
                if dice.random() < 0.5:
                    self._frame(way)
                else:
                    self.asked.setdefault(way, []).append(number)
                    tasks.create_task(self._final(way, number))
        return self

    def _ban(self, lane: Lane, seconds: float) -> None:
        self.bans.append((lane, now(), now() + seconds))
        self.pace.limited(lane, seconds)

    def _frame(self, way: tuple[Lane, Lane]) -> None:
        if self.pace.at_once(*way):
            assert len(self.finals.get(way, ())) == len(self.asked.get(way, ())), "before a final"
            self.granted.append((way, now()))

    async def _final(self, way: tuple[Lane, Lane], number: int) -> None:
        await self.pace.turn(*way)
        self.granted.append((way, now()))
        self.finals.setdefault(way, []).append(number)


@pytest.mark.parametrize("seed", range(30))
def test_no_schedule_exceeds_a_limit_or_loses_or_overtakes_a_final(seed: int) -> None:
    story = run(Story(seed).told())
    assert story.finals == story.asked
    for lane in {lane for way, _ in story.granted for lane in way}:
        times = [at for way, at in story.granted if lane in way]
        assert most_within(times, 1) <= MOST.get(lane.kind, 50)
        assert most_within(times, 60) <= 1000
        for banned, since, until in story.bans:
            assert banned != lane or not any(since < at < until for at in times)
