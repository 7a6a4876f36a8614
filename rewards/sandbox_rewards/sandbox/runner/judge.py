"""The judge: runs the tests of one job after another and gives verdicts. It never runs the solution's code.

A job is `{"spec": ..., "code": ...}`; the answer `{"verdict", "tests_passed", "tests_total", "seconds",
"detail"}`. The verdict `no_verdict` means that the task or this machinery failed, not the answer.
"""

from __future__ import annotations

import functools
import pickle
import sys
import time
from types import CodeType, FunctionType
from typing import Any

from . import pytest_style
from .alarm import TimeUp, alarm
from .alarm import install as install_alarm
from .channel import Channel, ChannelClosed, DeadlinePassed, Malformed
from .compiler import Compiler, Uncompilable, packed_prelude
from .forks import ForkLate
from .inline import judge_inline
from .names import TestNames, names_of_solution, sealed_builtins, unimported_modules
from .outcomes import Outcome, limits, outcome, tests_in
from .session import NotLoaded, Session, SolutionLost
from .stdio import run_cases
from .surroundings import Surroundings
from .zygote import BoxFault, Zygote


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
        started = time.monotonic()
        try:
            if job["spec"]["style"] == "stdio":
                found = run_cases(job, zygote, compiler)
            else:
                found = judge(job, zygote, compiler, home, surroundings)
        except BoxFault as fault:
            found = {"fault": str(fault)}
        surroundings.restore()
        found["seconds"] = round(time.monotonic() - started, 6)
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


@functools.lru_cache(maxsize=4096)
def compiled(source: str, name: str) -> CodeType:
    return compile(source, name, "exec", dont_inherit=True)


def judge(job: dict[str, Any], zygote: Zygote, compiler: Compiler, home: str, surroundings: Surroundings) -> Outcome:
    """Verdict for styles `asserts`, `check` and `pytest`."""
    if job["spec"].get("isolation") == "inline":
        return judge_inline(job, zygote, compiler, surroundings)
    pytest_style.install(job.get("libraries"))
    spec, limit = job["spec"], job["spec"]["time_limit_s"]
    total = tests_in(spec)
    try:
        trusted = _trusted_namespace(spec)
    except Exception as error:
        return outcome("no_verdict", 0, total, f"the task's prelude fails: {type(error).__name__}: {error}")
    try:
        code = compiler.packed(job["code"])
    except Uncompilable as error:
        return outcome("syntax_error", 0, total, str(error))
    shared = {k: v for k, v in trusted.items() if isinstance(v, (type, FunctionType)) and v.__module__ == "prelude"}
    channel = zygote.spawn(limit_s=limit, memory_mb=spec["memory_limit_mb"])
    deadline = channel.deadline or 0.0
    run = _Run(Session(channel, shared, surroundings), total)
    channel.deadline = None  # the alarm interrupts whatever the judge waits for, at no cost to each call
    try:
        with alarm(limit):
            run.load(spec, {"code": job["code"]} if code is None else {"packed": code}, trusted)
            if spec["style"] != "pytest":
                run.tests(spec)
        if spec["style"] == "pytest":
            run.module(spec, home, deadline)
    except (DeadlinePassed, TimeUp, ForkLate):
        run.end("time_limit", f"no answer within {limit:g} s")
    except NotLoaded as error:
        run.end(error.verdict, error.detail)
    except (SolutionLost, Malformed, ChannelClosed) as error:
        reason = error.reason if isinstance(error, SolutionLost) else error
        if isinstance(reason, Malformed):
            run.end("runtime_error", f"the solution's process sent {reason}")
        else:
            run.end(None, None)
    finally:
        death = zygote.finish()
        channel.close()
    if run.verdict is None:
        run.end(*death.verdict(spec))
    if time.monotonic() > deadline and run.verdict != "no_verdict":
        run.end("time_limit", f"no answer within {limit:g} s")
    return outcome(run.verdict or "no_verdict", run.passed, run.total, run.detail)


