"""Whether two answers are the same, by what they are made of; each pair of expressions is left to a judge.

Kinds must match, with these bridges: `x = 3` and `3`; an interval and the inequality that says it; a number with and without
a unit (two different units never); a per cent and its number or its hundredth; a bare list and a set; an item and a list of it;
named values in order and a tuple of them. The exact judge raises `NeedsAlgebra` where exact arithmetic does not tell; a worker
then compares the same two trees again, with a judge that has sympy.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sandbox_rewards.math.conventions import NeedsAlgebra, Rules, Undecided
from sandbox_rewards.math.exact import exact_value, symbols_of
from sandbox_rewards.math.measures import MEASURES, same_measures, same_numbers
from sandbox_rewards.math.settled import (
    INTEGER,
    both_signs,
    is_asked_for,
    is_name,
    is_pm,
    letters_of,
    settled,
    with_same_integers,
    without_indices_of,
    words_of,
)
from sandbox_rewards.math.tree import Apply, Group, IntervalUnion, Matrix, Node, Number, Relation, Symbol, Text
from sandbox_rewards.math.units import one_spelling

MOST = 60
"""Items of a list, set or matrix."""
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
ORDERS = frozenset({*TURNED, "!="})
_CERTAINTY = ("exact", "proved", "numeric")
REALS = Symbol("mathbb R")


class Judge:
    """Decides pairs of expressions, conditions and regions exactly, where that is possible."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._certainty = 0
        self._refuted = ""

    def note(self, how: str) -> None:
        """A pair was decided so."""
        if how.startswith("refuted"):
            self._refuted = how
        else:
            self._certainty = max(self._certainty, _CERTAINTY.index(how))

    def how(self, same: bool) -> str:
        """How it was decided: the least certain way in which any pair was found equal, or what refuted the last that is not."""
        return _CERTAINTY[self._certainty] if same else self._refuted or "exact"

    def same(self, gold: Node, answer: Node) -> bool:
        if (decided := self.exactly(gold, answer)) is None:
            raise NeedsAlgebra
        return decided

    def exactly(self, gold: Node, answer: Node) -> bool | None:
        """Whether both are the same rational number or the same tree; None where that does not tell."""
        one, other = exact_value(gold), exact_value(answer)
        if one is not None and other is not None:
            return one == other or abs(one - other) <= abs(one) * Fraction(self.rules.tolerance)
        return True if gold == answer else None

    def same_relation(self, gold: Relation, answer: Relation) -> bool:
        raise NeedsAlgebra

    def same_region(self, gold: Node, answer: Node) -> bool:
        raise NeedsAlgebra

    def same_matrix(self, gold: Node, answer: Node) -> bool:
        raise NeedsAlgebra

    def same_families(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        raise NeedsAlgebra


def equal(gold: Node, answer: Node, judge: Judge) -> bool:
    """Whether `answer` says what `gold` says. Raises `NeedsAlgebra` or `Undecided`."""
    return _Comparison(judge).equal(gold, answer)


class _Comparison:
    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._rules = judge.rules

    def equal(self, gold: Node, answer: Node) -> bool:
        if gold == answer:
            return True
        gold, answer = with_same_integers(settled(gold, self.equal), settled(answer, self.equal))
        any_integer = [any(name.startswith(INTEGER) for name in symbols_of(node)) for node in (gold, answer)]
        if any(any_integer) and None not in (families := (_families(gold), _families(answer))):
            return all(any_integer) and self._judge.same_families(*families)  # type: ignore[arg-type]
        if isinstance(gold, Text) or isinstance(answer, Text):
            words = [letters_of(node, words_of(node)) for node in (gold, answer)]
            return words[0] is not None and words[0] == words[1]
        if isinstance(gold, Relation) and isinstance(answer, Relation):
            return self._relations(gold, answer)
        if is_region(gold) and is_region(answer) and not (_is_bracketed(gold) and _is_bracketed(answer)):
            return self._regions(gold, answer)
        for one, other, turned in ((gold, answer, False), (answer, gold, True)):
            if isinstance(one, Relation):
                value = _named_value(one, other, asked=turned)
                return value is not None and (self.equal(other, value) if turned else self.equal(value, other))
        if is_pm(gold) or is_pm(answer):
            return self._same_set(both_signs(gold), both_signs(answer))
        if isinstance(gold, IntervalUnion) or isinstance(answer, IntervalUnion):
            return self._same_set(_parts(gold), _parts(answer))
        if isinstance(answer, Group) and answer.opening == "" and answer.items and not isinstance(gold, (Group, Matrix)):
            return all(self.equal(gold, item) for item in answer.items)  # one value in several forms
        if any(isinstance(node, Apply) and _has_matrix(node) for node in (gold, answer)):
            return self._judge.same_matrix(gold, answer)
        if isinstance(gold, Matrix) or isinstance(answer, Matrix):
            return self._matrices(gold, answer)
        if isinstance(gold, Group) or isinstance(answer, Group):
            return self._groups(gold, answer)
        return self._expressions(gold, answer)

    # -- lists, sets, tuples, unions -------------------------------------------------------------------------------------------

    def _groups(self, gold: Node, answer: Node) -> bool:
        if not (isinstance(gold, Group) and isinstance(answer, Group)):
            single = isinstance(answer, Group) and answer.opening == "{" and len(answer.items) == 1
            return single and self.equal(gold, answer.items[0])  # type: ignore[union-attr]
        if max(len(gold.items), len(answer.items)) > MOST:
            return False
        if len(gold.items) == 1 and gold.opening == "":
            return self.equal(gold.items[0], answer)
        if len(answer.items) == 1 and answer.opening == "":
            return self.equal(gold, answer.items[0])
        loose = ("", "{")
        if gold.opening in loose and answer.opening in loose:
            gold, answer = without_indices_of(answer, gold), without_indices_of(gold, answer)
            signed = [[sign for item in node.items for sign in both_signs(item)] for node in (gold, answer)]
            return self._same_order(*signed) if self._rules.order == "matters" else self._same_set(*signed)
        if "=" in (gold.opening, answer.opening):
            return self._same_named(gold, answer)
        brackets = (gold.opening, gold.closing) == (answer.opening, answer.closing)
        bare = "" in (gold.opening, answer.opening) and "{" not in (gold.opening, answer.opening) and len(gold.items) != 2
        return (brackets or bare) and self._same_order(gold.items, answer.items)

    def _same_named(self, gold: Group, answer: Group) -> bool:
        if gold.opening == answer.opening:
            return self._same_set(gold.items, answer.items)
        named, other = (gold, answer) if gold.opening == "=" else (answer, gold)
        if (other.opening, other.closing) not in (("(", ")"), ("", ""), ("", "and")) or len(named.items) != len(other.items):
            return False
        if any(isinstance(item, Relation) for item in other.items):
            return self._same_set(named.items, other.items)
        by_name = sorted(named.items, key=lambda item: repr(item.sides[0]))  # type: ignore[union-attr]
        orders = ([i.sides[1] for i in order] for order in (named.items, by_name))  # type: ignore[union-attr]
        return any(self._same_order(*((o, other.items) if named is gold else (other.items, o))) for o in orders)

    def _same_order(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        return len(gold) == len(answer) and all(map(self.equal, gold, answer))

    def _same_set(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        if max(len(gold), len(answer)) > 2 * MOST:
            return False
        return all(any(self.equal(one, other) for other in answer) for one in gold) and all(
            any(self.equal(other, one) for other in gold) for one in answer
        )

    def _matrices(self, gold: Node, answer: Node) -> bool:
        if isinstance(answer, Matrix) and isinstance(gold, Group):
            gold, answer = answer, gold
        if isinstance(gold, Matrix) and isinstance(answer, Group):
            if (answer.opening, answer.closing) not in (("(", ")"), ("[", "]"), ("", "")) or not answer.items:
                return False
            answer = of_rows(answer) or Matrix(tuple((i,) for i in answer.items) if len(gold.rows[0]) == 1 else (answer.items,))
        if not (isinstance(gold, Matrix) and isinstance(answer, Matrix)) or len(gold.rows) != len(answer.rows):
            return False
        if len(gold.rows) * len(gold.rows[0]) > MOST or len(gold.rows[0]) != len(answer.rows[0]):
            return False
        return all(map(self._same_order, gold.rows, answer.rows))

    # -- relations and regions -------------------------------------------------------------------------------------------------

    def _relations(self, gold: Relation, answer: Relation) -> bool:
        if gold.signs != answer.signs and ("in",) in (gold.signs, answer.signs):
            return self.equal(*(node.sides[1] if node.signs == ("in",) else node for node in (gold, answer)))
        named = is_name(gold.sides[0]) and is_name(answer.sides[0])
        if gold.signs == answer.signs and gold.signs in (("=",), ("in",), ("==",)) and named:
            if self.equal(gold.sides[1], answer.sides[1]):
                return self.equal(gold.sides[0], answer.sides[0]) or _are_functions(gold.sides[0], answer.sides[0])
            if gold.signs != ("=",) or _is_told(gold, answer):
                return False
        if gold.signs != answer.signs and not {*gold.signs, *answer.signs} <= ORDERS:
            return False
        if is_region(gold) and is_region(answer) and symbols_of(gold) == symbols_of(answer):
            return self._regions(gold, answer)
        for turned in (False, True):
            sides = answer.sides[::-1] if turned else answer.sides
            signs = tuple(TURNED.get(sign, sign) for sign in answer.signs[::-1]) if turned else answer.signs
            if signs == gold.signs and sides == gold.sides:
                return True
        return len(gold.sides) == len(answer.sides) == 2 and self._judge.same_relation(gold, answer)

    def _regions(self, gold: Node, answer: Node) -> bool:
        gold, answer = as_interval(gold), as_interval(answer)
        if isinstance(gold, Group) and isinstance(answer, Group) and gold.opening and answer.opening:
            same_ends = (gold.opening, gold.closing) == (answer.opening, answer.closing)
            return same_ends and all(map(self._same_end, gold.items, answer.items))
        return self._judge.same_region(gold, answer)

    def _same_end(self, gold: Node, answer: Node) -> bool:
        return gold == answer or (not (_is_infinite(gold) or _is_infinite(answer)) and self.equal(gold, answer))

    # -- expressions -----------------------------------------------------------------------------------------------------------

    def _expressions(self, gold: Node, answer: Node) -> bool:
        if isinstance(gold, Number) and isinstance(answer, Number):
            return same_numbers(gold, answer, self._rules)
        names = {node.name for node in (gold, answer) if isinstance(node, Apply)}
        if names & MEASURES:
            return same_measures(gold, answer, self.equal, self._rules)
        if "word" in names and all(words := [_letters_in_order(node) for node in (gold, answer)]):
            return words[0] == words[1]
        if _short_unit(gold, answer) or _short_unit(answer, gold):
            return True
        if _is_infinite(gold) or _is_infinite(answer):
            return (sign := _infinite_sign(gold)) is not None and sign == _infinite_sign(answer)
        one, other = exact_value(gold), exact_value(answer)
        if one is not None and other is not None:
            return same_numbers(Number(one, getattr(gold, "unit", "")), Number(other, getattr(answer, "unit", "")), self._rules)
        return self._judge.same(gold, answer)


def _families(node: Node) -> list[Node] | None:
    """The expressions of a list, a set or a name's equation, one for each sign; None where there is anything else in it."""
    if isinstance(node, Relation) and node.signs == ("=",) and is_name(node.sides[0]):
        return _families(node.sides[1])
    if isinstance(node, Group) and node.opening in ("", "{"):
        parts = [_families(item) for item in node.items]
        return None if None in parts else [one for part in parts for one in part or ()]
    return both_signs(node) if isinstance(node, (Number, Symbol, Apply)) else None


def of_rows(node: Group) -> Matrix | None:
    """`((1, 2), (3, 4))` as a matrix."""
    rows = [i.items for i in node.items if isinstance(i, Group) and (i.opening, i.closing) in (("(", ")"), ("[", "]"))]
    fit = len(rows) == len(node.items) and rows and rows[0] and len({len(row) for row in rows}) == 1
    return Matrix(tuple(rows)) if fit else None


def is_region(node: Node) -> bool:
    """Whether a node says which real numbers belong to it, other than by listing them."""
    if isinstance(node, Relation):
        return set(node.signs) <= ORDERS and len(symbols_of(node)) == 1
    if isinstance(node, IntervalUnion):
        return all(is_region(part) or isinstance(part, (Group, Symbol)) for part in node.parts)
    if isinstance(node, Group) and node.opening == "":
        parts = [i for i in node.items if not (isinstance(i, Relation) and i.signs == ("in",) and i.sides[1] == REALS)]
        return all(isinstance(i, Relation) and is_region(i) for i in parts) and len(symbols_of(Group("", "", tuple(parts)))) == 1
    if isinstance(node, Group):
        return node.opening in ("(", "[") and node.closing in (")", "]") and len(node.items) == 2
    if isinstance(node, Apply) and node.name in ("setminus", "cap"):
        return is_region(node.arguments[0])
    return node == REALS or (isinstance(node, Symbol) and node.name in ("mathbb R^+", "mathbb R^-"))


def as_interval(node: Node) -> Node:
    """`a < f(x) <= b` as `(a, b]`, whatever stands in the middle is called; anything else as it is."""
    if not isinstance(node, Relation) or not set(node.signs) <= set(TURNED):
        return node
    sides, signs = list(node.sides), list(node.signs)
    if signs[0] in (">", ">="):
        sides, signs = sides[::-1], [TURNED[sign] for sign in signs[::-1]]
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


def _is_bracketed(node: Node) -> bool:
    return isinstance(node, Group) and node.opening != ""


def _has_matrix(node: Node) -> bool:
    return isinstance(node, Matrix) or (isinstance(node, Apply) and node.name != "det" and any(map(_has_matrix, node.arguments)))


def _parts(node: Node) -> list[Node]:
    return list(node.parts) if isinstance(node, IntervalUnion) else [node]


def _named_value(node: Relation, other: Node, *, asked: bool) -> Node | None:
    """What a relation says of a name, where only a value is asked for; its interval where the other is a region.

    `asked`: it is the answer's, which may name a sum, too: `m + n = 12`.
    """
    if node.signs in (("=",), ("in",), ("==",)) and (is_name(node.sides[0]) or (asked and is_asked_for(node.sides[0]))):
        return node.sides[1]
    if isinstance(other, (Group, IntervalUnion)) and set(node.signs) <= ORDERS:
        interval = as_interval(node)
        return None if isinstance(interval, Relation) else interval
    return None


def _is_told(gold: Relation, answer: Relation) -> bool:
    """Whether both tell the value of the same name: then they are no equations that a factor could be taken out of."""
    return gold.sides[0] == answer.sides[0] and not any(symbols_of(node.sides[1]) for node in (gold, answer))


def _is_called(node: Node) -> bool:
    """A name, but for an absolute value of the unknown, which says something else about it."""
    return is_name(node) and not (isinstance(node, Apply) and node.name not in ("*", "word", "of unit"))


def _are_functions(one: Node, other: Node) -> bool:
    """`y` and `f(x)` are both what a function is called."""
    return {type(one), type(other)} == {Symbol, Apply} and Symbol("y") in (one, other)


def _letters_in_order(node: Node) -> str:
    """`BDAC`, and `B D A C` that was read as a product; "" for anything else."""
    if isinstance(node, Apply) and node.name in ("word", "*"):
        parts = [_letters_in_order(argument) for argument in node.arguments]
        return "".join(parts) if all(parts) else ""
    return node.name if isinstance(node, Symbol) and len(node.name) == 1 else ""


def _short_unit(measured: Node, product: Node) -> bool:
    """`5 m`, read as a product, where the other is a number in that unit."""
    if not (isinstance(measured, Number) and measured.unit and isinstance(product, Apply) and product.name == "*"):
        return False
    value, unit = product.arguments
    if not (isinstance(value, Number) and isinstance(unit, Symbol)):
        return False
    return one_spelling(measured.unit) == one_spelling(unit.name) and measured.value == value.value


def _is_infinite(node: Node) -> bool:
    return node == Symbol("oo") or (isinstance(node, Apply) and any(map(_is_infinite, node.arguments)))


def _infinite_sign(node: Node) -> int | None:
    """1 or -1 for plus or minus infinity, and what only counts it; None for anything else."""
    if node == Symbol("oo"):
        return 1
    if isinstance(node, Apply) and node.name == "neg":
        sign = _infinite_sign(node.arguments[0])
        return None if sign is None else -sign
    if isinstance(node, Apply) and not symbols_of(node):
        raise Undecided("arithmetic with infinity")
    return None
