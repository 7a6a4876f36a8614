"""PPO with a critic: sample, grade, estimate advantages, update. Schulman et al. 2017 (arXiv:1707.06347)."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
from torch import Tensor

from sandbox_rl.advantages import gae, token_rewards, whiten
from sandbox_rl.best_policy import BestPolicy
from sandbox_rl.canaries import Canaries
from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError
from sandbox_rl.evaluate import evaluate
from sandbox_rl.fingerprint import digest, fingerprint
from sandbox_rl.generation import Sample, generate
from sandbox_rl.kl import adapted, k1, k3
from sandbox_rl.losses import kept, policy_loss, value_loss
from sandbox_rl.monitors import Monitors
from sandbox_rl.policy import Batch, Policy, chunks, load_policy, make_batch, score
from sandbox_rl.progress import Report
from sandbox_rl.run_folder import Randomness, RunFolder
from sandbox_rl.statistics import mean


@dataclass(frozen=True)
class Rollout:
    """One step's experience; all tensors (b, t) over the tokens of the sequences."""

    batch: Batch
    logprobs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    kl: Tensor


def train_ppo(
    config: RunConfig, base: Path, train: Sequence[Task], validation: Sequence[Task], grader: Grader, path: Path,
    *, resume: bool, report: Report,
) -> Path:  # fmt: skip
    """Folder of the policy that did best on `validation` during `config.ppo.steps` of PPO from `base`."""
    run = RunFolder(path)
    best = BestPolicy(path / "policy")
    if run.begin(config, ("suite", "seed", "model", "ppo", "eval"), resume=resume, base=base):
        return best.folder
    policy, reference = load_policy(base), load_policy(base)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=config.ppo.learning_rate, weight_decay=0.0)
    chance = Randomness(config.seed)
    state = run.newest() if resume else None
    first = _restore(state, policy, optimizer, chance, best)
    kl_coefficient: float = state["kl_coefficient"] if state else config.ppo.kl_coefficient
    canaries = Canaries(train, grader, config.ppo.canaries, path)
    monitors = Monitors(config.monitors)
    if state:
        monitors.restore(state["monitors"])
    for step in range(first + 1, config.ppo.steps + 1):
        metrics, samples = ppo_step(config, policy, reference, optimizer, train, grader, chance, step, kl_coefficient)
        metrics |= canaries.watch(step, samples)
        rewards = [sample["reward"] for sample in samples if sample["reward"] is not None]
        alarms = metrics["alarms"] = monitors.watch(metrics, [sample["text"] for sample in samples], rewards)
        stopping = monitors.stopping(alarms)
        metrics |= {"inputs": digest(samples), "weights": fingerprint(policy.parameters())}
        if config.ppo.kl_target and metrics["no_verdict"] < metrics["completions"]:
            kl_coefficient = adapted(kl_coefficient, metrics["kl"], config.ppo.kl_target)
        if step % config.ppo.validate_every == 0 or step == config.ppo.steps:
            metrics["validation_pass_rate"] = evaluate(config, policy, validation, grader, config.seed).pass_rate()
            best.offer(policy, metrics["validation_pass_rate"], step)
        run.log({"phase": "ppo", "step": step, **metrics})
        run.log_samples([{"step": step, **sample} for sample in samples])
        shown = {name: metrics[name] for name in ("reward", "kl", "pass_rate")}
        report(phase="PPO", step=step, total=config.ppo.steps, **shown)
        if step % config.ppo.validate_every == 0 or canaries.rewarded or stopping:
            run.save(step, {"policy": policy.state_dict(), "optimizer": optimizer.state_dict(), "chance": chance.state(),
                            "best": best.state(), "kl_coefficient": kl_coefficient, "monitors": monitors.state()})  # fmt: skip
        canaries.stop_if_rewarded()
        if stopping:
            raise TrainingError(f"at step {step} {alarms[stopping[0]]} (monitors.stop names {stopping[0]}.)")
    run.finish({"best_step": best.step, "validation_pass_rate": best.score})
    return best.folder


