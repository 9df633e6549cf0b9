"""A web site on a real port, with the manners and the malice of the web; it turns away who asks rudely."""

import gzip
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

Fault = Literal["", "hang", "drip", "drip_headers", "cut", "garbage"]


@dataclass(frozen=True, slots=True)
class Page:
    """What the site answers with. `etag` and `modified` are compared with what the guest holds.

    `hang` sends nothing, `drip` a byte now and then without an end, `drip_headers` the same before the
    headers are over, `cut` half of what it announced, `garbage` what is not HTTP.
    """

    body: bytes | str = ""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    etag: str = ""
    modified: str = ""
    to: str = ""
    packed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = ""


class WebSite:
    """Runs in threads of its own from `with` to its end; `pages` are by path and query.

    `asked` lists the paths that were asked for with the statuses they got, `hosts` the names that the
    site was called by. A guest who does not say that it is PuyuTA, or sends a body, gets 400.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, int]] = []
        self.hosts: list[str] = []
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def change(self, path: str, **changes: Any) -> None:
        """Make the page at this path another one."""
        self.pages[path] = replace(self.pages[path], **changes)

    def statuses(self, path: str) -> list[int]:
        """What those got who asked for this path."""
        return [status for asked, status in self.asked if asked == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site._answer(self)

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # the guest has gone, or does not trust the certificate
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        page = self.pages.get(request.path, Page("no such page", status=404))
        if _rude(request.headers):
            page = Page(status=400)
        elif _held(page, request.headers):
            page = replace(page, status=304, body=b"", packed=False)
        self.hosts.append(request.headers["Host"])
        self.asked.append((request.path, page.status))
        if page.fault == "hang":
            self._over.wait()
        elif page.fault == "garbage":
            request.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        else:
            self._send(request, page)

    def _send(self, request: BaseHTTPRequestHandler, page: Page) -> None:
        body = page.body.encode() if isinstance(page.body, str) else page.body
        body = gzip.compress(body) if page.packed else body
        announced = {
            "Content-Type": page.type,
            "Content-Length": str(len(body) + (1000 if page.fault else 0)),
            "Content-Encoding": "gzip" if page.packed else "",
            "ETag": page.etag,
            "Last-Modified": page.modified,
            "Location": page.to,
            **page.headers,
        }
        request.send_response(page.status)
        for name, value in announced.items():
            if value and (page.status, name) != (304, "Content-Length"):
                request.send_header(name, value)
        if page.fault != "drip_headers":
            request.end_headers()
            request.wfile.write(body)
        request.flush_headers()
        while page.fault.startswith("drip") and not self._over.is_set():
            request.wfile.write(b"x")
            time.sleep(0.02)
        request.close_connection = request.close_connection or bool(page.fault)


def _rude(headers: Message) -> bool:
    named = headers.get("User-Agent", "").startswith("PuyuTA/") and headers.get("Host")
    return not named or "Content-Length" in headers or "Transfer-Encoding" in headers


def _held(page: Page, headers: Message) -> bool:
    """By RFC 9110 a time is only looked at where no tag is named."""
    if "If-None-Match" in headers:
        return page.etag != "" and headers["If-None-Match"] == page.etag
    return page.modified != "" and headers["If-Modified-Since"] == page.modified
