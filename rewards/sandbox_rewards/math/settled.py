"""What an answer says, without the ways of saying it: chains of equations, conditions on integers, names, both signs, words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from sandbox_rewards.math.exact import symbols_of
from sandbox_rewards.math.tree import Apply, Group, Node, Number, Relation, Symbol, Text, children, with_children
from sandbox_rewards.math.units import meridiem

INTEGER = "any integer"
"""How the name begins that stands for a letter that may be any integer."""
Equal = Callable[[Node, Node], bool]
_INDICES = frozenset({"k", "n", "m", "j", "l"})
_ALL_REALS = ("all real numbers", "all reals", "all real values", "real numbers", "all real x", "all real", "reals")
_NOTHING = ("no solution", "no solutions", "no real solution", "no real solutions", "empty set", "none", "no such values")
_DECLARED = frozenset({"mathbb Z", "mathbb R", "mathbb C", "mathbb Z^+", "mathbb N"})


def settled(node: Node, equal: Equal) -> Node:
    """The node, said plainly."""
    if isinstance(node, Group) and node.opening == "" and len(node.items) == 1:
        return settled(node.items[0], equal)
    if isinstance(node, Relation) and node.signs == ("!=",):
        return _none_of(node, both_signs(node.sides[1]))
    if isinstance(node, Relation):
        return _of_chain(node, equal)
    if isinstance(node, Group) and node.opening == "":
        first, *rest = node.items
        if isinstance(first, Relation) and first.signs == ("!=",) and not any(isinstance(item, Relation) for item in rest):
            return _none_of(first, [first.sides[1], *rest])
        return _assigned(node, equal)
    if isinstance(node, Text) and words_of(node) in _ALL_REALS:
        return Symbol("mathbb R")
    if isinstance(node, Text) and words_of(node) in _NOTHING:
        return Group("{", "}", ())
    if isinstance(node, Apply) and node.name == "transposed" and isinstance(node.arguments[0], Group):
        return node.arguments[0]
    if isinstance(node, Number) and meridiem(node.unit):
        return Apply("time", (Number(node.value), Number(Fraction(0)), Text(node.unit)))
    return node


def with_log_base(node: Node, base: int | None) -> Node:
    r"""The tree with a base for each `\log` that names none; None: natural."""
    new = tuple(with_log_base(child, base) for child in children(node))
    if isinstance(node, Apply) and node.name == "bare log":
        return Apply("ln", new) if base is None else Apply("log", (Number(Fraction(base)), *new))
    return with_children(node, new)


def _none_of(node: Relation, values: Sequence[Node]) -> Node:
    r"""`x != -1, 1` and `x != \pm 1` as two conditions."""
    conditions = tuple(Relation((node.sides[0], value), ("!=",)) for value in values)
    return conditions[0] if len(conditions) == 1 else Group("", "and", conditions)


def _of_chain(node: Relation, equal: Equal) -> Node:
    """`x = 2 + 3 = 5` as `x = 5`, `x = 1/3 ~ 0.33` as `x = 1/3`, `2 + 3 = 5` as 5."""
    if not set(node.signs) <= {"=", "~"}:
        return node
    sides = list(node.sides)
    if node.signs[0] == "=" and "~" in node.signs:
        sides = sides[: node.signs.index("~") + 1]
    if not symbols_of(sides[0]) and not isinstance(sides[0], (Text, Group)) and not symbols_of(sides[-1]):
        computed = all(equal(sides[0], side) for side in sides[1:]) or (node.signs[0] == "~" and len(sides) == 2)
        return sides[0] if node.signs[0] == "~" else sides[-1] if computed else node
    if len(sides) == 2 and is_name(sides[1]) and not is_name(sides[0]):
        sides = sides[::-1]
    if len(sides) > 2 and not (is_name(sides[0]) or is_asked_for(sides[0])):
        return node
    return Relation((sides[0], settled(sides[-1], equal)), ("=",))


def is_asked_for(node: Node) -> bool:
    """`m + n`, `p + q + r`: a sum, product or difference of unknowns, whose value alone is asked for."""
    if isinstance(node, Apply) and node.name in ("+", "neg", "*", "/", "-"):
        times = node.name in ("*", "/")
        return all(is_asked_for(a) or (times and isinstance(a, Number) and a.value != 0) for a in node.arguments)
    return isinstance(node, Symbol) and node.name not in ("pi", "e", "i", "oo")


def _assigned(node: Group, equal: Equal) -> Node:
    """`p = 5, q = 2; p = 7, q = 2` as the list of two tuples that it is; integers' names become one name."""
    items = tuple(settled(item, equal) for item in node.items)
    if bound := [i.sides[0].name for i in items if _declares(i, "mathbb Z")]:  # type: ignore[union-attr]
        items = tuple(renamed(i, bound) for i in items if not _declares(i, "mathbb Z"))
    items = _without_conditions(items)
    if len(items) == 1:
        return items[0]
    names = [i.sides[0] if isinstance(i, Relation) and i.signs == ("=",) and is_name(i.sides[0]) else None for i in items]
    if None in names or len(set(names)) == 1 or len({_letter(name) for name in names}) == 1:
        return Group("", node.closing, items)
    period = names.index(names[0], 1) if names[0] in names[1:] else len(names)
    if len(names) % period or names != names[:period] * (len(names) // period):
        return Group("", node.closing, items)
    solutions = tuple(Group("=", "=", items[k : k + period]) for k in range(0, len(items), period))
    return solutions[0] if len(solutions) == 1 else Group("", "", solutions)


def _without_conditions(items: tuple[Node, ...]) -> tuple[Node, ...]:
    """An expression without what is said of its letters behind it: `x + 2, x != 1`; `2x + c, c \\in \\mathbb{R}`."""
    first, *rest = items
    named = isinstance(first, Relation) and first.signs == ("=",)
    if rest and (named or isinstance(first, (Apply, Symbol))) and all(_only_says_of(item, symbols_of(first)) for item in rest):
        asked = symbols_of(first.sides[0]) if isinstance(first, Relation) else set()
        if not any(symbols_of(item) & asked for item in rest):
            return (first,)
    return items


def _only_says_of(item: Node, letters: set[str]) -> bool:
    """Whether a condition says something of letters, and gives none a value."""
    return isinstance(item, Relation) and not set(item.signs) & {"=", "~"} and symbols_of(item) - _DECLARED <= letters


def _letter(name: Node | None) -> str:
    """`x` of `x_1`; the whole name where it has no index."""
    text = name.name if isinstance(name, Symbol) else repr(name)
    return text.partition("_")[0] if "_" in text else text + " alone"


def without_indices_of(other: Group, node: Group) -> Group:
    """`x_1 = 2, x_2 = 3` as `x = 2, x = 3`, where the other names its values of x without an index."""
    names, plain = _names_of(node), _names_of(other)
    if not names or len(plain) != 1 or {_letter(name) + " alone" for name in names} != {_letter(name) for name in plain}:
        return node
    (unknown,) = plain
    return Group(node.opening, node.closing, tuple(Relation((unknown, i.sides[1]), i.signs) for i in node.items))  # type: ignore[union-attr]


def _names_of(node: Group) -> set[Symbol]:
    """What the items of a list are values of; empty where one is no equation of a letter."""
    names = {i.sides[0] for i in node.items if isinstance(i, Relation) and i.signs == ("=",) and isinstance(i.sides[0], Symbol)}
    return names if all(isinstance(i, Relation) and i.signs == ("=",) and i.sides[0] in names for i in node.items) else set()


def _declares(node: Node, kind: str) -> bool:
    return (
        isinstance(node, Relation) and node.signs == ("in",) and isinstance(node.sides[0], Symbol)
        and isinstance(node.sides[1], Symbol) and node.sides[1].name.startswith(kind)
    )  # fmt: skip


def renamed(node: Node, names: Sequence[str]) -> Node:
    """The tree with these symbols under the name of any integer."""
    if isinstance(node, Symbol):
        return Symbol(f"{INTEGER} {names.index(node.name)}") if node.name in names else node
    return with_children(node, tuple(renamed(child, names) for child in children(node)))


def with_same_integers(gold: Node, answer: Node) -> tuple[Node, Node]:
    """Where one of them says that k is any integer, the other's k, n or m is one, too."""
    ours, theirs = symbols_of(gold), symbols_of(answer)
    we_say, they_say = (f"{INTEGER} 0" in names for names in (ours, theirs))
    if we_say and not they_say:
        return gold, renamed(answer, sorted(theirs & _INDICES))
    if they_say and not we_say:
        return renamed(gold, sorted(ours & _INDICES)), answer
    return gold, answer


# -- names ---------------------------------------------------------------------------------------------------------------------


def is_name(node: Node) -> bool:
    """`x`, `f(x)`, `AB`, `|AB|`, `P(A)`, `V_1 : V_2`, `(p, q)`: what an answer may be called."""
    if isinstance(node, Symbol):
        return node.name not in ("pi", "e", "i", "oo")
    if isinstance(node, Text):
        return True
    if isinstance(node, Group):
        return node.opening == "(" and bool(node.items) and all(map(is_name, node.items))
    if not isinstance(node, Apply) or node.name in ("+", "neg", "^", "pm"):
        return False
    if node.name == "*":
        called, *of = node.arguments
        if isinstance(called, Apply) and called.name == "^" and called.arguments[1] == Number(Fraction(-1)):  # f^{-1}(x)
            called = called.arguments[0]
        return is_name(called) and all(is_name(a) or not symbols_of(a) for a in of)
    return all(map(is_name, node.arguments if node.name != "log" else node.arguments[1:]))


# -- both signs ----------------------------------------------------------------------------------------------------------------


def is_pm(node: Node) -> bool:
    return isinstance(node, Apply) and (node.name == "pm" or any(map(is_pm, node.arguments)))


def both_signs(node: Node) -> list[Node]:
    """An expression with a sign of each kind as the two that it stands for; several such signs go together."""
    if is_pm(node):
        return [_signed(node, True), _signed(node, False)]
    if isinstance(node, Group) and node.opening in ("", "{"):
        return [sign for item in node.items for sign in both_signs(item)]
    if isinstance(node, Relation) and node.signs == ("=",) and is_pm(node.sides[1]):
        return both_signs(node.sides[1])
    return [node]


def _signed(node: Node, plus: bool) -> Node:
    if not isinstance(node, Apply):
        return node
    arguments = tuple(_signed(argument, plus) for argument in node.arguments)
    if node.name != "pm":
        return Apply(node.name, arguments)
    return Apply("+", arguments if plus else (arguments[0], Apply("neg", arguments[1:])))


# -- words ---------------------------------------------------------------------------------------------------------------------


def letters_of(node: Node, words: str | None) -> str | None:
    """Words of a text, or the letters that were read as a product, as the word that they may be."""
    if isinstance(node, Symbol):
        return node.name.lower() if len(node.name) == 1 else words
    if isinstance(node, Apply) and node.name in ("*", "word"):
        parts = [letters_of(part, None) for part in node.arguments]
        return words if None in parts else "".join(part for part in parts if part)
    return words


def words_of(node: Node) -> str | None:
    """The words of a text in one spelling."""
    if not isinstance(node, Text):
        return None
    words = re.sub(r"[^a-z0-9]+", " ", node.words.lower()).strip()
    words = re.sub(r"^(?:option|choice|answer)\s+(?=[a-z]$)", "", words)
    return re.sub(r"^(?:the|an|a(?= \w{3}))\s+", "", words)
