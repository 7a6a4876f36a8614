"""Every phase on a micro model: interrupted and resumed it ends with the same bytes; outages are never zeros."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from sandbox_rewards.grade import Grade, Verdict
from sandbox_tasks.suite import load_suite
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.policy.evaluation import evaluate
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.metrics import read_metrics
from sandbox_rl.runs.run_folder import config_of
from sandbox_rl.training.dpo import train_dpo
from sandbox_rl.training.pairs import sample_pairs
from sandbox_rl.training.ppo import train_ppo
from sandbox_rl.training.sft import train_sft

TASKS = load_suite("quickstart").split("train")[:6]
SETTINGS: dict[str, Any] = {
    "model": {"max_new_tokens": 40},
    "sft": {"steps": 104, "batch_size": 1},
    "ppo": {
        "steps": 4,
        "prompts_per_step": 2,
        "samples_per_prompt": 4,
        "minibatch_size": 4,
        "validate_every": 2,
        "kl_target": 1.0,
        "canaries": 0,  # the made-up rule looks at no test, so contradictory ones would be paid too
    },
    "pairs": {"samples_per_prompt": 24},
    "dpo": {"batch_size": 2, "validate_every": 2, "learning_rate": 1e-3},
    "eval": {"samples_per_task": 2},
}
CONFIG = RunConfig.model_validate(SETTINGS)


class MadeUpGrader:
    """Judges by a rule on the text, so that no sandbox is needed; None is an outage."""

    def __init__(self, rule: Callable[[str], float | None]) -> None:
        self.rule = rule

    def prepare(self, tasks: object) -> None:
        """It needs nothing."""

    def grade(self, tasks: Sequence[Task], completions: Sequence[str], on_grade: object = None) -> list[Grade]:
        return [self._grade(task, self.rule(text)) for task, text in zip(tasks, completions, strict=True)]

    def _grade(self, task: Task, reward: float | None) -> Grade:
        verdict = Verdict.no_verdict if reward is None else Verdict.passed if reward == 1 else Verdict.failed
        return Grade(task_id=task.id, reward=reward, verdict=verdict, seconds=0.001)


GRADER: Any = MadeUpGrader(lambda text: float(len(text) % 2))
OUTAGE: Any = MadeUpGrader(lambda text: None)


class Interrupted(Exception):
    """What a test raises in the middle of a phase."""


def silent(**_: object) -> None:
    """No progress shown."""


def interrupting(at: int) -> Callable[..., None]:
    def report(*, step: int, **_: object) -> None:
        if step == at:
            raise Interrupted

    return report


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0).save(folder)
    return folder


@pytest.fixture(scope="module")
def pairs(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_pairs(CONFIG, base, TASKS, GRADER, tmp_path_factory.mktemp("pairs"), resume=False, report=silent)


def same_after_an_interruption(train: Callable[..., Path], tmp_path: Path, at: int) -> None:
    whole = train(tmp_path / "whole", resume=False, report=silent)
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", resume=False, report=interrupting(at))
    cut = train(tmp_path / "cut", resume=True, report=silent)
    for name in ("model.safetensors", "value_head.safetensors"):
        assert (whole / name).read_bytes() == (cut / name).read_bytes()
    assert lines(whole.parent / "metrics.jsonl") == lines(cut.parent / "metrics.jsonl")
    assert lines(whole.parent / "samples.jsonl") == lines(cut.parent / "samples.jsonl")


def lines(file: Path) -> list[dict[str, object]]:
    """Without what a clock measured."""
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [{k: v for k, v in line.items() if "seconds" not in k and k != "memory_mb"} for line in lines]


@pytest.mark.parametrize("at", [1, 3, 4])  # before the first checkpoint, between two, after the last
def test_ppo_resumes_to_the_same_bytes(base: Path, tmp_path: Path, at: int) -> None:
    def train(path: Path, **options: Any) -> Path:
        return train_ppo(CONFIG, base, TASKS, TASKS[:2], GRADER, path, **options)

    same_after_an_interruption(train, tmp_path, at)


def test_dpo_resumes_to_the_same_bytes(base: Path, pairs: Path, tmp_path: Path) -> None:
    def train(path: Path, **options: Any) -> Path:
        return train_dpo(CONFIG, base, pairs, TASKS[:2], GRADER, path, **options)

    same_after_an_interruption(train, tmp_path, 3)


def test_the_warm_start_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    def train(path: Path, **options: Any) -> Path:
        return train_sft(CONFIG, TASKS, GRADER, path, **options)

    same_after_an_interruption(train, tmp_path, 103)


def test_pairs_of_noisy_tasks_are_left_out_and_others_carry_their_chance_of_a_flip(base: Path, tmp_path: Path) -> None:
    def rates(a: int, b: int) -> dict[str, Any]:
        return {
            "false_negative": {"count": a, "runs": 100},
            "false_positive": {"count": b, "runs": 100},
            "undecided": 0,
            "no_verdict": 0,
        }

    noisy, slight, *steady = [task.id for task in TASKS]
    known = [{"task_id": noisy, **rates(30, 0)}, {"task_id": slight, **rates(8, 6)}, {"task_id": steady[0], **rates(0, 0)}]
    (tmp_path / "noise.jsonl").write_text("".join(json.dumps(line) + "\n" for line in known))
    plain = lines(sample_pairs(CONFIG, base, TASKS, GRADER, tmp_path / "plain", resume=False, report=silent))
    told = RunConfig.model_validate({**SETTINGS, "pairs": {**SETTINGS["pairs"], "noise": str(tmp_path / "noise.jsonl")}})
    pairs_file = sample_pairs(told, base, TASKS, GRADER, tmp_path / "told", resume=False, report=silent)
    found = lines(pairs_file)
    assert {pair["task_id"] for pair in plain} == {task.id for task in TASKS}
    assert [{**pair, "flip": 0.0} for pair in found] == [pair for pair in plain if pair["task_id"] != noisy]
    assert {pair["task_id"] for pair in found if pair["flip"] > 0} == {slight}
    done = json.loads((tmp_path / "told" / "done.json").read_text())
    assert done["noisy_pairs_left_out"] == len(plain) - len(found) > 0
    losses = {}
    for smoothing in ("noise", 0.0):
        config = RunConfig.model_validate(
            {**SETTINGS, "dpo": {**SETTINGS["dpo"], "loss": "robust", "label_smoothing": smoothing}}
        )
        folder = tmp_path / str(smoothing)
        train_dpo(config, base, pairs_file, TASKS[:2], GRADER, folder, resume=False, report=silent)
        losses[smoothing] = [line["loss"] for line in lines(folder / "metrics.jsonl")]
    assert losses["noise"] != losses[0.0]


def test_a_noise_file_that_is_not_there_is_named(base: Path, tmp_path: Path) -> None:
    told = RunConfig.model_validate({**SETTINGS, "pairs": {"noise": "nowhere.jsonl"}})
    with pytest.raises(UserError, match=r"pairs\.noise names nowhere\.jsonl, which is not there"):
        sample_pairs(told, base, TASKS, GRADER, tmp_path, resume=False, report=silent)


def test_micro_batches_of_dpo_change_only_the_last_digits(base: Path, pairs: Path, tmp_path: Path) -> None:
    small = RunConfig.model_validate({**SETTINGS, "model": {**SETTINGS["model"], "micro_batch_size": 2}})
    for name, config in (("whole", CONFIG), ("split", small)):
        train_dpo(config, base, pairs, TASKS[:2], GRADER, tmp_path / name, resume=False, report=silent)
    one, other = (lines(tmp_path / name / "metrics.jsonl")[1] for name in ("whole", "split"))
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)  # float32; the second step has the first's update in it


def test_a_run_tells_its_settings_and_is_not_resumed_with_others(base: Path, tmp_path: Path) -> None:
    train_ppo(CONFIG, base, TASKS, TASKS[:2], GRADER, tmp_path, resume=False, report=silent)
    assert RunConfig.model_validate(yaml.safe_load((tmp_path / "config.yaml").read_text())) == CONFIG
    assert json.loads((tmp_path / "environment.json").read_text())["torch"]
    other = CONFIG.model_copy(update={"ppo": CONFIG.ppo.model_copy(update={"steps": 9})})
    with pytest.raises(UserError, match="steps: 4 before, 9 now"):
        train_ppo(other, base, TASKS, TASKS[:2], GRADER, tmp_path, resume=True, report=silent)
    with pytest.raises(UserError, match="holds a run already"):
        train_ppo(CONFIG, base, TASKS, TASKS[:2], GRADER, tmp_path, resume=False, report=silent)


def test_answers_without_a_verdict_are_left_out_and_counted(base: Path, tmp_path: Path) -> None:
    half: Any = MadeUpGrader(lambda text: None if len(text) % 2 else 1.0)
    train_ppo(CONFIG, base, TASKS, TASKS[:2], half, tmp_path, resume=False, report=silent)
    for line in lines(tmp_path / "metrics.jsonl"):
        assert line["completions"] == 8
        assert 0 < int(str(line["no_verdict"])) < 8
        assert line["reward"] == line["pass_rate"] == 1.0


def test_a_step_without_any_verdict_changes_no_weight(base: Path, tmp_path: Path) -> None:
    """The grader is gone for all of training and comes back for validation: the base is what is kept."""

    class Training:
        def prepare(self, tasks: object) -> None:
            """It needs nothing."""

        def grade(self, tasks: Sequence[Task], completions: Sequence[str], on_grade: object = None) -> list[Grade]:
            rule = GRADER if len(completions) == 4 else OUTAGE  # validation asks 2 tasks x 2
            return list(rule.grade(tasks, completions))

    grader: Any = Training()
    kept = train_ppo(CONFIG, base, TASKS, TASKS[:2], grader, tmp_path, resume=False, report=silent)
    assert (kept / "model.safetensors").read_bytes() == (base / "model.safetensors").read_bytes()
    assert [line["reward"] for line in lines(tmp_path / "metrics.jsonl")] == [None] * 4


def test_an_outage_at_validation_stops_the_run_and_leaves_it_resumable(base: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="judged right or wrong at step 2"):
        train_ppo(CONFIG, base, TASKS, TASKS[:2], OUTAGE, tmp_path, resume=False, report=silent)
    train_ppo(CONFIG, base, TASKS, TASKS[:2], GRADER, tmp_path, resume=True, report=silent)
    assert len(lines(tmp_path / "metrics.jsonl")) == 4


def test_evaluation_counts_neither_way_what_has_no_verdict(base: Path) -> None:
    some: Any = MadeUpGrader(lambda text: None if len(text) % 2 else 1.0)
    found = evaluate(CONFIG, load_policy(base), TASKS, some, seed=3)
    assert found.pass_rate() == 1.0
    assert sum(t.judged for t in found.tasks) == found.verdicts()["passed"] < 12


def test_a_reward_that_is_no_number_is_told(base: Path, tmp_path: Path) -> None:
    broken: Any = MadeUpGrader(lambda text: float("nan"))
    with pytest.raises(TrainingError, match="was graded nan"):
        train_ppo(CONFIG, base, TASKS, TASKS[:2], broken, tmp_path, resume=False, report=silent)


def test_pairs_are_of_better_and_worse_answers(pairs: Path) -> None:
    found = [json.loads(line) for line in pairs.read_text().splitlines()]
    policy_ids = {task.id: task.prompt for task in TASKS}
    assert found
    for pair in found:
        assert pair["rejected_truncated"] or pair["chosen_grade"]["reward"] > pair["rejected_grade"]["reward"]
        assert pair["chosen"] != pair["rejected"]
        assert policy_ids[pair["task_id"]] == pair["prompt"]
    counts = [sum(pair["task_id"] == task.id for pair in found) for task in TASKS]
    assert max(counts) <= CONFIG.pairs.max_pairs_per_task


def changed(**ppo: Any) -> RunConfig:
    return RunConfig.model_validate({**SETTINGS, "ppo": {**SETTINGS["ppo"], **ppo}})


def test_the_advice_of_an_error_can_be_followed(base: Path, tmp_path: Path) -> None:
    """A rate that breaks the numbers after a checkpoint; with the lower one that the error names the run goes on to its end."""
    train_ppo_until(3, changed(kl_target=None), base, tmp_path)
    calm = changed(learning_rate=1e-6, kl_coefficient=0.5, kl_target=None)
    train_ppo(calm, base, TASKS, TASKS[:2], GRADER, tmp_path, resume=True, report=silent)
    assert lines(tmp_path / "changes.jsonl") == [
        {"after_step": 2, "changes": {"ppo.learning_rate": [1e-4, 1e-6], "ppo.kl_coefficient": [0.02, 0.5]}}
    ]
    found = lines(tmp_path / "metrics.jsonl")
    assert [line["kl_coefficient"] for line in found] == [0.02, 0.02, 0.5, 0.5]
    assert [line.get("changed") for line in found] == [None, None, ["ppo.kl_coefficient", "ppo.learning_rate"], None]
    assert [float(str(line["learning_rate"])) > 1e-5 for line in found] == [True, True, False, False]
    assert config_of(tmp_path) == calm


def test_a_change_counts_also_when_the_run_breaks_again_before_a_checkpoint(base: Path, tmp_path: Path) -> None:
    train_ppo_until(3, CONFIG, base, tmp_path)
    for _ in range(2):
        train_ppo_until(3, changed(kl_coefficient=0.5), base, tmp_path, resume=True)
    assert lines(tmp_path / "metrics.jsonl")[2]["kl_coefficient"] == 0.5
    assert len(lines(tmp_path / "changes.jsonl")) == 1


def train_ppo_until(step: int, config: RunConfig, base: Path, folder: Path, *, resume: bool = False) -> None:
    with pytest.raises(Interrupted):
        train_ppo(config, base, TASKS, TASKS[:2], GRADER, folder, resume=resume, report=interrupting(step))


def test_settings_of_an_older_version_that_are_refused_now_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"ppo": {"estimator": "grpo"}}))
    with pytest.raises(UserError, match=r"refused now: .* set ppo\.kl_in=loss"):
        config_of(tmp_path)


def test_metrics_of_a_run_of_before_are_read_by_the_fields_names(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"step": 1, "moved": 0.1, "gradient_norm": 2.0, "kl": 3.0}) + "\n")
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 1, "approx_kl": 0.1, "grad_norm": 2.0, "kl": 3.0}]
