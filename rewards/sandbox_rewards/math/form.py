r"""Whether an answer is worked out, and not the question again: what is equal but not in form earns nothing.

A number is an integer, decimal, fraction, root or power, with pi, e and i as factors, or a sum of such terms that does not get
shorter: two, or as many as the gold has. `\frac{2}{4}`, `\sqrt{12}` and `0.5` are worked out, `5 + 5` and `\frac{24}{2}` are not.
A region is an interval, a union, or an inequality with the unknown by itself. An expression whose task is to rewrite it (an equal
one stands in the prompt) has the gold's form: as factored, as expanded, no longer. In a prompt without numbers and formulas
there is nothing to restate; there only plain sums and products of numbers are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from sandbox_rewards.math.comparison import as_interval, is_region
from sandbox_rewards.math.exact import exact_value, mentions, size, symbols_of
from sandbox_rewards.math.settled import is_asked_for, is_name
from sandbox_rewards.math.tree import (
    Apply,
    Group,
    IntervalUnion,
    Matrix,
    Node,
    Number,
    Relation,
    Symbol,
    Text,
    children,
    with_children,
)

_FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh", "log", "ln", "!",
    "binomial", "abs", "floor", "ceil", "gcd", "lcm", "max", "min", "sum", "prod", "det", "sgn", "transposed", "mod",
})  # fmt: skip
"""Operations that are worked out, unless the gold has one, too."""


def has_idle_steps(node: Node) -> bool:
    """Whether something is done that changes nothing: a sign turned twice, 0 added, 1 multiplied, divided by or raised to."""
    return without_idle_steps(node) != node


def without_idle_steps(node: Node) -> Node:
    """The tree without such steps."""
    node = with_children(node, tuple(map(without_idle_steps, children(node))))
    if isinstance(node, Apply) and node.name == "neg":
        inner = node.arguments[0]
        return inner.arguments[0] if isinstance(inner, Apply) and inner.name == "neg" else node
    if isinstance(node, Apply) and node.name in _IDLE:
        one, other = node.arguments
        if node.name == "*" and (isinstance(other, Symbol) or _is_scientific(node)):  # `1.0i`, `1 \\cdot 10^6`
            return node
        if exact_value(other) == _IDLE[node.name] and not (node.name == "^" and isinstance(one, Number)):
            return one
        if node.name in ("+", "*") and exact_value(one) == _IDLE[node.name]:
            return other
    return node


_IDLE = {"+": 0, "*": 1, "/": 1, "^": 1}


def is_worked_out(gold: Node, answer: Node, *, given: Callable[[], bool], bare: bool) -> bool:
    """Whether an answer that equals the gold is in its form.

    `given()`: the prompt holds an expression that equals the gold. `bare`: it holds no numbers and no formulas.
    """
    asked = not isinstance(gold, Relation)
    gold, answer = value_of(gold), value_of(answer, asked=asked)
    if isinstance(answer, Relation) and not isinstance(gold, (Relation, Group, IntervalUnion)) and not is_region(gold):
        return bool(symbols_of(gold)) and not given()
    if bare:
        return not _is_plain_arithmetic(answer)
    if isinstance(gold, Relation) and isinstance(answer, Relation) and gold.signs == ("=",) and is_name(gold.sides[0]):
        return is_name(answer.sides[0]) or is_name(answer.sides[-1]) or (not given() and bool(symbols_of(gold.sides[1])))
    if _is_plain_region(gold):
        return _is_plain_region(answer)
    if len(items := list(zip(_items(gold), _items(answer), strict=False))) == len(_items(gold)) == len(_items(answer)) > 0:
        return all(is_worked_out(one, other, given=given, bare=bare) for one, other in items)
    if isinstance(answer, (Group, Matrix)) or isinstance(gold, (Group, Matrix)):
        return not _computes(answer)
    if symbols_of(answer) or symbols_of(gold):
        return not given() or has_form_of(gold, answer)
    return is_number(answer, gold) or (exact_value(gold) is None and not is_number(gold, gold) and size(answer) <= size(gold))


def value_of(node: Node, *, asked: bool = False) -> Node:
    """What a chain or a name's equation says in the end, and what is so much of a unit."""
    named = isinstance(node, Relation) and (is_name(node.sides[0]) or (asked and is_asked_for(node.sides[0])))
    if isinstance(node, Relation) and named and set(node.signs) <= {"=", "~", "in"}:
        node = node.sides[-1]
    elif isinstance(node, Relation) and node.signs == ("=",) and is_name(node.sides[1]):
        node = node.sides[0]
    if isinstance(node, Apply) and node.name in ("of unit", "mod"):
        node = node.arguments[0]
    return node.items[0] if isinstance(node, Group) and node.opening == "" and len(node.items) == 1 else node


