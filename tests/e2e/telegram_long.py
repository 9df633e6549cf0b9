"""An answer of 12,000 Chinese characters, with all that is hard to show, and whether it was shown whole."""

from collections.abc import Sequence

from tests.fakes.telegram_chats import Shown
from tests.fakes.telegram_entities import units

LINKS = [f"https://reading{number}.example/guide" for number in range(1, 11)]
READING = "# 推荐阅读\n\n推荐阅读的资料如下。\n\n" + "\n".join(
    f"- [第 {number} 份推荐阅读]({link})" for number, link in enumerate(LINKS, 1)
)
CODE = ["\n".join(f"python step_{name}.py --number {n}" for n in range(60)) for name in ("one", "two")]
TABLE = "| 模型 | 显存 |\n| --- | --- |\n| 七亿参数 | 2 GB |\n| 二十亿参数 | 5 GB |"
FORMULAS = ["$W_0 + \\Delta W$", "$$\n\\frac{a}{b} \\le 1\n$$"]
SHOWN_AS = ["七亿参数", "2 GB", "二十亿参数", "5 GB", "W₀ + ΔW", "a/b ≤ 1"]
"""What the table and the formulas become."""

_PARAGRAPHS = [f"第 {number} 段：" + "推荐阅读的资料讲的是训练和部署。" * 16 for number in range(1, 43)]
_HARD = {3: TABLE, 9: FORMULAS[0], 12: FORMULAS[1]} | {
    at: f"```python\n{code}\n```" for at, code in zip((15, 28), CODE, strict=True)
}


def _written() -> str:
    blocks: list[str] = []
    for at, paragraph in enumerate(_PARAGRAPHS):
        link = f" 见[第 {at // 4 + 1} 份]({LINKS[at // 4]})。[1]" if at % 4 == 0 and at < 40 else ""
        blocks += [paragraph + link, *([_HARD[at]] if at in _HARD else [])]
    return "\n\n".join(blocks)


LONG = _written()


def assert_whole(parts: Sequence[Shown]) -> None:
    """All of it stands in these messages, in order, and each keeps the limits."""
    assert len(LONG) > 12_000
    for part in parts:
        assert units(part.text) <= 4096
        assert len(part.entities) <= 100
        assert "```" not in part.text
    text = "\n".join(part.text for part in parts)
    places = [text.find(paragraph) for paragraph in _PARAGRAPHS]
    assert -1 not in places, "a paragraph is missing or was cut"
    assert places == sorted(places)
    assert [piece for piece in SHOWN_AS if piece not in text] == []
    code = "\n".join(piece for part in parts for piece in part.marked("pre"))
    assert [line for block in CODE for line in block.splitlines() if line not in code] == []
    links = [one["url"] for part in parts for one in part.entities if one["type"] == "text_link"]
    assert [link for link in links if link in LINKS] == LINKS
