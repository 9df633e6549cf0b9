"""What an answer is written from: the question, the passages found, and what is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.types import Exchange, Fact, Hit

LEAST_HITS = 1
"""A prompt that is too long still gets the best passage."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that the model may use. Exchanges and facts are oldest first, hits best first.

    `asks_back`: the question is about the asker or about what was said, and `recalled` are the exchanges
    that answer it, best first. `summary` tells of what was before `history`.
    """

    question: str
    hits: tuple[Hit, ...] = ()
    history: Sequence[Exchange] = ()
    summary: str = ""
    facts: Sequence[Fact] = ()
    recalled: Sequence[Exchange] = ()
    asks_back: bool = False

    def shorter(self) -> "Material | None":
        """The same with less in it, the least useful first; None where nothing can be left out any more."""
        if self.history:
            return replace(self, history=self.history[len(self.history) // 2 + 1 :])
        if self.recalled or self.summary:
            return replace(self, recalled=(), summary="")
        if len(self.hits) > LEAST_HITS:
            return replace(self, hits=self.hits[:-1])
        return None
