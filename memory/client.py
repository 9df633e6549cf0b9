"""The connection to Redis: short timeouts, patience with a restart, errors in our own words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import EqualJitterBackoff
from redis.exceptions import ConnectionError, RedisError, ResponseError

from memory.base import MemoryUnavailable

TIMEOUT = 2.0  # seconds for one reply
PATIENCE = 3.0  # seconds for a command with all its retries


def connect(url: str) -> Redis:
    """A client of the Redis at `url` (redis://, rediss:// or unix://); it connects at the first command.

    A refused or broken connection is tried again for about two seconds, so that a restart is
    bridged. Use it inside `guarded` only. Raises MemoryUnavailable where `url` is none.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=64,
            timeout=None,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(EqualJitterBackoff(cap=0.2, base=0.01), 15, supported_errors=(ConnectionError,)),
            decode_responses=True,
            # Half of a character pair is sent as \ud800, which JSON reads back as it was; bytes that
            # are not UTF-8 are read as \xff, which JSON refuses. Neither raises here.
            encoding_errors="backslashreplace",
        )
        # Options behind the question mark of the URL are only looked at when there is a connection.
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError) as error:
        raise MemoryUnavailable(f"REDIS_URL cannot be used ({error}); mend it.") from error
    return Redis.from_pool(pool)


@asynccontextmanager
async def guarded(within: float = PATIENCE) -> AsyncIterator[None]:
    """Commands end within so many seconds; what Redis and the network raise becomes MemoryUnavailable."""
    try:
        # redis-py tries a handshake without an answer as often as a refused connection: a minute in all.
        async with asyncio.timeout(within):
            yield
    except ResponseError as error:
        raise MemoryUnavailable(f"Redis refuses a command; look at its memory and disk ({error}).") from error
    except (RedisError, OSError) as error:
        reason = str(error) or f"nothing within {within:g} s"
        raise MemoryUnavailable(f"Redis does not answer; see that it runs ({reason}).") from error


async def ping(client: Redis, within: float = 1.0) -> None:
    """Return when Redis answers within so many seconds, else raise MemoryUnavailable."""
    async with guarded(within):
        await client.ping()
