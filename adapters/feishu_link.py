"""One long connection to Feishu: how it is opened, and what goes over it until it ends."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import aiohttp

from adapters.base import AdapterError, PlatformRefused
from adapters.feishu_frames import CONTROL, DATA, Frame, Parts, decode, encode, ping
from adapters.feishu_inlet import Taken
from adapters.feishu_json import Table, number, parsed, table, text
from adapters.proxy import UNREACHED, way_to

_ENDPOINT = "/callback/ws/endpoint"
_PATIENCE = 10.0
_CLOSING = 1.0
_LARGEST_FRAME = 8_000_000
_PONG_WITHIN = 15.0  # seconds; Feishu answers a ping at once
_PING_EACH = 120.0

_BUSY = {1, 1000040343, 1000040345}
_WRONG_SECRET = {10003, 10014}
_FORBIDDEN, _TOO_MANY = "403", "1000040350"

_ADVICE = (
    "Look in the developer console: long connection must be chosen under Events, the app be published,"
    " no more than 50 programs use it, and FEISHU_DOMAIN in .env is the cloud that the app is of."
)

log = logging.getLogger(__name__)

Take = Callable[[Table], Awaitable[Taken]]


class Broken(AdapterError):
    """The connection ended or could not be opened; a new one may work at once."""


class TurnedAway(AdapterError):
    """Feishu does not want this connection; somebody has to do something about it."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where connections are opened, for which app, and for how many seconds that is tried."""

    app_id: str
    app_secret: str = field(repr=False)
    domain: str
    patience: float = _PATIENCE

    async def open(self, session: aiohttp.ClientSession) -> "Link":
        """A new connection. Raises Broken, TurnedAway and PlatformRefused."""
        data = await self._endpoint(session)
        url = text(data, "URL")
        proxy = way_to(url.replace("ws", "http", 1)).http
        try:
            async with asyncio.timeout(self.patience):
                socket = await session.ws_connect(
                    url,
                    proxy=proxy,
                    max_msg_size=_LARGEST_FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSING),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise _refused(error.status, error.headers or {}) from None
        except (aiohttp.ClientError, TimeoutError, ValueError, *UNREACHED) as error:
            # The error itself may hold the address, and with it the key.
            raise Broken(f"Feishu's long connection cannot be opened ({type(error).__name__}).") from None
        return Link(socket, _service(url), _seconds(table(data, "ClientConfig"), _PING_EACH))

    async def _endpoint(self, session: aiohttp.ClientSession) -> Table:
        """The address for one connection, and how Feishu wants it to be used."""
        body = {"AppID": self.app_id, "AppSecret": self.app_secret}
        try:
            async with session.post(
                self.domain.rstrip("/") + _ENDPOINT,
                json=body,
                headers={"locale": "zh"},
                allow_redirects=False,
                proxy=way_to(self.domain).http,
                timeout=aiohttp.ClientTimeout(total=self.patience),
            ) as answer:
                told = parsed(await answer.read())
        except (aiohttp.ClientError, TimeoutError, *UNREACHED) as error:
            name = type(error).__name__
            raise Broken(f"{self.domain} gives no address for the long connection ({name}).") from None
        return self._checked(told)

    def _checked(self, told: Table) -> Table:
        code, said = told.get("code"), text(told, "msg")
        if not isinstance(code, int) or code in _BUSY or (code == 0 and not text(told, "data", "URL")):
            raise Broken(f"{self.domain} gives no address for the long connection now ({code} {said}).")
        if code in _WRONG_SECRET:
            raise PlatformRefused(
                f"Feishu does not take the app's id or secret ({code} {said}); "
                "correct FEISHU_APP_ID and FEISHU_APP_SECRET, or FEISHU_DOMAIN, in .env."
            )
        if code:
            raise TurnedAway(f"Feishu gives the app no long connection ({code} {said}). {_ADVICE}")
        return table(told, "data")


class Link:
    """A connection. `ping_each`: seconds between signs of life."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, service: int, ping_each: float) -> None:
        self._socket = socket
        self._service = service
        self._ping_each = ping_each
        self._heard = asyncio.Event()
        self._parts = Parts()

    async def run(self, take: Take, answering: set[asyncio.Task[None]]) -> None:
        """Take events in until the connection ends, which raises Broken. Tasks in hand outlive it."""
        tasks = {asyncio.create_task(self._read(take, answering)), asyncio.create_task(self._live())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # they end by what they raise alone
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.close()

    async def _read(self, take: Take, answering: set[asyncio.Task[None]]) -> None:
        async for message in self._socket:
            self._heard.set()
            if message.type is not aiohttp.WSMsgType.BINARY:
                continue
            try:
                frame = decode(message.data)
                event = self._event(frame)
            except ValueError as error:
                log.warning("A frame from Feishu cannot be read: %s", error)
                continue
            if event is not None:
                task = asyncio.create_task(self._answer(frame, event, take))
                answering.add(task)
                task.add_done_callback(answering.discard)
        raise Broken("Feishu ended the long connection.")

    async def _live(self) -> None:
        """Give signs of life; a connection that is open at this end only answers none."""
        while True:
            self._heard.clear()
            try:
                async with asyncio.timeout(min(_PONG_WITHIN, self._ping_each)):
                    await self._send(ping(self._service))
                    await self._heard.wait()
            except TimeoutError as error:
                raise Broken("Feishu's long connection is silent.") from error
            await asyncio.sleep(self._ping_each)

    def _event(self, frame: Frame) -> Table | None:
        """The event in a frame, if it is whole with it. Raises ValueError."""
        if frame.method == CONTROL:
            self._ping_each = _seconds(parsed(frame.payload), self._ping_each)
        whole = self._parts.joined(frame) if frame.method == DATA else None
        return None if whole is None else parsed(whole)

    async def _answer(self, frame: Frame, event: Table, take: Take) -> None:
        since = time.monotonic()
        taken = await take(event)
        said: dict[str, object] = {"code": taken.status}
        if taken.answer is not None:
            said["data"] = base64.b64encode(json.dumps(taken.answer, ensure_ascii=False).encode()).decode()
        spent = str(round(1000 * (time.monotonic() - since)))
        await self._send(frame.answered(json.dumps(said).encode(), biz_rt=spent))

    async def _send(self, frame: Frame) -> None:
        # Without an acknowledgement the event comes again, and is the same one.
        with suppress(aiohttp.ClientError, ConnectionError):
            await self._socket.send_bytes(encode(frame))


def _refused(status: int, headers: Mapping[str, str]) -> AdapterError:
    """What a handshake that failed means."""
    code, said = headers.get("handshake-status", str(status)), headers.get("handshake-msg", "")
    inner = headers.get("handshake-autherrcode", "")
    told = f"Feishu refuses the long connection ({' '.join(filter(None, (code, inner, said)))})."
    # Any other refusal may be of this address only, or of a gateway that restarts.
    away = code == _FORBIDDEN or inner == _TOO_MANY
    return TurnedAway(f"{told} {_ADVICE}") if away else Broken(told)


def _service(url: str) -> int:
    return number({"id": parse_qs(urlsplit(url).query).get("service_id", [""])[0]}, "id")


def _seconds(config: Table, otherwise: float) -> float:
    """How often Feishu wants to be pinged. When to connect again is decided here: it would take minutes."""
    seconds = config.get("PingInterval")
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else otherwise
