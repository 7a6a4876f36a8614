"""A separate critic is kept with the head that reads it, and neither is taken for the policy's own trunk."""

from pathlib import Path

import torch

from sandbox_rl.config import ModelConfig
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.loading import load_policy, policy_to_train
from sandbox_rl.policy.tiny import new_tiny_policy

SEPARATE, SHARED = ModelConfig(critic="separate"), ModelConfig()
TEXT = ["# list: sort up\ndef f(x):\n    return sorted(x)"]
BATCH = make_batch([([5, 6, 7], [8, 9, 10, 1]), ([5], [20, 1])], 0, torch.device("cpu"))


def saved(folder: Path) -> torch.Tensor:
    """Values of a policy whose separate critic was trained (its trunk is no longer the policy's), as they are before saving."""
    new_tiny_policy(TEXT, seed=0).save(folder / "base")
    policy = policy_to_train(folder / "base", SEPARATE, 0)
    with torch.no_grad():
        for parameter in policy.critic.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)), alpha=0.1)
        policy.value_head.weight.normal_(generator=torch.Generator().manual_seed(2))
        values: torch.Tensor = policy(BATCH).values
    policy.save(folder / "trained")
    return values


def test_a_separate_critic_goes_on_where_it_was(tmp_path: Path) -> None:
    values = saved(tmp_path)
    with torch.no_grad():
        assert torch.equal(policy_to_train(tmp_path / "trained", SEPARATE, 0)(BATCH).values, values)


def test_its_head_is_not_put_on_the_policys_trunk(tmp_path: Path) -> None:
    saved(tmp_path)
    for policy in (policy_to_train(tmp_path / "trained", SHARED, 0), load_policy(tmp_path / "trained")):
        with torch.no_grad():
            assert not policy(BATCH).values.any()  # as a new head's


def test_a_head_of_the_policys_trunk_starts_a_separate_critic_as_its_copy(tmp_path: Path) -> None:
    policy = new_tiny_policy(TEXT, seed=0)
    policy.value_head.weight.data.normal_(generator=torch.Generator().manual_seed(2))
    policy.save(tmp_path)
    with torch.no_grad():
        assert torch.equal(policy_to_train(tmp_path, SEPARATE, 0)(BATCH).values, policy(BATCH).values)
