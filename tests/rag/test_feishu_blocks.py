"""A Feishu document reads as its authors see it: headings, lists, code, tables, and words of every style."""

from typing import Any

import pytest

from rag.sources.feishu.blocks import read
from rag.types import Section
from tests.fakes.feishu_docs import Block, block, page, run


def elsewhere(block: Any) -> str:
    return f"(block {block['block_type']})"


def sections(*blocks: Block, top: tuple[str, ...] = ()) -> tuple[Section, ...]:
    return read(page("Title", *blocks, top=top), elsewhere).sections


def text(*blocks: Block, top: tuple[str, ...] = ()) -> str:
    (section,) = sections(*blocks, top=top)
    return section.text


def test_sections_follow_the_headings_and_are_anchored_at_their_blocks() -> None:
    found = sections(
        block(2, "a", "intro"),
        block(3, "h1", "One"),
        block(2, "b", "first"),
        block(5, "h3", "Deep"),
        block(11, "h9", "Deepest"),
        block(2, "c", "last"),
        block(4, "h2", "Two"),
    )
    assert [(one.heading_path, one.text, one.anchor) for one in found] == [
        (("Title",), "intro", "root"),
        (("Title", "One"), "first", "h1"),
        (("Title", "One", "Deep"), "", "h3"),
        (("Title", "One", "Deep", "Deepest"), "last", "h9"),
        (("Title", "One", "Two"), "", "h2"),
    ]


def test_lines_are_counted_over_headings_and_texts() -> None:
    found = sections(block(2, "a", "1\n2"), block(3, "h", "H"), block(2, "b", "x"), block(2, "c", "y"))
    assert [(one.first_line, one.last_line) for one in found] == [(1, 3), (4, 7)]


def test_order_comes_from_the_children_and_not_from_the_list() -> None:
    assert text(block(2, "a", "1"), block(2, "b", "2"), top=("b", "a")) == "2\n\n1"


@pytest.mark.parametrize(
    ("style", "written"),
    [
        ({"bold": True}, "**word**"),
        ({"italic": True}, "*word*"),
        ({"strikethrough": True}, "~~word~~"),
        ({"inline_code": True}, "`word`"),
        ({"bold": True, "inline_code": True}, "**`word`**"),
        ({"link": {"url": "https%3A%2F%2Fa.example%2F%E8%AF%BE"}}, "[word](https://a.example/课)"),
    ],
)
def test_styles_stand_at_the_words(style: dict[str, Any], written: str) -> None:
    assert text(block(2, "a", "a ", run(" word ", **style), "z")) == f"a  {written} z"


def test_neighbours_of_one_style_are_written_as_one() -> None:
    assert text(block(2, "a", run("一", bold=True), run("二", bold=True))) == "**一二**"


def test_mentions_and_formulas_are_words_too() -> None:
    elements = [
        {"mention_user": {"user_id": "ou_1"}},
        {"mention_doc": {"title": "第一课", "url": "https%3A%2F%2Fa.example"}},
        {"equation": {"content": "E = mc^2\n"}},
        {"reminder": {"notify_time": "1"}},
    ]
    assert text(block(2, "a", *elements)) == "@成员[第一课](https://a.example)$E = mc^2$"


def test_lists_are_numbered_nested_and_ticked() -> None:
    found = text(
        block(13, "a", "one", children=["b"], sequence="1"),
        block(12, "b", "inner\nline"),
        block(13, "c", "two", sequence="auto"),
        block(2, "d", "between"),
        block(13, "e", "three", sequence="auto"),
        block(17, "f", "done", done=True),
        block(17, "g", "to do"),
        top=("a", "c", "d", "e", "f", "g"),
    )
    assert found == (
        "1. one\n   - inner\n     line\n2. two\n\nbetween\n\n3. three\n\n- [x] done\n- [ ] to do"
    )


def test_code_keeps_its_language_and_has_a_fence_longer_than_its_own() -> None:
    assert text(block(14, "a", "print(1)\n", language=49)) == "```python\nprint(1)\n```"
    assert text(block(14, "a", "```\nx\n```", language=1)) == "````\n```\nx\n```\n````"


