"""Index versions on disk: passages, vectors and postings, written aside and renamed into place."""

import hashlib
import json
import mmap
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import lexical
from rag.lexical import Lexical
from rag.types import IndexUnavailable, Passage, RagError

FORMAT = 2
"""Raised whenever what is written, or the way passages and terms are made, changes."""

CURRENT = "CURRENT"
_MANIFEST = "manifest.json"
_KEPT_VERSIONS = 3
_VERSION = re.compile(r"v(\d{4,})")
_FIELDS = tuple(field.name for field in fields(Passage))


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in an index: a hash of all that was read of it, and where its passages stand."""

    fingerprint: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version holds; `files` maps a name to its size in bytes and its SHA-256."""

    embedding: str
    dimension: int
    documents: Mapping[str, Entry]
    files: Mapping[str, tuple[int, str]]
    format: int = FORMAT


class Index:
    """One version, open for any number of threads; it never changes, and outlives its folder."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.version = folder.name
        self.manifest = manifest
        self._starts = np.load(folder / "passages.starts.npy")
        self.sections: NDArray[np.int32] = np.load(folder / "passages.sections.npy")
        self.lexical = lexical.opened(folder, len(self))
        # Mapped from the start: the folder may be swept before they are first asked for.
        self._vectors = _mapped(folder / "vectors.faiss")
        self._lines = _mapped(folder / "passages.jsonl")

    def __len__(self) -> int:
        return len(self._starts) - 1

    def passage(self, at: int) -> Passage:
        """The passage at a place in reading order; its neighbours stand beside it."""
        try:
            values = json.loads(self._lines[self._starts[at] : self._starts[at + 1]])
            values["heading_path"] = tuple(values["heading_path"])
            values["span"] = tuple(values["span"])
            return Passage(**values)
        except (ValueError, LookupError, TypeError) as error:
            raise IndexUnavailable(
                f"version {self.version} of the index is damaged; run `puyu index`"
            ) from error

    def document(self, id: str) -> tuple[Passage, ...]:
        """A document's passages in reading order; empty where it is not in this version."""
        entry = self.manifest.documents.get(id)
        return tuple(map(self.passage, range(entry.first, entry.first + entry.count))) if entry else ()

    def section(self, at: int) -> tuple[Passage, ...]:
        """All parts of the section that the passage at this place belongs to."""
        first, last = np.searchsorted(self.sections, [self.sections[at], self.sections[at] + 1])
        return tuple(self.passage(one) for one in range(first, last))

    def nearest(self, query: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Inner products and places of the k nearest passages, best first, each of shape (k,)."""
        scores, places = self._faiss.search(query[None], min(k, len(self)))
        return scores[0], places[0]

    def vectors(self) -> NDArray[np.float32]:
        """All vectors, shape (passages, dimension)."""
        found: NDArray[np.float32] = self._faiss.reconstruct_n(0, len(self))
        return found

    @cached_property
    def _faiss(self) -> Any:
        import faiss

        return faiss.deserialize_index(np.frombuffer(self._vectors, np.uint8))


def _mapped(file: Path) -> mmap.mmap | bytes:
    with file.open("rb") as data:
        # An empty file cannot be mapped.
        return mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ) if file.stat().st_size else b""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a new version is made of; `vectors` has a row for each passage."""

    embedding: str
    documents: Mapping[str, Entry]
    passages: Sequence[Passage]
    vectors: NDArray[np.float32]
    lexical: Lexical


def opened(directory: Path, embedding: str, thorough: bool = False) -> Index:
    """The current version, or the newest intact one before it; `thorough` also reads every byte.

    IndexUnavailable when there is none, or when it was built with another embedding model.
    """
    version, manifest = _newest(directory, thorough)
    if manifest.embedding != embedding:
        raise IndexUnavailable(
            f"the index in {directory} was built with the embedding model {manifest.embedding!r}, "
            f"the setting is {embedding!r}; run `puyu index`"
        )
    try:
        return Index(directory / version, manifest)
    except (OSError, ValueError, TokenError) as error:
        raise IndexUnavailable(f"the index in {directory} is damaged; run `puyu index --force`") from error


def current(directory: Path) -> str:
    """The version that `opened` gives; IndexUnavailable when there is none."""
    return _newest(directory)[0]


def write(directory: Path, contents: Contents) -> str:
    """Put a new version beside the others, make it the current one, and return its name."""
    version = f"v{max(map(_number, _stored(directory)), default=0) + 1:04d}"
    aside = directory / f".tmp-{version}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        _fill(aside, contents)
        aside.rename(directory / version)
        _point(directory, version)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise RagError(
            f"cannot write the index in {directory}: {error.strerror or error}; the old one stays in use"
        ) from error
    _sweep(directory, version)
    return version


def _fill(folder: Path, contents: Contents) -> None:
    _write_passages(folder, contents.passages)
    _write_vectors(folder / "vectors.faiss", contents.vectors)
    contents.lexical.save(folder)
    files = {file.name: (file.stat().st_size, _digest(file)) for file in sorted(folder.iterdir())}
    manifest = Manifest(contents.embedding, contents.vectors.shape[1], contents.documents, files)
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), ensure_ascii=False), "utf-8")
    for path in (*folder.iterdir(), folder):
        _sync(path)


