"""A reply as Telegram takes it: what a student reads, and that Telegram never refuses it."""

import re
from random import Random

import pytest

from adapters.base import Conversation, Reply
from adapters.telegram_text import Part, frame_of, parts_of, plain
from rag.types import Source
from tests.fakes.model_markdown import model_markdown
from tests.fakes.telegram_entities import fixed, under, units

HERE = Conversation("telegram", "42")
WEB = "https://ta.example.org"
PAGE = Source("LMDeploy", "量化", "/read/course/lmdeploy.md#量化", "0123456789abcdef")


def reply(text: str, *sources: Source, final: bool = True) -> Reply:
    return Reply(HERE, text, sources, final=final)


def only(text: str, web_url: str = WEB) -> Part:
    """The only part that an answer has."""
    (part,) = parts_of(reply(text), web_url)
    return part


def marked(part: Part, kind: str) -> list[str]:
    """The pieces of its text under entities of this kind."""
    return [under(part.text, one.to_dict()) for one in part.entities if one.type == kind]


def links(part: Part) -> dict[str, str | None]:
    return {under(part.text, one.to_dict()): one.url for one in part.entities if one.type == "text_link"}


def check(part: Part) -> None:
    """Raises where Telegram would refuse it, or show something else than what was meant."""
    entities = [one.to_dict() for one in part.entities]
    _, kept = fixed(part.text, entities)
    assert 0 < units(part.text) <= 4096
    assert part.text == part.text.rstrip() != ""
    assert len(entities) <= 100
    assert len(kept) == len(entities), "an entity is over blanks"
    for entity in entities:
        covered = under(part.text, entity)
        code = entity["type"] in ("pre", "blockquote")
        assert covered == (covered.rstrip() if code else covered.strip())


# --- what Telegram's Markdown traps are ---


def test_angle_brackets_stay_as_typed() -> None:
    part = only("用 List<T> 或 `Map<K, V>`，<think>想</think>\n\n<details>更多</details>")
    assert part.text == "用 List<T> 或 Map<K, V>，<think>想</think>\n\n<details>更多</details>"
    assert marked(part, "code") == ["Map<K, V>"]


def test_a_link_is_one_only_if_telegram_opens_it() -> None:
    part = only(
        "[a](https://a.org/x) [b](http://localhost:80/) [c](javascript:x) [d](ftp://d.org) [e](tg://resolve?x=1)"
    )
    assert links(part) == {"a": "https://a.org/x", "e": "tg://resolve?x=1"}
    assert part.text == "a b c d e"


def test_a_link_to_no_port_does_not_cost_the_other_ones() -> None:
    part = only("[a](https://a.org:99999/x) [b](https://a.org:0) [c](https://a.org:65535/x)")
    check(part)
    assert links(part) == {"c": "https://a.org:65535/x"}


def test_a_relative_link_leads_to_the_bots_page_or_is_text() -> None:
    answer = "[课](/read/a.md#量化) [锚](#安装) [文](docs/a.md) [外](//evil.org)"
    assert links(only(answer)) == {"课": "https://ta.example.org/read/a.md#%E9%87%8F%E5%8C%96"}
    assert links(only(answer, "")) == {}
    assert links(only(answer, "http://localhost:8000")) == {}
    assert only(answer, "").text == "课 锚 文 外"


def test_an_address_in_the_text_ends_where_the_chinese_sentence_goes_on() -> None:
    part = only("见https://a.org/b_(c)，然后（https://a.org/d）。")
    assert links(part) == {one: one for one in ("https://a.org/b_(c)", "https://a.org/d")}


def test_an_address_for_mail_is_shown() -> None:
    assert only("[写信](mailto:ta@a.org) <b@a.org>").text == "写信 (ta@a.org) b@a.org"


def test_a_heading_is_bold_and_has_no_emoji() -> None:
    part = only("# 安装 `pip`\n\n正文")
    assert part.text == "安装 pip\n\n正文"
    assert (marked(part, "bold"), marked(part, "code")) == (["安装"], ["pip"])


def test_task_boxes_say_what_is_done() -> None:
    assert only("- [x] 装好\n- [ ] 量化\n- 其他").text == "☑ 装好\n☐ 量化\n• 其他"


def test_a_narrow_table_stands_in_columns_of_display_width() -> None:
    part = only("| 参数 | 值 |\n| - | - |\n| tp | 并行 |\n| 长的 | 1 |")
    assert part.text == "参数 │ 值\n─────┼─────\ntp   │ 并行\n长的 │ 1"
    assert marked(part, "pre") == [part.text]


def test_a_wide_table_is_a_list_with_its_heads() -> None:
    part = only(
        "| 参数 | 含义 |\n| - | - |\n| `--tp` | 张量并行的卡数，单机多卡时按显卡数量来设置 |\n| dtype | |"
    )
    assert part.text == "• 参数：--tp\n   含义：张量并行的卡数，单机多卡时按显卡数量来设置\n• 参数：dtype"
    assert (marked(part, "code"), marked(part, "bold")) == (["--tp"], ["dtype"])


