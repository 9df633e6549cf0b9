"""How updates come from Telegram, by polling or by webhook: safe with the bot before they are confirmed."""

import asyncio
import hmac
import json
import logging
import time
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from typing import Any, Protocol

from adapters.base import Accept, DeliveryFailed, NotAccepted
from adapters.telegram_api import Me, TelegramApi
from adapters.telegram_inlet import ALLOWED, RHYTHM, Inlet, Rhythm, Trouble
from adapters.telegram_message import Arrival

MOST_BYTES = 1_000_000
"""Of an update that is posted, at most; Telegram's own are far smaller."""

_SECRET = "x-telegram-bot-api-secret-token"

log = logging.getLogger(__name__)


class Lease(Protocol):
    """Which process polls, where there are several. No call raises."""

    async def hold(self, name: str, seconds: float) -> bool:
        """Take the lease or renew it, for so many seconds from now; False where that is not sure."""

    async def release(self, name: str) -> None:
        """Let others have it, if this process holds it."""


class Polling:
    """Asks for updates, in one of several processes at a time, and confirms them when they are safe."""

    def __init__(
        self,
        api: TelegramApi,
        lease: Lease,
        rhythm: Rhythm = RHYTHM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._lease = lease
        self._rhythm = rhythm
        self._clock = clock
        self._good: float | None = None  # when the last poll was answered, by the clock
        self._stands_by = False

    @property
    def connected(self) -> bool:
        """Whether messages come in, to this process or to the one that it stands by."""
        heard = self._good is not None and self._clock() - self._good < self._rhythm.silence
        return self._stands_by or heard

    async def run(self, me: Me, accept: Accept) -> None:
        """Take messages in until cancelled. Raises PlatformRefused."""
        name, inlet = f"telegram:{me.id}", Inlet(self._api, me, accept, self._rhythm)
        try:
            while True:
                if await self._lease.hold(name, self._rhythm.lease):
                    await self._while_held(name, inlet)
                self._stand_by()
                await asyncio.sleep(self._rhythm.lease / 3)
        finally:
            self._stands_by, self._good = False, None
            await inlet.close()
            await self._lease.release(name)

    def _stand_by(self) -> None:
        if not self._stands_by:
            log.info("Another process takes Telegram's messages in, or none is sure to; this one stands by.")
        self._stands_by = True

    async def _while_held(self, name: str, inlet: Inlet) -> None:
        """Poll until the lease is lost."""
        self._stands_by = False
        polling = asyncio.create_task(self._poll(inlet))
        try:
            while True:
                await asyncio.wait({polling}, timeout=self._rhythm.lease / 3)
                if polling.done():
                    polling.result()  # it ends by what it raises alone
                elif not await self._lease.hold(name, self._rhythm.lease):
                    return
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)

    async def _poll(self, inlet: Inlet) -> None:
        trouble, refused = (Trouble(self._rhythm, self._clock) for _ in range(2))
        offset, wait = None, 0.0
        webhook = True  # one may be left over from another time
        while True:
            try:
                if webhook:
                    await self._api.drop_webhook()
                    webhook = False
                updates = await self._api.updates(offset, wait, ALLOWED)
            except DeliveryFailed as error:
                await trouble.rest(error)
                wait = 0.0  # when it works again, that is seen at once
                continue
            trouble.over()
            wait, self._good = self._rhythm.poll, self._clock()
            await _take_all(inlet, updates, refused)
            offset = max((number + 1 for number in _numbers(updates)), default=offset)


async def _take_all(inlet: Inlet, updates: Sequence[Mapping[str, Any]], refused: Trouble) -> None:
    """Return when all are safe with the bot: those of a chat one after the other, chats side by side."""
    chats: dict[int, list[Arrival]] = {}
    for arrival in inlet.read(updates):
        chats.setdefault(arrival.chat_id, []).append(arrival)
    while refusals := await _round(inlet, chats):
        await refused.rest(refusals[0])
    refused.over()


async def _round(inlet: Inlet, chats: Mapping[int, list[Arrival]]) -> list[NotAccepted]:
    """Take out of each chat's what the bot accepts now; why it accepts no more."""

    async def one(arrivals: list[Arrival]) -> NotAccepted | None:
        try:
            while arrivals:
                await inlet.take(arrivals[0])
                del arrivals[0]
        except NotAccepted as error:
            return error
        return None

    return list(filter(None, await asyncio.gather(*map(one, chats.values()))))


def _numbers(updates: Sequence[Mapping[str, Any]]) -> list[int]:
    return [number for update in updates if isinstance(number := update.get("update_id"), int)]


class Webhook:
    """Has Telegram post updates to `url`; whoever serves there hands them to `handle`, in any process."""

    def __init__(self, api: TelegramApi, url: str, secret: str, rhythm: Rhythm = RHYTHM) -> None:
        self._api = api
        self._url = url
        self._secret = secret
        self._rhythm = rhythm
        self._trouble = Trouble(rhythm)
        self._inlet: Inlet | None = None
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether Telegram knows where to post to, and what it posts is taken."""
        return self._connected

    async def run(self, me: Me, accept: Accept) -> None:
        """Take messages in until cancelled; Telegram keeps the later ones. Raises PlatformRefused."""
        inlet = self._inlet = Inlet(self._api, me, accept, self._rhythm)
        try:
            await self._set()
            self._connected = True
            await asyncio.Event().wait()
        finally:
            self._inlet, self._connected = None, False
            await inlet.close()

    async def handle(self, headers: Mapping[str, str], body: AsyncIterable[bytes]) -> int:
        """Take one posted update in and return the HTTP status; names of headers are in lower case.

        Telegram posts an update again until the status is 200, and the next one of its chat only then.
        """
        given = headers.get(_SECRET, "")
        if not self._secret or not hmac.compare_digest(given.encode(), self._secret.encode()):
            return 403
        content = bytearray()
        async for piece in body:
            content += piece
            if len(content) > MOST_BYTES:
                return 413
        try:
            update = json.loads(content)
        except (ValueError, RecursionError):
            return 400
        return await self._take(update) if isinstance(update, dict) else 400

    async def _set(self) -> None:
        trouble = Trouble(self._rhythm)
        while True:
            try:
                await self._api.set_webhook(self._url, self._secret, ALLOWED)
                return
            except DeliveryFailed as error:
                await trouble.rest(error)

    async def _take(self, update: Mapping[str, Any]) -> int:
        if (inlet := self._inlet) is None:
            return 503
        try:
            for arrival in inlet.read([update]):
                await inlet.take(arrival)
        except NotAccepted as error:
            self._trouble.tell(error)
            return 503
        self._trouble.over()
        return 200
