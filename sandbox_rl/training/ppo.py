"""PPO with executed rewards. Schulman et al. 2017 (arXiv:1707.06347), with the token-level KL of Ziegler et al. 2019.

    for step in 1 .. ppo.steps:                                                  train_ppo
        answers      = policy.sample(prompts)                                    policy/conversations.py
        rewards      = grade(answers)                 in the sandbox, beside:    experience.py: grade_samples
        old_logprobs, old_values = policy(answers)    ref_logprobs = base(answers)          score_samples
        rewards[t]   = -kl_coefficient * (old_logprobs - ref_logprobs)[t], + reward at the last token    numerics/advantages.py
        advantages, returns = gae(rewards, old_values); advantages = whiten(advantages)                  numerics/advantages.py
        for epoch in 1 .. ppo.epochs, for minibatch of shuffled answers:         update, minibatch_step
            ratio       = exp(logprobs - old_logprobs)                           numerics/losses.py
            policy_loss = -mean(min(ratio * advantages, clip(ratio, 1 - clip_low, 1 + clip_high) * advantages))
            value_loss  = mean(max((values - returns)^2, (clip(values, old_values +- value_clip) - returns)^2)) / 2
            loss        = policy_loss + value_coefficient * value_loss - entropy_coefficient * entropy   backward
            optimizer.step(clip_grad_norm(gradient of loss))
            if approx_kl > ppo.kl_stop: end the epochs
        kl_coefficient = adapted(kl_coefficient, kl, kl_target)                  numerics/kl.py
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from sandbox_rewards.environments.dispatch import Environments, most_turns
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
from torch import Tensor

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError
from sandbox_rl.numerics.kl import adapted, k3, kl_loss
from sandbox_rl.numerics.losses import explained_variance, masked, policy_loss, token_weights, value_loss
from sandbox_rl.numerics.statistics import mean, means_by_name
from sandbox_rl.policy.batches import chunks, micro_batches
from sandbox_rl.policy.conversations import converse
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.sharding import full, unsharded
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import RunFolder
from sandbox_rl.training.best_policy import BestPolicy
from sandbox_rl.training.canaries import Canaries
from sandbox_rl.training.experience import (
    Judged,
    Rollout,
    grade_samples,
    make_rollout,
    rows_to_train_on,
    sample_line,
    score_samples,
)
from sandbox_rl.training.learner import Learner, idle_pass, refuse_idle_processes, start_learner
from sandbox_rl.training.monitors import Monitors
from sandbox_rl.training.phases import Phases
from sandbox_rl.training.processes import Processes
from sandbox_rl.training.reward_model import scored_by
from sandbox_rl.training.validation import validate

SECTIONS = ("suite", "seed", "model", "ppo", "eval")
"""Settings that a run goes on with."""


def train_ppo(
    config: RunConfig, base: Path, train: Sequence[Task], validation: Sequence[Task], grader: Grader, path: Path,
    *, resume: bool, report: Report,
) -> Path:  # fmt: skip
    """Folder of the policy that did best on `validation` during `config.ppo.steps` of PPO from `base`.

    With `config.ppo.reward_model` its score is trained on, and answers to `validation` get both: their own tests and the score.
    """
    settings, processes = config.ppo, Processes()
    refuse_idle_processes(config, processes)
    run = RunFolder(path, writes=processes.main)
    best = BestPolicy(path / "policy", writes=processes.main)
    finished = run.begin(config, SECTIONS, resume=resume, base=base)
    processes.wait()
    if finished:
        return best.folder
    learned = settings.reward_model
    train = scored_by(learned, train, config.model.precision) if learned else train
    grader.prepare([*train, *validation])
    state = run.newest() if resume else None
    processes.wait()
    learner = start_learner(config, base, run, state, processes)
    canaries, monitors = Canaries(train, grader, settings.canaries, path, processes), Monitors(config.monitors)
    if state:
        best.restore(state["best"])
        monitors.restore(state["monitors"])
    first = state["step"] + 1 if state else 1
    if learned and first == 1:
        run.log({"phase": "ppo", "step": 0, **validate(learner, validation, grader)})
    for step in range(first, settings.steps + 1):
        metrics, samples = ppo_step(learner, train, grader, step)
        metrics |= canaries.watch(step, samples)
        alarms = metrics["alarms"] = monitors.watch(metrics, samples)
        metrics |= learner.fingerprints(samples)
        if settings.kl_target and metrics["no_verdict"] < metrics["completions"]:
            learner.kl_coefficient = adapted(learner.kl_coefficient, metrics["kl"], settings.kl_target)
        checkpoint = step % settings.validate_every == 0
        if checkpoint or step == settings.steps:
            metrics |= validate(learner, validation, grader)
            best.offer(learner.policy, metrics["validation_pass_rate"], step)
        run.log({"phase": "ppo", "step": step, **metrics})
        run.log_samples([{"step": step, **sample} for sample in samples])
        if processes.main:
            shown = {name: metrics[name] for name in ("reward", "kl", "pass_rate") if not math.isnan(metrics[name])}
            report(phase="PPO, learned reward" if learned else "PPO", step=step, total=settings.steps, **shown)
        if checkpoint or canaries.rewarded or monitors.stopping(alarms):
            run.save(step, learner.state() | {"best": best.state(), "monitors": monitors.state()})
        canaries.stop_if_rewarded()
        monitors.stop_if_named(alarms, step)
    run.finish({"best_step": best.step, "validation_pass_rate": best.score})
    return best.folder


def ppo_step(
    learner: Learner, tasks: Sequence[Task], grader: Grader, step: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    """Sample, grade and update once; gives the step's metrics and what was sampled, of all processes."""
    config, policy, processes, phases = learner.config, learner.policy, learner.processes, Phases()
    settings = config.ppo
    drawn = [learner.chance.order.choice(tasks) for _ in range(settings.prompts_per_step)]
    mine = processes.share(len(drawn))
    prompts = [number for number in mine for _ in range(settings.samples_per_prompt)]
    asked = [drawn[number] for number in prompts]
    uniforms = learner.chance.uniforms(len(drawn) * settings.samples_per_prompt, config.model.max_new_tokens * most_turns(drawn))
    own = uniforms[mine.start * settings.samples_per_prompt : mine.stop * settings.samples_per_prompt]
    with unsharded(policy), phases("generate"):
        samples = converse(config.model, policy, asked, Environments(grader), temperature=settings.temperature, uniforms=own)
    with ThreadPoolExecutor(1) as beside:
        grading = beside.submit(grade_samples, grader, asked, samples, each_turn=settings.turn_rewards)
        with unsharded(policy), phases("score"):
            scored = score_samples(config, policy, learner.reference, samples)
        with phases("grade"):  # what is left of it
            grades, earlier = grading.result()
    rows = rows_to_train_on(settings, samples, grades)
    judged = Judged(samples, grades, prompts, earlier).rows(rows)
    metrics: dict[str, Any] = {"kl": 0.0}
    if sum(processes.together([len(rows)])):
        rollout = make_rollout(settings, scored.rows(rows), judged, learner.kl_coefficient, processes)
        with phases("update"):
            metrics = update(learner, rollout, step)
        metrics |= _rollout_metrics(rollout, settings.estimator == "gae", processes)
    lines = processes.together([sample_line(s, g) for s, g in zip(samples, grades, strict=True)])
    sandbox = torch.tensor(sum(grade.seconds for grade in grades), dtype=torch.float64)
    metrics |= _sample_metrics(lines) | {
        "kl_coefficient": learner.kl_coefficient, "sandbox_seconds": float(processes.sum(sandbox)), "seconds": phases.seconds,
        "memory_mb": phases.memory_mb,
    }  # fmt: skip
    return metrics, lines


