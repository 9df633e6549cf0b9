"""A reply as Feishu's cards, posts and texts: safe to show, whole, and within what Feishu takes."""

import json
import re
from typing import Any

import pytest

from adapters.base import Button, Conversation, Reply
from adapters.feishu_cards import ELEMENT, Frame, Part, frame_of, growing_card, packed, parts_of
from tests.fakes.feishu_card_rules import check, elements
from tests.fakes.feishu_rendering import buttons, card_text
from tests.fakes.scripted_bot import Place

WEB = "https://course.example"
SETUP = Place("安装指南", "第一步", "/docs/1#a", "2026-09-01T10:00")
WIKI = Place("Wiki", "", "https://x.feishu.cn/docx/abc(1)", "")
TABLE = "| 名 | 值 |\n|---|---|\n| a | 1 |"


def reply(text: str, *sources: Place, to: tuple[Button, ...] = ()) -> Reply:
    return Reply(Conversation("feishu", "oc_1", "group"), text, sources, to, "feishu:om_1", final=True)


def card_of(part: Part) -> dict[str, Any]:
    """The card, if Feishu takes it."""
    card = json.loads(packed(part.card))
    check(card, (), ())
    assert len(packed(part.card).encode()) <= 28_000
    return dict(card)


def cards(text: str, *sources: Place, web: str = WEB) -> list[str]:
    return [card_text(card_of(part)) for part in parts_of(reply(text, *sources), web)]


def body(text: str, *sources: Place, web: str = WEB) -> str:
    """The answer in the only card, without what is below it."""
    [part] = parts_of(reply(text, *sources), web)
    return str(card_of(part)["body"]["elements"][0]["content"])


def test_plain_text_stays_as_it_is() -> None:
    text = "先装 Python 3.11，见 snake_case 和 C++。\n\n再看 5 - 3 > 1 & 2。"
    assert body(text) == text


def test_citations_are_badges_that_lead_to_their_sources() -> None:
    said = body("见 [1] 和 [2]。", SETUP, WIKI)
    first = f"<number_tag url='{WEB}/docs/1#a'>1</number_tag>"
    second = "<number_tag url='https://x.feishu.cn/docx/abc%281%29'>2</number_tag>"
    assert said == f"见 {first} 和 {second}。"


def test_a_citation_that_leads_nowhere_stays_as_typed() -> None:
    assert body("见 [1] 和 [2]。", SETUP, WIKI, web="").startswith("见 [1] 和 <number_tag")
    assert body("数组 a[3]。", SETUP) == "数组 a&#91;3&#93;。"
    assert body("`[1]`", SETUP) == "`[1]`"


def test_sources_are_folded_below_the_answer() -> None:
    [text] = cards("见 [1]。", SETUP, WIKI)
    assert "▸ 来源 · 2" in text
    assert f"[1] [安装指南 › 第一步]({WEB}/docs/1#a) · 2026-09-01T1" in text
    assert "[2] [Wiki](https://x.feishu.cn/docx/abc%281%29)" in text
    assert "▸ Sources · 1" in cards("See [1].", SETUP)[0]


def test_what_a_source_is_called_cannot_become_something_else() -> None:
    [text] = cards("见 [1]。", Place("<at id=all></at> [a](b)", "*x*", "/a", ""))
    assert "<at" not in text
    assert "&#91;a&#93;&#40;b&#41; › &#42;x&#42;" in text


def test_very_many_sources_are_told_by_their_number() -> None:
    [text] = cards("见 [1]。", *[Place("长" * 200, "", f"/{number}", "") for number in range(60)])
    assert re.search(r"… \+\d+$", text)


def test_buttons_send_their_commands() -> None:
    [part] = parts_of(
        reply("好。", to=(Button("👍", "/feedback up feishu:om_1"), Button("再详细一点", "/more")))
    )
    sent = {"v": 1, "command": "/feedback up feishu:om_1"}
    assert buttons(card_of(part)) == {"👍": sent, "再详细一点": {"v": 1, "command": "/more"}}


