"""Polynomials with fractions as coefficients: quotients of them out of an expression, and their roots."""

import ast
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rag.arithmetic import BITS, Incomputable, TooLarge, Value, value

DEGREE = 8
"""The highest there may be on the way."""

TERMS = 60

Monomial = tuple[str, ...]
"""Its unknowns in order, each as often as it is a factor."""


@dataclass(frozen=True, slots=True)
class Polynomial:
    """The coefficient of each monomial; those of 0 are left out."""

    terms: Mapping[Monomial, Fraction]

    def __add__(self, other: "Polynomial") -> "Polynomial":
        every = dict.fromkeys([*self.terms, *other.terms])
        return _polynomial((term, self.of(term) + other.of(term)) for term in every)

    def __mul__(self, other: "Polynomial") -> "Polynomial":
        sums: dict[Monomial, Fraction] = {}
        for left, factor in self.terms.items():
            for right, other_factor in other.terms.items():
                term = tuple(sorted(left + right))
                sums[term] = sums.get(term, Fraction(0)) + factor * other_factor
        return _polynomial(sums.items())

    def of(self, term: Monomial) -> Fraction:
        return self.terms.get(term, Fraction(0))

    @property
    def degree(self) -> int:
        return max(map(len, self.terms), default=0)

    def of_one(self, name: str) -> list[Fraction]:
        """The coefficients by power, beginning with that of 1, where `name` is the only unknown."""
        return [self.of((name,) * power) for power in range(self.degree + 1)]


