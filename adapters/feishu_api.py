"""The client of Feishu's REST API for reading: one token, one pace, and what went wrong as a value.

lark-oapi is not used for it: its import costs seconds, and its token cache is one for the whole process and
keeps a token that Feishu no longer takes.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

import httpx

from adapters.base import AdapterError

Trouble = Literal["", "gone", "scope", "down", "other"]
"""Why there are no data: not there or not for this app; a right of the app is missing; nothing can be read
now (not reached, wrong secret, quota used up); anything else that concerns this one call."""

_NO_DATA = "Feishu answered without any data"
_ATTEMPTS = 5
_LONGEST_PAUSE = 60.0
_RENEW_BEFORE = 300.0
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"

# So many calls in so many seconds, by the path's beginning; a little slower than Feishu's own clock.
_PACES = (("/open-apis/docx/", 5, 1.05), ("/open-apis/wiki/", 100, 61.0), ("", 10, 1.05))

# 99991668 is a user's token that has expired: what Feishu says of some old ones of ours, too.
_TOKEN_EXPIRED = frozenset({99991663, 99991668})
_TOKEN_CODES = range(99991641, 99991672)
_SCOPE_MISSING = 99991672
_QUOTA_USED_UP = 99991403
_TOO_FAST = frozenset({99991400, 11232, 1254290})
_BUSY = frozenset({2200, 1254607, 1255040, 1771001})
# Documents, wiki, drive, sheets, bitable; they come with HTTP 400, 403, 404 or 200.
_GONE = frozenset(
    {1770002, 1770003, 1770032, 131005, 131006, 1061003, 1061004, 1061007, 1310213, 1310214}
    | {91402, 91403, 1254003, 1254004, 1254040, 1254041, 1254302}
)


class FeishuError(AdapterError):
    """A call that brought nothing; its text is one sentence for the operator."""

    def __init__(self, sentence: str, trouble: Trouble) -> None:
        super().__init__(sentence)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class FeishuAnswer:
    """The `data` of an answer, or the `trouble` and its `reason`, one sentence for the operator."""

    data: Mapping[str, object]
    trouble: Trouble = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    params: Mapping[str, str] | None
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer of the server; status 0 is none at all, code -1 one that is not Feishu's."""

    status: int
    body: Mapping[str, object]
    reset: float = 0.0
    problem: str = ""

    @property
    def code(self) -> int:
        code = self.body.get("code")
        return code if isinstance(code, int) and not isinstance(code, bool) else -1

    @property
    def message(self) -> str:
        return f"{self.code} {self.body.get('msg', '')}".strip() if self.body else f"HTTP {self.status}"

    @property
    def foreign(self) -> bool:
        """Whether this is not Feishu's own word but that of a proxy, gateway or login page on the way."""
        shaped = self.code >= 0 and isinstance(self.body.get("msg"), str)
        return self.status < 500 and (not shaped or self.code == self.status)

    @property
    def too_fast(self) -> bool:
        return self.status == 429 or self.code in _TOO_FAST

    def pause(self, attempt: int) -> float:
        """Seconds after which to ask again; 0 where that would change nothing."""
        if self.too_fast:
            return min(self.reset or 2.0**attempt, _LONGEST_PAUSE)
        passing = self.status == 0 or self.status >= 500 or self.code in _BUSY
        return 2.0**attempt if passing else 0.0


