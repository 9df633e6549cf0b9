"""Where documents come from."""

from collections.abc import Iterator
from typing import Protocol

from rag.types import Document, Skipped


class DocumentSource(Protocol):
    """A place with documents. An id is the source's name, a slash, and the document's path in it."""

    @property
    def name(self) -> str:
        """Unique among the sources of a course."""

    def documents(self) -> Iterator[Document | Skipped]:
        """Every document once, in a steady order; SourceUnavailable when the place cannot be read."""