def _items(node: Node) -> tuple[Node, ...]:
    """What a list, set, tuple or matrix holds, each to be worked out by itself."""
    return children(node) if isinstance(node, (Group, Matrix)) else ()


def _computes(node: Node) -> bool:
    """Whether something is left to be worked out in an answer of several parts."""
    if isinstance(node, (Group, Matrix)):
        return any(map(_computes, children(node)))
    node = value_of(node)
    return not symbols_of(node) and isinstance(node, Apply) and not is_number(node, node)


# -- numbers -------------------------------------------------------------------------------------------------------------------


def is_number(node: Node, gold: Node) -> bool:
    """Whether an expression without unknowns is a number that is worked out, where `gold` is the right one."""
    if isinstance(node, Apply) and node.name in ("time", "ratio"):
        return all(isinstance(part, (Number, Text)) or is_number(part, part) for part in node.arguments)
    if isinstance(node, (Text, Symbol)):
        return True
    whole = exact_value(gold)
    if whole is not None and whole.denominator == 1 and not _is_power(node):
        return isinstance(_unsigned(node), Number)
    if whole is not None and exact_value(node) is None:
        return False
    terms = list(_terms(node))
    return len(terms) <= max(2, len(list(_terms(gold)))) and _is_sum_of(terms, gold)


def _is_sum_of(terms: list[Node], gold: Node) -> bool:
    """Whether terms are worked out, and none of them could be taken together with another."""
    kinds = [_kind(term) for term in terms]
    if len(terms) > 1 and any(exact_value(term) == 0 or _is_factored(term) for term in terms):
        return False
    return len(set(kinds)) == len(kinds) and all(_is_term(term, gold) for term in terms)


def _is_factored(term: Node) -> bool:
    """Whether a sum is a factor of a term: beside other terms it would be multiplied out."""
    return any(isinstance(factor, Apply) and factor.name == "+" for factor in map(_unsigned, _factors(term)))


def _terms(node: Node) -> Iterator[Node]:
    if isinstance(node, Apply) and node.name in ("+", "neg", "pm"):
        for argument in node.arguments:
            if node.name != "pm" or argument != Number(Fraction(0)):
                yield from _terms(argument)
    else:
        yield node


def _factors(node: Node) -> Iterator[Node]:
    if isinstance(node, Apply) and node.name in ("*", "neg", "word"):
        for argument in node.arguments:
            yield from _factors(argument)
    else:
        yield node


def _kind(term: Node) -> frozenset[str]:
    """What a term has beside its rational factor: terms of one kind can be taken together."""
    if isinstance(term, Apply) and term.name == "/":
        return _kind(term.arguments[0]) | _kind(term.arguments[1])
    return frozenset(repr(factor) for factor in _factors(term) if exact_value(factor) is None)


def _is_term(node: Node, gold: Node) -> bool:
    node = _unsigned(node)
    if isinstance(node, Apply) and node.name == "/":
        top, bottom = node.arguments
        parts = [list(_terms(part)) for part in (top, bottom)]
        enough = max(2, len(list(_terms(gold))), *(len(list(_terms(a))) for a in children(gold)))
        imaginary = any(mentions(term, frozenset({"i"})) for term in parts[1]) and exact_value(top) is None
        return not imaginary and all(len(part) <= enough and _is_sum_of(part, gold) for part in parts)
    factors = list(_factors(node))
    rational = [factor for factor in factors if exact_value(factor) is not None]
    if len(factors) > 1 and any(exact_value(factor) in (0, 1) for factor in rational):
        return False
    return (len(rational) <= 1 or _is_scientific(node)) and all(_is_factor(factor, gold) for factor in factors)


