"""What the desk knows of questions by itself: which ask the same, and what the documents have on them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from memory.base import Source
from rag.citations import to_source
from rag.sameness import LIKELY, SAME
from rag.types import RagError, Searcher

_FOUND = 3  # places on a card

log = logging.getLogger(__name__)


class Sameness(Protocol):
    """Holds a question against others."""

    async def near(self, question: str, others: Sequence[str]) -> list[float]:
        """How near each is, in 0..1. Raises IndexUnavailable."""


class DeskReading:
    """Never raises for want of an index: then nothing is found, and nothing is the same."""

    def __init__(self, searcher: Searcher, sameness: Sameness) -> None:
        self._searcher = searcher
        self._sameness = sameness

    async def found(self, question: str, cohort: str) -> tuple[Source, ...]:
        """The places in the documents that are nearest, whether they answer it or not."""
        try:
            found = await asyncio.to_thread(self._searcher.search, question, _FOUND, cohort)
        except RagError as error:
            log.warning("Nothing is looked up for the desk: %s", error)
            return ()
        sources = (to_source(hit.passage) for hit in found.hits[:_FOUND])
        return tuple(Source(one.title, one.heading, one.url, one.revision) for one in sources)

    async def same(self, question: str, others: Sequence[str]) -> tuple[int | None, int | None]:
        """The place of the one that asks the same, and of one that may; None where there is none."""
        try:
            near = await self._sameness.near(question, others)
        except RagError as error:
            log.warning("Questions are not compared: %s", error)
            return None, None
        best = max(range(len(near)), key=near.__getitem__, default=None)
        if best is None or near[best] < LIKELY:
            return None, None
        return (best, None) if near[best] >= SAME else (None, best)
