"""The HTTP side of the fake Feishu server: every call comes in here, and may go wrong here."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import quote
from uuid import uuid4

from aiohttp import web

from tests.fakes.feishu_account import check_secret
from tests.fakes.feishu_gateway import Gateway
from tests.fakes.feishu_limits import Limits
from tests.fakes.feishu_room import World
from tests.fakes.feishu_routes import TOKEN, route_of
from tests.fakes.feishu_wire import Call, Download, Failing, Piece, Refused, Whole, scope_missing, too_fast

LARGEST_BODY = 64 * 1024 * 1024
ENDPOINT = "/callback/ws/endpoint"
# With 0 the server waits for ever for calls that hang.
CUT_AFTER = 0.01


class House(World, Protocol):
    """The server, as those who come in see it."""

    calls: list[Call]
    faults: list[Failing]
    tokens: dict[str, float]
    gateway: Gateway
    limits: bool
    quota_used_up: bool


class Door:
    """Open while its context is."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._limits = Limits()

    @asynccontextmanager
    async def open(self, at: socket.socket) -> AsyncIterator[None]:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/ws/v2", self._house.gateway.accept)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=CUT_AFTER, access_log=None)
        await runner.setup()
        await web.SockSite(runner, at).start()
        try:
            yield
        finally:
            self._house.gateway.cut()
            # A connection that asyncio has taken but not begun would never be closed.
            asyncio.get_running_loop().remove_reader(at)
            await asyncio.sleep(0)
            for connection in runner.server.connections if runner.server else ():
                connection.force_close()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.method, request.path, dict(request.query), self._house.clock())
        with self._house.lock:
            self._house.calls.append(call)
            failing = next((one for one in self._house.faults if one.times and one.part in call.name), None)
            fault = failing if failing and failing.strikes() else None
        try:
            call.body = await _body(request)
            answer = await self._done(request, call, fault)
        except Refused as refused:
            answer = _json(refused.answer, refused.status)
            answer.headers.update(refused.headers)
            call.code = refused.code
        if request.transport is not None and not request.transport.is_closing():
            call.status = answer.status
            call.code = max(call.code, 0) if answer.status != 500 else call.code
        return answer

    async def _done(self, request: web.Request, call: Call, fault: Failing | None) -> web.Response:
        """The answer of a call, with what goes wrong with it. Raises Refused."""
        how = fault.how if fault else ""
        if fault and isinstance(how, int):
            raise too_fast(how, fault.seconds)
        if how == "error":
            return web.Response(status=500, text="<html>upstream connect error</html>")
        answer = web.Response()
        if how not in ("drop_before", "hang"):
            with self._house.lock:
                answer = self._effect(request, call)
        if str(how).startswith("hang"):
            await asyncio.Event().wait()
        if str(how).startswith("drop") and request.transport:
            request.transport.abort()
        return answer

    def _effect(self, request: web.Request, call: Call) -> web.Response:
        house = self._house
        if call.path == ENDPOINT:
            check_secret(house, call.body.get("AppID"), call.body.get("AppSecret"))
            return _json({"code": 0, "msg": "", "data": house.gateway.address(request.host)})
        route = route_of(call)
        if route is None:
            return web.Response(status=404, text="404 page not found")
        if route.pattern != TOKEN:
            self._check_token(request.headers.get("Authorization", ""))
            if house.quota_used_up:
                raise Refused(99991403)
            if route.scopes and not house.scopes & set(route.scopes):
                raise scope_missing(house.app_id, route.scopes)
        if house.limits:
            self._limits.check(house, call, route.pattern)
        told = route.handler(house, call)
        if isinstance(told, Download):
            name = f"attachment; filename*=UTF-8''{quote(told.name)}"
            return web.Response(
                body=told.content, content_type=told.media_type, headers={"Content-Disposition": name}
            )
        return _json(told.answer if isinstance(told, Whole) else {"code": 0, "msg": "success", "data": told})

    def _check_token(self, authorization: str) -> None:
        kind, _space, token = authorization.partition(" ")
        if kind != "Bearer" or not token:
            raise Refused(99991661)
        if not token.startswith(("t-", "u-")):
            raise Refused(99991671)
        if self._house.tokens.get(token, 0) <= self._house.clock():
            raise Refused(99991663)


async def _body(request: web.Request) -> Piece:
    """What came, the file of a form as bytes. Raises Refused."""
    if request.content_type.startswith("multipart/"):
        return {name: _field(value) for name, value in (await request.post()).items()}
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise Refused(9499, "Bad Request") from None
    if not isinstance(body, dict):
        raise Refused(9499, "Bad Request")
    return body


def _field(value: object) -> object:
    if not isinstance(value, web.FileField):
        return value
    with value.file:
        return value.file.read()


def _json(answer: Piece, status: int = 200) -> web.Response:
    return web.json_response(answer, status=status, headers={"X-Tt-Logid": uuid4().hex})
