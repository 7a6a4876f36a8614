"""Sampling whole conversations: the policy's turns, and between them what the environments of the tasks reply.

Token in, token out: a turn is sampled after the very tokens of the turns before it, and a conversation is one sequence, in which
`own` tells the policy's tokens from the environment's. A task without an environment is a conversation of one turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sandbox_rewards.environment import Conversation
from sandbox_rewards.environments.dispatch import Environments
from sandbox_tasks.task import Task
from torch import Tensor

from sandbox_rl.config import ModelConfig
from sandbox_rl.policy.generation import Sample
from sandbox_rl.policy.generators import generator
from sandbox_rl.policy.model import Policy


def converse(
    settings: ModelConfig, policy: Policy, tasks: Sequence[Task], environments: Environments, *, temperature: float,
    uniforms: Tensor,
) -> list[Sample]:  # fmt: skip
    """One conversation a task, in order; `text` is its outcome, which the task's rewards judge.

    `uniforms` (tasks, turns x most new tokens of a turn): each turn has columns of its own. A turn that was cut ends a
    conversation.
    """
    sample, turn_tokens = generator(settings), settings.max_new_tokens
    prompts = [policy.chat.encode_prompt(task.prompt) for task in tasks]
    samples = sample(policy, prompts, temperature=temperature, uniforms=uniforms[:, :turn_tokens])
    samples = [_judged(policy, task, first, environments) for task, first in zip(tasks, samples, strict=True)]
    going = [row for row, first in enumerate(samples) if tasks[row].environment and first.finished]
    for start in range(turn_tokens, uniforms.shape[1], turn_tokens):
        told = environments.replies([_conversation(policy, tasks[row], samples[row]) for row in going])
        replies = {row: reply for row, reply in zip(going, told, strict=True) if reply is not None}
        if not replies:
            break
        between = {row: policy.chat.encode_reply(reply) for row, reply in replies.items()}
        asked = [samples[row].prompt_ids + samples[row].answer_ids + between[row] for row in replies]
        further = sample(policy, asked, temperature=temperature, uniforms=uniforms[list(replies), start : start + turn_tokens])
        for row, turn in zip(replies, further, strict=True):
            samples[row] = _judged(policy, tasks[row], _continued(samples[row], replies[row], between[row], turn), environments)
        going = [row for row in replies if samples[row].finished]
    return samples


def _continued(before: Sample, reply: str, reply_ids: list[int], turn: Sample) -> Sample:
    """A conversation with one more reply and turn."""
    nothing = [0.0] * len(reply_ids)
    return replace(
        before,
        answer_ids=before.answer_ids + reply_ids + turn.answer_ids,
        own=before.own + [False] * len(reply_ids) + turn.own,
        logprobs=before.logprobs + nothing + turn.logprobs,
        values=before.values + nothing + turn.values,
        finished=turn.finished,
        turns=before.turns + turn.turns,
        replies=(*before.replies, reply),
    )


def _judged(policy: Policy, task: Task, sample: Sample, environments: Environments) -> Sample:
    outcome = environments.outcome(_conversation(policy, task, sample))
    return replace(sample, text=outcome, outcomes=(*sample.outcomes, outcome))


def _conversation(policy: Policy, task: Task, sample: Sample) -> Conversation:
    """As its judges see it: a thought that the template has opened is a thought."""
    return Conversation(task, tuple(policy.chat.opened_thought + turn for turn in sample.turns), sample.replies)
