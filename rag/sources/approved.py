"""The Q&A that the staff approved as a source: each pair is a document, so that one can change alone."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from urllib.parse import quote

from rag.loaders.outline import Part, page, plain
from rag.sources import Known
from rag.types import Document, Skipped, Unchanged

TITLE = "课程答疑 Approved answers"


class Pair(Protocol):
    """A question with its approved answer (Markdown), and the same question in other words.

    `author` is who answered, by name, `approved_at` Unix seconds.
    """

    @property
    def id(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def approved_at(self) -> float: ...
    @property
    def cohort(self) -> str: ...
    @property
    def asked_as(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ApprovedSource:
    """What `pairs` gives when it is called; it may raise SourceUnavailable. Days are told in the `zone`."""

    pairs: Callable[[], Iterable[Pair]]
    name: str = "approved"
    zone: tzinfo = UTC

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        """A document a pair, in the order that they are given; none at all is well, too."""
        for pair in self.pairs():
            document = self._document(pair)
            if not (pair.answer.strip() and document.sections):
                yield Skipped(pair.id, "a question or an answer is missing")
            elif known.get(pair.id) == document.mark:
                yield Unchanged(pair.id)
            else:
                yield document

    def _document(self, pair: Pair) -> Document:
        day = datetime.fromtimestamp(pair.approved_at, self.zone).date().isoformat()
        signed = f"{pair.answer.strip()}\n\n—— {pair.author}，{day}" if pair.author else pair.answer.strip()
        lines = signed.count("\n") + 1
        # Each wording is a heading of its own: a question put in the same words is then known for the same.
        wordings = dict.fromkeys(plain(wording) for wording in (pair.question, *pair.asked_as))
        parts = [Part(1, wording, signed, 1, lines, "qa") for wording in wordings if wording]
        document = Document(
            id=f"{self.name}/{pair.id}",
            path=pair.id,
            # Who answered, and when, stands in the list of sources too, whatever a model makes of the text.
            title=f"{TITLE} · {pair.author}" if pair.author else TITLE,
            url=f"/read/{quote(self.name)}/{quote(pair.id)}",
            revision=day,
            sections=page(parts, TITLE).sections,
            cohort=pair.cohort,
        )
        mark = hashlib.sha256(repr(document).encode("utf-8", "replace")).hexdigest()
        return replace(document, mark=mark)
