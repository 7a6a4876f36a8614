r"""Parts of the real line that an answer names: intervals, unions, inequalities in one variable, `\mathbb{R} \setminus \{0\}`.

Two that are written in different ways are compared by their members: at every bound that either names, right beside it, between
the bounds, and far out. What is covered: regions whose bounds one of the two names. What is not: bounds that both leave to be
computed (`x^2 < 2` against `x^4 < 4`), which are told apart only by points in between.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import mpmath

from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Node, Relation, Symbol, children
from sandbox_rewards.math.values import CLOSE, DIGITS, number_of, symbols_of

ORDERS = frozenset({"<", "<=", ">", ">=", "!="})
REALS = Symbol("mathbb R")
_WHOLE = {"mathbb Z": None, "mathbb N": 1}
BESIDE = mpmath.mpf(10) ** -15
"""How far from a bound the points beside it are, relative to it."""
MOST = 16
"""Bounds, and conditions, that are looked at."""


def is_region(node: Node) -> bool:
    """Whether a node says which real numbers belong to it, other than by listing them."""
    if isinstance(node, Relation):
        return set(node.signs) <= ORDERS and len(_unknowns(node)) == 1
    if isinstance(node, IntervalUnion):
        return all(is_region(part) or isinstance(part, (Group, Symbol)) for part in node.parts)
    if isinstance(node, Group) and node.opening == "":
        parts = _conditions(node)
        return all(isinstance(part, Relation) and is_region(part) for part in parts) and len(_unknowns(*parts)) == 1
    if isinstance(node, Group):
        return node.opening in "([" and node.closing in ")]" and len(node.items) == 2
    if isinstance(node, Apply) and node.name in ("setminus", "cap"):
        return is_region(node.arguments[0])
    return node == REALS


def same_region(gold: Node, answer: Node) -> bool:
    """Whether both hold the same numbers, as far as the points that are tried tell."""
    if _holds_infinity(answer) and not _holds_infinity(gold):
        return False
    with mpmath.workdps(DIGITS):
        gold, answer = _decided(gold), _decided(answer)
        points = _points([*_bounds(gold), *_bounds(answer)])
        found = [(_holds(gold, point), _holds(answer, point)) for point in points]
    return all(one == other for one, other in found)


def _conditions(node: Group) -> list[Node]:
    """Its items but for what only says that the unknown is real."""
    said = [i for i in node.items if not (isinstance(i, Relation) and i.signs == ("in",) and i.sides[1] == REALS)]
    return said or list(node.items)


def _unknowns(*nodes: Node) -> set[str]:
    return set().union(*(symbols_of(side) for node in nodes if isinstance(node, Relation) for side in node.sides))


def _holds_infinity(node: Node) -> bool:
    """Whether an interval claims an infinite end as its own, which none does."""
    if isinstance(node, IntervalUnion):
        return any(map(_holds_infinity, node.parts))
    if not isinstance(node, Group) or len(node.items) != 2:
        return False
    return (node.opening == "[" and _infinite(node.items[0])) or (node.closing == "]" and _infinite(node.items[1]))


def _infinite(node: Node) -> bool:
    return node == Symbol("oo") or (isinstance(node, Apply) and node.name == "neg" and _infinite(node.arguments[0]))


def _bounds(node: Node) -> list[Any]:
    """The numbers that a region names as its bounds."""
    found: list[Any] = []
    for side in _sides(node):
        if symbols_of(side):
            continue
        try:
            value = number_of(side, {})
        except Unreadable:
            continue
        if mpmath.im(value) == 0 and mpmath.isfinite(value):
            found.append(mpmath.re(value))
    return found


def _sides(node: Node) -> list[Node]:
    if isinstance(node, Relation) or (isinstance(node, Group) and node.opening != ""):
        return list(children(node))
    return [side for part in children(node) for side in _sides(part)]


def _points(bounds: list[Any]) -> list[Any]:
    if len(bounds) > MOST:
        raise Unreadable(f"more than {MOST} bounds")
    bounds = sorted(set(bounds))
    beside = [b + sign * BESIDE * max(1, abs(b)) for b in bounds for sign in (-1, 1)]
    between = [(a + b) / 2 for a, b in itertools.pairwise(bounds)]
    far = max([1, *map(abs, bounds)])
    chance = random.Random(20_240_229)
    spread = [far * mpmath.mpf(chance.randint(-(10**9), 10**9)) / 10**8 for _ in range(12)]
    near = [mpmath.mpf(chance.randint(-(10**9), 10**9)) / 10**8 for _ in range(12)]
    whole = [mpmath.mpf(n) for n in range(-3, 4)]
    return [*bounds, *beside, *between, *spread, *near, *whole, far * 1000, -far * 1000]


def _holds(node: Node, at: Any) -> bool:
    """Whether a number belongs to a region."""
    if isinstance(node, Relation):
        return _relation_holds(node, at)
    if isinstance(node, IntervalUnion):
        return any(_holds(part, at) for part in node.parts)
    if isinstance(node, Group):
        return _group_holds(node, at)
    if isinstance(node, Apply) and node.name == "setminus":
        return _holds(node.arguments[0], at) and not _holds(node.arguments[1], at)
    if isinstance(node, Apply) and node.name == "cap":
        return all(_holds(part, at) for part in node.arguments)
    if isinstance(node, Symbol) and node.name in _WHOLE:
        least = _WHOLE[node.name]
        return bool(at == mpmath.floor(at)) and (least is None or at >= least)
    if node == REALS:
        return True
    raise Unreadable("no part of the real line")


def _group_holds(node: Group, at: Any) -> bool:
    if node.opening == "{":
        return any(_is(number_of(item, {}), at) for item in node.items)
    if node.opening == "":
        return (any if node.closing == "or" else all)(_holds(part, at) for part in node.items)
    low, high = (_end(item) for item in node.items)
    above = node.opening == "[" if _is(low, at) else at > low
    below = node.closing == "]" if _is(high, at) else at < high
    return bool(above and below)


def _decided(node: Node) -> Node:
    """Conditions joined by `or`, or by `and`: a comma, or an `and` of what could never be at once, is told from its parts."""
    if not isinstance(node, Group) or node.opening != "":
        return node
    parts = _conditions(node)
    if len(parts) > MOST:
        raise Unreadable(f"more than {MOST} conditions")
    return Group("", "or" if node.closing == "or" or not _together(parts) else "and", tuple(parts))


def _together(parts: list[Node]) -> bool:
    """Whether conditions can hold at once: `x < 1, x > 3` can't, and is meant as one or the other."""
    points = _points([bound for part in parts for bound in _bounds(part)])
    return any(all(_holds(part, point) for part in parts) for point in points)


def _end(node: Node) -> Any:
    value = number_of(node, {})
    if mpmath.im(value) != 0 or mpmath.isnan(value):
        raise Unreadable("an end that is no real number")
    return mpmath.re(value)


def _is(one: Any, other: Any) -> bool:
    if mpmath.isinf(one) or mpmath.isinf(other):
        return bool(one == other)
    return bool(abs(one - other) <= CLOSE * max(1, abs(one), abs(other)))


def _relation_holds(node: Relation, at: Any) -> bool:
    names = _unknowns(node)
    try:
        values = [number_of(side, dict.fromkeys(names, at)) for side in node.sides]
    except Unreadable:
        return False
    if any(mpmath.im(value) != 0 or mpmath.isnan(value) for value in values):
        return False
    return all(_ordered(a, sign, b) for a, sign, b in zip(values, node.signs, values[1:], strict=False))


def _ordered(one: Any, sign: str, other: Any) -> bool:
    same = _is(one, other)
    if sign == "!=":
        return not same
    if sign in ("<=", ">=") and same:
        return True
    return bool(not same and (one < other if sign[0] == "<" else one > other))
