"""Whole-number arithmetic on trees: what decides most answers, in the grader's own process, without sympy. Sizes are bounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from sandbox_rewards.math.tree import Apply, Node, Number, Symbol, children

BITS = 20_000
"""Of the whole numbers of an exact value."""
NAMED = frozenset({"pi", "e", "i", "oo"})
"""Symbols that mean a number in an answer."""


def exact_value(node: Node) -> Fraction | None:
    """The rational number that an expression is by whole-number arithmetic; None where that does not tell, or is too large."""
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Apply):
        return None
    values = [worth(a) if isinstance(a, Number) else exact_value(a) for a in node.arguments]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or sum(map(_bits, known)) > BITS:
        return None
    try:
        return _exactly(node.name, known)
    except ZeroDivisionError:
        return None


def worth(number: Number) -> Fraction:
    """A number as part of an expression, where a per cent is a hundredth."""
    return number.value / 100 if number.unit == "%" else number.value


def symbols_of(node: Node) -> set[str]:
    """The unknowns of an expression; the index of a sum is none."""
    if isinstance(node, Symbol):
        return set() if node.name in NAMED else {node.name}
    found = set().union(*map(symbols_of, children(node)))
    return found - symbols_of(node.arguments[0]) if isinstance(node, Apply) and node.name in ("sum", "prod") else found


def mentions(node: Node, names: frozenset[str]) -> bool:
    """Whether a symbol or an operation of one of these names is in a tree."""
    return (isinstance(node, (Symbol, Apply)) and node.name in names) or any(mentions(child, names) for child in children(node))


def size(node: Node) -> int:
    """Nodes of a tree."""
    return 1 + sum(map(size, children(node)))


def _exactly(name: str, values: list[Fraction]) -> Fraction | None:
    if name == "^":
        base, exponent = values
        small = exponent.denominator == 1 and abs(exponent) * _bits(base) <= BITS
        return base ** int(exponent) if small else None
    if name == "!":
        small = values[0].denominator == 1 and 0 <= values[0] <= 500
        return Fraction(math.factorial(int(values[0]))) if small else None
    if name in ("gcd", "lcm", "binomial") and any(v.denominator != 1 or v < 0 or v > 10**9 for v in values):
        return None
    if name == "binomial":
        top, bottom = (int(v) for v in values)
        return Fraction(math.comb(top, bottom)) if min(bottom, top - bottom) <= 500 else None
    return Fraction(_EXACT[name](*values)) if name in _EXACT else None


_EXACT: dict[str, Callable[..., Fraction | int]] = {
    "+": lambda a, b: a + b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "ratio": lambda a, b, *c: a / b,
    "neg": lambda a: -a, "abs": abs, "floor": math.floor, "ceil": math.ceil, "max": max, "min": min,
    "gcd": lambda *v: math.gcd(*map(int, v)), "lcm": lambda *v: math.lcm(*map(int, v)),
}  # fmt: skip


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()
