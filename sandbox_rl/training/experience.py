"""The experience of one PPO step: answers that were sampled, graded and scored, and the advantages that come of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
from torch import Tensor

from sandbox_rl.config import PPOConfig, RunConfig
from sandbox_rl.errors import TrainingError
from sandbox_rl.numerics.advantages import gae, group_advantages, returns_to_go, token_rewards, whiten
from sandbox_rl.numerics.kl import KINDS
from sandbox_rl.numerics.losses import masked
from sandbox_rl.policy.batches import Batch, make_batch
from sandbox_rl.policy.generation import Sample
from sandbox_rl.policy.model import Policy, score
from sandbox_rl.policy.reference import Reference
from sandbox_rl.training.processes import Processes


@dataclass(frozen=True)
class Judged:
    """Answers with a grade: the samples, their grades, and for each the number of its prompt in the step.

    `earlier`: what each conversation would have earned had it ended after its first turn, its second ..., where that is paid.
    """

    samples: list[Sample]
    grades: list[Grade]
    prompts: list[int]
    earlier: list[list[float | None]] = field(default_factory=list)

    def rows(self, rows: Sequence[int]) -> Judged:
        earlier = [self.earlier[i] for i in rows] if self.earlier else []
        return Judged([self.samples[i] for i in rows], [self.grades[i] for i in rows], [self.prompts[i] for i in rows], earlier)


@dataclass(frozen=True)
class Scored:
    """Sampled answers under the policy that sampled them and its reference: log-probabilities (b, t), values (b, t+1)."""

    batch: Batch
    old_logprobs: Tensor
    old_values: Tensor
    ref_logprobs: Tensor

    def rows(self, rows: list[int]) -> Scored:
        batch = self.batch.rows(rows)
        width = batch.mask.shape[1]
        values = self.old_values[rows, : width + 1]
        return Scored(batch, self.old_logprobs[rows, :width], values, self.ref_logprobs[rows, :width])


@dataclass(frozen=True)
class Rollout:
    """One step's experience of this process; all tensors (b, t) over the tokens of the sequences."""

    batch: Batch
    old_logprobs: Tensor
    ref_logprobs: Tensor
    old_values: Tensor
    advantages: Tensor
    returns: Tensor
    first: int = 0
    """Number of the first row, among those of all processes."""
    size: int = 0
    """Rows of all processes."""

    @property
    def mask(self) -> Tensor:
        return self.batch.mask

    def rows(self, rows: list[int]) -> Rollout:
        batch = self.batch.rows(rows)
        width = batch.mask.shape[1]
        names = ("old_logprobs", "ref_logprobs", "old_values", "advantages", "returns")
        return replace(self, batch=batch, **{name: getattr(self, name)[rows, :width] for name in names})


def grade_samples(
    grader: Grader, tasks: Sequence[Task], samples: Sequence[Sample], *, each_turn: bool
) -> tuple[list[Grade], list[list[float | None]]]:  # fmt: skip
    """The grade of each sample, and what it would have earned after each turn before the last (nothing unless `each_turn`)."""
    outcomes = [sample.outcomes if each_turn else (sample.text,) for sample in samples]
    asked = [task for task, ended in zip(tasks, outcomes, strict=True) for _ in ended]
    grades = iter(grader.grade(asked, [text for ended in outcomes for text in ended]))
    turns = [[next(grades) for _ in ended] for ended in outcomes]
    return [graded[-1] for graded in turns], [[grade.reward for grade in graded[:-1]] for graded in turns]


def sample_line(sample: Sample, grade: Grade) -> dict[str, Any]:
    """A line of samples.jsonl."""
    line = {
        "task_id": grade.task_id, "text": sample.text, "finished": sample.finished, "tokens": sample.tokens,
        "reward": grade.reward, "verdict": grade.verdict.value,
    }  # fmt: skip
    parts = grade.part_rewards()
    line |= {"parts": parts} if parts else {}
    return line | ({"turns": sample.turns, "replies": sample.replies} if sample.replies else {})


@torch.no_grad()
def score_samples(config: RunConfig, policy: Policy, reference: Reference, samples: Sequence[Sample]) -> Scored:
    """What needs no grade, done while answers are graded."""
    temperature = config.ppo.temperature
    batch = batch_of(samples, policy)
    if config.model.critic == "shared" and config.ppo.truncated != "bootstrap":
        logprobs, values = _as_sampled(samples, batch)
    else:
        logprobs, _, values = score(policy, batch, temperature, config.model)
    with reference as frozen:
        return Scored(batch, logprobs, values, score(frozen, batch, temperature, config.model).logprobs)


def batch_of(samples: Sequence[Sample], policy: Policy) -> Batch:
    sequences = [(sample.prompt_ids, sample.answer_ids) for sample in samples]
    return make_batch(sequences, policy.tokenizer.pad_token_id, policy.device, [sample.own for sample in samples])