def ppo_step(
    config: RunConfig, policy: Policy, reference: Policy, optimizer: torch.optim.Optimizer, tasks: Sequence[Task],
    grader: Grader, chance: Randomness, step: int, kl_coefficient: float,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    """Sample, grade and update once; gives the step's metrics and what was sampled."""
    settings, started = config.ppo, time.perf_counter()
    drawn = [chance.order.choice(tasks) for _ in range(settings.prompts_per_step)]
    asked = [task for task in drawn for _ in range(settings.samples_per_prompt)]
    samples = generate(
        policy, [task.prompt for task in asked], max_new_tokens=config.model.max_new_tokens,
        temperature=settings.temperature, generator=chance.sampling,
    )  # fmt: skip
    sampled = time.perf_counter()
    grades = grader.grade(asked, [sample.text for sample in samples])
    graded = time.perf_counter()
    judged = [(s, g) for s, g in zip(samples, grades, strict=True) if g.reward is not None]
    figures: dict[str, Any] = {"pass_rate": 0.0, "kl": 0.0, "reward": 0.0}
    if judged:
        rollout = make_rollout(config, policy, reference, [s for s, _ in judged], [g for _, g in judged], kl_coefficient)
        figures = update(config, policy, optimizer, rollout, chance, step)
        figures["kl"] = float(rollout.kl.sum() / len(judged))
    figures |= {
        "reward": mean([g.reward for _, g in judged if g.reward is not None]),
        "pass_rate": mean([float(g.verdict is Verdict.passed) for _, g in judged]),
        "answer_tokens": mean([len(s.answer_ids) for s in samples]),
        "unfinished": mean([float(not s.finished) for s in samples]),
        "kl_coefficient": kl_coefficient,
        "no_verdict": len(samples) - len(judged),
        "completions": len(samples),
        "tokens": sum(len(s.answer_ids) for s in samples),
        "sandbox_seconds": sum(g.seconds for g in grades),
        "seconds": {
            "generate": sampled - started,
            "grade": graded - sampled,
            "update": time.perf_counter() - graded,
        },
    }
    return figures, [_shown(s, g) for s, g in zip(samples, grades, strict=True)]


def _shown(sample: Sample, grade: Grade) -> dict[str, Any]:
    """A line of samples.jsonl."""
    return {
        "task_id": grade.task_id, "text": sample.text, "finished": sample.finished,
        "reward": grade.reward, "verdict": grade.verdict.value,
    }  # fmt: skip


@torch.no_grad()
def make_rollout(
    config: RunConfig,
    policy: Policy,
    reference: Policy,
    samples: Sequence[Sample],
    grades: Sequence[Grade],
    kl_coefficient: float,
) -> Rollout:
    """What the update needs of sampled answers that were judged."""
    settings = config.ppo
    sequences = [(s.prompt_ids, s.answer_ids) for s in samples]
    batch = make_batch(sequences, policy.tokenizer.pad_token_id, policy.device)
    mask, size = batch.mask, config.model.micro_batch_size
    logprobs, values = (kept(x, mask) for x in score(policy, batch, settings.temperature, size))
    reference_logprobs = kept(score(reference, batch, settings.temperature, size)[0], mask)
    final = [_final_reward(s, g, settings.missing_eos_penalty) for s, g in zip(samples, grades, strict=True)]
    rewards = token_rewards(torch.tensor(final, device=mask.device), k1(logprobs, reference_logprobs), mask, kl_coefficient)
    advantages, returns = gae(rewards, values, mask, settings.gamma, settings.lam)
    return Rollout(
        batch,
        logprobs,
        values,
        whiten(advantages, mask),
        returns,
        k3(logprobs, reference_logprobs),
    )


def _final_reward(sample: Sample, grade: Grade, missing_eos_penalty: float) -> float:
    """The grade's reward; an answer that was cut is never rewarded as finished."""
    if grade.reward is None or not math.isfinite(grade.reward):
        raise TrainingError(f"task {grade.task_id} was graded {grade.reward}; a reward to train on must be a finite number.")
    return grade.reward if sample.finished else min(grade.reward, 0.0) - missing_eos_penalty


def update(
    config: RunConfig,
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    chance: Randomness,
    step: int,
) -> dict[str, Any]:
    """Epochs of minibatches over one rollout, ended early when the policy has moved far enough."""
    settings = config.ppo
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * (1 - 0.9 * (step - 1) / settings.steps)
    rows = list(range(len(rollout.batch.ids)))
    figures: list[dict[str, float]] = []
    for _ in range(settings.epochs):
        chance.order.shuffle(rows)
        for minibatch in chunks(rows, settings.minibatch_size):
            figures.append(_minibatch(config, policy, optimizer, rollout, minibatch, step))
        if figures[-1]["moved"] > settings.kl_stop:
            break
    names = figures[0]
    return {name: mean([f[name] for f in figures]) for name in names} | {
        "first_ratio_error": figures[0]["ratio_error"], "learning_rate": optimizer.param_groups[0]["lr"],
        "optimizer_steps": len(figures),
    }  # fmt: skip


def _minibatch(
    config: RunConfig,
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    rows: list[int],
    step: int,
) -> dict[str, float]:
    """One optimizer step on `rows`; its micro-batches only save memory."""
    settings = config.ppo
    count = rollout.batch.mask[rows].sum()
    optimizer.zero_grad()
    parts = [backward(config, policy, rollout, part, count, step) for part in chunks(rows, config.model.micro_batch_size)]
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), settings.max_grad_norm)
    optimizer.step()
    ratio_error = max(part.pop("ratio_error") for part in parts)
    summed = {name: sum(part[name] for part in parts) for name in parts[0]}
    return summed | {"gradient_norm": float(norm), "ratio_error": ratio_error}


