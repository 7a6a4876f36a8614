"""DPO on pairs of graded answers. Rafailov et al. 2023 (arXiv:2305.18290)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sandbox_rewards.grading import Grader
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.task import Task
from torch import Tensor

from sandbox_rl.config import ModelConfig, RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.numerics.preference_losses import Answers, implicit_reward, preference_loss
from sandbox_rl.policy.batches import Batch, make_batch, micro_batches
from sandbox_rl.policy.evaluation import evaluate
from sandbox_rl.policy.loading import policy_to_train
from sandbox_rl.policy.model import Policy
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import Randomness, RunFolder
from sandbox_rl.training.best_policy import BestPolicy
from sandbox_rl.training.pairs import Pair


def train_dpo(
    config: RunConfig, base: Path, pairs_file: Path, validation: Sequence[Task], grader: Grader, path: Path,
    *, resume: bool, report: Report,
) -> Path:  # fmt: skip
    """Folder of the policy that did best on `validation` during DPO from `base`."""
    run = RunFolder(path)
    best = BestPolicy(path / "policy")
    if run.begin(config, ("suite", "seed", "model", "dpo", "eval"), resume=resume, base=base):
        return best.folder
    if not pairs_file.read_text().strip():
        raise UserError(
            f"{pairs_file} holds no pair: no task had both a better and a worse answer; raise pairs.samples_per_prompt."
        )
    grader.prepare(validation)
    pairs = read_jsonl(pairs_file, Pair)
    policy = policy_to_train(base, config.model, config.seed, critic=False)
    ref_logprobs = reference_logprobs(config, policy, pairs)  # before a checkpoint changes the policy
    optimizer = torch.optim.AdamW(policy.trainable, lr=config.dpo.learning_rate, weight_decay=0.0, fused=True)
    batches = _batches(config, len(pairs))
    state = run.newest() if resume else None
    first = 0
    if state:
        policy.restore(state["policy"])
        optimizer.load_state_dict(state["optimizer"])
        best.restore(state["best"])
        first = state["step"]
    for step, rows in list(enumerate(batches, 1))[first:]:
        metrics = dpo_step(config, policy, optimizer, [pairs[i] for i in rows], ref_logprobs[rows], step, len(batches))
        if step % config.dpo.validate_every == 0 or step == len(batches):
            metrics["validation_pass_rate"] = evaluate(config, policy, validation, grader, config.seed).pass_rate()
            best.offer(policy, metrics["validation_pass_rate"], step)
        run.log({"phase": "dpo", "step": step, **metrics})
        report(phase="DPO", step=step, total=len(batches), loss=metrics["loss"], accuracy=metrics["accuracy"])
        if step % config.dpo.validate_every == 0:
            run.save(
                step,
                {"policy": policy.trained(), "optimizer": optimizer.state_dict(), "best": best.state()},
            )
    run.finish({"best_step": best.step, "validation_pass_rate": best.score, "pairs": len(pairs)})
    return best.folder


def _batches(config: RunConfig, pairs: int) -> list[list[int]]:
    """Every epoch's batches, fixed by the seed, so that a resumed run meets the same ones."""
    order, rows, batches = Randomness(config.seed).order, list(range(pairs)), []
    for _ in range(config.dpo.epochs):
        order.shuffle(rows)
        batches += [rows[i : i + config.dpo.batch_size] for i in range(0, pairs, config.dpo.batch_size)]
    return batches


@torch.no_grad()
def reference_logprobs(config: RunConfig, policy: Policy, pairs: Sequence[Pair]) -> Tensor:
    """Log-probabilities (pairs, 2) of chosen and rejected answers under the base, which the policy is until its first step, or is
    without its adapter; 0 where the loss has no reference."""
    found = torch.zeros(len(pairs), 2, device=policy.device)
    if config.dpo.loss != "simpo":
        with policy.as_reference() if policy.has_adapter else contextlib.nullcontext(policy) as frozen:
            for rows in _passes(config.model, pairs):
                found[rows] = frozen(_batch_of(policy, [pairs[i] for i in rows])).logprobs.sum(1).reshape(2, -1).T
    return found


def dpo_step(
    config: RunConfig, policy: Policy, optimizer: torch.optim.Optimizer, pairs: list[Pair], ref_logprobs: Tensor, step: int,
    steps: int,
) -> dict[str, Any]:  # fmt: skip
    """One optimizer step; the rate rises over the first tenth and then falls linearly. `ref_logprobs` (pairs, 2)."""
    settings, started = config.dpo, time.perf_counter()
    rise = min(1.0, step / max(1, steps // 10))
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * rise * (1 - (step - 1) / steps)
    optimizer.zero_grad()
    parts = []
    for rows in _passes(config.model, pairs):
        batch = _batch_of(policy, [pairs[i] for i in rows])
        logprobs, lengths = policy(batch).logprobs.sum(1).reshape(2, -1), batch.mask.sum(1).reshape(2, -1)
        chosen, rejected = (Answers(logprobs[side], ref_logprobs[rows, side], lengths[side]) for side in (0, 1))
        told = settings.label_smoothing
        smoothing = torch.tensor([pairs[i].flip if told == "noise" else told for i in rows], device=policy.device)
        losses = preference_loss(settings.loss, chosen, rejected, settings.beta, smoothing, settings.margin)
        if not torch.isfinite(losses).all():
            raise TrainingError(f"DPO's loss is not finite at step {step}; the weights are unchanged. {_CALMER}")
        (losses.sum() / len(pairs)).backward()  # type: ignore[no-untyped-call]
        rewards = [implicit_reward(settings.loss, side, settings.beta) for side in (chosen, rejected)]
        parts.append(torch.stack([losses, *rewards]).detach())
    losses, chosen_rewards, rejected_rewards = torch.cat(parts, dim=1)
    grad_norm = torch.nn.utils.clip_grad_norm_(policy.trainable, settings.max_grad_norm)
    optimizer.step()
    margins = chosen_rewards - rejected_rewards
    return {
        "loss": float(losses.mean()), "accuracy": float((margins > 0).float().mean()), "margin": float(margins.mean()),
        "chosen_reward": float(chosen_rewards.mean()), "rejected_reward": float(rejected_rewards.mean()),
        "grad_norm": float(grad_norm), "learning_rate": optimizer.param_groups[0]["lr"],
        "seconds": {"update": time.perf_counter() - started},
    }  # fmt: skip


_CALMER = "Lower dpo.learning_rate and resume `train dpo` with it, or begin the comparison again: its seeds share settings."


def _passes(settings: ModelConfig, pairs: Sequence[Pair]) -> list[list[int]]:
    lengths = [len(pair.prompt_ids) + max(len(pair.chosen_ids), len(pair.rejected_ids)) for pair in pairs]
    return micro_batches(lengths, range(len(pairs)), settings, each=2)


def _batch_of(policy: Policy, pairs: list[Pair]) -> Batch:
    """All chosen answers, then all rejected ones."""
    halves = [(p, p.chosen_ids, p.chosen_own) for p in pairs] + [(p, p.rejected_ids, p.rejected_own) for p in pairs]
    own = [chosen_by_policy or [True] * len(ids) for _, ids, chosen_by_policy in halves]
    return make_batch([(p.prompt_ids, ids) for p, ids, _ in halves], policy.tokenizer.pad_token_id, policy.device, own)
