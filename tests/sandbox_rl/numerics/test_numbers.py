"""PPO's and DPO's arithmetic against numbers worked by hand, and against loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sandbox_rl.numerics.advantages import gae, token_rewards, whiten
from sandbox_rl.numerics.kl import categorical_kl, k1, k3
from sandbox_rl.numerics.losses import policy_loss, value_loss
from sandbox_rl.numerics.statistics import bootstrap_interval, pass_at_k


def rows(*values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_final_reward_sits_on_the_last_trainable_token() -> None:
    mask = rows([0, 1, 1, 0], [1, 1, 0, 1])
    kl = rows([9, 1, 2, 9], [1, 1, 9, 2])
    got = token_rewards(torch.tensor([5.0, 7.0], dtype=torch.float64), kl, mask, 0.1)
    # -0.1 * kl on the mask, plus 5 at position 2 and 7 at position 3
    assert torch.allclose(got, rows([0, -0.1, 4.8, 0], [-0.1, -0.1, 0, 6.8]))


def test_gae_by_hand() -> None:
    # gamma 0.9, lambda 0.5, rewards 0 0 1, values .5 .4 .2
    # delta2 = 1 - .2 = .8;  delta1 = .9*.2 - .4 = -.22;  delta0 = .9*.4 - .5 = -.14
    # A2 = .8;  A1 = -.22 + .45*.8 = .14;  A0 = -.14 + .45*.14 = -.077
    advantages, returns = gae(rows([0, 0, 1]), rows([0.5, 0.4, 0.2]), rows([1, 1, 1]), 0.9, 0.5)
    assert torch.allclose(advantages, rows([-0.077, 0.14, 0.8]))
    assert torch.allclose(returns, rows([0.423, 0.54, 1.0]))


@given(st.integers(0, 10_000))
def test_gae_equals_the_plain_sum_and_skips_masked_tokens(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rewards, values = torch.rand(2, 7, generator=generator, dtype=torch.float64).unbind()
    mask = (torch.rand(7, generator=generator) > 0.4).double()
    advantages, _ = gae(rewards[None], values[None], mask[None], 0.95, 0.9)
    kept = [i for i in range(7) if mask[i]]
    for place, i in enumerate(kept):
        wanted = 0.0
        for distance, j in enumerate(kept[place:]):
            after = values[kept[place + distance + 1]] if place + distance + 1 < len(kept) else 0.0
            wanted += (0.95 * 0.9) ** distance * (rewards[j] + 0.95 * after - values[j])
        assert math.isclose(float(advantages[0, i]), float(wanted), rel_tol=1e-9, abs_tol=1e-12)
    assert all(advantages[0, i] == 0 for i in range(7) if not mask[i])


def test_whitening_by_hand_and_garbage_in_padding_changes_nothing() -> None:
    # 1, 3 -> mean 2, variance 1 -> -1, 1
    assert torch.allclose(whiten(rows([1, 3, math.nan]), rows([1, 1, 0])), rows([-1, 1, 0]))
    assert whiten(rows([4.0]), rows([1.0])).item() == 0  # one token: finite


def test_policy_loss_by_hand() -> None:
    # ratios e^.5 = 1.6487 (A = 1: clipped to 1.2) and e^-.5 = .6065 (A = -2: min(-1.213, -1.6) = -1.6); masked third
    new, old = rows([0.5, -0.5, 50.0]), rows([0.0, 0.0, 0.0])
    loss = policy_loss(new, old, rows([1, -2, 9]), rows([0.5, 0.5, 0]), 0.2, 0.2)
    assert math.isclose(loss.item(), -(1.2 - 1.6) / 2, rel_tol=1e-6)


def test_value_loss_by_hand() -> None:
    # value 1.0 from old .5 clips to .7; return 0: max(1.0, .49) / 2 = .5
    loss = value_loss(rows([1.0]), rows([0.5]), rows([0.0]), rows([1.0]), 0.2)
    assert math.isclose(loss.item(), 0.5)


def test_kl_estimators_by_hand() -> None:
    # log p - log q = ln 2: k1 = .6931, k3 = 1/2 - 1 + .6931 = .1931
    assert math.isclose(k1(rows([math.log(2)]), rows([0.0])).item(), math.log(2))
    assert math.isclose(k3(rows([math.log(2)]), rows([0.0])).item(), math.log(2) - 0.5)


def test_kl_over_a_vocabulary_by_hand() -> None:
    # p = (3/4, 1/4), q = (1/2, 1/2): 3/4 ln 3/2 + 1/4 ln 1/2 = .3041 - .1733 = .1308; logits may be off by a constant
    p, q = torch.tensor([[3.0, 1.0]]).log() + 5, torch.tensor([[1.0, 1.0]]).log()
    assert math.isclose(categorical_kl(p, q).item(), 0.75 * math.log(1.5) - 0.25 * math.log(2), abs_tol=1e-6)
    assert categorical_kl(p, p).item() == 0.0


@pytest.mark.parametrize(("n", "c", "k", "wanted"), [(4, 1, 1, 0.25), (4, 2, 2, 1 - 1 / 6), (5, 0, 3, 0), (5, 3, 3, 1)])
def test_pass_at_k_by_counting_subsets(n: int, c: int, k: int, wanted: float) -> None:
    assert math.isclose(pass_at_k(n, c, k), wanted)


def test_an_interval_holds_its_mean_and_narrows_with_more_tasks() -> None:
    few, many = torch.arange(10).double() / 10, torch.arange(1000).double() / 1000
    short, long = (bootstrap_interval(v.numpy()[None], resamples=2000) for v in (many, few))
    assert short.low < 0.4995 < short.high
    assert short.high - short.low < long.high - long.low
