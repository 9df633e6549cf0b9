"""Where documents come from."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from rag.types import Document, Skipped, Unchanged

Known = Mapping[str, str]
"""For each path of this source that the index holds, the mark that its document had; empty at a first run."""


class DocumentSource(Protocol):
    """A place with documents. An id is the source's name, a slash, and the document's path in it."""

    @property
    def name(self) -> str:
        """Unique among the sources of a course."""

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        """Every document once, in a steady order; what is not among them leaves the index.

        One whose mark is in `known` may be Unchanged: it is neither fetched nor parsed. A mark must
        change with everything that makes the Document, labels and links of the source too.
        SourceUnavailable when the place as a whole cannot be read: then all its documents stay.
        """
