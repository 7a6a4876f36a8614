"""Whether two answers are the same. Exact first; then numbers in high precision, at several points where there are symbols.

Kinds must match, with these bridges: `x = 3` and `3`; an interval and the inequality that says it; a number with and without
a unit (two different units never); a per cent and its number or its hundredth; a bare list and a set; an item and a list of it.
"""

from __future__ import annotations

import random
import re
from typing import Any

import mpmath

from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Matrix, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.values import exact_value, number_of, symbols_of

POINTS = 4
CLOSE = mpmath.mpf(10) ** -40
"""Relative distance of numbers that are the same; they are computed to 20 digits more."""
MOST = 60
"""Items of a list, set or matrix."""


def equal(gold: Node, answer: Node) -> bool:
    """Whether `answer` says what `gold` says."""
    gold, answer = _bare(gold), _bare(answer)
    for one, other in ((gold, answer), (answer, gold)):
        if isinstance(one, Relation) and not isinstance(other, Relation):
            bridged = _of_relation(one, isinstance(other, (Group, IntervalUnion)))
            if bridged is not None:
                return equal(bridged, other)
            return False
    if (isinstance(gold, Apply) and gold.name == "pm") or (isinstance(answer, Apply) and answer.name == "pm"):
        return _same_set(_both_signs(gold), _both_signs(answer))
    if isinstance(gold, Text) or isinstance(answer, Text):
        return _said(gold) is not None and _said(gold) == _said(answer)
    if isinstance(gold, IntervalUnion) or isinstance(answer, IntervalUnion):
        return _same_set(_parts(gold), _parts(answer))
    if isinstance(answer, Group) and answer.opening == "" and not isinstance(gold, Group):
        return all(equal(gold, item) for item in answer.items)  # one answer in several forms
    if isinstance(gold, Group) or isinstance(answer, Group):
        return _groups(gold, answer)
    if isinstance(gold, Matrix) or isinstance(answer, Matrix):
        return _matrices(gold, answer)
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        return _relations(gold, answer)
    return _expressions(gold, answer)


def _bare(node: Node) -> Node:
    """A list of one item without brackets as that item; all real numbers as an interval."""
    if isinstance(node, Group) and node.opening == "" and len(node.items) == 1:
        return node.items[0]
    if node == Symbol("mathbb R") or (isinstance(node, Text) and _words(node) in _ALL_REALS):
        return Group("(", ")", (Apply("neg", (Symbol("oo"),)), Symbol("oo")))
    return node


_ALL_REALS = ("all real numbers", "all reals", "all real values", "real numbers")


def _said(node: Node) -> str | None:
    """Words of a text, or the letter of a choice."""
    letters = _letters(node)
    if letters is not None:
        return letters.lower()
    return _words(node) if isinstance(node, Text) else None


def _letters(node: Node) -> str | None:
    """`no`, which was read as a product, as the word that it may be."""
    if isinstance(node, Symbol):
        return node.name if len(node.name) == 1 else None
    if isinstance(node, Apply) and node.name == "*":
        parts = [_letters(part) for part in node.arguments]
        return None if None in parts else "".join(part for part in parts if part)
    return None


def _words(text: Text) -> str:
    words = re.sub(r"[^a-z0-9]+", " ", text.words.lower()).strip()
    return re.sub(r"^(?:the|an|a(?= \w))\s+", "", words)


def _both_signs(node: Node) -> list[Node]:
    if isinstance(node, Apply) and node.name == "pm":
        one, other = node.arguments
        return [Apply("+", (one, other)), Apply("+", (one, Apply("neg", (other,))))]
    if isinstance(node, Group) and node.opening in ("", "{"):
        return [sign for item in node.items for sign in _both_signs(item)]
    return [node]


def _parts(node: Node) -> list[Node]:
    return list(node.parts) if isinstance(node, IntervalUnion) else [node]


