"""Whether two answers are the same. Exact first; then numbers in high precision, at several points where there are symbols.

Kinds must match, with these bridges: `x = 3` and `3`; an interval and the inequality that says it; a number with and without
a unit (two different units never); a per cent and its number or its hundredth; a bare list and a set; an item and a list of it;
named values in order and a tuple of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import mpmath

from sandbox_rewards.math import matrices
from sandbox_rewards.math.regions import ORDERS, REALS, is_region, same_region
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Matrix, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.units import meridiem, one_spelling
from sandbox_rewards.math.values import CLOSE, exact_value, number_of, symbols_of

POINTS = 4
MOST = 60
"""Items of a list, set or matrix."""


def equal(gold: Node, answer: Node) -> bool:
    """Whether `answer` says what `gold` says."""
    if isinstance(gold, Number) and isinstance(answer, Number) and not (meridiem(gold.unit) or meridiem(answer.unit)):
        return _numbers(gold, answer)
    gold, answer = _with_same_integers(_settled(gold), _settled(answer))
    if isinstance(gold, Text) or isinstance(answer, Text):
        return _said(gold) is not None and _said(gold) == _said(answer)
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        if gold.signs != answer.signs and ("in",) in (gold.signs, answer.signs):
            gold, answer = (node.sides[1] if node.signs == ("in",) else node for node in (gold, answer))
            return equal(gold, answer)
        return _relations(gold, answer)
    if (
        is_region(gold)
        and is_region(answer)
        and not (isinstance(gold, Group) and isinstance(answer, Group) and gold.opening and answer.opening)
    ):
        return same_region(_as_interval(gold), _as_interval(answer))
    for one, other, turned in ((gold, answer, False), (answer, gold, True)):
        if isinstance(one, Relation):
            return (value := _named_value(one, other)) is not None and (equal(other, value) if turned else equal(value, other))
    if _is_pm(gold) or _is_pm(answer):
        return _same_set(_both_signs(gold), _both_signs(answer))
    if isinstance(gold, IntervalUnion) or isinstance(answer, IntervalUnion):
        return _same_set(_parts(gold), _parts(answer))
    if isinstance(answer, Group) and answer.opening == "" and answer.closing != "or" and not isinstance(gold, Group):
        return all(equal(gold, item) for item in answer.items)  # one answer in several forms
    if isinstance(gold, Matrix) or isinstance(answer, Matrix):
        return _matrices(gold, answer)
    if isinstance(gold, Group) or isinstance(answer, Group):
        return _groups(gold, answer)
    return _kinds(gold, answer)


# -- before the comparison ---------------------------------------------------------------------------------------------------


def _settled(node: Node) -> Node:
    """What a node says, without the ways of saying it: a list of one, a chain of equations, sums of matrices, all the reals."""
    if isinstance(node, Group) and node.opening == "" and len(node.items) == 1:
        return _settled(node.items[0])
    if isinstance(node, Relation) and node.signs == ("!=",):
        return _none_of(node, _both_signs(node.sides[1]))
    if isinstance(node, Relation):
        return _of_chain(node)
    if isinstance(node, Group) and node.opening == "":
        first, *rest = node.items
        if isinstance(first, Relation) and first.signs == ("!=",) and not any(isinstance(item, Relation) for item in rest):
            return _none_of(first, [first.sides[1], *rest])
        return _assigned(node)
    if isinstance(node, Text) and _words(node) in _ALL_REALS:
        return REALS
    if isinstance(node, Text) and _words(node) in _NOTHING:
        return Group("{", "}", ())
    if isinstance(node, Symbol) and node.name in ("mathbb R^+", "mathbb R^-"):
        return _HALVES[node.name[-1]]
    if isinstance(node, Number) and meridiem(node.unit):
        return Apply("time", (Number(node.value), Number(Fraction(0)), Text(node.unit)))
    return matrices.worked_out(node) if isinstance(node, Apply) else node


_HALVES = {
    "+": Group("(", ")", (Number(Fraction(0)), Symbol("oo"))),
    "-": Group("(", ")", (Apply("neg", (Symbol("oo"),)), Number(Fraction(0)))),
}
"""The positive and the negative real numbers."""
_ALL_REALS = ("all real numbers", "all reals", "all real values", "real numbers", "all real x", "all real", "reals")
_NOTHING = ("no solution", "no solutions", "no real solution", "no real solutions", "empty set", "none", "no such values")


def _none_of(node: Relation, values: Sequence[Node]) -> Node:
    """`x != -1, 1` and `x != \\pm 1` as two conditions."""
    conditions = tuple(Relation((node.sides[0], value), ("!=",)) for value in values)
    return conditions[0] if len(conditions) == 1 else Group("", "and", conditions)


def _of_chain(node: Relation) -> Node:
    """`x = 2 + 3 = 5` as `x = 5`, `x = 1/3 ~ 0.33` as `x = 1/3`, `2 + 3 = 5` as 5."""
    if not set(node.signs) <= {"=", "~"}:
        return node
    sides = list(node.sides)
    if node.signs[0] == "=" and "~" in node.signs:
        sides = sides[: node.signs.index("~") + 1]
    if not symbols_of(sides[0]) and not isinstance(sides[0], (Text, Group)) and not symbols_of(sides[-1]):
        computed = all(equal(sides[0], side) for side in sides[1:]) or (node.signs[0] == "~" and len(sides) == 2)
        return sides[0] if node.signs[0] == "~" else sides[-1] if computed else node
    if len(sides) == 2 and _is_name(sides[1]) and not _is_name(sides[0]):
        sides = sides[::-1]
    if len(sides) > 2 and not _is_name(sides[0]):
        return node
    return Relation((sides[0], _settled(sides[-1])), ("=",))


def _assigned(node: Group) -> Node:
    """`p = 5, q = 2; p = 7, q = 2` as the list of two tuples that it is; integers' names become one name."""
    items = tuple(_settled(item) for item in node.items)
    bound = [i.sides[0].name for i in items if _is_declaration(i)]  # type: ignore[union-attr]
    if bound:
        items = tuple(_renamed(i, bound) for i in items if not _is_declaration(i))
        return Group("", node.closing, items) if len(items) != 1 else items[0]
    items = _without_conditions(items)
    names = [i.sides[0] if isinstance(i, Relation) and i.signs == ("=",) and _is_name(i.sides[0]) else None for i in items]
    if None in names or len(set(names)) == 1 or len({_letter(name) for name in names}) == 1:
        return Group("", node.closing, items) if len(items) != 1 else items[0]
    period = names.index(names[0], 1) if names[0] in names[1:] else len(names)
    if len(names) % period or names != names[:period] * (len(names) // period):
        return Group("", node.closing, items)
    solutions = tuple(Group("=", "=", items[k : k + period]) for k in range(0, len(items), period))
    return solutions[0] if len(solutions) == 1 else Group("", "", solutions)


def _without_conditions(items: tuple[Node, ...]) -> tuple[Node, ...]:
    """An expression without what is said of its unknowns: `x + 2, x != 1`."""
    if isinstance(items[0], (Apply, Symbol)) and all(isinstance(i, Relation) and set(i.signs) <= ORDERS for i in items[1:]):
        return items[:1]
    return items


def _letter(name: Node | None) -> str:
    """`x` of `x_1`; the whole name where it has no index."""
    text = name.name if isinstance(name, Symbol) else repr(name)
    return text.partition("_")[0] if "_" in text else text + " alone"


def _is_declaration(node: Node) -> bool:
    return (
        isinstance(node, Relation) and node.signs == ("in",) and isinstance(node.sides[0], Symbol)
        and isinstance(node.sides[1], Symbol) and node.sides[1].name.startswith("mathbb Z")
    )  # fmt: skip


_INTEGER = "any integer"
_INDICES = frozenset({"k", "n", "m", "j", "l"})


def _renamed(node: Any, names: Sequence[str]) -> Any:
    """The tree with these symbols under the name of any integer."""
    if isinstance(node, Symbol):
        return Symbol(f"{_INTEGER} {names.index(node.name)}") if node.name in names else node
    if isinstance(node, Apply):
        return Apply(node.name, tuple(_renamed(argument, names) for argument in node.arguments))
    if isinstance(node, Relation):
        return Relation(tuple(_renamed(side, names) for side in node.sides), node.signs)
    if isinstance(node, Group):
        return Group(node.opening, node.closing, tuple(_renamed(item, names) for item in node.items))
    return node


def _with_same_integers(gold: Node, answer: Node) -> tuple[Node, Node]:
    """Where one of them says that k is any integer, the other's k, n or m is one, too."""
    ours, theirs = _all_symbols(gold), _all_symbols(answer)
    we_say, they_say = (f"{_INTEGER} 0" in names for names in (ours, theirs))
    if we_say and not they_say:
        return gold, _renamed(answer, sorted(theirs & _INDICES))
    if they_say and not we_say:
        return _renamed(gold, sorted(ours & _INDICES)), answer
    return gold, answer


def _all_symbols(node: Any) -> set[str]:
    if isinstance(node, Symbol):
        return {node.name}
    inner = getattr(node, "arguments", None) or getattr(node, "items", None) or getattr(node, "sides", None) or ()
    return set().union(*map(_all_symbols, inner)) if inner else set()


# -- words -------------------------------------------------------------------------------------------------------------------


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
    words = re.sub(r"^(?:option|choice|answer)\s+(?=[a-z]$)", "", words)
    return re.sub(r"^(?:the|an|a(?= \w{3}))\s+", "", words)


# -- lists, sets, tuples, unions ---------------------------------------------------------------------------------------------


def _is_pm(node: Node) -> bool:
    if isinstance(node, Apply):
        return node.name == "pm" or any(map(_is_pm, node.arguments))
    return False


def _both_signs(node: Node) -> list[Node]:
    """An expression with a sign of each kind as the two that it stands for; several such signs go together."""
    if _is_pm(node):
        return [_signed(node, True), _signed(node, False)]
    if isinstance(node, Group) and node.opening in ("", "{"):
        return [sign for item in node.items for sign in _both_signs(item)]
    if isinstance(node, Relation) and node.signs == ("=",) and _is_pm(node.sides[1]):
        return _both_signs(node.sides[1])
    return [node]


def _signed(node: Node, plus: bool) -> Node:
    if not isinstance(node, Apply):
        return node
    arguments = tuple(_signed(argument, plus) for argument in node.arguments)
    if node.name != "pm":
        return Apply(node.name, arguments)
    return Apply("+", arguments if plus else (arguments[0], Apply("neg", arguments[1:])))


def _parts(node: Node) -> list[Node]:
    return list(node.parts) if isinstance(node, IntervalUnion) else [node]


def _groups(gold: Node, answer: Node) -> bool:
    if not (isinstance(gold, Group) and isinstance(answer, Group)):
        return isinstance(answer, Group) and _one_in_brackets(gold, answer)
    if len(gold.items) > MOST or len(answer.items) > MOST:
        return False
    if gold.opening == "" and len(gold.items) == 1:
        return equal(gold.items[0], answer)
    if answer.opening == "" and len(answer.items) == 1:
        return equal(gold, answer.items[0])
    loose = ("", "{")
    if gold.opening in loose and answer.opening in loose:
        return _same_set([s for i in gold.items for s in _both_signs(i)], [s for i in answer.items for s in _both_signs(i)])
    if gold.opening == answer.opening == "=":
        return _same_set(gold.items, answer.items)
    if "=" in (gold.opening, answer.opening):
        return _named_in_order(*((gold, answer) if gold.opening == "=" else (answer, gold)))
    brackets = (gold.opening, gold.closing) == (answer.opening, answer.closing)
    bare = "" in (gold.opening, answer.opening) and "{" not in (gold.opening, answer.opening) and len(gold.items) != 2
    return (brackets or bare) and len(gold.items) == len(answer.items) and all(map(equal, gold.items, answer.items))


def _named_in_order(named: Group, other: Group) -> bool:
    """`x = 1, y = 2` for `(1, 2)`: in the order in which it stands, or in that of the names."""
    if (other.opening, other.closing) not in (("(", ")"), ("", ""), ("", "and")) or len(named.items) != len(other.items):
        return False
    if any(isinstance(item, Relation) for item in other.items):
        return _same_set(named.items, other.items)
    by_name = sorted(named.items, key=lambda item: repr(item.sides[0]))  # type: ignore[union-attr]
    return any(all(equal(i.sides[1], o) for i, o in zip(order, other.items, strict=True)) for order in (named.items, by_name))  # type: ignore[union-attr]


def _one_in_brackets(gold: Node, answer: Group) -> bool:
    """`{3}` for a gold `3`."""
    return answer.opening == "{" and len(answer.items) == 1 and equal(gold, answer.items[0])


def _same_set(gold: Sequence[Node], answer: Sequence[Node]) -> bool:
    if max(len(gold), len(answer)) > 2 * MOST:
        return False
    return all(any(equal(one, other) for other in answer) for one in gold) and all(
        any(equal(other, one) for other in gold) for one in answer
    )


def _matrices(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Matrix) and isinstance(answer, Group):
        if (answer.opening, answer.closing) not in (("(", ")"), ("[", "]"), ("", "")):
            return False
        answer = matrices.of_rows(answer) or (
            Matrix(tuple((item,) for item in answer.items)) if len(gold.rows[0]) == 1 else Matrix((answer.items,))
        )
    elif isinstance(answer, Matrix) and isinstance(gold, Group):
        return _matrices(answer, gold)
    if not (isinstance(gold, Matrix) and isinstance(answer, Matrix)) or len(gold.rows) != len(answer.rows):
        return False
    if len(gold.rows) * len(gold.rows[0]) > MOST or len(gold.rows[0]) != len(answer.rows[0]):
        return False
    return all(equal(a, b) for one, other in zip(gold.rows, answer.rows, strict=True) for a, b in zip(one, other, strict=True))


# -- relations ---------------------------------------------------------------------------------------------------------------

_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _named_value(node: Relation, other: Node) -> Node | None:
    """What a relation says of a name, where only a value is asked for; its interval where the other is a region."""
    if node.signs in (("=",), ("in",), ("==",)) and _is_name(node.sides[0]):
        return node.sides[1]
    if isinstance(other, (Group, IntervalUnion)) and set(node.signs) <= ORDERS:
        interval = _as_interval(node)
        return None if isinstance(interval, Relation) else interval
    return None


def _is_name(node: Node) -> bool:
    """`x`, `f(x)`, `AB`, `|AB|`, `P(A)`, `V_1 : V_2`, `(p, q)`: what an answer may be called."""
    if isinstance(node, Symbol):
        return node.name not in ("pi", "e", "i", "oo")
    if isinstance(node, Text):
        return True
    if isinstance(node, Group):
        return node.opening == "(" and all(map(_is_name, node.items))
    if not isinstance(node, Apply) or node.name in ("+", "neg", "^", "pm"):
        return False
    if node.name == "*":
        called, *of = node.arguments
        if isinstance(called, Apply) and called.name == "^" and called.arguments[1] == Number(Fraction(-1)):  # f^{-1}(x)
            called = called.arguments[0]
        return _is_name(called) and all(_is_name(a) or not symbols_of(a) for a in of)
    return all(map(_is_name, node.arguments if node.name != "log" else node.arguments[1:]))


def _as_interval(node: Node) -> Node:
    """`a < f(x) <= b` as `(a, b]`, whatever stands in the middle is called; anything else as it is."""
    if not isinstance(node, Relation) or not set(node.signs) <= set(_TURNED):
        return node
    sides, signs = list(node.sides), list(node.signs)
    if signs[0] in (">", ">="):
        sides, signs = sides[::-1], [_TURNED[sign] for sign in signs[::-1]]
    if not set(signs) <= {"<", "<="}:
        return node
    infinite = Symbol("oo")
    if len(sides) == 3 and _is_called(sides[1]):
        low, high, first, second = sides[0], sides[2], signs[0], signs[1]
    elif len(sides) == 2 and _is_called(sides[0]) and not symbols_of(sides[1]):
        low, high, first, second = Apply("neg", (infinite,)), sides[1], "<", signs[0]
    elif len(sides) == 2 and _is_called(sides[1]) and not symbols_of(sides[0]):
        low, high, first, second = sides[0], infinite, signs[0], "<"
    else:
        return node
    return Group("[" if first == "<=" else "(", "]" if second == "<=" else ")", (low, high))


def _is_called(node: Node) -> bool:
    """A name, but for an absolute value of the unknown, which says something else about it."""
    return _is_name(node) and not (isinstance(node, Apply) and node.name not in ("*", "of unit"))


def _relations(gold: Relation, answer: Relation) -> bool:
    if (
        gold.signs == answer.signs
        and gold.signs in (("=",), ("in",), ("==",))
        and _is_name(gold.sides[0])
        and _is_name(answer.sides[0])
    ):
        if equal(gold.sides[1], answer.sides[1]):
            return equal(gold.sides[0], answer.sides[0]) or _are_functions(gold.sides[0], answer.sides[0])
        if gold.signs != ("=",):
            return False
    if gold.signs == answer.signs == ("=",):
        return _ratio(_difference(gold), _difference(answer)) is not None
    if is_region(gold) and is_region(answer) and _all_symbols(gold) == _all_symbols(answer):
        return same_region(gold, answer)
    return _inequalities(gold, answer)


def _are_functions(one: Node, other: Node) -> bool:
    """`y` and `f(x)` are both what a function is called."""
    return {type(one), type(other)} == {Symbol, Apply} and Symbol("y") in (one, other)


def _inequalities(gold: Relation, answer: Relation) -> bool:
    """Inequalities in several unknowns: side by side, or one a positive multiple of the other."""
    for turned in (False, True):
        sides = answer.sides[::-1] if turned else answer.sides
        signs = tuple(_TURNED.get(sign, sign) for sign in answer.signs[::-1]) if turned else answer.signs
        if signs == gold.signs and all(map(equal, gold.sides, sides)):
            return True
    if len(gold.signs) != 1 or len(answer.signs) != 1 or not {gold.signs[0], answer.signs[0]} <= set(_TURNED):
        return False
    ratio = _ratio(_difference(gold), _difference(answer))
    if ratio is None or mpmath.im(ratio) != 0:
        return False
    return gold.signs[0] == (answer.signs[0] if mpmath.re(ratio) > 0 else _TURNED[answer.signs[0]])


def _difference(node: Relation) -> Node:
    return Apply("+", (node.sides[0], Apply("neg", (node.sides[1],))))


def _ratio(one: Node, other: Node) -> Any | None:
    """The number that one expression is of the other, the same everywhere; None where there is none."""
    names = symbols_of(one) | symbols_of(other)
    if symbols_of(one) != symbols_of(other) or not names:
        return None
    ratios = []
    for point in _points(names):
        a, b = number_of(one, point), number_of(other, point)
        if a == 0 or b == 0:
            return None
        ratios.append(a / b)
    return ratios[0] if all(_near(ratio, ratios[0]) for ratio in ratios) else None


# -- expressions -------------------------------------------------------------------------------------------------------------


def _kinds(gold: Node, answer: Node) -> bool:
    """Expressions of the kinds that are more than a number: measured, times, ratios, remainders, functions in pieces."""
    if isinstance(gold, Apply) and isinstance(answer, Apply) and gold.name == answer.name and gold.name in _COMPARED:
        return _COMPARED[gold.name](gold, answer)
    names = {node.name for node in (gold, answer) if isinstance(node, Apply)}
    if "of unit" in names or "mod" in names:
        return equal(_without_measure(gold), _without_measure(answer))
    if names & {"time", "pieces", "builder", "setminus", "cap"}:
        return False
    return _expressions(gold, answer)


def _without_measure(node: Node) -> Node:
    """So much, without of what; a remainder without its modulus."""
    return node.arguments[0] if isinstance(node, Apply) and node.name in ("of unit", "mod") else node


def _same_measure(gold: Apply, answer: Apply) -> bool:
    units = [one_spelling(node.arguments[1].words) for node in (gold, answer)]  # type: ignore[union-attr]
    return units[0] == units[1] and equal(gold.arguments[0], answer.arguments[0])


def _same_time(gold: Apply, answer: Apply) -> bool:
    """`3:30`, `3:30 pm`, `15:30`: the half of the day counts where both say it."""
    if any(isinstance(a, Text) and not meridiem(a.words) for node in (gold, answer) for a in node.arguments):
        return False
    halves = [meridiem(node.arguments[-1].words) if isinstance(node.arguments[-1], Text) else "" for node in (gold, answer)]
    parts = [[exact_value(a) for a in node.arguments if not isinstance(a, Text)] for node in (gold, answer)]
    if all(halves):
        return halves[0] == halves[1] and parts[0] == parts[1]
    return parts[0] == parts[1] or [_on_the_day(p, h) for p, h in zip(parts, halves, strict=True)] in (
        [parts[1]] * 2,
        [parts[0]] * 2,
    )


def _on_the_day(parts: list[Fraction | None], half: str) -> list[Fraction | None]:
    hours = parts[0]
    if hours is None or not half:
        return parts
    return [hours % 12 + (12 if half == "pm" else 0), *parts[1:]]


def _same_ratio(gold: Apply, answer: Apply) -> bool:
    if len(gold.arguments) != len(answer.arguments):
        return False
    return all(
        equal(Apply("*", (gold.arguments[0], b)), Apply("*", (answer.arguments[0], a)))
        for a, b in zip(gold.arguments[1:], answer.arguments[1:], strict=True)
    )


def _same_remainder(gold: Apply, answer: Apply) -> bool:
    values = [exact_value(a) for node in (gold, answer) for a in node.arguments]
    if None in values:
        return all(map(equal, gold.arguments, answer.arguments))
    one, modulus, other, theirs = values
    return bool(modulus and modulus == theirs and (one - other) % modulus == 0)  # type: ignore[operator]


def _same_pieces(gold: Apply, answer: Apply) -> bool:
    """Functions in pieces: the same values under the same conditions, in any order."""
    if len(gold.arguments) != len(answer.arguments):
        return False
    return all(any(_same_piece(one, other) for other in answer.arguments) for one in gold.arguments)


def _same_piece(one: Node, other: Node) -> bool:
    if not (isinstance(one, Group) and isinstance(other, Group)) or len(one.items) != len(other.items):
        return False
    return all(map(equal, one.items, other.items))


def _same_arguments(gold: Apply, answer: Apply) -> bool:
    return len(gold.arguments) == len(answer.arguments) and all(map(equal, gold.arguments, answer.arguments))


_COMPARED = {
    "of unit": _same_measure, "time": _same_time, "ratio": _same_ratio, "mod": _same_remainder, "pieces": _same_pieces,
    "builder": _same_arguments, "setminus": _same_arguments, "cap": _same_arguments,
}  # fmt: skip


def _expressions(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Number) and isinstance(answer, Number):
        return _numbers(gold, answer)
    if _short_unit(gold, answer) or _short_unit(answer, gold):
        return True
    one, other = exact_value(gold), exact_value(answer)
    if one is not None and other is not None:
        return _numbers(Number(one, getattr(gold, "unit", "")), Number(other, getattr(answer, "unit", "")))
    if {"oo"} & (_all_symbols(gold) | _all_symbols(answer)):
        return gold == answer or (not symbols_of(gold) | symbols_of(answer) and _both_infinite(gold, answer))
    points = _points(symbols_of(gold) | symbols_of(answer), signed=_has_abs(gold) or _has_abs(answer))
    return all(_near(number_of(gold, point), number_of(answer, point)) for point in points)


def _short_unit(measured: Node, product: Node) -> bool:
    """`5 m`, read as a product, where the other is a number in that unit."""
    if not (isinstance(measured, Number) and isinstance(product, Apply) and product.name == "*"):
        return False
    value, unit = product.arguments
    return isinstance(value, Number) and isinstance(unit, Symbol) and measured.unit == unit.name and measured.value == value.value


def _has_abs(node: Any) -> bool:
    return isinstance(node, Apply) and (node.name in ("abs", "sgn") or any(map(_has_abs, node.arguments)))


def _both_infinite(gold: Node, answer: Node) -> bool:
    one, other = number_of(gold, {}), number_of(answer, {})
    return bool(mpmath.isinf(one) and mpmath.isinf(other) and one == other)


def _numbers(gold: Number, answer: Number) -> bool:
    for one, other in ((gold, answer), (answer, gold)):
        if one.unit.startswith("base ") and not other.unit:
            return other.value.denominator == 1 and _digits(int(one.value), int(one.unit[5:])) == str(other.value)
    if gold.value == answer.value:
        return not gold.unit or not answer.unit or one_spelling(gold.unit) == one_spelling(answer.unit)
    if not gold.unit and not answer.unit:
        return False
    units = [one_spelling(number.unit) for number in (gold, answer)]
    if "%" in units and units[0] != units[1] and "" in units:
        part, whole = (gold, answer) if units[0] == "%" else (answer, gold)
        return part.value / 100 == whole.value
    return False


def _digits(value: int, base: int) -> str:
    """Digits of a whole number in a base, as they are written."""
    found = ""
    while value:
        value, digit = divmod(value, base)
        found = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + found
    return found or "0"


def _points(names: set[str], *, signed: bool = False) -> list[dict[str, Any]]:
    """Values for the symbols, the same at every call, of both signs where that matters; one point where there are none."""
    if not names:
        return [{}]
    chance = random.Random(20_240_229)
    return [
        {name: mpmath.mpf(chance.randint(10**8, 3 * 10**9)) / 10**9 * (-1 if signed and k % 2 else 1) for name in sorted(names)}
        for k in range(POINTS)
    ]


def _near(one: Any, other: Any) -> bool:
    if mpmath.isnan(one) or mpmath.isnan(other) or mpmath.isinf(one) or mpmath.isinf(other):
        return False
    scale = max(abs(one), abs(other))
    return bool(scale == 0 or abs(one - other) <= scale * CLOSE)
