"""What is held of a person is shown to them, and is gone for good when they want it so."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import Allowance, Fact, MailChanged, Personal, Receipt, Turn
from memory.client import connect
from memory.desk import RedisDesk
from memory.embedded import embedded
from memory.entries import RedisJournal
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.journal import Asked, Remark
from memory.mail import Job, Letter
from memory.people import RedisPeople
from memory.quota import RedisQuota
from memory.remarks import RedisRemarks
from memory.staff import Asker, Item
from memory.votes import RedisVotes
from tests.fakes.redis_servers import server

ANN, BOB = "web:1", "web:2"
DIRECT, GROUP, THREAD = "web:dm::1", "web:group", "web:group:topic"
SAYS = {ANN: "nightingale", BOB: "woodpecker"}
"""A word of each one that stands in all that is kept of them, and nowhere else."""


class House:
    """Memory as the bot has it, with something of both people in every place."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.history, self.inbox, self.people = (
            RedisHistory(client, window=3),
            RedisInbox(client),
            RedisPeople(client),
        )

    async def plant(self) -> None:
        for person in (ANN, BOB):
            for conversation in (GROUP, THREAD):
                await self.tell(person, conversation)
            await self.vote_and_ask(person)
            await self.meet_staff(person)
            await self.wait(person, THREAD)
        await self.tell(ANN, DIRECT)
        for person, conversation in ((ANN, DIRECT), (BOB, GROUP)):
            await self.answer(person, conversation)
        for person in (ANN, BOB):
            await self.wait(person, GROUP)
            await self.inbox.bury(await self.job(GROUP), [f"{person} waits in {GROUP}"], "it raised")

    async def tell(self, person: str, conversation: str) -> None:
        for number in range(5):
            turn = said(person, f"{person}-{number}", f"{conversation} {number}")
            fact = Fact(f"{SAYS[person]} {number % 2}", turn.at, turn.message_id)
            await self.history.append(conversation, turn, [fact])
        _, turns, epoch = await self.history.unfolded(conversation)
        summary = " ".join(SAYS[turn.sender] for turn in turns)
        assert await self.history.fold(conversation, epoch, summary, turns)

    async def vote_and_ask(self, person: str) -> None:
        await RedisVotes(self.client).put(f"{SAYS[person]}-1", person, "up")
        for number in range(2):
            id = f"{SAYS[person]}-{number}"
            await RedisQuota(self.client).spend(id, person, "", number, Allowance(1, 0))

    async def meet_staff(self, person: str) -> None:
        word = SAYS[person]
        asker = Asker(person, word, f"{word}-1", THREAD)
        item = Item(0, "asked", word, word, 1.0, (asker,), word, card=f"card of {person}")
        await RedisDesk(self.client).open(item)
        await RedisDesk(self.client).shown(1, [f"card of {person}"])
        await RedisJournal(self.client).put(Asked(f"{word}-1", person, 1.0, GROUP, "", word, "answered"))
        await RedisRemarks(self.client).put(GROUP, Remark(f"{word}-2", person, word, 1.0))
        await RedisRemarks(self.client).answered(GROUP, person, 1.0)

    async def wait(self, person: str, conversation: str) -> None:
        id = f"{person} waits in {conversation}"
        await self.inbox.accept(Letter(id, conversation, SAYS[person], 1.0, sender=person))

    async def answer(self, person: str, conversation: str) -> None:
        letter = Letter(f"{person} asks", conversation, SAYS[person], 1.0, sender=person)
        await self.inbox.accept(letter)
        job = await self.job(conversation)
        await self.inbox.commit(job, SAYS[person])
        await self.inbox.done(job, [letter.id], memo=SAYS[person])

    async def job(self, conversation: str) -> Job:
        jobs = await self.inbox.take(["web"], 100)
        for job in jobs:
            if job.conversation != conversation:
                await self.inbox.put_back(job)
        return next(job for job in jobs if job.conversation == conversation)


