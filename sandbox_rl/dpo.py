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
from torch import Tensor

from sandbox_rl.best_policy import BestPolicy
from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.evaluate import evaluate
from sandbox_rl.losses import dpo_loss
from sandbox_rl.pairs import Pair
from sandbox_rl.policy import Policy, load_policy, make_batch
from sandbox_rl.progress import Report
from sandbox_rl.run_folder import Randomness, RunFolder


def train_dpo(
    config: RunConfig, base: Path, pairs_file: Path, validation: Sequence[Task], grader: Grader, path: Path,
    *, resume: bool, report: Report,
) -> Path:  # fmt: skip
    """Folder of the policy that did best on `validation` during DPO from `base`."""
    run = RunFolder(path)
    best = BestPolicy(path / "policy")
    if resume and run.finished():
        return best.folder
    if not pairs_file.read_text().strip():
        raise UserError(
            f"{pairs_file} holds no pair: no task had both a better and a worse answer; raise pairs.samples_per_prompt."
        )
    pairs = read_jsonl(pairs_file, Pair)
    policy, reference = load_policy(base), load_policy(base)
    optimizer = torch.optim.AdamW(policy.lm.parameters(), lr=config.dpo.learning_rate, weight_decay=0.0)
    batches = _batches(config, len(pairs))
    state = run.newest() if resume else None
    first = 0
    if state:
        policy.load_state_dict(state["policy"])
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
                {"policy": policy.state_dict(), "optimizer": optimizer.state_dict(), "best": best.state()},
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
    reference: Policy,
    optimizer: torch.optim.Optimizer,
    pairs: list[Pair],
    step: int,
    steps: int,
) -> dict[str, Any]:
    """One optimizer step; the rate rises over the first tenth and then falls linearly."""
    started = time.perf_counter()
    rise = min(1.0, step / max(1, steps // 10))
    for group in optimizer.param_groups:
        group["lr"] = config.dpo.learning_rate * rise * (1 - (step - 1) / steps)
    sequences = [(p.prompt_ids, p.chosen_ids) for p in pairs] + [(p.prompt_ids, p.rejected_ids) for p in pairs]
    chosen, rejected = _sequence_logprobs(policy, sequences).chunk(2)
    with torch.no_grad():
        reference_chosen, reference_rejected = _sequence_logprobs(reference, sequences).chunk(2)
    losses = dpo_loss(chosen, rejected, reference_chosen, reference_rejected, config.dpo.beta, config.dpo.label_smoothing)
    loss = losses.mean()
    if not torch.isfinite(loss):
        raise TrainingError(f"DPO's loss is {float(loss)} at step {step}; lower dpo.learning_rate.")
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(policy.lm.parameters(), config.dpo.max_grad_norm)
    optimizer.step()
    margin = (chosen - reference_chosen) - (rejected - reference_rejected)
    return {
        "loss": float(loss.detach()), "accuracy": float((margin > 0).float().mean()),
        "margin": float(margin.detach().mean() * config.dpo.beta),
        "kl": float((chosen - reference_chosen).detach().mean()), "seconds": {"update": time.perf_counter() - started},
    }  # fmt: skip


def _sequence_logprobs(policy: Policy, sequences: list[tuple[list[int], list[int]]]) -> Tensor:
    """Log-probability of each whole answer (b,)."""
    batch = make_batch(sequences, policy.tokenizer.pad_token_id, policy.device)
    logprobs, _, _ = policy(batch)
    return torch.as_tensor((logprobs * batch.mask).sum(1))
