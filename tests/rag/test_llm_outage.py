"""The language model in an outage: everyone is told soon, and answered in the end."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from rag.breaker import LONGEST
from rag.llm import LanguageModel
from rag.types import ModelUnavailable, Waiting
from tests.fakes.openai_server import Asked, OpenAIServer, Outage, Turn

QUESTION: list[BaseMessage] = [HumanMessage("How do I install it?")]
TEN = tuple(f"t{number} " for number in range(10))


@dataclass
class Heard:
    """What one asker got, and when: seconds after the question."""

    text: str = ""
    waited: list[float] = field(default_factory=list)
    problem: str = ""
    seconds: float = 0


async def ask(model: LanguageModel, heard: Heard | None = None) -> Heard:
    heard, asked = heard or Heard(), time.monotonic()
    try:
        async for piece in model.stream(QUESTION):
            if isinstance(piece, str):
                heard.text += piece
            if isinstance(piece, Waiting):
                heard.waited.append(time.monotonic() - asked)
    except ModelUnavailable as problem:
        heard.problem = str(problem)
    heard.seconds = time.monotonic() - asked
    return heard


async def all_waiting(model: LanguageModel, askers: int) -> list[asyncio.Task[Heard]]:
    """Ask at once, and come back when everyone has heard that the model is waited for."""
    heard = [Heard() for _ in range(askers)]
    asking = [asyncio.create_task(ask(model, one)) for one in heard]
    while not all(one.waited for one in heard):
        await asyncio.wait(asking, timeout=0.02)
    return asking


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@asynccontextmanager
async def opened(
    *servers: OpenAIServer, first: float = 20, patience: float = 20, sign: float = 4
) -> AsyncIterator[LanguageModel]:
    urls = [server.url for server in servers]
    model = LanguageModel(urls, servers[0].model, first_token_timeout=first, patience=patience, sign=sign)
    try:
        await model.warm()
        yield model
    finally:
        await model.close()


@pytest.mark.parametrize("how", ["error", "refuse"])
async def test_an_outage_is_waited_out_by_everyone(server: OpenAIServer, how: Outage) -> None:
    await asyncio.to_thread(server.fail, how)
    async with opened(server) as model:
        asking = await all_waiting(model, 50)
        await asyncio.to_thread(server.recover)
        heard = await asyncio.gather(*asking)
    assert {one.text for one in heard} == {"OK."}
    assert max(one.waited[0] for one in heard) < 5


async def test_a_hang_is_waited_out_by_everyone(server: OpenAIServer) -> None:
    server.fail("hang")
    async with opened(server, first=0.5) as model:
        asking = await all_waiting(model, 20)
        await asyncio.to_thread(server.recover)
        heard = await asyncio.gather(*asking)
    assert {one.text for one in heard} == {"OK."}
    assert max(one.waited[0] for one in heard) < 5


async def test_an_outage_is_not_made_worse(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server, patience=0.8) as model:
        await asyncio.gather(*(ask(model) for _ in range(50)))
    assert 50 < len(server.asked) < 60


async def test_who_comes_when_all_was_given_up_does_not_come_in_a_crowd(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server, patience=0.2) as model:
        await ask(model)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.1 * LONGEST):  # Then the server may be tried again.
                await asyncio.Event().wait()
        server.asked.clear()
        await asyncio.gather(*(ask(model) for _ in range(30)))
    assert 0 < len(server.asked) < 5


async def test_one_that_hangs_holds_up_nobody_else(server: OpenAIServer) -> None:
    server.script(Turn(fault="hang"))
    async with opened(server) as model:
        stuck = asyncio.create_task(ask(model))
        while not server.asked:
            await asyncio.wait({stuck}, timeout=0.01)
        heard = await asyncio.gather(*(ask(model) for _ in range(10)))
        assert {one.text for one in heard} == {"OK."}
        assert not stuck.done()
        stuck.cancel()


async def test_patience_ends_and_names_what_is_wrong(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server, patience=0.5) as model:
        heard = await ask(model)
    assert server.url in heard.problem
    assert "HTTP 500" in heard.problem
    assert 0.4 < heard.seconds < 2


async def test_who_meets_a_server_just_back_is_answered(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server, patience=1.3) as model:
        assert (await ask(model)).problem
        server.recover()
        heard = await asyncio.gather(*(ask(model) for _ in range(10)))
    assert {one.text for one in heard} == {"OK."}


async def test_a_server_that_is_back_but_slow_is_found_to_be_back(server: OpenAIServer) -> None:
    server.fail("error")
    server.always(Turn(text="OK.", first_token_ms=900))
    async with opened(server, patience=0.4) as model:
        assert (await ask(model)).problem
        server.recover()
        async with asyncio.timeout(10):
            while not (await ask(model)).text:
                pass


async def test_of_those_whose_askers_left_one_goes_on_and_ends_with_the_model(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server, patience=0.4) as model:
        assert (await ask(model)).problem
        server.fail("hang")
        hanging: list[Asked] = []
        while len(hanging) < 3:
            assert (await ask(model)).problem
            hanging = [asked for asked in server.asked if asked.ended != "refused"]
        ended = [await asyncio.to_thread(asked.wait) for asked in hanging[1:]]
        assert (hanging[0].ended, {*ended}) == ("", {"cancelled"})
    assert await asyncio.to_thread(hanging[0].wait) == "cancelled"


async def test_who_waits_for_the_first_word_is_told_now_and_then(server: OpenAIServer) -> None:
    server.script(Turn(text="OK.", first_token_ms=1000))
    async with opened(server, sign=0.2) as model:
        heard = await ask(model)
    assert heard.text == "OK."
    assert 3 <= len(heard.waited) <= 5


async def test_while_a_model_thinks_nobody_is_told_that_it_is_silent(server: OpenAIServer) -> None:
    server.script(Turn(tokens=("<think>", *["hm "] * 10, "</think>", "OK."), token_ms=80))
    async with opened(server, sign=0.5) as model:
        heard = await ask(model)
    assert (heard.text, heard.waited) == ("OK.", [])


async def test_without_patience_it_is_told_at_once(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server, patience=0) as model:
        heard = await ask(model)
        assert (heard.waited, heard.text) == ([], "")
        server.recover()
        assert (await ask(model)).text == "OK."


async def test_overload_is_waited_out_for_as_long_as_the_server_says(server: OpenAIServer) -> None:
    server.script(Turn(status=429, retry_after=1))
    async with opened(server) as model:
        heard = await ask(model)
    assert heard.text == "OK."
    assert heard.seconds >= 1


FAULTS = [
    Turn(status=503),
    Turn(fault="dead_node", sound=0),
    Turn(tokens=TEN, fault="cut", sound=0),
    Turn(tokens=TEN, fault="error", sound=0),
    Turn(tokens=TEN, fault="unfinished", sound=0),
]


@pytest.mark.parametrize("turn", FAULTS, ids=lambda turn: turn.fault or str(turn.status))
async def test_what_may_pass_is_tried_again(server: OpenAIServer, turn: Turn) -> None:
    server.script(turn)
    async with opened(server) as model:
        heard = await ask(model)
    assert heard.text == "OK."
    assert len(heard.waited) == 1


@pytest.mark.parametrize("turn", [Turn(status=401), Turn(status=404), Turn(status=422), Turn(text="")])
async def test_what_stays_is_told_at_once_and_tried_anew_by_the_next(
    server: OpenAIServer, turn: Turn
) -> None:
    server.script(turn, *[turn] * (turn.text == ""))
    async with opened(server) as model:
        heard = await ask(model)
        assert heard.problem
        assert (heard.waited, heard.seconds < 1) == ([], True)
        assert (await ask(model)).text == "OK."


async def test_a_server_that_refuses_is_passed_over_while_others_work(server: OpenAIServer) -> None:
    server.script(*[Turn(status=401)] * 3)
    with OpenAIServer() as other:
        async with opened(server, other) as model:
            heard = await asyncio.gather(*(ask(model) for _ in range(3)))
            heard += await asyncio.gather(*(ask(model) for _ in range(5)))
        assert len(server.asked) <= 3
    assert {one.text for one in heard} == {"OK."}


async def test_a_server_that_hangs_is_left_for_the_other(server: OpenAIServer) -> None:
    server.fail("hang")
    with OpenAIServer() as other:
        async with opened(server, other, first=1) as model:
            first = await ask(model)
            heard = await asyncio.gather(*(ask(model) for _ in range(20)))
    assert {one.text for one in [first, *heard]} == {"OK."}
    assert first.seconds < 2
    assert len(server.asked) == 1


async def test_a_replica_that_is_killed_costs_no_answer(server: OpenAIServer) -> None:
    with OpenAIServer() as other:
        async with opened(server, other) as model:
            asking = [asyncio.create_task(ask(model)) for _ in range(20)]
            await asyncio.to_thread(other.fail, "refuse")
            asking += [asyncio.create_task(ask(model)) for _ in range(20)]
            heard = await asyncio.gather(*asking)
    assert all(one.text == "OK." or re.search("hung up|broke off", one.problem) for one in heard)
    assert {one.text for one in heard[20:]} == {"OK."}


async def test_who_leaves_while_waiting_is_tried_for_no_more(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server) as model:
        async with aclosing(model.stream(QUESTION)) as pieces:
            assert isinstance(await anext(pieces), Waiting)
        asked = len(server.asked)
        server.recover()
        assert (await ask(model)).text == "OK."
    assert len(server.asked) == asked + 1


async def test_who_is_cancelled_while_waiting_is_tried_for_no_more(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server) as model:
        [asking] = await all_waiting(model, 1)
        asking.cancel()
        await asyncio.wait({asking})
        asked = len(server.asked)
        server.recover()
        assert (await ask(model)).text == "OK."
    assert len(server.asked) == asked + 1


async def test_auxiliary_calls_wait_for_nobody(server: OpenAIServer) -> None:
    server.fail("error")
    async with opened(server) as model:
        for _ in range(3):
            with pytest.raises(ModelUnavailable, match="HTTP 500"):
                await model.complete(QUESTION)
    assert len(server.asked) == 1
