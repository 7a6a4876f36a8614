"""Gradients don't depend on padding or on how a batch was split; what lies off the mask never counts."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sandbox_rl.config import ModelConfig, RunConfig
from sandbox_rl.numerics.advantages import gae, token_rewards, whiten
from sandbox_rl.numerics.kl import adapted, k2, k3, kl_loss
from sandbox_rl.numerics.losses import imitation_loss, policy_loss, value_loss
from sandbox_rl.policy.batches import make_batch, micro_batches
from sandbox_rl.policy.model import Policy, score
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.training.experience import Rollout
from sandbox_rl.training.ppo import backward

AGGREGATIONS = ("token-mean", "seq-mean-token-mean", "seq-mean-token-sum")
GARBAGE = st.sampled_from([0.0, -7.5, 1e30, math.inf, -math.inf, math.nan])


@given(seed=st.integers(0, 1000), garbage=GARBAGE)
def test_garbage_in_padding_changes_no_loss_and_no_gradient(seed: int, garbage: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.rand(3, 6, generator=generator) > 0.4).double()
    columns = [torch.randn(3, 6, generator=generator, dtype=torch.float64) for _ in range(3)]
    dirty = [torch.where(mask > 0, column, torch.full_like(column, garbage)) for column in columns]
    weights = mask / mask.sum().clamp(min=1)

    def outcome(given: list[Tensor]) -> list[Tensor]:
        new, old, other = (column.clone() for column in given)
        new.requires_grad_()
        losses = [
            policy_loss(new, old, other, weights, 0.2, 0.28, 3.0),
            value_loss(new, old, other, weights, 0.2),
            imitation_loss(new, weights),
            *(kl_loss(new, old, weights, kind) for kind in ("k1", "k2", "k3")),
        ]
        gradients = [torch.autograd.grad(loss, new)[0] for loss in losses]
        rewards = token_rewards(torch.ones(3, dtype=torch.float64), given[2], mask, 0.1)
        return [*losses, *gradients, rewards, *gae(rewards, old, mask, 1.0, 0.95), whiten(old, mask)]

    for clean, noisy in zip(outcome(columns), outcome(dirty), strict=True):
        assert torch.equal(clean, noisy)


def micro_policy() -> Policy:
    policy = new_tiny_policy(["# list: sort up\ndef f(x):\n    return sorted(x)"], seed=0).double()
    policy.value_head.weight.data.normal_(generator=torch.Generator().manual_seed(1), std=0.1)
    return policy


POLICY = micro_policy()
SEQUENCES = [([5, 6, 7], [8, 9, 10, 1]), ([5], [20, 1]), ([9, 9, 9, 9], [30]), ([12, 13], [40, 41, 42, 43, 44])]


def rollout(extra_padding: int) -> Rollout:
    """Made-up advantages, the same for every padding; old log-probabilities off the policy's, so that ratios are not 1."""
    batch = make_batch([*SEQUENCES, ([2], [3] * (5 + extra_padding))], 0, torch.device("cpu")).rows(range(4))
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(3, 4, 8, generator=generator, dtype=torch.float64)
    noise = torch.nn.functional.pad(noise, (0, max(0, batch.mask.shape[1] - 8)))[..., : batch.mask.shape[1]]
    with torch.no_grad():
        scores = POLICY(batch)
    old = scores.logprobs + 0.3 * noise[0]
    return Rollout(batch, old, old - 0.2 * noise[2], scores.values[:, :-1] + noise[1] * 0.1, noise[1], noise[2])


def counts_of(mask: Tensor) -> Tensor:
    return torch.stack([mask.sum(), (mask.sum(1) > 0).sum()])


def gradients(made: Rollout, split: list[list[int]], aggregation: str = "token-mean") -> list[Tensor]:
    POLICY.zero_grad()
    settings = {"kl_in": "loss", "kl_kind": "k3", "entropy_coefficient": 0.01, "aggregation": aggregation, "dual_clip": 3.0}
    config = RunConfig.model_validate({"ppo": settings})
    for rows in split:
        backward(config, POLICY, made.rows(rows), counts_of(made.mask), 1, kl_coefficient=0.1)
    return [parameter.grad.clone() for parameter in POLICY.parameters() if parameter.grad is not None]


@settings(deadline=None, max_examples=10)
@given(
    order=st.permutations(range(4)), cut=st.integers(1, 3), padding=st.integers(0, 6), aggregation=st.sampled_from(AGGREGATIONS)
)  # fmt: skip
def test_the_gradient_is_the_same_for_every_split_and_padding(order: list[int], cut: int, padding: int, aggregation: str) -> None:
    whole = gradients(rollout(0), [[0, 1, 2, 3]], aggregation)
    split = gradients(rollout(padding), [order[:cut], order[cut:]], aggregation)
    assert len(whole) == len(split) > 0
    for one, other in zip(whole, split, strict=True):
        # the forward pass takes its logits to float32, where another order of sums moves the last digits
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)


