"""A strict /v1/embeddings on a real port: it refuses what a real server refuses, and breaks as scripted."""

import base64
import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

import numpy as np

from rag.embedder import HashedEmbedder

CONTEXT = 400
"""Characters of a text; a longer one is refused."""
MOST = 32
"""Texts in a request, as TEI takes them."""

Fault = Literal["", "hang", "cut", "garbage", "fewer", "wider", "null"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of one request: a status and its body, or a fault; the default is an answer."""

    status: int = 200
    body: str = "{}"
    fault: Fault = ""
    retry_after: str = ""


class EmbeddingsServer:
    """Embeds as the built-in embedder does, from `with` to its end; `script` queues turns, one a request.

    `asked` holds the texts of each request, `connections` counts those that were opened.
    """

    def __init__(self, model: str = "bge-m3", key: str = "", encoding: str = "float") -> None:
        self.model, self.key, self.encoding = model, key, encoding
        self.asked: list[list[str]] = []
        self.connections = 0
        self.turns: deque[Turn] = deque()
        self.freed = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Requests,), {"server_of": self}))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def script(self, *turns: Turn) -> None:
        self.turns.extend(turns)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.freed.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, texts: Sequence[str], fault: Fault) -> dict[str, object]:
        """Rows in another order than the texts, as `index` allows, and of lengths other than one."""
        vectors = 3 * HashedEmbedder().documents(texts)
        if fault == "wider":
            vectors = np.pad(vectors, ((0, 0), (0, 1)))
        rows: list[dict[str, object]] = [
            {"object": "embedding", "index": at, "embedding": self._encoded(vector)}
            for at, vector in enumerate(vectors)
        ]
        if fault == "null":
            rows[0]["embedding"] = [None] * len(vectors[0])
        return {"object": "list", "data": rows[fault == "fewer" :][::-1], "model": self.model}

    def _encoded(self, vector: Any) -> object:
        if self.encoding == "base64":
            return base64.b64encode(vector.astype("<f4").tobytes()).decode()
        return vector.tolist()

    def complaint(self, path: str, authorization: str | None, body: Any) -> tuple[int, str]:
        """The status that refuses a request, and why; 200 where nothing is wrong with it."""
        if path != "/v1/embeddings":
            return 404, "Not Found"
        if self.key and authorization != f"Bearer {self.key}":
            return 401, f"Incorrect API key provided: {authorization}"
        texts = body.get("input") if isinstance(body, dict) else None
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t for t in texts):
            return 422, "input must be a list of texts"
        if body.get("model") != self.model:
            return 404, f"The model {body.get('model')!r} does not exist."
        if len(texts) > MOST:
            return 422, f"batch size {len(texts)} > maximum allowed batch size {MOST}"
        if max(map(len, texts)) > CONTEXT:
            return 400, f"This model's maximum context length is {CONTEXT} tokens."
        return 200, ""


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: ClassVar[EmbeddingsServer]

    def setup(self) -> None:
        super().setup()
        self.server_of.connections += 1

    def do_POST(self) -> None:
        server = self.server_of
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, reason = server.complaint(self.path, self.headers["authorization"], body)
        if status != 200:
            return self._send(status, json.dumps({"error": {"message": reason}}))
        server.asked.append(body["input"])
        turn = server.turns.popleft() if server.turns else Turn()
        if turn.fault == "hang":
            server.freed.wait(30)
        if turn.fault in ("hang", "cut"):
            self.close_connection = True
            return None
        if turn.status != 200 or turn.fault == "garbage":
            return self._send(turn.status, turn.body, turn.retry_after)
        return self._send(200, json.dumps(server.answer(body["input"], turn.fault)))

    def _send(self, status: int, text: str, retry_after: str = "") -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text.encode())))
        if retry_after:
            self.send_header("retry-after", retry_after)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *values: object) -> None:
        """Nothing on stderr."""


def main() -> None:
    """Serve until killed; the first line on stdout is the URL."""
    with EmbeddingsServer() as server:
        print(server.url, flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
