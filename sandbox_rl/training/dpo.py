"""DPO on pairs of graded answers. Rafailov et al. 2023 (arXiv:2305.18290)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sandbox_rewards.grading import Grader
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.numerics.preference_losses import Answers, preference_loss
from sandbox_rl.policy.batches import chunks, make_batch
from sandbox_rl.policy.evaluation import evaluate
from sandbox_rl.policy.loading import policy_to_train
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.reference import Reference
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
    if run.begin(config, ("suite", "seed", "model", "dpo", "eval"), resume=resume):
        return best.folder
    if not pairs_file.read_text().strip():
        raise UserError(
            f"{pairs_file} holds no pair: no task had both a better and a worse answer; raise pairs.samples_per_prompt."
        )
    grader.prepare(validation)
    pairs = read_jsonl(pairs_file, Pair)
    policy = policy_to_train(base, config.model, config.seed)
    reference = Reference(policy, base, offload=config.model.offload_reference)
    policy.value_head.requires_grad_(False)
    optimizer = torch.optim.AdamW(policy.trainable, lr=config.dpo.learning_rate, weight_decay=0.0, fused=True)
    batches = _batches(config, len(pairs))
    state = run.newest() if resume else None
    first = 0
    if state:
        policy.load_state_dict(state["policy"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        best.restore(state["best"])
        first = state["step"]
    for step, rows in list(enumerate(batches, 1))[first:]:
        metrics = dpo_step(config, policy, reference, optimizer, [pairs[i] for i in rows], step, len(batches))
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


def dpo_step(
    config: RunConfig,
    policy: Policy,
    reference: Reference,
    optimizer: torch.optim.Optimizer,
    pairs: list[Pair],
    step: int,
    steps: int,
) -> dict[str, Any]:
    """One optimizer step; the rate rises over the first tenth and then falls linearly."""
    settings, started = config.dpo, time.perf_counter()
    rise = min(1.0, step / max(1, steps // 10))
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * rise * (1 - (step - 1) / steps)
    optimizer.zero_grad()
    parts = []
    for rows in chunks(range(len(pairs)), max(1, config.model.micro_batch_size // 2)):
        chosen, rejected = _scored(policy, reference, [pairs[i] for i in rows])
        told = settings.label_smoothing
        smoothing = torch.tensor([pairs[i].flip if told == "noise" else told for i in rows], device=policy.device)
        losses = preference_loss(settings.loss, chosen, rejected, settings.beta, smoothing, settings.margin)
        if not torch.isfinite(losses).all():
            raise TrainingError(f"DPO's loss is not finite at step {step}; the weights are unchanged. Lower dpo.learning_rate.")
        (losses.sum() / len(pairs)).backward()  # type: ignore[no-untyped-call]
        parts.append(torch.stack([losses, chosen.moved, rejected.moved]).detach())
    losses, moved_chosen, moved_rejected = torch.cat(parts, dim=1)
    torch.nn.utils.clip_grad_norm_(policy.trainable, settings.max_grad_norm)
    optimizer.step()
    margin = moved_chosen - moved_rejected
    return {
        "loss": float(losses.mean()),
        "accuracy": float((margin > 0).float().mean()), "margin": float(margin.mean() * settings.beta),
        "chosen_moved": float(moved_chosen.mean()), "rejected_moved": float(moved_rejected.mean()),
        "learning_rate": optimizer.param_groups[0]["lr"], "seconds": {"update": time.perf_counter() - started},
    }  # fmt: skip


def _scored(policy: Policy, reference: Reference, pairs: list[Pair]) -> tuple[Answers, Answers]:
    """The chosen and the rejected answers under policy and reference."""
    halves = [(p, p.chosen_ids, p.chosen_own) for p in pairs] + [(p, p.rejected_ids, p.rejected_own) for p in pairs]
    own = [chosen_by_policy or [True] * len(ids) for _, ids, chosen_by_policy in halves]
    batch = make_batch([(p.prompt_ids, ids) for p, ids, _ in halves], policy.tokenizer.pad_token_id, policy.device, own)
    with torch.no_grad(), reference as frozen:
        before = frozen(batch).logprobs.sum(1)
    columns = torch.stack([policy(batch).logprobs.sum(1), before, batch.mask.sum(1)]).reshape(3, 2, len(pairs))
    return Answers(*columns[:, 0]), Answers(*columns[:, 1])
