"""What a conversation remembers."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from memory import keys
from memory.base import History, Source, Turn
from memory.history import RedisHistory

COURSE = Source("第一课", "环境配置", "/docs/l1#env", "3f2a")
TURN = Turn("m1", "怎么装环境？", "用 conda。😀", 1_790_000_000.25, (COURSE, COURSE))
CONVERSATION = "feishu:oc_1"


def turns(count: int) -> list[Turn]:
    return [replace(TURN, message_id=f"m{number}") for number in range(count)]


@pytest.fixture
def history(client: Redis) -> History:
    return RedisHistory(client, window=3, expiry=3600)


async def test_a_new_conversation_is_empty(history: History) -> None:
    assert await history.load(CONVERSATION) == []


async def test_a_turn_comes_back_as_it_was(history: History) -> None:
    await history.append(CONVERSATION, TURN)
    assert await history.load(CONVERSATION) == [TURN]


async def test_only_the_newest_turns_are_kept_oldest_first(history: History, client: Redis) -> None:
    for turn in turns(5):
        await history.append(CONVERSATION, turn)
    assert await history.load(CONVERSATION) == turns(5)[2:]
    assert await client.llen(keys.HISTORY.within(keys.partition(CONVERSATION), CONVERSATION)) == 3


async def test_a_smaller_window_shows_in_what_was_remembered_before(client: Redis) -> None:
    for turn in turns(5):
        await RedisHistory(client).append(CONVERSATION, turn)
    assert await RedisHistory(client, window=2).load(CONVERSATION) == turns(5)[3:]


async def test_the_newest_message_again_takes_its_own_place(history: History) -> None:
    first, second = turns(2)
    corrected = replace(second, question="怎么卸载？")
    for turn in (first, second, corrected):
        await history.append(CONVERSATION, turn)
    assert await history.load(CONVERSATION) == [first, corrected]


@pytest.mark.parametrize("other", ["m", "m11", 'm1"', "m1\\", "M1"])
async def test_messages_with_similar_ids_are_told_apart(history: History, other: str) -> None:
    await history.append(CONVERSATION, TURN)
    await history.append(CONVERSATION, replace(TURN, message_id=other))
    assert [turn.message_id for turn in await history.load(CONVERSATION)] == ["m1", other]


async def test_conversations_do_not_see_each_other(history: History) -> None:
    await history.append("feishu:oc_1", TURN)
    assert await history.load("feishu:oc_2") == []


async def test_a_cleared_conversation_is_forgotten(history: History, client: Redis) -> None:
    await history.append(CONVERSATION, TURN)
    await history.clear(CONVERSATION)
    assert await history.load(CONVERSATION) == []
    assert await client.dbsize() == 0


async def test_each_turn_puts_the_expiry_off(history: History, client: Redis) -> None:
    await history.append(CONVERSATION, TURN)
    assert await client.ttl(keys.HISTORY.within(keys.partition(CONVERSATION), CONVERSATION)) == 3600
    await client.expire(keys.HISTORY.within(keys.partition(CONVERSATION), CONVERSATION), 5)
    await history.append(CONVERSATION, TURN)
    assert await client.ttl(keys.HISTORY.within(keys.partition(CONVERSATION), CONVERSATION)) == 3600


async def test_half_a_character_pair_survives(history: History) -> None:
    broken = replace(TURN, message_id="\udfff", question="\ud83d 你", answer="\\ud83d \x00\n")
    for _ in range(2):
        await history.append("web:\ud83d", broken)
    assert await history.load("web:\ud83d") == [broken]


@pytest.mark.parametrize(
    "line", ["", "[", "{}", "7", '[1,"m"]', '[2,"m",1,"q","a",[]]', '[1,"m",1,"q","a",[["t"]]]', b"\xff\x00"]
)
async def test_a_line_that_cannot_be_read_is_skipped(
    history: History, client: Redis, line: str | bytes
) -> None:
    await client.rpush(keys.HISTORY.within(keys.partition(CONVERSATION), CONVERSATION), line)
    await history.append(CONVERSATION, TURN)
    assert await history.load(CONVERSATION) == [TURN]