def _write_passages(folder: Path, passages: Sequence[Passage]) -> None:
    lines = [(json.dumps({name: getattr(one, name) for name in _FIELDS}) + "\n").encode() for one in passages]
    (folder / "passages.jsonl").write_bytes(b"".join(lines))
    np.save(folder / "passages.starts.npy", np.cumsum([0, *map(len, lines)], dtype=np.int64))
    places = [(one.document_id, one.heading_path, one.url) for one in passages]
    new = [at > 0 and place != places[at - 1] for at, place in enumerate(places)]
    np.save(folder / "passages.sections.npy", np.cumsum(new, dtype=np.int32))


def _write_vectors(file: Path, vectors: NDArray[np.float32]) -> None:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    faiss.serialize_index(index).tofile(file)


def _point(directory: Path, version: str) -> None:
    aside = directory / f".tmp-{CURRENT}"
    aside.write_text(version, "utf-8")
    _sync(aside)
    aside.rename(directory / CURRENT)
    _sync(directory)


def _newest(directory: Path, thorough: bool = False) -> tuple[str, Manifest]:
    versions = _versions(directory)
    if not versions:
        raise IndexUnavailable(f"there is no index in {directory}; run `puyu index`")
    for version in versions:
        manifest = _intact(directory / version, thorough)
        if manifest:
            return version, manifest
    raise IndexUnavailable(f"the index in {directory} is damaged; run `puyu index --force`")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(directory: Path, current: str) -> None:
    """Leftovers of broken runs, and versions that nobody goes back to."""
    kept = {current, *sorted(_stored(directory), key=_number)[-_KEPT_VERSIONS:]}
    for path in directory.iterdir():
        if path.name.startswith(".tmp-") or (_VERSION.fullmatch(path.name) and path.name not in kept):
            shutil.rmtree(path, ignore_errors=True)


def _versions(directory: Path) -> list[str]:
    """The current version first, then those before it, newest first."""
    stored = sorted(_stored(directory), key=_number, reverse=True)
    try:
        current = (directory / CURRENT).read_text("utf-8").strip()
    except (OSError, ValueError):
        return stored
    if not _VERSION.fullmatch(current):
        return stored
    return [current, *(one for one in stored if _number(one) < _number(current))]


def _stored(directory: Path) -> Iterator[str]:
    if directory.is_dir():
        yield from (path.name for path in directory.iterdir() if _VERSION.fullmatch(path.name))


def _number(version: str) -> int:
    return int(version[1:])


def _intact(folder: Path, thorough: bool) -> Manifest | None:
    """The manifest, if every file it names is there in its full size."""
    try:
        values = json.loads((folder / _MANIFEST).read_bytes())
        values["documents"] = {id: Entry(**entry) for id, entry in values["documents"].items()}
        manifest = Manifest(**values)
        sound = all(
            (folder / name).stat().st_size == size and (not thorough or _digest(folder / name) == digest)
            for name, (size, digest) in manifest.files.items()
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return manifest if sound and manifest.format == FORMAT else None


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