def said(person: str, id: str, text: str = "") -> Turn:
    return Turn(id, f"{SAYS[person]} {text}", SAYS[person], 1.0, sender=person, trace=SAYS[person])


@pytest.fixture
async def house(client: Redis) -> House:
    return House(client)


async def stored(client: Redis) -> str:
    """All keys, and all that is in them."""
    found = []
    async for key in client.scan_iter():
        found.append(f"{key!r} {await value(client, str(key))}")
    return "\n".join(found)


async def value(client: Redis, key: str) -> object:
    match await client.type(key):
        case "string":
            return await client.get(key)
        case "list":
            return await client.lrange(key, 0, -1)
        case "hash":
            return await client.hgetall(key)
        case "set":
            return await client.smembers(key)
        case "zset":
            return await client.zrange(key, 0, -1, withscores=True)
        case "stream":
            return await client.xrange(key)
        case other:
            raise TypeError(other)


async def written(client: Redis, folder: Path) -> bytes:
    """All that stands in the files, once they are written anew."""
    async with asyncio.timeout(10):
        while (await client.info("persistence"))["aof_rewrite_in_progress"]:
            pass
        while sum(".base." in path.name for path in files(folder)) > 1:
            await client.ping()  # the old one is removed in the background
    return b"".join(path.read_bytes() for path in files(folder))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_is_held_is_theirs_alone(house: House) -> None:
    await house.plant()
    held = await house.people.held(ANN)
    assert set(held.turns) == set(held.facts) == set(held.summaries) == {DIRECT, GROUP, THREAD}
    assert [turn.message_id for turn in held.turns[GROUP]] == [f"web:1-{number}" for number in range(5)]
    assert [fact.text for fact in held.facts[GROUP]] == ["nightingale 1", "nightingale 0"]
    assert (held.votes, held.asked, held.waiting, held.dead) == ({"nightingale-1": "up"}, (0.0,), 1, 1)
    entry = Turn("nightingale-1", "nightingale", "", 1.0, sender=ANN)
    assert held.items == held.entries == (entry,)
    assert held.remarks == (replace(entry, message_id="nightingale-2"),)
    assert "woodpecker" not in str(replace(held, summaries={}))


async def test_a_vote_is_held_whatever_its_reason(house: House) -> None:
    await RedisVotes(house.client).put("m1", ANN, "down", "wrong")
    assert (await house.people.held(ANN)).votes == {"m1": "down"}


async def test_nothing_is_held_of_a_stranger(house: House) -> None:
    assert await house.people.held(ANN) == Personal({}, {}, {})
    assert await house.people.forget(ANN) == Receipt()


async def test_the_message_that_asks_for_it_does_not_count_and_is_answered(house: House) -> None:
    await house.wait(ANN, DIRECT)
    id, job = f"{ANN} waits in {DIRECT}", await house.job(DIRECT)
    assert (await house.people.held(ANN, spared=id)).waiting == 0
    assert await house.people.forget(ANN, spared=id) == Receipt()
    await house.inbox.commit(job, "it is done")
    await house.inbox.done(job, [id])


async def test_a_conversation_in_which_nothing_is_kept_does_not_count(house: House) -> None:
    await house.wait(ANN, DIRECT)
    await house.inbox.done(await house.job(DIRECT), [f"{ANN} waits in {DIRECT}"])
    assert await house.people.forget(ANN) == Receipt()


async def test_what_is_sent_after_the_message_that_asks_for_it_is_answered_and_found_again(
    house: House,
) -> None:
    sent = (
        ("a", DIRECT, 1.0),
        ("spared", DIRECT, 1.0),
        ("b", DIRECT, 1.0),
        ("c", GROUP, 0.5),
        ("d", GROUP, 1.5),
    )
    for id, conversation, at in sent:
        await house.inbox.accept(Letter(id, conversation, SAYS[ANN], at, sender=ANN))
    assert (await house.people.forget(ANN, spared="spared")).waiting == 2
    left = [await house.inbox.waiting(conversation) for conversation in (DIRECT, GROUP)]
    assert [[letter.id for letter in letters] for letters in left] == [["spared", "b"], ["d"]]
    assert await house.people.forget(ANN) == Receipt(2, waiting=3)


