"""The token of a Feishu app: fetched by one for all who ask, renewed before it ends."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from adapters.base import DeliveryFailed

_RENEW_BEFORE = 300.0


@dataclass(frozen=True, slots=True)
class Token:
    """A tenant access token, and for how many seconds it is taken."""

    text: str = field(repr=False)
    lasts: float


class Tokens:
    """Keeps the token that `fetch` brings."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Token]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._text, self._renew_at, self._ends_at = "", -math.inf, -math.inf
        self._fetching: asyncio.Task[str] | None = None

    async def current(self) -> str:
        """A token that is still taken, as far as is known. Raises what `fetch` does."""
        if self._clock() < self._renew_at:
            return self._text
        if not self._fetching or self._fetching.done():
            self._fetching = asyncio.create_task(self._renewed())
            self._fetching.add_done_callback(_seen)
        # Shared, and so not to be cancelled with the first who asked.
        return await asyncio.shield(self._fetching)

    def evict(self, text: str) -> None:
        """This token is no longer taken; those who find out after it was replaced change nothing."""
        if text == self._text:
            self._renew_at = self._ends_at = -math.inf

    async def close(self) -> None:
        """Stop fetching."""
        if self._fetching and self._fetching.cancel():
            await asyncio.wait((self._fetching,))

    async def _renewed(self) -> str:
        try:
            token = await self._fetch()
        except DeliveryFailed:
            if self._clock() < self._ends_at:
                return self._text
            raise
        self._text, now = token.text, self._clock()
        self._ends_at = now + token.lasts
        self._renew_at = self._ends_at - min(_RENEW_BEFORE, token.lasts / 2)
        return self._text


def _seen(task: asyncio.Task[str]) -> None:
    """Nobody may have waited for the end of it."""
    if not task.cancelled():
        task.exception()
