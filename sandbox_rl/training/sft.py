"""Warm start: imitate (imperfect) solutions of the training tasks."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from sandbox_rewards.environment import Conversation
from sandbox_rewards.environments.dispatch import Environments
from sandbox_rewards.grading import Grader
from sandbox_tasks.imperfect import imperfect_answer
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.numerics.losses import imitation_loss
from sandbox_rl.policy.batches import chunks, make_batch
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import Randomness, RunFolder


def train_sft(
    config: RunConfig, tasks: Sequence[Task], grader: Grader, path: Path, *, resume: bool, report: Report
) -> Path:  # fmt: skip
    """The base policy's folder: the model as it is, or the tiny one after `config.sft.steps` of imitation.

    The grader helps the environments of conversations to reply.
    """
    run = RunFolder(path)
    target = path / "policy"
    if run.begin(config, ("suite", "seed", "model", "sft"), resume=resume):
        return target
    chance = Randomness(config.seed)
    environments = Environments(grader)
    policy = _start(config, tasks, environments)
    optimizer = torch.optim.AdamW(policy.lm.parameters(), lr=config.sft.learning_rate, weight_decay=0.01)
    state = run.newest() if resume else None
    first = 0
    if state:
        policy.restore(state["policy"])
        optimizer.load_state_dict(state["optimizer"])
        chance.restore(state["chance"])
        first = state["step"]
    for step in range(first + 1, config.sft.steps + 1):
        loss = _step(config, policy, optimizer, tasks, environments, chance.order, step)
        run.log({"phase": "sft", "step": step, "loss": loss})
        report(phase="warm start", step=step, total=config.sft.steps, loss=loss)
        if step % 100 == 0:
            run.save(
                step,
                {
                    "policy": policy.trained(),
                    "optimizer": optimizer.state_dict(),
                    "chance": chance.state(),
                },
            )
    policy.save(target)
    commit = getattr(policy.lm.config, "_commit_hash", None)
    run.finish({"steps": config.sft.steps, "model": config.model.name, "revision": commit})
    return target


def to_imitate(rng: random.Random, task: Task, wrong_probability: float) -> str:
    """A turn that the warm start imitates: an imperfect one where the suite can make it, else the reference."""
    answer = imperfect_answer(rng, task, wrong_probability) or task.reference
    if answer is None:
        raise UserError(f"task {task.id!r} has no reference to imitate; add one, or start from a trained model with sft.steps=0.")
    return answer


def imitated(
    rng: random.Random, tasks: Sequence[Task], wrong_probability: float, environments: Environments
) -> list[Conversation]:  # fmt: skip
    """One conversation a task, to imitate the policy's side of."""
    talks = [Conversation(task, (to_imitate(rng, task, wrong_probability),)) for task in tasks]
    going = [row for row, task in enumerate(tasks) if task.environment]
    while going:
        told = environments.replies([talks[row] for row in going])
        replies = {row: reply for row, reply in zip(going, told, strict=True) if reply is not None}
        for row, reply in replies.items():
            before, turn = talks[row], to_imitate(rng, tasks[row], wrong_probability)
            talks[row] = Conversation(before.task, (*before.turns, turn), (*before.replies, reply))
        going = list(replies)
    return talks


def _encoded(policy: Policy, talk: Conversation) -> tuple[list[int], list[int], list[bool]]:
    """Ids of the prompt, of all that follows it, and which of these are to be imitated."""
    ids: list[int] = []
    own: list[bool] = []
    for turn, reply in zip(talk.turns, (*talk.replies, None), strict=True):
        said, back = policy.chat.encode_answer(turn), policy.chat.encode_reply(reply) if reply is not None else []
        ids += said + back
        own += [True] * len(said) + [False] * len(back)
    return policy.chat.encode_prompt(talk.task.prompt), ids, own


def _start(config: RunConfig, tasks: Sequence[Task], environments: Environments) -> Policy:
    if config.model.name:
        return load_policy(
            config.model.name, config.model, gguf_file=config.model.gguf_file, revision=config.model.revision
        )
    talks = imitated(random.Random(config.seed), tasks, config.sft.wrong_probability, environments)
    texts = ["\n".join([talk.task.prompt, *talk.turns, *talk.replies]) for talk in talks]
    return new_tiny_policy(texts, config.seed, settings=config.model)


def _step(
    config: RunConfig, policy: Policy, optimizer: torch.optim.Optimizer, tasks: Sequence[Task], environments: Environments,
    order: random.Random, step: int,
) -> float:  # fmt: skip
    """One optimizer step on freshly drawn solutions; the rate rises over 20 steps and then falls linearly."""
    drawn = [order.choice(tasks) for _ in range(config.sft.batch_size)]
    talks = [_encoded(policy, talk) for talk in imitated(order, drawn, config.sft.wrong_probability, environments)]
    count = torch.tensor(float(sum(sum(own) for _, _, own in talks)), device=policy.device)
    rise = min(1.0, step / 20)
    for group in optimizer.param_groups:
        group["lr"] = config.sft.learning_rate * rise * (1 - (step - 1) / config.sft.steps)
    optimizer.zero_grad()
    total = 0.0
    for rows in chunks(range(len(talks)), config.model.micro_batch_size):
        sequences, own = [talks[i][:2] for i in rows], [talks[i][2] for i in rows]
        batch = make_batch(sequences, policy.tokenizer.pad_token_id, policy.device, own)
        loss = imitation_loss(policy(batch).logprobs, batch.mask / count)
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    if not math.isfinite(total):
        raise TrainingError(f"the warm start's loss is {total} at step {step}; lower sft.learning_rate.")
    torch.nn.utils.clip_grad_norm_(policy.lm.parameters(), 1.0)
    optimizer.step()
    return total