def test_the_chat_list_tells_how_the_answer_begins() -> None:
    [part] = parts_of(reply("## 安装\n\n**先**装 [文档](https://a.cn) [1]，" + "再看日志。" * 20, SETUP), WEB)
    summary = card_of(part)["config"]["summary"]["content"]
    assert summary.startswith("安装 先装 文档 [1]，再看日志。")
    assert len(summary) == 60


@pytest.mark.parametrize(
    "text",
    [
        "<at id=all></at>",
        "<at user_id='all'>所有人</at>",
        "**<at id=all>**",
        "`<at id=all></at>`",
        "[<at id=all></at>](https://a.cn)",
        "```\n<at id=all></at>\n```",
        "| <at id=all></at> | b |\n|---|---|\n| 1 | <AT id=all> |",
        "- <at id=all></at>",
        "&lt;at id=all&gt;",
        "\\<at id=all>",
        "<person id='ou_1'></person> <number_tag>x</number_tag> `<number_tag>`",
    ],
)
def test_nobody_is_mentioned_and_nothing_is_a_tag(text: str) -> None:
    [part] = parts_of(reply(text), WEB)
    said = card_text(card_of(part)), packed(part.post), frame_of(reply(text)).text
    assert not re.search(r"</?(at|person|number_tag)\b", "\n".join(said), re.IGNORECASE)
    assert not re.search(r"</?at\b", packed(part.text) + part.summary, re.IGNORECASE)


def test_a_picture_is_a_link() -> None:
    assert body("![流程图](https://a.cn/x.png)") == "[流程图](https://a.cn/x.png)"


def test_links_lead_somewhere_or_are_no_links() -> None:
    assert body("[指南](/docs/1) [坏](javascript:alert(1)) https://a.cn/b_c") == (
        f"[指南]({WEB}/docs/1) 坏 [https://a.cn/b_c](https://a.cn/b_c)"
    )


def test_formulas_become_text() -> None:
    assert body(r"\(x^2\) 与 $$\frac{QK^T}{\sqrt{d_k}}$$") == "x² 与 QKᵀ/√dₖ"


def test_signs_that_only_look_like_markdown_mean_themselves() -> None:
    said = body("\\# 不是标题\n3\\. 不是列表\n5 * 3 * 2，~~x~~，a\\_b，`*`")
    assert said == "&#35; 不是标题\n3&#46; 不是列表\n5 &#42; 3 &#42; 2，~~x~~，a_b，`*`"


def test_bold_between_chinese_letters_is_bold() -> None:
    assert body("见**“重点”**在这里") == "见**\u200b“重点”\u200b**在这里"
    assert body("***都*** 和 ~~**旧**~~") == "**都** 和 **\u200b~~旧~~\u200b**"


def test_headings_lists_and_quotations_stay() -> None:
    text = "### 标题\n\n- 一\n    - 二\n- 三\n\n2. 二\n3. 三\n\n> 引用\n> 两行"
    assert body(text) == text
    assert body("# 大") == "### 大"
    assert body("- [x] 做了\n- [ ] 没做") == "- ☑ 做了\n- ☐ 没做"


def test_code_in_a_list_stands_beside_it_whole() -> None:
    assert body('1. 运行\n   ```py\n   print("a")\n   ```\n2. 再看') == (
        '1. 运行\n\n```python\nprint("a")\n```\n2. 再看'
    )


def test_code_that_holds_a_fence_stays_whole() -> None:
    assert body("~~~~md\n```\nx\n```\n~~~~") == "````md\n```\nx\n```\n````"


def test_small_tables_are_tables_and_no_card_has_more_than_three() -> None:
    said = body("\n\n".join([TABLE] * 5))
    assert said.count("| --- | --- |") == 3
    assert said.count("```\n名 │ 值\n───┼───\na  │ 1\n```") == 2


@pytest.mark.parametrize("wide", [6, 12])
def test_wide_tables_are_readable_without_being_one(wide: int) -> None:
    row = "| " + " | ".join(f"列{number}" for number in range(wide)) + " |"
    said = body(f"{row}\n{'|---' * wide}|\n{row}")
    assert "---|" not in said
    assert f"列{wide - 1}" in said


