"""What the staff approved is found, first, and alone when it changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rag import index
from rag.indexer import Indexer
from rag.retriever import Retriever
from rag.sources.approved import ApprovedSource
from rag.sources.files import FilesSource
from rag.types import Document, Skipped, SourceUnavailable, Unchanged
from tests.fakes.recording_embedder import RecordingEmbedder


@dataclass(frozen=True)
class Approved:
    """As the memory hands it over."""

    id: str
    question: str = "怎么申请证书？"
    answer: str = "填 **问卷**。"
    author: str = ""
    approved_at: float = 1_764_000_000.0
    cohort: str = ""
    asked_as: tuple[str, ...] = ()


def documents(*pairs: Approved) -> list[Document | Unchanged | Skipped]:
    return list(ApprovedSource(lambda: pairs).documents({}))


def document(pair: Approved) -> Document:
    (found,) = documents(pair)
    assert isinstance(found, Document)
    return found


def test_a_pair_is_a_document_with_a_page_of_its_own() -> None:
    found = document(Approved("7", cohort="camp4"))
    assert (found.id, found.path, found.url) == ("approved/7", "7", "/read/approved/7")
    assert (found.title, found.cohort) == ("课程答疑 Approved answers", "camp4")


def test_a_question_is_the_heading_of_its_answer() -> None:
    (section,) = document(Approved("7")).sections
    assert (section.kind, section.heading_path, section.text) == ("qa", ("怎么申请证书？",), "填 **问卷**。")


def test_who_answered_and_when_stands_below_the_answer_and_in_the_sources() -> None:
    found = document(Approved("7", author="王老师"))
    assert found.sections[0].text == "填 **问卷**。\n\n—— 王老师，2025-11-24"
    assert (found.title, found.revision) == ("课程答疑 Approved answers · 王老师", "2025-11-24")


def test_the_day_is_that_of_the_courses_zone() -> None:
    late = Approved("7", author="王老师", approved_at=datetime(2025, 11, 24, 17, tzinfo=UTC).timestamp())
    (found,) = ApprovedSource(lambda: [late], zone=ZoneInfo("Asia/Shanghai")).documents({})
    assert isinstance(found, Document)
    assert found.revision == "2025-11-25"


def test_other_words_for_a_question_lead_to_the_same_answer() -> None:
    pair = Approved("7", asked_as=("证书在哪领？", "怎么申请证书？"))
    sections = document(pair).sections
    assert [section.heading_path for section in sections] == [("怎么申请证书？",), ("证书在哪领？",)]
    assert len({section.text for section in sections}) == 1
    assert len({section.anchor for section in sections}) == 2


def test_only_the_pair_that_changed_is_read_again() -> None:
    pairs = [Approved("1"), Approved("2"), Approved("3")]
    source = ApprovedSource(lambda: pairs)
    known = {one.path: one.mark for one in source.documents({}) if isinstance(one, Document)}
    pairs[1] = replace(pairs[1], answer="不用申请。")
    first, second, third = source.documents(known)
    assert (first, third) == (Unchanged("1"), Unchanged("3"))
    assert isinstance(second, Document)


@pytest.mark.parametrize(
    "changed",
    [{"question": "q"}, {"answer": "a"}, {"author": "李"}, {"cohort": "camp5"}, {"asked_as": ("q",)}],
)
def test_whatever_changes_in_a_pair_changes_its_mark(changed: dict[str, object]) -> None:
    pair = Approved("7")
    assert document(replace(pair, **changed)).mark != document(pair).mark  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize("pair", [Approved("7", answer=" \n"), Approved("7", question="``")])
def test_half_a_pair_is_named(pair: Approved) -> None:
    assert documents(pair) == [Skipped("7", "a question or an answer is missing")]


def test_no_pairs_are_no_failure() -> None:
    assert documents() == []


def test_where_pairs_cannot_be_had_the_source_says_so() -> None:
    def away() -> list[Approved]:
        raise SourceUnavailable("Redis does not answer")

    with pytest.raises(SourceUnavailable, match="Redis"):
        list(ApprovedSource(away).documents({}))


@pytest.fixture
def ask(course: Path, directory: Path) -> Callable[[str, list[Approved]], list[str]]:
    """Index the course with these pairs, and search; the first three passages found."""
    embedder = RecordingEmbedder()

    def run(query: str, pairs: list[Approved]) -> list[str]:
        Indexer([FilesSource("course", course), ApprovedSource(lambda: pairs)], embedder, directory).refresh()
        found = Retriever(index.opened(directory, embedder.id), embedder).search(query, k=3)
        return [hit.passage.document_id for hit in found.hits]

    return run


def test_an_approved_answer_is_found_first_and_a_withdrawn_one_no_more(
    ask: Callable[[str, list[Approved]], list[str]],
) -> None:
    pair = Approved("7", "量化以后显存还是不够怎么办？", "换小一点的模型。", asked_as=("OOM 了怎么解决",))
    assert "approved/7" not in ask("量化以后显存还是不够怎么办？", [])
    assert ask("量化以后显存还是不够怎么办？", [pair])[0] == "approved/7"
    assert ask("oom 了怎么解决？", [pair])[0] == "approved/7"
    assert "approved/7" not in ask("量化以后显存还是不够怎么办？", [])