def _is_factor(node: Node, gold: Node) -> bool:
    node = _unsigned(node)
    if isinstance(node, (Number, Symbol)):
        return True
    if not isinstance(node, Apply):
        return False
    if node.name in _FUNCTIONS:
        return mentions(gold, frozenset({node.name, *(("log", "ln") if node.name in ("log", "ln") else ())}))
    if node.name == "+":
        return _is_sum_of(list(_terms(node)), gold) and mentions(gold, frozenset({"+"}))
    if node.name in ("^", "exp"):
        base, *exponent = node.arguments
        return all(_is_factor(part, gold) or _is_term(part, gold) for part in (base, *exponent))
    if node.name in ("root", "sqrt"):
        return len(list(_terms(node.arguments[0]))) <= 2 and _is_sum_of(list(_terms(node.arguments[0])), gold)
    return node.name == "/" and _is_term(node, gold)


def _unsigned(node: Node) -> Node:
    while isinstance(node, Apply) and node.name == "neg":
        node = node.arguments[0]
    return node


def _is_power(node: Node) -> bool:
    node = _unsigned(node)
    plain = isinstance(node, Apply) and node.name == "^" and all(isinstance(_unsigned(part), Number) for part in node.arguments)
    return plain or _is_scientific(node)


def _is_scientific(node: Node) -> bool:
    """`6.02 \\times 10^{23}`."""
    factors = [_unsigned(factor) for factor in _factors(node)]
    return (
        len(factors) == 2 and isinstance(factors[0], Number) and isinstance(factors[1], Apply) and factors[1].name == "^"
        and factors[1].arguments[0] == Number(Fraction(10))
    )  # fmt: skip


def _is_plain_arithmetic(node: Node) -> bool:
    """`5 + 5`, `4 \\cdot 5`: numbers without a sign that are only added, or only multiplied."""
    if isinstance(node, (Group, Matrix)):
        return any(map(_is_plain_arithmetic, children(node)))
    parts = children(node) if isinstance(node, Apply) and node.name in ("+", "*") and not _is_scientific(node) else ()
    return bool(parts) and all((isinstance(part, Number) and part.value >= 0) or _is_plain_arithmetic(part) for part in parts)


# -- regions -------------------------------------------------------------------------------------------------------------------


def _is_plain_region(node: Node) -> bool:
    """An interval, a union, a set, or conditions on the unknown by itself."""
    if isinstance(node, IntervalUnion):
        return all(map(_is_plain_region, node.parts))
    if isinstance(node, Relation):
        ends = [side for side in node.sides if not is_name(side)]
        alone = len(ends) == len(node.sides) - 1 and (set(node.signs) & {"in"} or all(map(_is_end, ends)))
        return is_region(node) and bool(alone) and (not isinstance(as_interval(node), Relation) or node.signs == ("!=",))
    if isinstance(node, Group) and node.opening == "":
        return is_region(node) and all(map(_is_plain_region, node.items))
    if isinstance(node, Group):
        return (is_region(node) or node.opening == "{") and all(map(_is_end, node.items))
    if isinstance(node, Apply) and node.name in ("setminus", "cap"):
        return all(map(_is_plain_region, node.arguments))
    return is_region(node)


def _is_end(node: Node) -> bool:
    return not symbols_of(node) and is_number(node, node) and not isinstance(node, Text)


# -- expressions ---------------------------------------------------------------------------------------------------------------


def has_form_of(gold: Node, answer: Node) -> bool:
    """Whether an expression is as factored and as expanded as the gold, and not much longer."""
    return (
        degree_of_factoring(answer) >= degree_of_factoring(gold)
        and (not is_expanded(gold) or (is_expanded(answer) and len(list(_terms(answer))) <= len(list(_terms(gold)))))
        and size(answer) <= 1.5 * size(gold) + 2
    )


def degree_of_factoring(node: Node) -> int:
    """Factors that hold an unknown, with their multiplicity; 1 for a sum."""
    node = _unsigned(node)
    if not symbols_of(node):
        return 0
    if isinstance(node, Apply) and node.name in ("*", "/", "word"):
        return sum(map(degree_of_factoring, node.arguments))
    if isinstance(node, Apply) and node.name == "^":
        exponent = exact_value(node.arguments[1])
        return degree_of_factoring(node.arguments[0]) * (int(exponent) if exponent and 0 < exponent < 100 else 1)
    return 1


def is_expanded(node: Node) -> bool:
    """Whether no sum is multiplied, or raised to a power."""
    if isinstance(node, Apply) and node.name in ("*", "^"):
        inner = [_unsigned(a) for a in node.arguments]
        if any(isinstance(a, Apply) and a.name == "+" and symbols_of(a) for a in inner[: 1 if node.name == "^" else 2]):
            return False
    return all(map(is_expanded, children(node)))
