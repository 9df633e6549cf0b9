"""What labelled questions teach an index: how much each leg counts, and when a query is ours."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rag import calibration, evaluation, index, versions, weights
from rag.embedder import Embedder
from rag.evaluation import Row
from rag.index import CALIBRATION, Index
from rag.manifests import Manifest

log = logging.getLogger(__name__)


class Golden:
    """The labelled questions of a course; RagError names the file and line that cannot be read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        there = [path for path in paths if path.exists()]
        self.rows: Sequence[Row] = [row for path in there for row in evaluation.read(path)]
        self.digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in there)).hexdigest()[:16]

    def fit(self, folder: Path, manifest: Manifest, old: Index | None, embedder: Embedder) -> Manifest:
        """The manifest with what is fitted, beside its calibration in the folder.

        What the old version has is taken over while the questions are the same and it is not built anew.
        """
        stays = old and any(part.file in old.manifest.files for part in manifest.parts)
        if old and stays and old.manifest.golden == self.digest:
            return as_it_was(folder, manifest, old)
        if not self.rows:
            return replace(manifest, golden=self.digest)
        fresh = index.loaded(folder, manifest)
        self._warn(fresh)
        ranked = weights.fitted(fresh, embedder, [row for row in self.rows if row.positive])
        labels = [bool(row.positive) if row.label is None else row.label for row in self.rows]
        learned = calibration.fitted([row.query for row in self.rows], labels, fresh.lexical)
        if learned:
            (folder / CALIBRATION).write_bytes(learned.dump())
        return replace(manifest, weights=ranked.to_json(), golden=self.digest)

    def _warn(self, fresh: Index) -> None:
        """A place with a slip of the pen in it would guard nothing."""
        there = {id.partition("/")[2] for id in fresh.ids}
        lost = [
            row for row in self.rows if row.positive and not any(one.doc in there for one in row.positive)
        ]
        if lost:
            log.warning(
                "golden questions whose documents are not in the index: %d, the first is %r with %s",
                len(lost),
                lost[0].query,
                lost[0].positive[0].doc,
            )


def as_it_was(folder: Path, manifest: Manifest, old: Index) -> Manifest:
    """The manifest with what was fitted for the old version, beside its calibration in the folder."""
    if CALIBRATION in old.manifest.files:
        versions.share(folder.parent / old.version / CALIBRATION, folder)
    return replace(manifest, weights=old.manifest.weights, golden=old.manifest.golden)
