"""What an index version holds, as it is written into its folder."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FORMAT = 3
"""Raised whenever what is written, or the way passages and terms are made, changes."""

NAME = "manifest.json"


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
    maps a name to its size in bytes and its SHA-256. `amends` is the stamp of the version that this one is
    but for a few documents, empty where all sources were looked at.
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
    amends: str = ""


def read(folder: Path, thorough: bool) -> Manifest | None:
    """The manifest, if every file it names is there in its full size."""
    try:
        values = json.loads((folder / NAME).read_bytes())
        values["parts"] = tuple(
            Part(one["file"], one["source"], tuple(one["dead"])) for one in values["parts"]
        )
        values["files"] = {name: (size, told) for name, (size, told) in values["files"].items()}
        manifest = Manifest(**values)
        sound = all(
            (folder / name).stat().st_size == size and (not thorough or digest(folder / name) == told)
            for name, (size, told) in manifest.files.items()
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return manifest if sound and manifest.format == FORMAT else None


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
