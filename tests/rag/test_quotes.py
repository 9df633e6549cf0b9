"""Quoted answers: readable Markdown, cut at borders, as many passages as belong together."""

import pytest

from rag.quotes import LIMIT, chosen, quoted, trimmed
from rag.types import Hit
from tests.fakes.searcher import passage

PROSE = "First sentence. Second one! 第三句。第四句也在。"
FENCE = "```bash\npip install xtuner\nxtuner list-cfg\nxtuner train\n```\n"
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"


def hits(*scores: float) -> list[Hit]:
    return [Hit(passage(f"H{number}", "Text."), score) for number, score in enumerate(scores, 1)]


@pytest.mark.parametrize(
    ("scores", "count"),
    [
        ((0.9,), 1),
        ((0.9, 0.3, 0.2, 0.1), 1),
        ((0.9, 0.85, 0.3, 0.2), 2),
        ((0.9, 0.88, 0.86, 0.84), 3),
        ((0.9, 0.89), 2),
        ((0.9, 0.5), 1),
        ((0.0, 0.0), 2),
    ],
)
def test_passages_behind_a_wide_gap_are_left_out(scores: tuple[float, ...], count: int) -> None:
    assert len(chosen(hits(*scores))) == count


def test_each_passage_stands_under_its_heading_and_number() -> None:
    assert quoted(hits(2, 1)) == "**H1** [1]\n\nText.\n\n**H2** [2]\n\nText."


def test_an_approved_answer_is_given_plainly_and_alone() -> None:
    pair = Hit(passage("When is it due?", "On Sunday.", "qa"), 1.0)
    assert quoted(chosen([pair, *hits(1.0)])) == "On Sunday. [1]"


def test_a_number_does_not_spoil_the_end_of_a_fence() -> None:
    assert quoted([Hit(passage("How?", FENCE, "qa"), 1)]) == f"{FENCE}\n[1]"


def test_a_text_that_is_short_enough_is_whole() -> None:
    assert trimmed(f"\n{PROSE}\n\n{FENCE}", 500) == f"{PROSE}\n\n{FENCE}".strip()


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        (20, "First sentence."),
        (30, "First sentence. Second one!"),
        (34, "First sentence. Second one! 第三句。"),
    ],
)
def test_prose_ends_with_a_sentence(limit: int, kept: str) -> None:
    assert trimmed(PROSE, limit) == f"{kept}\n\n…"


def test_a_sentence_without_end_is_cut_anyway() -> None:
    assert trimmed("字" * 100, 10) == "字" * 10 + "\n\n…"


@pytest.mark.parametrize("limit", range(1, 160, 7))
def test_fences_are_closed_and_tables_keep_their_rule(limit: int) -> None:
    text = trimmed(f"{PROSE}\n\n{FENCE}\n{TABLE}\nThe end of it all.", limit)
    lines = text.splitlines()
    assert lines.count("```bash") == lines.count("```")
    assert ("| a | b |" in lines) == ("|---|---|" in lines)


def test_a_fence_that_is_too_long_keeps_whole_lines() -> None:
    assert trimmed(FENCE, 30) == "```bash\npip install xtuner\n```\n\n…"


def test_a_fence_is_no_paragraph_border() -> None:
    code = "```\na\n\n| b |\n\n~~~\nc\n```\n"
    assert trimmed(f"{code}\nBehind it. {'More. ' * 50}", 60).startswith(f"{code}\nBehind it.")


def test_the_whole_answer_stays_readable() -> None:
    long = [Hit(passage("H", f"{PROSE}\n\n" * 200), 1.0)] * 3
    assert len(quoted(long)) < LIMIT * 1.2


def test_markup_for_browsers_is_not_shown() -> None:
    code = "```xml\n<config>a</config>\n```"
    text = f"<details>\n<summary>点击显示</summary>\n\n先装驱动。<br>\n\n{code}\n</details>"
    shown = quoted([Hit(passage("安装", text), 1.0)])
    assert "点击显示" in shown
    assert "<config>a</config>" in shown
    assert not any(tag in shown for tag in ("<details>", "<summary>", "<br>", "</details>"))
