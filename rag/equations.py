"""Equations as students type them: one in one unknown, or a linear system; solved by hand, in fractions."""

import ast
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from rag.arithmetic import Expression, Incomputable, TooLarge, Value, is_short, read, value, written
from rag.polynomials import Root, has_unknown, quotient, roots

UNKNOWNS = 5
"""Of a system, and how many equations there may be."""

WAYS = 16
"""In which an unknown is looked for: absolute values and even powers double them."""

Roots = Mapping[str, Root]


@dataclass(frozen=True, slots=True)
class Equation:
    """Two expressions that are to be equal."""

    left: Expression
    right: Expression

    @property
    def text(self) -> str:
        return f"{self.left.text} = {self.right.text}"

    @property
    def unknowns(self) -> frozenset[str]:
        return self.left.unknowns | self.right.unknowns

    def sides(self, known: Mapping[str, Value]) -> tuple[Value, Value]:
        """What both sides come to. Raises Incomputable where one has no value."""
        return value(self.left.tree, known), value(self.right.tree, known)

    def holds(self, known: Mapping[str, Value], tolerance: float = 1e-9) -> bool:
        """Whether it is true of these values; of rounded ones, nearly so. Raises TooLarge."""
        try:
            left, right = self.sides(known)
        except TooLarge:
            raise
        except Incomputable:
            return False
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return left == right
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)


@dataclass(frozen=True, slots=True)
class Solution:
    """Every way in which all the equations are true, each with a value for each unknown.

    `kind` is `all` where every number is one, `none` where no real number is. `reduced` is the equation
    brought into order, or empty.
    """

    equations: tuple[Equation, ...]
    kind: Literal["some", "none", "all"]
    roots: tuple[Roots, ...] = ()
    reduced: str = ""


def equation(text: str) -> Equation:
    """The equation that a text is. Raises Incomputable where it is none."""
    left, sign, right = text.replace("＝", "=").partition("=")
    if not sign:
        raise Incomputable("There is no sign of equality in it.")
    return Equation(read(left), read(right))


def solve(equations: Sequence[Equation]) -> Solution:
    """Solve them for all their unknowns.

    Raises Incomputable for what is not solved here: too many unknowns, a system that is not linear, an
    unknown in several places under roots, powers and logarithms.
    """
    unknowns = sorted(frozenset().union(*(each.unknowns for each in equations)))
    if not 1 <= len(unknowns) <= UNKNOWNS or len(equations) > UNKNOWNS:
        raise Incomputable(f"There must be 1 to {UNKNOWNS} unknowns and at most {UNKNOWNS} equations.")
    if len(equations) > 1:
        return _system(equations, unknowns)
    if len(unknowns) > 1:
        raise Incomputable(f"One equation does not say what {', '.join(unknowns)} are.")
    return _single(equations[0], unknowns[0])


def stated(solution: Roots, comma: str = ", ") -> str:
    """The values of a solution as people write them: x = 3.5 (7/2), y = √2 ≈ 1.414213562."""
    return comma.join(f"{name} {_stated(root)}" for name, root in solution.items())


def _stated(root: Root) -> str:
    decimal = written(root.value)
    exact = root.exact
    if isinstance(root.value, Fraction):
        exact = str(root.value) if is_short(root.value) else ""
        if "^" not in decimal and Fraction(decimal) == root.value:
            return f"= {decimal} ({exact})" if exact else f"= {decimal}"
    return f"= {exact} ≈ {decimal}" if exact else f"≈ {decimal}"


def _single(given: Equation, name: str) -> Solution:
    try:
        difference = quotient(given.left.tree) - quotient(given.right.tree)
    except TooLarge:
        raise
    except Incomputable:
        return _solution(given, name, _undone(given, name))
    top, bottom = difference.top.of_one(name), difference.bottom.of_one(name)
    if not any(top):
        if difference.bottom.degree:
            raise Incomputable("Every number solves it but those that divide by zero.")
        return Solution((given,), "all")
    return _solution(given, name, roots(top, bottom), _reduced(top, name))


def _solution(given: Equation, name: str, found: Iterable[Root], reduced: str = "") -> Solution:
    sets = tuple({name: root} for root in sorted(found, key=lambda root: root.value))
    return Solution((given,), "some" if sets else "none", sets, reduced)


