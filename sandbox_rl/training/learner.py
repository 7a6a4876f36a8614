"""What PPO trains and goes on from: the policy, its reference and optimizer, the run's chance, and the KL's price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.fingerprint import digest, fingerprint
from sandbox_rl.policy.loading import policy_to_train
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.reference import Reference
from sandbox_rl.policy.sharding import optimizer_state, restore_optimizer, shard, unsharded
from sandbox_rl.runs.run_folder import Randomness, RunFolder
from sandbox_rl.training.processes import Processes


@dataclass
class Learner:
    """One process's side of a PPO run; `kl_coefficient` changes where it adapts to a target."""

    config: RunConfig
    policy: Policy
    reference: Reference
    optimizer: torch.optim.Optimizer
    chance: Randomness
    processes: Processes
    kl_coefficient: float

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it; all processes ask together, and the main one gets weights."""
        keep = self.processes.main
        return {
            "policy": self.policy.trained(keep=keep), "optimizer": optimizer_state(self.optimizer, keep=keep),
            "chance": self.chance.state(), "kl_coefficient": self.kl_coefficient,
        }  # fmt: skip

    def fingerprints(self, samples: list[dict[str, Any]]) -> dict[str, str]:
        """Of what a step was trained on and of the weights after it: two runs whose fingerprints agree are the same."""
        with unsharded(self.policy):
            return {"inputs": digest(samples), "weights": fingerprint(self.policy.trainable)}


def start_learner(config: RunConfig, base: Path, run: RunFolder, state: dict[str, Any] | None, processes: Processes) -> Learner:
    """A learner that starts at `base`, or goes on from a checkpoint's `state`."""
    policy = policy_to_train(base, config.model, config.seed)
    reference = Reference(policy, base, config.model)
    if state:
        policy.restore(state["policy"])
    if processes.sharded:
        shard(policy, set(policy.lm._no_split_modules), processes.count, policy.device)
        idle_pass(policy)
    optimizer = torch.optim.AdamW(policy.trainable, lr=config.ppo.learning_rate, weight_decay=0.0, fused=True)
    learner = Learner(config, policy, reference, optimizer, Randomness(config.seed), processes, config.ppo.kl_coefficient)
    if state:
        restore_optimizer(optimizer, state["optimizer"])
        learner.chance.restore(state["chance"])
        if not run.changed_since(state["step"], "ppo.kl_coefficient"):
            learner.kl_coefficient = state["kl_coefficient"]
    return learner


def idle_pass(policy: Policy) -> None:
    """A pass forward and backward that adds nothing, for a process that has none of its own while others have one."""
    scores = policy(make_batch([([0], [0])], 0, policy.device))
    (0 * (scores.logprobs.sum() + scores.values.sum())).backward()


def refuse_idle_processes(config: RunConfig, processes: Processes) -> None:
    """Raise `UserError` when there are more processes than prompts in a step."""
    if config.ppo.prompts_per_step < processes.count:
        raise UserError(
            f"ppo.prompts_per_step is {config.ppo.prompts_per_step}, and {processes.count} processes were started; each needs a "
            "prompt a step: raise it, or start fewer."
        )
