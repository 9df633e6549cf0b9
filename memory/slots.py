"""What is done by the clock is done by one process at a time: slots in Redis."""

from uuid import uuid4

from redis.asyncio import Redis

from memory import keys
from memory.client import guarded
from memory.scripts import Script, Scripts

# KEYS: the slot that was taken last and its taker. ARGV: a slot, who wants it, for how long that is kept.
# Asked again by the same one, it says the same: a call that was cut off is repeated.
TAKE = Script("""
local held = redis.call('HMGET', KEYS[1], 'slot', 'taker')
if held[1] == ARGV[1] and held[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'slot', ARGV[1], 'taker', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
""")


class RedisSlots:
    """A hash for each thing that is done. Clocks that differ do no harm: slots are named, not compared."""

    def __init__(self, client: Redis) -> None:
        self._calls = Scripts(client)
        self._taker = uuid4().hex

    async def take(self, name: str, slot: str) -> bool:
        """Whether this process does `name` in this slot; the slots after it are open again."""
        async with guarded():
            taken = await self._calls.run(TAKE, [keys.SLOT.of(name)], [slot, self._taker, keys.SLOT.seconds])
        return bool(taken)