@given(lengths=st.lists(st.integers(1, 50), max_size=12), budget=st.integers(1, 120))
def test_passes_by_tokens_hold_every_row_once_and_keep_to_the_budget(lengths: list[int], budget: int) -> None:
    passes = micro_batches(lengths, range(len(lengths)), ModelConfig(micro_batch_tokens=budget))
    assert sorted(row for part in passes for row in part) == list(range(len(lengths)))
    assert all(len(part) * max(lengths[row] for row in part) <= budget or len(part) == 1 for part in passes)


def test_scores_do_not_depend_on_the_passes() -> None:
    batch = rollout(3).batch
    by_size = score(POLICY, batch, 0.7, ModelConfig(micro_batch_size=4))
    by_tokens = score(POLICY, batch, 0.7, ModelConfig(micro_batch_tokens=12))
    for one, other, mask in zip(by_size, by_tokens, (batch.mask, batch.mask, batch.attention), strict=True):
        assert torch.allclose(one * mask, other * mask, atol=1e-5)


@pytest.mark.parametrize("critic", ["shared", "separate"])
def test_a_warmup_trains_the_critic_alone(critic: str) -> None:
    policy, made = micro_policy(), rollout(0)
    config = RunConfig.model_validate({"ppo": {"critic_warmup": 1}, "model": {"critic": critic}})
    if critic == "separate":
        policy.separate_critic()
    for step, moves in ((1, False), (2, True)):
        policy.zero_grad()
        backward(config, policy, made.rows([0, 1, 2, 3]), counts_of(made.mask), step, kl_coefficient=0.0)
        assert any(p.grad is not None and bool(p.grad.any()) for p in policy.lm.parameters()) is moves
        trained = [policy.value_head.weight, *(policy.critic.parameters() if policy.critic else [])]
        assert all(bool(p.grad.any()) for p in trained if p.grad is not None and p.dim() > 1)
        assert policy.value_head.weight.grad is not None


def test_a_warmup_with_the_shared_trunk_moves_no_log_probability() -> None:
    """50 steps at 1e-4 with advantages 0: with the trunk's gradient they moved by up to 11.6 nats."""
    policy, made = micro_policy(), rollout(0)
    made = replace(made, advantages=torch.zeros_like(made.advantages))
    config = RunConfig.model_validate({"ppo": {"critic_warmup": 50}})
    optimizer = torch.optim.AdamW(policy.trainable, lr=1e-4, weight_decay=0.0)
    with torch.no_grad():
        logprobs, _, values = policy(made.batch)
    for step in range(1, 51):
        optimizer.zero_grad()
        backward(config, policy, made.rows([0, 1, 2, 3]), counts_of(made.mask), step, kl_coefficient=0.0)
        optimizer.step()
    with torch.no_grad():
        again = policy(made.batch)
    assert torch.equal(again.logprobs, logprobs)
    assert not torch.allclose(again.values, values, atol=1e-3)


def test_an_average_of_averages_would_differ() -> None:
    """The property above is not empty: each part divided by its own count gives another gradient."""
    made = rollout(0)
    POLICY.zero_grad()
    backward(RunConfig(), POLICY, made.rows([0, 1, 2, 3]), counts_of(made.mask), 1, kl_coefficient=0.0)
    whole = [parameter.grad.clone() for parameter in POLICY.parameters() if parameter.grad is not None]
    POLICY.zero_grad()
    for rows in ([0], [1, 2, 3]):  # 4 and 8 trainable tokens
        backward(RunConfig(), POLICY, made.rows(rows), counts_of(made.mask[rows]) * 2, 1, kl_coefficient=0.0)
    wrong = [p.grad for p in POLICY.parameters() if p.grad is not None]
    assert not all(torch.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(whole, wrong, strict=True))


def test_k2_by_hand() -> None:
    # log p - log q = -.6: .36 / 2 = .18
    assert k2(torch.tensor([-1.0]), torch.tensor([-0.4])).item() == pytest.approx(0.18)


@pytest.mark.parametrize(
    ("kl", "wanted"),
    [
        (6.0, 0.5),  # on target: stays
        (6.6, 0.505),  # error .6 / 6 = .1: .5 * (1 + .1 * .1)
        (60.0, 0.51),  # error 9, clipped to .2: .5 * 1.02
        (0.0, 0.49),  # error -1, clipped to -.2: .5 * .98
    ],
)
def test_the_adaptive_coefficient_by_hand(kl: float, wanted: float) -> None:
    assert adapted(0.5, kl, 6.0) == pytest.approx(wanted)


def test_k3_means_to_the_exact_divergence() -> None:
    """Over all tokens, weighted by p, k3 gives sum p log(p/q): (1/2) ln(.5/.25) + (1/2) ln(.5/.75) = .143841."""
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
    assert (p * k3(p.log(), q.log())).sum().item() == pytest.approx(0.143841, rel=1e-4)
