"""The long connections of the fake Feishu server: where clients get their address, and the sockets."""

import asyncio
import base64
import json
import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.fakes import feishu_frame
from tests.fakes.feishu_frame import CONTROL, DATA, Frame
from tests.fakes.feishu_wire import Piece

FORBIDDEN, AUTH_FAILED, TOO_MANY = 403, 514, 1000040350
SERVICE = 33554678
SILENT, NOBODY = 0, -1
LOOK_EACH = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot said to an event: 200 or an error of its own, SILENT or NOBODY."""

    code: int
    body: object = None


@dataclass(slots=True)
class Link:
    """One socket; a `frozen` one is half open."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    frozen: bool = False
    waiting: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)

    async def released(self) -> None:
        """Return once it is no longer frozen, or no longer there."""
        while self.frozen and self.transport and not self.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EACH)


class Terms(Protocol):
    """How the server connects."""

    client_config: dict[str, float]
    split_over: int
    connections_max: int
    turns_away: int
    flaws: list[str]


class Gateway:
    """`freeze` and `links` are for any thread, the rest for the server's loop."""

    def __init__(self, terms: Terms) -> None:
        self.links: list[Link] = []
        self._terms = terms
        self._keys: set[str] = set()
        self._sequence = 0
        self._chance = random.Random(7)

    def address(self, host: str) -> Piece:
        """The data of the endpoint; the key in it is good for one connection."""
        key = uuid4().hex
        self._keys.add(key)
        query = (
            f"device_id=7{uuid4().int % 10**18:018}&access_key={key}&service_id={SERVICE}&ticket={uuid4()}"
        )
        return {"URL": f"ws://{host}/ws/v2?{query}", "ClientConfig": self._terms.client_config}

    async def accept(self, request: web.Request) -> web.StreamResponse:
        if turned := self._turned_away(request):
            return turned
        socket = web.WebSocketResponse(autoping=False, autoclose=False, max_msg_size=0)
        await socket.prepare(request)
        link = Link(socket, request.transport)
        self.links.append(link)
        try:
            await self._listen(link)
        finally:
            self.links.remove(link)
            for future in link.waiting.values():
                if not future.done():
                    future.set_result(Answer(SILENT))
        return socket

    async def send(self, payload: bytes) -> Answer:
        """Give an event to one of the clients and wait for its word, for ever."""
        if not self.links:
            return Answer(NOBODY)
        link = self._chance.choice(self.links)
        size = self._terms.split_over
        parts = [payload[at : at + size] for at in range(0, len(payload), size)]
        message_id, trace_id = str(uuid4()), uuid4().hex
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        link.waiting[message_id] = future
        for number, part in enumerate(parts):
            headers = {"type": "event", "message_id": message_id, "sum": str(len(parts)), "seq": str(number)}
            await self._write(link, Frame(DATA, {**headers, "trace_id": trace_id}, part, SERVICE))
        try:
            return await future
        finally:
            del link.waiting[message_id]

    def cut(self) -> None:
        for link in self.links:
            if link.transport:
                link.transport.abort()

    def freeze(self, frozen: bool) -> None:
        for link in list(self.links):
            link.frozen = frozen

    def _turned_away(self, request: web.Request) -> web.Response | None:
        key = request.query.get("access_key", "")
        known = key in self._keys
        self._keys.discard(key)
        headers = {"handshake-status": str(AUTH_FAILED), "handshake-msg": "auth failed"}
        if self._terms.turns_away == FORBIDDEN:
            headers = {"handshake-status": str(FORBIDDEN), "handshake-msg": "forbidden"}
        elif len(self.links) >= self._terms.connections_max:
            headers |= {"handshake-msg": "exceed conn limit", "handshake-autherrcode": str(TOO_MANY)}
        elif known and not self._terms.turns_away:
            return None
        else:
            headers["handshake-autherrcode"] = "1000040341"
        return web.Response(status=403, headers=headers)

    async def _listen(self, link: Link) -> None:
        while True:
            message = await link.socket.receive()
            if link.frozen:
                # What comes is not read; the client has to give up by itself.
                await link.released()
                if link.frozen:
                    return
            if message.type is WSMsgType.PING:
                await link.socket.pong(message.data)
            elif message.type is WSMsgType.BINARY:
                await self._take(link, message.data)
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                await link.socket.close()
                return

    async def _take(self, link: Link, data: bytes) -> None:
        try:
            frame = feishu_frame.decode(data)
        except ValueError as error:
            self._terms.flaws.append(str(error))
            return
        if frame.method == CONTROL and frame.kind == "ping":
            pong = Frame(CONTROL, {"type": "pong"}, json.dumps(self._terms.client_config).encode(), SERVICE)
            await self._write(link, pong)
        elif frame.method == DATA:
            self._acknowledged(link, frame)
        else:
            self._terms.flaws.append(f"a frame of method {frame.method} and type {frame.kind!r}")

    def _acknowledged(self, link: Link, frame: Frame) -> None:
        future = link.waiting.get(frame.headers.get("message_id", ""))
        try:
            said = json.loads(frame.payload)
            data = said.get("data")
            answer = Answer(int(said["code"]), json.loads(base64.b64decode(data)) if data else None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._terms.flaws.append(f"an acknowledgement that is none: {error!r}")
            return
        if future and not future.done():
            future.set_result(answer)

    async def _write(self, link: Link, frame: Frame) -> None:
        if link.frozen:
            return
        self._sequence += 1
        numbered = replace(frame, sequence=self._sequence, log=self._sequence)
        with suppress(ConnectionError):
            await link.socket.send_bytes(feishu_frame.encode(numbered))
