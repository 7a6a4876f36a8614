"""The comparison end to end on a micro model: report, resume, and settings that must not change in between."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import TaskSuite, load_suite
from sandbox_tasks.task import Task, UnitTests

from sandbox_rl.config import CompareConfig, RunConfig
from sandbox_rl.decide.compare import compare
from sandbox_rl.decide.comparison import Comparison, Estimate, checkpoints, conclude, over_optimisation
from sandbox_rl.decide.report import load_report, write_report
from sandbox_rl.errors import UserError
from sandbox_rl.policy.evaluation import evaluate
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.runs.run_folder import config_of
from sandbox_rl.training.resume_check import check_resume
from sandbox_rl.training.reward_model import load_reward_model


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


@pytest.fixture(scope="module")
def learned_config(config: RunConfig) -> RunConfig:
    """The same with the arm that learns from a reward model, and a step more than its second checkpoint."""
    ppo = config.ppo.model_copy(update={"steps": 3})
    return config.model_copy(update={"compare": CompareConfig(learned_reward=True), "ppo": ppo})


@pytest.fixture(scope="module")
def learned_run(learned_config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    folder = tmp_path_factory.mktemp("learned")
    with Grader(workers=2) as grader:
        return folder, compare(learned_config, 1, folder, grader, resume=False, report=silent, command="sandbox-rl compare")


def lines_of(folder: Path, arm: str) -> list[dict[str, Any]]:
    """Metrics of the first seed without what a clock measured."""
    lines = [json.loads(line) for line in (folder / "seed-0" / arm / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "seconds" not in k and k != "memory_mb"} for line in lines]


def test_the_arm_that_learns_from_a_model_is_compared_like_the_others(learned_run: tuple[Path, Comparison]) -> None:
    folder, found = learned_run
    assert [arm.name for arm in found.arms] == ["base", "dpo", "ppo", "ppo_learned"]
    learned = found.arms[3]
    assert learned.completions == 4 * 16 + 3 * 2 * 2  # the pairs' answers, and steps, prompts, samples
    clocks = [folder / "seed-0" / f"{phase}.seconds.json" for phase in ("pairs", "reward_model", "ppo_learned")]
    assert learned.wall_seconds == pytest.approx(sum(float(clock.read_text()) for clock in clocks))
    gap = found.arms[2].pass_at_1.mean - learned.pass_at_1.mean
    assert found.differences["ppo - ppo_learned"].mean == pytest.approx(gap)
    assert any("PPO with executed reward" in line and "PPO with learned reward" in line for line in found.conclusion)


def test_its_metrics_hold_proxy_reward_and_executed_pass_rate(learned_run: tuple[Path, Comparison]) -> None:
    folder, _ = learned_run
    lines = lines_of(folder, "ppo_learned")
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    assert all(line["validation_proxy_reward"] is not None and line["validation_pass_rate"] is not None for line in lines)
    assert [line["pass_rate"] for line in lines[1:]] == [None] * 3  # a score passes nothing
    assert [line["canaries"] for line in lines[1:]] == [0] * 3  # no test pays here
    assert all("validation_proxy_reward" not in line for line in lines_of(folder, "ppo"))


def test_the_proxy_is_the_mean_score_of_the_answers_that_were_executed(
    learned_run: tuple[Path, Comparison], learned_config: RunConfig
) -> None:
    """Validation of the best policy, and of the base, done again by hand."""
    folder, _ = learned_run
    run = folder / "seed-0"
    model = load_reward_model(run / "reward_model" / "model")
    tasks = load_suite(learned_config.suite).split("validation")
    best = json.loads((run / "ppo_learned" / "done.json").read_text())["best_step"]
    for policy, step in ((run / "sft" / "policy", 0), (run / "ppo_learned" / "policy", best)):
        with Grader(workers=1) as grader:
            found = evaluate(learned_config, load_policy(policy), tasks, grader, seed=0)
        scores = [model.scores([f"{t.prompt}\n{text}"])[0] for t, a in zip(tasks, found.tasks, strict=True) for text in a.texts]
        line = lines_of(folder, "ppo_learned")[step]
        assert line["validation_pass_rate"] == found.pass_rate()
        # float32 scores, padded with other neighbours
        assert line["validation_proxy_reward"] == pytest.approx(sum(scores) / len(scores), abs=1e-4)


def test_the_other_arms_are_what_they_are_without_it(
    learned_run: tuple[Path, Comparison], learned_config: RunConfig, tmp_path: Path
) -> None:
    folder, found = learned_run
    without = learned_config.model_copy(update={"compare": CompareConfig()})
    with Grader(workers=2) as grader:
        alone = compare(without, 1, tmp_path, grader, resume=False, report=silent, command="")
    assert [arm.name for arm in alone.arms] == ["base", "dpo", "ppo"]
    measured = lines_of(folder, "ppo")
    assert all(line.pop("validation_kl") >= 0 for line in measured)
    assert lines_of(tmp_path, "ppo") == measured
    assert [arm.per_seed for arm in alone.arms] == [arm.per_seed for arm in found.arms[:3]]
    assert not alone.scorers
    assert "proxy" not in write_report(alone, tmp_path).read_text()


def test_the_report_draws_proxy_and_over_optimisation(learned_run: tuple[Path, Comparison]) -> None:
    folder, found = learned_run
    page = write_report(found, folder).read_text()
    assert page.count("<svg") == 4 + 3
    assert "√KL to base" in page
    assert f"<td>{found.scorers[0].accuracy:.3f}</td>" in page
    point = checkpoints(found.curves, "ppo_learned")[0][-1]
    assert f"| 0 | 3 | {point.distance:.2f} | {point.proxy:+.2f} | {point.executed:.3f} |" in (folder / "report.md").read_text()
    assert load_report(folder) == found


KILLED = """
import os, signal, sys
from pathlib import Path
from sandbox_rewards.grading import Grader
from sandbox_rl.decide.compare import compare
from sandbox_rl.config import RunConfig
def killer(*, phase, step, total, **figures):
    if phase == "PPO, learned reward" and step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
