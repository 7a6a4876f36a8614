"""What a mathematical answer can be, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Union


@dataclass(frozen=True)
class Number:
    """An exact rational; `unit` is what stood behind it (`cm`, `%`, `°`, `$`), "" for nothing."""

    value: Fraction
    unit: str = ""


@dataclass(frozen=True)
class Symbol:
    name: str


@dataclass(frozen=True)
class Apply:
    """An operation or a function on expressions: `+`, `*`, `/`, `^`, `neg`, `sqrt`, `sin`, `!`, `abs`, `log` (base first) ..."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Group:
    """Items between brackets, or (both "") a bare list: `(1, 2)`, `[0, 1)`, `{1, 2}`, `1, 2`."""

    opening: str
    closing: str
    items: tuple[Node, ...]


@dataclass(frozen=True)
class IntervalUnion:
    """A union of intervals and sets."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Relation:
    """`x = 3`, `1 < x <= 2`: sides and what stands between them."""

    sides: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Text:
    """Words, or a choice."""

    words: str


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below one: arguments, items, parts, sides or cells."""
    match node:
        case Apply():
            return node.arguments
        case Group():
            return node.items
        case IntervalUnion():
            return node.parts
        case Relation():
            return node.sides
        case Matrix():
            return tuple(cell for row in node.rows for cell in row)
    return ()


def with_children(node: Node, new: tuple[Node, ...]) -> Node:
    """The same kind of node over other nodes, as many as it has."""
    match node:
        case Apply():
            return Apply(node.name, new)
        case Group():
            return Group(node.opening, node.closing, new)
        case IntervalUnion():
            return IntervalUnion(new)
        case Relation():
            return Relation(new, node.signs)
        case Matrix():
            cells = iter(new)
            return Matrix(tuple(tuple(next(cells) for _ in row) for row in node.rows))
    return node


Node = Union[Number, Symbol, Apply, Group, IntervalUnion, Relation, Matrix, Text]  # noqa: UP007 - it names itself
