"""What one process at a time may do, for as long as it holds on to it: leases in Redis."""

from contextlib import suppress
from uuid import uuid4

from redis.asyncio import Redis

from memory import keys
from memory.base import MemoryUnavailable
from memory.client import guarded
from memory.scripts import Script, Scripts

# KEYS: who holds it. ARGV: who wants it, for how many milliseconds.
# Asked again by the same one, it says the same: a call that was cut off is repeated.
HOLD = Script("""
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")
RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
""")


class RedisLease:
    """A key for each lease, with its holder. Redis alone counts the time."""

    def __init__(self, client: Redis) -> None:
        self._calls = Scripts(client)
        self._holder = uuid4().hex

    async def hold(self, name: str, seconds: float) -> bool:
        """Take the lease, or hold on to it, for so many seconds from now.

        False where another process has it, and where Redis does not answer: then nobody knows who has it.
        """
        try:
            async with guarded():
                held = await self._calls.run(
                    HOLD, [keys.HOLDER.of(name)], [self._holder, int(seconds * 1000)]
                )
        except MemoryUnavailable:
            return False
        return bool(held)

    async def release(self, name: str) -> None:
        """Let others have it at once; where Redis does not answer, they have it when it ends."""
        with suppress(MemoryUnavailable):
            async with guarded():
                await self._calls.run(RELEASE, [keys.HOLDER.of(name)], [self._holder])
