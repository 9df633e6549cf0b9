"""What the bot posted by itself in a chat."""

from redis.asyncio import Redis

from memory import keys
from memory.journal import Post
from memory.posts import RedisPosts


async def test_posts_of_a_chat_are_kept_in_their_order(client: Redis) -> None:
    posts = RedisPosts(client)
    first, second = Post("desk-1", 1.0, "助教 李 回复：周五"), Post("news-2", 2.0, "有新内容")
    for post in (second, first, second):
        await posts.put("web:a", post)
    assert await posts.of("web:a") == [first, second]
    assert await posts.of("web:b") == []


async def test_one_of_the_same_id_takes_the_place_of_the_other(client: Redis) -> None:
    posts = RedisPosts(client)
    for text in ("周五", "周六"):
        await posts.put("web:a", Post("desk-1", 1.0, text))
    assert [post.line for post in await posts.of("web:a")] == ["周六"]


async def test_the_oldest_go_where_there_are_too_many(client: Redis) -> None:
    posts = RedisPosts(client, kept=2)
    for number in range(4):
        await posts.put("web:a", Post(f"news-{number}", number, "有新内容"))
    assert [post.id for post in await posts.of("web:a")] == ["news-2", "news-3"]


async def test_they_do_not_stay_for_ever_and_what_is_damaged_is_passed_over(client: Redis) -> None:
    posts, key = RedisPosts(client), keys.POSTS.within(keys.partition("web:a"), "web:a")
    await posts.put("web:a", Post("news-1", 1.0, "有新内容"))
    await client.hset(key, "news-2", "?")
    assert [post.id for post in await posts.of("web:a")] == ["news-1"]
    assert 0 < await client.ttl(key) <= keys.POSTS.seconds
