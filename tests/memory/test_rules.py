"""What the staff sets while the bot runs."""

import asyncio
import math
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import MemoryUnavailable
from memory.client import connect
from memory.rules import RedisRuleBook
from memory.staff import GroupRule, RuleBook, Rules
from tests.fakes.redis_servers import server

ALL = keys.RULES.of(keys.COURSE)
QUIET = GroupRule("quiet", 0.5, 1e9)


@pytest.fixture
def book(client: Redis) -> RuleBook:
    return RedisRuleBook(client)


async def commands(client: Redis, name: str) -> int:
    counts = (await client.info("commandstats")).get(f"cmdstat_{name}")
    return int(counts["calls"]) if counts else 0


async def test_at_first_nothing_is_set(book: RuleBook) -> None:
    assert await book.rules() == Rules()


async def test_what_is_set_holds_at_once_here_and_in_a_process_that_begins(
    book: RuleBook, client: Redis
) -> None:
    await book.rules()
    await book.set_role("web:li", "ta")
    await book.ban("web:1", math.inf)
    await book.ban("web:2", 5.5)
    await book.set_group("telegram:-100", QUIET)
    await book.set_per_day("web:li", 0)
    await book.reload("m1")
    rules = Rules(
        {"web:li": "ta"}, {"web:1": math.inf, "web:2": 5.5}, {"telegram:-100": QUIET}, {"web:li": 0}, "m1"
    )
    assert await book.rules() == await RedisRuleBook(client).rules() == rules


async def test_none_puts_things_back(book: RuleBook) -> None:
    await book.set_role("web:li", "ta")
    await book.ban("web:1", math.inf)
    await book.set_group("telegram:-100", QUIET)
    await book.set_per_day("web:li", 3)
    await book.set_role("web:li", None)
    await book.ban("web:1", None)
    await book.set_group("telegram:-100", None)
    await book.set_per_day("web:li", None)
    assert await book.rules() == Rules()


async def test_a_mark_counts_once_also_after_another(book: RuleBook) -> None:
    for mark in ("m1", "m2", "m1"):
        await book.reload(mark)
    assert (await book.rules()).reload == "m2"


async def test_those_who_ask_at_once_share_one_look(book: RuleBook, client: Redis) -> None:
    before = await commands(client, "hgetall")
    await asyncio.gather(*(book.rules() for _ in range(50)))
    await book.rules()
    assert await commands(client, "hgetall") == before + 1


async def test_what_another_process_sets_is_known_soon(book: RuleBook, client: Redis) -> None:
    await book.rules()
    await RedisRuleBook(client).set_role("web:li", "admin")
    async with asyncio.timeout(10):
        while not (await book.rules()).roles:
            await client.ping()
    assert (await book.rules()).roles == {"web:li": "admin"}


async def test_what_is_being_read_while_something_is_set_is_read_anew(book: RuleBook) -> None:
    for number in range(20):
        _, _ = await asyncio.gather(book.rules(), book.set_per_day("web:li", number))
        assert (await book.rules()).per_day == {"web:li": number}


async def test_one_who_gives_up_waiting_keeps_no_other_from_it(book: RuleBook) -> None:
    await book.set_role("web:li", "ta")
    waits = [asyncio.ensure_future(book.rules()) for _ in range(3)]
    await asyncio.wait(waits, timeout=0)
    waits[0].cancel()
    assert (await waits[1]).roles == (await waits[2]).roles == {"web:li": "ta"}


async def test_what_cannot_be_read_hides_nothing_else(book: RuleBook, client: Redis) -> None:
    await client.hset(
        ALL, mapping={"role:1": "king", "ban:1": "soon", "group:1": "[2, {}]", "per_day:1": "x"}
    )
    await client.hset(ALL, mapping={"later:1": "1", "group:2": '[1, {"fashion": 1}]', "group:3": "{"})
    await book.set_role("web:li", "ta")
    assert await book.rules() == Rules({"web:li": "ta"})


async def test_while_redis_is_away_what_was_known_last_holds_and_what_is_set_is_refused(
    program: Path, tmp_path: Path
) -> None:
    with server(program, tmp_path) as one:
        client = connect(f"redis://{one.address}")
        book = RedisRuleBook(client)
        await book.set_role("web:li", "ta")
        known = await book.rules()
        one.ask("ACL SETUSER default -hgetall -hdel")
        with pytest.raises(MemoryUnavailable):
            await book.set_role("web:li", None)
        assert await book.rules() == known == Rules({"web:li": "ta"})
        assert await RedisRuleBook(client).rules() == Rules()
        await client.aclose()