def test_a_table_with_links_keeps_them() -> None:
    assert links(only("| a | b |\n| - | - |\n| x | [y](https://a.org/) |")) == {"y": "https://a.org/"}


def test_formulas_become_text() -> None:
    part = only(
        "设 \\(W_0\\) 与 $\\alpha$：\n\n\\[\n\\frac{QK^T}{\\sqrt{d_k}}\n\\]\n\n$$\na &= b \\\\\n- c\n$$"
    )
    assert part.text == "设 W₀ 与 α：\n\nQKᵀ/√dₖ\n\na = b\n- c"


def test_dollars_that_are_none_stay() -> None:
    text = "从 $5 涨到 $8，`echo $HOME`，PATH=$HOME/bin:$PATH，${A}/x:${B}，$HOME_DIR$，US$3-$4。"
    assert only(text).text == text.replace("`", "")


def test_a_picture_is_a_link() -> None:
    assert links(only("![架构](https://a.org/a.png)")) == {"架构": "https://a.org/a.png"}


def test_citations_and_footnotes_stay_as_typed() -> None:
    text = "结论 [1][2] 见 [^1]\n\n[1]: https://a.org\n\n[^1]: 脚注"
    assert only(text).text == text
    assert links(only("见 [3](https://a.org)")) == {"[3]": "https://a.org"}


def test_code_keeps_its_language_and_its_indent() -> None:
    part = only("```python title=x\n\n    if a < b:\n\tpass  \n\n```")
    assert part.text == "    if a < b:\n    pass"
    assert part.entities[0].language == "python"


def test_code_is_never_inside_of_something_bold() -> None:
    part = only("**先 `pip install` 再说**")
    assert (marked(part, "bold"), marked(part, "code")) == (["先", "再说"], ["pip install"])


def test_bold_ends_between_chinese_letters() -> None:
    part = only("**注意：**请用**“校准集”**做")
    assert (part.text, marked(part, "bold")) == ("注意：请用“校准集”做", ["注意：", "“校准集”"])


def test_names_of_files_are_no_links_to_foreign_countries() -> None:
    part = only("运行train.py，看 docs/README.md；a.b.c 和 3.14 不变")
    assert marked(part, "code") == ["train.py", "docs/README.md"]


def test_quotations_do_not_nest() -> None:
    part = only("> 外\n> > 里 **粗**\n\n后")
    assert marked(part, "blockquote") == ["外\n里 粗"]
    check(part)
    assert [one.type for one in only("> `码`").entities] == ["blockquote", "code"]


def test_offsets_count_utf16_units() -> None:
    part = only("👩‍👩‍👧‍👦𝒜 **粗👍🏽** `x`")
    assert (marked(part, "bold"), marked(part, "code")) == (["粗👍🏽"], ["x"])


@pytest.mark.parametrize("text", ["", " \n", "```", "> ", "\u200b\ud83d", "\x00", "[]()"])
def test_there_is_always_something_to_show(text: str) -> None:
    for part in (*parts_of(reply(text)), frame_of(reply(text, final=False))):
        check(part)


def test_nothing_that_is_typed_breaks_it() -> None:
    """Nesting that is deeper than Python goes, and text that regular expressions could be lost in."""
    for text in (
        "$" + "{" * 2000 + "$",
        "$" + "\\text{a}" * 400,
        "> " * 2000,
        "- " * 1500,
        "[" * 3000,
        "\\(" * 2000,
    ):
        for part in parts_of(reply(text)):
            check(part)


def test_entities_beyond_a_hundred_begin_another_part() -> None:
    parts = parts_of(reply("\n\n".join(f"`a{number}` **b**" for number in range(90))))
    assert [len(part.entities) <= 100 for part in parts] == [True, True]
    assert sum(len(part.entities) for part in parts) == 180
    assert len(only(" ".join(f"**a**`b{number}`" for number in range(90))).entities) == 100


# --- long answers ---


def test_what_fits_is_one_part() -> None:
    assert len(parts_of(reply("字" * 4096))) == 1
    assert [units(part.text) for part in parts_of(reply("😀" * 2049))] == [2458, 1640]


def test_long_answers_part_between_paragraphs_into_about_equal_parts() -> None:
    parts = parts_of(reply("\n\n".join(f"第{number}段" + "字" * 495 for number in range(9))))
    assert [part.text.count("段") for part in parts] == [5, 4]
    assert all(part.text.startswith("第") for part in parts)


def test_a_heading_goes_with_what_it_is_over() -> None:
    parts = parts_of(reply(f"{'字' * 3000}\n\n## 标题\n\n{'文' * 3000}"))
    assert [part.text[:2] for part in parts] == ["字字", "标题"]


def test_code_that_fits_a_part_is_not_cut() -> None:
    code = "\n".join(f"print({number:4})" for number in range(270))
    parts = parts_of(reply(f"{'字' * 2000}\n\n```python\n{code}\n```\n\n完"))
    assert [marked(part, "pre") for part in parts] == [[], [code]]


