"""What the judge does for the solution with an object that a test handed to it.

What is covered: calling, draining, items, comparison, arithmetic, text, truth, `with`, awaiting, and public attributes of
the test's own instances, which may be set too. Each acts on an object that was handed out, as the test's code defines it.
What is not: private names, names of frames and code, and attributes of functions: nobody looks into those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..wire.operators import OPERATORS, REFLECTED

_PRIVATE = ("_", "f_", "gi_", "cr_", "ag_", "tb_", "co_")


def on_own_object(do: str, target: Any, arguments: list[Any]) -> Any:
    """Carry out `do`. Raises KeyError for what nobody may ask."""
    return _DOINGS[do](target, *arguments)


def _attribute(target: Any, name: Any) -> Any:
    if not _is_open(name):
        raise AttributeError(f"{name!r:.40} of a test's object is not open to the solution")
    return getattr(target, name)


def _set_attribute(target: Any, name: Any, value: Any) -> None:
    if not _is_open(name) or isinstance(target, type) or not hasattr(target, "__dict__") or callable(target):
        raise AttributeError(f"{name!r:.40} of a test's object is not for the solution to set")
    if type(getattr(type(target), "__module__", "")) is not str or type(target).__module__ not in ("tests", "prelude"):
        raise AttributeError(f"{name!r:.40} of a test's object is not for the solution to set")
    setattr(target, name, value)


def _is_open(name: Any) -> bool:
    return type(name) is str and not name.startswith(_PRIVATE)


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
    "call": lambda target, args, kwargs: target(*args, **(kwargs or {})),
    "attribute": _attribute,
    "setattr": _set_attribute,
    "await": _await,
}
