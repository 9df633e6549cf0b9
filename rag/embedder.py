"""Texts into vectors: the built-in embedder that needs no download, and sentence-transformers."""

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rag import tokens
from rag.types import EmbedderUnavailable, Progress

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

Vectors = NDArray[np.float32]
Model = TypeVar("Model")

_BATCH = 64
_BLOCK, _BLOCKS = 65536, 64
_HUB_TIMEOUT = 5.0
_EMBEDDING = ("embedding model", "EMBEDDING_MODEL", "the built-in one")
_RERANKER = ("reranker", "RERANKER_MODEL", "none")


class Embedder(Protocol):
    """A way to turn texts into unit vectors whose inner product says how near they are."""

    @property
    def id(self) -> str:
        """The model; an index built with one cannot be searched with another."""

    @property
    def dimension(self) -> int: ...

    @property
    def share(self) -> float:
        """Its part in the ranking, beside 1 for the words, as labelled sets justify it; 0 leaves it out."""

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Normalised, shape (len(texts), dimension)."""

    def query(self, text: str) -> Vectors:
        """Normalised, shape (dimension,)."""


class HashedEmbedder:
    """Words hashed into signed dimensions: no download, the same everywhere."""

    id = "hashed-256-v1"
    dimension = 256
    # Measured on a course's 160 questions: recall@5 .738 without it, .713 at a share of .1, .669 at .5.
    share = 0.0

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for done, text in enumerate(texts, 1):
            vectors[done - 1] = self.query(text)
            if progress and (done % _BATCH == 0 or done == len(texts)):
                progress("embedding", done, len(texts))
        return vectors

    def query(self, text: str) -> Vectors:
        counts = Counter(tokens.words(text))
        hashes = np.fromiter(map(_hash, counts), np.int64, len(counts))
        signed = np.sqrt(np.fromiter(counts.values(), np.float64, len(counts))) * (1 - 2 * (hashes & 1))
        vector: NDArray[np.float64] = np.zeros(self.dimension)
        np.add.at(vector, (hashes >> 1) % self.dimension, signed)
        return _normalised(vector)


class SentenceTransformerEmbedder:
    """A sentence-transformers model by name or folder; EmbedderUnavailable when it cannot be loaded."""

    # Not measured here for want of pretrained weights; a strong model deserves about as much as one leg.
    share = 0.5

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.id = _named(Path(name).resolve()) if Path(name).is_dir() else name
        self._model = _loaded(SentenceTransformer, name, _EMBEDDING)
        self.dimension = len(self.query("0"))

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        done = 0
        for places in batches(texts, _BATCH):
            batch = [texts[at] for at in places]
            vectors[places] = self._model.encode_document(
                batch, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
            done += len(batch)
            if progress:
                progress("embedding", done, len(texts))
        return vectors

    def query(self, text: str) -> Vectors:
        found = self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)


def batches(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """Places of all texts, those of like length together, so that a batch is not padded; longest first."""
    order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
    return (order[first : first + size] for first in range(0, len(order), size))


def cross_encoder(name: str) -> "CrossEncoder":
    """A sentence-transformers one by name or folder; EmbedderUnavailable when it cannot be loaded."""
    from sentence_transformers import CrossEncoder

    return _loaded(CrossEncoder, name, _RERANKER)


def _loaded(load: Callable[..., Model], name: str, wanted: tuple[str, str, str]) -> Model:
    from safetensors import SafetensorError
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no types
    # KeyError, AttributeError: what the libraries trip over in a folder that holds something else.
    tripped = (OSError, ValueError, RuntimeError, KeyError, AttributeError, SafetensorError)
    try:
        # What is on this machine already needs no question to the hub.
        return load(name, local_files_only=True)
    except tripped as missing:
        if Path(name).exists():
            raise _unavailable(name, missing, wanted) from missing
    try:
        _reach_hub()
        return load(name)
    except tripped as error:
        raise _unavailable(name, error, wanted) from error


def _reach_hub() -> None:
    """The libraries would try a hub that is out of reach for more than a minute, file by file."""
    import httpx
    from huggingface_hub import constants

    try:
        httpx.head(constants.ENDPOINT, timeout=_HUB_TIMEOUT)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise OSError(f"it is not on this machine, and {constants.ENDPOINT} is out of reach") from error


def _named(folder: Path) -> str:
    """The folder's name, and what tells apart two models in folders of one name.

    Of a large file only its size and some blocks of it are read: who trains a model changes all its layers.
    """
    seen = hashlib.blake2b(digest_size=4)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        seen.update(f"{file.relative_to(folder)} {size}\n".encode("utf-8", "replace"))
        with file.open("rb") as data:
            for place in range(0, size, max(_BLOCK, size // _BLOCKS)):
                data.seek(place)
                seen.update(data.read(_BLOCK))
    return f"{folder.name}@{seen.hexdigest()}"


def _unavailable(name: str, error: Exception, wanted: tuple[str, str, str]) -> EmbedderUnavailable:
    what, setting, otherwise = wanted
    reason = re.split(r"\n|\. ", str(error).strip())[0] or type(error).__name__
    return EmbedderUnavailable(
        f"the {what} {name!r} cannot be loaded ({reason}); set {setting} to a model's "
        f"folder or its name on the hub, or leave it empty for {otherwise}"
    )


@lru_cache(maxsize=100_000)
def _hash(term: str) -> int:
    return zlib.crc32(term.encode())


def _normalised(vector: NDArray[np.float64]) -> Vectors:
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)
