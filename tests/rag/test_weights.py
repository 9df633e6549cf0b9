"""Labelled questions settle how much each leg counts, unless they are too few or say nothing sure."""

from pathlib import Path

import pytest

from rag import index
from rag.evaluation import Place, Row
from rag.indexer import Indexer
from rag.sources.files import FilesSource
from rag.weights import Weights, fitted
from tests.fakes.recording_embedder import RecordingEmbedder

LESSONS = range(45)


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """Each lesson has a name of its own."""
    folder = tmp_path / "lessons"
    folder.mkdir()
    for number in LESSONS:
        (folder / f"{number}.md").write_text(
            f"# Lesson {number}\nThe name{number} is taught here, and much else."
        )
    return folder


def asked(number: int) -> Row:
    return Row(f"name{number}", (Place(f"{number}.md", f"Lesson {number}"),))


def settled(folder: Path, means: dict[str, str], rows: list[Row], share: float = 1.0) -> Weights:
    """The weights that rows settle where the vectors take a question for what it `means`."""
    embedder = RecordingEmbedder(share=share, means=means)
    versions = folder.parent / "index"
    Indexer([FilesSource("lessons", folder)], embedder, versions).refresh()
    return fitted(index.opened(versions, embedder.id), embedder, rows)


def test_vectors_that_know_better_than_words_count_more(lessons: Path) -> None:
    rows = [Row(f"name{number}", asked(number + 1).positive) for number in LESSONS[:-1]]
    meant = {row.query: f"name{number + 1}" for number, row in enumerate(rows)}
    assert settled(lessons, meant, rows).dense > 1


def test_vectors_that_mislead_count_less_or_nothing(lessons: Path) -> None:
    meant = {f"name{number}": f"name{(number - 1) % 45}" for number in LESSONS}
    assert settled(lessons, meant, [*map(asked, LESSONS)], share=2.0).dense < 2


def test_what_all_legs_find_leaves_the_default(lessons: Path) -> None:
    assert settled(lessons, {}, [*map(asked, LESSONS)]) == Weights(dense=1.0)


def test_a_few_unlucky_questions_settle_nothing(lessons: Path) -> None:
    meant = {f"name{number}": f"name{number - 1}" for number in (7, 19, 30)}
    assert settled(lessons, meant, [*map(asked, LESSONS)], share=2.0) == Weights(dense=2.0)


def test_too_few_questions_settle_nothing(lessons: Path) -> None:
    meant = {f"name{number}": f"name{number - 1}" for number in LESSONS}
    assert settled(lessons, meant, [*map(asked, LESSONS[:39])], share=2.0) == Weights(dense=2.0)


def test_an_embedder_without_a_share_is_not_asked(lessons: Path) -> None:
    assert settled(lessons, {}, [*map(asked, LESSONS)], share=0.0).dense == 0


def test_weights_come_back_as_they_were_stored() -> None:
    weights = Weights(0.3, 0.7, 0.0)
    assert Weights.from_json(weights.to_json()) == weights


@pytest.mark.parametrize("values", [{"words": "much"}, {"words": -1}, {"sounds": 1}, {"dense": float("nan")}])
def test_stored_weights_that_are_none_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"weights|float"):
        Weights.from_json(values)
