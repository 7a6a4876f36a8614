"""Isolation `inline`: tests reach into the answer's own objects, what that costs, and that nobody gets it unasked."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sandbox_rewards.audits.red_team import red_team
from sandbox_rewards.audits.suite_check import check_tasks
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_tasks.canary import canary_of
from sandbox_tasks.suite import TaskSuite
from sandbox_tasks.task import Task
from typer.testing import CliRunner

from sandbox_rl.cli import app


def inline(*tests: str, style: str = "asserts", reference: str | None = None, **spec: Any) -> Task:
    common = {"source": "unit_tests", "isolation": "inline", "time_limit_s": 2}
    reward = {**common, "style": style, "entry_point": "f", "tests": tests, **spec}
    return Task.model_validate({"id": "t", "prompt": "", "reference": reference, "rewards": [reward]})


def judged(task: Task, *answers: str) -> list[Grade]:
    with Grader("auto", 1) as grader:
        return grader.grade([task] * len(answers), answers)


ALWAYS_EQUAL = "class E:\n    def __eq__(self, o): return True\ndef f(x): return E()"


def test_tests_share_the_answers_namespace() -> None:
    task = inline("assert f.__globals__['table'] is table", "f(1)\nassert table == {1: 2} and HELP == 3", setup="HELP = 3")
    right, wrong = judged(task, "table = {}\ndef f(x): table[x] = x + 1", "table = {}\ndef f(x): pass")
    assert (right.verdict, right.tests_passed, right.detail) == ("passed", 2, "inline: not sealed off from the answer")
    assert (wrong.verdict, wrong.tests_passed) == ("failed", 1)


def test_the_prelude_comes_first_and_check_is_called() -> None:
    task = inline("def check(g):\n    assert g(1) == two()", style="check", prelude="def two(): return 2")
    assert [g.verdict for g in judged(task, "def f(x): return two()", "def f(x): return 3")] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("def f(x): return x", "failed"),
        ("def f(x) return x", "syntax_error"),
        ("def f(x): return 1 // 0", "runtime_error"),
        ("def g(x): return 2", "runtime_error"),
        ("def f(x):\n    while True: pass", "time_limit"),
        ("import time\ndef f(x): time.sleep(9)", "time_limit"),
        ("def f(x): return [0] * 10**10", "memory_limit"),
        ("import os\ndef f(x): os._exit(0)", "runtime_error"),
        ("import sys\nsys.exit(0)", "runtime_error"),
        ("", "no_answer"),
    ],
)
def test_verdicts_are_those_of_sealed_tests(answer: str, verdict: str) -> None:
    assert judged(inline("assert f(1) == 2"), answer)[0].verdict == verdict


def test_what_inline_costs_is_shown() -> None:
    sealed = inline("assert f(1) == 2", isolation="sealed")
    open_task = inline("assert f(1) == 2", extraction="raw")  # the reader would leave out what attacks when it is loaded
    with Grader("auto", 2) as grader:
        assert red_team([sealed], grader).earned == []
        found = red_team([open_task], grader)
    names = {result.cheat.name for result in found.earned}
    assert {"always-equal object", "mock.ANY", "frames", "forged count"} <= names
    assert f"not sealed off (isolation 'inline'): 1 task, t; {len(names)} cheats earned reward there" in found.statements()


def test_a_cheat_of_inline_tests_passes_their_canary_and_an_answer_does_not() -> None:
    canary = canary_of(inline("assert f(1) == 2"))
    assert canary is not None
    assert [g.verdict for g in judged(canary, ALWAYS_EQUAL, "def f(x): return x + 1")] == ["passed", "failed"]


OTHERS = ({"style": "stdio", "cases": [{"stdin": "", "stdout": "1"}]}, {"style": "pytest", "tests": ["x = 1"]})


@pytest.mark.parametrize("spec", OTHERS)
def test_other_styles_are_always_sealed(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="is always sealed, but isolation is 'inline'; leave `isolation` out"):
        Task.model_validate({"id": "t", "prompt": "", "rewards": [{"source": "unit_tests", "isolation": "inline", **spec}]})


def test_a_check_of_tasks_notes_it_without_failing(tmp_path: Path) -> None:
    task = inline("assert f(1) == 2", "assert f(5) == 6", reference="def f(x):\n    return x + 1")
    with Grader("auto", 1) as grader:
        assert [bool(c.problems) for c in check_tasks([task], grader)] == [False]
    TaskSuite(name="suite", tasks=(task,)).save(tmp_path / "suite.jsonl")
    ran = CliRunner().invoke(app, ["tasks", "check", str(tmp_path / "suite.jsonl")])
    assert ran.exit_code == 0
    assert "note: t inline: an answer can cheat its tests" in ran.stderr
