"""A searcher that counts common words, so that what it finds can be told by eye."""

import re

from rag.types import Followup, Found, Hit, Kind, Passage


def passage(heading: str, text: str, kind: Kind = "prose", cohort: str = "") -> Passage:
    """A passage under a heading of the page "Handbook"."""
    return Passage(
        id=heading,
        document_id="handbook",
        path="handbook.md",
        title="Handbook",
        heading_path=("Handbook", heading),
        text=text,
        url=f"https://course.example/handbook#{heading.replace(' ', '-')}",
        revision="r1",
        span=(1, 9),
        kind=kind,
        cohort=cohort,
    )


class WordSearcher:
    """A hit's score is the number of the query's words in it; a query none of whose words are is not ours.

    It notes what it was asked, and for which cohorts.
    """

    def __init__(self, *passages: Passage) -> None:
        self.passages = passages
        self.queries: list[str] = []
        self.cohorts: list[str] = []

    def search(self, query: str, k: int = 10, cohort: str = "", followup: Followup | None = None) -> Found:
        self.queries.append(query)
        self.cohorts.append(cohort)
        words = _words(query)
        hits = [Hit(each, len(words & _words(f"{each.heading} {each.text}"))) for each in self.passages]
        best = sorted((hit for hit in hits if hit.score), key=lambda hit: -hit.score)[:k]
        return Found(query, tuple(best), relevance=1.0 if best else 0.0, ours=bool(best))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower()))
