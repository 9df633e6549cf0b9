"""A calculator: arithmetic as students type it, read through a whitelist and worked out in fractions."""

import ast
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

Value = Fraction | float

LENGTH = 200
"""Characters of an expression. It bounds how deep one nests, too."""

BITS = 4096
"""Of a numerator or denominator, on the way and in the end."""

DIGITS = 40
"""A whole number of more is written as a power of ten."""

PLACES = 10
"""Behind the point, and significant digits of what has no end there."""

_SIGNS = str.maketrans({**dict.fromkeys("×✕·⋅∙•", "*"), **dict.fromkeys("÷∕", "/"), "−": "-", "π": "pi"})
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴-⁹⁺⁻]+(?=(\d)?)")
_ROOT = re.compile(r"√\s*(?:(?=\()|(\d+(?:\.\d+)?|[a-z]\b))")

_NUMBER = r"(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_TOKEN = re.compile(
    rf"\s*(?:(?P<percent>{_NUMBER}\s*%(?!\s*[\w.(]))|(?P<number>{_NUMBER})|(?P<name>log10|log2|[A-Za-z]+)"
    r"|(?P<sign>\*\*|//|[-+*/%^(),]))\s*"
)


class Incomputable(Exception):
    """Its text is a sentence for who wrote the expression: what of it cannot be worked out."""


class TooLarge(Incomputable):
    """A number in it, or what it comes to."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What was read: `text` as people write it, and the names in it that nothing is known of."""

    text: str
    tree: ast.expr
    unknowns: frozenset[str]


def plain(text: str) -> str:
    """The text with the signs of a keyboard: full-width ones, ×, ÷, √ and superscripts are spelt out."""
    text = _SUPERSCRIPT.sub(_raised, text)
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS)
    return _ROOT.sub(lambda found: f"sqrt({found[1]})" if found[1] else "sqrt", text)


def read(text: str) -> Expression:
    """The expression that a text is; 2x and 3(x+1) are products, and single letters are unknowns.

    Raises Incomputable where it is anything else.
    """
    text = plain(text)
    if len(text) > LENGTH:
        raise Incomputable(f"An expression of more than {LENGTH} characters is not computed.")
    tokens = list(_tokens(text))
    names = {token for kind, token in tokens if kind == "name"} - set(_FUNCTIONS) - set(_CONSTANTS)
    if wrong := [name for name in names if len(name) > 1]:
        raise Incomputable(f"{wrong[0]!r} is neither a known function nor an unknown of one letter.")
    try:
        tree = ast.parse("".join(_spelled(tokens)), mode="eval").body
    except (SyntaxError, MemoryError) as error:
        raise Incomputable("The expression is not complete, or its parentheses do not match.") from error
    return Expression(_typeset(tokens), tree, frozenset(names))


def value(tree: ast.expr, known: Mapping[str, Value] | None = None) -> Value:
    """What it comes to with the unknowns as given; exact as long as no function makes it a float.

    Raises Incomputable: no value, too large a one, or anything that is not arithmetic.
    """
    try:
        return _limited(_value(tree, known or {}))
    except ZeroDivisionError as error:
        raise Incomputable("It divides by zero.") from error
    except OverflowError as error:
        raise TooLarge("A number in it is too large.") from error
    except (ValueError, TypeError) as error:
        raise Incomputable("It has no value among the real numbers.") from error


def calculated(text: str) -> str:
    """The expression with its result behind it: 1 / 3 = 1/3 ≈ 0.3333333333. Raises Incomputable."""
    expression = read(text)
    if expression.unknowns:
        raise Incomputable(f"{min(expression.unknowns)!r} is not known.")
    return f"{expression.text} {result(value(expression.tree))}"


def result(number: Value) -> str:
    """The number behind its sign of equality: = 3.5, or ≈ where it is rounded, after a short fraction."""
    text = written(number)
    if _is_exact(number, text):
        return f"= {text}"
    return f"= {number} ≈ {text}" if isinstance(number, Fraction) and is_short(number) else f"≈ {text}"


def written(number: Value) -> str:
    """The number as a decimal, rounded where it goes on and on."""
    exact = Fraction(number)
    if (
        exact.denominator == 1
        and abs(exact) < 10**DIGITS
        and (isinstance(number, Fraction) or abs(number) < 1e15)
    ):
        return str(exact)
    if abs(exact) < 10**15 and exact == (short := round(exact, PLACES)):
        return f"{float(short):.{PLACES}f}".rstrip("0") if abs(exact) < 10**5 else _rounded(exact)
    return _rounded(exact)