config = RunConfig.model_validate_json(sys.argv[1])
with Grader(workers=2) as grader:
    compare(config, 1, Path(sys.argv[2]), grader, resume=False, report=killer, command="")
"""


def test_killed_in_the_middle_of_the_arm_it_goes_on_to_the_same_numbers(
    learned_run: tuple[Path, Comparison], learned_config: RunConfig, tmp_path: Path
) -> None:
    folder, found = learned_run
    command = [sys.executable, "-c", KILLED, learned_config.model_dump_json(), str(tmp_path)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "seed-0" / "ppo_learned" / "done.json").exists()
    with Grader(workers=2) as grader:
        again = compare(learned_config, 1, tmp_path, grader, resume=True, report=silent, command="")
    assert lines_of(tmp_path, "ppo_learned") == lines_of(folder, "ppo_learned")
    assert [(arm.per_seed, arm.completions) for arm in again.arms] == [(arm.per_seed, arm.completions) for arm in found.arms]


def test_the_arm_is_a_run_of_ppo_that_doctor_can_prove(learned_run: tuple[Path, Comparison], tmp_path: Path) -> None:
    run = learned_run[0] / "seed-0" / "ppo_learned"
    with Grader(workers=1) as grader:
        found = check_resume(run, tmp_path / "again", grader, silent)
    assert config_of(run).ppo.reward_model == str((run.parent / "reward_model" / "model").resolve())
    assert (found.steps, found.resumed_after, found.differs) == (3, 1, None)


def test_over_optimisation_by_hand() -> None:
    """Two seeds whose proxy rises from (0 + .2)/2 over 1 to 3 while the pass rate goes .3, .5, .1."""
    learned = [
        [{"step": s, "validation_kl": s**2, "validation_proxy_reward": p, "validation_pass_rate": r} for s, p, r in seed]
        for seed in ([(0, 0.0, 0.2), (2, 1.0, 0.6), (4, 3.0, 0.1)], [(0, 0.2, 0.4), (2, 1.0, 0.4), (4, 3.0, 0.1)])
    ]
    executed = [[{"step": 1}, {"step": 2, "validation_kl": 9.0, "validation_pass_rate": 0.7}]] * 2
    curves = {"ppo": executed, "ppo_learned": learned}
    (said,) = over_optimisation(curves)
    assert "went from 0.10 to 3.00" in said
    assert "from 0.300 to 0.100; it was highest at step 2 (0.500), where the proxy was 1.00" in said
    assert checkpoints(curves, "ppo")[1] == [(0, 0, 0.4, None), (2, 3, 0.7, None)]
    assert [p.distance for p in checkpoints(curves, "ppo_learned")[0]] == [0, 2, 4]