def test_quotes_callouts_and_columns_hold_blocks() -> None:
    found = text(
        block(15, "a", "said"),
        block(19, "b", children=["c", "d"]),
        block(2, "c", "mind"),
        block(12, "d", "this"),
        block(24, "e", children=["f"]),
        block(25, "f", children=["g"]),
        block(2, "g", "in a column"),
        block(22, "h"),
        block(16, "i", "x^2"),
        top=("a", "b", "e", "h", "i"),
    )
    assert found == "> said\n\n> mind\n>\n> - this\n\nin a column\n\n---\n\n$$\nx^2\n$$"


def test_a_heading_in_a_column_begins_a_section_and_in_a_callout_it_does_not() -> None:
    found = sections(
        block(24, "grid", children=["h"]),
        block(3, "h", "In a column"),
        block(19, "callout", children=["k"]),
        block(3, "k", "In a callout"),
        top=("grid", "callout"),
    )
    assert [(one.heading_path[-1], one.text) for one in found] == [
        ("Title", ""),
        ("In a column", "> **In a callout**"),
    ]


def table(cells: list[str], columns: int, **more: Any) -> Block:
    return {
        "block_id": "t",
        "block_type": 31,
        "children": cells,
        "table": {"cells": cells, "property": {"column_size": columns, **more}},
    }


def test_tables_hold_blocks_and_merged_cells_speak_for_each_of_theirs() -> None:
    said = ["a|b", "head", "wide", "", "", "", "1", "2\n3"]
    cells = [block(32, f"c{n}", children=[f"p{n}"]) for n in range(8)]
    texts = [block(2, f"p{n}", word) for n, word in enumerate(said)]
    spans = [{"row_span": 1, "col_span": span} for span in (1, 2)] + [{"row_span": 2, "col_span": 2}]
    found = text(table([f"c{n}" for n in range(8)], 2, merge_info=spans), *cells, *texts, top=("t",))
    assert found.split("\n") == [
        "| a\\|b | head |",
        "| --- | --- |",
        "| wide | wide |",
        "| wide | wide |",
        "| 1 | 2 3 |",
    ]


def test_what_lies_elsewhere_is_asked_for_and_what_is_no_text_is_named() -> None:
    found = text(
        {"block_id": "a", "block_type": 30, "sheet": {"token": "s_1"}},
        {"block_id": "b", "block_type": 50, "reference_synced": {}},
        {"block_id": "c", "block_type": 27, "image": {"token": "i", "caption": {"content": "架构"}}},
        {"block_id": "d", "block_type": 23, "file": {"name": "课件.pdf"}},
        {"block_id": "e", "block_type": 26, "iframe": {"component": {"url": "https%3A%2F%2Fb.example"}}},
        {"block_id": "f", "block_type": 27, "image": {"token": "i"}},
    )
    assert found.split("\n\n") == [
        "(block 30)",
        "(block 50)",
        "[图片：架构]",
        "[附件：课件.pdf]",
        "https://b.example",
        "[图片]",
    ]


def test_an_unknown_block_keeps_its_words_and_its_children() -> None:
    found = text(
        {"block_id": "a", "block_type": 777, "children": ["b"], "new": {"elements": [run("words")]}},
        block(2, "b", "child"),
        {"block_id": "c", "block_type": 36, "children": ["d"], "okr": {"okr_id": "1"}},
        {"block_id": "d", "block_type": 37, "okr_objective": {"content": {"elements": [run("goal")]}}},
        top=("a", "c"),
    )
    assert found == "words\n\nchild\n\ngoal"


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"block_id": "x"},
        {"block_id": "x", "block_type": "2", "text": None, "children": "x"},
        {"block_id": "x", "block_type": 31, "table": {"cells": [1, None], "property": []}},
        {"block_id": "x", "block_type": 2, "text": {"elements": [None, {"text_run": 7}]}, "children": ["x"]},
        {"block_id": "x", "block_type": 24, "children": ["root", "x", "missing"]},
    ],
)
def test_odd_blocks_do_no_harm(odd: Block) -> None:
    assert text(block(2, "a", "sound"), odd, top=("x", "a")).endswith("sound")
