"""Trees as sympy's objects, built node by node and never from a string. Sizes are bounded before anything is built.

Runs only in a worker, for only there sympy is imported. Raises `Undecided` for what has no object, or would be too large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy

from sandbox_rewards.math.conventions import Undecided
from sandbox_rewards.math.exact import worth
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Matrix, Node, Number, Relation, Symbol

BITS = 400_000
"""Of a whole number that is computed."""
LARGEST = 2_000
"""Of what a factorial or a binomial is taken of as a number; others stay unevaluated."""


class Builder:
    """Makes objects whose symbols share the assumptions of one comparison."""

    def __init__(self, assume: str, integers: frozenset[str] = frozenset()) -> None:
        self._assume = assume
        self._kind = {"real": {"real": True}, "positive": {"positive": True}, "complex": {}}[assume]
        self._integers = integers

    def symbol(self, name: str) -> Any:
        return sympy.Symbol(name, **({"integer": True} if name in self._integers else self._kind))

    def expression(self, node: Node) -> Any:
        """The object of an expression."""
        if isinstance(node, Number):
            value = worth(node)
            return sympy.Rational(value.numerator, value.denominator)
        if isinstance(node, Symbol):
            if node.name in self._integers:
                return self.symbol(node.name)
            return _NAMED.get(node.name) or self.symbol(node.name)
        if isinstance(node, Matrix):
            return sympy.ImmutableMatrix([[self.expression(cell) for cell in row] for row in node.rows])
        if not isinstance(node, Apply):
            raise Undecided(f"no expression: {type(node).__name__.lower()}")
        if node.name in ("sum", "prod"):
            return self._series(node)
        if node.name == "det":
            return self.expression(node.arguments[0]).det()
        values = [self.expression(argument) for argument in node.arguments]
        if node.name in ANGLES and _in_degrees(node.arguments[0]):
            values[0] = values[0] * sympy.pi / 180
        if node.name not in _OPERATIONS:
            raise Undecided(f"no object for {node.name}")
        return _OPERATIONS[node.name](*values)

    def _series(self, node: Apply) -> Any:
        name, low, high, body = node.arguments
        if not isinstance(name, Symbol):
            raise Undecided("a sum without an index")
        index = sympy.Symbol(name.name, integer=True)
        inner = Builder(self._assume, self._integers | {name.name})
        make = sympy.Sum if node.name == "sum" else sympy.Product
        return make(inner.expression(body), (index, self.expression(low), self.expression(high))).doit()

    # -- sets ------------------------------------------------------------------------------------------------------------------

    def region(self, node: Node) -> Any:
        """The set of numbers that an interval, a union, a condition or several conditions describe."""
        if isinstance(node, Symbol):
            if node.name not in _SETS:
                raise Undecided(f"no set of numbers: {node.name}")
            return _SETS[node.name]
        if isinstance(node, IntervalUnion):
            return sympy.Union(*map(self.region, node.parts))
        if isinstance(node, Apply) and node.name in ("setminus", "cap"):
            one, other = map(self.region, node.arguments)
            return one - other if node.name == "setminus" else one & other
        if isinstance(node, Relation):
            return self._condition(node)
        if not isinstance(node, Group):
            raise Undecided("no set of numbers")
        if node.opening == "{":
            return sympy.FiniteSet(*map(self.expression, node.items))
        if node.opening == "":
            return self._conditions(node)
        low, high = map(self.expression, node.items)
        return sympy.Interval(low, high, left_open=node.opening == "(", right_open=node.closing == ")")

    def _conditions(self, node: Group) -> Any:
        """Conditions side by side: with a comma or `and` both hold, unless they could never; with `or` either does."""
        sets = [self.region(item) for item in node.items]
        common = sympy.Intersection(*sets)
        return sympy.Union(*sets) if node.closing == "or" or common is sympy.S.EmptySet else common

    def _condition(self, node: Relation) -> Any:
        if node.signs == ("in",):
            return self.region(node.sides[1])
        sides = [self.expression(side) for side in node.sides]
        unknown = sorted(set().union(*(side.free_symbols for side in sides)), key=str)
        if len(unknown) != 1:
            raise Undecided("a condition on several unknowns")
        x = sympy.Symbol("x", real=True)
        sides = [side.subs(unknown[0], x) for side in sides]
        return sympy.Intersection(*(_solved(*pair, x) for pair in zip(sides, node.signs, sides[1:], strict=False)))


def _solved(left: Any, sign: str, right: Any, x: Any) -> Any:
    if sign not in ORDERS:
        raise Undecided(f"no condition: {sign}")
    condition = ORDERS[sign](left, right)
    if condition in (sympy.true, sympy.false):
        return sympy.S.Reals if condition == sympy.true else sympy.S.EmptySet
    if sign == "!=":
        return sympy.S.Reals - sympy.solveset(left - right, x, sympy.S.Reals)
    return sympy.solve_univariate_inequality(condition, x, relational=False)


def _in_degrees(node: Node) -> bool:
    if isinstance(node, Apply):
        return any(map(_in_degrees, node.arguments))
    return isinstance(node, Number) and node.unit == "°"


def _power(base: Any, exponent: Any) -> Any:
    if base.is_Rational and exponent.is_Rational:
        if abs(exponent) * (abs(base.p).bit_length() + base.q.bit_length()) > BITS:
            raise Undecided("a power that is too large")
        if base.is_negative and not exponent.is_Integer and exponent.q % 2:
            return (-1) ** exponent.p * (-base) ** exponent
    elif exponent.is_number and base.is_number and exponent.is_Rational and exponent.q % 2 and base.is_negative:
        return (-1) ** exponent.p * (-base) ** exponent
    if exponent.is_Integer and base.is_Add and abs(exponent) > 60:
        return sympy.Pow(base, exponent, evaluate=False)
    return base**exponent


def _root(value: Any, degree: Any) -> Any:
    return sympy.sqrt(value) if degree == 2 else _power(value, 1 / degree)


def _small(make: Callable[..., Any]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        if any(v.is_Number and abs(v) > 50 * LARGEST for v in values) or any(v.has(sympy.factorial) for v in values):
            raise Undecided("a factorial or a binomial that is too large")
        if any(v.is_Number and (abs(v) > LARGEST or not v.is_Rational) for v in values):
            return make(*values, evaluate=False)
        return make(*values)

    return of


def _times(one: Any, other: Any) -> Any:
    if one.is_Integer and other.is_Integer and abs(one.p).bit_length() + abs(other.p).bit_length() > BITS:
        raise Undecided("a product that is too large")
    return one * other


ORDERS: dict[str, Any] = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge, "!=": sympy.Ne}
ANGLES = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
_NAMED = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}
_SETS = {
    "mathbb R": sympy.S.Reals, "mathbb Z": sympy.S.Integers, "mathbb N": sympy.S.Naturals, "mathbb Q": sympy.S.Rationals,
    "mathbb R^+": sympy.Interval.open(0, sympy.oo), "mathbb R^-": sympy.Interval.open(-sympy.oo, 0),
}  # fmt: skip
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "word": lambda *letters: math.prod(letters), "+": lambda a, b: a + b, "*": _times, "/": lambda a, b: a / b,
    "ratio": lambda a, b: a / b, "neg": lambda a: -a,
    "^": _power, "root": _root, "sqrt": sympy.sqrt, "!": _small(sympy.factorial), "binomial": _small(sympy.binomial),
    "abs": sympy.Abs, "ln": sympy.log, "log": lambda base, a: sympy.log(a) / sympy.log(base), "exp": sympy.exp,
    **{name: getattr(sympy, name) for name in (*ANGLES, "sinh", "cosh", "tanh")},
    "arcsinh": sympy.asinh, "arccosh": sympy.acosh, "arctanh": sympy.atanh,
    "arcsin": sympy.asin, "arccos": sympy.acos, "arctan": sympy.atan, "arccot": lambda a: sympy.pi / 2 - sympy.atan(a),
    "sgn": sympy.sign, "floor": sympy.floor, "ceil": sympy.ceiling, "max": sympy.Max, "min": sympy.Min,
    "gcd": lambda *v: sympy.gcd_list(v), "lcm": lambda *v: sympy.lcm_list(v), "transposed": lambda a: a.T,
}  # fmt: skip
