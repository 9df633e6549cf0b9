"""Connections to the master that sentinels name, whichever it is."""

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from redis.asyncio import BlockingConnectionPool, SSLConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.sentinel import MasterNotFoundError, SentinelConnectionPool, SentinelManagedConnection

LOOK = 0.5  # seconds

# redis-py has no types for what is ignored below.


class MasterConnection(SentinelManagedConnection):
    """Asks the sentinels whenever it connects; redis-py tries a lost master again and again."""

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]
        await super().send_packed_command(command, check_health)


class MasterTlsConnection(MasterConnection, SSLConnection):
    """The same over TLS."""


class MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Looks twice a second whether there is a new master, and leaves the old one then.

    After a planned failover the old master would take in for ten seconds more what is lost. Closing
    the pool closes its connections to the sentinels too.
    """

    _looked = -LOOK

    async def get_connection(self, *names: Any, **options: Any) -> AbstractConnection:
        """A connection to the master; commands that are under way on an old one are tried again."""
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            known = self.master_address
            with suppress(MasterNotFoundError):
                master = await self.get_master_address()  # type: ignore[no-untyped-call]
                if known not in (None, master):
                    await self.disconnect()
        found: AbstractConnection = await super().get_connection(*names, **options)  # type: ignore[no-untyped-call]
        return found

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections; those in use too, unless told otherwise."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()