def test_longer_code_is_cut_between_lines_each_part_code_of_its_language() -> None:
    code = "\n".join(f"    print({number:4})" for number in range(600))
    parts = parts_of(reply(f"```python\n{code}\n```"))
    assert len(parts) == 3
    assert "\n".join(part.text for part in parts) == code
    assert {
        (one.type, one.language, one.length == units(part.text)) for part in parts for one in part.entities
    } == {("pre", "python", True)}


def test_a_long_paragraph_is_cut_after_a_sentence_and_never_in_a_link() -> None:
    label = "一。二。三。" * 20
    parts = parts_of(reply(f"这里说，见[{label}](https://a.org/)。" * 80))
    assert all(part.text.endswith("。") for part in parts)
    assert {text for part in parts for text in links(part)} == {label.strip("。") + "。"}


def test_signs_of_several_characters_are_not_cut() -> None:
    family = "👩‍👩‍👧‍👦"
    assert {part.text.replace(family, "") for part in parts_of(reply(family * 900))} == {""}


# --- sources ---


def test_sources_are_folded_below_the_last_part() -> None:
    (part,) = parts_of(reply("可以 [1]。", PAGE, Source("XTuner", "", "docs/x.md", "")), WEB)
    assert part.text == "可以 [1]。\n\n来源\n[1] LMDeploy › 量化 · 0123456789ab\n[2] XTuner"
    assert marked(part, "expandable_blockquote") == [part.text.split("\n\n")[1]]
    assert links(part) == {
        "LMDeploy › 量化": "https://ta.example.org/read/course/lmdeploy.md#%E9%87%8F%E5%8C%96"
    }
    check(part)


def test_sources_are_named_in_the_language_of_the_answer() -> None:
    (part,) = parts_of(reply("Yes [1].", PAGE))
    assert part.text.endswith("Sources\n[1] LMDeploy › 量化 · 0123456789ab")
    assert links(part) == {}


def test_sources_always_fit() -> None:
    sources = [
        Source(f"{number}" + "😀" * 300, "节" * 300, f"https://a.org/{number}", "r" * 40)
        for number in range(60)
    ]
    for text in ("字", "字" * 4000, ""):
        parts = parts_of(reply(text, *sources))
        assert parts[-1].text.endswith("\n… +20")
        for part in parts:
            check(part)


# --- growing and falling back ---


def test_a_frame_shows_that_more_will_come() -> None:
    assert frame_of(reply("先装 **LMDe", final=False)).text == "先装 LMDe ▌"
    assert frame_of(reply("正在查资料…", final=False)).text == "正在查资料…"


@pytest.mark.parametrize(
    "answer", ["字" * 2000 + "\u3000" * 3000 + "字" * 2000, "# **粗**\n\n" * 51 + "**a** `b` " * 20]
)
def test_a_frame_fits_whatever_is_in_it(answer: str) -> None:
    check(frame_of(reply(answer, final=False)))


def test_a_frame_of_a_long_answer_is_its_end_and_seldom_jumps() -> None:
    answer = "\n\n".join(f"第{number}段" + "字" * 95 for number in range(150))
    frames = [frame_of(reply(answer[:end])).text for end in range(100, len(answer), 100)]
    assert all(frame.endswith("▌") and len(frame) <= 4096 for frame in frames)
    assert max(len(frame) for frame in frames) > 3900
    assert len({frame[:6] for frame in frames}) < 10
    assert min(len(frame) for frame in frames[45:]) > 1900


def test_the_plain_part_is_the_same_text() -> None:
    assert plain(only("**粗** `码`")) == Part("粗 码")


# --- all at once ---


@pytest.mark.parametrize("hundred", range(6))
def test_whatever_a_model_writes_telegram_takes_it(hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        text = model_markdown(seed)
        cut = text[: Random(seed).randrange(len(text) + 1)]
        for part in (*parts_of(reply(cut), WEB), frame_of(reply(cut, final=False))):
            check(part)


def test_a_long_chinese_answer_arrives_complete_and_in_order() -> None:
    paragraphs = [f"第{number}步：" + "量化时要注意校准集的大小，" * 20 for number in range(40)]
    code = "\n".join(f"print('{number}')" for number in range(60))
    pieces = [
        *paragraphs[:10], f"```python\n{code}\n```", *paragraphs[10:20],
        "| 参数 | 值 |\n| --- | --- |\n| tp | 1 |", "\\[ W = W_0 + BA \\]", *paragraphs[20:30],
        f"```bash\n{code}\n```",
        *(f"- [文档{number}](https://a.org/{number})" for number in range(10)),
        *paragraphs[30:],
    ]  # fmt: skip
    parts = parts_of(reply("\n\n".join(pieces), PAGE), WEB)
    shown = "\n\n".join(part.text for part in parts)
    for part in parts:
        check(part)
    assert len("\n\n".join(pieces)) > 12000
    assert len(parts) == 4
    assert min(units(part.text) for part in parts) > 2000
    assert [int(one) for one in re.findall(r"第(\d+)步", shown)] == list(range(40))
    assert sum(len(links(part)) for part in parts) == 11
    assert [text for part in parts for text in marked(part, "pre")].count(code) == 2
    assert "W = W₀ + BA" in shown
