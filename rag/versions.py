"""Index versions on disk: written aside, renamed into place, pointed to; the last ones stay to go back to.

v0007/ holds a manifest and the segments it is made of; a segment that the version before has as well is
a hard link to the same file. CURRENT names the version in use.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from rag.types import IndexUnavailable, RagError

FORMAT = 3
"""Raised whenever what is written, or the way passages and terms are made, changes."""

CURRENT = "CURRENT"
SEGMENT = ".segment"
_HELD = "HELD"
_MANIFEST = "manifest.json"
_KEPT_VERSIONS = 5
_VERSION = re.compile(r"v(\d{4,})")


@dataclass(frozen=True, slots=True)
class Part:
    """A segment in a version, all of one source; `dead` numbers its documents that are gone or replaced."""

    file: str
    source: str
    dead: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version holds; `documents` and `passages` count those that are found.

    `weights` is empty for the defaults, `golden` names the questions that they were fitted on; `files`
    maps a name to its size in bytes and its SHA-256.
    """

    embedding: str
    dimension: int
    built: str
    documents: int
    passages: int
    parts: tuple[Part, ...]
    weights: Mapping[str, float] = field(default_factory=dict)
    golden: str = ""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Version:
    """An intact version, for people."""

    name: str
    built: datetime
    documents: int
    passages: int
    current: bool


def now() -> str:
    """The time as a manifest has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def newest(directory: Path, thorough: bool = False) -> tuple[str, Manifest]:
    """The current version, or the newest intact one before it; `thorough` also reads every byte.

    IndexUnavailable when there is none.
    """
    stored = _in_order(directory)
    if not stored:
        raise IndexUnavailable(f"there is no index in {directory}; run `puyu index`")
    for version in stored:
        manifest = _intact(directory / version, thorough)
        if manifest:
            return version, manifest
    raise IndexUnavailable(f"the index in {directory} is damaged; run `puyu index`")


def current(directory: Path) -> str:
    """The name of the version in use; IndexUnavailable when there is none."""
    return newest(directory)[0]


def named(directory: Path) -> str:
    """What CURRENT names, intact or not; the newest where that cannot be read."""
    return next(iter(_in_order(directory)), "")


def stamp(directory: Path) -> str:
    """What tells the version in use from all others, also from one of its name in a folder that is gone."""
    return stamped(*newest(directory))


def stamped(name: str, manifest: Manifest) -> str:
    """The stamp of a version."""
    return f"{name} {manifest.built}"


def versions(directory: Path) -> list[Version]:
    """The intact versions, newest first."""
    in_use = current(directory)
    names = sorted(_stored(directory), key=_number, reverse=True)
    manifests = ((name, _intact(directory / name, thorough=False)) for name in names)
    return [
        Version(name, datetime.fromisoformat(one.built), one.documents, one.passages, name == in_use)
        for name, one in manifests
        if one
    ]


def rollback(directory: Path) -> str:
    """Use the version before the current one again, and hold it; IndexUnavailable when there is none."""
    with alone(directory):
        in_use = current(directory)
        before = [one.name for one in versions(directory) if _number(one.name) < _number(in_use)]
        if not before:
            raise IndexUnavailable(f"there is no version before {in_use} in {directory}")
        with writing(directory):
            _put(directory, _HELD, before[0])
            _put(directory, CURRENT, before[0])
    return before[0]


def held(directory: Path) -> str:
    """The version somebody went back to, as long as it is in use; else empty."""
    try:
        name = (directory / _HELD).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
    return name if name in _in_order(directory)[:1] else ""


def release(directory: Path) -> None:
    """Let newer versions come again."""
    (directory / _HELD).unlink(missing_ok=True)


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """RagError in the place of what the disk says."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise RagError(
            f"cannot write the index in {directory}: {error.strerror or error}; the old one stays in use"
        ) from error


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One at a time who changes what is in use, over all processes; the lock goes with its process."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / ".lock").open("wb")
    except OSError as error:
        raise RagError(f"cannot write the index in {directory}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RagError(f"another index run is under way in {directory}; wait for it to end") from error
        yield


@contextmanager
def aside(directory: Path) -> Iterator[Path]:
    """A folder to write a new version in; what is left of it at the end is removed."""
    number = max(map(_number, _stored(directory)), default=0) + 1
    folder = directory / f".tmp-v{number:04d}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def share(file: Path, folder: Path) -> None:
    """Let a new version have a file of an old one."""
    try:
        os.link(file, folder / file.name)
    except OSError:  # not every file system has links
        shutil.copyfile(file, folder / file.name)
        _sync(folder / file.name)


def seal(folder: Path, manifest: Manifest, known: Mapping[str, tuple[int, str]]) -> Manifest:
    """Write the manifest of a filled folder and sync all to disk; `known` are the old version's digests."""
    files = {
        # Only segments are shared under names that are never given again.
        file.name: (file.suffix == SEGMENT and known.get(file.name)) or (file.stat().st_size, _digest(file))
        for file in sorted(folder.iterdir())
        if file.name != _MANIFEST
    }
    sealed = replace(manifest, files=files)
    (folder / _MANIFEST).write_text(json.dumps(asdict(sealed)), "utf-8")
    for name in (*(name for name in files if files[name] != known.get(name)), _MANIFEST, ""):
        _sync(folder / name)
    return sealed


def publish(directory: Path, folder: Path, hold: bool = False) -> str:
    """Make a sealed folder the version in use, and return its name; `hold` lets a hold go on with it."""
    version = folder.name.removeprefix(".tmp-")
    folder.rename(directory / version)
    if hold and held(directory):
        _put(directory, _HELD, version)
    _put(directory, CURRENT, version)
    _sweep(directory, version)
    return version


def _put(directory: Path, name: str, text: str) -> None:
    file = directory / f".tmp-{name}"
    file.write_text(text, "utf-8")
    _sync(file)
    file.rename(directory / name)
    _sync(directory)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(directory: Path, in_use: str) -> None:
    """Leftovers of broken runs, and versions that nobody goes back to."""
    kept = {in_use, *sorted(_stored(directory), key=_number)[-_KEPT_VERSIONS:]}
    for path in directory.iterdir():
        if _VERSION.fullmatch(path.name) and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(".tmp-"):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _in_order(directory: Path) -> Sequence[str]:
    """The current version first, then those before it, newest first."""
    stored = sorted(_stored(directory), key=_number, reverse=True)
    try:
        in_use = (directory / CURRENT).read_text("utf-8").strip()
    except (OSError, ValueError):
        return stored
    if not _VERSION.fullmatch(in_use):
        return stored
    return [in_use, *(one for one in stored if _number(one) < _number(in_use))]


def _stored(directory: Path) -> Iterator[str]:
    if directory.is_dir():
        yield from (path.name for path in directory.iterdir() if _VERSION.fullmatch(path.name))


def _number(version: str) -> int:
    return int(version[1:])


def _intact(folder: Path, thorough: bool) -> Manifest | None:
    """The manifest, if every file it names is there in its full size."""
    try:
        values = json.loads((folder / _MANIFEST).read_bytes())
        values["parts"] = tuple(
            Part(one["file"], one["source"], tuple(one["dead"])) for one in values["parts"]
        )
        values["files"] = {name: (size, digest) for name, (size, digest) in values["files"].items()}
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