def _groups(gold: Node, answer: Node) -> bool:
    if not (isinstance(gold, Group) and isinstance(answer, Group)):
        return False
    if len(gold.items) > MOST or len(answer.items) > MOST:
        return False
    loose = ("", "{")
    if gold.opening in loose and answer.opening in loose:
        return _same_set([s for i in gold.items for s in _both_signs(i)], [s for i in answer.items for s in _both_signs(i)])
    brackets = (gold.opening, gold.closing) == (answer.opening, answer.closing)
    bare = "" in (gold.opening, answer.opening) and "{" not in (gold.opening, answer.opening) and len(gold.items) != 2
    return (brackets or bare) and len(gold.items) == len(answer.items) and all(map(equal, gold.items, answer.items))


def _same_set(gold: list[Node], answer: list[Node]) -> bool:
    return all(any(equal(one, other) for other in answer) for one in gold) and all(
        any(equal(other, one) for other in gold) for one in answer
    )


def _matrices(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Matrix) and isinstance(answer, Group):
        answer = Matrix(tuple((item,) for item in answer.items)) if len(gold.rows[0]) == 1 else Matrix((answer.items,))
    elif isinstance(answer, Matrix) and isinstance(gold, Group):
        return _matrices(answer, gold)
    if not (isinstance(gold, Matrix) and isinstance(answer, Matrix)) or len(gold.rows) != len(answer.rows):
        return False
    if len(gold.rows) * len(gold.rows[0]) > MOST or len(gold.rows[0]) != len(answer.rows[0]):
        return False
    return all(equal(a, b) for one, other in zip(gold.rows, answer.rows, strict=True) for a, b in zip(one, other, strict=True))


_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def _of_relation(node: Relation, interval_wanted: bool) -> Node | None:
    """What stands for a relation where none is asked for: the value of a variable, or an interval."""
    if node.signs in (("=",), ("in",)) and isinstance(node.sides[0], (Symbol, Apply)) and _is_name(node.sides[0]):
        return node.sides[1]
    return _interval(node) if interval_wanted else None


def _is_name(node: Node) -> bool:
    """`x`, or `f(x)` as a name of what it is equal to."""
    if isinstance(node, Symbol):
        return node.name not in ("pi", "e", "i", "oo")
    return isinstance(node, Apply) and node.name == "*" and all(isinstance(part, Symbol) for part in node.arguments)


def _interval(node: Relation) -> Node | None:
    """`1 < x <= 2` as `(1, 2]`, `x > 3` as `(3, oo)`."""
    sides, signs = list(node.sides), list(node.signs)
    if not set(signs) <= {"<", "<=", ">", ">="}:
        return None
    if signs[0] in (">", ">="):
        sides, signs = sides[::-1], [_TURNED[sign] for sign in signs[::-1]]
    if not set(signs) <= {"<", "<="}:
        return None
    infinite = Symbol("oo")
    if len(sides) == 3 and isinstance(sides[1], Symbol):
        low, high, first, second = sides[0], sides[2], signs[0], signs[1]
    elif len(sides) == 2 and isinstance(sides[0], Symbol) and not isinstance(sides[1], Symbol):
        low, high, first, second = Apply("neg", (infinite,)), sides[1], "<", signs[0]
    elif len(sides) == 2 and isinstance(sides[1], Symbol):
        low, high, first, second = sides[0], infinite, signs[0], "<"
    else:
        return None
    return Group("[" if first == "<=" else "(", "]" if second == "<=" else ")", (low, high))


def _relations(gold: Relation, answer: Relation) -> bool:
    if gold.signs == answer.signs == ("=",):
        if _is_name(gold.sides[0]) and _is_name(answer.sides[0]) and equal(gold.sides[1], answer.sides[1]):
            return equal(gold.sides[0], answer.sides[0])
        return _proportional(_difference(gold), _difference(answer))
    for turned in (False, True):
        sides = answer.sides[::-1] if turned else answer.sides
        signs = tuple(_TURNED.get(sign, sign) for sign in answer.signs[::-1]) if turned else answer.signs
        if signs == gold.signs and all(map(equal, gold.sides, sides)):
            return True
    return False


