"""What the judge holds of the solution: handles, which ask; never values, which decide.

Rules that keep a handle from earning anything by itself:
- against plain data it is never equal and has no order (`TypeError`), whatever its class says;
- arithmetic with plain data may give a handle, never plain data. What it gives is weighed: nothing plain comes out of
  it by an operator or a builtin (`abs`, `float`, `bool`, `str`, `len` ...), and what comes out is weighed again:
  `abs(answer - 3.14) < 1e-6` is not for the answer's class to decide;
- handle against handle asks the solution's own operators: there the task is about them;
- what a test made by calling a class that it names itself (`Vector(3, 4) * 2`) is under test: there the task is about
  its operators too, and nothing is weighed.

What is covered: equality, order, arithmetic and conversion with plain data, also by way of builtins.
What is not: what a test asks of an object itself. Its truth, identity, members, attributes and methods are the solution's word
(docs/security.md lists them).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ...wire.operators import BINARY, NUMBERS, ORDER, UNARY, dunder
from ...wire.subclasses import companion_of, put_under_test
from ..assertions import asked_by_a_runner, skipped_assertion
from ..stand_ins import Touched
from ..uses import Uses


class Asks(Protocol):
    """What a handle needs of the judge's session: carry out an operation on the solution's side; what the task's code uses; what
    objects said of their length; and to be told of what fails a test whatever it catches."""

    uses: Uses
    lengths: dict[int, int]

    def ask(self, do: str, *arguments: Any) -> Any: ...
    def note_foul(self, said: str) -> None: ...


class Handle:
    """An object of the solution, seen from a test. Equal identity there is equal identity here."""

    __array_ufunc__ = None
    """numpy leaves operators to Python, and does nothing else with it."""

    def __getattribute__(self, name: str) -> Any:
        if name[:2] != "__" or name in _DATA:
            return attribute(self, name)
        value = object.__getattribute__(self, name)
        if value is None and name != "__array_ufunc__":  # an operation that its class lacks
            raise AttributeError(name)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        ask(self, "delattr", name)

    def __copy__(self) -> Any:
        return ask(self, "copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return ask(self, "deepcopy")

    def __eq__(self, other: object) -> Any:
        return ask(self, "eq", other) if _comparable(self, other) else self is other

    def __ne__(self, other: object) -> Any:
        return ask(self, "ne", other) if _comparable(self, other) else self is not other

    def __hash__(self) -> int:
        return hash(ask(self, "hash"))

    def __contains__(self, item: Any) -> bool:
        return bool(ask(self, "contains", item))

    def __iter__(self) -> Any:
        if _is_weighed(self):  # even an iterator that gives nothing would say something
            raise TypeError("what a solution's object gave together with plain data cannot be iterated over")
        iterator = ask(self, "iter")
        return _counted(self, iterator) if _has_length(self) else iterator

    def __next__(self) -> Any:
        return ask(self, "next")

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Handle) and ask(self, "isinstance", instance, swap=True) is True

    def __subclasscheck__(self, subclass: Any) -> bool:
        return isinstance(subclass, Handle) and ask(self, "issubclass", subclass, swap=True) is True

    def __missing__(self, key: Any) -> Any:
        return ask(self, "missing", key)

    def __enter__(self) -> Any:
        return ask(self, "enter")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        return _swallows(self, "exit", kind, error, trace)

    def __aiter__(self) -> Any:
        return ask(self, "aiter")

    async def __anext__(self) -> Any:
        return ask(self, "anext")

    async def __aenter__(self) -> Any:
        return ask(self, "aenter")

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> Any:
        return _swallows(self, "aexit", kind, error, trace)

    def __await__(self) -> Any:
        return ask(self, "await")
        yield  # makes this a generator function, as `await` wants

    def __getitem__(self, key: Any) -> Any:
        return ask(self, "getitem", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        ask(self, "setitem", key, value)

    def __delitem__(self, key: Any) -> None:
        ask(self, "delitem", key)

    def __len__(self) -> int:
        told = int(ask(self, "len"))
        _session(self).lengths[number_of(self)] = told
        return told

    def __dir__(self) -> Any:
        return ask(self, "dir")

    def __repr__(self) -> str:
        return _UNTOLD if asked_by_a_runner() else _text(ask(self, "repr"))

    def __str__(self) -> str:
        return _UNTOLD if asked_by_a_runner() else _text(ask(self, "str"))

    def __format__(self, spec: str) -> str:
        return _text(ask(self, "format", spec))

    def __reversed__(self) -> Any:
        iterator = ask(self, "reversed")
        return _counted(self, iterator) if _has_length(self) else iterator


_UNTOLD = "<an object of the solution>"
"""What it is to whoever words a failure: nobody asks the solution for that."""
_DATA: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("__name__", "__qualname__", "__module__", "__doc__"), (str, type(None))),
    **dict.fromkeys(("__dict__", "__annotations__", "__kwdefaults__", "__dataclass_fields__"), (dict, type(None))),
    **dict.fromkeys(("__defaults__", "__slots__", "__match_args__", "__mro__", "__bases__"), (tuple, list, str, type(None))),
    **dict.fromkeys(("__flags__", "__abstractmethods__"), (int, frozenset)),
    **dict.fromkeys(("__wrapped__", "__self__", "__func__", "__members__"), (object,)),
    "__code__": (tuple,),
}
"""Names that Python itself gives a meaning and a task's code may ask for, and the plain types that they may have; no other name
of this form is ever asked for."""
_RESUMED = frozenset({"send", "throw", "asend", "athrow"})
"""Methods of generators that end with `StopIteration`."""


def attribute(self: Handle, name: str) -> Any:
    """One that the task's code names. Raises AttributeError for any other."""
    if not may_ask(self, name):
        raise AttributeError(f"{name!r:.60} is no attribute that this task's tests name")
    value = ask(self, "code") if name == "__code__" else ask(self, "getattr", name)
    if name in _DATA and not isinstance(value, _DATA[name]):
        raise AttributeError(name)
    if name == "__code__":
        return _code(value)
    if name in _RESUMED and isinstance(value, Handle):
        give_role(value, RESUMES)
    return value


