"""Which seal a task's tests need, found once a task and never by an answer.

Seal `data` gives tests plain data and nothing else; seal `objects` also handles to an answer's objects. A task that says neither
(`seal: auto`) gets the first under which its own reference passes. Without a reference the text of its tests decides
(`runner/judge/plainness.py`). With a reference its class statements say, too, which of its names are classes.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal, NamedTuple

from sandbox_tasks.task import Task, UnitTests

from sandbox_rewards.answers.code import code_of
from sandbox_rewards.sandbox.runner.judge.plainness import asks_for_data

Job = dict[str, Any]
Outcome = dict[str, Any]
Run = Callable[[Job], Outcome]


class Seal(NamedTuple):
    """What a job says about the seal, and why it says so (`reference`, `tests` or `task`)."""

    name: Literal["data", "objects"]
    classes: tuple[str, ...] | None
    """Names that are classes, by the reference; None where there is none."""
    found_by: str


class Seals:
    """The seals of tasks, by what they depend on. Safe to use from several threads: each is found by one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[UnitTests, str | None], Future[Seal]] = {}

    def of(self, task: Task, spec: UnitTests, run: Run) -> Seal | None:
        """The seal of a task's tests, None where nothing is sealed by one; `run` gives the outcome of a job."""
        if spec.style == "stdio" or spec.isolation == "inline":
            return None
        key = (spec, task.reference)
        with self._lock:
            mine = key not in self._known
            future = self._known.setdefault(key, Future())
        if mine:
            try:
                future.set_result(_found(task, spec, run))
            except BaseException as error:
                with self._lock:
                    del self._known[key]
                future.set_exception(error)
                raise
        return future.result()


def job_of(spec: UnitTests, code: str, seal: Seal | None) -> Job:
    """What the box is told."""
    told = {} if seal is None else {"seal": seal.name, "classes": None if seal.classes is None else list(seal.classes)}
    return {"spec": {**spec.model_dump(), **told}, "code": code}


def _found(task: Task, spec: UnitTests, run: Run) -> Seal:
    code = code_of(task, spec, task.reference).code if task.reference else ""
    classes = _classes(code) if code else None
    if spec.seal != "auto":
        return Seal(spec.seal, classes, "task")
    if code:
        for name in ("data", "objects"):
            seal = Seal(name, classes, "reference")
            if run(job_of(spec, code, seal))["verdict"] == "passed":
                return seal
    plain = asks_for_data(spec.style, spec.tests, spec.setup, spec.prelude, spec.entry_point)
    return Seal("data" if plain else "objects", classes, "tests")


def _classes(code: str) -> tuple[str, ...] | None:
    """Names that a module binds to classes: by a statement, or by a call or alias whose name begins with a capital."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = {node.name for node in body if isinstance(node, ast.ClassDef)}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Call, ast.Name)):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name) and target.id[:1].isupper()}
    return tuple(sorted(found))