def _difference(node: Relation) -> Node:
    return Apply("+", (node.sides[0], Apply("neg", (node.sides[1],))))


def _proportional(one: Node, other: Node) -> bool:
    """Two equations are the same where their differences are multiples of each other."""
    names = symbols_of(one) | symbols_of(other)
    if symbols_of(one) != symbols_of(other) or not names:
        return False
    ratios = []
    for point in _points(names):
        a, b = number_of(one, point), number_of(other, point)
        if a == 0 or b == 0:
            return False
        ratios.append(a / b)
    return all(_near(ratio, ratios[0]) for ratio in ratios)


def _expressions(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Number) and isinstance(answer, Number):
        return _numbers(gold, answer)
    if symbols_of(gold) != symbols_of(answer):
        return False
    one, other = exact_value(gold), exact_value(answer)
    if one is not None and other is not None:
        return one == other
    if "time" in (getattr(gold, "name", ""), getattr(answer, "name", "")):
        return gold == answer
    if {"oo"} & (_names(gold) | _names(answer)):
        return gold == answer or (not symbols_of(gold) and _both_infinite(gold, answer))
    return all(_near(number_of(gold, point), number_of(answer, point)) for point in _points(symbols_of(gold)))


def _names(node: Any) -> set[str]:
    if isinstance(node, Symbol):
        return {node.name}
    return set().union(*map(_names, node.arguments)) if isinstance(node, Apply) else set()


def _both_infinite(gold: Node, answer: Node) -> bool:
    one, other = number_of(gold, {}), number_of(answer, {})
    return bool(mpmath.isinf(one) and mpmath.isinf(other) and one == other)


def _numbers(gold: Number, answer: Number) -> bool:
    for one, other in ((gold, answer), (answer, gold)):
        if one.unit.startswith("base ") and not other.unit:
            return other.value.denominator == 1 and _digits(int(one.value), int(one.unit[5:])) == str(other.value)
    if gold.value == answer.value:
        return not gold.unit or not answer.unit or _unit(gold.unit) == _unit(answer.unit)
    if "%" in (gold.unit, answer.unit) and gold.unit != answer.unit and "" in (gold.unit, answer.unit):
        part, whole = (gold, answer) if gold.unit == "%" else (answer, gold)
        return part.value / 100 == whole.value
    return False


def _digits(value: int, base: int) -> str:
    """Digits of a whole number in a base, as they are written."""
    found = ""
    while value:
        value, digit = divmod(value, base)
        found = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + found
    return found or "0"


def _unit(unit: str) -> str:
    words = unit.replace("degrees", "°").replace("degree", "°").replace("dollars", "$").replace("percent", "%").split()
    return " ".join(_SHORT.get(word, word.rstrip("s") if len(word) > 3 else word) for word in words)


_SHORT = {
    "centimeters": "cm", "centimeter": "cm", "meters": "m", "meter": "m", "kilometers": "km", "kilometer": "km", "inches": "inch",
    "in": "inch", "feet": "foot", "ft": "foot", "hours": "hour", "hr": "hour", "hrs": "hour", "sec": "second", "s": "second",
    "min": "minute", "millimeters": "mm", "grams": "g", "gram": "g", "kilograms": "kg",
}  # fmt: skip


def _points(names: set[str]) -> list[dict[str, Any]]:
    """Values for the symbols, the same at every call; one point is enough where there is none."""
    if not names:
        return [{}]
    chance = random.Random(20_240_229)
    return [
        {name: mpmath.mpf(chance.randint(10**8, 3 * 10**9)) / 10**9 for name in sorted(names)} for _ in range(POINTS)
    ]  # fmt: skip


def _near(one: Any, other: Any) -> bool:
    if mpmath.isnan(one) or mpmath.isnan(other) or mpmath.isinf(one) or mpmath.isinf(other):
        return False
    scale = max(abs(one), abs(other))
    return bool(scale == 0 or abs(one - other) <= scale * CLOSE)
