"""A course document can be opened at the heading of a source, and nothing in it runs or loads."""

from bot.reader import page
from rag.types import Passage


def passage(text: str, *heading_path: str, anchor: str = "a") -> Passage:
    return Passage(
        "1", "course/p.md", "p.md", "Page", heading_path, text, f"/read/course/p.md#{anchor}", "abc", (1, 9)
    )


def test_headings_can_be_linked_to_by_the_sources_fragment() -> None:
    shown = page([passage("正文", "指南", "量化", anchor="%E9%87%8F%E5%8C%96")])
    assert '<h2 id="量化">量化</h2>' in shown


def test_the_parts_of_a_long_section_share_one_heading() -> None:
    assert page([passage("one", "Long"), passage("two", "Long")]).count(">Long</h1>") == 1


def test_html_and_scripts_in_a_document_are_only_text() -> None:
    shown = page([passage("<script>alert(1)</script> [x](javascript:alert(1))", "<b>Bold</b>")])
    assert "<script>" not in shown
    assert 'href="javascript' not in shown
    assert "&lt;b&gt;Bold&lt;/b&gt;" in shown


def test_pictures_are_named_and_not_loaded() -> None:
    shown = page([passage("![a chart](http://elsewhere/x.png)", "P")])
    assert "a chart" in shown
    assert "<img" not in shown


def test_tables_and_code_are_shown_as_such() -> None:
    shown = page([passage("| a | b |\n| - | - |\n| 1 | 2 |\n\n```bash\nls\n```", "P")])
    assert "<table>" in shown
    assert '<code class="language-bash">ls' in shown
