"""What Feishu posts to a web address: proven to be Feishu's, safe with the bot, and only then confirmed."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import time
from collections.abc import AsyncIterable, Callable, Mapping

from adapters.base import Accept
from adapters.feishu_client import Me
from adapters.feishu_inlet import Desk, Inlet
from adapters.feishu_json import Table, number, parsed, text

MOST_BYTES = 1_000_000
"""Of what is posted, at most."""

_AGE = 300.0  # seconds that a signature is good for, before and after
_BLOCK = 16
_SIGNATURE, _STAMP, _NONCE = "x-lark-signature", "x-lark-request-timestamp", "x-lark-request-nonce"
_NO: Table = {}

log = logging.getLogger(__name__)

Answer = tuple[int, Table]
"""The HTTP status and the JSON of an answer. One that refuses tells nobody why."""


class Webhook:
    """Takes posted events in, in any process. Empty, a key or token is not set; one of them must be."""

    def __init__(
        self,
        desk: Desk,
        encrypt_key: str,
        verification_token: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._desk = desk
        self._key = encrypt_key
        self._token = verification_token
        self._clock = clock
        self._inlet: Inlet | None = None

    @property
    def connected(self) -> bool:
        """Whether messages are taken that Feishu posts."""
        return self._inlet is not None

    async def run(self, me: Me, accept: Accept) -> None:
        """Take messages in until cancelled; Feishu keeps the later ones."""
        self._inlet = self._desk.inlet(me, accept)
        try:
            await asyncio.Event().wait()
        finally:
            self._inlet = None

    async def handle(self, headers: Mapping[str, str], body: AsyncIterable[bytes]) -> Answer:
        """Take one post in and say what to answer; names of headers are in lower case."""
        content = bytearray()
        async for piece in body:
            content += piece
            if len(content) > MOST_BYTES:
                return 413, _NO
        posted = self._opened(bytes(content))
        if not self._is_feishus(posted):
            return 403, _NO
        if text(posted, "type") == "url_verification":
            return 200, {"challenge": text(posted, "challenge")}
        if self._key and not self._is_signed(headers, bytes(content)):
            return 403, _NO
        return await self._take(posted)

    async def _take(self, event: Table) -> Answer:
        if self._inlet is None:
            return 500, _NO
        taken = await self._inlet.take(event)
        return taken.status, taken.answer or _NO

    def _is_signed(self, headers: Mapping[str, str], content: bytes) -> bool:
        """Whether the signature is right, and new enough that nobody posts the same once more."""
        given, at = headers.get(_SIGNATURE, ""), headers.get(_STAMP, "")
        stamped = at + headers.get(_NONCE, "") + self._key
        right = hashlib.sha256(stamped.encode() + content).hexdigest()
        fresh = abs(number({"at": at}, "at") - self._clock()) <= _AGE
        return hmac.compare_digest(given.encode(), right.encode()) and fresh

    def _opened(self, content: bytes) -> Table:
        """What was posted, decrypted; empty where it cannot be read."""
        posted = parsed(content)
        sealed = text(posted, "encrypt")
        return parsed(_decrypted(sealed, self._key)) if sealed and self._key else posted

    def _is_feishus(self, posted: Table) -> bool:
        """Whether it names the token that only Feishu knows; without one, the signature must do."""
        if not self._token:
            return bool(self._key and posted)
        given = text(posted, "header", "token") or text(posted, "token")
        return hmac.compare_digest(given.encode(), self._token.encode())


def _decrypted(sealed: str, key: str) -> bytes:
    """AES-256-CBC behind its vector, in base64; empty where it is none."""
    from Crypto.Cipher import AES

    try:
        data = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        return b""
    if len(data) < 2 * _BLOCK or len(data) % _BLOCK:
        return b""
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, data[:_BLOCK])
    plain = cipher.decrypt(data[_BLOCK:])
    missing = plain[-1]
    whole = 0 < missing <= _BLOCK and plain.endswith(bytes([missing]) * missing)
    return plain[:-missing] if whole else b""
