"""Values of trees as balls of arb: a ball is sure to hold the value, so two that don't meet prove that values differ.

What is covered: rational points exactly, precision up to `PRECISIONS`, sums and products term by term. What is not: limits,
integrals and infinite sums, which have no ball. Runs only in a worker, for flint's precision is its whole process's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from flint import acb, arb, ctx, fmpq, fmpz

from sandbox_rewards.math.conventions import Undecided
from sandbox_rewards.math.exact import exact_value, mentions, symbols_of, worth
from sandbox_rewards.math.tree import Apply, Matrix, Node, Number, Symbol

PRECISIONS = (128, 1024, 8192)
"""Bits that are tried one after the other for a number."""
LARGEST = 10**50
"""Of the whole numbers that functions of whole numbers take."""
AT_POINTS = (256,)
"""Bits at each of several points."""
TERMS = 1000
"""Of a sum or a product."""

Point = Mapping[str, Any]
"""Balls by the names of unknowns."""


def ball(node: Node, at: Point, field: type) -> Any:
    """The value of an expression as a ball of `field` (`arb`: real, `acb`: complex), not finite where it has none.

    Raises `Undecided`.
    """
    if isinstance(node, Number):
        return field(_rational(worth(node)))
    if isinstance(node, Symbol):
        return _symbol(node.name, at, field)
    if not isinstance(node, Apply):
        raise Undecided("no number")
    if node.name in ("sum", "prod"):
        return _series(node, at, field)
    if node.name == "det":
        return _determinant(node.arguments[0], at, field)
    if node.name == "^":
        return _power(node, at, field)
    values = [ball(argument, at, field) for argument in node.arguments]
    if node.name in _IN_ANGLES and _in_degrees(node.arguments[0]):
        values[0] = values[0] * arb.pi() / 180
    if node.name == "root":
        return _root(values[0], exact_value(node.arguments[1]), values[1])
    if node.name not in _OPERATIONS:
        raise Undecided(f"no value of {node.name}")
    return _OPERATIONS[node.name](*values)


def point(values: Mapping[str, Fraction | complex], field: type) -> dict[str, Any]:
    """Exact values as balls."""
    return {name: field(_rational(v)) if isinstance(v, Fraction) else acb(v.real, v.imag) for name, v in values.items()}


def is_real(value: Any) -> bool:
    return isinstance(value, arb) or bool(value.imag == 0)


def _rational(value: Fraction) -> Any:
    return fmpq(value.numerator, value.denominator)


def _symbol(name: str, at: Point, field: type) -> Any:
    if name in at:
        return at[name]
    if name == "i" and field is acb:
        return acb(0, 1)
    if name not in ("pi", "e"):
        raise Undecided(f"the unknown {name}")
    return field(arb.pi() if name == "pi" else arb(1).exp())


def _power(node: Apply, at: Point, field: type) -> Any:
    base, exponent = (ball(argument, at, field) for argument in node.arguments)
    exact = exact_value(node.arguments[1])
    if exact is None:
        if base == 0 and exponent == 0:
            return field(1)
        return base**exponent
    if exact.denominator == 1:
        return base ** fmpz(int(exact)) if abs(exact) < 1 << 62 else base**exponent
    if exact.denominator % 2 and _negative(base):
        value = field(abs(_real(base)) ** arb(_rational(exact)))
        return -value if exact.numerator % 2 else value
    return base**exponent


def _root(value: Any, exact: Fraction | None, degree: Any) -> Any:
    if exact is not None and exact.denominator == 1 and exact % 2 and _negative(value):
        return -((-value) ** (1 / degree))
    return value.sqrt() if exact == 2 else value ** (1 / degree)


def _negative(value: Any) -> bool:
    return bool(is_real(value) and _real(value) < 0)


def _real(value: Any) -> Any:
    return value if isinstance(value, arb) else value.real


def _in_degrees(node: Node) -> bool:
    if isinstance(node, Apply):
        return any(map(_in_degrees, node.arguments))
    return isinstance(node, Number) and node.unit == "°"


def _series(node: Apply, at: Point, field: type) -> Any:
    """A finite sum or product, term by term."""
    name, *bounds, body = node.arguments
    low, high = (exact_value(bound) if not symbols_of(bound) else _whole(ball(bound, at, field)) for bound in bounds)
    if not isinstance(name, Symbol) or low is None or high is None or low.denominator != 1 or high.denominator != 1:
        raise Undecided(f"a {node.name} without whole bounds")
    if high - low >= (TERMS if not mentions(body, frozenset({"sum", "prod"})) else 30):
        raise Undecided(f"more than {TERMS} terms")
    total = field(0 if node.name == "sum" else 1)
    for k in range(int(low), int(high) + 1):
        term = ball(body, {**at, name.name: field(k)}, field)
        total = total + term if node.name == "sum" else total * term
    return total


def _whole(value: Any) -> Fraction | None:
    real = _real(value)
    if not (is_real(value) and real.is_exact() and abs(real) < LARGEST):  # flint ends its process on larger ones
        return None
    number = real.unique_fmpz()
    return Fraction(int(number)) if number is not None else None


def _determinant(matrix: Node, at: Point, field: type) -> Any:
    if not isinstance(matrix, Matrix) or len(matrix.rows) != len(matrix.rows[0]) or len(matrix.rows) > 6:
        raise Undecided("a determinant of what is not square, or too large")
    return _expanded([[ball(cell, at, field) for cell in row] for row in matrix.rows], field)


def _expanded(rows: list[list[Any]], field: type) -> Any:
    """Laplace's expansion: exact for exact entries, which elimination is not."""
    if not rows:
        return field(1)
    minors = [_expanded([row[:k] + row[k + 1 :] for row in rows[1:]], field) for k in range(len(rows))]
    return sum((cell * minor * (-1) ** k for k, (cell, minor) in enumerate(zip(rows[0], minors, strict=True))), field(0))


