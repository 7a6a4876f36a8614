"""Every cheat earns nothing and every honest program passes, on every backend."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.runner.cell.clock import MOST
from sandbox_tasks.task import Task


def corpus(name: str) -> Any:
    """A module beside this one (tests are imported without a package)."""
    spec = importlib.util.spec_from_file_location(f"adversarial_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHEATS, HONEST, KNOWN_LIMITS = corpus("cheats").CHEATS, corpus("honest").HONEST, corpus("known_limits").KNOWN_LIMITS


def graded(backend: str, cases: dict[str, Any]) -> dict[str, Any]:
    tasks = [Task.model_validate({"id": name, "prompt": "", "rewards": [{"source": "unit_tests", **case.task_spec}]})
             for name, case in cases.items()]  # fmt: skip
    with Grader(backend, workers=2) as grader:
        grades = grader.grade(tasks, [case.answer for case in cases.values()])
    return dict(zip(cases, grades, strict=True))


def some_of(cases: dict[str, Any], backend: str) -> dict[str, Any]:
    """All cases on one backend; on the others, which share the judge with it, every twentieth of the largest family."""
    if backend == "namespaces":
        return cases
    return {name: case for i, (name, case) in enumerate(cases.items()) if not name.startswith("liar/") or i % 20 == 0}


def longest(case: Any) -> float:
    """Seconds that a grade may take however busy the machine is, and some for the machinery."""
    return float(MOST * case.task_spec["time_limit_s"] * max(1, len(case.task_spec.get("cases", ()))) + 10)


def test_no_cheat_is_rewarded_and_none_takes_the_judge_down(backend: str) -> None:
    cases = some_of(CHEATS, backend)
    grades = graded(backend, cases)
    paid = [name for name, grade in grades.items() if grade.reward != 0.0]
    assert not paid, f"{len(paid)} of {len(grades)}: {[(n, grades[n].verdict, grades[n].detail) for n in paid[:5]]}"
    late = [name for name, grade in grades.items() if grade.seconds > longest(cases[name])]
    assert not late


def test_the_cheats_on_the_wire_speak_its_language() -> None:
    """One that answers like an honest solution passes; were it not so, none of them would get as far as its attack."""
    honest = corpus("cheats").WIRE + "serve(lambda request: send(value(2)))"
    spec = {"source": "unit_tests", "style": "asserts", "tests": ["assert f(1) == 2"]}
    with Grader("local", workers=1) as grader:
        (grade,) = grader.grade([Task.model_validate({"id": "t", "prompt": "", "rewards": [spec]})], [honest])
    assert grade.verdict == "passed"


def test_every_honest_program_passes_but_for_the_known_limits(backend: str) -> None:
    cases = {name: case for name, case in HONEST.items() if name not in KNOWN_LIMITS[backend]}
    grades = graded(backend, cases)
    failed = {name: (grade.verdict, grade.detail) for name, grade in grades.items() if grade.verdict != "passed"}
    assert not failed, f"{len(failed)} of {len(grades)}: {failed}"
