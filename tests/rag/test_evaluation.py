"""Labelled rows become figures that can be trusted, and a bad row is named."""

import json
from pathlib import Path

import pytest

from rag.evaluation import evaluate
from rag.types import Followup, Found, Hit, Passage, RagError
from tests.fakes.searcher import passage


class Scripted:
    """Finds the passages in the same order for every query; whatever ends in a question mark is ours.

    A query that has the word "nothing" finds none. It notes what follows upon what.
    """

    def __init__(self, *passages: Passage) -> None:
        self._hits = tuple(Hit(one, 1 / rank) for rank, one in enumerate(passages, 1))
        self.followups: list[Followup] = []

    def search(self, query: str, k: int = 10, cohort: str = "", followup: Followup | None = None) -> Found:
        if followup:
            self.followups.append(followup)
        if "nothing" in query:
            return Found(query, (), 0.0, False)
        return Found(query, self._hits[:k], 0.5, query.endswith("?"))


@pytest.fixture
def searcher() -> Scripted:
    return Scripted(passage("One", "1"), passage("Two", "2"), passage("Three", "3"))


def rows(folder: Path, *values: object) -> list[Path]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in values))
    return [path]


def positive(*anchors: str) -> dict[str, object]:
    return {"query": "q", "positive": [{"doc": "handbook.md", "anchor": anchor} for anchor in anchors]}


def test_ranks_become_recall_mrr_and_ndcg(searcher: Scripted, tmp_path: Path) -> None:
    found = evaluate(searcher, rows(tmp_path, positive("One"), positive("Two"), positive("Nowhere"))).measures
    values = {name: one.value for name, one in found.items()}
    assert values == {
        "recall@1": 0.3333,
        "recall@5": 0.6667,
        "recall@10": 0.6667,
        "recall@20": 0.6667,
        "MRR@10": 0.5,
        "nDCG@10": 0.5436,
    }


def test_an_anchor_may_name_its_parents_and_must_match_whole_headings(
    searcher: Scripted, tmp_path: Path
) -> None:
    labels = [positive("Handbook > One"), positive("One"), positive("ne"), positive("book > One")]
    measured = evaluate(searcher, rows(tmp_path, *labels)).measures
    assert measured["recall@1"].value == 0.5


def test_an_anchor_that_names_several_sections_is_no_better_than_perfect(tmp_path: Path) -> None:
    searcher = Scripted(passage("One", "1"), passage("One", "2"))
    assert evaluate(searcher, rows(tmp_path, positive("One"))).measures["nDCG@10"].value == 1


def test_a_section_of_another_document_is_not_right(searcher: Scripted, tmp_path: Path) -> None:
    label = {"query": "q", "positive": [{"doc": "other.md", "anchor": "One"}]}
    assert evaluate(searcher, rows(tmp_path, label)).measures["recall@20"].value == 0


def test_decisions_become_precision_recall_and_f1(searcher: Scripted, tmp_path: Path) -> None:
    labels = [("a?", 1), ("b?", 1), ("c?", 0), ("d", 1), ("e", 0)]
    path = rows(tmp_path, *({"query": query, "label": label} for query, label in labels))
    found = evaluate(searcher, path).measures
    assert [found[name].value for name in ("precision", "recall", "F1")] == [0.6667, 0.6667, 0.6667]


def test_figures_carry_their_interval_and_come_out_the_same_again(searcher: Scripted, tmp_path: Path) -> None:
    path = rows(tmp_path, *[positive("One")] * 30, *[positive("Nowhere")] * 10)
    one = evaluate(searcher, path).measures["recall@1"]
    assert (one.value, one.n) == (0.75, 40)
    assert 0.55 < one.low < 0.75 < one.high < 0.95
    assert evaluate(searcher, path).measures["recall@1"] == one


def test_both_kinds_of_rows_may_stand_in_one_file(searcher: Scripted, tmp_path: Path) -> None:
    found = evaluate(searcher, rows(tmp_path, positive("One"), {"query": "a?", "label": 1})).to_json()
    assert found["F1"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}
    assert "recall@1" in found


def turn(user: str, standalone: str = "q", **others: object) -> dict[str, object]:
    return {"user": user, "standalone": standalone, "needs": "history", **positive("One"), **others}


def test_turns_of_conversations_are_measured_against_the_text_given(
    searcher: Scripted, tmp_path: Path
) -> None:
    turns = [
        turn("Kiln?", needs="none"),
        turn("and nothing?"),
        turn("that?", "nothing"),
        turn("it?"),
        turn("so?"),
    ]
    found = evaluate(searcher, rows(tmp_path, {"id": "c", "turns": turns})).measures
    values = {name: (one.value, one.n) for name, one in found.items()}
    # A text that has "nothing" of an earlier question in it finds none either.
    assert values == {"followup@5": (0.75, 4), "standalone@5": (0.75, 4), "ratio": (1.0, 4)}


def test_a_turn_follows_upon_what_its_speaker_said(searcher: Scripted, tmp_path: Path) -> None:
    turns = [
        turn("我的电脑是 Windows", speaker="A", positive=[]),
        turn("kiln 服务怎么启动", speaker="B", needs="none"),
        turn("那卸载呢", speaker="A"),
        turn("那停止呢", speaker="B"),
    ]
    evaluate(searcher, rows(tmp_path, {"turns": turns}))
    assert [one.after for one in searcher.followups] == [(), ("kiln 服务怎么启动",)]


def test_conversations_and_queries_may_stand_in_one_file(searcher: Scripted, tmp_path: Path) -> None:
    path = rows(tmp_path, {"turns": [turn("a"), turn("b")]}, positive("One"), {"query": "a?", "label": 1})
    assert {"followup@5", "ratio", "recall@1", "F1"} <= set(evaluate(searcher, path).to_json())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ('{"label": 1}', "want"),
        ("[1]", "want"),
        ('{"query": 3, "label": 1}', "want"),
        ('{"query": "q"}', "want"),
        ('{"query": "q", "positive": [{"doc": "a"}]}', "want"),
        ('{"turns": 3}', "want"),
        ('{"turns": ["q"]}', "want"),
        ('{"turns": [{"user": 3}]}', "want"),
        ('{"turns": [{"user": "q", "needs": "history", "positive": [{"doc": "a", "anchor": "b"}]}]}', "want"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(
    searcher: Scripted, tmp_path: Path, line: str, reason: str
) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text(json.dumps(positive("One")) + "\n\n" + line + "\n")
    with pytest.raises(RagError, match=rf"golden\.jsonl, line 3: {reason}"):
        evaluate(searcher, [path])


def test_a_missing_file_is_named(searcher: Scripted, tmp_path: Path) -> None:
    with pytest.raises(RagError, match=r"cannot read .*none\.jsonl: No such file"):
        evaluate(searcher, [tmp_path / "none.jsonl"])


def test_progress_counts_the_rows(searcher: Scripted, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    evaluate(searcher, rows(tmp_path, positive("One"), positive("Two")), lambda *stage: seen.append(stage))
    assert seen == [("evaluating", 1, 2), ("evaluating", 2, 2)]