def backward(config: RunConfig, policy: Policy, rollout: Rollout, rows: list[int], count: Tensor, step: int) -> dict[str, float]:
    """Add the gradient of `rows` to the policy's; `count` is the trainable tokens of the whole minibatch.

    Gives the rows' share of each figure, so that shares add up to the minibatch's mean over tokens.
    """
    settings, batch = config.ppo, rollout.batch.rows(rows)
    mask, old = batch.mask, rollout.logprobs[rows]
    logprobs, entropy, values = policy(batch, settings.temperature)
    surrogate = policy_loss(logprobs, old, rollout.advantages[rows], mask, settings.clip, count)
    critic = value_loss(values, rollout.values[rows], rollout.returns[rows], mask, settings.value_clip, count)
    loss = surrogate + settings.value_coefficient * critic
    if not torch.isfinite(loss):
        raise TrainingError(f"PPO's loss is {float(loss)} at step {step}; lower ppo.learning_rate or raise ppo.kl_coefficient.")
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        ratio = torch.exp(kept(logprobs - old, mask))
        return {
            "policy_loss": float(surrogate), "value_loss": float(critic), "entropy": float(kept(entropy, mask).sum() / count),
            "clip_fraction": float(((ratio - 1).abs() > settings.clip).sum() / count),
            "moved": float(kept(k3(old, logprobs), mask).sum() / count),
            "ratio_error": float((ratio - 1).abs().max()),
        }  # fmt: skip


def _restore(
    state: dict[str, Any] | None,
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    chance: Randomness,
    best: BestPolicy,
) -> int:
    """Go on where a checkpoint left off; gives its step, 0 without one."""
    if state is None:
        return 0
    policy.load_state_dict(state["policy"])
    optimizer.load_state_dict(state["optimizer"])
    chance.restore(state["chance"])
    best.restore(state["best"])
    return int(state["step"])
