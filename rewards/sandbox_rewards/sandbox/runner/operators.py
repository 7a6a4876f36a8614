"""Operators by name, as both sides carry them out on objects of their own."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift",
)  # fmt: skip
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)
    return lambda own, other: function(other, own)


def _contains(container: Any, item: Any) -> bool:
    return item in container


def _enter(manager: Any) -> Any:
    return manager.__enter__()


def _exit(manager: Any, *error: Any) -> Any:
    return manager.__exit__(*error)


OPERATORS: dict[str, Callable[..., Any]] = {
    "contains": _contains,
    "enter": _enter,
    "exit": _exit,
    **{f.__name__: f for f in (iter, next, len, hash, repr, str, bool, int, float, complex, abs, round, reversed, divmod, format,
                               bytes)},
    **{name: getattr(operator, name) for name in (
        *COMPARISONS, *BINARY, "getitem", "setitem", "delitem", "index", "neg", "pos", "invert",
        "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "iand", "ior", "ixor", "ilshift", "irshift",
    )},
}  # fmt: skip
REFLECTED: dict[str, Callable[[Any, Any], Any]] = {f"r{name}": _reflected(name) for name in BINARY}
