"""The wire to Feishu: one call over HTTP, and what came back in types of this house.

Over aiohttp and not lark-oapi, whose calls open a connection each, fetch tokens by blocking, and fail on any
answer that is no JSON.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
import httpx

from adapters.base import AttachmentRefused
from adapters.feishu_faults import NoAnswer
from adapters.feishu_pace import Lane
from adapters.proxy import UNREACHED, way_to

_PATIENCE, _LONG_PATIENCE = 10.0, 30.0
_IDLE = 50.0  # seconds that a connection is kept; Feishu's own gateway closes them after a minute
_CHUNK = 65536
_TOKEN = re.compile(r"(?<![\w-])[tu]-[\w.-]{8,}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with a file as its field `kind`."""

    kind: str
    data: bytes = field(repr=False)
    fields: Mapping[str, str]

    def form(self) -> aiohttp.FormData:
        """The form, for one attempt."""
        form = aiohttp.FormData(dict(self.fields))
        form.add_field(self.kind, self.data, filename=self.kind)
        return form


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `chat` is where something new will stand. A `frame` is made once, at once or not at all.

    `at_most`: not JSON is expected but a file of at most so many bytes. `upload` goes in place of a body.
    """

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    frame: bool = False
    chat: str = ""
    at_most: int = 0
    upload: Upload | None = None

    @property
    def api(self) -> Lane:
        """The API: the path without its ids, which stand behind the name of what they are of."""
        _, _, service, version, *rest = f"{self.path}///".split("/")
        return Lane("api", f"{self.method} {'/'.join((service, version, *rest[::2]))}".rstrip("/"))

    @property
    def place(self) -> Lane | None:
        """What has a limit besides the API."""
        if self.chat:
            return Lane("chat", self.chat)
        if found := re.search(r"/messages/([^/]+)/reply$", self.path):
            return Lane("chat", found[1])
        if found := re.search(r"/cardkit/v1/cards/([^/]+)", self.path):
            return Lane("card", found[1])
        if self.method in ("PATCH", "PUT") and (found := re.search(r"/messages/([^/]+)$", self.path)):
            return Lane("message", found[1])
        return None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. `message` is for the operator and holds no secret, unlike `body`."""

    status: int
    code: int
    message: str = ""
    reset: float = 0.0
    body: Mapping[str, object] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def data(self) -> Mapping[str, object]:
        data = self.body.get("data")
        return data if isinstance(data, dict) else {}


class Wire:
    """Calls over connections that are kept open, through the environment's proxy."""

    def __init__(self, domain: str, secret: str, patience: float = _PATIENCE) -> None:
        self._domain, self._secret, self._patience = domain, secret, patience
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._way = way_to(domain)

    async def close(self) -> None:
        self._closed = True
        if self._session:
            await self._session.close()

    async def say(self, call: Call, token: str = "") -> Said:
        """The answer to a call. Raises NoAnswer, and AttachmentRefused where a file is too large."""
        headers = {"Content-Type": "application/json; charset=utf-8"} if call.body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        seconds = _LONG_PATIENCE if call.at_most or call.upload else self._patience
        try:
            async with self._opened().request(
                *(call.method, self._domain + call.path),
                params=call.params,
                data=_data(call),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                return await self._heard(answer, call.at_most)
        except TimeoutError as error:
            raise NoAnswer(f"Feishu at {self._domain} was silent for {seconds:.0f} s.") from error
        except (aiohttp.ClientError, *UNREACHED) as error:
            # The error itself may hold the headers, and with them the token.
            name = type(error).__name__
            raise NoAnswer(f"The connection to Feishu at {self._domain} failed ({name}).") from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise NoAnswer("The connections to Feishu are closed.")
        if not self._session:
            secure = httpx.create_ssl_context() if self._domain.startswith("https:") else True
            self._session = aiohttp.ClientSession(
                connector=self._way.connector(secure, idle=_IDLE),
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=self._way.http,
            )
        return self._session

    async def _heard(self, answer: aiohttp.ClientResponse, at_most: int) -> Said:
        is_file = answer.status == 200 and (
            answer.content_type != "application/json" or "Content-Disposition" in answer.headers
        )
        if at_most and is_file:
            return Said(200, 0, content=await _content(answer, at_most))
        try:
            body = json.loads(await answer.read())
        except (ValueError, RecursionError):
            body = None
        code = body.get("code") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(code, int):
            kind = answer.content_type
            raise NoAnswer(
                f"What answers at {self._domain} is not Feishu (HTTP {answer.status}, {kind}); "
                "check the network, its proxy and FEISHU_DOMAIN."
            )
        return Said(answer.status, int(code), self._message(answer, body), _seconds(answer.headers), body)

    def _message(self, answer: aiohttp.ClientResponse, body: Mapping[str, object]) -> str:
        log_id = answer.headers.get("X-Tt-Logid", "")
        said = f"{body['code']} {body.get('msg', '')}".strip()
        said = _TOKEN.sub("…", said.replace(self._secret, "…") if self._secret else said)
        return f"{said}, log id {log_id}" if log_id else said


def packed(content: Mapping[str, object]) -> str:
    """The JSON that Feishu takes as the text of a `content`; its limits count the bytes of this."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _data(call: Call) -> bytes | aiohttp.FormData | None:
    if call.upload:
        return call.upload.form()
    return None if call.body is None else packed(call.body).encode("utf-8", "replace")


async def _content(answer: aiohttp.ClientResponse, at_most: int) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > at_most:
            raise AttachmentRefused("size")
    return bytes(content)


def _seconds(headers: Mapping[str, str]) -> float:
    reset = headers.get("x-ogw-ratelimit-reset", "")
    return float(reset) if re.fullmatch(r"\d{1,6}(\.\d+)?", reset) else 0.0