def _trusted_namespace(spec: dict[str, Any]) -> dict[str, Any]:
    """Names as the judge defines them: the prelude's are its own copy, never the solution's."""
    namespace: dict[str, Any] = {"__name__": "prelude"}
    if spec["prelude"]:
        exec(compiled(spec["prelude"], "prelude.py"), namespace)
    return namespace


class _Run:
    """One solution under test: what passed so far and the first thing that went wrong."""

    def __init__(self, session: Session, total: int) -> None:
        self.session = session
        self.total = total
        self.passed = 0
        self.verdict: str | None = "passed"
        self.detail: str | None = None
        self.trusted: dict[str, Any] = {}
        self.found: dict[str, Any] = {}

    def end(self, verdict: str | None, detail: str | None) -> None:
        self.verdict, self.detail = verdict, detail

    def load(self, spec: dict[str, Any], code: dict[str, Any], trusted: dict[str, Any]) -> None:
        found = self.session.load({
            "program": False, "prelude": packed_prelude(spec["prelude"]), "limits": limits(spec), **code,
            "names": names_of_solution(tuple(spec["tests"]), spec["setup"], spec["entry_point"], frozenset(trusted)),
        })  # fmt: skip
        self.trusted = trusted | unimported_modules(spec)
        self.found = found

    def tests(self, spec: dict[str, Any]) -> None:
        namespace = TestNames(self.session, self.trusted | sealed_builtins(self.session), self.found)
        if spec["setup"] and not self._guarded(compiled(spec["setup"], "setup.py"), namespace):
            return
        for test in spec["tests"]:
            ok = self._guarded(compiled(test, "test.py"), namespace)
            if ok and spec["style"] == "check":
                if spec["entry_point"] not in namespace:
                    self._note("runtime_error", f"NameError: the solution defines no {spec['entry_point']!r}")
                    return
                namespace["__candidate__"] = namespace[spec["entry_point"]]
                ok = self._guarded(compiled("check(__candidate__)", "test.py"), namespace)
            self.passed += ok

    def module(self, spec: dict[str, Any], home: str, deadline: float) -> None:
        """Style `pytest`: one module of tests, in a fork."""
        source = "\n".join(part for part in (spec["setup"], spec["tests"][0]) if part)
        report = pytest_style.run(self.session, source, self.trusted, home, deadline)
        self.passed, self.total = report["passed"], report["total"]
        if report["lost"] == "closed":
            raise ChannelClosed
        if report["lost"]:
            raise Malformed(report["lost"])
        verdict = "memory_limit" if report.get("memory") and report["verdict"] != "passed" else report["verdict"]
        self.end(verdict, report["detail"])

    def _guarded(self, code: CodeType, namespace: dict[str, Any]) -> bool:
        """Run test code; note the first failure. Only what ends the whole run is raised."""
        try:
            exec(code, namespace)
            if self.session.lost:  # a test's bare `except` kept it from us
                raise self.session.lost
        except (SolutionLost, ChannelClosed, DeadlinePassed, Malformed, TimeUp):
            raise
        except AssertionError as error:
            self._note("failed", error.__dict__.get("from_solution") or _first_line(error) or "assertion failed")
        except BaseException as error:
            memory = self.session.memory_error or ("from_solution" not in error.__dict__ and isinstance(error, MemoryError))
            self._note(
                "memory_limit" if memory else "runtime_error",
                error.__dict__.get("from_solution") or _first_line(error),
            )
        else:
            return True
        return False

    def _note(self, verdict: str, detail: str) -> None:
        if self.verdict == "passed":
            self.end(verdict, detail)


def _first_line(error: BaseException) -> str:
    try:
        text = str(error)  # may ask the solution how its objects look
    except Exception:
        text = "…"
    return f"{type(error).__name__}: {text}"[:300].splitlines()[0]
