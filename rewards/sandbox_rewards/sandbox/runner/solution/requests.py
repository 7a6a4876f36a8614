"""What the judge may ask of a solution under seal `objects`, by name, on the solution's own objects.

It runs in the untrusted process.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Protocol

from ..wire.operators import OPERATORS


class Loaded(Protocol):
    """What an operation needs of the solution: the code's module, its values by name, and the event loop of this run."""

    @property
    def module(self) -> types.ModuleType: ...
    @property
    def loop(self) -> Any: ...
    def named(self, names: list[str]) -> tuple[tuple[str, Any], ...]: ...


def _await(solution: Loaded, awaitable: Any) -> Any:
    async def wait() -> Any:
        return await awaitable

    return solution.loop.run_until_complete(wait())


TURN_S = 0.005
"""How long one request runs the event loop while what it waits for is not there."""


def _start(solution: Loaded, awaitable: Any) -> tuple[bool, Any]:
    async def wait() -> Any:
        return await awaitable

    return _turn(solution, solution.loop.create_task(wait()))


def _turn(solution: Loaded, task: Any) -> tuple[bool, Any]:
    """Whether the task is done, and its result or else itself."""
    import asyncio

    solution.loop.run_until_complete(asyncio.wait({task}, timeout=TURN_S))
    return (True, task.result()) if task.done() else (False, task)


def _cancel(solution: Loaded, task: Any) -> None:
    task.cancel()
    _turn(solution, task)


def _awaiting(name: str) -> Callable[..., Any]:
    """What an asynchronous iterator or context manager gives, waited for."""
    return lambda solution, target, *arguments: _await(solution, getattr(target, name)(*arguments))


def _copying(how: str, target: Any) -> Any:
    import copy

    return getattr(copy, how)(target)


def _builtin(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *arguments: function(*arguments)


def _evaluate(run: Callable[..., Any]) -> Callable[..., Any]:
    """`eval` or `exec` with the test's names, or else with the solution's own."""

    def evaluate(solution: Loaded, source: Any, names: Any, local: Any) -> Any:
        return run(source, solution.module.__dict__ if names is None else names, local)

    return evaluate


_OF_CODE = (
    "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_varnames", "co_names", "co_name", "co_freevars",
    "co_cellvars", "co_nlocals", "co_firstlineno",
)  # fmt: skip
OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: _builtin(function) for name, function in OPERATORS.items()},
    "fetch": lambda solution, names: solution.named(names),
    "call": lambda _, target, args, kwargs: target(*args, **kwargs) if kwargs else target(*args),
    "await": _await,
    "missing": lambda _, target, key: target.__missing__(key),
    "code": lambda _, target: tuple((n, getattr(target.__code__, n)) for n in _OF_CODE),
    "copy": lambda _, target: _copying("copy", target),
    "deepcopy": lambda _, target: _copying("deepcopy", target),
    "subclass": lambda _, name, bases, members, named: types.new_class(name, bases, named, lambda space: space.update(members)),
    "start": _start,
    "turn": _turn,
    "cancel": _cancel,
    "aiter": lambda _, target: target.__aiter__(),
    "anext": _awaiting("__anext__"),
    "aenter": _awaiting("__aenter__"),
    "aexit": _awaiting("__aexit__"),
    "eval": _evaluate(eval),
    "exec": _evaluate(exec),
    "assign": lambda solution, name, value: setattr(solution.module, name, value),
    "unassign": lambda solution, name: delattr(solution.module, name),
    **{f.__name__: _builtin(f) for f in (getattr, setattr, delattr, dir, type, isinstance, issubclass)},
}
