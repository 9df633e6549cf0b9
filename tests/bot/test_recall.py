"""A conversation as the web page gets it back: what was asked and answered, and what was posted between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from adapters.base import Conversation, DeliveryFailed, Exchange, Reply, Sender
from bot.app import Memory, open_memory
from bot.conversations import conversation_key
from bot.course import Course, FilesConfig, Staff
from bot.recall import keeping, recalled
from bot.settings import Settings
from memory.base import MemoryUnavailable, Turn
from memory.journal import Post
from memory.posts import RedisPosts

COURSE = Course(folder=Path(), sources=(FilesConfig(kind="files", path=Path("docs")),))
PLACE, LI = Conversation("web", "a1"), Sender("web:li")


@pytest.fixture
async def memory(client: Redis, redis_url: str) -> AsyncIterator[Memory]:
    async with open_memory(Settings(redis_url=SecretStr(redis_url))) as memory:
        yield memory


async def told(memory: Memory, client: Redis, course: Course = COURSE) -> list[Exchange]:
    return await recalled(course, memory, PLACE, LI, RedisPosts(client))


async def test_a_post_stands_between_the_questions_where_it_was_posted(memory: Memory, client: Redis) -> None:
    key = conversation_key(PLACE, LI, "member")
    for at in (1.0, 3.0):
        await memory.history.append(key, Turn(f"web:{at}", "几号交？", "周五。", at, sender=LI.id))
    await keeping(RedisPosts(client), lambda: 2.0)("news-1", Reply(PLACE, "有新内容。", final=True))
    exchanges = await told(memory, client)
    assert [one.message_id for one in exchanges] == ["web:1.0", "news-1", "web:3.0"]
    assert exchanges[1] == Exchange("news-1", "", Reply(PLACE, "有新内容。", final=True))


async def test_a_post_of_another_version_is_left_out(memory: Memory, client: Redis) -> None:
    await RedisPosts(client).put("web:a1", Post("news-1", 1.0, '["text"]'))
    assert await told(memory, client) == []


@pytest.mark.parametrize("chat", ["", "feishu:oc_1"])
async def test_below_an_answer_of_before_the_staff_is_offered_where_there_is_some(
    memory: Memory, client: Redis, chat: str
) -> None:
    trace = '{"outcome": "answered", "notice": ""}'
    turn = Turn("web:1", "几号交？", "周五。", 1.0, sender=LI.id, trace=trace)
    await memory.history.append(conversation_key(PLACE, LI, "member"), turn)
    [exchange] = await told(memory, client, COURSE.model_copy(update={"staff": Staff(chat=chat)}))
    assert exchange.reply
    assert any(one.command == "/staff web:1" for one in exchange.reply.buttons) is bool(chat)


class Away:
    """Posts that cannot be reached."""

    async def put(self, chat: str, post: Post) -> None:
        raise MemoryUnavailable("Redis does not answer.")

    async def of(self, chat: str) -> list[Post]:
        raise MemoryUnavailable("Redis does not answer.")


async def test_what_cannot_be_kept_is_not_delivered() -> None:
    with pytest.raises(DeliveryFailed, match="Redis"):
        await keeping(Away())("news-1", Reply(PLACE, "有新内容。", final=True))
