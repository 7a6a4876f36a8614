"""The comparison end to end on a micro model: report, resume, and settings that must not change in between."""

import json
import re
from pathlib import Path

import pytest
from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import TaskSuite, load_suite
from sandbox_tasks.task import Task, UnitTests

from sandbox_rl.compare import compare
from sandbox_rl.comparison import Comparison, Estimate, conclude
from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.report import load_report, write_report


def silent(**_: object) -> None:
    """No progress shown."""


EASY = UnitTests(style="asserts", tests=("assert x == 1",))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """Two stages of imitation from a suite of a few tasks, so easy that some answers pass."""
    suite = load_suite("quickstart")
    few = [*suite.split("train")[:4], *suite.split("validation")[:2], *suite.split("test")[:3]]
    easy = [
        Task(id=task.id, split=task.split, prompt=f"# f{i}", reference=f"x=1#{i}", rewards=(EASY,)) for i, task in enumerate(few)
    ]
    path = tmp_path_factory.mktemp("suite") / "easy.jsonl"
    TaskSuite(name="easy", tasks=tuple(easy)).save(path)
    settings = {
        "suite": str(path),
        "model": {"max_new_tokens": 6},
        "sft": {"steps": 30, "batch_size": 4, "learning_rate": 0.003},
        "ppo": {"steps": 2, "prompts_per_step": 2, "samples_per_prompt": 2, "minibatch_size": 4, "validate_every": 1},
        "pairs": {"samples_per_prompt": 16},
        "dpo": {"epochs": 1, "batch_size": 4, "validate_every": 1},
        "eval": {"samples_per_task": 2, "k": 2},
        "sandbox": {"workers": 2},
    }
    return RunConfig.model_validate(settings)


@pytest.fixture(scope="module")
def run(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    folder = tmp_path_factory.mktemp("run")
    with Grader(workers=2) as grader:
        return folder, compare(config, 2, folder, grader, resume=False, report=silent, command="sandbox-rl compare")


def test_a_comparison_counts_every_arm_and_seed(run: tuple[Path, Comparison]) -> None:
    _, found = run
    assert [arm.name for arm in found.arms] == ["base", "dpo", "ppo"]
    for arm in found.arms:
        assert len(arm.per_seed) == 2
        assert sum(arm.verdicts.values()) == 2 * 3 * 2  # seeds, tasks, answers
        assert arm.pass_at_1.mean == pytest.approx(arm.verdicts.get("passed", 0) / 12)
    assert found.arms[2].completions == 2 * 2 * 2  # steps, prompts, samples
    assert found.arms[1].completions == 4 * 16


def test_the_report_is_inert_and_whole(run: tuple[Path, Comparison]) -> None:
    folder, found = run
    hostile = found.model_copy(update={"title": "<script>alert(1)</script> ```"})
    page = write_report(hostile, folder).read_text()
    assert "<script>" not in page
    assert not re.search(r'(src|href)="?http', page)  # names of XML namespaces are no addresses to load
    assert load_report(folder) == hostile
    assert f"| ppo | {found.arms[2].pass_at_1.mean:.3f} |" in (folder / "report.md").read_text()


def test_a_finished_run_resumes_at_once_and_only_with_its_own_settings(run: tuple[Path, Comparison], config: RunConfig) -> None:
    folder, found = run
    with Grader(workers=1) as grader:
        again = compare(config, 2, folder, grader, resume=True, report=silent, command="sandbox-rl compare")
        assert again.arms == found.arms
        other = config.model_copy(update={"seed": 9})
        with pytest.raises(UserError, match="other settings"):
            compare(other, 2, folder, grader, resume=True, report=silent, command="")
    assert json.loads((folder / "config.json").read_text())["seed"] == 0


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.3, "PPO beats DPO"), (-0.3, -0.1, "PPO is worse than DPO"), (-0.1, 0.2, "No difference shown")],
)
def test_the_conclusion_follows_from_the_interval(run: tuple[Path, Comparison], low: float, high: float, said: str) -> None:
    _, found = run
    lines = conclude(found.arms, {"ppo - dpo": Estimate(mean=(low + high) / 2, low=low, high=high)}, seeds=2)
    assert lines[0].startswith(said)
