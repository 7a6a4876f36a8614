"""Numbers of expressions, in high precision, at given values of their symbols. Every step is bounded.

What is covered: time and memory. A power whose result would have more than `BITS` bits of exponent, and factorials and binomials
beyond `LARGEST`, are refused before they are computed; nothing of an answer is executed, compiled or given to a parser of
Python's. What is not: equalities that only symbols could prove (two functions that agree at every point tried are equal here).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath

from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Apply, Matrix, Node, Number, Symbol, children

DIGITS = 60
CLOSE = mpmath.mpf(10) ** -40
"""Relative distance of numbers that are the same; they are computed to 20 digits more."""
BITS = 10_000_000
LARGEST = 100_000
TERMS = 200
"""Of a sum or a product."""
EXACT_BITS = 50_000
"""Of the whole numbers that an exact value is computed with."""
NAMED = frozenset({"pi", "e", "i", "oo"})
"""Symbols that mean a number in an answer."""


def number_of(node: Node, at: Mapping[str, Any]) -> Any:
    """An mpmath number. Raises `Unreadable` for what is none, and for what is too large to compute."""
    with mpmath.workdps(DIGITS):
        try:
            return _value(node, at)
        except (ZeroDivisionError, ValueError, OverflowError, TypeError) as error:
            raise Unreadable(f"no value ({type(error).__name__})") from None


def exact_value(node: Node) -> Fraction | None:
    """The rational number that an expression is by whole-number arithmetic; None where that does not tell, or is too large."""
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Apply):
        return None
    values = [_worth(a) if isinstance(a, Number) else exact_value(a) for a in node.arguments]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or sum(_bits(value) for value in known) > EXACT_BITS:
        return None
    try:
        return _exactly(node.name, known)
    except ZeroDivisionError:
        return None


def is_exact(node: Node) -> bool:
    """Whether what a node says is compared without computing with decimals: rationals and words, and what is made of them."""
    if isinstance(node, Apply):
        return exact_value(node) is not None
    return all(map(is_exact, children(node)))


def _exactly(name: str, values: list[Fraction]) -> Fraction | None:
    if name in ("/", "ratio") and len(values) == 2:
        return values[0] / values[1]
    if name == "^":
        base, exponent = values
        small = exponent.denominator == 1 and abs(exponent) * _bits(base) <= EXACT_BITS
        return base ** int(exponent) if small else None
    if name == "!":
        small = values[0].denominator == 1 and 0 <= values[0] <= 500
        return Fraction(math.factorial(int(values[0]))) if small else None
    return Fraction(_EXACT[name](values)) if name in _EXACT else None


_EXACT: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "+": lambda v: v[0] + v[1], "*": lambda v: v[0] * v[1], "neg": lambda v: -v[0], "abs": lambda v: abs(v[0]),
}  # fmt: skip


def _worth(number: Number) -> Fraction:
    """A number as part of an expression, where a per cent is a hundredth."""
    return number.value / 100 if number.unit == "%" else number.value


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def symbols_of(node: Any) -> set[str]:
    if isinstance(node, Symbol):
        return set() if node.name in NAMED else {node.name}
    if isinstance(node, Apply):
        found = set().union(*map(symbols_of, node.arguments))
        return found - symbols_of(node.arguments[0]) if node.name in ("sum", "prod") else found
    return set()


def _value(node: Node, at: Mapping[str, Any]) -> Any:
    if isinstance(node, Number):
        value = _worth(node)
        return mpmath.mpf(value.numerator) / value.denominator
    if isinstance(node, Symbol):
        if node.name in at:
            return at[node.name]
        if node.name not in NAMED:
            raise Unreadable(f"the unknown {node.name}")
        return {"pi": +mpmath.pi, "e": +mpmath.e, "i": mpmath.mpc(0, 1), "oo": mpmath.inf}[node.name]
    if isinstance(node, Apply) and node.name in ("sum", "prod"):
        return _series(node, at)
    if isinstance(node, Apply) and node.name == "det" and isinstance(node.arguments[0], Matrix):
        return _determinant(node.arguments[0], at)
    if not isinstance(node, Apply) or node.name not in _FUNCTIONS:
        raise Unreadable("no number")
    arguments = [_value(argument, at) for argument in node.arguments]
    if node.name in _TRIGONOMETRIC and _in_degrees(node.arguments[0]):
        arguments = [arguments[0] * mpmath.pi / 180]
    return _FUNCTIONS[node.name](*arguments)


def _in_degrees(node: Node) -> bool:
    if isinstance(node, Apply):
        return any(map(_in_degrees, node.arguments))
    return isinstance(node, Number) and node.unit == "°"


def _series(node: Apply, at: Mapping[str, Any]) -> Any:
    """A finite sum or product, term by term."""
    name, low, high, body = node.arguments
    first, last = _value(low, at), _value(high, at)
    if not (isinstance(name, Symbol) and first == int(mpmath.re(first)) and last == int(mpmath.re(last)) and _plain(body)):
        raise Unreadable(f"a {node.name} that is not a plain finite one")
    if last - first >= TERMS:
        raise Unreadable(f"more than {TERMS} terms")
    terms = [_value(body, {**at, name.name: mpmath.mpf(k)}) for k in range(int(first), int(last) + 1)]
    return mpmath.fsum(terms) if node.name == "sum" else mpmath.fprod(terms)


def _plain(node: Node) -> bool:
    """No sum or product is in it."""
    return not isinstance(node, Apply) or (node.name not in ("sum", "prod", "det") and all(map(_plain, node.arguments)))


def _determinant(matrix: Matrix, at: Mapping[str, Any]) -> Any:
    if len(matrix.rows) != len(matrix.rows[0]) or len(matrix.rows) > 8:
        raise Unreadable("a determinant of what is not square, or too large")
    return mpmath.det(mpmath.matrix([[_value(cell, at) for cell in row] for row in matrix.rows]))


def _power(base: Any, exponent: Any) -> Any:
    if mpmath.isinf(base) or mpmath.isinf(exponent):
        raise Unreadable("a power of infinity")
    if base != 0:
        size = abs(mpmath.log(abs(base), 2)) if abs(base) != 1 else mpmath.mpf(0)
        if size * abs(exponent) > BITS:
            raise Unreadable("a power that is too large")
    return mpmath.power(base, exponent)


def _root(value: Any, degree: Any) -> Any:
    if degree == int(mpmath.re(degree)) and int(mpmath.re(degree)) % 2 and mpmath.im(value) == 0 and mpmath.re(value) < 0:
        return -_power(-value, 1 / degree)
    return _power(value, 1 / degree) if degree != 2 else mpmath.sqrt(value)


def _factorial(value: Any) -> Any:
    if not -20 < mpmath.re(value) <= LARGEST or mpmath.im(value) != 0:
        raise Unreadable("a factorial that is none or too large")
    return mpmath.factorial(value)


def _binomial(top: Any, bottom: Any) -> Any:
    if max(abs(top), abs(bottom)) > LARGEST:
        raise Unreadable("a binomial that is too large")
    return mpmath.binomial(top, bottom)


def _integers(function: Callable[..., int]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        if any(value != int(mpmath.re(value)) or abs(value) > 10**50 for value in values):
            raise Unreadable("no whole numbers")
        return mpmath.mpf(function(*(int(mpmath.re(value)) for value in values)))

    return of


def _bounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def of(value: Any) -> Any:
        if abs(value) > 10**12:
            raise Unreadable("an argument that is too large")
        return function(value)

    return of


_TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "neg": lambda a: -a, "^": _power, "root": _root,
    "ratio": lambda a, b: a / b, "!": _factorial, "abs": abs, "binomial": _binomial, "sqrt": mpmath.sqrt,
    "log": lambda base, a: mpmath.log(a) / mpmath.log(base), "ln": mpmath.log, "exp": _bounded(mpmath.exp),
    **{name: _bounded(getattr(mpmath, name)) for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")},
    "arccot": mpmath.acot, "sgn": mpmath.sign, "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan,
    "floor": mpmath.floor, "ceil": mpmath.ceil,
    "gcd": _integers(math.gcd), "lcm": _integers(math.lcm), "max": max, "min": min,
}  # fmt: skip
