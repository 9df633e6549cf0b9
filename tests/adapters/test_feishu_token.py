"""The token of a Feishu app: one is fetched, however many ask."""

import asyncio
import gc
from dataclasses import dataclass

import pytest

from adapters.base import DeliveryFailed
from adapters.feishu_token import Token, Tokens
from tests.fakes.virtual_time import now, passed, run


@dataclass
class Office:
    """Gives tokens that last two hours, each after a second, unless it is shut."""

    given: int = 0
    shut: bool = False

    async def fetch(self) -> Token:
        self.given += 1
        await passed(1)
        if self.shut:
            raise DeliveryFailed("shut")
        return Token(f"t-{self.given}", 7200)


async def crowd(tokens: Tokens) -> set[str | BaseException]:
    """What fifty get who ask at once."""
    return set(await asyncio.gather(*(tokens.current() for _ in range(50)), return_exceptions=True))


def test_fifty_who_ask_at_once_get_the_same_one() -> None:
    office = Office()
    assert run(crowd(Tokens(office.fetch, now))) == {"t-1"}


def test_fifty_who_fail_at_once_share_the_failure_and_the_next_asks_again() -> None:
    async def failed() -> None:
        office = Office(shut=True)
        tokens = Tokens(office.fetch, now)
        assert len(await crowd(tokens)) == office.given == 1
        office.shut = False
        assert await tokens.current() == "t-2"

    run(failed())


def test_those_who_find_out_late_that_a_token_ended_do_not_throw_the_next_away() -> None:
    async def late() -> None:
        tokens = Tokens(Office().fetch, now)
        ended = await tokens.current()
        tokens.evict(ended)
        renewed = await tokens.current()
        tokens.evict(ended)
        assert await tokens.current() == renewed == "t-2"

    run(late())


def test_the_first_who_asked_may_go_and_the_others_get_it() -> None:
    async def gone() -> None:
        tokens = Tokens(Office().fetch, now)
        first, second = (asyncio.create_task(tokens.current()) for _ in range(2))
        await passed(0.5)
        first.cancel()
        assert await second == "t-1"

    run(gone())


def test_one_that_ended_early_is_never_told_again() -> None:
    async def ended() -> None:
        office = Office()
        tokens = Tokens(office.fetch, now)
        tokens.evict(await tokens.current())
        office.shut = True
        with pytest.raises(DeliveryFailed):
            await tokens.current()

    run(ended())


def test_a_failure_that_nobody_waits_for_any_more_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    async def gone() -> None:
        asking = asyncio.create_task(Tokens(Office(shut=True).fetch, now).current())
        await passed(0.5)
        asking.cancel()
        await passed(1)

    run(gone())
    gc.collect()
    assert not caplog.text


@pytest.mark.parametrize(("at", "token"), [(6900.5, "t-1"), (6901.5, "t-2")])
def test_it_is_renewed_five_minutes_before_its_end(at: float, token: str) -> None:
    async def later() -> None:
        tokens = Tokens(Office().fetch, now)
        await tokens.current()
        await passed(at - now())
        assert await tokens.current() == token

    run(later())


@pytest.mark.parametrize(("at", "serves"), [(7000, True), (7300, False)])
def test_an_old_one_serves_to_its_end_while_there_is_no_new_one(at: float, serves: bool) -> None:
    async def later() -> None:
        office = Office()
        tokens = Tokens(office.fetch, now)
        await tokens.current()
        office.shut = True
        await passed(at)
        assert (await crowd(tokens) == {"t-1"}) == serves

    run(later())
