"""The gate before a new version: the golden questions, asked of the version in use and of the new one."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.evaluation import Row
from rag.report import Broken
from rag.types import Found, Progress, Searcher

HITS = 5
"""A golden question is answered right if one of so many first hits is a right place."""

TOLERANCE = 0.02
"""So much less of the golden questions may be right before a version is refused."""

# Of the samples that the bootstrap draws, so many must agree that the new version is worse.
_SURE = 0.8
_SAMPLES = 1000
_SEED = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """One golden question, asked of both versions; `right` and `now` say whether each gets it right."""

    row: Row
    before: bool
    now: bool
    found: Found


def broken(
    before: Searcher,
    now: Searcher,
    rows: Sequence[Row],
    progress: Progress | None = None,
    within: float = math.inf,
) -> tuple[Broken, ...]:
    """The golden questions that only the version before gets right; empty where it is not worse for that.

    Judged are hit-rate (rows with places) and relevance (rows with a label), each by the mean difference
    against TOLERANCE, and by how sure a paired bootstrap is of it. Those that are not asked `within` so many
    seconds have no say.
    """
    asked: list[_Asked] = []
    until = time.monotonic() + within
    for row in _mixed(rows) if within < math.inf else rows:
        if time.monotonic() > until:
            break
        asked.append(_asked(before, now, row))
        if progress:
            progress("checking", len(asked), len(rows))
    places = [one for one in asked if one.row.positive]
    labels = [one for one in asked if one.row.label is not None and not one.row.positive]
    lost = [one for kind in (places, labels) if _worse(kind) for one in kind if one.before and not one.now]
    return tuple(Broken(one.row.query, _expected(one.row), _first(one.found)) for one in lost)


def _mixed(rows: Sequence[Row]) -> list[Row]:
    """The same in an order in which the first ones stand for all."""
    return [rows[at] for at in np.random.default_rng(_SEED).permutation(len(rows))]


def _asked(before: Searcher, now: Searcher, row: Row) -> _Asked:
    found = now.search(row.query, HITS)
    return _Asked(row, _right(row, before.search(row.query, HITS)), _right(row, found), found)


def _right(row: Row, found: Found) -> bool:
    if row.positive:
        return any(place.holds(hit.passage) for hit in found.hits[:HITS] for place in row.positive)
    return found.ours == row.label


def _worse(asked: Sequence[_Asked]) -> bool:
    if not asked:
        return False
    lost: NDArray[np.float64] = np.array([float(one.before) - float(one.now) for one in asked])
    draw = np.random.default_rng(_SEED)
    samples = lost[draw.integers(0, len(lost), (_SAMPLES, len(lost)))].mean(axis=1)
    return bool(lost.mean() > TOLERANCE and np.mean(samples > 0) >= _SURE)


def _expected(row: Row) -> str:
    if not row.positive:
        return "the course's" if row.label else "not the course's"
    return " or ".join(f"{place.doc}#{place.anchor}" for place in row.positive)


def _first(found: Found) -> str:
    if not found.hits:
        return "nothing"
    first = found.hits[0].passage
    return f"{first.path}#{first.heading}"
