"""The built-in embedder that also remembers which texts it was given."""

from collections.abc import Mapping, Sequence

from rag.embedder import HashedEmbedder, Vectors
from rag.types import Progress


class RecordingEmbedder:
    """`texts` holds what was embedded, `share` is the vectors' part in the ranking, and a query is embedded
    as what it `means`."""

    def __init__(
        self, id: str = "recording", share: float = 0.0, means: Mapping[str, str] | None = None
    ) -> None:
        self.id = id
        self.share = share
        self.texts: list[str] = []
        self._means = means or {}
        self._hashed = HashedEmbedder()
        self.dimension = self._hashed.dimension

    def documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.texts += texts
        return self._hashed.documents(texts, progress)

    def query(self, text: str) -> Vectors:
        return self._hashed.query(self._means.get(text, text))
