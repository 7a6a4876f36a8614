"""The tests of one answer: they are run on a session with the solution, and what passed is counted.

What is covered: which test passed and the first that did not, in words that were sent or are the task's own: no object of the
solution's is asked for them. A test that met what it must not has failed, whatever it caught.
What is not: the limits around the run, which are for whoever runs it (`judge.py`, `apart.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..wire.channel import ChannelClosed, DeadlinePassed, Malformed
from ..wire.code import Code
from ..wire.exceptions import failed_assertion, one_line
from .alarm import TimeUp
from .guard import run_exec
from .names import TestNames, unimported_modules
from .outcomes import PASSED, Ending, tests_in
from .plan import CHECK, Plan
from .session import Session, SolutionLost
from .task_code import TaskFault, lacks_import, load_work, parts, run_alone, tests
from .uses import reads_no_solution

Told = Callable[[dict[str, Any]], None]


class Run:
    """One solution under test: what passed so far and the first thing that went wrong."""

    def __init__(
        self, session: Session, spec: dict[str, Any], plan: Plan, trusted: dict[str, Any], told: Told | None = None
    ) -> None:
        """`trusted` are the names of the judge's own copy of the prelude; `told` hears of each test that passed, where a share of
        them earns something."""
        self.session = session
        self.spec = spec
        self.trusted = trusted
        self._plan = plan
        self._told = told if spec.get("credit") == "share" else None
        self._names: dict[str, Any] = {}
        self._late_setup = bool(spec["setup"])
        self.total = tests_in(spec)
        self.passed = 0
        self.unasked = 0
        """Tests that passed and asked the solution nothing: they count only where all pass."""
        self.end = PASSED
        self.loaded = False

    def load(self, code: Code) -> None:
        """Load the answer; a setup that has no use for it runs before, so that its faults are the task's."""
        spec = self.spec
        known = self.trusted | unimported_modules(self._plan.modules)
        self._names = names = TestNames(self.session, known)
        if spec["setup"] and spec["style"] != "pytest" and reads_no_solution(self._plan.setup_reads, known):
            run_alone(self._plan.code["setup"], "setup", names)
            self._late_setup = False
        wanted = [name for name in self._plan.named if name not in self.trusted or name == spec["entry_point"]]
        names.know(self.session.load(load_work(spec, code, wanted, self.session.seal)))
        self.loaded = True

    def tests(self) -> None:
        if self._late_setup and not self._passes("setup"):
            return
        for part in tests(self.spec):
            self.session.asked = False
            ok = self._passes(part)
            if ok and self.spec["style"] == "check":
                ok = self._check(self.spec["entry_point"])
            self.passed += ok and self.session.asked
            if self._told:
                self._told({"passed": self.passed})
            self.unasked += ok and not self.session.asked
        if self.passed + self.unasked == self.total:
            self.passed = self.total

    def _check(self, entry_point: str) -> bool:
        if entry_point not in self._names:
            self._note("runtime_error", f"NameError: the solution defines no {entry_point!r}")
            return False
        self._names["__candidate__"] = self._names[entry_point]
        return self._passes("check")

    def _passes(self, part: str) -> bool:
        """Run test code; note the first failure. Only what ends the whole run is raised, and a fault of the task's own."""
        session = self.session
        session.foul = None
        try:
            run_exec(self._plan.code[part], self._names)
            if session.lost:  # a test's bare `except` kept it from us
                raise session.lost
        except (SolutionLost, ChannelClosed, DeadlinePassed, Malformed, TimeUp):
            raise
        except BaseException as error:
            with session.unasked():
                self._failed(error, part)
            return False
        if session.foul:
            self._note("failed", session.foul)
        return session.foul is None

    def _failed(self, error: BaseException, part: str) -> None:
        """Note why a test failed."""
        told = error.__dict__.get("from_solution")
        if self.session.foul:
            self._note("failed", self.session.foul)
        elif isinstance(error, AssertionError):
            self._note("failed", told or failed_assertion(error, self._sources()))
        elif lacks_import(error, self._sources()[part]):
            raise TaskFault(part, one_line(error))
        else:
            memory = self.session.memory_error or (told is None and isinstance(error, MemoryError))
            self._note("memory_limit" if memory else "runtime_error", told or one_line(error))

    def _sources(self) -> dict[str, str]:
        return {**parts(self.spec), "check": CHECK}

    def _note(self, verdict: str, detail: str) -> None:
        if self.end is PASSED:
            self.end = Ending(verdict, detail)


def shared_names(trusted: dict[str, Any]) -> dict[str, Any]:
    """Classes and functions of the prelude, which both sides have."""
    return {k: v for k, v in trusted.items() if isinstance(v, (type, FunctionType)) and v.__module__ == "prelude"}
