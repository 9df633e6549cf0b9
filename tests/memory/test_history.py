"""What a conversation remembers."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import Fact, History, Remembered, Source, Turn
from memory.history import RedisHistory
from memory.inbox import RedisInbox
from memory.keys import Key
from memory.mail import Letter

COURSE = Source("第一课", "环境配置", "/docs/l1#env", "3f2a")
TURN = Turn(
    "m1", "怎么装环境？", "用 conda。😀", 1_790_000_000.25, (COURSE, COURSE), "feishu:ou_1", '{"ms":{}}'
)
CONVERSATION = "feishu:oc_1"
ANN, BOB = "web:ann", "web:bob"
DAY = 24 * 60 * 60


def turns(count: int, sender: str = ANN) -> list[Turn]:
    return [replace(TURN, message_id=f"m{number}", sender=sender) for number in range(count)]


def fact(text: str, at: float = 1.0, message_id: str = "m1", sender: str = ANN) -> Fact:
    return Fact(text, TURN.at + at, message_id, sender)


def key(kind: Key) -> str:
    return kind.within(keys.partition(CONVERSATION), CONVERSATION)


@pytest.fixture
def history(client: Redis) -> History:
    return RedisHistory(client, window=3, kept=10)


async def told(history: History, turns: list[Turn]) -> None:
    for turn in turns:
        await history.append(CONVERSATION, turn)


async def shown(history: History) -> list[Turn]:
    return list((await history.load(CONVERSATION)).turns)


async def known(history: History, sender: str = ANN) -> list[str]:
    return [each.text for each in (await history.load(CONVERSATION, sender)).facts]


async def test_a_new_conversation_is_empty(history: History) -> None:
    remembered = await history.load(CONVERSATION, ANN)
    assert replace(remembered, epoch="") == Remembered()
    assert await history.older(CONVERSATION) == []
    assert (await history.unfolded(CONVERSATION))[:2] == ("", [])


async def test_a_turn_comes_back_as_it_was(history: History) -> None:
    await history.append(CONVERSATION, TURN)
    assert await shown(history) == [TURN]


async def test_the_window_is_the_newest_turns_and_the_others_are_older(history: History) -> None:
    await told(history, turns(5))
    assert await shown(history) == turns(5)[2:]
    assert await history.older(CONVERSATION) == turns(5)[:2]
    assert (await history.load(CONVERSATION)).beyond == 2


async def test_only_so_many_turns_are_kept(history: History, client: Redis) -> None:
    await told(history, turns(15))
    assert await history.older(CONVERSATION) + await shown(history) == turns(15)[5:]
    assert await client.llen(key(keys.HISTORY)) == 10


async def test_the_window_slides_in_steps_and_begins_the_same_meanwhile(client: Redis) -> None:
    history, windows = RedisHistory(client, kept=50), []
    for turn in turns(80):
        await history.append(CONVERSATION, turn)
        windows.append(await shown(history))
    assert {len(window) for window in windows[20:]} == set(range(13, 21))
    assert len({window[0].message_id for window in windows[20:]}) == 8
    assert all(window[-1].message_id == f"m{number}" for number, window in enumerate(windows))


async def test_a_smaller_window_shows_in_what_was_remembered_before(client: Redis) -> None:
    await told(RedisHistory(client), turns(5))
    assert await shown(RedisHistory(client, window=2)) == turns(5)[3:]


async def test_a_message_in_the_window_again_takes_its_own_place(history: History) -> None:
    first, second, third = turns(3)
    corrected = replace(second, question="怎么卸载？")
    await told(history, [first, second, third, corrected])
    assert await shown(history) == [first, corrected, third]


async def test_what_was_said_in_a_message_is_replaced_with_it(history: History) -> None:
    first, second = turns(3)[1:]
    await history.append(CONVERSATION, first, [fact("uses Windows"), fact("has 8 GB")])
    await history.append(CONVERSATION, second, [fact("is in Wuhan", 2.0, "m2")])
    await history.append(CONVERSATION, replace(first, sender=BOB), [fact("uses Linux", sender=BOB)])
    assert await known(history) == ["uses Windows", "has 8 GB", "is in Wuhan"]
    await history.append(CONVERSATION, first, [fact("has 16 GB")])
    assert await known(history) == ["has 16 GB", "is in Wuhan"]


async def test_what_was_said_in_a_message_that_has_left_the_window_is_replaced_too(history: History) -> None:
    await history.append(CONVERSATION, turns(1)[0], [fact("uses Windows", message_id="m0")])
    await told(history, turns(6)[1:])
    await history.append(CONVERSATION, turns(1)[0], [fact("uses Linux", message_id="m0")])
    assert await known(history) == ["uses Linux"]


@pytest.mark.parametrize("number", [0, 2])
async def test_a_message_edited_after_it_has_left_the_window_is_told_anew_and_once(
    history: History, client: Redis, number: int
) -> None:
    await told(history, turns(6))
    _, found, epoch = await history.unfolded(CONVERSATION)
    assert await history.fold(CONVERSATION, epoch, "two", found[:2])
    _, found, epoch = await history.unfolded(CONVERSATION)
    edited, others = replace(turns(3)[number], question="怎么卸载？"), turns(6)
    del others[number]
    await RedisInbox(client).accept(Letter(f"m{number}", CONVERSATION, "怎么卸载？", 1.0), edited=True)
    await told(history, [edited, edited])
    assert not await history.fold(CONVERSATION, epoch, "three", found)
    assert await history.older(CONVERSATION) + await shown(history) == [*others, edited]
    assert (await history.unfolded(CONVERSATION))[1] == [one for one in turns(4)[2:] if one in others]


@pytest.mark.parametrize("other", ["m", "m11", 'm1"', "m1\\", "M1"])
async def test_messages_with_similar_ids_are_told_apart(history: History, other: str) -> None:
    await told(history, [TURN, replace(TURN, message_id=other)])
    assert [turn.message_id for turn in await shown(history)] == ["m1", other]


async def test_conversations_do_not_see_each_other(history: History) -> None:
    await history.append("feishu:oc_1", replace(TURN, sender=ANN), [fact("uses Linux")])
    assert replace(await history.load("feishu:oc_2", ANN), epoch="") == Remembered()


async def test_facts_are_a_persons_own_by_date(history: History) -> None:
    facts = [fact("b", 2.0), fact("a", 1.0), fact("c", 3.0), fact("secret", sender=BOB)]
    await history.append(CONVERSATION, TURN, facts)
    remembered = await history.load(CONVERSATION, ANN)
    assert remembered.facts == (facts[1], facts[0], facts[2])
    assert await known(history, "web:an") == []


async def test_a_fact_is_its_turns_askers_unless_it_says_otherwise(history: History) -> None:
    await history.append(CONVERSATION, replace(TURN, sender=BOB), [fact("uses Linux", sender="")])
    assert (await history.load(CONVERSATION, BOB)).facts == (fact("uses Linux", sender=BOB),)


async def test_the_same_said_twice_is_kept_once_with_the_later_date(history: History) -> None:
    for at, id in [(1.0, "m1"), (3.0, "m3"), (2.0, "m2")]:
        await history.append(CONVERSATION, replace(TURN, message_id=id), [fact('say "hi"\\', at, id)])
    assert (await history.load(CONVERSATION, ANN)).facts == (fact('say "hi"\\', 3.0, "m3"),)


async def test_the_newest_facts_are_kept_and_of_a_person_the_newest_are_loaded(history: History) -> None:
    for number in range(0, 300, 100):
        facts = [fact(f"{at}", float(at)) for at in range(number, number + 100)]
        await history.append(CONVERSATION, replace(TURN, message_id=f"{number}"), facts)
    assert await known(history) == [f"{at}" for at in range(250, 300)]
    await history.append(CONVERSATION, TURN, [fact("long ago", -1.0)])
    assert "long ago" not in await known(history)


async def test_who_tells_much_crowds_nobody_out(history: History, client: Redis) -> None:
    await history.append(CONVERSATION, turns(1)[0], [fact("uses Linux")])
    for number in range(0, 300, 100):
        facts = [fact(f"{at}", float(at), f"{number}", BOB) for at in range(number, number + 100)]
        await history.append(CONVERSATION, replace(TURN, message_id=f"{number}", sender=BOB), facts)
    assert await known(history) == ["uses Linux"]
    assert await client.llen(key(keys.FACTS)) == 51


async def test_only_so_many_facts_are_kept_of_all(history: History, client: Redis) -> None:
    for person in range(21):
        facts = [fact(f"{at}", float(at), sender=f"web:{person}") for at in range(50)]
        await history.append(CONVERSATION, TURN, facts)
    assert await client.llen(key(keys.FACTS)) == 1000
    assert (await known(history, "web:0"))[-1] == "49"


async def test_a_new_start_empties_the_window_and_keeps_what_is_older(history: History) -> None:
    await told(history, turns(5))
    await history.append(CONVERSATION, replace(TURN, sender=ANN), [fact("uses Linux")])
    await history.clear(CONVERSATION)
    remembered = await history.load(CONVERSATION, ANN)
    assert (remembered.turns, remembered.summary, remembered.beyond) == ((), "", 0)
    assert len(await history.older(CONVERSATION)) == 6
    assert await known(history) == ["uses Linux"]
    await history.append(CONVERSATION, TURN)
    assert await shown(history) == [TURN]


async def test_a_turn_that_is_dropped_is_gone_and_what_was_said_in_it_stays_known(history: History) -> None:
    await told(history, turns(2))
    await history.append(CONVERSATION, replace(TURN, message_id="m2", sender=ANN), [fact("uses Linux")])
    for _ in range(2):
        await history.drop(CONVERSATION, ANN, "m2")
    assert (await shown(history), await known(history)) == (turns(2), ["uses Linux"])


async def test_nobody_drops_the_turn_of_another(history: History) -> None:
    await told(history, turns(2))
    await history.drop(CONVERSATION, BOB, "m1")
    assert await shown(history) == turns(2)


async def test_a_new_start_holds_when_a_turn_before_it_is_dropped(history: History) -> None:
    await told(history, turns(3))
    await history.clear(CONVERSATION)
    await history.drop(CONVERSATION, ANN, "m1")
    assert await shown(history) == []
    await history.append(CONVERSATION, TURN)
    assert await shown(history) == [TURN]
    assert len(await history.older(CONVERSATION)) == 2


async def test_a_summary_in_the_making_is_refused_when_a_turn_of_it_is_dropped(history: History) -> None:
    await told(history, turns(6))
    _, found, epoch = await history.unfolded(CONVERSATION)
    await history.drop(CONVERSATION, ANN, "m0")
    assert not await history.fold(CONVERSATION, epoch, "summary", found)


async def test_the_summary_tells_of_what_was_folded(history: History) -> None:
    await told(history, turns(6))
    summary, found, epoch = await history.unfolded(CONVERSATION)
    assert (summary, found) == ("", turns(6)[:3])
    assert await history.fold(CONVERSATION, epoch, "they met", found[:2], [fact("a")])
    remembered = await history.load(CONVERSATION, ANN)
    assert (remembered.summary, remembered.beyond, remembered.facts) == ("they met", 1, (fact("a"),))
    assert (await history.unfolded(CONVERSATION))[:2] == ("they met", turns(6)[2:3])


async def test_what_was_folded_meanwhile_is_not_folded_twice(history: History) -> None:
    await told(history, turns(6))
    _, found, epoch = await history.unfolded(CONVERSATION)
    assert await history.fold(CONVERSATION, epoch, "one", found)
    assert not await history.fold(CONVERSATION, epoch, "other", found)
    assert (await history.load(CONVERSATION)).summary == "one"


async def test_nothing_is_folded_after_a_new_start(history: History) -> None:
    await told(history, turns(6))
    _, found, epoch = await history.unfolded(CONVERSATION)
    await history.clear(CONVERSATION)
    assert not await history.fold(CONVERSATION, epoch, "summary", found, [fact("a")])
    assert ((await history.load(CONVERSATION)).summary, await known(history)) == ("", [])


async def test_what_is_folded_stays_so_when_old_turns_go(history: History) -> None:
    await told(history, turns(9))
    _, found, epoch = await history.unfolded(CONVERSATION)
    assert await history.fold(CONVERSATION, epoch, "six", found)
    await told(history, turns(15)[9:])
    assert (await history.load(CONVERSATION)).beyond == 6
    assert (await history.unfolded(CONVERSATION))[1] == turns(12)[6:]


async def test_turns_that_went_in_the_middle_of_folding_are_no_reason_to_skip_others(
    history: History,
) -> None:
    await told(history, turns(10))
    _, found, epoch = await history.unfolded(CONVERSATION)
    await told(history, turns(12)[10:])
    assert not await history.fold(CONVERSATION, epoch, "summary", found)
    assert (await history.unfolded(CONVERSATION))[1] == turns(12)[2:9]


async def test_many_turns_are_folded_a_few_at_a_time(client: Redis) -> None:
    history, parts = RedisHistory(client, window=3), []
    await told(history, turns(123))
    while found := (await history.unfolded(CONVERSATION))[1]:
        parts.append(len(found))
        epoch = (await history.unfolded(CONVERSATION))[2]
        assert await history.fold(CONVERSATION, epoch, "summary", found)
    assert parts == [50, 50, 20]


async def test_an_epoch_that_nobody_knows_any_more_is_over(history: History) -> None:
    number, _, read_at = (await history.load(CONVERSATION, ANN)).epoch.partition("@")
    long_ago = f"{number}@{int(read_at) - keys.EPOCH.seconds * 1000 - 1}"
    await history.append(CONVERSATION, TURN, epoch=long_ago)
    assert await shown(history) == []
    await history.append(CONVERSATION, TURN, epoch=f"{number}@{read_at}")
    assert await shown(history) == [TURN]


async def test_all_of_a_conversation_expires_together_after_the_last_turn(
    history: History, client: Redis
) -> None:
    parts = [key(kind) for kind in (keys.HISTORY, keys.META, keys.FACTS)]
    await told(history, turns(12))
    await client.expire(parts[0], 5)
    _, found, epoch = await history.unfolded(CONVERSATION)
    await history.fold(CONVERSATION, epoch, "summary", found, [fact("a")])
    assert all([await client.ttl(part) <= 5 for part in parts])
    await history.append(CONVERSATION, TURN)
    assert [await client.ttl(part) for part in parts] == [keys.HISTORY.seconds] * 3


async def test_what_is_more_than_a_year_older_than_the_newest_goes(history: History) -> None:
    first, second, third = turns(3)
    later = replace(third, at=first.at + 366 * DAY)
    await told(history, [first, replace(second, at=first.at + 2 * DAY), later])
    assert [turn.message_id for turn in await shown(history)] == ["m1", "m2"]


async def test_a_fact_goes_as_early_as_its_turn(history: History) -> None:
    await history.append(CONVERSATION, TURN, [fact("long ago"), fact("uses Linux", 2.0 * DAY)])
    await history.append(CONVERSATION, replace(TURN, message_id="m2", sender=BOB, at=TURN.at + 366 * DAY))
    assert await known(history) == ["uses Linux"]


async def test_what_has_no_date_to_be_read_holds_up_nothing(history: History, client: Redis) -> None:
    for kind in (keys.HISTORY, keys.FACTS):
        await client.rpush(key(kind), "[")
    await history.append(CONVERSATION, TURN, [fact("long ago")])
    later = replace(TURN, message_id="m2", sender=BOB, at=TURN.at + 366 * DAY)
    await history.append(CONVERSATION, later, [fact("is new", 366.0 * DAY)])
    assert (await shown(history), await known(history)) == ([later], ["is new"])


async def test_half_a_character_pair_survives(history: History) -> None:
    broken = replace(
        TURN, message_id="\udfff", question="\ud83d 你", answer="\\ud83d \x00\n", sender="\ud83d"
    )
    for _ in range(2):
        await history.append("web:\ud83d", broken, [fact("\ud83d", sender="\ud83d")])
    remembered = await history.load("web:\ud83d", "\ud83d")
    assert (remembered.turns, remembered.facts) == ((broken,), (fact("\ud83d", sender="\ud83d"),))


async def test_a_line_of_an_earlier_version_is_read(history: History, client: Redis) -> None:
    line = (
        '[1,"m1",1790000000.25,"怎么装环境？","用 conda。😀",[["第一课","环境配置","/docs/l1#env","3f2a"]]]'
    )
    await client.rpush(key(keys.HISTORY), line)
    await history.append(CONVERSATION, replace(TURN, message_id="m2"))
    before = replace(TURN, sources=(COURSE,), sender="", trace="")
    assert await shown(history) == [before, replace(TURN, message_id="m2")]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[",
        "{}",
        "7",
        '[1,"m"]',
        '[3,1,"s","m","q","a",[],""]',
        '[2,1,"s","m","q","a",[["t"]],""]',
        b"\xff\x00",
    ],
)
async def test_a_line_that_cannot_be_read_is_skipped_and_counts_as_folded(
    history: History, client: Redis, line: str | bytes
) -> None:
    for kind in (keys.HISTORY, keys.FACTS):
        await client.rpush(key(kind), line)
    await history.append(CONVERSATION, TURN, [fact("a")])
    assert (await shown(history), await known(history)) == ([TURN], ["a"])
    await told(history, turns(4)[1:])
    _, found, epoch = await history.unfolded(CONVERSATION)
    assert await history.fold(CONVERSATION, epoch, "summary", found)
    assert (await history.load(CONVERSATION)).beyond == 0
