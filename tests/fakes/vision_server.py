"""A model server that is sent pictures, on a real port: it tells what it sees, or that it is blind."""

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

BLIND = {
    "object": "error",
    "message": "Multimodal input is not supported by this model.",
    "type": "invalid_request_error",
    "code": 400,
}


class VisionServer:
    """Answers every request with `sees`; without it, as LMDeploy does for a model without eyes.

    One that `hangs` answers nobody before its end.
    """

    def __init__(self, sees: str = "", *, hangs: bool = False) -> None:
        self.sees = sees
        self._awake = threading.Event()
        if not hangs:
            self._awake.set()
        self.asked: list[dict[str, Any]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                server.asked.append(json.loads(body))
                server._awake.wait()
                with suppress(ConnectionError):
                    self._send(*server.answer())

            def do_GET(self) -> None:
                self._send(200, {"object": "list", "data": [{"id": "vision", "object": "model"}]})

            def _send(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def answer(self) -> tuple[int, dict[str, Any]]:
        if not self.sees:
            return 400, BLIND
        message = {"role": "assistant", "content": self.sees}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return 200, {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "vision",
            "choices": [choice],
            "usage": usage,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._awake.set()
        self._http.shutdown()
        self._thread.join(10)
        self._http.server_close()
