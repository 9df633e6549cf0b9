"""The circuit breaker, on a clock that is set by hand."""

from dataclasses import dataclass

import pytest

from rag.breaker import GRACE, LONGEST, PATIENT, REFUSED, SHORTEST, Breaker, time_left


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def test_all_are_let_through_while_the_server_works(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.succeed(breaker.enter())
        assert breaker.due_in() == 0


def test_each_failure_doubles_the_rest(breaker: Breaker, clock: Clock) -> None:
    rests = []
    for _ in range(6):
        breaker.fail(breaker.enter(), "is down")
        rests.append(breaker.due_in())
        clock.now += rests[-1]
    assert rests[0] == pytest.approx(SHORTEST, rel=0.1)
    assert rests[1] == pytest.approx(2 * rests[0], rel=0.25)
    assert rests[-1] == pytest.approx(LONGEST, rel=0.1)


def test_one_an_interval_is_let_through_even_if_it_hangs(breaker: Breaker, clock: Clock) -> None:
    breaker.fail(breaker.enter(), "is down")
    clock.now += 1
    breaker.enter()
    assert 0 < breaker.due_in() <= SHORTEST * 1.1
    clock.now += 1
    assert breaker.due_in() == 0


def test_many_that_fail_at_once_are_one_failure(breaker: Breaker) -> None:
    entered = [breaker.enter() for _ in range(50)]
    for one in entered:
        breaker.fail(one - 1, "is down")
    assert breaker.due_in() == 0
    breaker.fail(entered[0], "is down")
    assert breaker.due_in() <= SHORTEST * 1.1


def test_an_old_answer_says_nothing_of_a_server_that_failed_since(breaker: Breaker, clock: Clock) -> None:
    old = breaker.enter()
    clock.now += 1
    breaker.fail(breaker.enter(), "is overloaded")
    assert not breaker.succeed(old)
    assert not breaker.closed
    clock.now += 1
    assert breaker.succeed(breaker.enter())
    assert (breaker.closed, breaker.problem) == (True, "")


def test_a_server_that_asks_for_rest_gets_it_within_reason(breaker: Breaker) -> None:
    breaker.fail(breaker.enter(), "is overloaded", rest=3)
    assert breaker.due_in() == 3
    breaker.fail(breaker.enter(), "is overloaded", rest=3600)
    assert breaker.due_in() == PATIENT


def test_who_can_be_answered_elsewhere_leaves_it_alone_for_longer(breaker: Breaker, clock: Clock) -> None:
    breaker.fail(breaker.enter(), "is down")
    clock.now += 1
    assert breaker.due_in() == 0
    assert breaker.due_in(others_work=True) > 2


def test_a_refusal_keeps_everyone_away_for_long(breaker: Breaker) -> None:
    breaker.refuse(breaker.enter(), "refuses the key")
    assert breaker.due_in() == REFUSED
    assert breaker.refused


def test_one_that_goes_on_in_silence_is_rested_from_and_counts_in_the_end(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.fail(breaker.enter(), "is down")
    clock.now += 1
    slow = breaker.enter()
    breaker.linger()
    assert breaker.due_in() > 1.5 * SHORTEST
    assert breaker.succeed(slow)


def test_it_is_down_since_the_first_failure(breaker: Breaker, clock: Clock) -> None:
    breaker.fail(breaker.enter(), "is down")
    clock.now += 5
    breaker.fail(breaker.enter(), "is still down")
    assert breaker.down_since == 100
    assert breaker.problem == "is still down"


def test_a_question_waits_until_the_outage_has_lasted_too_long() -> None:
    assert time_left(30, since=100, asked=100, now=100) == 30
    assert time_left(30, since=100, asked=120, now=120) == 10
    assert time_left(0, since=100, asked=100, now=100) == 0


def test_who_asks_late_waits_just_long_enough_to_meet_a_server_that_is_back() -> None:
    assert time_left(30, since=100, asked=1000, now=1000) == GRACE
    assert GRACE > 1.1 * LONGEST
