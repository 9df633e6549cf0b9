"""What is kept for the staff of a person is theirs to see, and gone when they want to be forgotten."""

import asyncio
import time
from dataclasses import replace
from itertools import count

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import Receipt, Turn
from memory.desk import RedisDesk
from memory.entries import RedisJournal
from memory.inbox import RedisInbox
from memory.journal import Asked, Remark
from memory.mail import Letter
from memory.people import RedisPeople
from memory.remarks import RedisRemarks
from memory.staff import Asker, Item, State
from memory.staff_people import StaffPeople
from memory.votes import RedisVotes

ANN, BOB, CAT = (
    Asker(f"web:{name}", name, f"m-{name}", "web:room", at=1.0) for name in ("ann", "bob", "cat")
)
ITEM = Item(0, "asked", "stands alone", "own words", 1.0, (ANN,), "gist", card="card", last="m-ann")


class House:
    def __init__(self, client: Redis) -> None:
        self.client = client
        self.desk, self.journal, self.remarks = RedisDesk(client), RedisJournal(client), RedisRemarks(client)
        self.people, self.votes = RedisPeople(client), RedisVotes(client)
        self._ids = count()

    async def item(self, *askers: Asker, state: State = "open") -> Item:
        own = tuple(replace(asker, message_id=f"{asker.message_id}-{next(self._ids)}") for asker in askers)
        return await self.desk.open(replace(ITEM, askers=own, state=state, last=own[0].message_id))

    async def ask_and_remark(self, asker: Asker, at: float) -> None:
        id = f"{asker.message_id}-{at}"
        await self.journal.put(Asked(id, asker.person, at, "web:room", "", "question", "answered"))
        await self.remarks.put("web:room", Remark(id, asker.person, "remark", at))
        await self.remarks.answered("web:room", asker.person, at)

    async def keys_of(self, text: str) -> list[str]:
        """Keys with this in their name, or in a set; but those that say they were forgotten."""
        found = []
        async for key in self.client.scan_iter():
            members: set[str] = set()
            if await self.client.type(key) == "set":
                members = {str(one) for one in await self.client.smembers(key)}
            if await self.client.type(key) == "zset":
                members = {str(one) for one in await self.client.zrange(key, 0, -1)}
            if any(text in one for one in (str(key), *members)) and ":forgotten" not in str(key):
                found.append(str(key))
        return found


@pytest.fixture
def house(client: Redis) -> House:
    return House(client)


async def test_an_item_that_nobody_else_asks_is_erased_with_all_that_leads_to_it(house: House) -> None:
    item = await house.item(ANN)
    await house.desk.shown(item.number, ["s1"])
    assert await house.people.forget(ANN.person) == Receipt(items=1, cards=("card",))
    assert await house.desk.get(item.number) is None
    assert await house.desk.shown_in(["s1"]) is None
    assert await house.keys_of("ann") == await house.keys_of("s1") == []


async def test_an_item_that_others_ask_too_stays_without_them_and_their_words(house: House) -> None:
    first, second = await house.item(ANN, BOB), await house.item(BOB, ANN)
    receipt = await house.people.forget(ANN.person)
    assert (receipt.items, receipt.cards, sorted(receipt.changed)) == (2, (), [1, 2])
    left = [await house.desk.get(number) or ITEM for number in (1, 2)]
    assert left[0] == replace(first, askers=first.askers[1:], asked="", gist="", last="")
    assert left[1] == replace(second, askers=second.askers[:1])
    assert await house.keys_of("ann") == []
    assert [item.number for item in await house.desk.of(BOB.person)] == [1, 2]


async def test_what_is_approved_stays_as_a_question_of_nobody(house: House) -> None:
    item = await house.item(ANN, state="approved")
    assert await house.people.forget(ANN.person) == Receipt(items=1, changed=(1,))
    assert await house.desk.items(["approved"]) == [replace(item, askers=(), asked="", gist="", last="")]


async def test_two_who_leave_an_item_at_once_leave_nothing(house: House) -> None:
    people = StaffPeople(house.client)
    for _ in range(10):
        item = await house.item(*(replace(asker, at=9e9) for asker in (ANN, BOB, CAT)))
        await asyncio.gather(*(people.forget(asker.person, 1.0) for asker in (ANN, BOB, CAT)))
        assert await house.desk.get(item.number) is None


async def test_who_leaves_while_an_item_changes_is_not_put_back(house: House) -> None:
    async def change(item: Item, name: str) -> None:
        while not await house.desk.put(item, replace(item, assignee=name)):
            if not (looked := await house.desk.get(item.number)):
                return
            item = looked

    for _ in range(10):
        ann = replace(ANN, at=9e9)
        alone, both = await house.item(ann), await house.item(ann, BOB)
        changes = (change(item, name) for item in (alone, both) for name in "abc")
        await asyncio.gather(*changes, StaffPeople(house.client).forget(ANN.person, 1.0))
        left = await house.desk.get(both.number)
        assert left
        assert ([asker.name for asker in left.askers], left.asked) == (["bob"], "")
        assert await house.desk.get(alone.number) is None


async def test_a_change_meanwhile_takes_nobody_out_whose_item_is_to_be_erased(house: House) -> None:
    item = await house.item(ANN)
    await house.client.set(keys.FORGOTTEN.of(keys.COURSE, ANN.person), 9e9)
    assert await house.desk.put(item, replace(item, assignee="Wang"))
    assert (await house.people.forget(ANN.person)).cards == ("card",)


