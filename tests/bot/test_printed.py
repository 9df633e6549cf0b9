"""What is printed for people says in words what the figures of a search mean."""

import pytest

from bot.printed import found_page
from rag.relevance import GROUNDS, THRESHOLD
from rag.types import Found, Hit
from tests.fakes.searcher import passage


@pytest.mark.parametrize(
    ("relevance", "verdict"),
    [
        (THRESHOLD, "the course's"),
        (GROUNDS, "answered when it is put to the bot"),
        (GROUNDS - 0.01, "not the course's"),
    ],
)
def test_a_search_says_what_would_become_of_the_question(relevance: float, verdict: str) -> None:
    page = found_page(Found("?", (), relevance, relevance >= THRESHOLD))
    assert page == f"relevance {relevance:.2f}: {verdict}"


def test_a_hit_shows_the_cohort_it_is_of_where_it_has_one() -> None:
    hits = (Hit(passage("Setup", "words", cohort="camp3"), 1), Hit(passage("Ports", "words"), 0.5))
    lines = found_page(Found("?", hits, 1, True)).splitlines()
    assert lines[1].endswith("Handbook › Setup  (camp3)")
    assert lines[3].endswith("Handbook › Ports")
