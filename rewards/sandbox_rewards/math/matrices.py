"""Sums, products and transposes of matrices whose entries are expressions, worked out entry by entry."""

from __future__ import annotations

from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Apply, Group, Matrix, Node

MOST = 60
"""Cells of a matrix that is computed with."""
PRODUCTS = 4
"""Of matrices in one expression: symbolic entries double with each."""


def worked_out(node: Apply) -> Node:
    """The matrix that an expression of matrices is; any other expression as it is. Raises `Unreadable` where shapes don't fit."""
    if not _has_matrix(node):
        return node
    if _products(node) > PRODUCTS:
        raise Unreadable(f"more than {PRODUCTS} products of matrices")
    arguments = tuple(worked_out(a) if isinstance(a, Apply) else a for a in node.arguments)
    if node.name == "transposed" and isinstance(arguments[0], (Matrix, Group)):
        return _transposed(arguments[0])
    if node.name == "neg" and isinstance(arguments[0], Matrix):
        return _each(arguments[0], lambda cell: Apply("neg", (cell,)))
    if node.name == "/" and isinstance(arguments[0], Matrix):
        return _each(arguments[0], lambda cell: Apply("/", (cell, arguments[1])))
    if node.name == "+":
        return _sum(*arguments)
    if node.name == "*":
        return _product(*arguments)
    return Apply(node.name, arguments)


def of_rows(node: Group) -> Matrix | None:
    """`((1, 2), (3, 4))` as a matrix."""
    if not all(isinstance(item, Group) and (item.opening, item.closing) in (("(", ")"), ("[", "]")) for item in node.items):
        return None
    rows = [item.items for item in node.items if isinstance(item, Group)]
    return Matrix(tuple(rows)) if rows and rows[0] and len({len(row) for row in rows}) == 1 else None


def _has_matrix(node: Node) -> bool:
    if isinstance(node, Apply):
        return node.name != "det" and any(map(_has_matrix, node.arguments))
    return isinstance(node, Matrix) or (isinstance(node, Group) and node.opening == "(")


def _products(node: Node) -> int:
    if not isinstance(node, Apply) or not _has_matrix(node):
        return 0
    return (node.name == "*") + sum(map(_products, node.arguments))


def _each(matrix: Matrix, of) -> Matrix:  # type: ignore[no-untyped-def]
    return Matrix(tuple(tuple(of(cell) for cell in row) for row in matrix.rows))


def _transposed(node: Matrix | Group) -> Node:
    return Matrix(tuple(zip(*node.rows, strict=True))) if isinstance(node, Matrix) else node


def _sum(one: Node, other: Node) -> Node:
    if not (isinstance(one, Matrix) and isinstance(other, Matrix)):
        return Apply("+", (one, other))
    if len(one.rows) != len(other.rows) or len(one.rows[0]) != len(other.rows[0]):
        raise Unreadable("a sum of matrices of different shapes")
    return Matrix(
        tuple(tuple(Apply("+", pair) for pair in zip(*rows, strict=True)) for rows in zip(one.rows, other.rows, strict=True))
    )


def _product(one: Node, other: Node) -> Node:
    if isinstance(other, Matrix) and isinstance(one, Matrix):
        return _matrix_product(one, other)
    matrix, factor = (one, other) if isinstance(one, Matrix) else (other, one)
    if not isinstance(matrix, Matrix):
        return Apply("*", (one, other))
    return _each(matrix, lambda cell: Apply("*", (factor, cell)))


def _matrix_product(one: Matrix, other: Matrix) -> Matrix:
    if len(one.rows[0]) != len(other.rows) or len(one.rows) * len(other.rows[0]) * len(other.rows) > 4 * MOST:
        raise Unreadable("a product of matrices that don't fit, or are too large")
    columns = tuple(zip(*other.rows, strict=True))
    return Matrix(tuple(tuple(_dot(row, column) for column in columns) for row in one.rows))


def _dot(row: tuple[Node, ...], column: tuple[Node, ...]) -> Node:
    total: Node = Apply("*", (row[0], column[0]))
    for a, b in zip(row[1:], column[1:], strict=True):
        total = Apply("+", (total, Apply("*", (a, b))))
    return total
