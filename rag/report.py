"""What an index run did: per source, in all, and what it refused; kept as JSON for who asks later."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from rag.types import Skipped


@dataclass(frozen=True, slots=True)
class Changes:
    """How many of something are new, different, gone, and as they were."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
            self.kept + other.kept,
        )


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of one source; `failed` is a sentence where it could not be read and was left as it was."""

    name: str
    documents: Changes
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A golden question that the version in use gets right and the new one would not."""

    query: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did; `version` is the one in use after it, which is the old one if any are `refused`."""

    documents: Changes
    passages: Changes
    skipped: tuple[Skipped, ...]
    seconds: float
    version: str
    sources: tuple[SourceReport, ...] = ()
    refused: tuple[Broken, ...] = ()
    overruled: tuple[Broken, ...] = ()
    started: datetime | None = None

    def to_json(self) -> dict[str, object]:
        """As `puyu index --json` prints it, and as it is kept."""
        skipped = len(self.skipped)
        return {
            "documents": asdict(self.documents) | {"skipped": skipped},
            "passages": asdict(self.passages) | {"skipped": 0},
            "skipped": [{"doc": one.path, "reason": one.reason} for one in self.skipped],
            "sources": [asdict(one) for one in self.sources],
            "refused": [asdict(one) for one in self.refused],
            "overruled": [asdict(one) for one in self.overruled],
            "started": self.started.isoformat(timespec="seconds") if self.started else None,
            "seconds": round(self.seconds, 3),
            "version": self.version,
        }

    @classmethod
    def from_json(cls, values: Any) -> "IndexReport":
        """What `to_json` gave; LookupError, TypeError or ValueError where it is something else."""
        return cls(
            _changes(values["documents"]),
            _changes(values["passages"]),
            tuple(Skipped(one["doc"], one["reason"]) for one in values["skipped"]),
            values["seconds"],
            values["version"],
            tuple(
                SourceReport(one["name"], _changes(one["documents"]), one["failed"])
                for one in values["sources"]
            ),
            tuple(Broken(**one) for one in values["refused"]),
            tuple(Broken(**one) for one in values["overruled"]),
            datetime.fromisoformat(values["started"]) if values["started"] else None,
        )

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        """The sources that could not be read."""
        return tuple(one for one in self.sources if one.failed)


def _changes(values: Mapping[str, int]) -> Changes:
    return Changes(*(values[field.name] for field in fields(Changes)))
