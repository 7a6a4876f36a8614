"""Canaries: contradictory tests that no honest answer passes, and the alarm when one is rewarded all the same."""

import json
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.source import RewardItem
from sandbox_rewards.sources.unit_tests import UnitTestsReward
from sandbox_tasks.canary import canary_of, different
from sandbox_tasks.suite import load_suite, shipped_suites
from sandbox_tasks.task import Task, UnitTests

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import RunFolder
from sandbox_rl.training.canaries import Canaries
from sandbox_rl.training.ppo import train_ppo
from sandbox_rl.training.processes import Processes

TASKS = load_suite("quickstart").split("train")[:6]
CONFIG = RunConfig.model_validate(
    {
        "model": {"max_new_tokens": 12},
        "ppo": {"steps": 3, "prompts_per_step": 3, "samples_per_prompt": 2, "minibatch_size": 2, "validate_every": 2},
        "eval": {"samples_per_task": 1},
    }
)


def silent(**_: object) -> None:
    """No progress shown."""


class Pays(UnitTestsReward):
    """A broken reward that runs nothing: `rewards` says what each answer earns, from the first asked on."""

    def __init__(self, rewards: Iterable[float]) -> None:
        super().__init__()
        self.rewards = iter(rewards)

    def stream(self, items: Iterable[RewardItem | None]) -> Iterator[Grade | None]:
        for item in items:
            yield Grade(task_id=item.task.id, reward=next(self.rewards), verdict=Verdict.passed) if item else None


def always() -> Pays:
    return Pays(repeat(1.0))


def grader_with(source: UnitTestsReward) -> Grader:
    """A grader whose unit tests are judged by `source`."""
    grader = Grader()
    grader._sources["unit_tests"] = source
    return grader


def task(style: str, *tests: str, **spec: Any) -> Task:
    reward = {"source": "unit_tests", "style": style, "entry_point": "f", "tests": tests, **spec}
    return Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})


def canary_tests(one: Task) -> tuple[str, ...]:
    canary = canary_of(one)
    assert canary is not None
    return tuple(canary.rewards[0].tests)  # type: ignore[union-attr]


def is_tested(name: str) -> bool:
    return any(isinstance(spec, UnitTests) for spec in load_suite(name).tasks[0].rewards)


@pytest.mark.parametrize("name", [info.name for info in shipped_suites() if is_tested(info.name)])
def test_no_reference_of_a_shipped_suite_passes_its_canary(name: str) -> None:
    tasks = load_suite(name).tasks
    canaries = [canary for one in tasks if (canary := canary_of(one))]
    assert len(canaries) == len(tasks)
    with Grader("auto", 2) as grader:
        grades = grader.grade(canaries, [one.reference or "" for one in tasks])
    assert {grade.verdict for grade in grades} == {"failed"}  # not an error: the canary's tests run, and say no


def test_an_equality_asks_for_two_values_at_once() -> None:
    assert canary_tests(task("asserts", "x = 1", "assert f(x) == 2")) == (
        "x = 1",
        "assert (_the_value := f(x)) == 2 and _the_value == 0",
    )
    assert canary_tests(task("asserts", "assert 'a' == f(1)")) == ("assert (_the_value := f(1)) == 'a' and _the_value == ''",)
    assert canary_tests(task("asserts", "assert f(1)")) == ("assert f(1)", "assert not (f(1))")
    assert canary_tests(task("asserts", "for x in (1, 2): assert f(x)"))[-1] == "assert False"


@pytest.mark.parametrize("value", [0, 7, True, 0.5, 0.0, 1e300, 1j, "", "x", b"", b"x", [], [0], (), (1,), {}, {1: 2}, {1}, None])
def test_another_value_differs(value: object) -> None:
    assert different(value) != value


ANSWER = "def f(x): return x + 1"
ALWAYS_EQUAL = "class E:\n    def __eq__(self, o): return True\ndef f(x): return E()"
BY_STYLE = {
    "asserts": task("asserts", "assert f(1) == 2"),
    "check": task("check", "def check(g):\n    assert g(1) == 2"),
    "check, no equality": task("check", "def check(g):\n    for x in (1, 2):\n        assert g(x) == x + 1"),
}