def test_long_cells_are_listed() -> None:
    said = body("| 名 | 说明 |\n|---|---|\n| a | " + "很长的说明，" * 20 + " |")
    assert said.startswith("• 名：**a**\n   说明：很长的说明")


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    assert "| x&#124;y |" in body("| a |\n|---|\n| x\\|y |")


def test_a_long_answer_is_split_at_paragraphs_and_says_which_part_is_which() -> None:
    paragraphs = [f"第 {number} 段。" + "先看日志，再改配置。" * 60 for number in range(40)]
    said = cards("\n\n".join(paragraphs), SETUP)
    assert len(said) == 3
    assert [re.findall(r"\((\d)/3\)", one) for one in said] == [["1"], ["2"], ["3"]]
    assert ["来源" in one for one in said] == [False, False, True]
    assert [
        p for one in said for p in re.findall(r"第 \d+ 段。(?:先看日志，再改配置。){60}", one)
    ] == paragraphs


def test_a_heading_stays_with_what_it_leads() -> None:
    filler = "先看日志，再改配置。" * 60
    text = "\n\n".join(f"## 标题 {number}\n\n{filler}" for number in range(40))
    assert not [one for one in cards(text) if re.search(r"标题 \d+\n<font", one)]


def test_code_that_is_too_long_is_split_at_lines_in_fences_of_its_own() -> None:
    code = "\n".join(f"print({number}, 'x' * 60)" for number in range(2000))
    said = cards(f"```python\n{code}\n```")
    assert len(said) > 1
    assert all(one.startswith("```python\n") and one.count("```") == 2 for one in said)
    assert re.findall(r"print\((\d+)", "".join(said)) == [str(number) for number in range(2000)]


@pytest.mark.parametrize("sign", ["<", "好", '"', "\\", "😀", "*"])
def test_whatever_a_long_line_is_made_of_its_cards_fit(sign: str) -> None:
    parts = parts_of(reply(f"x {sign * 20_000}\n\n```\n{sign * 20_000}\n```"))
    assert all(map(card_of, parts))
    said = "".join(str(part.text["text"]) for part in parts)
    assert said.count(sign) == (30_000 if sign == "\\" else 40_000)


def test_an_answer_of_nothing_is_shown_as_something() -> None:
    assert body("") == "…"
    assert frame_of(reply(" ")) == Frame("…", "…")


def test_a_post_and_a_text_say_the_same() -> None:
    [part] = parts_of(reply(f"**见** [文档](https://a.cn) [1]\n\n{TABLE}", SETUP), WEB)
    post = packed(part.post)
    assert "number_tag" not in post
    assert f"[1] [安装指南 › 第一步]({WEB}/docs/1#a)" in post
    said = str(part.text["text"])
    assert said.startswith("见 文档 (https://a.cn) [1]\n\n")
    assert f"[1] 安装指南 › 第一步 ({WEB}/docs/1#a) · 2026-09-01T1" in said


def test_a_card_that_grows_streams_and_its_text_has_a_name() -> None:
    card = json.loads(packed(growing_card("先装")))
    check(card, (), ())
    assert card["config"]["streaming_mode"] is True
    assert card["config"]["summary"] == {"content": "正在回答…"}
    assert [one.get("element_id") for one in elements(card)] == [ELEMENT]
    assert '"Answering…"' in packed(growing_card("Install"))


def test_a_growing_text_ends_what_it_has_begun() -> None:
    assert frame_of(reply("看：\n\n```py\nprint(")).text == "看：\n\n```python\nprint(\n```"
    assert frame_of(reply("这很**重要")).text == "这很**重要**"


def test_of_a_growing_text_that_is_too_long_the_end_is_shown() -> None:
    text = "\n\n".join(f"第 {number} 段。" + "先看日志，再改配置。" * 60 for number in range(40))
    shown = frame_of(reply(text)).text
    assert "第 39 段" in shown
    assert len(packed(growing_card(shown)).encode()) <= 28_000


def test_code_in_a_text_stays_as_it_is() -> None:
    [part] = parts_of(reply("```py\nx = 2**3 + a[1](2)  # &#42;\n```"))
    assert part.text["text"] == "x = 2**3 + a[1](2)  # &#42;"
