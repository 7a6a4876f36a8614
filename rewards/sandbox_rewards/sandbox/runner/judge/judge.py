"""The judge: runs the tests of one job after another and gives verdicts. It never runs the solution's code.

A job is `{"spec": ..., "code": ...}`; the answer `{"verdict", "tests_passed", "tests_total", "seconds",
"detail"}`. The verdict `no_verdict` means that the task or this machinery failed, not the answer.

What is covered: tests of functions and classes (`asserts`, `check`, `pytest`), the limits of a run around them, and which failure
is whose. What is not: a test that takes the answer's word (docs/security.md), and one that ends its own process, which takes the
box with it and is told as a fault of the machinery.
"""

from __future__ import annotations

import pickle
import sys
import time
from types import FunctionType
from typing import Any

from ..cell.clock import Undecided
from ..cell.compiler import Compiler, Uncompilable
from ..cell.zygote import BoxFault, Zygote
from ..wire.channel import Channel, ChannelClosed, DeadlinePassed, Malformed
from ..wire.code import Code
from ..wire.exceptions import failed_assertion, one_line
from ..wire.surroundings import Surroundings
from . import pytest_style
from .alarm import TimeUp, interruptible
from .alarm import install as install_alarm
from .inline import judge_inline
from .names import TestNames, names_of_solution, reads_no_solution, sealed_builtins, unimported_modules
from .outcomes import PASSED, PROBLEMS, Ending, NoVerdict, Outcome, ending, outcome, tests_in
from .session import NotLoaded, Session, SolutionLost
from .stdio import run_cases
from .task_code import (
    TaskFault,
    compiled,
    finished,
    lacks_import,
    load_work,
    parts,
    prelude_must_load,
    prelude_names,
    run_alone,
    tests,
)  # fmt: skip


def serve(host: Channel, zygote: Zygote, compiler: Compiler, home: str) -> None:
    """Judge jobs from the host until it hangs up. `home` is a folder that only the judge uses."""
    install_alarm()
    _harden()
    surroundings = Surroundings()
    while True:
        _set_recursion_limit(RECURSION_LIMIT)
        try:
            job = host.receive()
        except ChannelClosed:
            return
        started, starved_s = time.monotonic(), zygote.starved_s
        try:
            found = judge(job, zygote, compiler, home, surroundings)
        except BoxFault as fault:
            found = {"fault": str(fault)}
        except Undecided as busy:
            found = {"undecided": str(busy), "slowdown": busy.slowdown}
        surroundings.restore()
        found["seconds"] = round(time.monotonic() - started, 6)
        found["starved_s"] = round(zygote.starved_s - starved_s, 3)
        found["job"] = job.get("job")
        host.send(found)


RECURSION_LIMIT, HIGHEST_RECURSION_LIMIT = 1000, 20_000
"""The interpreter's own, and the highest that a test may set: a deep answer must not overflow the judge's stack."""
_set_recursion_limit = sys.setrecursionlimit


def _harden() -> None:
    """Close what a test could open to an answer by accident."""
    sys.setrecursionlimit = lambda limit: _set_recursion_limit(min(limit, HIGHEST_RECURSION_LIMIT))
    for name in ("load", "loads", "Unpickler"):  # a test that unpickles an answer would run it here
        setattr(pickle, name, _refuse_to_unpickle)


def _refuse_to_unpickle(*_: Any, **__: Any) -> Any:
    raise TypeError("unpickling runs code, and the judge runs none of an answer's; use JSON, or isolation 'inline'")


def judge(job: dict[str, Any], zygote: Zygote, compiler: Compiler, home: str, surroundings: Surroundings) -> Outcome:
    """Outcome of a job of any style."""
    spec, answer = job["spec"], job["code"]
    pytest_style.install(job.get("libraries"))
    try:
        for part, source in parts(spec).items():
            compiled(source, part)
        if spec["style"] == "stdio":
            return run_cases(spec, answer, zygote, compiler)
        if spec.get("isolation") == "inline":
            return judge_inline(spec, answer, zygote, compiler, surroundings)
        trusted = prelude_names(spec)
        return _judge_sealed(spec, compiler.compiled(answer), trusted, zygote, home, surroundings)
    except NoVerdict as why:
        end = Ending("no_verdict", str(why))
    except Uncompilable as error:
        end = Ending("syntax_error", str(error))
    except NotLoaded as error:
        end = Ending(error.verdict, error.detail)
    return outcome(end, 0, tests_in(spec))


