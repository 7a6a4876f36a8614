"""Objects of the test as a solution sees them: whatever is done to one is asked of the judge (`own_objects.py`)."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Protocol

from ..wire.operators import BINARY, COMPARISONS, NUMBERS, UNARY, dunder


class Asks(Protocol):
    """What such an object needs of the solution's side."""

    def ask_judge(self, do: str, *arguments: Any) -> Any: ...


class JudgeObject:
    """An object of the test, as the solution sees it: the judge carries out on it what may be asked of it."""

    __slots__ = ("__dict__", "__weakref__", "_number", "_solution")

    def __init__(self, solution: Asks, number: int, about: tuple[tuple[str, Any], ...] = ()) -> None:
        object.__setattr__(self, "_solution", solution)
        object.__setattr__(self, "_number", number)
        self.__dict__.update(about)

    __class__: Any = property(lambda self: _class_of(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._solution.ask_judge("call", self, args, kwargs or None)

    def __getattr__(self, name: str) -> Any:
        if name == "__signature__" and "_parameters" in self.__dict__:
            return _signature(self.__dict__)
        return self._solution.ask_judge("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._solution.ask_judge("setattr", self, name, value)

    def __await__(self) -> Any:
        return self._solution.ask_judge("await", self)
        yield  # makes this a generator function, as `await` wants

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None or "_parameters" not in self.__dict__ else types.MethodType(self, instance)


def _class_of(judges: JudgeObject) -> type:
    """The prelude's class that a test's object is an instance of, for `isinstance`."""
    kind: type = judges.__dict__.get("_class", JudgeObject)
    return kind


def _signature(about: dict[str, Any]) -> Any:
    """Signature of a test's function; a default is only known to be there."""
    from inspect import Parameter, Signature

    none = Parameter.empty
    given = [
        Parameter(name, kind, default=... if optional else none, annotation=about["__annotations__"].get(name, none))
        for name, kind, optional in about["_parameters"]
    ]
    return Signature(given, return_annotation=about["__annotations__"].get("return", none))


def _asking(do: str) -> Callable[..., Any]:
    def ask(self: JudgeObject, *arguments: Any) -> Any:
        return self._solution.ask_judge(do, self, *arguments)

    return ask


for _do in (
    *COMPARISONS, *BINARY, *UNARY, *NUMBERS, "iter", "next", "len", "hash", "repr", "str", "reversed", "format", "contains",
    "enter", "exit", "getitem", "setitem", "delitem",
):  # fmt: skip
    setattr(JudgeObject, dunder(_do), _asking(_do))
for _do in BINARY:
    setattr(JudgeObject, dunder(_do, "r"), _asking(f"r{_do}"))
