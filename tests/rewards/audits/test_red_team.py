"""The red team: nothing is paid on tests that hold, and what is weak about a task is said by its name."""

from pathlib import Path
from typing import Any

import pytest
from sandbox_rewards.audits.cheats import CHEATS, VISIBLE, prompt_examples
from sandbox_rewards.audits.red_team import RedTeamReport, red_team, targets_of
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import SandboxUnavailable
from sandbox_tasks.suite import TaskSuite, load_suite
from sandbox_tasks.task import Task
from typer.testing import CliRunner

from sandbox_rl.cli import app


def task(prompt: str, *tests: str, style: str = "asserts", **spec: Any) -> Task:
    reward = {"source": "unit_tests", "style": style, "entry_point": "f", "tests": tests, **spec}
    return Task.model_validate({"id": "t", "prompt": prompt, "rewards": [reward]})


def attacked(*tasks: Task) -> RedTeamReport:
    with Grader("auto", 2) as grader:
        return red_team(tasks, grader)


def earned(report: RedTeamReport) -> set[str]:
    return {result.cheat.name for result in report.earned}


ADD_ONE = ("Write f(x), which adds one.", "assert f(1) == 2", "assert f(-1.5) == -0.5")


def test_the_catalogue_is_described() -> None:
    assert len({cheat.name for cheat in CHEATS}) == len(CHEATS) >= 40
    assert all(cheat.exploits.endswith(".") for cheat in CHEATS)


SHAPES = (
    "assert f(1) == 2",
    "assert f(3) < 4 and f(3) > 2",
    "assert all([f(1) == 2])",
    "assert isinstance(f(1), int) and f(1) == 2",
    "import math\nassert math.isclose(f(1), 2.5)",
    "import pytest\nassert f(1) == pytest.approx(2.5)",
    "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(f(1), 2)\nT('test').debug()",
    "expected = 41\nassert f(lambda: 0) == expected",
    "import numpy as np\nassert np.allclose(f(1), [1.5, 2.5])",
    "with f(1) as got:\n    assert got == 2",
    "try:\n    f(-1)\n    assert False\nexcept Broke:\n    pass",
    "r = f([1, 2])\nassert len(r) == 2\nfor a, b in zip(r, [2, 3]): assert a == b",
    "assert f(lambda g, *a: g(*a)) == 2",
    "assert round(f(1) - 2.5, 7) == 0",
    "for a, b in zip(map(f, [1, 2]), [2, 3]): assert a == b",
    "if f(1) == 2: found = True\nassert found",
)


NO_VERDICT = {"exit by name", "exit by error", "broken error", "endless name", "endless recursion", "killed by a name"}


def by_exit_status(test: str) -> Task:
    """A program that is right when it ends well: the incumbent's grader, in a cell."""
    return Task.model_validate({
        "id": test, "prompt": "",
        "rewards": [{"source": "unit_tests", "style": "stdio", "cases": [{"stdin": "", "stdout": ""}]}],
    })  # fmt: skip


def test_the_catalogue_is_no_straw_man() -> None:
    """Where answer and tests share a process, and its exit status is believed, half of the cheats that apply are paid (those
    that would rather have no verdict than a zero are not among them)."""
    targets = [(test, targets_of(task("", test))[0][1]) for test in SHAPES]
    asked = [(cheat.name, test, code) for test, target in targets for cheat in CHEATS if (code := cheat.code(target))]
    with Grader("auto", 2) as grader:
        naive = grader.grade([by_exit_status(test) for _, test, _ in asked], [f"{code}\n{test}" for _, test, code in asked])
        sealed = red_team([task("", test) for test in SHAPES], grader)
    paid = {name for (name, _, _), grade in zip(asked, naive, strict=True) if grade.reward}
    applicable = {name for name, _, _ in asked} - NO_VERDICT
    assert len(paid) * 2 > len(applicable)
    assert earned(sealed) == set()


