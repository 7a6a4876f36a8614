"""Warm start: imitate (imperfect) solutions of the training tasks."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from sandbox_tasks.quickstart import imperfect_solution
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.losses import imitation_loss
from sandbox_rl.policy import Policy, chunks, load_policy, make_batch, new_tiny_policy, save_policy
from sandbox_rl.progress import Report
from sandbox_rl.run_folder import Randomness, RunFolder


def train_sft(config: RunConfig, tasks: Sequence[Task], path: Path, *, resume: bool, report: Report) -> Path:
    """The base policy's folder: the model as it is, or the tiny one after `config.sft.steps` of imitation."""
    run = RunFolder(path)
    target = path / "policy"
    if run.begin(config, ("suite", "seed", "model", "sft"), resume=resume):
        return target
    chance = Randomness(config.seed)
    policy = _start(config, tasks)
    optimizer = torch.optim.AdamW(policy.lm.parameters(), lr=config.sft.learning_rate, weight_decay=0.01)
    state = run.newest() if resume else None
    first = 0
    if state:
        policy.load_state_dict(state["policy"])
        optimizer.load_state_dict(state["optimizer"])
        chance.restore(state["chance"])
        first = state["step"]
    for step in range(first + 1, config.sft.steps + 1):
        loss = _step(config, policy, optimizer, tasks, chance.order, step)
        run.log({"phase": "sft", "step": step, "loss": loss})
        report(phase="warm start", step=step, total=config.sft.steps, loss=loss)
        if step % 100 == 0:
            run.save(
                step,
                {
                    "policy": policy.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "chance": chance.state(),
                },
            )
    save_policy(policy, target)
    run.finish({"steps": config.sft.steps})
    return target


def to_imitate(rng: random.Random, task: Task, wrong_probability: float) -> str:
    """What the warm start imitates: an imperfect solution where the suite can make one, else the reference."""
    if "stages" in task.metadata:
        return imperfect_solution(rng, task, wrong_probability)
    if task.reference is None:
        raise UserError(f"task {task.id!r} has no reference to imitate; add one, or start from a trained model with sft.steps=0.")
    return task.reference


def _start(config: RunConfig, tasks: Sequence[Task]) -> Policy:
    if config.model.name:
        return load_policy(config.model.name, config.model.gguf_file)
    rng = random.Random(config.seed)
    texts = [f"{task.prompt}\n{to_imitate(rng, task, config.sft.wrong_probability)}" for task in tasks]
    return new_tiny_policy(texts, config.seed)


def _step(
    config: RunConfig,
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    tasks: Sequence[Task],
    order: random.Random,
    step: int,
) -> float:
    """One optimizer step on freshly drawn solutions; the rate rises over 20 steps and then falls linearly."""
    drawn = [order.choice(tasks) for _ in range(config.sft.batch_size)]
    answers = [to_imitate(order, task, config.sft.wrong_probability) for task in drawn]
    pairs = [(policy.encode_prompt(t.prompt), policy.encode_answer(a)) for t, a in zip(drawn, answers, strict=True)]
    count = torch.tensor(float(sum(len(answer) for _, answer in pairs)), device=policy.device)
    rise = min(1.0, step / 20)
    for group in optimizer.param_groups:
        group["lr"] = config.sft.learning_rate * rise * (1 - (step - 1) / config.sft.steps)
    optimizer.zero_grad()
    total = 0.0
    for rows in chunks(range(len(pairs)), config.model.micro_batch_size):
        batch = make_batch([pairs[i] for i in rows], policy.tokenizer.pad_token_id, policy.device)
        loss = imitation_loss(policy(batch).logprobs, batch.mask / count)
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    if not math.isfinite(total):
        raise TrainingError(f"the warm start's loss is {total} at step {step}; lower sft.learning_rate.")
    torch.nn.utils.clip_grad_norm_(policy.lm.parameters(), 1.0)
    optimizer.step()
    return total
