"""Numbers that are more than their digits: with a unit, mixed, negative, as a fraction of whole ones."""

from __future__ import annotations

from fractions import Fraction

from sandbox_rewards.math.tree import Apply, Node, Number, Text


def rational(node: Node) -> Fraction | None:
    """The value of a node that is plainly a rational number."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Apply) and node.name in ("/", "neg"):
        values = [rational(argument) for argument in node.arguments]
        if all(value is not None for value in values):
            if node.name == "neg":
                return -values[0]  # type: ignore[operator]
            return values[0] / values[1] if values[1] else None  # type: ignore[operator]
    return None


def measured(node: Node, unit: str) -> Node:
    """So much of a unit."""
    value = rational(node)
    if value is not None:
        return Number(value, unit)
    if isinstance(node, Apply) and node.name == "time":
        return Apply("time", (*node.arguments[:2], Text(unit)))
    if isinstance(node, Apply) and node.name == "neg" and isinstance(node.arguments[0], Number):
        return Number(-node.arguments[0].value, unit)
    return Apply("of unit", (node, Text(unit)))


def negated(node: Node) -> Node:
    return Number(-node.value, node.unit) if isinstance(node, Number) else Apply("neg", (node,))


def mixed(whole: Node, part: Node) -> Node | None:
    r"""`2\frac{1}{2}` is a mixed number where the part is a proper fraction of whole numbers."""
    if not (isinstance(whole, Number) and whole.value.denominator == 1 and isinstance(part, Apply) and part.name == "/"):
        return None
    top, bottom = part.arguments
    if not (isinstance(top, Number) and isinstance(bottom, Number) and 0 < top.value < bottom.value):
        return None
    if top.value.denominator != 1 or bottom.value.denominator != 1:
        return None
    fraction = top.value / bottom.value
    return Number(whole.value + (fraction if whole.value >= 0 else -fraction))
