"""The approved answers as this process serves them: what is lacking, and how that is mended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import knowledge
from bot.course import APPROVED, Course
from bot.reindex import reindex
from bot.settings import Settings
from rag.report import IndexReport

if TYPE_CHECKING:
    from memory.base import ApprovedPair
    from rag.retriever import Retriever


@dataclass(frozen=True, slots=True)
class Served:
    """What the search of this process holds of them."""

    settings: Settings
    course: Course
    retriever: "Retriever"

    @property
    def stamp(self) -> str:
        """What tells the index version in use from all others."""
        return self.retriever.stamp

    async def lacking(self, pairs: "Sequence[ApprovedPair]") -> set[str]:
        """Ids of those, out of all `pairs`, that are not served as they are, and of those served no more."""
        return await asyncio.to_thread(knowledge.lacking, self.retriever, self.course, pairs)

    async def refresh(self) -> IndexReport:
        """Index what is approved, and serve it. Raises RunFailed and IndexUnavailable."""
        report = await reindex(only=APPROVED)
        await asyncio.to_thread(knowledge.follow_index, self.settings, self.retriever)
        return report

    def headings(self, id: str) -> list[str]:
        """Under which headings the pair is served."""
        found = self.retriever.document(f"{APPROVED}/{id}")
        return list(dict.fromkeys(" > ".join(passage.heading_path) for passage in found))
