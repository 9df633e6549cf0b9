"""Files of every format become sections with the headings that a reader sees."""

import json

import pytest

from rag.loaders import load
from rag.types import DocumentUnreadable


def paths(name: str, text: str) -> list[tuple[str, ...]]:
    return [section.heading_path for section in load(name, text.encode()).sections]


def texts(name: str, text: str) -> list[str]:
    return [section.text for section in load(name, text.encode()).sections]


def test_headings_nest_by_their_level() -> None:
    assert paths("a.md", "# A\n## B\n### C\n## D\n") == [("A",), ("A", "B"), ("A", "B", "C"), ("A", "D")]


def test_a_heading_without_a_space_counts_unless_it_may_be_a_tag() -> None:
    assert paths("a.md", "##安装\n#标签\n") == [("安装",)]


def test_underlined_headings_count_and_rules_and_tables_do_not() -> None:
    assert paths("a.md", "标题\n===\n\n小节\n---\n正文\n\n---\n|a|b|\n---\n") == [("标题",), ("标题", "小节")]


def test_a_comment_inside_a_code_fence_is_no_heading() -> None:
    assert paths("a.md", "# A\n```bash\n# not a heading\n```\n## B\n") == [("A",), ("A", "B")]


def test_a_forgotten_fence_costs_one_block_and_not_the_page() -> None:
    assert paths("a.md", "# A\n```\ncode\n```python\n# B\n") == [("A",), ("B",)]


def test_a_longer_fence_holds_shorter_ones() -> None:
    assert paths("a.md", "# A\n````md\n```bash\n# no\n```\n# no\n````\n## B\n") == [("A",), ("A", "B")]


def test_code_between_three_ticks_in_one_line_opens_no_fence() -> None:
    assert paths("a.md", "# A\n```pip list```\n## B\n") == [("A",), ("A", "B")]


def test_front_matter_gives_the_title_and_no_section() -> None:
    page = load("a.md", "---\ntitle: '首页'\ntags: [a]\n---\n\n正文\n## 小节\n文\n".encode())
    assert (page.title, page.sections[0].text, page.sections[0].first_line) == ("首页", "正文", 5)
    assert [one.heading_path for one in page.sections] == [(), ("小节",)]


def test_a_page_that_begins_with_a_rule_loses_nothing() -> None:
    assert "Note: one" in texts("a.md", "---\nNote: one\n\ntwo\n\n---\nthree\n")[0]


def test_a_comment_is_left_out_and_its_lines_still_count() -> None:
    _, second = load("a.md", b"# A\n<!--\n## old\n-->\n```html\n<!-- kept -->\n```\n## B\n").sections
    assert (second.heading_path, second.first_line) == (("A", "B"), 8)
    assert texts("a.md", "# A\n<!--\nold\n-->\n```html\n<!-- kept -->\n```\n") == [
        "```html\n<!-- kept -->\n```"
    ]


def test_a_heading_is_its_plain_words() -> None:
    text = "## <a id='x'></a>**3.1** [安装](http://x) `lmdeploy`  \\_v2\\_ ##\n"
    assert paths("a.md", text) == [("3.1 安装 lmdeploy _v2_",)]
    assert paths("a.md", "## ![图标](a.png) 安装\n") == [("图标 安装",)]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("unit", ["[", "<", "[](", "<a ", "a [", "## "])
def test_a_heading_of_beginnings_without_an_end_is_read_in_one_pass(unit: str) -> None:
    heading = f"x{unit * 100_000}x"
    assert paths("a.md", f"# {heading}\n") == [(heading,)]
    assert paths("a.md", f"# x{' ' * 300_000}x ##\n") == [("x x",)]


def test_text_before_the_first_heading_is_kept() -> None:
    assert paths("a.md", "前言\n# A\n正文\n") == [(), ("A",)]


def test_repeated_headings_get_anchors_of_their_own() -> None:
    anchors = [
        section.anchor for section in load("a.md", "## 安装 Env\n## 安装 Env\n## !!\n".encode()).sections
    ]
    assert anchors == ["安装-env", "安装-env-1", "section"]


def test_a_section_knows_its_lines() -> None:
    first, second = load("a.md", b"# A\none\n\n## B\ntwo\n").sections
    assert (first.first_line, first.last_line, second.first_line) == (1, 2, 4)


def test_an_underlined_heading_begins_its_section() -> None:
    first, second = load("a.md", b"# A\none\n\nB\n---\ntwo\n").sections
    assert (first.last_line, second.first_line, second.last_line) == (2, 4, 6)


