"""What tests get under seal `data` for what is no data: a function to call, and a stand-in that fails whoever touches it.

What is covered: nothing here asks the solution anything but to be called, by the name that the test wrote. Whatever is done with
a `NotData` ends the test, and no `except` of a test's keeps it from failing: the judge looks at `Touched.said` itself.
What is not: identity and the exact type (`x is None`, `type(x)`), which no object can refuse; a stand-in is not None, and its
type is equal to no type of data.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

LONGEST_NAME = 100
"""Characters of a name of the solution's that the judge keeps."""


class Touched(BaseException):
    """A test touched what is no data. Not an `Exception`: a test must not swallow it."""


class _Reading:
    """Whether a message is being read: then a stand-in may be put into a set or be a key."""

    now = False


@contextlib.contextmanager
def reading() -> Iterator[None]:
    _Reading.now = True
    try:
        yield
    finally:
        _Reading.now = False


class NotData:
    """Something of the solution's that is no plain data."""

    __slots__ = ("_name", "_note")

    def __getattribute__(self, name: str) -> Any:
        touch(self)

    def __hash__(self) -> int:
        return id(self) if _Reading.now else touch(self)


def not_data(name: Any, note: Callable[[str], None]) -> NotData:
    """A stand-in for an instance of the class of that name; `note` is told when a test touches it."""
    made = NotData()
    object.__setattr__(made, "_name", str(name)[:LONGEST_NAME])
    object.__setattr__(made, "_note", note)
    return made


def touch(stand_in: NotData) -> NoReturn:
    """Raises `Touched`, after it was noted."""
    said = f"the solution gave {object.__getattribute__(stand_in, '_name')!r}, which is no plain data (seal 'data')"
    object.__getattribute__(stand_in, "_note")(said)
    raise Touched(said)


def _refuse(self: NotData, *_: Any, **__: Any) -> NoReturn:
    touch(self)


_ASKED = """
    lt le eq ne gt ge repr str format bytes bool int float complex index abs neg pos invert round trunc floor ceil divmod rdivmod
    len length_hint iter next reversed contains getitem setitem delitem missing call enter exit await aiter anext aenter aexit
    dir setattr delattr instancecheck subclasscheck fspath copy deepcopy reduce reduce_ex sizeof buffer
"""
_COMBINED = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift"
for _name in _ASKED.split():
    setattr(NotData, f"__{_name}__", _refuse)
for _name in _COMBINED.split():
    for _how in ("", "r", "i"):
        setattr(NotData, f"__{_how}{_name}__", _refuse)


def function(name: str, call: Callable[[str, tuple[Any, ...], dict[str, Any]], Any]) -> Callable[..., Any]:
    """What the tests' name `name` is bound to where the solution has something to call there."""

    def named(*arguments: Any, **keywords: Any) -> Any:
        return call(name, arguments, keywords)

    named.__name__ = named.__qualname__ = name
    named.__module__ = "solution"
    return named
