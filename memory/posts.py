"""What the bot posted by itself, for pages that are opened later, in Redis."""

import json
from collections.abc import Mapping
from contextlib import suppress

from redis.asyncio import Redis

from memory import keys
from memory.client import guarded
from memory.journal import Post

KEPT = 30


class RedisPosts:
    """A hash per chat, in the chat's partition: the newest `kept` posts, by their ids."""

    def __init__(self, client: Redis, kept: int = KEPT) -> None:
        self._client = client
        self._kept = kept

    async def put(self, chat: str, post: Post) -> None:
        """Keep it; it replaces the one of the same id."""
        key, line = _key(chat), json.dumps([post.at, post.line])
        async with guarded(), self._client.pipeline() as pipeline:
            pipeline.hset(key, post.id, line)
            pipeline.expire(key, keys.POSTS.seconds)
            pipeline.hgetall(key)
            *_, found = await pipeline.execute()
        if surplus := [one.id for one in _posts(found)[: -self._kept]]:
            async with guarded():
                await self._client.hdel(key, *surplus)

    async def of(self, chat: str) -> list[Post]:
        """Those of a chat, the oldest first."""
        async with guarded():
            return _posts(await self._client.hgetall(_key(chat)))


def _key(chat: str) -> str:
    return keys.POSTS.within(keys.partition(chat), chat)


def _posts(found: Mapping[bytes | str, bytes | str]) -> list[Post]:
    posts = []
    for id, kept in found.items():
        with suppress(ValueError, TypeError):  # damaged, or of another version
            at, line = json.loads(kept)
            posts.append(Post(str(id), float(at), line))
    return sorted(posts, key=lambda post: (post.at, post.id))
