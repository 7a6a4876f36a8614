"""What the judge does for the solution with an object that a test handed to it.

What is covered: what the object's kind needs. A function is called. A test's own instance is asked for public attributes and
methods, and may be given data attributes; an iterator is drained, a container read and filled. Of the library's objects only
public methods are called, of mocks only children, of executors and futures only their work. Each acts on an object that was
handed out, as the test's code defines it.
What is not: private names, names of frames and code, attributes of functions and partials, configuration of mocks, methods
replaced by others, and reprs that no code of the test's defines: these would give away values that the test keeps.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ...wire.operators import OPERATORS, REFLECTED
from ..assertions import source_of
from ..plainness import PURE_MODULES

_PRIVATE = ("_", "f_", "gi_", "cr_", "ag_", "tb_", "co_")


def on_own_object(do: str, target: Any, arguments: list[Any]) -> Any:
    """Carry out `do`. Raises KeyError for what nobody may ask."""
    return _DOINGS[do](target, *arguments)


def _attribute(target: Any, name: Any) -> Any:
    if not (_is_open(name) and _may_read(target, name)):
        raise AttributeError(f"{name!r:.40} of a test's object is not open to the solution")
    return getattr(target, name)


def _may_read(target: Any, name: str) -> bool:
    if isinstance(target, type) or _is_the_tests(type(target)):
        return True
    kind = type(target)
    if _is_mock(kind):
        return not hasattr(_mock().NonCallableMagicMock, name) and name not in _MOCKS_OWN and not name.startswith("assert")
    if _is_named(kind, "concurrent.futures"):
        return name in _WORK
    if isinstance(target, types.ModuleType):
        return target.__name__ in PURE_MODULES
    if callable(target):  # a function, a partial
        return False
    return isinstance(target, BaseException) or callable(getattr(kind, name, None)) or name in _OF_STREAMS


_MOCKS_OWN = frozenset({
    "return_value", "side_effect", "called", "call_count", "call_args", "call_args_list", "mock_calls", "method_calls",
    "mock_add_spec", "configure_mock", "reset_mock", "attach_mock",
})  # fmt: skip
_WORK = frozenset({
    "submit", "map", "shutdown", "result", "exception", "done", "cancel", "cancelled", "running", "add_done_callback",
})  # fmt: skip
_OF_STREAMS = frozenset({"closed", "encoding", "mode", "name", "newlines", "errors", "buffer"})


def _is_mock(kind: type) -> bool:
    return any(base.__module__ == "unittest.mock" for base in kind.__mro__)


def _mock() -> Any:
    import unittest.mock

    return unittest.mock


def _is_named(kind: type, module: str) -> bool:
    return any(base.__module__.startswith(module) for base in kind.__mro__)


def _is_the_tests(kind: type) -> bool:
    """Whether a class is one that the task's code defines."""
    return type(getattr(kind, "__module__", "")) is str and kind.__module__.partition(".")[0] in ("tests", "prelude", "test_task")


def _set_attribute(target: Any, name: Any, value: Any) -> None:
    """Data of an instance of the test's own class; never a method of its class, nor anything of another object."""
    own = not isinstance(target, type) and _is_the_tests(type(target)) and not callable(target) and not _is_mock(type(target))
    if not (_is_open(name) and own) or callable(getattr(type(target), name, None)):
        raise AttributeError(f"{name!r:.40} of a test's object is not for the solution to set")
    setattr(target, name, value)


def _is_open(name: Any) -> bool:
    return type(name) is str and not name.startswith(_PRIVATE)


def _text(how: str) -> Callable[..., str]:
    """`repr`, `str` or `format` of an object: what the test's code defines, and of any other its class's name alone."""

    def text(target: Any, *spec: Any) -> str:
        defined = (getattr(type(target), name, None) for name in _TEXTS[how])
        told = next((method for method in defined if method not in _DEFAULT), None)
        code = getattr(told, "__code__", None)
        if isinstance(target, BaseException) or (code is not None and source_of(code.co_filename) is not None):
            return str(OPERATORS[how](target, *spec))
        return f"<{type(target).__name__} object>"

    return text


_TEXTS = {"repr": ("__repr__",), "str": ("__str__", "__repr__"), "format": ("__format__", "__str__", "__repr__")}
_DEFAULT = (object.__repr__, object.__str__, object.__format__)


def _await(target: Any) -> Any:
    """Run what the test awaits to its end, here and now."""
    import asyncio
    import threading

    result: list[Any] = []

    async def wait() -> Any:
        return await target

    def run() -> None:
        try:
            result.extend([True, asyncio.run(wait())])
        except BaseException as error:
            result.extend([False, error])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if not result[0]:
        raise result[1]
    return result[1]


_DOINGS: dict[str, Callable[..., Any]] = {
    **OPERATORS,
    **REFLECTED,
    **{how: _text(how) for how in ("repr", "str", "format")},
    "call": lambda target, args, kwargs: target(*args, **(kwargs or {})),
    "attribute": _attribute,
    "setattr": _set_attribute,
    "await": _await,
}
