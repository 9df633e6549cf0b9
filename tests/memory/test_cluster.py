"""Memory on a cluster of three."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.approved import RedisApproved
from memory.audit import RedisAudit
from memory.base import Allowance, ApprovedPair, MemoryUnavailable, Personal, Receipt
from memory.client import connect, ping
from memory.desk import RedisDesk
from memory.entries import RedisJournal
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.journal import Asked, Remark
from memory.mail import Letter
from memory.people import RedisPeople
from memory.program import find_program
from memory.quota import RedisQuota
from memory.relay import RedisRelay
from memory.remarks import RedisRemarks
from memory.rules import RedisRuleBook
from memory.scripts import Script, Scripts
from memory.staff import Asker, Deed, Item
from memory.votes import RedisVotes
from tests.fakes.redis_servers import Server, cluster
from tests.memory.processes import TURN

CHATS = [f"feishu:oc_{number}" for number in range(20)]
PEOPLE = [f"web:{number}" for number in range(20)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    program = shutil.which("redis-server") or find_program()
    with cluster(Path(program), tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture
async def client(nodes: list[Server], unused_tcp_port: int) -> AsyncIterator[Redis]:
    """It is told of a node that does not exist, and of one that does."""
    for node in nodes:
        node.ask("FLUSHALL")
    client = connect(f"redis+cluster://127.0.0.1:{unused_tcp_port},{nodes[1].address}")
    yield client
    await client.aclose()


async def test_conversations_are_remembered_and_forgotten_on_every_node(
    client: Redis, nodes: list[Server]
) -> None:
    history = RedisHistory(client)
    for chat in CHATS:
        await history.append(chat, TURN)
    assert [(await history.load(chat)).turns for chat in CHATS] == [(TURN,)] * len(CHATS)
    assert all("keys=" in node.ask("INFO keyspace") for node in nodes)
    for chat in CHATS:
        await history.clear(chat)
    assert [(await history.load(chat)).turns for chat in CHATS] == [()] * len(CHATS)


async def test_votes_are_kept(client: Redis) -> None:
    votes = RedisVotes(client)
    for person in PEOPLE:
        await votes.put("m1", person, "up")
    assert [await votes.by(person, ["m1", "m2"]) for person in PEOPLE] == [{"m1": "up"}] * len(PEOPLE)


async def test_a_person_and_a_group_on_different_nodes_are_counted(client: Redis) -> None:
    quota, three = RedisQuota(client), Allowance(per_minute=3, per_day=100, group_per_minute=1)
    for chat, person in zip(CHATS, PEOPLE, strict=True):
        assert await quota.spend("m1", person, chat, 0, three) is None
        refused = await quota.spend("m2", person, chat, 1, three)
        assert refused == ("group", 59, False)
        assert await quota.spend("m3", person, "", 2, three) is None
        assert await client.zcard(keys.ASKED.of(person)) == 2


async def test_messages_are_taken_in_and_worked_off_on_every_node(client: Redis) -> None:
    inbox = RedisInbox(client)
    for chat in CHATS:
        assert await inbox.accept(Letter(chat, chat, "{}", 1.0)) == "accepted"
    jobs = await inbox.take(["feishu"], 100)
    assert sorted(job.conversation for job in jobs) == sorted(CHATS)
    for job in jobs:
        await inbox.commit(job, "answer", TURN)
        await inbox.done(job, [job.conversation])
    assert (await inbox.state()).waiting == 0


async def test_a_person_is_forgotten_on_every_node_and_in_its_files(
    client: Redis, nodes: list[Server]
) -> None:
    history, people = RedisHistory(client), RedisPeople(client)
    for node in nodes:
        node.ask("CONFIG SET appendonly yes")
    for chat in CHATS:
        await history.append(chat, replace(TURN, sender="web:ann"))
    assert set((await people.held("web:ann")).turns) == set(CHATS)
    assert await people.forget("web:ann") == Receipt(len(CHATS), len(CHATS))
    assert await people.held("web:ann") == Personal({}, {}, {})
    for node in nodes:
        assert "cmdstat_bgrewriteaof" in node.ask("INFO commandstats")
        node.ask("CONFIG SET appendonly no")


async def test_what_is_kept_for_the_staff_is_found_and_forgotten(client: Redis) -> None:
    desk, journal, remarks = RedisDesk(client), RedisJournal(client), RedisRemarks(client)
    book, audit, approved = RedisRuleBook(client), RedisAudit(client), RedisApproved(client)
    await approved.put(ApprovedPair("1", "q", "a", "Wang", 1.0))
    assert await approved.mark() == "1"
    await book.set_role("web:1", "ta")
    assert (await book.rules()).roles == {"web:1": "ta"}
    await audit.put(deed := Deed("m1", 1.0, "web:1", "Wang", "web:room", "/mute"))
    assert await audit.newest(1) == [deed]
    await journal.silent("m1", "web:room", time.time())
    assert await journal.silences(time.time()) == {"web:room": 1}
    for person in PEOPLE:
        item = await desk.open(Item(0, "asked", "q", "q", 1.0, (Asker(person, "", person, ""),), card=person))
        await desk.shown(item.number, [f"s{person}"])
        await journal.put(Asked(person, person, 1.0, "web:room", "", "q", "answered"))
        await remarks.put("web:room", Remark(person, person, "r", 1.0))
        await RedisVotes(client).put("m1", person, "up")
        assert await desk.shown_in(["unknown", f"s{person}"]) == item
    assert [vote.person for vote in await journal.votes(0)] == PEOPLE
    receipt = await RedisPeople(client).forget(PEOPLE[0])
    assert receipt == Receipt(votes=1, items=1, entries=1, remarks=1, cards=(PEOPLE[0],))
    assert len(await desk.items(["open", "answered"])) == len(await journal.since(0)) == len(PEOPLE) - 1
    assert [remark.person for remark in await remarks.since("web:room", 0)] == sorted(PEOPLE[1:])
    assert [vote.person for vote in await journal.votes(0)] == PEOPLE[1:]


async def test_a_line_reaches_who_listens_on_any_node(client: Redis) -> None:
    relay = RedisRelay(client, "puyu:test")
    async with aclosing(relay.lines()) as lines, asyncio.timeout(10):
        heard = asyncio.ensure_future(anext(lines))
        while not heard.done():
            await relay.publish("hello")
            await asyncio.wait([heard], timeout=0.01)
    assert heard.result() == "hello"


async def test_a_script_runs_on_nodes_that_do_not_know_it(client: Redis) -> None:
    scripts, script = Scripts(client), Script("return KEYS[1]")
    for _ in range(2):
        assert await asyncio.gather(*(scripts.run(script, [key], []) for key in CHATS)) == CHATS


async def test_commands_that_were_cut_off_leave_no_reply_behind(client: Redis) -> None:
    for turn in range(20):
        cut = [asyncio.ensure_future(client.set(chat, turn)) for chat in CHATS]
        await asyncio.wait(cut, timeout=turn / 10_000)
        for task in cut:
            task.cancel()
        assert [await client.get(f"other:{chat}") for chat in CHATS] == [None] * len(CHATS)


async def test_readiness_needs_every_node(client: Redis, nodes: list[Server]) -> None:
    for node in nodes:
        await ping(client)
        node.ask("CONFIG SET maxmemory 1")
        with pytest.raises(MemoryUnavailable, match="full"):
            await ping(client)
        node.ask("CONFIG SET maxmemory 0")
    await ping(client)
    with nodes[0].hung(), pytest.raises(MemoryUnavailable):
        await ping(client, within=0.5)
