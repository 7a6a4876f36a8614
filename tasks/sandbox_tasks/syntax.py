"""Python source as trees: parsing without noise, and a form in which equal code is equal text."""

from __future__ import annotations

import ast
import builtins
import symtable
import sys
import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def parse_quietly(code: str) -> ast.Module:
    """`ast.parse` without the warnings that other people's code earns (an escape like "\\d" in a plain string).

    Raises SyntaxError, or ValueError (null bytes), RecursionError or MemoryError (nested too deep).
    """
    return _quietly(lambda: ast.parse(code))


def compile_quietly(code: str) -> None:
    """Raise what `parse_quietly` raises, and SyntaxError for what parses and can't run: a `return` outside a function, say."""
    _quietly(lambda: compile(code, "<unknown>", "exec", dont_inherit=True))


def symbols_quietly(code: str) -> symtable.SymbolTable:
    """The table of a module's names. Raises what `compile_quietly` raises."""
    return _quietly(lambda: symtable.symtable(code, "<unknown>", "exec"))


def _quietly(parse: Callable[[], T]) -> T:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return parse()
        except SyntaxError as error:
            if "integer string conversion" not in str(error):
                raise
        with _LIMIT_LIFTED:
            limit = sys.get_int_max_str_digits()
            sys.set_int_max_str_digits(LONGEST_INT)
            try:
                return parse()
            finally:
                sys.set_int_max_str_digits(limit)


LONGEST_INT = 200_000
"""Digits of an int in source text, where Python allows 4300."""
_LIMIT_LIFTED = threading.Lock()


def binds(code: str, name: str) -> bool:
    """Whether it defines, assigns or imports `name` somewhere."""
    nodes = list(ast.walk(parse_quietly(code)))
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    return name in defined | assigned | imported


def shadowed_builtins(code: str) -> set[str]:
    """Builtins by whose names `code` defines functions or classes of its own; none where it does not parse."""
    try:
        nodes = parse_quietly(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef) and hasattr(builtins, node.name)}


def names_called(code: str) -> list[str]:
    """Functions that `code` calls by a plain name, as often as it does."""
    calls = [node.func for node in ast.walk(parse_quietly(code)) if isinstance(node, ast.Call)]
    return [function.id for function in calls if isinstance(function, ast.Name)]


def normal_form(code: str, rename: str | None = None) -> str:
    """Code without layout, comments and docstrings; the name `rename` (the entry point) becomes `_`.

    So two copies of a solution compare equal even if one was reformatted and its function renamed.
    """
    tree = parse_quietly(code)
    for node in ast.walk(tree):
        _drop_docstring(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == rename:
            node.name = "_"
        if isinstance(node, ast.Name) and node.id == rename:
            node.id = "_"
    return ast.dump(tree)


def _drop_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (
        ast.get_docstring(node, clean=False) is not None
    ):
        node.body = node.body[1:] or [ast.Pass()]