@dataclass(frozen=True, slots=True)
class Quotient:
    """One polynomial over another."""

    top: Polynomial
    bottom: Polynomial

    def __add__(self, other: "Quotient") -> "Quotient":
        if self.bottom == other.bottom:
            return Quotient(self.top + other.top, self.bottom)
        return Quotient(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    def __sub__(self, other: "Quotient") -> "Quotient":
        return self + _constant(Fraction(-1)) * other

    def __mul__(self, other: "Quotient") -> "Quotient":
        return Quotient(self.top * other.top, self.bottom * other.bottom)

    def __truediv__(self, other: "Quotient") -> "Quotient":
        if not other.top.terms:
            raise Incomputable("It divides by zero.")
        # What is divided by still counts as a bottom where it had one: 1/(1/x) has no value at 0.
        twice = other.bottom if other.bottom.degree else _constant(Fraction(1)).top
        return Quotient(self.top * other.bottom * twice, self.bottom * other.top * twice)

    def __pow__(self, exponent: int) -> "Quotient":
        power = _constant(Fraction(1))
        for _ in range(exponent):
            power = power * self
        return power


@dataclass(frozen=True, slots=True)
class Root:
    """A number, and how it is written exactly where it is a square root and no fraction."""

    value: Value
    exact: str = ""


def quotient(tree: ast.expr) -> Quotient:
    """The expression as a quotient of polynomials. Raises Incomputable where it is none."""
    if not has_unknown(tree):
        return _constant(Fraction(value(tree)))
    match tree:
        case ast.Name(id=name):
            return Quotient(Polynomial({(name,): Fraction(1)}), Polynomial({(): Fraction(1)}))
        case ast.UnaryOp(op=sign, operand=operand):
            return _constant(Fraction(-1 if isinstance(sign, ast.USub) else 1)) * quotient(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return quotient(left) + quotient(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return quotient(left) - quotient(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return quotient(left) * quotient(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return quotient(left) / quotient(right)
        case ast.BinOp(left=left, op=ast.Pow(), right=right) if not has_unknown(right):
            exponent = value(right)
            if exponent in range(DEGREE + 1):
                return quotient(left) ** int(exponent)
    raise Incomputable("It is no polynomial.")


def has_unknown(tree: ast.expr) -> bool:
    """Whether there is a name in it that stands for no number and no function."""
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return any(
        isinstance(node, ast.Name) and node not in called and node.id not in ("pi", "e")
        for node in ast.walk(tree)
    )


def roots(top: Sequence[Fraction], bottom: Sequence[Fraction]) -> Iterator[Root]:
    """Where the quotient of two polynomials is 0, among the real numbers.

    Coefficients are by power, beginning with that of 1, the last one not 0. The roots are exact up to
    degree 2, and above as far as short fractions are roots.
    """
    # Repeated roots are found too far from where they are.
    slope = [power * factor for power, factor in enumerate(top)][1:]
    top = _divided(top, _common(top, slope))[0]
    top = _divided(top, _common(top, bottom))[0]
    while len(top) > 3:
        near = _near(top)
        short = (Fraction(number).limit_denominator(1000) for number in near)
        exact = next((number for number in short if not _at(top, number)), None)
        if exact is None:
            yield from map(Root, near)
            return
        yield Root(exact)
        top = _divided(top, [-exact, Fraction(1)])[0]
    if len(top) == 3:
        yield from _quadratic(*top)
    elif len(top) == 2:
        yield Root(-top[0] / top[1])


def _polynomial(terms: Iterable[tuple[Monomial, Fraction]]) -> Polynomial:
    kept = {term: factor for term, factor in terms if factor}
    bits = (max(each.numerator.bit_length(), each.denominator.bit_length()) for each in kept.values())
    if len(kept) > TERMS or max(map(len, kept), default=0) > DEGREE or max(bits, default=0) > BITS:
        raise TooLarge("It is too large a polynomial.")
    return Polynomial(kept)


def _constant(number: Fraction) -> Quotient:
    return Quotient(_polynomial([((), number)]), _polynomial([((), Fraction(1))]))


def _near(polynomial: Sequence[Fraction]) -> list[float]:
    import numpy

    try:
        found = numpy.roots([float(factor) for factor in reversed(polynomial)])
    except (OverflowError, numpy.linalg.LinAlgError) as error:
        raise TooLarge("A number in it is too large.") from error
    return [float(root.real) for root in found if abs(root.imag) <= 1e-6 * max(1.0, abs(root))]


def _at(polynomial: Sequence[Fraction], number: Fraction) -> Fraction:
    total = Fraction(0)
    for factor in reversed(polynomial):
        total = total * number + factor
    return total


def _common(left: Sequence[Fraction], right: Sequence[Fraction]) -> Sequence[Fraction]:
    """The greatest polynomial that divides both."""
    while right:
        left, right = right, _divided(left, right)[1]
    return left


def _divided(polynomial: Sequence[Fraction], by: Sequence[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """What one polynomial comes to when it is divided by another, and what remains."""
    rest = list(polynomial)
    whole = [Fraction(0)] * max(1, len(rest) - len(by) + 1)
    while len(rest) >= len(by):
        place = len(rest) - len(by)
        whole[place] = rest[-1] / by[-1]
        for power, factor in enumerate(by):
            rest[place + power] -= whole[place] * factor
        while rest and not rest[-1]:
            rest.pop()
    return whole, rest


def _quadratic(c: Fraction, b: Fraction, a: Fraction) -> Iterator[Root]:
    scale = math.lcm(a.denominator, b.denominator, c.denominator) * (1 if a > 0 else -1)
    a, b, c = a * scale, b * scale, c * scale
    square = int(b * b - 4 * a * c)
    if square < 0:
        return
    root = math.isqrt(square)
    if root * root == square:
        yield from (Root((-b - root) / (2 * a)), Root((-b + root) / (2 * a)))
        return
    near = Fraction(math.isqrt(square * 10**60), 10**30)
    for sign in (-1, 1):
        yield Root(_rounded((-b + sign * near) / (2 * a)), _surd(int(-b), sign, square, int(2 * a)))


def _rounded(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise TooLarge("A number in it is too large.") from error


def _surd(whole: int, sign: int, square: int, below: int) -> str:
    """(whole ± √square) / below, in lowest terms; empty where the numbers get long."""
    if square > 10**8:
        return ""
    outside = next(n for n in range(math.isqrt(square), 0, -1) if square % (n * n) == 0)
    square //= outside * outside
    shared = math.gcd(whole, outside, below)
    whole, outside, below = whole // shared, outside // shared, below // shared
    surd = f"{outside if outside > 1 else ''}√{square}"
    text = f"{whole} {'+' if sign > 0 else '-'} {surd}" if whole else f"{'' if sign > 0 else '-'}{surd}"
    if below == 1:
        return text
    return f"({text})/{below}" if whole else f"{text}/{below}"
