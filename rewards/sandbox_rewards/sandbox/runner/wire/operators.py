"""Operators by name, as both sides carry them out on objects of their own."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .exceptions import leave

ORDER = ("lt", "le", "gt", "ge")
COMPARISONS = ("eq", "ne", *ORDER)
BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift",
)  # fmt: skip
"""Those that have a reflected form (`__radd__`) and one in place (`__iadd__`) too."""
UNARY = ("neg", "pos", "invert")
NUMBERS = ("abs", "bool", "int", "float", "index", "round")
"""What makes a number of an object."""


def dunder(name: str, how: str = "") -> str:
    """Name of the method behind an operator: `__add__`; `how` is `r` for the reflected form, `i` for the one in place."""
    return f"__{how}{name.strip('_')}__"


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)
    return lambda own, other: function(other, own)


def _contains(container: Any, item: Any) -> bool:
    return item in container


def _enter(manager: Any) -> Any:
    return manager.__enter__()


OPERATORS: dict[str, Callable[..., Any]] = {
    "contains": _contains,
    "enter": _enter,
    "exit": leave,
    **{f.__name__: f for f in (iter, next, len, hash, repr, str, bool, int, float, complex, abs, round, reversed, divmod, format,
                               bytes)},
    **{name: getattr(operator, name) for name in (*COMPARISONS, *BINARY, *UNARY, "getitem", "setitem", "delitem", "index")},
    **{name: getattr(operator, name) for name in (dunder(name, "i").strip("_") for name in BINARY)},
}  # fmt: skip
REFLECTED: dict[str, Callable[[Any, Any], Any]] = {f"r{name}": _reflected(name) for name in BINARY}