def test_the_title_is_the_first_heading_of_the_highest_level() -> None:
    assert load("a.md", b"## small\n# Big\n# Other\n").title == "Big"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_files_of_chinese_windows_can_be_read(encoding: str) -> None:
    assert load("a.md", "# 环境配置\n".encode(encoding)).title == "环境配置"


@pytest.mark.parametrize("data", [b"\x89PNG\0\0", b"\xff\xd8\xff\xe0\xff\xff"])
def test_what_is_no_text_is_refused_with_the_reason(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="not text"):
        load("a.md", data)


def test_an_unknown_format_is_refused_with_the_reason() -> None:
    with pytest.raises(DocumentUnreadable, match=r"format not supported: \.png"):
        load("a.png", b"PNG")


@pytest.mark.parametrize(
    "header", ["question,answer,section", "问题,答案,section", "Answer,Question,section"]
)
def test_a_row_of_questions_and_answers_is_headed_by_its_question(header: str) -> None:
    row = "转完了,怎么转？,部署" if header.startswith("A") else "怎么转？,转完了,部署"
    (section,) = load("qa.csv", f"\ufeff{header}\n{row}\n".encode()).sections
    assert (section.heading_path, section.kind) == (("怎么转？",), "qa")
    assert section.text == "转完了\n\nsection: 部署"


@pytest.mark.parametrize("mark", [";", "\t"])
def test_columns_may_be_parted_by_other_marks(mark: str) -> None:
    (section,) = load("qa.csv", f"\n问题{mark}答案\nq, 1{mark}a\n".encode()).sections
    assert (section.heading_path, section.text) == (("q, 1",), "a")


def test_a_row_over_several_lines_begins_at_its_first() -> None:
    first, second = load("qa.csv", b'question,answer\n"one\nq","a\nb"\nq2,a2\n').sections
    assert (first.heading_path, first.text, first.first_line) == (("one q",), "a\nb", 2)
    assert second.first_line == 5


def test_a_question_without_an_answer_is_left_out() -> None:
    assert paths("qa.csv", "question,answer\nq1,\n,a2\nq3,a3\n") == [("q3",)]


def test_rows_of_another_table_carry_the_names_of_their_columns() -> None:
    text = "关卡,内容\n第 1 关,Linux\n第 1 关,Git\n"
    assert paths("t.csv", text) == [("第 1 关",), ("第 1 关", "row 1"), ("第 1 关", "row 2")]
    assert "关卡: 第 1 关\n内容: Git" in texts("t.csv", text)


def test_a_text_file_is_cut_at_lines_that_look_like_headings() -> None:
    assert paths("a.txt", "作业说明\n\n一、安装\n步骤\n1. 下载\n") == [
        ("作业说明",),
        ("一、安装",),
        ("1. 下载",),
    ]


def test_underlined_titles_head_the_sections_of_restructured_text() -> None:
    assert paths("a.rst", "Guide\n=====\n\nInstall\n-------\n\npip\n") == [("Guide",), ("Guide", "Install")]


def test_a_web_page_gives_its_headings_and_keeps_its_code() -> None:
    hidden = "<title>x</title><nav>menu</nav><script>1</script>"
    text = f"{hidden}<h1>指南</h1><p>先</p><h2>安装</h2><pre>a\n  b</pre>"
    assert paths("a.html", text) == [("指南",), ("指南", "安装")]
    assert texts("a.html", text) == ["先", "```\na\n  b\n```"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<h1>A<p>one</p><h1>B</h1>two", [(("A",), "one"), (("B",), "two")]),
        ("<h1>A</h1><nav><h2>Menu</h2></nav><p>one</p>", [(("A",), "one")]),
        ("<h1>A</h1><nav>menu<h2>B</h2>two", [(("A",), "menu"), (("A", "B"), "two")]),
        ("<h1>A</h1>one<h2></h2>two", [(("A",), "onetwo")]),
        ("<h1>A</h1>one<!-- never closed <h1>B</h1>", [(("A",), "one")]),
        ("<h1>A</h1><pre>```\nb\n```</pre>", [(("A",), "````\n```\nb\n```\n````")]),
        ("<h1>A</h1>1 < 2", [(("A",), "1 < 2")]),
    ],
)
def test_a_web_page_with_broken_tags_loses_nothing_that_is_shown(
    text: str, found: list[tuple[tuple[str, ...], str]]
) -> None:
    assert list(zip(paths("a.html", text), texts("a.html", text), strict=True)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<ul><li>a<ul><li>b</ul><li><p>c</ul>d", "- a\n  - b\n- c\n\nd"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        (
            "<table><caption>T</caption><tr><th>a<th>b|c</tr><tr><td><p>1</p><td></table>x",
            "T\n\n| a | b\\|c |\n| --- | --- |\n| 1 |  |\n\nx",
        ),
        (
            "<table><tr><td>all<pre>run()</pre></td><td>menu</td></tr></table>",
            "all\n\n```\nrun()\n```\n\nmenu",
        ),
        ("<table><tr><td>a<td>b</tr><tr><td>never closed", "| a | b |\n| --- | --- |\n| never closed |  |"),
        (
            'in <a href="https://a.b"><b>the</b> docs</a>, <a href="/c">d</a>',
            "in [the docs](https://a.b), d",
        ),
        ("run <code>pip  list</code> now", "run `pip list` now"),
        ('<div><pre><code class="language-bash">a<br>b</code></pre></div>', "```bash\na\nb\n```"),
        ("a<br>b<p>c\n  d</p>", "a\nb\n\nc d"),
    ],
)
def test_lists_tables_links_and_code_of_a_web_page_are_kept(text: str, found: str) -> None:
    assert texts("a.html", text) == [found]