def _factorial(value: Any) -> Any:
    return (value + 1).gamma()


def _binomial(top: Any, bottom: Any) -> Any:
    whole = _whole(bottom)
    if whole is not None and 0 <= whole <= TERMS:
        product = type(top)(1)
        for k in range(int(whole)):
            product = product * (top - k) / (k + 1)
        return product
    return _factorial(top) * (bottom + 1).rgamma() * (top - bottom + 1).rgamma()


def _on_reals(name: str) -> Callable[..., Any]:
    """A function of real numbers only."""

    def of(*values: Any) -> Any:
        if not all(map(is_real, values)):
            raise Undecided(f"{name} of what is not real")
        result = getattr(_real(values[0]), name)(*map(_real, values[1:]))
        return type(values[0])(result)

    return of


def _integers(function: Callable[..., int]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        whole = [_whole(value) for value in values]
        if None in whole:
            raise Undecided("no whole numbers")
        return type(values[0])(function(*(int(value) for value in whole if value is not None)))

    return of


def _arccot(value: Any) -> Any:
    return arb.pi() / 2 - value.atan()


_IN_ANGLES = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "word": lambda *letters: math.prod(letters), "+": lambda a, b: a + b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "ratio": lambda a, b: a / b, "neg": lambda a: -a,
    "!": _factorial, "abs": abs, "binomial": _binomial, "sqrt": lambda a: a.sqrt(), "arccot": _arccot,
    "log": lambda base, a: a.log() / base.log(), "ln": lambda a: a.log(),
    **{name: (lambda a, name=name: getattr(a, name)()) for name in (*_IN_ANGLES, "sinh", "cosh", "tanh", "exp")},
    **{f"arc{name}": (lambda a, name=name: getattr(a, f"a{name}")()) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "sgn": _on_reals("sgn"), "floor": _on_reals("floor"), "ceil": _on_reals("ceil"), "max": _on_reals("max"),
    "min": _on_reals("min"), "gcd": _integers(math.gcd), "lcm": _integers(math.lcm),
}  # fmt: skip


def with_bits(bits: int) -> Any:
    """A context in which balls are computed with so many bits."""
    return ctx.workprec(bits)