def _judge_sealed(
    spec: dict[str, Any], code: Code, trusted: dict[str, Any], zygote: Zygote, home: str, surroundings: Surroundings
) -> Outcome:
    """Styles `asserts`, `check` and `pytest`; `trusted` are the names of the judge's own copy of the prelude."""
    shared = {k: v for k, v in trusted.items() if isinstance(v, (type, FunctionType)) and v.__module__ == "prelude"}
    channel = zygote.spawn(limit_s=spec["time_limit_s"], memory_mb=spec["memory_limit_mb"])
    run = _Run(Session(channel, shared, surroundings), spec, trusted)
    problem: BaseException | None = None
    try:
        with interruptible():
            run.load(code)
            if spec["style"] == "pytest":
                run.module(home)
            else:
                run.tests()
    except PROBLEMS as error:
        problem = error
    except NoVerdict:
        raise
    except BaseException as error:  # an exit, say: while the answer's session is open it is the answer's doing
        problem = Malformed(f"what ended its tests ({type(error).__name__})")
    finally:
        death = finished(zygote, channel)
    if death.late:
        problem = TimeUp()  # whatever came of it
    if problem and spec["prelude"] and not run.loaded:
        prelude_must_load(spec, zygote, surroundings)
    return outcome(ending(problem, death, spec) if problem else run.end, run.passed, run.total)


class _Run:
    """One solution under test: what passed so far and the first thing that went wrong."""

    def __init__(self, session: Session, spec: dict[str, Any], trusted: dict[str, Any]) -> None:
        self._session = session
        self._spec = spec
        self._sources = {**parts(spec), "check": "check(__candidate__)"}
        self._code = {part: compiled(source, part) for part, source in self._sources.items()}
        self._prelude = frozenset(trusted)
        self._trusted = trusted
        self._names: dict[str, Any] = {}
        self._late_setup = bool(spec["setup"])
        self.total = tests_in(spec)
        self.passed = 0
        self.end = PASSED
        self.loaded = False

    def load(self, code: Code) -> None:
        """Load the answer; a setup that has no use for it runs before, so that its faults are the task's."""
        spec = self._spec
        self._trusted = self._trusted | unimported_modules(spec)
        self._names = names = TestNames(self._session, self._trusted | sealed_builtins(self._session))
        if spec["setup"] and spec["style"] != "pytest" and reads_no_solution(spec["setup"], frozenset(self._trusted)):
            run_alone(spec["setup"], "setup", names)
            self._late_setup = False
        wanted = names_of_solution(tuple(spec["tests"]), spec["setup"], spec["entry_point"], self._prelude)
        names.know(self._session.load(load_work(spec, code, wanted)))
        self.loaded = True

    def tests(self) -> None:
        if self._late_setup and not self._passes("setup"):
            return
        for part in tests(self._spec):
            ok = self._passes(part)
            if ok and self._spec["style"] == "check":
                ok = self._check(self._spec["entry_point"])
            self.passed += ok

    def module(self, home: str) -> None:
        """Style `pytest`: one module of tests, in a fork."""
        source = "\n".join(part for part in (self._spec["setup"], self._spec["tests"][0]) if part)
        report = pytest_style.run(self._session, source, self._trusted, home)
        if report["fault"] is not None:
            raise TaskFault("test", report["fault"])
        self.passed, self.total = report["passed"], report["total"]
        if report["lost"] == "closed":
            raise ChannelClosed
        if report["lost"]:
            raise Malformed(report["lost"])
        self.end = Ending(report["verdict"], report["detail"])

    def _check(self, entry_point: str) -> bool:
        if entry_point not in self._names:
            self._note("runtime_error", f"NameError: the solution defines no {entry_point!r}")
            return False
        self._names["__candidate__"] = self._names[entry_point]
        return self._passes("check")

    def _passes(self, part: str) -> bool:
        """Run test code; note the first failure. Only what ends the whole run is raised, and a fault of the task's own."""
        try:
            exec(self._code[part], self._names)
            if self._session.lost:  # a test's bare `except` kept it from us
                raise self._session.lost
        except (SolutionLost, ChannelClosed, DeadlinePassed, Malformed, TimeUp):
            raise
        except AssertionError as error:
            self._note("failed", error.__dict__.get("from_solution") or failed_assertion(error, self._sources))
        except BaseException as error:
            if lacks_import(error, self._sources[part]):
                raise TaskFault(part, one_line(error)) from None
            memory = self._session.memory_error or ("from_solution" not in error.__dict__ and isinstance(error, MemoryError))
            self._note("memory_limit" if memory else "runtime_error", error.__dict__.get("from_solution") or one_line(error))
        else:
            return True
        return False

    def _note(self, verdict: str, detail: str) -> None:
        if self.end is PASSED:
            self.end = Ending(verdict, detail)
