"""Whether the bot can do its work now."""

from collections.abc import Awaitable, Callable, Mapping

from adapters.base import Adapter
from memory.base import MemoryUnavailable

Ping = Callable[[], Awaitable[None]]
"""Returns while memory takes writes, raises MemoryUnavailable when it does not."""


async def problems(ping: Ping, platforms: Mapping[str, Adapter]) -> list[str]:
    """What is not ready, a sentence each; the index is there as long as this process serves."""
    found = [f"{name} is not connected" for name, adapter in platforms.items() if not adapter.connected]
    try:
        await ping()
    except MemoryUnavailable as error:
        found.append(f"memory: {error}")
    return found
