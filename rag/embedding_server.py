"""An embedder behind OpenAI's /v1/embeddings, as LMDeploy, vLLM, Ollama and TEI serve it."""

import base64
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx
import numpy as np

from rag.embedder import Vectors, batches
from rag.text import readable, shortened
from rag.types import EmbedderUnavailable, Progress

# TEI takes no more at once unless it is told to.
_BATCH = 32
# Uvicorn drops a connection after 5 s of silence: let go of it before.
_LIMITS = httpx.Limits(keepalive_expiry=4)
_BUSY = {408, 429, 500, 502, 503, 504}
# How servers say that a text, or all of them together, are too much.
_TOO_MUCH = {400, 413, 422}
_SHORTEST = 64


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long one try may take, and the seconds before each further one."""

    timeout: httpx.Timeout
    waits: tuple[float, ...] = ()


_INDEXING = _Patience(httpx.Timeout(60, connect=5), (1, 2, 4, 8, 16))
# Somebody waits for it, and the words alone find something too.
_QUERY = _Patience(httpx.Timeout(2, connect=1))
# Ollama loads its model with the first question.
_PROBE = _Patience(httpx.Timeout(20, connect=2))


class _Refused(Exception):
    """The server will not take these texts; trying them again as they are is of no use."""


class _Busy(Exception):
    """The server may take them later, in `after` seconds where it says so; the text says what is wrong."""

    def __init__(self, problem: str, after: float = 0.0) -> None:
        super().__init__(problem)
        self.after = after


class ServerEmbedder:
    """An Embedder whose model runs elsewhere; every call raises EmbedderUnavailable.

    `base_url` is taken with or without `/v1`, `pause` waits for so many seconds. Texts that are too
    long for the model are embedded by their beginning and end. `close` ends its connections.
    """

    # As with a model in this process.
    share = 0.5

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        url = base_url.strip().rstrip("/")
        url = url if re.search(r"/v\d\w*$", url) else f"{url}/v1"
        self._url = f"{url}/embeddings"
        # Without a user and password in it.
        self._shown = re.sub(r"//[^/@]*@", "//", url)
        self._model = model
        self._key = api_key
        self._pause = pause
        # Bytes, since a header of text must be ASCII.
        headers = {b"authorization": f"Bearer {api_key}".encode()} if api_key else {}
        self._client = httpx.Client(headers=headers, limits=_LIMITS)

    @cached_property
    def dimension(self) -> int:
        """Asked of the server once."""
        return int(self._taken(["0"], _PROBE).shape[1])

    @property
    def id(self) -> str:
        """The model, wherever it is served."""
        return f"openai:{self._model}/{self.dimension}"

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        done = 0
        for places in batches(texts, _BATCH):
            vectors[places] = self._sized([texts[at] for at in places], _INDEXING)
            done += len(places)
            if progress:
                progress("embedding", done, len(texts))
        return vectors

    def query(self, text: str) -> Vectors:
        vector: Vectors = self._sized([text], _QUERY)[0]
        return vector

    def close(self) -> None:
        self._client.close()

    def _sized(self, texts: Sequence[str], patience: _Patience) -> Vectors:
        found = self._taken(texts, patience)
        if found.shape[1] != self.dimension:
            raise self._unavailable(
                f"now gives {found.shape[1]} numbers a text, not {self.dimension}: it has another model; "
                "start this process again, then run `puyu index`"
            )
        return found

    def _taken(self, texts: Sequence[str], patience: _Patience) -> Vectors:
        """What is refused is halved: first the batch, then the text."""
        try:
            return self._tried(texts, patience)
        except _Refused as refused:
            half = len(texts) // 2
            if half:
                return np.concatenate([self._taken(part, patience) for part in (texts[:half], texts[half:])])
            if len(texts[0]) <= _SHORTEST:
                raise self._unavailable(f"refuses even a short text: {refused}") from refused
            return self._taken([shortened(texts[0], len(texts[0]) // 2)], patience)

    def _tried(self, texts: Sequence[str], patience: _Patience) -> Vectors:
        for wait in patience.waits:
            try:
                return self._asked(texts, patience.timeout)
            except _Busy as busy:
                self._pause(max(wait, min(busy.after, patience.waits[-1])))
        try:
            return self._asked(texts, patience.timeout)
        except _Busy as busy:
            raise self._unavailable(str(busy)) from busy

    def _asked(self, texts: Sequence[str], timeout: httpx.Timeout) -> Vectors:
        # Servers refuse an empty text.
        body = {"model": self._model, "input": [readable(text).strip() or "-" for text in texts]}
        with self._blaming():
            response = self._client.post(self._url, json=body, timeout=timeout)
        self._judge(response)
        try:
            return _vectors(response, len(texts))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self._unavailable(f"sent something that is no embedding of {len(texts)} texts") from error

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise _Busy("did not answer in time; see whether it runs, and EMBEDDING_BASE_URL") from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            # Its text may hold the key.
            raise self._unavailable("cannot be asked: the address or the key is malformed") from error
        except (httpx.HTTPError, OSError) as error:
            raise _Busy(
                f"cannot be reached or hung up ({error}); see whether it runs, and EMBEDDING_BASE_URL"
            ) from error

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if response.is_success:
            return
        if status in (401, 403):
            raise self._unavailable(f"refuses the key (HTTP {status}); correct EMBEDDING_API_KEY")
        if status == 404:
            raise self._unavailable(
                f"knows no model {self._model!r}, or no embeddings (HTTP 404); correct EMBEDDING_MODEL, "
                "the model's name there, or EMBEDDING_BASE_URL"
            )
        problem = f"answered HTTP {status}: {self._said(response)}"
        if status in _BUSY:
            raise _Busy(problem, _seconds(response.headers.get("retry-after", "")))
        raise _Refused(problem) if status in _TOO_MUCH else self._unavailable(problem)

    def _said(self, response: httpx.Response) -> str:
        text = response.text.replace(self._key, "…") if self._key else response.text
        return " ".join(readable(text).split())[:200] or "nothing more"

    def _unavailable(self, problem: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(f"the embedding server at {self._shown} {problem}")


def _vectors(response: httpx.Response, wanted: int) -> Vectors:
    """Unit vectors in the order of the texts; ValueError and the like when the answer holds none."""
    rows = sorted(response.json()["data"], key=lambda row: int(row["index"]))
    if [row["index"] for row in rows] != list(range(wanted)):
        raise ValueError("not one vector for each text")
    found = np.stack([_floats(row["embedding"]) for row in rows])
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if found.ndim != 2 or not found.shape[1] or not np.isfinite(lengths).all():
        raise ValueError("not vectors of numbers")
    vectors: Vectors = found / np.maximum(lengths, 1e-12)
    return vectors


def _floats(value: str | list[float]) -> Vectors:
    """OpenAI's base64 of little-endian floats, or numbers."""
    if isinstance(value, str):
        return np.frombuffer(base64.b64decode(value), "<f4").astype(np.float32)
    return np.array(value, np.float32)


def _seconds(retry_after: str) -> float:
    """What the header asks for; a date in it is not worth reading."""
    return float(retry_after) if re.fullmatch(r"\d{1,9}(\.\d+)?", retry_after) else 0.0