async def test_what_is_sent_after_a_wish_to_forget_a_conversation_is_answered(house: House) -> None:
    for id in ("a", "spared", "b"):
        await house.inbox.accept(Letter(id, DIRECT, SAYS[ANN], 1.0, sender=ANN))
    await house.people.forget_in(DIRECT, ANN, spared="spared")
    assert [letter.id for letter in await house.inbox.waiting(DIRECT)] == ["spared", "b"]
    assert (await house.people.held(ANN)).waiting == 2


async def test_forgetting_leaves_no_word_of_them_in_any_key_or_file_and_all_of_others(
    tmp_path: Path, program: Path
) -> None:
    async with embedded(tmp_path, program) as url:
        client = connect(url)
        await client.config_set("rdbcompression", "no")
        house = House(client)
        await house.plant()
        await client.bgrewriteaof()
        assert b"nightingale" in await written(client, tmp_path)
        before = await house.people.held(BOB)
        receipt = Receipt(3, 15, 6, 3, 1, 1, 1, 1, 1, 1, 1, (f"card of {ANN}",))
        assert await house.people.forget(ANN) == receipt
        assert "nightingale" not in await stored(client)
        assert not await client.keys(f"*:conversations:{ANN}")
        left = await written(client, tmp_path)
        assert b"nightingale" not in left
        assert left.count(b"woodpecker") >= (await stored(client)).count("woodpecker")
        assert await house.people.held(BOB) == replace(before, summaries={})
        assert (await house.job(THREAD)).letters[0].body == "woodpecker"
        assert await client.hget(keys.WORK.within(keys.partition(GROUP), GROUP), "memo") == "woodpecker"
        assert await house.people.forget(ANN) == Receipt()
        await client.aclose()


async def test_a_message_that_only_waits_is_found_and_so_is_the_answer_that_was_to_be_shown(
    house: House,
) -> None:
    await house.wait(ANN, GROUP)
    await house.inbox.commit(await house.job(GROUP), SAYS[ANN])
    await house.inbox.accept(Letter("m0", GROUP, SAYS[BOB], 0.5, sender=BOB))  # it was sent before
    assert (await house.people.held(ANN)).waiting == 1
    assert await house.people.forget(ANN) == Receipt(1, waiting=1)
    assert "nightingale" not in await stored(house.client)


async def test_others_are_told_of_again_from_their_own_turns(house: House) -> None:
    await house.plant()
    await house.people.forget(ANN)
    _, turns, _ = await house.history.unfolded(GROUP)
    known = await house.history.load(GROUP)
    assert (known.summary, [turn.sender for turn in (*turns, *known.turns)]) == ("", [BOB] * 5)


async def test_what_is_in_flight_cannot_be_written_back(house: House) -> None:
    await house.plant()
    job, epoch = await house.job(THREAD), (await house.history.load(THREAD, ANN)).epoch
    _, turns, place = await house.history.unfolded(THREAD)
    await house.people.forget(ANN)
    with pytest.raises(MailChanged):
        await house.inbox.commit(job, SAYS[ANN], said(ANN, "late"), epoch=epoch)
    job = await house.inbox.look(job)
    assert [letter.body for letter in job.letters] == [SAYS[BOB]]
    await house.inbox.commit(job, "only the answer", said(ANN, "late"), epoch=epoch)
    await house.history.append(THREAD, said(ANN, "late"), [Fact(SAYS[ANN], 1.0, "late")], epoch)
    assert not await house.history.fold(THREAD, place, SAYS[ANN], turns)
    assert "nightingale" not in await stored(house.client)
    assert (await house.inbox.look(job)).answer == "only the answer"


