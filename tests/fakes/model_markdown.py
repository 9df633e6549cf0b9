"""Markdown as models write it, good and bad: the same text for the same seed."""

from collections.abc import Callable
from random import Random

_SAMPLES = """
先安装依赖 再运行脚本 显存不够时 可以量化 **注意：**请先看文档 使用**“校准集”**时 `pip` List<T>
<think>想想</think> dict[str,Map<K,V>] a<b&&c>d *斜体* _emphasis_ ***both*** ~~旧的~~ snake_case_name
__init__ 👩‍👩‍👧‍👦 🇨🇳 👍🏽 é 𝒜 ``a`b`` [1] [2][3] [^1] train.py README.md $HOME/bin:$PATH $5和$8 US$3
\\(r\\ll_d\\) $W_0+\\frac{\\alpha}{r}BA$ $x$ \\alpha \\* &lt; &nbsp; C:\\new
https://github.com/InternLM/xtuner。 http://localhost:23333/v1 www.example.com a@b.cn ||剧透|| (括号)
“引号” ## ![图](a.png) [文档](https://lmdeploy.readthedocs.io/zh-cn/latest/) [here](docs/a.md)
[锚](#安装) [x](javascript:alert(1)) [课](/read/a.md#量化) [写信](mailto:a@b.cn) [空]() [](https://a.b)
[**粗**`码`](https://x.org/a_(b)) [坏](http:// [未完](https://a.b/c <https://a.b> <br> **粗 *斜 `码 ~~删
![ [ ]( ** * _ ` ~~~ $ $$ \\( \\[ \\]
"""
_WORDS = tuple(_SAMPLES.split())


def model_markdown(seed: int) -> str:
    """Some thirty lines of it."""
    random = Random(seed)
    blocks = [random.choice(_BLOCKS)(random) for _ in range(random.randrange(2, 11))]
    return random.choice(("\n\n", "\n\n", "\n", "\r\n\r\n")).join(blocks)


def _prose(random: Random) -> str:
    return random.choice((" ", "")).join(random.choices(_WORDS, k=random.randrange(1, 14)))


def _lines(random: Random) -> str:
    return "\n".join(_prose(random) for _ in range(random.randrange(1, 4)))


def _heading(random: Random) -> str:
    return f"{'#' * random.randrange(1, 7)} {_prose(random)}"


def _list(random: Random) -> str:
    signs = random.choice((("-", "  "), ("*", "    "), ("1.", "   "), ("2)", "\t")))
    items = []
    for number in range(random.randrange(1, 6)):
        box = random.choice(("", "", "[ ] ", "[x] "))
        items.append(f"{signs[1] * random.randrange(3 if number else 1)}{signs[0]} {box}{_prose(random)}")
    return random.choice(("\n", "\n\n")).join(items)


def _code(random: Random) -> str:
    fence = random.choice(("```", "~~~", "````", "   ```"))
    lines = [
        random.choice(("  x = [1]", "", "\tif a < b:", "# 注释 **不粗**", "echo $HOME `date`", "```", "说明"))
        for _ in range(9)
    ]
    return "\n".join((fence + random.choice(("", "python", "c++ title", "{.bash}")), *lines, fence))


def _table(random: Random) -> str:
    columns = random.randrange(1, 5)
    cells = [
        random.choices(_WORDS, k=columns + random.choice((0, 0, 1, -1)))
        for _ in range(random.randrange(1, 5))
    ]
    rows = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join((rows[0], "|" + " --- |" * columns, *rows[1:]))


def _maths(random: Random) -> str:
    body = random.choice(
        (
            "\\frac{QK^T}{\\sqrt{d_k}}",
            "a &= b \\\\\n- c &\\le d_{t+1}",
            "\\sum_{i=1}^{N} \\log \\hat{y}_i",
            "{{{",
            "x^{y^{z}}",
            "\\left\\{ a \\right.",
        )
    )
    begin, end = random.choice((("$$\n", "\n$$"), ("\\[\n", "\n\\]"), ("\\[", "\\]"), ("$$", "")))
    return begin + body + end


def _quote(random: Random) -> str:
    inner = random.choice((_lines, _list, _code, _quote, _table, _heading))(random)
    return "\n".join(f"> {line}" for line in inner.split("\n"))


def _other(random: Random) -> str:
    return random.choice(
        (
            "---",
            "[^1]: 脚注",
            "[1]: https://a.b 'x'",
            "<details>\n<summary>更多</summary>",
            "    indented code",
            "标题\n===",
            "***",
            "- ",
            "1.",
            "**",
            "```",
            "| a |",
            " ",
            "\u200b",
            "\ud83d",
            "\x00\x1b[31m",
            "# ",
            "> ",
            "——",
        )
    )


_BLOCKS: tuple[Callable[[Random], str], ...] = (
    _lines,
    _lines,
    _lines,
    _heading,
    _list,
    _list,
    _code,
    _table,
    _maths,
    _quote,
    _other,
)
