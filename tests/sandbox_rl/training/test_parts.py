"""The parts of a mixed reward, in a run's samples and metrics and in the report."""

import json
from pathlib import Path

import pytest
from sandbox_rewards.grade import Grade, Part, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import load_suite
from sandbox_tasks.task import Length, Task

from sandbox_rl.config import RunConfig
from sandbox_rl.decide.comparison import Arm, Comparison, Estimate
from sandbox_rl.decide.report import write_report
from sandbox_rl.numerics.statistics import means_by_name
from sandbox_rl.policy.evaluation import Answers, Evaluation, PartMean
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.training.ppo import train_ppo

CONFIG = RunConfig.model_validate(
    {
        "model": {"max_new_tokens": 12},
        "ppo": {"steps": 2, "prompts_per_step": 2, "samples_per_prompt": 2, "minibatch_size": 4, "validate_every": 2},
        "eval": {"samples_per_task": 1},
    }
)
SHORT = Length(max_characters=4, buffer_characters=4, weight=0.5)


def silent(**_: object) -> None:
    """No progress shown."""


def mixed(task: Task) -> Task:
    return task.model_copy(update={"rewards": (*task.rewards, SHORT)})


def test_ppo_shows_the_parts_of_every_sample(tmp_path: Path) -> None:
    tasks = [mixed(task) for task in load_suite("quickstart").split("train")[:4]]
    new_tiny_policy([f"{task.prompt}\n{task.reference}" for task in tasks], seed=0).save(tmp_path / "base")
    with Grader("local", 1) as grader:
        train_ppo(CONFIG, tmp_path / "base", tasks, tasks[:1], grader, tmp_path / "run", resume=False, report=silent)
    samples = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    assert len(samples) == 8
    for sample in samples:
        assert sample["parts"]["length"] == -min(len(sample["text"]), 4) / 4
        assert sample["reward"] == pytest.approx(sample["parts"]["unit_tests"] + 0.5 * sample["parts"]["length"])
    metrics = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    lengths = [sample["parts"]["length"] for sample in samples if sample["step"] == 1]
    assert metrics[0]["parts"]["length"] == pytest.approx(sum(lengths) / 4)


def test_means_leave_out_what_is_missing() -> None:
    # a: (1 + 3) / 2; b: only one row has a value
    assert means_by_name([{"a": 1.0, "b": None}, {"a": 3.0, "b": 5.0}, {}]) == {"a": 2.0, "b": 5.0}


def test_an_evaluation_tells_the_mean_of_each_part() -> None:
    def grade(tests: float, length: float) -> Grade:
        rewards = {"unit_tests": tests, "length": length}
        parts = tuple(Part(name=n, reward=r, weight=1, verdict=Verdict.passed, counts=True) for n, r in rewards.items())
        return Grade(task_id="t", reward=tests + length, verdict=Verdict.passed, parts=parts)

    grades = [grade(1.0, -0.5), grade(0.0, 0.0), Grade(task_id="t", reward=0.0, verdict=Verdict.failed)]
    found = Evaluation(tasks=[Answers(task_id="t", texts=["", "", ""], grades=grades)])
    assert found.parts() == {"unit_tests": PartMean(mean=0.5, answers=2), "length": PartMean(mean=-0.25, answers=2)}
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_a_part_that_was_not_asked_is_in_no_mean() -> None:
    """Of two answers one passes, and only that one's style is asked for: its mean is 0.25 of one answer, not 0.125 of two."""
    asked = Part(name="style", reward=0.25, weight=1, verdict=Verdict.scored, counts=True)
    shut = Part(name="style", reward=None, weight=1, verdict=None, counts=False)
    tests = [Part(name="unit_tests", reward=r, weight=1, verdict=v, counts=True) for r, v in ((1, "passed"), (0, "failed"))]
    grades = [Grade(task_id="t", reward=1.25, verdict=Verdict.passed, parts=(tests[0], asked)),
              Grade(task_id="t", reward=0.0, verdict=Verdict.failed, parts=(tests[1], shut))]  # fmt: skip
    found = Evaluation(tasks=[Answers(task_id="t", texts=["", ""], grades=grades)])
    assert found.parts() == {"unit_tests": PartMean(mean=0.5, answers=2), "style": PartMean(mean=0.25, answers=1)}
    assert Grade.model_validate_json(grades[1].model_dump_json()) == grades[1]


def comparison(*parts: dict[str, float]) -> Comparison:
    """Figures of three arms whose rewards have these parts, each of 8 answers."""
    none = Estimate(mean=0.5, low=0.4, high=0.6)
    arms = [
        Arm(
            name=name, pass_at_1=none, pass_at_k=none, per_seed=[0.5], verdicts={"passed": 1}, completions=1,
            parts={part: PartMean(mean=mean, answers=8) for part, mean in own.items()},
            tokens=1, sandbox_seconds=1, wall_seconds=1,
        )
        for name, own in zip(("base", "dpo", "ppo"), parts, strict=True)
    ]  # fmt: skip
    curve = [{"step": 1, "pass_rate": 0.5, "kl": 0.0, "validation_pass_rate": 0.5}]
    return Comparison(
        title="t", command="c", k=1, tasks=1, samples_per_task=1, seeds=[0], arms=arms, differences={},
        curves={"dpo": [curve], "ppo": [curve]}, gallery=[], warnings=[], conclusion=[], config={}, environment={},
        peak_memory_mb=1,
    )  # fmt: skip


def test_the_report_shows_the_parts_of_every_arm_apart(tmp_path: Path) -> None:
    found = comparison({"unit_tests": 0.25, "length": -0.5}, {"unit_tests": 0.5, "length": -0.25}, {"unit_tests": 0.75})
    page = write_report(found, tmp_path).read_text()
    text = (tmp_path / "report.md").read_text()
    for row in ("| base | 0.250 (8) | -0.500 (8) | ", "| dpo | 0.500 (8) | -0.250 (8) | ", "| ppo | 0.750 (8) |  | "):
        assert row in text.splitlines()
    assert '<td>ppo</td><td>0.750 <span class="soft">of 8</span></td><td></td>' in page


def test_a_report_of_tasks_with_one_source_has_no_such_table(tmp_path: Path) -> None:
    assert "Parts of the reward" not in write_report(comparison({}, {}, {}), tmp_path).read_text()
    assert "part of the reward" not in (tmp_path / "report.md").read_text()
