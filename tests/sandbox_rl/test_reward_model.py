"""Reward models learn what pairs say, tell how well on pairs that they never saw, and score as a reward source."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.pairs import Pair
from sandbox_rl.policy import new_tiny_policy, save_policy
from sandbox_rl.reward_model import _calibration_error, _correlation, load_reward_model, train_reward_model

SETTINGS: dict[str, Any] = {"reward_model": {"epochs": 10, "batch_size": 16, "learning_rate": 1e-3, "held_out": 0.2}}
CONFIG = RunConfig.model_validate(SETTINGS)


def silent(**_: object) -> None:
    """No progress shown."""


def pair(number: int, chance: random.Random) -> Pair:
    """The better answer says `good`; length says nothing."""
    words = [" ".join(chance.choice("abcdef") for _ in range(chance.randint(2, 6))) for _ in range(2)]
    grades = [Grade(task_id=f"t{number % 20}", reward=float(r), verdict=Verdict.passed, seconds=0.0) for r in (1, 0)]
    return Pair(
        prompt="say", chosen=f"{words[0]} good", rejected=f"{words[1]} bad", task_id=f"t{number % 20}", chosen_grade=grades[0],
        rejected_grade=grades[1], prompt_ids=[5], chosen_ids=[6], rejected_ids=[7],
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder."""
    folder = tmp_path_factory.mktemp("reward")
    chance = random.Random(0)
    pairs = [pair(number, chance) for number in range(160)]
    (folder / "pairs.jsonl").write_text("".join(p.model_dump_json() + "\n" for p in pairs))
    save_policy(new_tiny_policy([p.chosen + p.rejected + p.prompt for p in pairs], seed=0), folder / "base")
    train_reward_model(CONFIG, folder / "base", folder / "pairs.jsonl", folder / "run", resume=False, report=silent)
    return folder


def test_it_learns_what_the_pairs_say(trained: Path) -> None:
    figures = json.loads((trained / "run" / "done.json").read_text())
    assert (figures["pairs"], figures["held_out"]) == (128, 32)
    assert figures["accuracy"] > 0.9
    assert figures["calibration_error"] < 0.2
    assert abs(figures["length_correlation"]) < 0.5


def test_its_scores_are_normalised_and_stored_so(trained: Path) -> None:
    model = load_reward_model(trained / "run" / "model")
    lines = [json.loads(line) for line in (trained / "pairs.jsonl").read_text().splitlines()]
    scores = torch.tensor(model.scores([f"say\n{line[side]}" for line in lines for side in ("chosen", "rejected")]))
    assert abs(float(scores.mean())) < 0.1  # over all pairs; exactly 0 over those that were trained on
    assert float(scores.std()) == pytest.approx(1.0, abs=0.1)


def test_padding_does_not_change_a_score(trained: Path) -> None:
    model = load_reward_model(trained / "run" / "model")
    together = model.scores(["say\na good", "say\na b c d e f a b c d bad"])
    alone = [model.scores([text])[0] for text in ("say\na good", "say\na b c d e f a b c d bad")]
    assert together == pytest.approx(alone, abs=1e-4)


def test_it_is_a_reward_source(trained: Path) -> None:
    spec = {"source": "reward_model", "model": str(trained / "run" / "model")}
    task = Task.model_validate({"id": "t", "prompt": "say", "rewards": [spec]})
    with Grader("local") as grader:
        good, bad = grader.grade([task, task], ["a b good", "a b bad"])
    assert good.reward is not None
    assert bad.reward is not None
    assert good.reward > 0 > bad.reward


def test_a_spec_without_a_model_is_told() -> None:
    task = Task.model_validate({"id": "t", "prompt": "say", "rewards": [{"source": "reward_model"}]})
    with Grader("local") as grader, pytest.raises(UserError, match="task 't': source 'reward_model' needs `model`"):
        grader.grade([task], ["x"])


def test_an_interrupted_run_ends_with_the_same_model(trained: Path, tmp_path: Path) -> None:
    def stopping(*, step: int, **_: object) -> None:
        if step == 50:
            raise KeyboardInterrupt

    arguments = (CONFIG, trained / "base", trained / "pairs.jsonl", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train_reward_model(*arguments, resume=False, report=stopping)
    train_reward_model(*arguments, resume=True, report=silent)
    one, other = ((folder / "model" / "model.safetensors").read_bytes() for folder in (trained / "run", tmp_path))
    assert one == other


def test_calibration_and_correlation_by_hand() -> None:
    # two bins: .55 right half the time (off by .05), .95 always right (off by .05)
    sure, right = torch.tensor([0.55, 0.55, 0.95, 0.95]), torch.tensor([1.0, 0.0, 1.0, 1.0])
    assert _calibration_error(sure, right) == pytest.approx(0.05)
    assert _correlation(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 4.0, 6.0])) == pytest.approx(1.0)
    assert _correlation(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([5.0, 5.0, 5.0])) == 0.0