async def test_what_was_asked_before_they_were_forgotten_is_not_kept(house: House) -> None:
    standing = await house.item(BOB)
    await house.people.forget(ANN.person)
    assert (await house.item(ANN)).number == 0
    assert (await house.item(replace(ANN, at=0))).number == 0
    joined = replace(standing, askers=(*standing.askers, ANN), assignee="Wang")
    assert await house.desk.put(standing, joined)
    assert await house.desk.get(1) == replace(standing, assignee="Wang")
    both = await house.item(ANN, BOB)
    assert ([asker.name for asker in both.askers], both.asked) == (["bob"], "")
    await house.ask_and_remark(ANN, 1.0)
    assert not await house.journal.since(0)
    assert not await house.remarks.since("web:room", 0)
    assert await house.remarks.last_answered("web:room") == []
    assert await house.keys_of("ann") == []


async def test_what_is_asked_after_they_were_forgotten_is_kept(house: House) -> None:
    await house.people.forget(ANN.person)
    later = time.time() + 1
    await house.ask_and_remark(ANN, later)
    assert (await house.item(replace(ANN, at=later))).number == 1
    await house.votes.put("m1", ANN.person, "up")
    assert [vote.person for vote in await house.journal.votes(0)] == [ANN.person]
    receipt = await house.people.forget(ANN.person)
    assert (receipt.items, receipt.entries, receipt.remarks, receipt.votes) == (1, 1, 1, 1)
    assert await house.keys_of("ann") == []


async def test_the_moment_of_forgetting_is_that_of_the_message_that_asks_for_it(house: House) -> None:
    await RedisInbox(house.client).accept(Letter("spared", "web:room", "", 100.2504, sender=ANN.person))
    await house.people.forget(ANN.person, spared="spared")
    for at in (100.0, 100.2504, 100.5):
        await house.ask_and_remark(ANN, at)
    assert [entry.at for entry in await house.journal.since(0)] == [100.5]
    assert [remark.at for remark in await house.remarks.since("web:room", 0)] == [100.5]
    await house.people.forget(ANN.person)
    await house.people.forget(ANN.person, spared="spared")  # it does not open again what was closed later
    await house.ask_and_remark(ANN, 100.5)
    assert await house.journal.since(0) == []


async def test_votes_given_in_the_same_moment_are_in_both_places_or_in_none(house: House) -> None:
    for number in range(8):
        await asyncio.gather(house.votes.put(f"m{number}", ANN.person, "up"), house.people.forget(ANN.person))
        kept = await house.votes.by(ANN.person, [f"m{number}"])
        assert {vote.message_id for vote in await house.journal.votes(0)} == set(kept)
        assert bool(await house.keys_of("ann")) == bool(kept)


async def test_a_wish_that_is_repeated_after_a_crash_tells_of_the_same_items(house: House) -> None:
    await house.item(ANN)
    await house.item(ANN, BOB)
    for _ in range(2):
        receipt = await house.people.forget(ANN.person, spared="m9")
        assert (receipt.items, receipt.cards, receipt.changed) == (2, ("card",), (2,))
    assert await house.people.forget(ANN.person, spared="m10") == Receipt()


async def test_others_are_left_as_they_were(house: House) -> None:
    for asker in (ANN, BOB):
        await house.ask_and_remark(asker, 1.0)
        await house.item(asker)
        await house.votes.put("m1", asker.person, "up")
    before = await house.people.held(BOB.person)
    await house.people.forget(ANN.person)
    assert await house.people.held(BOB.person) == before
    assert await house.remarks.last_answered("web:room") == [(BOB.person, 1.0)]
    assert [vote.person for vote in await house.journal.votes(0)] == [BOB.person]
    assert [item.number for item in await house.desk.items(["open"])] == [2]


async def test_what_is_held_are_their_own_words_only(house: House) -> None:
    await house.item(ANN, BOB)
    assert [turn.question for turn in (await house.people.held(ANN.person)).items] == ["own words"]
    assert (await house.people.held(BOB.person)).items == (
        Turn("m-bob-1", "stands alone", "", 1.0, sender=BOB.person),
    )


async def test_forgetting_one_conversation_takes_entries_and_remarks_of_its_chat(house: House) -> None:
    await house.item(ANN)
    for number, chat in enumerate(("web:room", "web:room2")):
        await house.journal.put(Asked(f"m{number}", ANN.person, 1.0, chat, "", "q", "answered"))
        for place in (chat, f"{chat}:topic"):
            await house.remarks.put(place, Remark(f"{place}", ANN.person, "remark", 1.0))
    await house.people.forget_in("web:room:topic:web%3Aann", ANN.person)
    held = await house.people.held(ANN.person)
    assert [entry.message_id for entry in held.entries] == ["m1"]
    assert [remark.message_id for remark in held.remarks] == ["web:room2", "web:room2:topic"]
    assert len(held.items) == 1


async def test_what_the_bot_posted_goes_with_a_conversation_of_ones_own(house: House) -> None:
    for chat in ("web:room", "web:dm"):
        await house.client.hset(keys.POSTS.within(keys.partition(chat), chat), "p1", "answer")
    for conversation in ("web:room", "web:dm::web%3Aann"):
        await house.people.forget_in(conversation, ANN.person)
    assert await house.keys_of(":posts:") == [keys.POSTS.within(keys.partition("web:room"), "web:room")]
