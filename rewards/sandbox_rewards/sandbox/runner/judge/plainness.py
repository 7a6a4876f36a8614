"""Whether tests ask for plain data alone, and whether the judge that goes on to others may run them, read from their text.

What is covered: an allow-list of Python. What is not on it asks for seal `objects`, or for a judge of its own: a doubt costs
time, never the seal. Where a task has a reference, running it says which seal is needed (`sandbox_rewards.sources.seals`).
"""

from __future__ import annotations

import ast
import builtins
import collections
import datetime
import decimal
import fractions
import functools
from collections.abc import Iterable
from typing import Any

from .uses import names_of_solution, names_used, parsed

PURE_MODULES = frozenset({
    "bisect", "cmath", "collections", "copy", "datetime", "fractions", "functools", "heapq", "itertools", "json", "math", "numpy",
    "operator", "random", "re", "statistics", "string", "typing",
})  # fmt: skip
"""Modules in which nothing stays of what they were called with."""
_FORBIDDEN = frozenset({
    "open", "eval", "exec", "compile", "__import__", "globals", "locals", "vars", "setattr", "delattr", "getattr", "input",
    "breakpoint", "exit", "quit", "help", "seed", "setstate", "seterr", "set_printoptions", "get_type_hints", "lru_cache",
    "cache", "register", "SystemExit", "BaseException", "KeyboardInterrupt", "load", "save", "fromfile", "tofile", "memmap",
    "errstate",
})  # fmt: skip
_STATEMENTS = (
    ast.Assert, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.For, ast.If, ast.Pass, ast.Import, ast.ImportFrom,
    ast.Try, ast.FunctionDef, ast.Return, ast.Raise, ast.While, ast.Break, ast.Continue, ast.ExceptHandler,
)  # fmt: skip


def stays_warm(spec: dict[str, Any]) -> bool:
    """Whether what these tests do leaves nothing in the process that runs them, so that it can go on to other answers."""
    return spec["style"] in ("asserts", "check") and _is_pure((spec["prelude"], spec["setup"], *spec["tests"]))


@functools.lru_cache(maxsize=4096)
def _is_pure(sources: tuple[str, ...]) -> bool:
    return all(_leaves_nothing(node) for source in sources for node in ast.walk(parsed(source)))


def _leaves_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return all(alias.name.partition(".")[0] in PURE_MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return not node.level and node.module in PURE_MODULES and all(alias.name not in _FORBIDDEN for alias in node.names)
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and node.attr not in _FORBIDDEN and not node.attr.startswith("__")
    if isinstance(node, ast.Name):
        return node.id not in _FORBIDDEN and (not node.id.startswith("__") or node.id in ("__name__",))
    return not isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.With, ast.AsyncWith, ast.Global))


# -- which seal, where there is no reference to run ------------------------------------------------------------------


def asks_for_data(style: str, tests: tuple[str, ...], setup: str, prelude: str, entry_point: str | None) -> bool:
    """Whether tests of style `asserts` or `check` do nothing but call functions of the solution, and compare with plain data.
    Code that does not compile asks for nothing that is known."""
    try:
        return style in ("asserts", "check") and _asks_for_data(style, tests, setup, prelude, entry_point)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError):
        return False


def _asks_for_data(style: str, tests: tuple[str, ...], setup: str, prelude: str, entry_point: str | None) -> bool:
    solution = frozenset(names_of_solution(tests, setup, entry_point, frozenset()))
    sources = [parsed(source) for source in (*tests, setup)]
    if any(isinstance(node, ast.ClassDef) for node in ast.walk(parsed(prelude))):
        return False
    checks = {node.args.args[0].arg for tree in sources for node in ast.walk(tree)
              if isinstance(node, ast.FunctionDef) and node.name == "check" and node.args.args}  # fmt: skip
    rule = _Data(solution | (checks if style == "check" else set()), sources, names_used((*tests, setup)).modules)
    return all(rule.allows(tree) for tree in sources)


