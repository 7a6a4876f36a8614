"""`doctor resume` proves what it says: a run whose steps repeat passes, one that differs is told by its step."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from sandbox_rewards.grade import Grade, Verdict
from sandbox_tasks.suite import load_suite

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.training.ppo import train_ppo
from sandbox_rl.training.resume_check import check_resume

SETTINGS: dict[str, Any] = {
    "model": {"max_new_tokens": 12},
    "ppo": {"steps": 5, "prompts_per_step": 2, "samples_per_prompt": 2, "minibatch_size": 2, "validate_every": 2, "canaries": 0},
    "eval": {"samples_per_task": 1},
}


class OddLengths:
    """A reward that needs no sandbox."""

    def prepare(self, tasks: object) -> None:
        """It needs nothing."""

    def grade(self, tasks: Any, completions: Any, on_grade: object = None) -> list[Grade]:
        return [Grade(task_id=t.id, reward=float(len(c) % 2), verdict=Verdict.failed, seconds=0.0)
                for t, c in zip(tasks, completions, strict=True)]  # fmt: skip


GRADER: Any = OddLengths()


def silent(**_: object) -> None:
    """No progress shown."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run of 5 steps on two tasks."""
    folder = tmp_path_factory.mktemp("resume")
    tasks = [*load_suite("quickstart").split("train")[:2], *load_suite("quickstart").split("validation")[:1]]
    (folder / "two.jsonl").write_text("".join(task.model_dump_json() + "\n" for task in tasks))
    new_tiny_policy([t.prompt for t in tasks], seed=0).save(folder / "base")
    config = RunConfig.model_validate(SETTINGS | {"suite": str(folder / "two.jsonl")})
    train_ppo(config, folder / "base", tasks[:2], tasks[2:], GRADER, folder / "run", resume=False, report=silent)
    return folder / "run"


def test_a_run_that_resumes_exactly_is_proven(run: Path, tmp_path: Path) -> None:
    found = check_resume(run, tmp_path / "again", GRADER, silent)
    assert (found.steps, found.resumed_after, found.differs) == (4, 2, None)


def test_a_step_that_differs_is_told(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("config.yaml", "environment.json"):
        (other / name).write_text((run / name).read_text())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    lines[3]["weights"] = lines[2]["weights"]  # as if the optimizer had forgotten its moments
    (other / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = check_resume(other, tmp_path / "again", GRADER, silent)
    assert (found.differs, found.what) == (4, "weights")


def test_every_step_changes_the_weights_and_draws_other_inputs(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert len({line["weights"] for line in lines}) == len({line["inputs"] for line in lines}) == 5


@pytest.mark.parametrize(("missing", "said"), [("metrics.jsonl", "holds no run of PPO"), ("config.yaml", "holds no run")])
def test_what_is_no_run_is_told(run: Path, tmp_path: Path, missing: str, said: str) -> None:
    for name in {"metrics.jsonl", "config.yaml", "environment.json"} - {missing}:
        (tmp_path / name).write_text((run / name).read_text())
    with pytest.raises(UserError, match=said):
        check_resume(tmp_path, tmp_path / "again", GRADER, silent)


def test_an_alarm_that_the_settings_name_stops_after_a_checkpoint(run: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load((run / "config.yaml").read_text())
    settings["monitors"] |= {"length": 1.0001, "stop": ["length"]}
    tasks = list(load_suite(settings["suite"]).split("train"))
    with pytest.raises(TrainingError, match=r"monitors.length allows a factor of 1\.0001.*monitors.stop names length"):
        train_ppo(
            RunConfig.model_validate(settings), run.parent / "base", tasks, tasks, GRADER, tmp_path, resume=False, report=silent
        )
    last = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])
    assert "length" in last["alarms"]
    assert (tmp_path / "checkpoints" / f"step-{last['step']:08d}").is_dir()
