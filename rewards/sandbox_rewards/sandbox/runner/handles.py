"""What the judge holds of the solution: handles, which ask; never values, which decide.

Rules that keep a handle from earning anything by itself:
- against plain data it is never equal and has no order (`TypeError`), whatever its class says;
- arithmetic with plain data may give a handle, never plain data. What it gives is weighed: nothing plain comes out of
  it by an operator or a builtin (`abs`, `float`, `bool`, `str`, `len` ...), and what comes out is weighed again:
  `abs(answer - 3.14) < 1e-6` is not for the answer's class to decide;
- handle against handle asks the solution's own operators: there the task is about them;
- what a test made by calling a class that it names itself (`Vector(3, 4) * 2`) is under test: there the task is about
  its operators too, and nothing is weighed.
"""

from __future__ import annotations

import builtins
import datetime
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from .subclasses import companion_of, put_under_test


class Asks(Protocol):
    """What a handle needs of the judge's session: carry out an operation on the solution's side."""

    def ask(self, do: str, *arguments: Any) -> Any: ...


class Handle:
    """An object of the solution, seen from a test. Equal identity there is equal identity here."""

    def __getattribute__(self, name: str) -> Any:
        if name[:2] != "__" or name in _ASKED:
            return _ask(self, "getattr", name)
        value = object.__getattribute__(self, name)
        if value is None:  # an operation that its class lacks
            raise AttributeError(name)
        return value

    def __getattr__(self, name: str) -> Any:
        if name in OPTIONAL:
            raise AttributeError(name)
        return _ask(self, "getattr", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __copy__(self) -> Any:
        return _ask(self, "copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return _ask(self, "deepcopy")

    def __eq__(self, other: object) -> Any:
        return _ask(self, "eq", other) if _comparable(self, other) else self is other

    def __ne__(self, other: object) -> Any:
        return _ask(self, "ne", other) if _comparable(self, other) else self is not other

    def __hash__(self) -> int:
        return hash(_ask(self, "hash"))

    def __contains__(self, item: Any) -> bool:
        return bool(_ask(self, "contains", item))

    def __iter__(self) -> Any:
        if _is_weighed(self):  # even an iterator that gives nothing would say something
            raise TypeError("what a solution's object gave together with plain data cannot be iterated over")
        return _ask(self, "iter")

    def __next__(self) -> Any:
        return _ask(self, "next")

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Handle) and _ask(self, "isinstance", instance, swap=True) is True

    def __subclasscheck__(self, subclass: Any) -> bool:
        return isinstance(subclass, Handle) and _ask(self, "issubclass", subclass, swap=True) is True

    def __enter__(self) -> Any:
        return _ask(self, "enter")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        swallowed = _ask(self, "exit", kind, error, None)
        return bool(swallowed) and not issubclass(kind or Exception, AssertionError)  # never the test's own verdict

    def __aiter__(self) -> Any:
        return _ask(self, "aiter")

    async def __anext__(self) -> Any:
        return _ask(self, "anext")

    async def __aenter__(self) -> Any:
        return _ask(self, "aenter")

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> Any:
        swallowed = _ask(self, "aexit", kind, error, None)
        return bool(swallowed) and not issubclass(kind or Exception, AssertionError)

    def __await__(self) -> Any:
        return _ask(self, "await")
        yield  # makes this a generator function, as `await` wants

    def __getitem__(self, key: Any) -> Any:
        return _ask(self, "getitem", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask(self, "setitem", key, value)

    def __delitem__(self, key: Any) -> None:
        _ask(self, "delitem", key)

    def __len__(self) -> int:
        return int(_ask(self, "len"))

    def __dir__(self) -> Any:
        return _ask(self, "dir")

    def __repr__(self) -> str:
        return _text(_ask(self, "repr"))

    def __str__(self) -> str:
        return _text(_ask(self, "str"))

    def __format__(self, spec: str) -> str:
        return _text(_ask(self, "format", spec))

    def __reversed__(self) -> Any:
        return _ask(self, "reversed")


_ASKED = frozenset({
    "__doc__", "__dict__", "__module__", "__name__", "__qualname__", "__annotations__", "__defaults__", "__kwdefaults__",
    "__code__", "__wrapped__", "__self__", "__func__", "__slots__",
})  # fmt: skip
_ASKED_OF_CLASSES = frozenset({
    "__doc__", "__module__", "__qualname__", "__annotations__", "__bases__", "__mro__", "__flags__", "__abstractmethods__",
    "__slots__",
})  # fmt: skip
OPTIONAL = (
    "__iter__", "__next__", "__len__", "__getitem__", "__enter__", "__exit__", "__await__", "__aiter__", "__anext__",
    "__aenter__", "__aexit__", "__call__", "__hash__", "__reversed__",
)  # fmt: skip
"""Operations that the judge's class of a solution's class has only where that class has them: `callable` and the like look."""


def _call(self: Handle, *args: Any, **kwargs: Any) -> Any:
    role = object.__getattribute__(self, "_role")
    try:
        result = _ask(self, "call", args, kwargs or None)
    except StopIteration as end:
        if role:  # a function's would end the test's own loop, and pass it
            raise RuntimeError("the solution raised StopIteration") from end
        raise
    if role == CLASS:
        if isinstance(result, Handle):
            give_role(result, UNDER_TEST)
        elif companion_of(result) is not None:
            put_under_test(result)
            give_role(companion_of(result), UNDER_TEST)
    return result


def _set(handle: Handle, name: str, value: Any) -> None:
    (type if isinstance(handle, type) else object).__setattr__(handle, name, value)


def set_up(handle: Handle, session: Asks, number: int, kind: str) -> Handle:
    for name, value in (("_session", session), ("_number", number), ("_kind", kind), ("_weighed", False), ("_role", "")):
        _set(handle, name, value)
    return handle


class AnyHandle(Handle):
    """A handle to an object of unknown class: it can be called, for all that is known here."""

    __call__ = _call


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
        if name[:2] != "__" or name in _ASKED_OF_CLASSES:
            return _ask(cls, "getattr", name)
        return type.__getattribute__(cls, name)

    def __getattr__(cls, name: str) -> Any:
        return _ask(cls, "getattr", name)

    __call__ = _call
    __eq__ = type.__eq__
    __ne__ = type.__ne__
    __hash__ = type.__hash__


def class_handle(session: Asks, number: int, name: str, has: list[str], methods: list[str], bases: list[Any]) -> ClassHandle:
    """The judge's class for a class of the solution: the operations and methods that it has, its bases as far as known here."""
    made: Any = _make(str(name).removeprefix("builtins."), bases, _members(name, has, methods))
    set_up(made, session, number, "class")
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
        members["__call__"] = _call
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
        return _ask(owner, "getattr", name)(self, *arguments, **named)

    method.__name__ = name
    return method


FunctionHandle = type("function", (Handle,), _members("builtins.function", ["__call__", "__hash__"], []))
"""Of the solution's functions."""


def new_handle(session: Asks, number: int, kind: str, of_class: Any = None) -> Handle:
    known: Any = of_class if isinstance(of_class, ClassHandle) else AnyHandle
    return set_up(object.__new__(known), session, number, kind)


def number_of(handle: Handle) -> int:
    """The solution's number of this handle."""
    return int(object.__getattribute__(handle, "_number"))


NAMED, CLASS, UNDER_TEST = "named", "class", "under test"
"""Roles: what the tests name, a class that they name, and what they made by calling such a class."""


def give_role(handle: Handle, role: str) -> None:
    _set(handle, "_role", role)


def kind_of(handle: Handle) -> str:
    """`class`, `exception`, `coroutine` or `object`, as the solution says."""
    return str(object.__getattribute__(handle, "_kind"))


def _ask(handle: Handle, do: str, *arguments: Any, swap: bool = False) -> Any:
    session: Asks = object.__getattribute__(handle, "_session")
    result = session.ask(do, *arguments, handle) if swap else session.ask(do, handle, *arguments)
    return _weigh(result, do) if do != "getattr" and _is_weighed(handle) else result


def _weigh(result: Any, do: str) -> Any:
    """Mark what came of arithmetic with plain data. Raises TypeError for plain data, which could be measured."""
    if not isinstance(result, Handle):
        raise TypeError(f"'{do}' of what a solution's object gave together with plain data is not for its class to decide")
    _set(result, "_weighed", True)
    return result


def _comparable(one: Handle, other: object) -> bool:
    return isinstance(other, Handle) and not _is_weighed(one) and not _is_weighed(other)


def _is_under_test(value: Any) -> bool:
    return isinstance(value, Handle) and object.__getattribute__(value, "_role") == UNDER_TEST


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"__str__ returned non-string (type {type(value).__name__})")
    return value


def _is_weighed(value: Any) -> bool:
    return isinstance(value, Handle) and object.__getattribute__(value, "_weighed")


def _order(name: str) -> Callable[[Handle, Any], Any]:
    def compare(self: Handle, other: Any) -> Any:
        return _ask(self, name, other) if _comparable(self, other) else NotImplemented

    return compare


def _arithmetic(name: str, *, reflected: bool = False) -> Callable[[Handle, Any], Any]:
    def operate(self: Handle, other: Any) -> Any:
        result = _ask(self, name, other, swap=reflected)
        if _is_under_test(self) or _is_under_test(other):
            if isinstance(result, Handle):
                give_role(result, UNDER_TEST)
            return result
        return result if isinstance(other, Handle) and not _is_weighed(other) else _weigh(result, name)

    return operate


def _measure(name: str) -> Callable[..., Any]:
    def measure(self: Handle, *arguments: Any) -> Any:
        return _ask(self, name, *arguments)

    return measure


for _name in ("lt", "le", "gt", "ge"):
    setattr(Handle, f"__{_name}__", _order(_name))
for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "lshift",
    "rshift",
    "xor",
    "and_",
    "or_",
    "divmod",
):
    _dunder = _name.strip("_")
    setattr(Handle, f"__{_dunder}__", _arithmetic(_name))
    setattr(Handle, f"__r{_dunder}__", _arithmetic(_name, reflected=True))
    if _name != "divmod":
        setattr(Handle, f"__i{_dunder}__", _arithmetic("i" + _dunder))
for _name in ("neg", "pos", "invert", "abs", "bool", "int", "float", "complex", "index", "round", "bytes"):
    setattr(Handle, f"__{_name}__", _measure(_name))


_KNOWN_TYPES: dict[str, type] = {
    **{name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)},
    **{kind.__name__: kind for kind in (
        type(None), type(...), types.FunctionType, types.GeneratorType, types.MappingProxyType, types.SimpleNamespace,
        Decimal, Fraction, deque, datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone,
        OrderedDict, defaultdict, Counter,
    )},
}  # fmt: skip
_TYPE_NAMES = {kind: name for name, kind in _KNOWN_TYPES.items()}


def type_name(kind: type) -> str | None:
    """The name by which both sides know a type of Python's own."""
    return _TYPE_NAMES.get(kind)


def known_type(name: str) -> type:
    if name not in _KNOWN_TYPES:
        raise ValueError(f"no type is known as {name!r:.40}")
    return _KNOWN_TYPES[name]