class _Data:
    """The allow-list; `asked` are the names of the solution's functions."""

    def __init__(self, asked: Iterable[str], sources: list[ast.Module], modules: frozenset[str]) -> None:
        self._asked = frozenset(asked)
        imports = (node for tree in sources for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
        self._imported = frozenset(a.asname or a.name.partition(".")[0] for node in imports for a in node.names) | modules

    def allows(self, node: ast.AST) -> bool:
        return self._fits(node) and all(map(self.allows, ast.iter_child_nodes(node)))

    def _fits(self, node: ast.AST) -> bool:
        if isinstance(node, ast.For) and self._asks(node.iter) and any(isinstance(inner, ast.Break) for inner in ast.walk(node)):
            return False  # what is gone through may have no end
        if isinstance(node, ast.stmt):
            return isinstance(node, _STATEMENTS) and not (isinstance(node, ast.FunctionDef) and not self._is_check(node))
        if isinstance(node, (ast.Lambda, ast.Await, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(node, ast.Attribute):
            return isinstance(node.ctx, ast.Load) and node.attr in _PLAIN_ATTRIBUTES and not self._is_asked(node.value)
        if isinstance(node, ast.Call):
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            if not self._may_be_called(node.func) or any(map(self._is_asked, given)):
                return False
            if _stops_early(node.func) and any(map(self._asks, given)):
                return False
            return not (self._is_asked(node.func) and any(map(self._is_no_data, given)))
        if isinstance(node, (ast.Compare, ast.BinOp)):
            sides = (node.left, *node.comparators) if isinstance(node, ast.Compare) else (node.left, node.right)
            return sum(self._asks(side) for side in sides) < 2
        if isinstance(node, ast.ExceptHandler):
            return node.type is None or all(hasattr(builtins, n.id) for n in ast.walk(node.type) if isinstance(n, ast.Name))
        return True

    def _is_check(self, node: ast.FunctionDef) -> bool:
        return node.name == "check" and not node.decorator_list

    def _is_asked(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self._asked

    def _may_be_called(self, function: ast.AST) -> bool:
        """Functions, that is; what a function of the solution gave is none, nor is a name that looks like a class's."""
        if not isinstance(function, ast.Name):
            return isinstance(function, ast.Attribute)
        if function.id in self._asked:
            return not function.id[:1].isupper()
        return function.id not in _BY_CLASS and (hasattr(builtins, function.id) or function.id in self._imported | {"check"})

    def _is_no_data(self, node: ast.AST) -> bool:
        """Whether an argument is, or may be, something that only the test has: a function, a class, a module, an iterator."""
        if isinstance(node, ast.Name):
            return hasattr(builtins, node.id) or node.id in self._imported
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self._imported:
            return not node.attr.isupper() and node.attr not in ("inf", "nan", "pi", "e", "tau")
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ITERATORS
        return is_call or isinstance(node, ast.GeneratorExp)

    def _asks(self, node: ast.AST) -> bool:
        return any(isinstance(inner, ast.Call) and self._is_asked(inner.func) for inner in ast.walk(node))


_BY_CLASS = frozenset({
    "isinstance", "issubclass", "callable", "iter", "next", "id", "getattr", "hasattr", "vars", "dir", "type", "eval", "exec",
    "namedtuple", "partial", "memoryview",
})  # fmt: skip


def _stops_early(function: ast.AST) -> bool:
    """Whether it takes of what it goes through only so much as is asked for: that may have no end."""
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name in ("islice", "takewhile", "dropwhile", "zip")


_ITERATORS = frozenset({"iter", "map", "filter", "zip", "reversed", "enumerate"})
_PLAIN_TYPES = (
    int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, BaseException,
    collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict, decimal.Decimal,
    fractions.Fraction, datetime.datetime,
    datetime.timedelta, datetime.date, datetime.time,
)  # fmt: skip


def _names_of_modules() -> set[str]:
    import importlib

    return {name for module in PURE_MODULES - {"numpy", "typing"} for name in dir(importlib.import_module(module))}


_OF_NUMPY = frozenset({
    "allclose", "isclose", "array", "array_equal", "testing", "assert_allclose", "assert_almost_equal", "tolist", "shape", "all",
    "any", "sum", "zeros", "ones", "isnan", "inf", "nan", "pi", "round", "dtype", "size", "ndim",
})  # fmt: skip
_PLAIN_ATTRIBUTES = frozenset(
    name for name in {n for kind in _PLAIN_TYPES for n in dir(kind)} | _names_of_modules() | _OF_NUMPY if not name.startswith("_")
)
"""What plain data has, and the modules that make some."""
