"""Wrong versions of a right solution: tests worth training on tell them apart.

Each mutant differs from the reference in one place: a comparison turned, a constant off by one, a condition negated,
`+` and `-` swapped, a statement left out, a return value lost. Some are equivalent to the reference by accident
(a `<` that no input tells from `<=`), so a surviving mutant is a question to the author of the tests, not a verdict.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator

from sandbox_tasks.syntax import parse_quietly

Change = Callable[[ast.AST], None]
"""Alters a node in place."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip


def mutants(reference: str, entry_point: str | None = None, limit: int = 20, seed: int = 0) -> list[str]:
    """At most `limit` distinct mutants; the first returns None always (where there is an `entry_point`).

    `seed` picks which, where there are more than `limit`. Raises SyntaxError for a reference that doesn't parse.
    """
    tree = parse_quietly(reference)
    seen, found = {ast.unparse(tree)}, []
    for code in _all_mutants(tree):
        if code not in seen and _parses(code):
            seen.add(code)
            found.append(code)
    empty = [empty_solution(entry_point)] if entry_point else []
    room = max(0, limit - len(empty))
    if len(found) > room:
        kept = sorted(random.Random(seed).sample(range(len(found)), room))
        found = [found[i] for i in kept]
    return (empty + found)[:limit]


def empty_solution(entry_point: str) -> str:
    """A function of the right name that takes anything and returns None."""
    return f"def {entry_point}(*args, **kwargs):\n    return None\n"


def _all_mutants(tree: ast.Module) -> Iterator[str]:
    for position, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            copied = copy.deepcopy(tree)
            change(list(ast.walk(copied))[position])
            yield ast.unparse(ast.fix_missing_locations(copied))


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _compare_changes(node)
    yield from _operator_changes(node)
    yield from _constant_changes(node)
    yield from _condition_changes(node)
    yield from _return_changes(node)
    yield from _dropped_statements(node)


def _set(field: str, value: object) -> Change:
    def change(copied: ast.AST) -> None:
        setattr(copied, field, value)

    return change


def _put(field: str, index: int, value: ast.AST) -> Change:
    def change(copied: ast.AST) -> None:
        getattr(copied, field)[index] = value

    return change


def _within(index: int, inner: Change) -> Change:
    def change(copied: ast.AST) -> None:
        inner(list(ast.walk(copied))[index])

    return change


def _compare_changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            yield _put("ops", i, _COMPARISONS[type(operator)]())


def _operator_changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        yield _set("op", _OPERATORS[type(node.op)]())


def _constant_changes(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield _set("value", not node.value)
    elif isinstance(node.value, int):
        for value in (node.value + 1, node.value - 1):
            yield _set("value", value)


def _condition_changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield _set("test", ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)))
    if isinstance(node, ast.comprehension):
        for i in range(len(node.ifs)):
            yield _put("ifs", i, ast.UnaryOp(ast.Not(), copy.deepcopy(node.ifs[i])))


def _return_changes(node: ast.AST) -> Iterator[Change]:
    """In a function, each value returned becomes None, or the first argument as it came."""
    if not isinstance(node, ast.FunctionDef):
        return
    arguments = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    values: list[ast.expr] = [ast.Constant(None), *(ast.Name(name, ast.Load()) for name in arguments[:1])]
    for i, inner in enumerate(ast.walk(node)):
        if isinstance(inner, ast.Return) and inner.value is not None:
            for value in values:
                yield _within(i, _set("value", value))


def _dropped_statements(node: ast.AST) -> Iterator[Change]:
    for i, statement in enumerate(getattr(node, "body", None) or [] if not isinstance(node, ast.Lambda | ast.IfExp) else []):
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr) and not _is_docstring(statement):
            yield _put("body", i, ast.Pass())


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _parses(code: str) -> bool:
    try:
        parse_quietly(code)
    except SyntaxError:
        return False
    return True
