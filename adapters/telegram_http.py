"""The wire under python-telegram-bot: its bot, asked by a method's own name, over aiohttp.

httpx, which the library would use itself, costs a call more than twice the CPU.
"""

import re
from collections.abc import Mapping

import aiohttp
import httpx
from telegram import Bot
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from adapters.proxy import UNREACHED, way_to
from adapters.telegram_faults import Flooded, NotSent

_CONNECT, _READ, _UPLOAD = 5.0, 20.0, 60.0
_UNTOLD = 5.0
_CHUNK = 65536
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Wire(BaseRequest):
    """The library's way out: up to `connections` at once, through the environment's proxy.

    No error tells the cause, since aiohttp's hold the address of the call and that holds the token.
    """

    def __init__(self, root: str, token: str, connections: int) -> None:
        self._root, self._token, self._connections = root, token.encode(), connections
        self._session: aiohttp.ClientSession | None = None
        self._way = way_to(root)

    @property
    def read_timeout(self) -> float:
        return _READ

    async def initialize(self) -> None:
        secure = httpx.create_ssl_context() if self._root.startswith("https:") else True
        connector = self._way.connector(secure, self._connections)
        self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": self.USER_AGENT})

    async def shutdown(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """The status and the JSON of an answer; one that is not the Bot API's own is an error."""
        seconds = float(read_timeout) if isinstance(read_timeout, int | float) else _READ
        body: bytes | aiohttp.FormData = b""
        if request_data and request_data.contains_files:
            body, seconds = _multipart(request_data), _UPLOAD
        elif request_data:
            body = _form(request_data.json_parameters)
        status, payload = await self._answer(method, url, seconds, body)
        payload = payload.replace(self._token, b"...")
        if failure := _failure(status, payload):
            raise failure
        return status, payload

    async def fetched(self, url: str, at_most: int) -> tuple[int, bytes]:
        """The status and the content of a file, not read on when it is longer than `at_most` bytes."""
        status, content = await self._answer("GET", url, _READ, b"", at_most)
        if status >= 500:
            raise NotSent(f"HTTP {status}")
        return status, content

    async def _answer(
        self,
        method: str,
        url: str,
        seconds: float,
        body: bytes | aiohttp.FormData,
        at_most: float = float("inf"),
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NotSent("the connections to Telegram are closed")
        limits = aiohttp.ClientTimeout(connect=_CONNECT, sock_read=seconds)
        try:
            async with self._session.request(
                *(method, url),
                data=body,
                headers=_FORM if isinstance(body, bytes) else None,
                timeout=limits,
                proxy=self._way.http,
                allow_redirects=False,
            ) as answer:
                content = bytearray()
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    content += chunk
                    if len(content) > at_most:
                        break
                return answer.status, bytes(content)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,
            *UNREACHED,
        ) as error:
            raise NotSent(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NetworkError(type(error).__name__) from None


class Wired(Bot):
    """The library's bot without its methods, each of which parses what it gets: here JSON comes back.

    One update that cannot be parsed would else hide all that came with it.
    """

    async def ask(self, method: str, parameters: Mapping[str, object], seconds: float = _READ) -> object:
        """The result of a method after at most so many seconds of silence. Raises TelegramError."""
        result: object = await self._post(method, dict(parameters), read_timeout=seconds)
        return result


def _failure(status: int, payload: bytes) -> TelegramError | None:
    """What the library would not tell apart: the rest, a JSON with what the Bot API says, is left to it."""
    is_json = payload.startswith(b"{")
    if status == 429:
        # The library's own error for this warns at each of them that it will change.
        told = re.search(rb'"retry_after":\s*(\d+)', payload)
        return Flooded(float(told[1]) if told else _UNTOLD)
    if status in (401, 404) and not is_json:
        return InvalidToken(f"HTTP {status}")
    if status == 504 or (status < 300 and not is_json):
        return NetworkError(f"HTTP {status}")
    return NotSent(f"HTTP {status}") if status >= 500 or not is_json else None


def _multipart(data: RequestData) -> aiohttp.FormData:
    """A form with files in it."""
    form = aiohttp.FormData(data.json_parameters, quote_fields=False)
    for field, (name, content, media_type) in data.multipart_data.items():
        form.add_field(field, content, filename=name, content_type=media_type)
    return form


def _form(parameters: Mapping[str, str]) -> bytes:
    """A form with every byte escaped, which takes the time of one copy instead of a step for each byte."""
    fields = (
        f"{name}=%{value.encode().hex('%')}" if value else f"{name}=" for name, value in parameters.items()
    )
    return "&".join(fields).encode()