def _rollout_metrics(rollout: Rollout, critic: bool, processes: Processes) -> dict[str, float]:
    """KL to the base in nats an answer, and how much of the returns the critic foresaw."""
    divergence = masked(k3(rollout.old_logprobs, rollout.ref_logprobs), rollout.mask).sum()
    metrics = {"kl": float(processes.sum(divergence) / rollout.size)}
    if critic:
        metrics["explained_variance"] = explained_variance(rollout.old_values, rollout.returns, rollout.mask, processes.sum)
    return metrics


def _sample_metrics(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What is told of a step's answers, all processes' together."""
    judged = [line for line in lines if line["reward"] is not None]
    passed = [float(line["verdict"] == Verdict.passed.value) for line in judged if line["verdict"] != Verdict.scored]
    metrics: dict[str, Any] = {
        "reward": mean([line["reward"] for line in judged]), "pass_rate": mean(passed),
        "response_length": mean([line["tokens"] for line in lines]),
        "truncated_fraction": mean([float(not line["finished"]) for line in lines]),
        "no_verdict": len(lines) - len(judged), "completions": len(lines), "tokens": sum(line["tokens"] for line in lines),
    }  # fmt: skip
    parts = means_by_name(line.get("parts", {}) for line in lines)
    return metrics | ({"parts": parts} if parts else {})


def update(learner: Learner, rollout: Rollout, step: int) -> dict[str, Any]:
    """Epochs of minibatches over one rollout, ended early at `kl_stop`; gives the means of the minibatches' metrics."""
    settings = learner.config.ppo
    for group in learner.optimizer.param_groups:
        group["lr"] = settings.learning_rate * (1 - 0.9 * (step - 1) / settings.steps)
    rows = list(range(rollout.size))
    found: list[dict[str, float]] = []
    for _ in range(settings.epochs):
        learner.chance.order.shuffle(rows)
        for minibatch in chunks(rows, settings.minibatch_size):
            own = [row - rollout.first for row in minibatch if 0 <= row - rollout.first < len(rollout.mask)]
            found.append(minibatch_step(learner, rollout, own, step))
        if found[-1]["approx_kl"] > settings.kl_stop:
            break
    return {name: mean([metrics[name] for metrics in found]) for name in found[0]} | {
        "first_ratio_error": found[0]["ratio_error"], "learning_rate": learner.optimizer.param_groups[0]["lr"],
        "optimizer_steps": len(found),
    }  # fmt: skip


def minibatch_step(learner: Learner, rollout: Rollout, rows: list[int], step: int) -> dict[str, float]:
    """One optimizer step on the minibatch of which `rows` are this process's; its micro-batches only save memory."""
    config, policy, processes = learner.config, learner.policy, learner.processes
    mask = rollout.mask[rows]
    counts = processes.sum(torch.stack([mask.sum(), (mask.sum(1) > 0).sum()]))
    learner.optimizer.zero_grad()
    passes = micro_batches(rollout.batch.lengths, rows, config.model)
    idle = max(processes.together([len(passes)])) - len(passes) if processes.sharded else 0
    shares = [backward(config, policy, rollout.rows(part), counts, step, learner.kl_coefficient) for part in passes]
    for _ in range(idle):
        idle_pass(policy)
    processes.sum_gradients(policy.trainable)
    grad_norm = full(torch.nn.utils.clip_grad_norm_(policy.trainable, config.ppo.max_grad_norm))
    if not torch.isfinite(grad_norm):
        raise TrainingError(f"PPO's gradient is {float(grad_norm)} at step {step}; the weights are unchanged. {_CALMER}")
    learner.optimizer.step()
    nothing = torch.zeros(len(METRICS) + 1, device=mask.device)
    shares = [nothing, *shares]
    metrics = dict(zip(METRICS, processes.sum(torch.stack(shares)[:, :-1].sum(0)).tolist(), strict=True))
    ratio_error = max(float(share[-1]) for share in shares)
    return metrics | {"grad_norm": float(grad_norm), "ratio_error": max(processes.together([ratio_error]))}


METRICS = ("policy_loss", "value_loss", "entropy", "clip_fraction", "approx_kl")
"""What each micro-batch gives its share of, so that shares add up to the minibatch's."""
_CALMER = (
    "Lower ppo.learning_rate or raise ppo.kl_coefficient, and resume `train ppo` with it, or begin the comparison again: its "
    "seeds share settings."
)


def backward(config: RunConfig, policy: Policy, part: Rollout, counts: Tensor, step: int, kl_coefficient: float) -> Tensor:
    """Add the gradient of a part of a minibatch to the policy's; gives its shares of METRICS and its largest |ratio - 1|.

    `counts`: trainable tokens, and sequences that have any, of the whole minibatch on all processes.
    """
    settings, mask, old_logprobs = config.ppo, part.mask, part.old_logprobs
    warming_up = step <= settings.critic_warmup
    weights = token_weights(mask, settings.aggregation, *counts.unbind())
    per_token = token_weights(mask, "token-mean", *counts.unbind())
    logprobs, entropy, values = policy(part.batch, settings.temperature, detach_trunk=warming_up)
    surrogate = policy_loss(
        logprobs, old_logprobs, part.advantages, weights, settings.clip_low, settings.clip_high, settings.dual_clip
    )
    squared_error = value_loss(values[:, :-1], part.old_values, part.returns, per_token, settings.value_clip)
    loss = surrogate
    if settings.entropy_coefficient:
        loss = loss - settings.entropy_coefficient * (entropy * weights).sum()
    if settings.kl_in == "loss":
        loss = loss + kl_coefficient * kl_loss(logprobs, part.ref_logprobs, weights, settings.kl_kind)
    if warming_up:
        loss = 0 * loss
    if settings.estimator == "gae":
        loss = loss + settings.value_coefficient * squared_error
    if not torch.isfinite(loss):
        raise TrainingError(f"PPO's loss is {float(loss)} at step {step}; the weights are unchanged. {_CALMER}")
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        ratio = torch.exp(masked(logprobs - old_logprobs, mask))
        clipped = (ratio < 1 - settings.clip_low) | (ratio > 1 + settings.clip_high)
        approx_kl = masked(k3(old_logprobs, logprobs), mask)
        shares = [surrogate, squared_error, *((per_token * column).sum() for column in (entropy, clipped, approx_kl))]
        return torch.stack([*shares, (ratio - 1).abs().max()]).float()
