"""Calculations and equations that a message sets, told from everything else and solved by rules alone."""

import ast
import re
from collections.abc import Mapping, Sequence

from rag.arithmetic import Expression, Incomputable, Value, plain, read, result, value
from rag.equations import Equation, Roots, Solution, equation, solve, stated

LENGTH = 300
"""Characters of a message; an exercise is short."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")

# Signs in words; the order matters where one begins another.
_IN_WORDS = (
    (r"(\d+(?:\.\d+)?|[a-z]|\))\s*的\s*(\d+)\s*次方", r"\1^\2"),
    (r"\s*的\s*平方根|\s*开平方", "^(1/2)"),
    (r"根号\s*(\d+(?:\.\d+)?|[a-z]\b|(?=\())", r"sqrt(\1)"),
    (r"\s*的?\s*平方|\s+squared\b", "^2"),
    (r"\s*的?\s*立方|\s+cubed\b", "^3"),
    (r"\s*的?\s*(\d+)\s*次[方幂]", r"^\1"),
    (r"\bthe square root of (\d+(?:\.\d+)?)", r"sqrt(\1)"),
    (r"\bto the power of\b", "^"),
    (r"加上?|\bplus\b", "+"),
    (r"减去?|\bminus\b", "-"),
    (r"乘[以上]?|\btimes\b|\bmultiplied by\b", "*"),
    (r"除以|\bdivided by\b", "/"),
    (r"(?<=%)\s*(?:of)\s+|(?<=\d)\s*的\s*(?=\d+(?:\.\d+)?\s*%)", "*"),
    (r"等于|\bis equal to\b|\bequals?\b", "="),
)
_ONLY_ASKED = ((r"(?<=\d)(?<!\b0)\s*x\s*(?=\d)", "*"),)
_TASK = (
    r"计算|算|求解?|解出?|方程组?|已知|若|如果|那么?|则|设|多少|几|得|"
    r"\b(?:what(?:'s| is)|calculate|compute|evaluate|solve|find|how much is|given|if|let|then)\b"
)
_MANNERS = (
    r"请问?|帮我|帮忙|麻烦|你好|[你您]|能不能|能|可以|一下|下|[吗呢啊吧嘛哈呀的值是为]|谢谢|结果|答案|怎么|助教|老师"
    r"|[一二三]元|[一二三]次"
    r"|\b(?:please|can you|could you|you|me|help|the|values? of|result of|equations?|system|of|for|that)\b"
    r"|\b(?:thanks|hi|hello)\b"
)
_WORDING = re.compile(rf"(?:{_TASK}|{_MANNERS})\s*:?", re.IGNORECASE)
_ASKED = re.compile(rf"{_TASK}|=[\s?]*$", re.IGNORECASE)
_PARTS = re.compile(r"[;、。\n]|:\s|,(?![^()]*\))|[且和与]|\band\b")

_THOUSANDS = re.compile(r"(?<![\d.,(])\d{1,3}(?:,\d{3})+(?![\d,)])")

# Cards by their numbers, as in 4090*2.
_CARD = re.compile(r"\b[1-5]0[5-9]0\b")


def solved(question: str, language: str = "zh") -> str:
    """A Markdown answer to a message that is a calculation or equations and nothing else; "" to any other.

    It is in the asker's language, or in `language` (zh or en) where there are only numbers.
    """
    if len(question) > LENGTH or not re.search(r"\d", question):
        return ""
    text = "\n".join(" ".join(line.split()) for line in plain(question.replace("$", " ")).splitlines())
    asked = bool(_ASKED.search(text))
    if _CHINESE.search(text) or re.search(r"[A-Za-z]{2}", text):
        language = "zh" if _CHINESE.search(text) else "en"
    try:
        return _answer(_parts(text, asked), asked, language == "zh")
    except Incomputable:
        return ""


def _parts(text: str, asked: bool) -> list[str]:
    """What is left of the message without words: equations, and what is looked for."""
    for pattern, sign in (*_IN_WORDS, *(_ONLY_ASKED if asked else ())):
        text = re.sub(pattern, sign, text, flags=re.IGNORECASE)
    text = _WORDING.sub("\n", text)
    if not re.search(r"=\s*[^\s?=]", text):
        text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    parts = (part.strip(" .:~").rstrip(" ?=") for part in _PARTS.split(text))
    return [part for part in parts if part]


def _answer(parts: Sequence[str], asked: bool, chinese: bool) -> str:
    equations = [equation(part) for part in parts if "=" in part]
    wanted = [read(part) for part in parts if "=" not in part]
    if not equations:
        return _calculation(wanted[0], asked) if len(wanted) == 1 else ""
    unknowns = frozenset[str]().union(*(each.unknowns for each in equations))
    if any(each.unknowns - unknowns for each in wanted) or not _is_task(equations, wanted, asked):
        return ""
    solution = solve(equations)
    terms = [each for each in wanted if not isinstance(each.tree, ast.Name)]
    return _told(solution, terms, chinese)


def _calculation(term: Expression, asked: bool) -> str:
    if term.unknowns or not any(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(term.tree)):
        return ""
    return f"**{term.text} {result(value(term.tree))}**" if asked or _is_bare_calculation(term) else ""


def _is_bare_calculation(term: Expression) -> bool:
    """Whether a message of nothing else is meant to be computed: no date, no size, no count of cards."""
    if not re.search(r"[+×^]|[a-z]\(", term.text) or _CARD.search(term.text):
        return False
    size = re.fullmatch(r"(\d+) × (\d+)", term.text)
    return not (size and all(int(side) >= 64 and int(side) % 8 == 0 for side in size.groups()))


def _is_task(equations: Sequence[Equation], wanted: Sequence[Expression], asked: bool) -> bool:
    """Whether there is something to solve; x = 3 alone is an assignment."""
    bare = [_is_assignment(each) for each in equations]
    if asked:
        return bool(wanted) or not all(bare)
    names = frozenset[str]().union(*(each.unknowns for each in equations))
    return not wanted and not any(bare) and names <= set("xyzXYZ")


def _is_assignment(given: Equation) -> bool:
    return isinstance(given.left.tree, ast.Name)


def _told(solution: Solution, terms: Sequence[Expression], chinese: bool) -> str:
    say = _IN_CHINESE if chinese else _IN_ENGLISH
    stating = [stated(found, say["comma"]) for found in solution.roots]
    heads = [
        f"{term.text} {result(value(term.tree, _values(found)))}"
        for term in terms
        for found in solution.roots
    ]
    lines = [f"- {say['given']}{say['comma'].join(each.text for each in solution.equations)}"]
    if solution.reduced not in ("", solution.equations[0].text, *stating):
        lines.append(f"- {say['reduced']}{solution.reduced}")
    if heads:
        lines.append(f"- {say['solution']}{say['or'].join(stating)}")
    lines += [f"- {say['check']}{_checked(solution, found, say)}" for found in solution.roots]
    head = say["or"].join(f"**{each}**" for each in dict.fromkeys(heads or stating or [say[solution.kind]]))
    return "\n".join([head, "", *lines])


def _values(found: Roots) -> dict[str, Value]:
    return {name: root.value for name, root in found.items()}


def _checked(solution: Solution, found: Roots, say: Mapping[str, str]) -> str:
    """What the sides with unknowns come to."""
    sides = [
        f"{side.text} {result(value(side.tree, _values(found)))}"
        for each in solution.equations
        for side in (each.left, each.right)
        if side.unknowns
    ]
    values = (f"{name} {result(root.value)}" for name, root in found.items())
    return f"{say['comma'].join(values)}{say['then']}{say['comma'].join(sides)}"


_IN_CHINESE: Mapping[str, str] = {
    "given": "方程：",
    "reduced": "整理：",
    "check": "检验：",
    "solution": "解得：",
    "then": " 时，",
    "comma": "，",
    "or": " 或 ",
    "none": "没有实数解。",
    "all": "任何实数都是解（两边恒等）。",
}
_IN_ENGLISH: Mapping[str, str] = {
    "given": "Equation: ",
    "reduced": "In order: ",
    "check": "Check: ",
    "solution": "Solved: ",
    "then": " gives ",
    "comma": ", ",
    "or": " or ",
    "none": "There is no real solution.",
    "all": "Every real number is a solution: both sides are always equal.",
}
