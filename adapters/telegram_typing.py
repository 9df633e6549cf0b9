"""The typing sign at Telegram, from when a message was taken in until something of its reply is shown."""

import asyncio

from adapters.telegram_api import Place, TelegramApi

_SOON = 0.2  # seconds; what is shown before, needs no sign
_TIMES = 4
"""Not longer, since another process may have shown the reply."""


class Typing:
    """In a direct chat the sign comes again `every` so many seconds, before it ends; in a group just once."""

    def __init__(self, api: TelegramApi, every: float) -> None:
        self._api = api
        self._every = every
        self._signs: dict[int, asyncio.Task[None]] = {}

    def begin(self, place: Place) -> None:
        """Somebody waits there."""
        self.end(place.chat_id)
        self._signs[place.chat_id] = asyncio.create_task(self._show(place))

    def end(self, chat_id: int) -> None:
        """Nobody waits there any more."""
        if sign := self._signs.pop(chat_id, None):
            sign.cancel()

    async def close(self) -> None:
        """Show no more signs."""
        signs = list(self._signs.values())
        self._signs.clear()
        for sign in signs:
            sign.cancel()
        await asyncio.gather(*signs, return_exceptions=True)

    async def _show(self, place: Place) -> None:
        await asyncio.sleep(_SOON)
        await self._api.typing(place)
        for _ in range(0 if place.group else _TIMES - 1):
            await asyncio.sleep(self._every)
            await self._api.typing(place)