def test_a_heading_of_a_web_page_is_reached_by_the_anchor_that_it_has_there() -> None:
    text = '<h1 id="top">A<a href="#top">¶</a></h1>x<h2>B<a href="#bee">¶</a></h2>y<h2>C</h2>z'
    sections = load("a.html", text.encode()).sections
    assert [(one.heading_path[-1], one.anchor) for one in sections] == [
        ("A", "top"),
        ("B", "bee"),
        ("C", "c"),
    ]


def test_a_web_page_without_headings_has_the_title_of_its_window() -> None:
    assert load("a.html", b"<title>Q &amp; A</title>text").title == "Q & A"
    assert load("a.html", b"<title>Site</title><h2>Page</h2>").title == "Page"


def test_a_layout_table_around_headings_does_not_hide_them() -> None:
    text = "<table><tr><td>menu</td><td><h1>A</h1>one<h2>B</h2>two</td></tr></table>"
    assert paths("a.html", text) == [(), ("A",), ("A", "B")]


def test_rows_of_json_lines_are_questions_or_sections_or_named_values() -> None:
    rows = [
        {"问题": "怎么转？", "答案": "转完了", "section": "部署"},
        {"title": "安装", "text": "步骤", "tags": ["a"]},
        {"model": "7B", "gpu": None, "memory": 16},
    ]
    text = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert texts("a.jsonl", text) == [
        "转完了\n\nsection: 部署",
        '步骤\n\ntags: ["a"]',
        "model: 7B\nmemory: 16",
    ]
    sections = load("a.jsonl", text.encode()).sections
    assert [(one.heading_path, one.kind, one.first_line) for one in sections] == [
        (("怎么转？",), "qa", 1),
        (("安装",), "prose", 3),
        (("row 5",), "prose", 5),
    ]


@pytest.mark.parametrize("row", ["{", "[1]", "[" * 100_000])
def test_a_row_that_is_no_json_object_is_named(row: str) -> None:
    with pytest.raises(DocumentUnreadable, match="line 2"):
        load("a.jsonl", b'{"text": "a"}\n' + row.encode())


def test_a_web_page_of_beginnings_without_an_end_is_read_in_one_pass() -> None:
    for part in ("<a ", "<!--", "<"):
        load("a.html", b"text" + part.encode() * 60_000)


def test_a_notebook_gives_markdown_sections_with_code_fenced_in_them() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# 调用\n", "说明"]},
        {"cell_type": "code", "source": "# not a heading\nrun()"},
    ]
    text = json.dumps({"cells": cells})
    assert paths("a.ipynb", text) == [("调用",)]
    assert texts("a.ipynb", text) == ["说明\n\n```\n# not a heading\nrun()\n```"]


def test_code_with_a_fence_in_it_stays_one_block() -> None:
    cells = [{"cell_type": "code", "source": "s = '''\n```\n# no heading\n```\n'''"}]
    assert paths("a.ipynb", json.dumps({"cells": cells})) == [()]


@pytest.mark.parametrize("data", [b'{"cells": [1]}', b'{"worksheets": []}', b"[" * 100_000])
def test_a_broken_notebook_is_refused_with_the_reason(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="not a notebook"):
        load("a.ipynb", data)
