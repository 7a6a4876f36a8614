"""Instances of subclasses of plain types, as the other side sees them: the plain value, and a companion to ask.

What is covered: the value is stored here as its plain base type stores it, so comparisons, hash, iteration, length, truth,
conversions and arithmetic with plain data are the base type's and nobody else's. The companion, which is the object itself
behind its owner's handle, is asked for attributes that the base type lacks and for what changes or looks up items; and,
between two such objects or for one that a test made of a class that it names, for operators.
What is not: a subclass of date, time, datetime or timedelta, which is its plain value alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .operators import BINARY, UNARY, dunder

_CHANGES = (
    "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "add", "discard", "update", "setdefault",
    "popitem", "appendleft", "extendleft", "popleft", "rotate", "move_to_end", "subtract", "__getitem__", "__setitem__",
    "__delitem__", "__missing__", "__call__", "__repr__", "__str__",
)  # fmt: skip
_OPERATORS = frozenset({dunder(name, how) for name in BINARY for how in ("", "r", "i")}) | {
    dunder(name) for name in (*UNARY, "abs", "divmod", "rdivmod")
}
_ALONE = frozenset({"date", "datetime", "time", "timedelta"})


def open_names(kind: type, base: type) -> list[str]:
    """What of `kind` is asked of its owner, although its plain base has it too."""
    defined: set[str] = set()
    for parent in kind.__mro__:
        if parent is base:
            break
        defined.update(parent.__dict__)
    return sorted(name for name in defined if name in _OPENED or (not name.startswith("_") and not hasattr(base, name)))


_OPENED = frozenset([*_CHANGES, *_OPERATORS])


def has_companion(base: type) -> bool:
    return base.__name__ not in _ALONE


def with_companion(value: Any, name: str, opened: list[str], companion: Any) -> Any:
    """`value`, of a plain type, as an instance of a subclass of its type called `name`."""
    base: Any = type(value)
    kind: Any = _class(base, name, tuple(opened))
    made: Any = kind.__new__(kind) if base.__hash__ is None else kind.__new__(kind, value)
    made.__dict__["_companion"] = companion
    return made


def companion_of(value: Any) -> Any:
    """Who is asked for `value`, or None where it is no such instance."""
    return value.__dict__["_companion"] if isinstance(type(value), _Kind) and "_companion" in value.__dict__ else None


def put_under_test(value: Any) -> None:
    value.__dict__["_under_test"] = True


class _Kind(type):
    """Classes made here."""


@functools.lru_cache(maxsize=1024)
def _class(base: type, name: str, opened: tuple[str, ...]) -> type:
    members: dict[str, Any] = {"__getattr__": _ask_attribute, "__setattr__": _set_attribute, "__reduce_ex__": _plainly(base)}
    members["__hash__"] = base.__hash__
    for given in opened:
        if given in _OPERATORS:
            members[given] = _operator(base, given)
        elif given in _OPENED:
            members[given] = _method(given)
        elif type(given) is str and not given.startswith("_"):
            continue
        else:
            raise ValueError("a name that is not open")
    return _Kind(name, (base,), members)


def _plainly(base: type) -> Callable[..., Any]:
    """Copies are plain: what `copy` and `pickle` make has nobody to ask."""
    return lambda self, protocol: (base, (base(self),))


def _ask_attribute(self: Any, name: str) -> Any:
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(name)
    return getattr(self.__dict__["_companion"], name)


def _set_attribute(self: Any, name: str, value: Any) -> None:
    setattr(self.__dict__["_companion"], name, value)


def _method(name: str) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        return getattr(self.__dict__["_companion"], name)(*arguments, **named)

    if name in ("__repr__", "__str__"):
        text: Callable[[Any], str] = repr if name == "__repr__" else str
        return lambda self: text(self.__dict__["_companion"])
    return method


def _operator(base: type, name: str) -> Callable[..., Any]:
    def operate(self: Any, *others: Any) -> Any:
        own = self.__dict__
        if own.get("_under_test") or (others and companion_of(others[0]) is not None):
            result = getattr(own["_companion"], name)(*others)
            if own.get("_under_test") and companion_of(result) is not None:
                put_under_test(result)
            return result
        plain = getattr(base, name, None)
        return NotImplemented if plain is None else plain(self, *others)

    return operate
