"""Citation markers: only numbers of passages that were given, in the order of their use, at every moment."""

import pytest

from rag.citations import Citations, without_citations

# The model's text, the number of passages given, what is shown, and the passages cited, counted from 0.
CASES = [
    ("Yes [1] and [2][1].", 2, "Yes [1] and [2][1].", (0, 1)),
    ("Yes [2], then [1].", 2, "Yes [1], then [2].", (1, 0)),
    ("Not [3] this [12].", 2, "Not this.", ()),
    ("用法【2】，另见[1]。", 2, "用法[1]，另见[2]。", (1, 0)),
    ("Both [1, 3] or [2-3] or [1，2].", 3, "Both [1][2] or [3][2] or [1][3].", (0, 2, 1)),
    ("Partly [1, 9].", 2, "Partly [1].", (0,)),
    ("A foot [^2].", 2, "A foot [1].", (1,)),
    ("`a[7]` and ``b`[8]`` [7]", 3, "`a[7]` and ``b`[8]``", ()),
    ("```py\na[1]\nb[9]\n```\nThus [2].", 2, "```py\na[1]\nb[9]\n```\nThus [1].", (1,)),
    ("~~~\nx[9]", 2, "~~~\nx[9]", ()),
    ("- ```\n  x[9]\n  ```\n[9] ends", 2, "- ```\n  x[9]\n  ```\n ends", ()),
    ("A ` lone tick [9] [1]", 1, "A ` lone tick [1]", (0,)),
    ("x[0] lies in [0, 1], see [0].", 2, "x[0] lies in [0, 1], see.", ()),
    ("- [ ] to do in [2024] [link][1]", 1, "- [ ] to do in [2024] [link][1]", (0,)),
    ("Open [", 1, "Open [", ()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_markers_name_only_passages_that_were_given(case: tuple[str, int, str, tuple[int, ...]]) -> None:
    said, given, shown, order = case
    citations = Citations(given)
    citations.grow(said)
    assert (citations.close(), citations.order) == (shown, order)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_nothing_shown_is_taken_back(case: tuple[str, int, str, tuple[int, ...]], size: int) -> None:
    said, given, shown, _ = case
    citations, before = Citations(given), ""
    for start in range(0, len(said), size):
        now = citations.grow(said[start : start + size])
        assert now.startswith(before)
        before = now
    assert citations.close() == shown
    assert shown.startswith(before)


@pytest.mark.parametrize("unit", ["`", "[", " ", "[1 ", "` a", "~~~\n", "``` a\n", "[1, "])
def test_no_text_takes_long(unit: str) -> None:
    citations = Citations(3)
    for _ in range(20):
        citations.grow(unit * 1000)
    assert len(citations.close()) <= 20 * 1000 * len(unit)


def test_numbers_can_be_taken_out_altogether() -> None:
    assert without_citations("Use pip [1][2] or `a[1]`.") == "Use pip or `a[1]`."
