"""The events of the fake Feishu server on their way to the bot, again and again until it takes them."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import aiohttp
from Crypto.Cipher import AES

from tests.fakes.feishu_gateway import NOBODY, SILENT, Answer, Gateway
from tests.fakes.feishu_room import dumped
from tests.fakes.feishu_shown import Press
from tests.fakes.feishu_wire import Piece

TAKEN = 200
TOASTS = {"info", "success", "error", "warning"}


class Terms(Protocol):
    """How the server delivers."""

    deliver: str
    encrypt_key: str
    verification_token: str
    clock: Callable[[], float]
    ack_within: float
    pauses: tuple[float, ...]
    new_event_ids: bool
    acks: dict[str, tuple[int, float]]


@dataclass(slots=True)
class Posted:
    """An event, or a callback where there is a press, and how often it was tried."""

    payload: Piece
    press: Press | None = None
    over: Callable[[], None] | None = None
    tried: int = 0


class Mailbox:
    """`put` is for any thread, the rest for the server's loop."""

    def __init__(self, terms: Terms, gateway: Gateway, wake: Callable[[Callable[[], object]], None]) -> None:
        self._terms, self._gateway, self._wake = terms, gateway, wake
        self._waiting: list[Posted] = []
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    def put(self, posted: Posted) -> None:
        self._waiting.append(posted)
        self._wake(self._start)

    async def open(self) -> None:
        """Go on with what is not taken."""
        self._session = aiohttp.ClientSession()
        self._start()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        if self._session:
            await self._session.close()

    async def post(self, payload: Piece) -> Answer:
        """Give it to the webhook."""
        assert self._session
        body, headers = sealed(payload, self._terms.encrypt_key, self._terms.clock())
        try:
            async with self._session.post(self._terms.deliver, data=body, headers=headers) as answer:
                with suppress(ValueError):
                    return Answer(answer.status, json.loads(await answer.read() or b"null"))
                return Answer(answer.status, "no JSON")
        except aiohttp.ClientError:
            return Answer(NOBODY)

    def _start(self) -> None:
        for posted in list(self._waiting):
            if id(posted) not in self._tasks:
                self._tasks[id(posted)] = asyncio.create_task(self._deliver(posted))

    async def _deliver(self, posted: Posted) -> None:
        pauses, answer = () if posted.press else self._terms.pauses, Answer(SILENT)
        for pause in (0.0, *pauses)[posted.tried :]:
            await asyncio.sleep(pause)
            if posted.tried and self._terms.new_event_ids:
                posted.payload = with_new_id(posted.payload)
            posted.tried += 1
            answer = await self._attempt(posted.payload)
            if answer.code == TAKEN:
                break
        if posted.press:
            judge(posted.press, answer)
            if posted.over:
                posted.over()
            posted.press.over = True
        self._waiting.remove(posted)
        del self._tasks[id(posted)]

    async def _attempt(self, payload: Piece) -> Answer:
        since, answer = time.monotonic(), Answer(SILENT)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.ack_within):
                if self._terms.deliver == "socket":
                    answer = await self._gateway.send(dumped(payload).encode())
                else:
                    answer = await self.post(payload)
        if answer.code != NOBODY:
            self._terms.acks[payload["header"]["event_id"]] = (answer.code, time.monotonic() - since)
        return answer


def with_new_id(payload: Piece) -> Piece:
    return {**payload, "header": {**payload["header"], "event_id": uuid4().hex}}


def sealed(payload: Piece, key: str, at: float) -> tuple[bytes, dict[str, str]]:
    """The body and headers that a webhook gets: with a key encrypted and signed."""
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Go-http-client/1.1"}
    body = dumped(payload).encode()
    if not key:
        return body, headers
    vector = secrets.token_bytes(AES.block_size)
    missing = AES.block_size - len(body) % AES.block_size
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, vector)
    encrypted = vector + cipher.encrypt(body + bytes([missing]) * missing)
    body = dumped({"encrypt": base64.b64encode(encrypted).decode()}).encode()
    stamp, nonce = str(int(at)), secrets.token_hex(8)
    signature = hashlib.sha256((stamp + nonce + key).encode() + body).hexdigest()
    signed = {"X-Lark-Request-Timestamp": stamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": signature}
    return body, {**headers, **signed}


def judge(press: Press, answer: Answer) -> None:
    """What comes of a press."""
    toast = answer.body.get("toast") if isinstance(answer.body, dict) else None
    if answer.code != TAKEN:
        press.code = {SILENT: 200341, NOBODY: 200342}.get(answer.code, 200671)
    elif isinstance(answer.body, dict) and "card" in answer.body:
        press.code = 200673
    elif answer.body is not None and not (isinstance(answer.body, dict) and _is_toast(toast)):
        press.code = 200672
    elif isinstance(toast, dict):
        press.toast, press.toast_type = str(toast["content"]), str(toast.get("type", "info"))


def _is_toast(toast: object) -> bool:
    if toast is None:
        return True
    if not isinstance(toast, dict) or not isinstance(toast.get("content"), str):
        return False
    return toast.get("type", "info") in TOASTS
