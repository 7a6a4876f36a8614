"""Style `pytest`: the task's test module runs under pytest, in a judge of its own; `import solution` gives what a session gives.

pytest itself travels to the box as text, like the runner, so any image with a Python of its age will do.

What is covered: a module passes when pytest ends well and every test that it collected and no mark of the author's takes out was
reported as passed in its call: a skip, an xfail or a deselection meanwhile is none. What the solution raises, warns of or prints
is its own, and what it defines is no hook, fixture or test of pytest's.
What is not: other plugins than pytest's own, files beside the module, and tests that take the solution's word.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import io
import os
import sys
import types
from typing import Any

from ..wire.exceptions import one_line
from . import assertions
from .guard import run_compile, run_exec
from .outcomes import PASSED, Ending
from .run import Run
from .session import Session
from .task_code import TaskFault, lacks_import, pytest_module
from .uses import lacks_fixture, names_of_solution, runs_nothing


class Libraries:
    """Finds modules whose text came with a job."""

    def __init__(self, sources: dict[str, str], packages: list[str]) -> None:
        self._sources, self._packages = sources, frozenset(packages)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in self._sources:
            return None
        place = "/judge/" + name.replace(".", "/")
        is_package = name in self._packages
        origin = f"{place}/__init__.py" if is_package else f"{place}.py"
        spec = importlib.machinery.ModuleSpec(name, self, origin=origin, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [place]
        return spec

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        run_exec(run_compile(self._sources[module.__name__], str(module.__file__), "exec", dont_inherit=True), module.__dict__)


def install(libraries: dict[str, Any] | None) -> None:
    """Make pytest importable, once a box, and import it: every later fork has it warm."""
    if libraries:
        sys.meta_path.append(Libraries(libraries["sources"], libraries["packages"]))
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        import pytest  # noqa: F401


def run(run: Run) -> None:
    """Run a task's test module, and note on `run` how it went. Raises `TaskFault`, and what ended the solution."""
    import pytest

    session, module = run.session, pytest_module(run.spec)
    used = names_of_solution((module,), "", None, frozenset(run.trusted))
    sys.meta_path.insert(0, SolutionFinder(SolutionModule(session, run.trusted, used), session))
    folder = os.getcwd()
    path = os.path.join(folder, "test_task.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(module)
    assertions.sources["test_task.py"] = module
    record = _Record(run.trusted, session, module)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = pytest.main(
            [path, f"--rootdir={folder}", f"--confcutdir={folder}", "-c", os.devnull, "--noconftest", "--import-mode=importlib",
             "--capture=sys", "-o", "empty_parameter_set_mark=fail_at_collect",
             "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:faulthandler"],
            plugins=[record],
        )  # fmt: skip
    fault = record.fault if record.fault is not None or record.collected else runs_nothing(module)
    if fault is not None:
        raise TaskFault("test", fault)
    if session.lost:
        raise session.lost
    run.passed, run.total = len(record.passed - record.failed - record.unasked), max(1, len(record.collected))
    if status == 0 and record.passed - record.failed == record.collected and record.collected and session.met:
        run.passed, run.end = run.total, PASSED
    else:
        verdict, detail = record.first or ("failed", "no test of the module was passed")
        run.end = Ending("memory_limit" if session.memory_error else verdict, detail[:300])


class _Record:
    """pytest's hooks: which tests there were, and how each ended."""

    def __init__(self, names: dict[str, Any], session: Session, source: str) -> None:
        self._names = names
        self._session = session
        self._source = source
        self.collected: set[str] = set()
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.unasked: set[str] = set()
        """Tests that asked the solution nothing."""
        self.first: tuple[str, str] | None = None
        self.fault: str | None = None
        """What went wrong before the solution was imported, or could go right with none."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        self.collected = {item.nodeid for item in items if not _is_skipped(item)}
        for module in {item.module for item in items}:
            for name, value in self._names.items():
                module.__dict__.setdefault(name, value)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._note(report)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        if call.excinfo and call.excinfo.typename == "Skipped" and call.excinfo.traceback[-1].name == "importorskip":
            self.collected.discard(item.nodeid)  # it needs what is not here, whatever the answer
        if call.when == "setup" and call.excinfo and call.excinfo.typename == "FixtureLookupError":
            name = call.excinfo.value.argname
            self.fault = self.fault or (f"no fixture {name!r} is defined" if lacks_fixture(self._source, name) else None)

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self._session.foul, self._session.asked = None, False

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed or self._session.foul:
            self.failed.add(report.nodeid)
            self.first = self.first or (("failed", self._session.foul) if self._session.foul else None)
            self._note(report)
        elif report.when == "call" and report.passed and not self._session.lost:  # a test that caught the loss has not passed
            self.passed.add(report.nodeid)
            self.unasked |= set() if self._session.asked else {report.nodeid}
        elif report.when == "call" and not report.passed:
            self.first = self.first or ("failed", f"{report.nodeid.rpartition('::')[2]} was {report.outcome}, not passed")

    def pytest_exception_interact(self, call: Any) -> None:
        error: BaseException = call.excinfo.value
        self._blame(error.__cause__ or error)  # pytest puts one of its own around what a module raises that it reads

    def pytest_internalerror(self, excinfo: Any) -> None:
        """Such as the exit of a module that is read, which pytest does not expect."""
        with self._session.unasked():
            self.first = self.first or ("runtime_error", one_line(excinfo.value))
        self._blame(excinfo.value)

    def _blame(self, error: BaseException) -> None:
        if not self._session.met or lacks_import(error, self._source):
            with self._session.unasked():
                self.fault = self.fault or one_line(error)

    def _note(self, report: Any) -> None:
        if self.first is None:
            crash = getattr(report.longrepr, "reprcrash", None)
            message = str(crash.message if crash else report.longrepr).strip()
            kind = message.partition(":")[0]
            failed = kind in ("AssertionError", "Failed") or message.startswith("assert ")
            lines = [line for line in message.splitlines() if line.strip()] or [""]
            self.first = ("failed" if failed else "runtime_error", lines[0] if crash else lines[-1])


def _is_skipped(item: Any) -> bool:
    """By an unconditional mark of the task's author, or expected to fail: no answer has a say in that."""
    return any(mark.name == "skip" or (mark.name == "xfail" and not mark.args) for mark in item.iter_markers())


class SolutionFinder:
    """Gives the solution to whoever imports it, and notes that somebody did: what fails from then on may be its doing."""

    def __init__(self, module: SolutionModule, session: Session) -> None:
        self._module = module
        self._session = session

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == "solution" else None  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        self._session.met = True  # what fails from now on may be its doing
        sys.modules["solution"] = self._module


class SolutionModule(types.ModuleType):
    """`import solution`, as a test module sees it: each name is asked for when it is used."""

    def __init__(self, session: Session, trusted: dict[str, Any], used: list[str]) -> None:
        super().__init__("solution")
        self.__dict__["_session"] = session
        self.__dict__["_used"] = used
        self.__dict__["_replaced"] = {}
        self.__dict__.update({k: v for k, v in trusted.items() if not k.startswith("__")})

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # of a star import: only what the tests use, so that no hook or test of pytest's comes with it
            return [name for name in self._used if self._defines(name)]
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._session.fetch(name)
        except NameError:
            raise AttributeError(f"module 'solution' has no attribute {name!r}") from None

    def _defines(self, name: str) -> bool:
        try:
            self._session.fetch(name)
        except NameError:
            return False
        return True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._defines(name):
            self._replaced.setdefault(name, self._session.fetch(name))
        self._session.ask("assign", name, value)

    def __delattr__(self, name: str) -> None:
        """Undo what a test assigned: pytest deletes what it replaced where the `__dict__` of a module holds it not, as here."""
        if name in self._replaced:
            self._session.ask("assign", name, self._replaced.pop(name))
        else:
            self._session.ask("unassign", name)