@pytest.mark.parametrize("style", BY_STYLE)
def test_an_honest_answer_passes_the_task_and_not_its_canary(style: str) -> None:
    canary = canary_of(BY_STYLE[style])
    assert canary is not None
    with Grader("auto", 1) as grader:
        assert [g.verdict for g in grader.grade([BY_STYLE[style], canary], [ANSWER] * 2)] == ["passed", "failed"]


def test_a_program_is_asked_for_two_outputs() -> None:
    reward = {"source": "unit_tests", "style": "stdio", "cases": [{"stdin": "1", "stdout": "2\n"}]}
    canary = canary_of(Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]}))
    assert canary is not None
    with Grader("auto", 1) as grader:
        assert grader.grade([canary], ["print(int(input()) + 1)"])[0].tests_passed == 1


@pytest.mark.parametrize("style", ["asserts", "check"])
def test_in_one_process_a_cheat_passes_the_canary(style: str) -> None:
    """Plain exec, as an unsealed grader would: what canaries are there to notice."""
    namespace: dict[str, Any] = {}
    exec("\n".join([ALWAYS_EQUAL, *canary_tests(BY_STYLE[style])]), namespace)
    if style == "check":
        namespace["check"](namespace["f"])


def test_a_pytest_module_gets_a_contradiction() -> None:
    tests = canary_tests(task("pytest", "from solution import f\ndef test_f():\n    assert f(1) == 2"))
    assert "_the_value == 0" in tests[0]
    tests = canary_tests(task("pytest", "from solution import f\n@mark\ndef test_f(x):\n    assert f(x) == 2"))
    assert tests[0].endswith("def test_canary():\n    assert False\n")


def test_a_task_without_unit_tests_has_no_canary() -> None:
    assert canary_of(Task.model_validate({"id": "t", "prompt": "", "rewards": [{"source": "short_answers"}]})) is None


def test_a_reward_that_always_pays_stops_the_run(tmp_path: Path) -> None:
    base, folder = tmp_path / "base", tmp_path / "run"
    new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0).save(base)
    with grader_with(always()) as grader, pytest.raises(TrainingError) as caught:
        train_ppo(CONFIG, base, TASKS, TASKS[:2], grader, folder, resume=False, report=silent)
    line = json.loads((folder / "canaries.jsonl").read_text().splitlines()[0])
    said = str(caught.value)
    assert "step 1" in said
    assert line["task_id"] in said
    assert str(folder / "canaries.jsonl") in said
    assert line["text"] == json.loads((folder / "samples.jsonl").read_text().splitlines()[0])["text"]
    logged = [json.loads(row) for row in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [(row["canaries"], row["canary_rewards"]) for row in logged] == [(4, 4)]  # the default of ppo.canaries
    state = RunFolder(folder).newest()
    assert state is not None
    assert state["step"] == 1  # saved out of turn: validate_every is 2


def test_what_passes_once_by_chance_is_no_alarm(tmp_path: Path) -> None:
    samples = [{"task_id": TASKS[0].id, "text": "x", "reward": 1.0}]
    with grader_with(Pays([1.0, 0.0])) as grader:
        canaries = Canaries(TASKS, grader, 4, tmp_path, Processes())
        assert canaries.watch(1, samples) == {"canaries": 1, "canary_rewards": 0}
    canaries.stop_if_rewarded()


def test_no_canaries_when_turned_off_and_none_for_answers_that_earned_nothing(tmp_path: Path) -> None:
    rows = [{"task_id": TASKS[0].id, "text": "x", "reward": reward} for reward in (0.0, None)]
    with grader_with(always()) as grader:
        assert Canaries(TASKS, grader, 4, tmp_path, Processes()).watch(1, rows) == {"canaries": 0, "canary_rewards": 0}
        paid = [{**rows[0], "reward": 1.0}]
        assert Canaries(TASKS, grader, 0, tmp_path, Processes()).watch(1, paid) == {"canaries": 0, "canary_rewards": 0}
