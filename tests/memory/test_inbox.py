"""Messages are kept once and in order, and given to one worker at a time, whatever happens to workers."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from memory.base import LeaseLost, MailChanged, Turn
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.keys import partition
from memory.mail import Job, Letter

ANN, BOB, EVE = "feishu:oc_1::ann", "feishu:oc_1::bob", "telegram:42::eve"
EVERYWHERE = ("feishu", "telegram")


def letter(id: str, conversation: str = ANN, at: float = 1_790_000_000.0, body: str = "") -> Letter:
    return Letter(id, conversation, body or f"body of {id}", at)


@pytest.fixture
def inbox(client: Redis) -> RedisInbox:
    return RedisInbox(client, per_conversation=5, in_all=800, sweep=0.05)


async def put(inbox: RedisInbox, *ids: str, conversation: str = ANN) -> None:
    for number, id in enumerate(ids):
        await inbox.accept(letter(id, conversation, 1_790_000_000.0 + number))


async def take_one(inbox: RedisInbox) -> Job:
    [job] = await inbox.take(EVERYWHERE, 10)
    return job


async def taken_in_time(inbox: RedisInbox) -> Job:
    """The next job, when its turn has come."""
    async with asyncio.timeout(5):
        while not (jobs := await inbox.take(EVERYWHERE, 10)):
            await inbox.ready()
    return jobs[0]


def ids(letters: Sequence[Letter]) -> list[str]:
    return [each.id for each in letters]


async def test_what_was_put_in_is_taken_as_it_was(inbox: RedisInbox) -> None:
    sent = letter("m1", body='{"text": "怎么量化？\\ud83d"}')
    assert await inbox.accept(sent) == "accepted"
    assert (await take_one(inbox)).letters == (sent,)


async def test_the_same_message_is_taken_in_once_also_after_it_was_answered(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    assert await inbox.accept(letter("m1")) == "seen"
    job = await take_one(inbox)
    assert await inbox.accept(letter("m1")) == "seen"
    await inbox.done(job, ["m1"])
    assert await inbox.accept(letter("m1")) == "seen"
    assert await inbox.take(EVERYWHERE, 10) == []


async def test_a_hundred_deliveries_at_once_are_one_message(inbox: RedisInbox) -> None:
    results = await asyncio.gather(*(inbox.accept(letter("m1")) for _ in range(100)))
    assert sorted(results) == ["accepted"] + ["seen"] * 99


async def test_letters_stand_in_the_order_they_were_sent_in(inbox: RedisInbox) -> None:
    for id, at in [("m2", 2.0), ("m4", 4.0), ("m1", 1.0), ("m3", 3.0), ("m2b", 2.0)]:
        await inbox.accept(letter(id, at=at))
    assert ids((await take_one(inbox)).letters) == ["m1", "m2", "m2b", "m3", "m4"]


async def test_a_conversation_is_in_one_hand_at_a_time(inbox: RedisInbox, client: Redis) -> None:
    await put(inbox, "m1", "m2")
    job = await take_one(inbox)
    await inbox.accept(letter("m3", at=1_790_000_009.0))
    assert await RedisInbox(client).take(EVERYWHERE, 10) == []
    await inbox.done(await inbox.look(job), ["m1"])
    assert ids((await take_one(RedisInbox(client))).letters) == ["m2", "m3"]


async def test_people_of_one_group_do_not_wait_for_each_other(inbox: RedisInbox) -> None:
    await put(inbox, "m1", conversation=ANN)
    await put(inbox, "m2", conversation=BOB)
    assert {job.conversation for job in await inbox.take(EVERYWHERE, 10)} == {ANN, BOB}


async def test_only_conversations_of_the_asked_platforms_are_taken(inbox: RedisInbox, client: Redis) -> None:
    await put(inbox, "m1", conversation=EVE)
    assert await inbox.take(["feishu"], 10) == []
    assert (await RedisInbox(client).take(["feishu", "telegram"], 10))[0].conversation == EVE


async def test_a_flooding_chat_gives_every_other_turn_away(inbox: RedisInbox) -> None:
    flood = [f"feishu:loud::{number}" for number in range(20)]
    chats = (f"feishu:quiet{number}::ann" for number in range(99))
    quiet = next(one for one in chats if partition(one) == partition(flood[0]))
    for conversation in (*flood, quiet):
        await inbox.accept(letter(f"m of {conversation}", conversation))
    turns = [(await inbox.take(["feishu"], 1))[0].conversation for _ in range(2)]
    assert quiet in turns


async def test_chats_that_have_enough_in_hand_are_passed_over(inbox: RedisInbox) -> None:
    await put(inbox, "m1", conversation=ANN)
    await put(inbox, "m2", conversation=EVE)
    [job] = await inbox.take(EVERYWHERE, 10, passing=["feishu:oc_1"])
    assert job.conversation == EVE
    await inbox.done(job, ["m2"])
    await inbox.accept(letter("m3", BOB))  # the same chat is looked at again
    assert {job.conversation for job in await inbox.take(EVERYWHERE, 10)} == {ANN, BOB}


async def test_a_full_mailbox_says_so_once_a_minute_and_takes_more_when_there_is_room(
    inbox: RedisInbox, client: Redis
) -> None:
    await put(inbox, *(f"m{number}" for number in range(5)))
    assert [await inbox.accept(letter(id)) for id in ("m5", "m5", "m6")] == [*("busy", "seen", "busy_told")]
    assert await inbox.accept(letter("m7", EVE)) == "accepted"
    await inbox.done(await take_job_of(inbox, ANN), ["m0"])
    assert await inbox.accept(letter("m8")) == "accepted"


async def take_job_of(inbox: RedisInbox, conversation: str) -> Job:
    return next(job for job in await inbox.take(EVERYWHERE, 10) if job.conversation == conversation)


async def test_an_inbox_that_is_full_altogether_takes_nothing_of_anybody(client: Redis) -> None:
    inbox = RedisInbox(client, in_all=16)  # two a partition
    conversations = [f"feishu:oc_1::{number}" for number in range(3)]
    results = [await inbox.accept(letter(f"m{c}", c)) for c in conversations]
    assert results == ["accepted", "accepted", "busy"]


async def test_a_committed_answer_waits_for_whoever_takes_over(client: Redis) -> None:
    inbox = RedisInbox(client, lease=0.05, sweep=0.05)
    await put(inbox, "m1")
    job = await take_one(inbox)
    await inbox.keep_sent(job, "m1", "sent-1")
    await inbox.commit(job, "the answer", Turn("m1", "q", "a", 1.0))
    again = await taken_in_time(inbox)
    assert (again.answer, again.letters[0].sent_id) == ("the answer", "sent-1")
    assert again.blame == 1.0
    assert again.fence > job.fence


async def test_who_lost_the_lease_can_write_nothing(client: Redis) -> None:
    inbox = RedisInbox(client, lease=0.05, sweep=0.05)
    await put(inbox, "m1")
    job = await take_one(inbox)
    await taken_in_time(inbox)
    for call in (
        lambda: inbox.look(job),
        lambda: inbox.keep_sent(job, "m1", "s"),
        lambda: inbox.commit(job, "old", Turn("m1", "q", "old", 1.0)),
        lambda: inbox.done(job, ["m1"]),
        lambda: inbox.put_back(job),
        lambda: inbox.bury(job, ["m1"], "why"),
    ):
        with pytest.raises(LeaseLost):
            await call()
    assert await inbox.renew([job]) == [None]
    assert (await RedisHistory(client).load(ANN)).turns == ()
    assert ids(await inbox.waiting(ANN)) == ["m1"]


async def test_a_renewed_lease_is_not_taken_over(client: Redis) -> None:
    short, long = RedisInbox(client, lease=0.05, sweep=0.05), RedisInbox(client, lease=60)
    await put(short, "m1")
    job = await take_one(short)
    assert await long.renew([job]) == [job.changes]
    for _ in range(3):  # looks for what dead workers had
        assert await short.take(EVERYWHERE, 10) == []
        await short.ready()


async def test_blame_for_a_death_is_shared_among_all_in_hand(client: Redis) -> None:
    inbox = RedisInbox(client, lease=0.05, sweep=0.05)
    await put(inbox, "m1", conversation=ANN)
    await inbox.take(EVERYWHERE, 10, held=3)
    assert (await taken_in_time(inbox)).blame == 0.25


async def test_who_is_taken_together_has_the_same_share_of_the_blame(client: Redis) -> None:
    inbox = RedisInbox(client, lease=0.05, sweep=0.05)
    for conversation in (ANN, BOB):
        await put(inbox, f"m of {conversation}", conversation=conversation)
    assert len(await inbox.take(EVERYWHERE, 10)) == 2
    assert (await taken_in_time(inbox)).blame == 0.5


async def test_mail_that_came_meanwhile_is_seen_before_anything_is_written(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    job = await take_one(inbox)
    await inbox.accept(letter("m2", at=1_790_000_009.0))
    with pytest.raises(MailChanged):
        await inbox.commit(job, "answer")
    job = await inbox.look(job)
    assert ids(job.letters) == ["m1", "m2"]
    await inbox.commit(job, "answer")
    await inbox.done(job, ["m1", "m2"])
    assert await inbox.waiting(ANN) == []


async def test_an_edit_takes_the_place_of_what_waits_once(inbox: RedisInbox) -> None:
    await put(inbox, "m1", "m2")
    edit = letter("m1", at=1_790_000_060.0, body="better")
    assert await inbox.accept(edit, edited=True) == "edited"
    assert await inbox.accept(edit, edited=True) == "seen"
    assert [each.body for each in (await take_one(inbox)).letters] == ["better", "body of m2"]


async def test_an_edit_of_what_was_answered_is_asked_again_with_where_the_answer_stands(
    inbox: RedisInbox,
) -> None:
    await put(inbox, "m1")
    await inbox.done(await take_one(inbox), ["m1"], "sent-1")
    for second in (1, 2):  # edited back to what it was, it is asked once more
        edit = letter("m1", at=1_790_000_060.0 + second, body=f"edit {second}")
        assert await inbox.accept(edit, edited=True) == "accepted"
        job = await take_one(inbox)
        assert [(each.body, each.sent_id) for each in job.letters] == [(f"edit {second}", "sent-1")]
        await inbox.done(job, ["m1"], "sent-1")


async def test_an_edit_that_comes_after_a_later_one_changes_nothing(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    for at, body, result in [(2_000_000_002, "newer", "edited"), (2_000_000_001, "older", "seen")]:
        assert await inbox.accept(letter("m1", at=at, body=body), edited=True) == result
    assert [each.body for each in await inbox.waiting(ANN)] == ["newer"]


async def test_an_edit_of_a_message_nobody_saw_is_a_message(inbox: RedisInbox) -> None:
    assert await inbox.accept(letter("m1"), edited=True) == "accepted"
    assert ids((await take_one(inbox)).letters) == ["m1"]


async def test_what_is_withdrawn_is_not_asked_neither_is_its_late_copy(inbox: RedisInbox) -> None:
    await put(inbox, "m1", "m2")
    await inbox.withdraw("feishu:oc_1", "m1")
    await inbox.withdraw("feishu:oc_1", "m3")
    assert await inbox.accept(letter("m3")) == "seen"
    assert await inbox.accept(letter("m1", at=9.0), edited=True) == "seen"
    assert ids((await take_one(inbox)).letters) == ["m2"]


async def test_who_has_a_withdrawn_message_in_hand_hears_of_it(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    job = await take_one(inbox)
    await inbox.withdraw("feishu:oc_1", "m1")
    assert await inbox.renew([job]) != [job.changes]
    assert (await inbox.look(job)).letters == ()


async def test_a_conversation_whose_mail_was_all_withdrawn_can_be_written_to_again(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    await inbox.withdraw("feishu:oc_1", "m1")
    await put(inbox, "m2")
    assert ids((await take_one(inbox)).letters) == ["m2"]
    assert await inbox.take(EVERYWHERE, 10) == []


async def test_what_is_put_back_comes_first_again_without_blame(inbox: RedisInbox, client: Redis) -> None:
    await put(inbox, "m1")
    await inbox.put_back(await take_one(inbox))
    job = await take_one(RedisInbox(client))
    assert (ids(job.letters), job.failures, job.blame) == (["m1"], 0, 0.0)


async def test_what_failed_is_put_back_for_a_while_and_counted(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    await inbox.put_back(await take_one(inbox), failed=True, pause=0.05)
    assert await inbox.take(EVERYWHERE, 10) == []
    assert (await taken_in_time(inbox)).failures == 1


async def test_failures_are_those_of_one_question(inbox: RedisInbox) -> None:
    await put(inbox, "m1", "m2")
    await inbox.put_back(await take_one(inbox), failed=True)
    await inbox.done(await take_one(inbox), ["m1"])
    assert (await take_one(inbox)).failures == 0


async def test_the_dead_are_kept_with_the_reason_and_the_next_is_next(inbox: RedisInbox) -> None:
    await put(inbox, "m1", "m2")
    await inbox.bury(await take_one(inbox), ["m1"], "it raised")
    assert await inbox.state() == (1, 1, "it raised")
    assert ids((await take_one(inbox)).letters) == ["m2"]


async def test_what_was_withdrawn_from_a_hand_is_not_among_the_dead(inbox: RedisInbox) -> None:
    await put(inbox, "m1")
    job = await take_one(inbox)
    await inbox.withdraw(ANN, "m1")
    await inbox.bury(job, ["m1"], "it raised")
    assert await inbox.state() == (0, 0, "")


async def test_a_memo_is_there_for_the_next_job(inbox: RedisInbox) -> None:
    await put(inbox, "m1", "m2")
    await inbox.done(await take_one(inbox), ["m1"], "sent-1", "memo")
    assert (await take_one(inbox)).memo == "memo"


async def test_the_turn_is_remembered_once_and_only_with_the_answer(inbox: RedisInbox, client: Redis) -> None:
    await put(inbox, "m1")
    job = await take_one(inbox)
    for _ in range(2):  # the first reply may have been lost on its way
        await inbox.commit(job, "answer", Turn("m1", "q", "a", 1.0))
    assert (await RedisHistory(client).load(ANN)).turns == (Turn("m1", "q", "a", 1.0),)


async def test_other_processes_hear_of_what_is_ready(inbox: RedisInbox, client: Redis) -> None:
    other = RedisInbox(client)
    assert await other.take(EVERYWHERE, 10) == []
    listening = asyncio.create_task(other.listen())
    async with asyncio.timeout(5):
        while not await client.publish("puyu:wake", "0"):
            await other.ready()
        await inbox.accept(letter("m1"))
        while not await other.take(EVERYWHERE, 10):
            await other.ready()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def test_nothing_is_left_of_idle_conversations_but_what_expires(
    inbox: RedisInbox, client: Redis
) -> None:
    await put(inbox, "m1")
    await inbox.done(await take_one(inbox), ["m1"], "sent-1")
    left = [key for key in await client.keys("*") if await client.ttl(key) == -1]
    assert {str(key).rpartition(":")[2] for key in left} == {"fence", "waiting"}


async def test_where_an_answer_was_shown_is_known_while_it_is_written_and_afterwards(
    inbox: RedisInbox,
) -> None:
    await put(inbox, "m1")
    job = await take_one(inbox)
    assert await inbox.sent(ANN, "m1") == ""
    await inbox.keep_sent(job, "m1", "sent-1")
    assert await inbox.sent(ANN, "m1") == "sent-1"
    await inbox.done(job, ["m1"], "sent-1,sent-2")
    assert await inbox.sent(BOB, "m1") == "sent-1,sent-2"
    assert await inbox.sent(ANN, "m2") == ""