def _as_sampled(samples: Sequence[Sample], batch: Batch) -> tuple[Tensor, Tensor]:
    """Log-probabilities (b, t) and values (b, t+1) as sampling found them; no pass over the answers is needed for these."""
    logprobs, values = torch.zeros_like(batch.mask), torch.zeros_like(batch.ids, dtype=batch.mask.dtype)
    for row, sample in enumerate(samples):
        first = len(sample.prompt_ids) - 1
        last = first + len(sample.answer_ids)
        logprobs[row, first:last] = torch.tensor(sample.logprobs)
        values[row, first:last] = torch.tensor(sample.values)
    return logprobs, values


def rows_to_train_on(settings: PPOConfig, samples: Sequence[Sample], grades: Sequence[Grade]) -> list[int]:
    """Numbers of the answers that the update and its statistics are made of: those with a reward, and where cut answers are
    masked, those that ended."""
    return [
        row for row, (sample, grade) in enumerate(zip(samples, grades, strict=True))
        if grade.reward is not None and (sample.finished or settings.truncated != "mask")
    ]  # fmt: skip


@torch.no_grad()
def make_rollout(
    settings: PPOConfig, scored: Scored, judged: Judged, kl_coefficient: float, processes: Processes
) -> Rollout:  # fmt: skip
    """What the update needs of sampled answers that were judged."""
    batch, mask = scored.batch, scored.batch.mask
    final = [_final_reward(settings, s, g) for s, g in zip(judged.samples, judged.grades, strict=True)]
    price = kl_coefficient if settings.kl_in == "reward" else 0.0
    kl = KINDS[settings.kl_kind](scored.old_logprobs, scored.ref_logprobs)
    rewards = token_rewards(torch.tensor(final, device=mask.device, dtype=kl.dtype), kl, mask, price)
    for row, (sample, known) in enumerate(zip(judged.samples, judged.earlier, strict=False)):
        pay_by_turn(rewards[row], sample, known)
    truncated = torch.tensor([not sample.finished for sample in judged.samples], dtype=torch.bool, device=mask.device)
    bootstrap = _value_after(scored.old_values, batch) * truncated if settings.truncated == "bootstrap" else None
    values = masked(scored.old_values[:, :-1], mask)
    groups = torch.tensor(judged.prompts, device=mask.device)
    advantages, returns = estimate_advantages(settings, rewards, values, mask, groups, bootstrap, processes)
    counts = processes.together([len(mask)])
    first = sum(counts[: processes.rank])
    return Rollout(batch, scored.old_logprobs, scored.ref_logprobs, values, advantages, returns, first, sum(counts))


def estimate_advantages(
    settings: PPOConfig, rewards: Tensor, values: Tensor, mask: Tensor, groups: Tensor, bootstrap: Tensor | None,
    processes: Processes,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Advantages and returns, both (b, t), by the estimator that the settings name; returns are 0 where there is no critic."""
    match settings.estimator:
        case "gae":
            advantages, returns = gae(rewards, values, mask, settings.gamma, settings.lam, bootstrap)
            return whiten(advantages, mask, processes.sum), returns
        case "reinforce_pp":
            advantages = whiten(returns_to_go(rewards, mask, settings.gamma), mask, processes.sum)
        case "reinforce_pp_baseline":
            centred = group_advantages(rewards.sum(1), groups, "dr_grpo")
            advantages = whiten(centred[:, None] * mask, mask, processes.sum)
        case "grpo" | "dr_grpo" | "rloo" as how:
            advantages = group_advantages(rewards.sum(1), groups, how)[:, None] * mask
    return advantages, torch.zeros_like(values)


def pay_by_turn(rewards: Tensor, sample: Sample, earlier: Sequence[float | None]) -> None:
    """Move what each turn added to a conversation's reward to that turn's last token; `rewards` (t,), whose sum stays.

    It is shaping by a potential, which leaves the best policy as it is (Ng et al. 1999, theorem 1, with gamma 1).
    """
    first, own = len(sample.prompt_ids) - 1, [*sample.own, False]
    ends = [first + place for place in range(len(sample.own)) if own[place] and not own[place + 1]]
    for turn, reward in enumerate(earlier):
        if reward is not None:
            rewards[ends[turn]] += reward
            rewards[ends[turn + 1]] -= reward


def _final_reward(settings: PPOConfig, sample: Sample, grade: Grade) -> float:
    """The grade's reward; an answer that was cut is never rewarded as finished."""
    if grade.reward is None or not math.isfinite(grade.reward):
        raise TrainingError(f"task {grade.task_id} was graded {grade.reward}; a reward to train on must be a finite number.")
    if sample.finished:
        return grade.reward
    return 0.0 if settings.truncated == "bootstrap" else min(grade.reward, 0.0) - settings.missing_eos_penalty


def _value_after(values: Tensor, batch: Batch) -> Tensor:
    """Value of the state after each sequence's last token (b,), from `values` (b, t+1)."""
    last = batch.attention.sum(1, keepdim=True) - 1
    return values.gather(1, last).squeeze(1)
