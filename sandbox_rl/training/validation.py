"""Validation of a PPO run: how often answers to the validation split pass, and how far the policy then is from its base."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

from sandbox_rl.policy.evaluation import Evaluation, answer, judge
from sandbox_rl.policy.reference import exact_kl
from sandbox_rl.policy.sharding import unsharded
from sandbox_rl.training.experience import batch_of
from sandbox_rl.training.learner import Learner
from sandbox_rl.training.reward_model import scored_by


def validate(learner: Learner, validation: Sequence[Task], grader: Grader) -> dict[str, float]:
    """How often answers to the validation split pass; what a learned reward thinks of these very answers; and their KL to the
    base, where learned and executed rewards are held against each other. Each process answers its share of the tasks."""
    config, policy, processes = learner.config, learner.policy, learner.processes
    share = processes.share(len(validation))
    own = validation[share.start : share.stop]
    learned = config.ppo.reward_model
    with unsharded(policy):
        samples = answer(config, policy, validation, grader, config.seed, share)
        executed = judge(own, samples, grader).tasks
        scores = judge(scored_by(learned, own, config.model.precision), samples, grader).tasks if learned else []
        nats = torch.zeros((), dtype=torch.float64)
        if samples and (learned or config.compare.learned_reward):
            nats += exact_kl(policy, learner.reference, batch_of(samples, policy), config.ppo.temperature, config.model).sum()
    figures = {"validation_pass_rate": Evaluation(tasks=processes.together(executed)).pass_rate()}
    if learned:
        figures["validation_proxy_reward"] = Evaluation(tasks=processes.together(scores)).reward()
    if learned or config.compare.learned_reward:
        figures["validation_kl"] = float(processes.sum(nats)) / (len(validation) * config.eval.samples_per_task)
    return figures
