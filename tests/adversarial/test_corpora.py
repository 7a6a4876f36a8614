"""Every cheat earns nothing and every honest program passes, on every backend."""

from __future__ import annotations

import importlib.util
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
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
    """Answers without a fence are taken as they stand: what the reader leaves out would not attack."""
    specs = {
        name: {"source": "unit_tests", **({} if "```" in case.answer else {"extraction": "raw"}), **case.task_spec}
        for name, case in cases.items()
    }
    tasks = [Task.model_validate({"id": name, "prompt": "", "rewards": [spec]}) for name, spec in specs.items()]
    with Grader(backend, workers=2) as grader:
        grades = grader.grade(tasks, [case.answer for case in cases.values()])
    return dict(zip(cases, grades, strict=True))


EVERY = 8
"""One case of so many is sampled."""


@pytest.fixture(params=["sample", pytest.param("others", marks=pytest.mark.rest)])
def share(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Which of the two shares of a corpus is run, and the seed that says what is in it."""
    return request.param, request.config.getoption("corpus_seed")


def shared_out(names: Iterable[str], share: tuple[str, int]) -> list[str]:
    """One name in `EVERY`, as many of each family (what stands before `/` or `:`), drawn by the seed; or all the others."""
    which, seed = share
    families: dict[str, list[str]] = defaultdict(list)
    for name in names:
        families[re.split("[/:]", name)[0]].append(name)
    chance = random.Random(seed)
    drawn = [name for family in families.values() for name in chance.sample(family, len(family))]
    return [name for place, name in enumerate(drawn) if (place % EVERY == 0) is (which == "sample")]


def test_the_two_shares_are_the_whole_corpus() -> None:
    sample, others = (shared_out(CHEATS, (which, 7)) for which in ("sample", "others"))
    assert sorted(sample + others) == sorted(CHEATS)
    assert len(sample) == -(-len(CHEATS) // EVERY)
    assert sample != shared_out(CHEATS, ("sample", 8))


def on(backend: str, names: Iterable[str]) -> list[str]:
    """All cheats on one backend; on the others, which share the judge with it, every twentieth of the largest family."""
    if backend == "namespaces":
        return list(names)
    return [name for i, name in enumerate(names) if not name.startswith("liar/") or i % 20 == 0]


def longest(case: Any) -> float:
    """Seconds that a grade may take however busy the machine is, and some for the machinery."""
    return float(MOST * case.task_spec["time_limit_s"] * max(1, len(case.task_spec.get("cases", ()))) + 10)


def test_no_cheat_is_rewarded_and_none_takes_the_judge_down(backend: str, share: tuple[str, int]) -> None:
    cases = {name: CHEATS[name] for name in shared_out(on(backend, CHEATS), share)}
    grades = graded(backend, cases)
    paid = [name for name, grade in grades.items() if grade.reward != 0.0]
    assert not paid, f"{share}: {len(paid)} of {len(grades)}: {[(n, grades[n].verdict, grades[n].detail) for n in paid[:5]]}"
    late = [name for name, grade in grades.items() if grade.seconds > longest(cases[name])]
    assert not late


def test_the_cheats_on_the_wire_speak_its_language() -> None:
    """One that answers like an honest solution passes; were it not so, none of them would get as far as its attack."""
    honest = corpus("cheats").WIRE + "serve(lambda request: send(value(2)))"
    spec = {"source": "unit_tests", "style": "asserts", "tests": ["assert f(1) == 2"], "seal": "objects"}
    with Grader("local", workers=1) as grader:
        (grade,) = grader.grade([Task.model_validate({"id": "t", "prompt": "", "rewards": [spec]})], [honest])
    assert grade.verdict == "passed"


def test_every_honest_program_passes_but_for_the_known_limits(backend: str, share: tuple[str, int]) -> None:
    cases = {name: HONEST[name] for name in shared_out((n for n in HONEST if n not in KNOWN_LIMITS[backend]), share)}
    grades = graded(backend, cases)
    failed = {name: (grade.verdict, grade.detail) for name, grade in grades.items() if grade.verdict != "passed"}
    assert not failed, f"{share}: {len(failed)} of {len(grades)}: {failed}"