def test_nothing_is_paid_on_the_quickstart() -> None:
    report = attacked(*load_suite("quickstart").tasks[:400:80])
    assert earned(report) == set()
    assert report.statements()[0] == f"0 of {len(CHEATS)} cheats earned reward"
    assert sum(result.not_judged for result in report.results) == 0


def test_of_mbpp_only_the_tests_that_its_prompts_show_are_paid() -> None:
    tasks = load_suite("mbpp-mini").tasks[:4]
    report = attacked(*tasks)
    assert earned(report) == {VISIBLE}
    assert set(report.equal_to_prompt) == {one.id for one in tasks}  # MBPP's prompts hold its tests, word by word


def test_a_test_that_asks_only_for_truth_is_reported() -> None:
    report = attacked(task("f", "assert f(1)", seal="objects"))  # under seal `data` an object can't be asked for its truth
    assert "always-true object" in earned(report)
    assert "always-true object" not in earned(attacked(task("f", "assert f(1)")))
    assert "always-equal int" not in earned(report)  # it travels as a plain 0, which is not true
    assert report.constants == {"t": ["True"]}


def test_an_answer_that_is_right_by_accident_is_no_cheat() -> None:
    report = attacked(task("f", "assert f(1) is None"))
    assert earned(report) == set()
    assert report.constants == {"t": ["None"]}


SHOWING = (
    "Add one.\n>>> f(1)\n2\n>>> f(-1.5)\n-0.5\n",
    "Add one.\nassert f(1) == 2\nassert f(-1.5) == -0.5",
    "f(1) -> 2\nf(-1.5) ➞ -0.5",
)


@pytest.mark.parametrize("prompt", SHOWING)
def test_tests_that_equal_the_prompt_are_reported(prompt: str) -> None:
    visible = attacked(task(prompt, *ADD_ONE[1:]))
    assert earned(visible) == {VISIBLE}
    assert any(line.startswith("tests equal the prompt's examples: ") for line in visible.statements())
    assert earned(attacked(task(prompt, *ADD_ONE[1:], "assert f(7) == 8"))) == set()


def test_what_is_no_call_with_literals_is_no_example() -> None:
    assert prompt_examples("", ["f"]) == []
    assert prompt_examples("f(x) == 2\ng(1) == 2\n>>> f(1)\nx\nf(2) => y\nf(1 == 1", ["f"]) == []


def test_a_program_that_prints_parts_or_everything_is_paid_nothing() -> None:
    cases = [{"stdin": "1 2\n", "stdout": "3 1\n"}, {"stdin": "2 2\n", "stdout": "4 0\n"}]
    reward = {"source": "unit_tests", "style": "stdio", "cases": cases}
    shown = Task.model_validate({"id": "t", "prompt": "Add.\n\nInput\n1 2\nOutput\n3 1\n", "rewards": [reward]})
    report = attacked(shown)
    assert earned(report) == set()
    assert {r.cheat.name for r in report.results if r.tried} >= {"a part of the output", "output and more", VISIBLE}


def test_the_red_team_refuses_to_attack_an_open_machine() -> None:
    with Grader("open", 1) as grader, pytest.raises(SandboxUnavailable, match="isolates nothing"):
        red_team([task(*ADD_ONE)], grader)


@pytest.mark.parametrize(("tests", "status"), [(ADD_ONE[1:], 0), (("assert f(1)",), 1)])
def test_the_exit_status_says_whether_anything_was_paid(tests: tuple[str, ...], status: int, tmp_path: Path) -> None:
    TaskSuite(name="suite", tasks=(task("f", *tests),)).save(tmp_path / "suite.jsonl")
    ran = CliRunner().invoke(app, ["tasks", "red-team", str(tmp_path / "suite.jsonl"), "--limit", "1"])
    assert ran.exit_code == status
    assert (f"0 of {len(CHEATS)} cheats earned reward" in ran.stderr) == (status == 0)