def may_ask(handle: Handle, name: str) -> bool:
    """Whether the task's code names an attribute."""
    return _session(handle).uses.may_ask(name)


def _code(told: tuple[tuple[str, Any], ...]) -> types.SimpleNamespace:
    """What is told of a function's code, as data. Raises AttributeError for anything else."""
    if not all(type(name) is str and name.startswith("co_") for name, _ in told):
        raise AttributeError("__code__")
    return types.SimpleNamespace(**{name: value for name, value in told if type(value) in (int, str, tuple)})


def _session(handle: Handle) -> Asks:
    session: Asks = (type if isinstance(handle, type) else object).__getattribute__(handle, "_session")
    return session


def _has_length(handle: Handle) -> bool:
    return getattr(type(handle), "__len__", None) is not None


def _counted(handle: Handle, iterator: Any) -> Iterator[Any]:
    """What an object that has a length gives, which has to be so many items."""
    number, count = number_of(handle), 0
    for item in iterator:
        yield item
        count += 1
    session = _session(handle)
    told = session.lengths.get(number)
    if told is None:
        told = len(handle)
    if told != count:
        said = f"an object of the solution says that it has {told} items, and gives {count}"
        session.note_foul(said)
        raise Touched(said)


def _swallows(handle: Handle, how: str, kind: Any, error: Any, trace: Any) -> bool:
    """What `__exit__` says; never of a test's own verdict, nor where assertions of the test would be skipped."""
    swallowed = bool(ask(handle, how, kind, error, None))
    if not swallowed or kind is None:
        return swallowed
    if not issubclass(kind, Exception) or issubclass(kind, AssertionError):
        return False
    return not skipped_assertion(trace)


def call(self: Handle, *args: Any, **kwargs: Any) -> Any:
    role = object.__getattribute__(self, "_role")
    try:
        result = ask(self, "call", args, kwargs or None)
    except (StopIteration, StopAsyncIteration) as end:
        if role != RESUMES:  # it would end the test's own loop, and pass it
            raise RuntimeError(f"the solution raised {type(end).__name__}") from end
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


def set_up(handle: Handle, session: Asks, number: int) -> Handle:
    for name, value in (("_session", session), ("_number", number), ("_weighed", False), ("_role", "")):
        _set(handle, name, value)
    return handle


class AnyHandle(Handle):
    """A handle to an object of unknown class: it can be called, for all that is known here."""

    __call__ = call


def number_of(handle: Handle) -> int:
    """The solution's number of this handle."""
    return int(object.__getattribute__(handle, "_number"))


NAMED, CLASS, UNDER_TEST, RESUMES = "named", "class", "under test", "resumes"
"""Roles: what the tests name, a class that they name, what they made by calling such a class, and a generator's `send`."""


def give_role(handle: Handle, role: str) -> None:
    _set(handle, "_role", role)


def ask(handle: Handle, do: str, *arguments: Any, swap: bool = False) -> Any:
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
        return ask(self, name, other) if _comparable(self, other) else NotImplemented

    return compare


def _arithmetic(name: str, *, reflected: bool = False) -> Callable[[Handle, Any], Any]:
    def operate(self: Handle, other: Any) -> Any:
        result = ask(self, name, other, swap=reflected)
        if _is_under_test(self) or _is_under_test(other):
            if isinstance(result, Handle):
                give_role(result, UNDER_TEST)
            return result
        return result if isinstance(other, Handle) and not _is_weighed(other) else _weigh(result, name)

    return operate


def _measure(name: str) -> Callable[..., Any]:
    def measure(self: Handle, *arguments: Any) -> Any:
        return ask(self, name, *arguments)

    return measure


for _name in ORDER:
    setattr(Handle, dunder(_name), _order(_name))
for _name in (*BINARY, "divmod"):
    setattr(Handle, dunder(_name), _arithmetic(_name))
    setattr(Handle, dunder(_name, "r"), _arithmetic(_name, reflected=True))
for _name in BINARY:
    setattr(Handle, dunder(_name, "i"), _arithmetic(dunder(_name, "i").strip("_")))
for _name in (*UNARY, *NUMBERS, "complex", "bytes"):
    setattr(Handle, dunder(_name), _measure(_name))
