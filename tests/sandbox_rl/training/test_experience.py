"""What the update is made of: which answers count, and what their advantages are, worked by hand."""

from typing import Any

import pytest
import torch
from sandbox_rewards.grade import Grade, Verdict

from sandbox_rl.config import PPOConfig
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.generation import Sample
from sandbox_rl.training.experience import Judged, Rollout, Scored, make_rollout, rows_to_train_on
from sandbox_rl.training.processes import Processes


def sample(finished: bool = True) -> Sample:
    return Sample([1, 2], [3, 4], [-1.0, -1.0], [0.0, 0.0], finished, "x", [True, True], ("x",))


def grade(reward: float | None) -> Grade:
    return Grade(task_id="t", reward=reward, verdict=Verdict.no_verdict if reward is None else Verdict.failed, seconds=0.0)


def rollout(settings: PPOConfig, samples: list[Sample], rewards: list[float | None], log_ratios: list[float]) -> Rollout:
    """Of answers to one prompt, whose every token has that log-ratio to the reference."""
    grades = [grade(reward) for reward in rewards]
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], 0, torch.device("cpu"))
    old, ratios = batch.mask * -1.0, batch.mask * torch.tensor(log_ratios)[:, None]
    scored = Scored(batch, old, torch.zeros(len(samples), batch.ids.shape[1]), old - ratios)
    rows = rows_to_train_on(settings, samples, grades)
    judged = Judged(samples, grades, [0] * len(samples)).rows(rows)
    return make_rollout(settings, scored.rows(rows), judged, settings.kl_coefficient, Processes())


def settings(**changes: Any) -> PPOConfig:
    return PPOConfig.model_validate({"kl_in": "loss", **changes})


@pytest.mark.parametrize("estimator", ["grpo", "dr_grpo", "rloo"])
def test_masked_answers_leave_before_the_groups_statistics(estimator: str) -> None:
    """Two answers that end earn 1, and one is cut: with it in the baseline at 0 each had an advantage of up to +.67."""
    answers = [sample(), sample(), sample(False)]
    made = rollout(settings(estimator=estimator, truncated="mask"), answers, [1.0, 1.0, 0.0], [0.0] * 3)
    assert made.size == len(made.mask) == 2
    assert torch.equal(made.advantages, torch.zeros_like(made.advantages))


def test_masked_answers_leave_before_whitening_and_kl() -> None:
    """gamma = lambda = 1 and values 0: advantages are the rewards 1 and 3, whitened to -1 and 1; the cut answer's 50 nats a token
    are in no mean."""
    made = rollout(
        settings(truncated="mask", lam=1.0), [sample(), sample(False), sample()], [1.0, 9.0, 3.0], [0.0, 50.0, 0.0]
    )
    assert torch.allclose(made.advantages[:, 1:3], torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
    assert torch.equal(made.old_logprobs[:, 1:3], made.ref_logprobs[:, 1:3])


def test_four_wrong_answers_have_no_advantage_whatever_their_kl() -> None:
    """With the KL in the reward the group's deviation was that of the KL alone: -.78, .26, 1.31, -.78."""
    made = rollout(settings(estimator="grpo"), [sample()] * 4, [0.0] * 4, [0.5, 0.3, 0.1, 0.5])
    assert torch.equal(made.advantages, torch.zeros_like(made.advantages))


def test_answers_without_a_verdict_are_no_rows_whatever_is_done_with_cut_ones() -> None:
    for truncated in ("penalty", "bootstrap", "mask"):
        answers, grades = [sample(), sample(False), sample()], [grade(1.0), grade(0.0), grade(None)]
        rows = rows_to_train_on(settings(truncated=truncated), answers, grades)
        assert rows == ([0] if truncated == "mask" else [0, 1])
