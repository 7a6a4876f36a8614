"""Classes of the solution, as classes of the judge: their instances here are the handles to the instances there."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ...wire.protocols import OPTIONAL
from .handles import AnyHandle, Asks, Handle, ask, attribute, call, may_ask, set_up

_ASKED_OF_CLASSES = frozenset({
    "__doc__", "__module__", "__qualname__", "__annotations__", "__abstractmethods__", "__slots__", "__match_args__",
    "__dataclass_fields__", "__dict__", "__mro__", "__bases__", "__flags__", "__members__",
})  # fmt: skip
"""Where the task's code names them; else they are what the judge's own class has."""


class ClassHandle(Handle, type):
    """A class of the solution, as a real class of the judge: its instances here are the handles to its instances there."""

    def __new__(cls, name: str, bases: tuple[Any, ...], members: dict[str, Any], **named: Any) -> Any:
        """What a test's `class` statement with such a base does: the solution's side makes it, of the test's methods."""
        session = next(object.__getattribute__(base, "_session") for base in bases if isinstance(base, ClassHandle))
        cell = members.pop("__classcell__", None)
        made = session.ask("subclass", name, bases, members, named)
        if cell is not None:
            cell.cell_contents = made
        return made

    def __init__(cls, *_: Any, **__: Any) -> None:
        pass

    def __getattribute__(cls, name: str) -> Any:
        if name[:2] != "__" or (name in _ASKED_OF_CLASSES and may_ask(cls, name)):
            return attribute(cls, name)
        return type.__getattribute__(cls, name)

    __call__ = call
    __eq__ = type.__eq__
    __ne__ = type.__ne__
    __hash__ = type.__hash__


def class_handle(session: Asks, number: int, name: str, has: list[str], methods: list[str], bases: list[Any]) -> ClassHandle:
    """The judge's class for a class of the solution: the operations and methods that it has, its bases as far as known here."""
    made: Any = _make(str(name).removeprefix("builtins."), bases, _members(name, has, methods))
    set_up(made, session, number)
    for base in bases:
        if not isinstance(base, Handle) and hasattr(base, "register"):
            base.register(made)
    return made  # type: ignore[no-any-return]


def _members(name: str, has: list[str], methods: list[str]) -> dict[str, Any]:
    members: dict[str, Any] = {each: Handle.__dict__.get(each) if each in has else None for each in OPTIONAL}
    members.pop("__call__")
    members.update({each: _inherited(each) for each in methods if each[:1] != "_"})
    members["__init__"] = _inherited("__init__")
    if "__call__" in has:
        members["__call__"] = call
    if "__next__" in has:  # `itertools.tee` would have it copied
        members["__copy__"] = None
    if kind := _KINDS.get(name):
        members["__class__"] = property(lambda self: kind)
    return members


def _make(name: str, bases: list[Any], members: dict[str, Any]) -> Any:
    theirs: list[Any] = [base for base in bases if isinstance(base, ClassHandle)]
    plain = [base for base in bases if type(base) is type]
    try:
        return type.__new__(ClassHandle, name, (*(theirs or [Handle]), *plain), members)
    except TypeError:  # bases that do not go together here
        return type.__new__(ClassHandle, name, (Handle,), members)


_KINDS: dict[str, type] = {f"builtins.{kind.__name__}": kind for kind in (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.GeneratorType, types.AsyncGeneratorType, property,
)}  # fmt: skip
"""Types of Python's own that `inspect` and `isinstance` look for; what such a handle says otherwise is asked, as ever."""


def _inherited(name: str) -> Callable[..., Any]:
    """What `super()` of a test's subclass finds: the method, carried out on the solution's side."""

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        owner: Any = next(kind for kind in type.mro(type(self)) if kind.__dict__.get(name) is method)
        return ask(owner, "getattr", name)(self, *arguments, **named)

    method.__name__ = name
    return method


FunctionHandle = type("function", (Handle,), _members("builtins.function", ["__call__", "__hash__"], []))
"""Of the solution's functions."""


def new_handle(session: Asks, number: int, of_class: Any = None) -> Handle:
    known: Any = of_class if isinstance(of_class, ClassHandle) else AnyHandle
    return set_up(object.__new__(known), session, number)