class FeishuApi:
    """Calls in the name of one app; it keeps Feishu's pace and renews its token by itself.

    `domain` is https://open.feishu.cn or https://open.larksuite.com; `wait` sleeps for seconds.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        domain: str = "https://open.feishu.cn",
        *,
        timeout: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._app_id, self._app_secret, self._domain = app_id, app_secret, domain.rstrip("/")
        self._clock, self._wait = clock, wait
        self._client = httpx.Client(base_url=self._domain, timeout=timeout)
        self._token, self._token_until = "", 0.0
        self._calls = {family: deque[float](maxlen=most) for family, most, _ in _PACES}

    def get(self, path: str, params: Mapping[str, str] | None = None) -> FeishuAnswer:
        """Read; the path begins with /open-apis/."""
        return self._answer(_Request("GET", path, params))

    def post(
        self, path: str, body: Mapping[str, object], params: Mapping[str, str] | None = None
    ) -> FeishuAnswer:
        """Search: only for calls that change nothing, since they are repeated when they fail."""
        return self._answer(_Request("POST", path, params, body))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: _Request) -> FeishuAnswer:
        try:
            data = self._called(request).body.get("data")
        except FeishuError as error:
            return FeishuAnswer({}, error.trouble, str(error))
        # What is missing must not look like a list or a document that is empty.
        return FeishuAnswer(data) if isinstance(data, dict) else FeishuAnswer({}, "other", _NO_DATA)

    def _called(self, request: _Request) -> _Said:
        said = self._said(request, self._headers())
        if said.code in _TOKEN_EXPIRED:
            self._token = ""
            said = self._said(request, self._headers())
        if said.code != 0:
            raise self._error(said)
        return said

    def _headers(self) -> dict[str, str]:
        if not self._token or self._clock() >= self._token_until:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> None:
        secret = {"app_id": self._app_id, "app_secret": self._app_secret}
        said = self._said(_Request("POST", _TOKEN_PATH, None, secret), {})
        token, lasts = said.body.get("tenant_access_token"), said.body.get("expire")
        if said.code > 0 and not said.pause(0):
            raise FeishuError(
                f"Feishu turned down the app id or secret ({self._clean(said.message)}); "
                "correct FEISHU_APP_ID and FEISHU_APP_SECRET in .env",
                "down",
            )
        if said.code != 0 or not isinstance(token, str):
            raise FeishuError(str(self._error(said)), "down")
        self._token = token
        self._token_until = self._clock() + (lasts if isinstance(lasts, int) else 0) - _RENEW_BEFORE

    def _said(self, request: _Request, headers: Mapping[str, str]) -> _Said:
        """The last of several attempts, each later than the one before."""
        said = _Said(0, {})
        for attempt in range(_ATTEMPTS):
            self._keep_pace(request.path)
            said = self._once(request, headers)
            pause = said.pause(attempt)
            if not pause:
                break
            if attempt < _ATTEMPTS - 1:
                self._wait(pause)
        return said

    def _once(self, request: _Request, headers: Mapping[str, str]) -> _Said:
        try:
            answer = self._client.request(
                request.method, request.path, params=request.params, json=request.body, headers=headers
            )
        except httpx.HTTPError as error:
            return _Said(0, {}, problem=type(error).__name__)
        return _said(answer)

    def _keep_pace(self, path: str) -> None:
        family, _, window = next(pace for pace in _PACES if path.startswith(pace[0]))
        calls = self._calls[family]
        early = calls[0] + window - self._clock() if len(calls) == calls.maxlen else 0.0
        if early > 0:
            self._wait(early)
        calls.append(self._clock())

    def _error(self, said: _Said) -> FeishuError:
        message = self._clean(said.message)
        if said.status == 0:
            return FeishuError(
                f"Feishu cannot be reached at {self._domain} ({said.problem}); "
                "check the network and FEISHU_DOMAIN",
                "down",
            )
        if said.code == _SCOPE_MISSING:
            return FeishuError(
                f"the Feishu app has no right {_scopes(said.body)}; add one of these scopes (权限管理) at "
                f"{self._domain}/app/{self._app_id}/auth and publish a new version of the app",
                "scope",
            )
        if said.code == _QUOTA_USED_UP:
            return FeishuError("the Feishu tenant has used up its calls of this month (99991403)", "down")
        if said.too_fast or said.code in _TOKEN_CODES:
            return FeishuError(f"Feishu does not serve the app now ({message}); try again later", "down")
        if said.code in _GONE or (said.status == 404 and not said.foreign):
            return FeishuError(f"Feishu has it no longer, or not for this app ({message})", "gone")
        if said.foreign:
            return FeishuError(
                f"what answers at {self._domain} is not Feishu ({message}); "
                "check the network, its proxy and FEISHU_DOMAIN",
                "down",
            )
        return FeishuError(f"Feishu answered {message}", "other")

    def _clean(self, text: str) -> str:
        for secret in (self._app_secret, self._token):
            text = text.replace(secret, "…") if secret else text
        return text


def _said(answer: httpx.Response) -> _Said:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    reset = answer.headers.get("x-ogw-ratelimit-reset", "")
    return _Said(
        answer.status_code,
        body if isinstance(body, dict) else {},
        float(reset) if re.fullmatch(r"\d+(\.\d+)?", reset) else 0.0,
    )


def _scopes(body: Mapping[str, object]) -> str:
    """The scopes that would do, from the list of what was violated, else from the message."""
    error = body.get("error")
    violations = error.get("permission_violations") if isinstance(error, dict) else None
    named = [str(one.get("subject", "")) for one in violations or () if isinstance(one, dict)]
    if any(named):
        return " / ".join(filter(None, named))
    found = re.search(r"\[([^\]]+)\]", str(body.get("msg", "")))
    return found[1].replace(",", " /") if found else "for this call"
