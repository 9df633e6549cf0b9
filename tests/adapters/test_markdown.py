"""Markdown as marked text: formulas, tables, and blocks laid into parts."""

import pytest

from adapters.markdown import blocks_of, closed
from adapters.markdown_blocks import Block, Mark, head, joined, newest, parts, tidy
from adapters.markdown_inline import address
from adapters.markdown_maths import readable
from adapters.markdown_tables import table, width


def text_of(markdown: str) -> str:
    return joined(blocks_of(markdown)).text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (
            r"\text{Attention}(Q,K,V)=\text{softmax}\left(\frac{QK^T}{\sqrt{d_k}}\right)V",
            "Attention(Q,K,V)=softmax(QKᵀ/√dₖ)V",
        ),
        (r"\mathcal{L} = -\sum_{i=1}^{N} y_i \log \hat{y}_i", "ℒ = -∑ᵢ₌₁ᴺ yᵢ log ŷᵢ"),
        (r"W = W_0 + \frac{\alpha}{r} BA,\ r \ll d", "W = W₀ + α/r BA, r ≪ d"),
        (r"\theta_{t+1} = \theta_t - \eta \nabla_\theta J(\theta)", "θₜ₊₁ = θₜ - η ∇_θ J(θ)"),
        (r"B \in \mathbb{R}^{d \times r}", "B ∈ ℝ^(d×r)"),
        (r"\frac{\partial L}{\partial w}", "∂L/∂w"),
        (r"d_{\text{model}}, W_q, x_{\text{权重}}", "d_model, W_q, x_权重"),
        (r"\begin{aligned} a &= b \\ c &\le 45^\circ \end{aligned}", "a = b\nc ≤ 45°"),
        (r"f(x)=\begin{cases} 1 & x>0 \\ 0 \end{cases}", "f(x)={ 1 x>0\n0"),
        (r"\sqrt[3]{x+1} \cdot 5\% \to \infty", "³√(x+1) · 5% → ∞"),
        (r"\left\{ \lVert x \rVert_2 \right.", "{ ‖ x ‖₂"),
        (r"\unknown{a} + \frac{1", r"\unknowna + 1/()"),
        ("", ""),
    ],
)
def test_formulas_are_readable(formula: str, text: str) -> None:
    assert readable(formula) == text


def test_width_is_that_of_latin_letters() -> None:
    assert [width(one) for one in ("ab", "中文", "é", "e\u0301", "👍", "")] == [2, 4, 1, 1, 2, 0]


def test_a_table_whose_rows_are_of_different_lengths_is_filled_up() -> None:
    (block,) = table([[Block("a"), Block("b")], [Block("1")]])
    assert block.text == "a │ b\n──┼──\n1 │"


def test_an_address_is_absolute_or_of_the_bots_page() -> None:
    assert address("/read/量.md#化", "https://ta.org/x") == "https://ta.org/read/%E9%87%8F.md#%E5%8C%96"
    assert address("https://a.org/a%20b?c=d&e=(f)") == "https://a.org/a%20b?c=d&e=(f)"
    for url in (
        "/read/a.md",
        "docs/a.md",
        "#a",
        "//a.org",
        "/\\a.org",
        "file:///a",
        "https://u:p@a.org",
        "https://",
    ):
        assert address(url) == ""


def test_items_keep_their_signs_numbers_and_depth() -> None:
    assert (
        text_of("3. a\n4. b\n   c\n\n   d\n   - e\n     - f") == "3. a\n4. b\n   c\n\n   d\n   ◦ e\n      ▪ f"
    )


def test_blocks_stand_as_far_apart_as_they_were_typed() -> None:
    assert text_of("#\n\na\n\n#\n\nb") == "a\n\nb"
    assert text_of("# a\nb\n- c\n\n\n\nd\r\n\r\ne") == "a\nb\n• c\n\nd\n\ne"


def test_code_in_an_item_stands_alone() -> None:
    assert text_of("1. ```sh\n   a\n\n   b\n   ```\n2. c") == "1.\na\n\nb\n2. c"


def test_code_that_is_not_ended_goes_on_to_the_end() -> None:
    block = joined(blocks_of("a\n\n```python\nb\n\nc"))
    assert block.marks == (Mark("pre", 3, 7, "python"),)


def test_marks_nest_and_follow_what_they_are_over() -> None:
    assert joined(blocks_of("**a [b *c*](https://d.org)**\n\n> e")) == Block(
        "a b c\n\ne",
        (
            Mark("italic", 4, 5),
            Mark("link", 2, 5, "https://d.org"),
            Mark("bold", 0, 5),
            Mark("quote", 7, 8),
        ),
    )


def test_tidy_marks_have_no_blanks_around_them() -> None:
    block = Block(" a b ", (Mark("bold", 0, 3), Mark("italic", 2, 3), Mark("code", 3, 5)))
    assert tidy(block) == Block("a b", (Mark("bold", 0, 1), Mark("code", 2, 3)))


def test_parts_are_as_few_as_may_be_and_of_about_one_length() -> None:
    made = parts([Block("a" * 30)] * 6, 100)
    assert [len(part.text) for part in made] == [94, 94]
    made = parts([Block("a" * 30)] * 4, 100)
    assert [len(part.text) for part in made] == [62, 62]


def test_what_leads_goes_with_what_follows() -> None:
    made = parts([Block("a" * 60), Block("b:", leads=True), Block("c" * 40)], 100)
    assert [part.text[0] for part in made] == ["a", "b"]


def test_the_newest_part_is_at_least_half_of_what_may_be_shown() -> None:
    blocks = [Block(f"{number:02}" + "a" * 8) for number in range(60)]
    shown = [newest(blocks[:count], 100).text for count in range(1, 60)]
    assert max(map(len, shown)) <= 100
    assert min(len(text) for text in shown[8:]) >= 50
    assert len({text[:2] for text in shown}) < 20
    assert len(newest([Block("a" * 50)] * 3, 100).text) <= 100


def test_no_sign_of_several_characters_is_cut() -> None:
    assert [head(text, 3) for text in ("abcd", "ab👍🏽", "a🇨🇳🇫🇷", "xye\u0301", "ab👩\u200d👩")] == [
        3,
        2,
        3,
        2,
        2,
    ]
    assert head("a🇨🇳🇫🇷", 4) == 3
    assert head("👩\u200d" * 3, 1) == 1


def test_a_growing_text_is_closed_where_it_began_bold_or_code() -> None:
    assert [closed(text) for text in ("**a", "a `b", "**a** b", "**", "c\n- **d", "```\nf(**a")] == [
        "**a**",
        "a `b`",
        "**a** b",
        "**",
        "c\n- **d**",
        "```\nf(**a",
    ]