def _reduced(polynomial: Sequence[Fraction], name: str) -> str:
    """A linear one as 2x = 7, the others as x^2 - 5x + 6 = 0; empty where the numbers get long."""
    scale = math.lcm(*(each.denominator for each in polynomial))
    whole = [int(each * scale) for each in polynomial]
    whole = [each // (math.gcd(*whole) * (1 if whole[-1] > 0 else -1)) for each in whole]
    if max(map(abs, whole)) >= 10**9 or len(whole) < 2:
        return ""
    if len(whole) == 2:
        return f"{_term(whole[1], name, 1)} = {-whole[0]}"
    terms = [_term(each, name, power) for power, each in reversed(list(enumerate(whole))) if each]
    return " + ".join(terms).replace("+ -", "- ") + " = 0"


def _term(factor: int, name: str, power: int) -> str:
    if not power:
        return str(factor)
    number = {1: "", -1: "-"}.get(factor, str(factor))
    return f"{number}{name}^{power}" if power > 1 else f"{number}{name}"


def _undone(given: Equation, name: str) -> list[Root]:
    """The numbers that are found by undoing what is done to the unknown, step by step."""
    holder, other = given.left.tree, given.right.tree
    if not has_unknown(holder):
        holder, other = other, holder
    found: dict[Value, Root] = {}
    for way, tree in enumerate(_inverse(holder, other)):
        if way == WAYS:
            raise TooLarge("There are too many ways to solve it.")
        try:
            root = _short(value(tree))
        except TooLarge:
            raise
        except Incomputable:  # the root of a negative number, as one of two ways
            continue
        if given.holds({name: root}):
            found[root] = Root(root)
        elif given.holds({name: root}, tolerance=1e-3):
            raise Incomputable("It cannot be told from rounded numbers.")
    return list(found.values())


def _short(number: Value) -> Value:
    """The short fraction that is as near to the number as makes no difference, or the number."""
    if isinstance(number, Fraction):
        return number
    short = Fraction(number).limit_denominator(1000)
    return short if math.isclose(short, number, rel_tol=1e-12) else number


def _inverse(node: ast.expr, target: ast.expr) -> Iterator[ast.expr]:
    """What the unknown in `node` may be so that it comes to the target."""
    match node:
        case _ if has_unknown(target):
            raise Incomputable("The unknown stands in several places, and not as in a polynomial.")
        case ast.Name():
            yield target
            return
        case ast.UnaryOp(op=sign, operand=inner):
            targets: list[ast.expr] = [ast.UnaryOp(sign, target)]
        case ast.BinOp(left=inner, op=sign, right=right) if has_unknown(inner):
            targets = _left(sign, target, right)
        case ast.BinOp(left=left, op=sign, right=inner):
            targets = _right(sign, target, left)
        case ast.Call(func=ast.Name(id=function), args=[inner]):
            targets = _argument(function, target)
        case _:
            targets = []
    if not targets:
        raise Incomputable("It cannot be solved step by step.")
    for each in targets:
        yield from _inverse(inner, each)


def _left(sign: ast.operator, target: ast.expr, right: ast.expr) -> list[ast.expr]:
    """What stands left of the sign."""
    if isinstance(sign, ast.Pow):
        root = ast.BinOp(_call("abs", target), ast.Pow(), ast.BinOp(ast.Constant(1), ast.Div(), right))
        return [root, ast.UnaryOp(ast.USub(), root)]
    opposite = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(sign))
    return [ast.BinOp(target, opposite(), right)] if opposite else []


def _right(sign: ast.operator, target: ast.expr, left: ast.expr) -> list[ast.expr]:
    """What stands right of the sign."""
    match sign:
        case ast.Add():
            return [ast.BinOp(target, ast.Sub(), left)]
        case ast.Mult():
            return [ast.BinOp(target, ast.Div(), left)]
        case ast.Sub() | ast.Div():
            return [ast.BinOp(left, sign, target)]
        case ast.Pow():
            return [ast.BinOp(_call("ln", target), ast.Div(), _call("ln", left))]
    return []


def _argument(function: str, target: ast.expr) -> list[ast.expr]:
    """What the function is of."""
    match function:
        case "sqrt":
            return [ast.BinOp(target, ast.Pow(), ast.Constant(2))]
        case "abs":
            return [target, ast.UnaryOp(ast.USub(), target)]
        case "exp":
            return [_call("ln", target)]
        case "ln" | "log":
            return [_call("exp", target)]
        case "lg" | "log10" | "log2":
            return [ast.BinOp(ast.Constant(2 if function == "log2" else 10), ast.Pow(), target)]
    return []


def _call(function: str, of: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function), [of], [])


def _system(equations: Sequence[Equation], unknowns: Sequence[str]) -> Solution:
    """Linear ones, by elimination."""
    rows = [_row(each, unknowns) for each in equations]
    for column in range(len(unknowns)):
        pivot = next((row for row in rows[column:] if row[column]), None)
        if pivot is None:
            raise Incomputable("The equations do not say what every unknown is, or contradict one another.")
        rows.remove(pivot)
        pivot = [each / pivot[column] for each in pivot]
        rows = [[x - row[column] * y for x, y in zip(row, pivot, strict=True)] for row in rows]
        rows.insert(column, pivot)
    found = {name: Root(row[-1]) for name, row in zip(unknowns, rows, strict=False)}
    known = {name: root.value for name, root in found.items()}
    if all(each.holds(known) for each in equations):
        return Solution(tuple(equations), "some", (found,))
    return Solution(tuple(equations), "none")


def _row(given: Equation, unknowns: Sequence[str]) -> list[Fraction]:
    """The factors of the unknowns, and what they come to."""
    top = (quotient(given.left.tree) - quotient(given.right.tree)).top
    if top.degree > 1:
        raise Incomputable("A system is solved only where it is linear.")
    return [*(top.of((name,)) for name in unknowns), -top.of(())]