def is_short(number: Fraction) -> bool:
    """Whether people would read it as a fraction."""
    return 1 < number.denominator <= 10_000 and abs(number.numerator) <= 10_000


def _rounded(number: Fraction) -> str:
    digits, _, power = _scientific(number).partition("e")
    return f"{digits}×10^{int(power)}" if power else digits


def _scientific(number: Fraction) -> str:
    try:
        return f"{float(number):.{PLACES}g}"
    except OverflowError:
        power = len(str(abs(number.numerator) // number.denominator)) - 1
        return f"{float(number / 10**power):.{PLACES - 1}f}e{power}"


def _is_exact(number: Value, text: str) -> bool:
    return "^" not in text and Fraction(text) == number


def _raised(found: re.Match[str]) -> str:
    power = unicodedata.normalize("NFKC", found[0])
    return f"^{power}" if power.isdigit() and not found[1] else f"^({power})"


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token, with a sign of kind `times` where two factors just stand together."""
    at, before = 0, ("sign", "(")
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or found.lastgroup is None:
            raise Incomputable(f"{text[at : at + 10]!r} is not arithmetic.")
        token = found.lastgroup, found[found.lastgroup]
        if _is_value(before) and (token[0] != "sign" or token[1] == "("):
            if token[0] in ("number", "percent"):
                raise Incomputable(f"There is no sign before {token[1]!r}.")
            if before[1] not in _FUNCTIONS:
                yield "times", "*"
        yield token
        at, before = found.end(), token


def _is_value(token: tuple[str, str]) -> bool:
    return token[0] != "sign" or token[1] == ")"


def _spelled(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """What Python reads; decimals are fractions there, so that 0.1 is a tenth."""
    for kind, token in tokens:
        if kind in ("number", "percent"):
            number = Fraction(token.removesuffix("%").strip()) / (100 if kind == "percent" else 1)
            yield str(number) if number.denominator == 1 else f"({number})"
        else:
            yield token.replace("^", "**")


def _typeset(tokens: list[tuple[str, str]]) -> str:
    """As people write it; after a division a product is written out, where 1/2x could be read in two ways."""
    text, before = "", ("sign", "(")
    for place, (kind, token) in enumerate(tokens):
        if kind == "times" and ("sign", "/") not in tokens[max(place - 2, 0) : place]:
            continue
        token = {"*": "×", "**": "^"}.get(token, token)
        binary = kind in ("sign", "times") and token not in "^()," and _is_value(before)
        text += f" {token} " if binary else f"{token} " if token == "," else token
        before = kind, token
    return text


def _value(node: ast.expr, known: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.Name(id=name) if name in known or name in _CONSTANTS:
            return known.get(name, _CONSTANTS.get(name, 0.0))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, known)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, known)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _limited(_OPERATORS[type(sign)](_value(left, known), _value(right, known)))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in _FUNCTIONS:
            return _limited(_FUNCTIONS[name](*(_value(each, known) for each in given)))
    raise Incomputable("It is not arithmetic.")


def _limited(number: Value) -> Value:
    if isinstance(number, int | Fraction):
        number = Fraction(number)
        if max(number.numerator.bit_length(), number.denominator.bit_length()) <= BITS:
            return number
    elif isinstance(number, float) and math.isfinite(number):
        return number
    raise TooLarge("A number in it is too large.")


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if bits > 1 and abs(exponent) * (bits - 1) > BITS:
                raise TooLarge("A number in it is too large.")
            return base ** int(exponent)
        if exponent == Fraction(1, 2):
            return _square_root(base)
    if base < 0 and not float(exponent).is_integer():
        raise Incomputable("A negative number has no such power among the real numbers.")
    return math.pow(base, exponent)


def _square_root(number: Value) -> Value:
    if isinstance(number, Fraction) and number >= 0:
        root = Fraction(math.isqrt(number.numerator), math.isqrt(number.denominator))
        if root * root == number:
            return root
    return math.sqrt(number)


def _round(number: Value, places: Value = Fraction(0)) -> Value:
    # Halves go up, as taught at school.
    scale = Fraction(10) ** max(-20, min(20, int(places)))
    return math.floor(Fraction(number) * scale + Fraction(1, 2)) / scale


_CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e}

_OPERATORS: Mapping[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}

_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "sqrt": _square_root,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log,
    "lg": math.log10,
    "log10": math.log10,
    "log2": math.log2,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "abs": abs,
    "min": min,
    "max": max,
    "round": _round,
    "floor": math.floor,
    "ceil": math.ceil,
}
