"""Style `pytest`: the task's test module runs under pytest in a fork of the judge; `import solution` gives handles.

pytest itself travels to the box as text, like the runner, so any image with a Python of its age will do. A fork runs
it because pytest leaves much behind in a process, and so that it can be killed whatever it is doing. The fork is as
trusted as the judge: the solution is still on the other side of the channel.

What is covered: a module passes when pytest ends well and every test that it collected and no unconditional mark skips has passed
in its call; what the solution raises, warns of or prints is its own, and what it defines is no hook, fixture or test of pytest's.
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

from ..wire.channel import ChannelClosed, Malformed
from ..wire.exceptions import one_line
from .forks import in_a_fork
from .names import names_of_solution, sealed_builtins
from .session import Session
from .task_code import lacks_import

Report = dict[str, Any]
"""What the fork tells: tests `passed` of `total`, `verdict` and `detail` of the first failure, whether and why the solution was
`lost`, and the `fault` of the task's own, if it is one."""


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
        exec(compile(self._sources[module.__name__], str(module.__file__), "exec", dont_inherit=True), module.__dict__)


def install(libraries: dict[str, Any] | None) -> None:
    """Make pytest importable, once a box, and import it: every later fork has it warm."""
    if libraries:
        sys.meta_path.append(Libraries(libraries["sources"], libraries["packages"]))
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        import pytest  # noqa: F401


def run(session: Session, module: str, trusted: dict[str, Any], folder: str) -> Report:
    """Run a test module in a fork, until an alarm ends it at the latest. Raises `ForkDied`."""
    report: Report = in_a_fork(lambda: _pytest_report(session, module, trusted, folder))
    return report


def _pytest_report(session: Session, module: str, trusted: dict[str, Any], folder: str) -> Report:
    import pytest

    used = names_of_solution((module,), "", None, frozenset(trusted))
    sys.meta_path.insert(0, SolutionFinder(SolutionModule(session, trusted, used), session))
    path = os.path.join(folder, "test_task.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(module)
    record = _Record(trusted | sealed_builtins(session), session, module)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = pytest.main(
            [path, f"--rootdir={folder}", "-c", os.devnull, "--noconftest", "--import-mode=importlib", "--capture=sys",
             "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:faulthandler"],
            plugins=[record],
        )  # fmt: skip
    os.unlink(path)
    lost = session.lost.reason if session.lost else None
    passed, total = len(record.passed - record.failed), max(1, len(record.collected))
    whole = status == 0 and passed == len(record.collected) > 0
    verdict, detail = record.first or ("failed", f"pytest ended with status {int(status)}")
    return {
        "passed": passed, "total": total, "fault": record.fault,
        "verdict": "passed" if whole else "memory_limit" if session.memory_error else verdict,
        "detail": None if whole else detail[:300],
        "lost": "closed" if isinstance(lost, ChannelClosed) else str(lost) if isinstance(lost, Malformed) else None,
    }  # fmt: skip


class _Record:
    """pytest's hooks: which tests there were, and how each ended."""

    def __init__(self, names: dict[str, Any], session: Session, source: str) -> None:
        self._names = names
        self._session = session
        self._source = source
        self.collected: set[str] = set()
        self.passed: set[str] = set()
        self.failed: set[str] = set()
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

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
            self._note(report)
        elif report.when == "call" and not self._session.lost:  # a test that caught the loss has not passed
            self.passed.add(report.nodeid)

    def pytest_exception_interact(self, call: Any) -> None:
        error: BaseException = call.excinfo.value
        self._blame(error.__cause__ or error)  # pytest puts one of its own around what a module raises that it reads

    def pytest_internalerror(self, excinfo: Any) -> None:
        """Such as the exit of a module that is read, which pytest does not expect."""
        self.first = self.first or ("runtime_error", one_line(excinfo.value))
        self._blame(excinfo.value)

    def _blame(self, error: BaseException) -> None:
        if not self._session.asked or lacks_import(error, self._source):
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
    """By an unconditional mark of the task's author: no answer has a say in that."""
    return any(mark.name == "skip" for mark in item.iter_markers())


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
        self._session.asked = True
        sys.modules["solution"] = self._module


class SolutionModule(types.ModuleType):
    """`import solution`, as a test module sees it: each name is asked for when it is used."""

    def __init__(self, session: Session, trusted: dict[str, Any], used: list[str]) -> None:
        super().__init__("solution")
        self.__dict__["_session"] = session
        self.__dict__["_used"] = used
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
        self._session.ask("assign", name, value)

    def __delattr__(self, name: str) -> None:
        self._session.ask("unassign", name)
