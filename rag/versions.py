"""Index versions on disk: written aside, renamed into place, pointed to; the last ones stay to go back to.

v0007/ holds a manifest and the segments it is made of; a segment that the version before has as well is
a hard link to the same file. CURRENT names the version in use.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rag import manifests
from rag.locks import alone, changing
from rag.manifests import Manifest
from rag.types import IndexUnavailable

CURRENT = "CURRENT"
SEGMENT = ".segment"
_HELD = "HELD"
_ASIDE = ".tmp-"
_KEPT_VERSIONS = 5
_JUST_NOW = 3
_VERSION = re.compile(r"v(\d{4,})")


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
        manifest = manifests.read(directory / version, thorough)
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


def whole(stamp: str, manifest: Manifest) -> str:
    """The stamp of the version in which all sources were looked at: this one, or the one that it amends."""
    return manifest.amends or stamp


def versions(directory: Path) -> list[Version]:
    """The intact versions, newest first; of those that only amend one another the newest, and the current."""
    in_use = current(directory)
    return [
        Version(name, datetime.fromisoformat(one.built), one.documents, one.passages, name == in_use)
        for name, one in sorted({**_last(directory), in_use: newest(directory)[1]}.items(), key=_newest)
    ]


def rollback(directory: Path) -> str:
    """Use the version before the current one again, and hold it; IndexUnavailable when there is none.

    What only amends the one before it is passed over.
    """
    with alone(directory), changing(directory):
        version = before(directory)
        _put(directory, _HELD, version)
        _put(directory, CURRENT, version)
    return version


def before(directory: Path) -> str:
    """The version that `rollback` would go back to; IndexUnavailable when there is none."""
    in_use, manifest = newest(directory)
    base = _base(in_use, manifest)
    earlier = {name: at for name, one in _last(directory).items() if (at := _base(name, one)) < base}
    if not earlier:
        raise IndexUnavailable(f"there is no version before {in_use} in {directory}")
    return max(earlier, key=lambda name: (earlier[name], _number(name)))


def _base(name: str, manifest: Manifest) -> int:
    return _number(whole(stamped(name, manifest), manifest).partition(" ")[0])


def _last(directory: Path) -> dict[str, Manifest]:
    """The intact versions that no later one amends, newest first."""
    found: dict[str, tuple[str, Manifest]] = {}
    for name in sorted(_stored(directory), key=_number, reverse=True):
        if manifest := manifests.read(directory / name, thorough=False):
            found.setdefault(whole(stamped(name, manifest), manifest), (name, manifest))
    return dict(found.values())


def _newest(named: tuple[str, Manifest]) -> int:
    return -_number(named[0])


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
def aside(directory: Path) -> Iterator[Path]:
    """A folder to write a new version in; what is left of it at the end is removed."""
    folder = _fresh(directory)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fresh(directory: Path) -> Path:
    """Under a number that no version has and no other run writes: segments are named by it."""
    taken = [path.name.removeprefix(_ASIDE) for path in directory.iterdir()]
    number = max((_number(name) for name in taken if _VERSION.fullmatch(name)), default=0)
    while True:
        number += 1
        with suppress(FileExistsError):
            folder = directory / f"{_ASIDE}v{number:04d}"
            folder.mkdir()
            return folder


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
        file.name: (file.suffix == SEGMENT and known.get(file.name))
        or (file.stat().st_size, manifests.digest(file))
        for file in sorted(folder.iterdir())
        if file.name != manifests.NAME
    }
    sealed = replace(manifest, files=files)
    (folder / manifests.NAME).write_text(json.dumps(asdict(sealed)), "utf-8")
    for name in (*(name for name in files if files[name] != known.get(name)), manifests.NAME, ""):
        _sync(folder / name)
    return sealed


def publish(directory: Path, folder: Path, hold: bool = False, others: bool = False) -> str:
    """Make a sealed folder the version in use, and return its name; `hold` lets a hold go on with it.

    `others`: other runs may write aside, so what lies there is no leftover. Done while `changing`.
    """
    version = folder.name.removeprefix(_ASIDE)
    newest = max(map(_number, _stored(directory)), default=0)
    if _number(version) <= newest:  # others came in between
        version = f"v{newest + 1:04d}"
    folder.rename(directory / version)
    if hold and held(directory):
        _put(directory, _HELD, version)
    _put(directory, CURRENT, version)
    _sweep(directory, version)
    if not others:
        _sweep_aside(directory)
    return version


def _put(directory: Path, name: str, text: str) -> None:
    file = directory / f"{_ASIDE}{name}"
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
    """Versions that nobody goes back to; those that were in use just now may still be being opened."""
    stored = sorted(_stored(directory), key=_number)
    kept = {in_use, *stored[-_JUST_NOW:], *list(_last(directory))[:_KEPT_VERSIONS]}
    for name in stored:
        if name not in kept:
            shutil.rmtree(directory / name, ignore_errors=True)


def _sweep_aside(directory: Path) -> None:
    """Leftovers of broken runs."""
    for path in directory.glob(f"{_ASIDE}*"):
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
