"""Web pages, fetched as a polite guest does: by robots.txt, one at a time, and no more than is needed."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpcore
import httpx
from protego import Protego

from rag.sources.web.body import body, suffix
from rag.sources.web.network import CheckedBackend, Network, Unreachable
from rag.types import DocumentUnreadable

AGENT = "PuyuTA"
"""What robots.txt knows us by."""

_HEADERS = {
    "User-Agent": f"{AGENT}/1.0 (course assistant)",
    "Accept": "text/html, text/markdown, application/pdf, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
_REDIRECTS = 5
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_LONGEST_DELAY = 10.0  # seconds that a robots.txt may ask for between two pages
_LONGEST_VALIDATOR = 200  # characters
_LAST_PORT = 65535
_LONGEST_RULES = 500 * 1024  # bytes of a robots.txt that are read


class Gone(DocumentUnreadable):
    """The site says that there is no such page."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells a server which version of the page at `url` is held already; empty where none is."""

    url: str = ""
    etag: str = ""
    modified: str = ""

    def headers(self) -> Mapping[str, str]:
        """The conditions of a request."""
        both = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in both.items() if value}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page; `suffix` tells its format, `validators` hold the address that it came from in the end."""

    validators: Validators
    suffix: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    url: httpx.URL
    status: int
    headers: httpx.Headers
    chunks: Iterator[bytes]


def canonical(url: str) -> httpx.URL:
    """The address as all write it, without fragment; DocumentUnreadable where it may not be asked for."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise DocumentUnreadable(f"not an address: {error}") from error
    # A host in httpx's other spelling may raise: not every name has one.
    if parsed.scheme not in ("http", "https") or not parsed.raw_host or (parsed.port or 0) > _LAST_PORT:
        raise DocumentUnreadable("not an address that begins with http:// or https://")
    if parsed.userinfo:
        raise DocumentUnreadable("an address with a name or password in it is not asked for")
    return parsed.copy_with(raw_path=parsed.raw_path, fragment=None)


class Fetcher:
    """Fetches the pages of one run; `private` says which hosts may have private addresses, at which ports."""

    def __init__(self, network: Network, private: Callable[[str, int], bool]) -> None:
        self._network = network
        self._private = private
        self._rules: dict[str, Protego | DocumentUnreadable] = {}
        self._visited: set[str] = set()

    def page(self, url: httpx.URL, held: Validators) -> Fetched | None:
        """The page, None when it is as it is held; else Gone, Unreachable or DocumentUnreadable."""
        with self._answer(url, held) as answer:
            if answer.status == 304 and str(answer.url) == held.url:
                return None
            if answer.status in (404, 410):
                raise Gone(f"the site answers {answer.status}: there is no such page")
            if answer.status != 200:
                raise DocumentUnreadable(f"the site answers {answer.status}")
            headers = answer.headers
            return Fetched(
                Validators(str(answer.url), _sendable(headers, "etag"), _sendable(headers, "last-modified")),
                suffix(headers, answer.url.path),
                body(headers, answer.chunks),
            )

    @contextmanager
    def _answer(self, url: httpx.URL, held: Validators, robots: bool = True) -> Iterator[_Answer]:
        """The answer behind at most five redirects, of which each is checked as the first address is."""
        for _ in range(_REDIRECTS + 1):
            if robots:
                self._ask_leave(url)
            with self._asked(url, held.headers() if str(url) == held.url else {}) as answer:
                if answer.status not in _REDIRECTING or "location" not in answer.headers:
                    yield answer
                    return
                url = _target(url, answer.headers["location"])
        raise DocumentUnreadable(f"more than {_REDIRECTS} redirects")

    @contextmanager
    def _asked(self, url: httpx.URL, conditions: Mapping[str, str]) -> Iterator[_Answer]:
        backend = CheckedBackend(self._network, self._private)
        tls = self._tls if url.scheme == "https" else None
        # From httpx's parts, so that what was checked and what is asked for cannot be read in two ways.
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers = {"Host": url.netloc.decode(), **_HEADERS, **conditions}
        try:
            with (
                httpcore.ConnectionPool(tls, network_backend=backend) as pool,
                pool.stream("GET", target, headers=list(headers.items())) as response,
            ):
                yield _Answer(url, response.status, httpx.Headers(response.headers), response.iter_stream())
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise Unreachable(f"{url.raw_host.decode()} cannot be reached: {error}") from error
        except httpcore.TimeoutException as error:
            raise DocumentUnreadable(f"not sent within {self._network.seconds:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise DocumentUnreadable(f"cut off or garbled: {error}") from error

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._network.tls()

    def _ask_leave(self, url: httpx.URL) -> None:
        """Return when robots.txt lets us ask for the page."""
        origin = str(url.join("/robots.txt"))
        if origin not in self._rules:
            self._rules[origin] = self._robots(httpx.URL(origin))
        rules = self._rules[origin]
        if isinstance(rules, DocumentUnreadable):
            raise rules
        if not rules.can_fetch(str(url), AGENT):
            raise DocumentUnreadable("robots.txt of the site does not allow it")
        delay = rules.crawl_delay(AGENT)
        if delay and origin in self._visited:
            self._network.pause(min(delay, _LONGEST_DELAY))
        self._visited.add(origin)

    def _robots(self, url: httpx.URL) -> Protego | DocumentUnreadable:
        """The site's rules. By RFC 9309 there are none at a 4xx, and nothing is allowed at a 5xx."""
        try:
            with self._answer(url, Validators(), robots=False) as answer:
                if answer.status == 200:
                    text = body(answer.headers, answer.chunks)[:_LONGEST_RULES].decode(errors="replace")
                    return Protego.parse(text.lstrip("\ufeff"))
                if 400 <= answer.status < 500:
                    return Protego.parse("")
                return DocumentUnreadable(f"robots.txt of the site answers {answer.status}")
        except DocumentUnreadable as error:
            return error


def _sendable(headers: httpx.Headers, name: str) -> str:
    """A header that can be kept and sent back; empty where it is too long or odd for that."""
    value: str = headers.get(name, "")
    return value if value.isascii() and len(value) <= _LONGEST_VALIDATOR else ""


def _target(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return canonical(str(url.join(location)))
    except httpx.InvalidURL as error:
        raise DocumentUnreadable(f"redirected to what is no address: {error}") from error
