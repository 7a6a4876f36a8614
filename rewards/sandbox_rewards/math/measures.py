"""Answers that are more than a number: with a unit, in a base, times, ratios, remainders, functions in pieces."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from sandbox_rewards.math.conventions import Rules
from sandbox_rewards.math.exact import exact_value
from sandbox_rewards.math.tree import Apply, Group, Node, Number, Text
from sandbox_rewards.math.units import meridiem, one_spelling

Equal = Callable[[Node, Node], bool]
MEASURES = frozenset({"of unit", "mod", "time", "ratio", "pieces", "builder", "setminus", "cap"})


def same_numbers(gold: Number, answer: Number, rules: Rules) -> bool:
    """Whether two rational numbers with their units are the same."""
    if rules.units == "required" and one_spelling(gold.unit) != one_spelling(answer.unit):
        return False
    for one, other in ((gold, answer), (answer, gold)):
        if one.unit.startswith("base ") and not other.unit:
            return other.value.denominator == 1 and _digits(int(one.value), int(one.unit[5:])) == str(other.value)
    units = [one_spelling(number.unit) for number in (gold, answer)]
    if _near(gold.value, answer.value, rules):
        return not all(units) or units[0] == units[1]
    if "%" in units and "" in units:
        part, whole = (gold, answer) if units[0] == "%" else (answer, gold)
        return _near(part.value / 100, whole.value, rules)
    return False


def _near(gold: Fraction, answer: Fraction, rules: Rules) -> bool:
    return gold == answer or abs(gold - answer) <= abs(gold) * Fraction(rules.tolerance)


def _digits(value: int, base: int) -> str:
    """Digits of a whole number in a base, as they are written; "" where they would be too many to be an answer's."""
    if value.bit_length() > 4000:
        return ""
    found = ""
    while value:
        value, digit = divmod(value, base)
        found = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + found
    return found or "0"


def same_measures(gold: Node, answer: Node, equal: Equal, rules: Rules) -> bool:
    """Whether two expressions of which one is a measure are the same."""
    if isinstance(gold, Apply) and isinstance(answer, Apply) and gold.name == answer.name:
        return _COMPARED[gold.name](gold, answer, equal)
    plain = [n.arguments[0] if isinstance(n, Apply) and n.name in ("of unit", "mod") else n for n in (gold, answer)]
    units = {n.arguments[1] for n in (gold, answer) if isinstance(n, Apply) and n.name == "of unit"}
    if plain == [gold, answer]:
        named = {n.name for n in (gold, answer) if isinstance(n, Apply)} - {"ratio"}
        return not named & MEASURES and equal(*(_quotient(n) for n in (gold, answer)))
    return not (units and rules.units == "required") and equal(*plain)


def _quotient(node: Node) -> Node:
    """A ratio of two as the fraction that it is."""
    return Apply("/", node.arguments) if isinstance(node, Apply) and node.name == "ratio" and len(node.arguments) == 2 else node


def _same_of_unit(gold: Apply, answer: Apply, equal: Equal) -> bool:
    units = [one_spelling(node.arguments[1].words) for node in (gold, answer)]  # type: ignore[union-attr]
    return units[0] == units[1] and equal(gold.arguments[0], answer.arguments[0])


def _same_time(gold: Apply, answer: Apply, equal: Equal) -> bool:
    """`3:30`, `3:30 pm`, `15:30`: the half of the day counts where both say it."""
    if any(isinstance(a, Text) and not meridiem(a.words) for node in (gold, answer) for a in node.arguments):
        return False
    halves = [meridiem(node.arguments[-1].words) if isinstance(node.arguments[-1], Text) else "" for node in (gold, answer)]
    parts = [[exact_value(a) for a in node.arguments if not isinstance(a, Text)] for node in (gold, answer)]
    if all(halves):
        return halves[0] == halves[1] and parts[0] == parts[1]
    if parts[0] == parts[1]:
        return True
    on_the_day = [_on_the_day(p, h) for p, h in zip(parts, halves, strict=True)]
    return on_the_day[0] == on_the_day[1]


def _on_the_day(parts: list[Fraction | None], half: str) -> list[Fraction | None]:
    hours = parts[0]
    if hours is None or not half:
        return parts
    return [hours % 12 + (12 if half == "pm" else 0), *parts[1:]]


def _same_ratio(gold: Apply, answer: Apply, equal: Equal) -> bool:
    if len(gold.arguments) != len(answer.arguments):
        return False
    return all(
        equal(Apply("*", (gold.arguments[0], b)), Apply("*", (answer.arguments[0], a)))
        for a, b in zip(gold.arguments[1:], answer.arguments[1:], strict=True)
    )


def _same_remainder(gold: Apply, answer: Apply, equal: Equal) -> bool:
    values = [exact_value(a) for node in (gold, answer) for a in node.arguments]
    if None in values:
        return _same_arguments(gold, answer, equal)
    one, modulus, other, theirs = values
    return bool(modulus and modulus == theirs and (one - other) % modulus == 0)  # type: ignore[operator]


def _same_pieces(gold: Apply, answer: Apply, equal: Equal) -> bool:
    """Functions in pieces: the same values under the same conditions, in any order."""
    if len(gold.arguments) != len(answer.arguments):
        return False
    return all(any(_same_piece(one, other, equal) for other in answer.arguments) for one in gold.arguments)


def _same_piece(one: Node, other: Node, equal: Equal) -> bool:
    if not (isinstance(one, Group) and isinstance(other, Group)) or len(one.items) != len(other.items):
        return False
    return all(map(equal, one.items, other.items))


def _same_arguments(gold: Apply, answer: Apply, equal: Equal) -> bool:
    return len(gold.arguments) == len(answer.arguments) and all(map(equal, gold.arguments, answer.arguments))


_COMPARED: dict[str, Callable[[Apply, Apply, Equal], bool]] = {
    "of unit": _same_of_unit, "time": _same_time, "ratio": _same_ratio, "mod": _same_remainder, "pieces": _same_pieces,
    "builder": _same_arguments, "setminus": _same_arguments, "cap": _same_arguments,
}  # fmt: skip