async def test_others_in_the_same_place_are_answered_and_remembered_meanwhile(house: House) -> None:
    await house.wait(BOB, GROUP)
    await house.tell(ANN, GROUP)
    job, epoch = await house.job(GROUP), (await house.history.load(GROUP, BOB)).epoch
    await house.people.forget(ANN)
    await house.inbox.commit(job, "answer", said(BOB, "m1"), epoch=epoch)
    assert (await house.history.load(GROUP)).turns == (said(BOB, "m1"),)


async def test_who_writes_again_is_remembered_and_forgotten_again(house: House) -> None:
    for _ in range(2):
        await house.tell(ANN, DIRECT)
        assert await house.people.forget(ANN) == Receipt(1, 5, 2, 1)
        assert (await house.history.load(DIRECT, ANN)).turns == ()
    epoch = (await house.history.load(DIRECT, ANN)).epoch
    await house.history.append(DIRECT, said(ANN, "m1"), epoch=epoch)
    assert (await house.history.load(DIRECT, ANN)).turns == (said(ANN, "m1"),)


async def test_a_turn_whose_asker_an_earlier_version_did_not_keep_is_forgotten_too(house: House) -> None:
    history = keys.HISTORY.within(keys.partition(GROUP), GROUP)
    await house.client.rpush(history, '[1,"m1",1790000000.25,"nightingale","a",[]]')
    for person in (ANN, BOB):
        await house.history.append(GROUP, said(person, f"{person} says"))
    assert (await house.people.forget(ANN)).turns == 2
    assert (await house.history.load(GROUP)).turns == (said(BOB, f"{BOB} says"),)


async def test_forgetting_that_was_cut_off_is_completed_by_the_next(house: House) -> None:
    places = [f"web:{number}" for number in range(60)]
    for turn in range(6):
        await asyncio.gather(*(house.history.append(place, said(ANN, f"{turn}")) for place in places))
        cut = asyncio.ensure_future(house.people.forget(ANN))
        await asyncio.wait([cut], timeout=turn / 300)
        cut.cancel()
        with suppress(asyncio.CancelledError):
            await cut
        await house.people.forget(ANN)
        assert "nightingale" not in await stored(house.client)


async def test_files_that_are_being_written_already_are_written_once_more(
    tmp_path: Path, program: Path
) -> None:
    async with embedded(tmp_path, program) as url:
        client = connect(url)
        await House(client).tell(ANN, DIRECT)
        await client.config_set("rdbcompression", "no")
        await client.config_set("rdb-key-save-delay", 20_000)  # microseconds
        await client.bgrewriteaof()
        await RedisPeople(client).forget(ANN)
        assert b"nightingale" not in await written(client, tmp_path)
        await client.aclose()


@pytest.mark.parametrize("refusal", ["-bgrewriteaof", "-info"])
async def test_a_server_that_lets_nobody_write_its_files_anew_is_no_failure(
    tmp_path: Path, program: Path, refusal: str
) -> None:
    with server(program, tmp_path, "--appendonly", "yes") as own:
        client = connect(f"redis://{own.address}")
        own.ask(f"ACL SETUSER default {refusal}")
        await House(client).tell(ANN, DIRECT)
        assert (await RedisPeople(client).forget(ANN)).turns == 5
        await client.aclose()


async def test_a_server_without_files_gets_none(tmp_path: Path, program: Path) -> None:
    with server(program, tmp_path) as own:
        client = connect(f"redis://{own.address}")
        await House(client).tell(ANN, DIRECT)
        assert (await RedisPeople(client).forget(ANN)).turns == 5
        assert not files(tmp_path)
        await client.aclose()


async def test_every_key_is_a_known_one_and_expires_as_it_is_said(house: House) -> None:
    await house.plant()
    await house.people.forget(ANN)
    kinds: Mapping[str, keys.Key] = {
        kind.name: kind for kind in vars(keys).values() if isinstance(kind, keys.Key)
    }
    async for key in house.client.scan_iter():
        kind, left = kinds[str(key).split("}:")[1].split(":")[0]], await house.client.ttl(key)
        lasts = kind.expiry is None or (kind is keys.WORK and left == -1)  # while something waits
        assert left == -1 if lasts else 0 < left <= kind.seconds
