"""Which addresses of the web page are open, and to whom: the rest of Gradio stays outside."""

import asyncio
import re
import secrets
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web_pictures import BODY
from adapters.web_visitors import GUEST_COOKIE, NAME_COOKIE, Visitors
from adapters.web_words import WORDS, preferred

_YEAR = 365 * 24 * 3600
_LONGEST_BODY = 1_000_000
_WRONG_SECONDS = 0.5
# What the page needs of Gradio. The rest of it, such as uploads, stays outside.
_READ = re.compile(r"/|/theme\.css|/(assets|static)/.*")
_CALL = re.compile(r"/gradio_api/component_server/?|/say")
_HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; "
    "frame-ancestors 'self'; base-uri 'self'; form-action 'self'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Door:
    """Stands before the page: gives guests their cookie, asks for the password, and keeps the rest closed."""

    def __init__(self, page: ASGIApp, visitors: Visitors, title: str, languages: tuple[str, ...]) -> None:
        self._page = page
        self._visitors = visitors
        self._title = title
        self._languages = languages
        self._knocking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        receive = _limited(receive, BODY if scope["path"] == "/say" else _LONGEST_BODY)
        request = Request(scope, receive)
        headers = dict(_HEADERS)
        known = await self._visitors.known(request.cookies) is not None
        if self._visitors.guests and not known and request.url.path != "/login":
            headers["set-cookie"] = _cookie(request, GUEST_COOKIE, secrets.token_hex(16))
        response = await self._answer(request, known or self._visitors.guests)
        await (response or self._page)(scope, receive, _with_headers(send, headers))

    async def _answer(self, request: Request, known: bool) -> Response | None:
        """The door's own answer, or None where the page is to answer."""
        path = request.url.path
        if path == "/favicon.ico":
            return Response(_asset("web_mark.svg"), media_type="image/svg+xml")
        if path == "/login":
            if request.method == "POST":
                return await self._login(request)
            # Guests are not asked for a name; the staff may come here to say theirs.
            staff_alone = self._visitors.guests and self._visitors.staffed
            return self._form(request) if staff_alone else RedirectResponse("/", 303)
        if path == "/logout":
            return RedirectResponse("/", 303, {"set-cookie": _cookie(request, NAME_COOKIE, "", 0)})
        if not _may(request):
            return PlainTextResponse("Not found", 404)
        if known:
            return None
        return self._form(request) if path == "/" else PlainTextResponse("Sign in first", 401)

    async def _login(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
        address = request.client.host if request.client else ""
        # One try at a time from an address, and a wrong one takes its time: guessing is slow.
        async with self._knocking.setdefault(address, asyncio.Lock()):
            cookie = await self._visitors.admit(form.get("name", [""])[0], form.get("password", [""])[0])
            if cookie is None:
                await asyncio.sleep(_WRONG_SECONDS)
        if cookie is None:
            return self._form(request, refused=True)
        return RedirectResponse("/", 303, {"set-cookie": _cookie(request, NAME_COOKIE, cookie)})

    def _form(self, request: Request, refused: bool = False) -> Response:
        language = preferred(request.headers.get("accept-language", ""), self._languages)
        words = {**WORDS[language], "title": self._title, "language": language}
        if not refused:
            words["refused"] = ""
        if not self._visitors.staffed:
            words["staff"] = ""
        if self._visitors.guests:
            words["password"] = words["staff_password"]
        fields = {key: escape(word) for key, word in words.items()}
        page = Template(_asset("web_login.html")).substitute(fields, css=_asset("web.css"))
        return HTMLResponse(page, 403 if refused else 200)


def _may(request: Request) -> bool:
    """Whether the page needs this. Calls come as JSON, which a page of another site cannot send unasked."""
    if request.method in ("GET", "HEAD"):
        return _READ.fullmatch(request.url.path) is not None
    json = request.headers.get("content-type", "").startswith("application/json")
    return request.method == "POST" and json and _CALL.fullmatch(request.url.path) is not None


def _limited(receive: Receive, longest: int) -> Receive:
    received = 0

    async def receiving() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > longest:
            raise HTTPException(413, "Too long")
        return message

    return receiving


def _asset(name: str) -> str:
    return files("adapters").joinpath(name).read_text("utf-8")


def _cookie(request: Request, name: str, value: str, seconds: int = _YEAR) -> str:
    secure = "; Secure" if request.url.scheme == "https" else ""
    return f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return sending
