"""What one process tells all the others through Redis, now or never: who does not listen misses it."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from memory.base import MemoryUnavailable
from memory.client import guarded

log = logging.getLogger(__name__)

QUIET = 2.0  # seconds without a sound after which the server is asked whether it is there
PATIENCE = 1.0  # seconds with one line, and after it was lost until the next is tried


async def messages(client: Redis, channel: str, quiet: float = QUIET) -> AsyncGenerator[str, None]:
    """What is published on the channel from now on.

    Raises MemoryUnavailable once the connection is lost, or the server says nothing for twice `quiet`
    seconds: something may have been missed by then.
    """
    async with client.pubsub() as subscription:
        async with guarded():
            await client.initialize()  # a cluster's subscription does not look for its nodes by itself
            await subscription.subscribe(channel)
        subscribed = False
        while True:
            kind, text = await _next(subscription, quiet)
            # redis-py sends under wait_for, which up to Python 3.11 may swallow a cancellation.
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError
            if kind == "message":
                yield text
            elif kind == "subscribe":
                # redis-py mends a broken connection without a word, and subscribes again.
                if subscribed:
                    raise MemoryUnavailable("The connection to Redis was lost for a moment.")
                subscribed = True


async def _next(subscription: PubSub, quiet: float) -> tuple[str, str]:
    """What the server says next, its kind and its text; it is asked for a word when it has been silent."""
    async with guarded(within=3 * quiet):
        message = await subscription.get_message(timeout=quiet)
        if message is None:
            await subscription.ping()
            message = await subscription.get_message(timeout=quiet)
    if message is None:
        raise MemoryUnavailable(f"Redis has said nothing for {2 * quiet:g} s; see that it runs.")
    return str(message["type"]), str(message["data"])


class RedisRelay:
    """Lines to all processes on one Redis, this one too. While it is away they are lost; nothing raises."""

    def __init__(self, client: Redis, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._lost_at = -PATIENCE
        self._said = ""

    async def publish(self, line: str) -> None:
        """Tell all who listen; give up within a second."""
        if time.monotonic() - self._lost_at < PATIENCE:
            return
        try:
            async with guarded(PATIENCE):
                await self._client.publish(self._channel, line)
            self._said = ""
        except MemoryUnavailable as error:
            self._lost_at = time.monotonic()
            self._say(error)

    async def lines(self) -> AsyncGenerator[str, None]:
        """What is published from now on, until cancelled."""
        while True:
            try:
                async with aclosing(messages(self._client, self._channel)) as published:
                    async for line in published:
                        self._said = ""
                        yield line
            except MemoryUnavailable as error:
                self._say(error)
            await asyncio.sleep(PATIENCE / 4)

    def _say(self, error: MemoryUnavailable) -> None:
        """Log an outage once, though both ways notice it."""
        if not self._said:
            log.warning("The bot's processes do not hear one another for now: %s", error)
        self._said = str(error)
