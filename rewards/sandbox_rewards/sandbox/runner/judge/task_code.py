"""A task's own code: its prelude, setup, tests and checker, and when it is the task's fault that one of them fails.

What is covered: code that does not compile; a prelude that fails before there is an answer, or with no answer behind it; a setup
that reads no name of the solution's; the import of a module that the sandbox lacks; a `pytest` module that fails before it
imports the solution; a checker that fails on the expected output too. All of it happens where no answer is, so no answer can make
its own failure one of the task's.
What is not: whatever else a test raises once an answer is there. It counts as the answer's failure, for a test may raise anything
on account of what an answer gave.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import marshal
import sys
from types import CodeType
from typing import Any, NamedTuple

from ..cell.zygote import Death, Zygote
from ..wire.channel import Channel
from ..wire.exceptions import one_line
from ..wire.surroundings import Surroundings
from .alarm import TimeUp, alarm, interruptible
from .guard import run_compile, run_exec
from .outcomes import PROBLEMS, NoVerdict, ending, limits
from .session import Session
from .uses import uses


class TaskFault(NoVerdict):
    """The task's own code is at fault, in its `part` (`prelude`, `setup`, `test 2`, `checker`); `said` is what is wrong."""

    def __init__(self, part: str, said: str | None) -> None:
        super().__init__(f"the task's {part} fails: {said}")


def parts(spec: dict[str, Any]) -> dict[str, str]:
    """The Python of a task by the name of its part, in the order in which it runs."""
    checker = spec["checker"]["code"] if isinstance(spec["checker"], dict) and "code" in spec["checker"] else ""
    named = {"prelude": spec["prelude"], "setup": spec["setup"], **tests(spec), "checker": checker}
    return {part: source for part, source in named.items() if source}


def pytest_module(spec: dict[str, Any]) -> str:
    """The one module of style `pytest`, its setup included."""
    return "\n".join(part for part in (spec["setup"], spec["tests"][0]) if part)


def tests(spec: dict[str, Any]) -> dict[str, str]:
    several = len(spec["tests"]) > 1
    return {f"test {number}" if several else "test": source for number, source in enumerate(spec["tests"], 1)}


@functools.lru_cache(maxsize=4096)
def compiled(source: str, part: str) -> CodeType:
    """The code of a part, as a file of its name. Raises `TaskFault`."""
    try:
        return run_compile(source, f"{part}.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        raise TaskFault(part, one_line(error)) from None


@functools.lru_cache(maxsize=1024)
def packed_prelude(source: str) -> bytes:
    """The prelude as the solution's process takes it, which must believe the judge anyway."""
    return marshal.dumps(compiled(source, "prelude")) if source else b""


def run_alone(code: CodeType, part: str, namespace: dict[str, Any]) -> None:
    """Run a part where no answer is. Raises `TaskFault` for whatever it raises, an exit or the end of its time included."""
    try:
        run_exec(code, namespace)
    except TimeUp:
        raise TaskFault(part, "no end within the time limit") from None
    except BaseException as error:
        raise TaskFault(part, one_line(error)) from None


def prelude_names(code: CodeType | None, limit_s: float) -> dict[str, Any]:
    """What the prelude defines, run here within the time limit. Raises `TaskFault`."""
    names: dict[str, Any] = {"__name__": "prelude"}
    if code is None:
        return names
    try:
        with alarm(limit_s):
            run_alone(code, "prelude", names)
    except TimeUp:  # as the block ended
        raise TaskFault("prelude", "no end within the time limit") from None
    return names


def prelude_must_load(spec: dict[str, Any], zygote: Zygote, surroundings: Surroundings) -> None:
    """Raise `TaskFault` where a solution's process does not get through the prelude with no answer behind it either."""
    loaded = load_once(spec, "", [], zygote, surroundings)
    if loaded.problem:
        raise TaskFault("prelude", ending(loaded.problem, loaded.death, spec).detail)


class Loaded(NamedTuple):
    """What a solution's process sent of the names it was asked for, what ended it early, and how it ended."""

    names: dict[str, Any]
    problem: BaseException | None
    death: Death


def load_once(spec: dict[str, Any], code: str, names: list[str], zygote: Zygote, surroundings: Surroundings) -> Loaded:
    """Load `code` behind the prelude in a solution's process, and end that."""
    channel = zygote.spawn(limit_s=spec["time_limit_s"], memory_mb=spec["memory_limit_mb"])
    found: dict[str, Any] = {}
    problem: BaseException | None = None
    try:
        with interruptible():
            found = Session(channel, {}, surroundings, uses((), ())).load(load_work(spec, code, names))
    except PROBLEMS as error:
        problem = error
    finally:
        death = finished(zygote, channel)
    return Loaded(found, TimeUp() if death.late else problem, death)


def finished(zygote: Zygote, channel: Channel) -> Death:
    """End a run, and its channel whatever comes of it. Raises `Undecided`."""
    try:
        return zygote.finish()
    finally:
        channel.close()


def load_work(spec: dict[str, Any], code: bytes | str, names: list[str], seal: str = "data") -> dict[str, Any]:
    """A solution process's job to load an answer behind the prelude."""
    prelude = packed_prelude(spec["prelude"])
    return {"program": False, "seal": seal, "prelude": prelude, "code": code, "names": names, "limits": limits(spec)}


def lacks_import(error: BaseException, source: str) -> bool:
    """Whether `error` is that `source` imports, at its top level, a module that is not there: no answer gets past that."""
    if not isinstance(error, ModuleNotFoundError) or "from_solution" in error.__dict__ or not isinstance(error.name, str):
        return False
    if error.name.partition(".")[0] == "solution":
        return False
    found = [node for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    imported = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in found if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return any(name == error.name or name.startswith(f"{error.name}.") for name in imported) and not _is_there(error.name)


def _is_there(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
