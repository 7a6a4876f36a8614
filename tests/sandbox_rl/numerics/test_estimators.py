"""Advantages, losses and KL terms against numbers worked by hand, loops, and the formulas that peers publish."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from sandbox_rl.config import DPOConfig, PPOConfig
from sandbox_rl.numerics.advantages import gae, group_advantages, returns_to_go, whiten
from sandbox_rl.numerics.kl import KINDS, kl_loss
from sandbox_rl.numerics.losses import explained_variance, policy_loss, token_weights
from sandbox_rl.numerics.preference_losses import Answers, bradley_terry, preference_loss


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# -- Advantages -----------------------------------------------------------------------------------------------------------

REWARDS, GROUPS = vector(1, 0, 2, 5, 7), torch.tensor([3, 3, 3, 8, 9])


def test_group_advantages_by_hand() -> None:
    # group 3: mean 1, sample deviation sqrt((0 + 1 + 1) / 2) = 1; the others are alone
    assert torch.allclose(group_advantages(REWARDS, GROUPS, "dr_grpo"), vector(0, -1, 1, 0, 0))
    assert torch.allclose(group_advantages(REWARDS, GROUPS, "grpo"), vector(0, -1, 1, 0, 0) / (1 + 1e-6))
    # 1 - (0 + 2) / 2, 0 - (1 + 2) / 2, 2 - (1 + 0) / 2
    assert torch.allclose(group_advantages(REWARDS, GROUPS, "rloo"), vector(0, -1.5, 1.5, 0, 0))


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-5, 5)), min_size=1, max_size=12))
def test_group_advantages_equal_the_loop(answers: list[tuple[int, float]]) -> None:
    groups = torch.tensor([group for group, _ in answers])
    rewards = vector(*(reward for _, reward in answers))
    for how in ("dr_grpo", "rloo", "grpo"):
        got = group_advantages(rewards, groups, how)
        for i, (group, reward) in enumerate(answers):
            own = [r for g, r in answers if g == group]
            others = [r for j, (g, r) in enumerate(answers) if g == group and j != i]
            mean = sum(own) / len(own)
            deviation = math.sqrt(sum((r - mean) ** 2 for r in own) / max(1, len(own) - 1))
            wanted = {
                "dr_grpo": reward - mean, "grpo": (reward - mean) / (deviation + 1e-6),
                "rloo": reward - sum(others) / len(others) if others else 0.0,
            }[how]  # fmt: skip
            assert float(got[i]) == pytest.approx(wanted, abs=1e-9, rel=1e-6)


def test_equal_rewards_of_a_group_give_no_advantage_and_no_nan() -> None:
    for how in ("grpo", "dr_grpo", "rloo"):
        assert torch.equal(group_advantages(vector(1, 1, 1), torch.zeros(3, dtype=torch.long), how), vector(0, 0, 0))


def test_returns_to_go_skip_a_masked_stretch_in_the_middle() -> None:
    # tool tokens at 1 and 2 hold garbage; gamma .5 counts only trainable tokens: 1 + .5 * (2 + .5 * 4) = 3
    got = returns_to_go(rows([1, 99, math.nan, 2, 4]), rows([1, 0, 0, 1, 1]), 0.5)
    assert torch.allclose(got, rows([3, 0, 0, 4, 4]))


def test_a_cut_answer_is_worth_what_the_critic_expects_after_it() -> None:
    # gamma 1, lambda 1, rewards 0, values .2 .4, after .9: advantages .9 - .2 and .9 - .4; without it -.2 and -.4
    mask = rows([1, 1, 0])
    advantages, returns = gae(rows([0, 0, 0]), rows([0.2, 0.4, 7]), mask, 1.0, 1.0, vector(0.9))
    assert torch.allclose(advantages, rows([0.7, 0.5, 0]))
    assert torch.allclose(returns, rows([0.9, 0.9, 0]))


def test_whitening_counts_the_tokens_of_all_processes() -> None:
    both = rows([1, 3], [5, 0])
    mask = rows([1, 1], [1, 0])
    whole = whiten(both, mask)
    sums: list[list[Tensor]] = []

    def first_pass(values: Tensor) -> Tensor:
        sums[-1].append(values)
        return values

    for part in range(2):
        sums.append([])
        whiten(both[part : part + 1], mask[part : part + 1], first_pass)
    count_and_sum = sums[0][0] + sums[1][0]
    mean = count_and_sum[1] / count_and_sum[0]
    variance = sum(float((((both[i] - mean) * mask[i]) ** 2).sum()) for i in range(2))
    for part in range(2):
        answers = iter([count_and_sum, torch.tensor(variance, dtype=torch.float64)])
        got = whiten(both[part : part + 1], mask[part : part + 1], lambda _, answers=answers: next(answers))
        assert torch.allclose(got, whole[part : part + 1])


# -- Losses ---------------------------------------------------------------------------------------------------------------


def test_token_weights_by_hand() -> None:
    mask = rows([1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0])
    tokens, sequences = torch.tensor(4.0), torch.tensor(2.0)
    thirds, half, none = [1 / 6, 1 / 6, 1 / 6, 0], [0.5, 0, 0, 0], [0.0] * 4
    assert torch.allclose(token_weights(mask, "token-mean", tokens, sequences), mask / 4)
    assert torch.allclose(token_weights(mask, "seq-mean-token-mean", tokens, sequences), rows(thirds, half, none))
    assert torch.allclose(token_weights(mask, "seq-mean-token-sum", tokens, sequences), mask / 2)


@pytest.mark.parametrize(
    ("ratio", "advantage", "wanted"),
    [
        (1.5, 1.0, 1.28),  # clipped above
        (0.5, 1.0, 0.5),  # a good token grown unlikely: not clipped
        (0.5, -1.0, -0.8),  # clipped below
        (1.5, -1.0, -1.5),  # a bad token grown likely: not clipped
        (9.0, -1.0, -3.0),  # but for the dual clip
        (9.0, 1.0, 1.28),
    ],
)
def test_each_clip_by_hand(ratio: float, advantage: float, wanted: float) -> None:
    got = policy_loss(rows([math.log(ratio)]), rows([0.0]), rows([advantage]), rows([1.0]), 0.2, 0.28, 3.0)
    assert got.item() == pytest.approx(-wanted)


def test_parity_with_published_formulas() -> None:
    """Values of the formulas of verl's compute_policy_loss_vanilla (clip .2 / .28, dual clip 3) and TRL's PPO (clip .2, value
    clip .2), on one batch; computed from the papers' equations in double precision, token by token."""
    new = rows([-0.11, -1.7, -0.4, 0.0], [-2.3, -0.05, 0.0, 0.0])
    old = rows([-0.31, -1.2, -0.4, 9.0], [-0.7, -1.55, 9.0, 9.0])
    advantage = rows([1.3, -0.7, 0.25, 9.0], [-1.1, -0.9, 9.0, 9.0])
    mask = rows([1, 1, 1, 0], [1, 1, 0, 0])
    terms = []
    for row, column in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)):
        r, a = math.exp(new[row, column] - old[row, column]), float(advantage[row, column])
        clipped = max(-a * r, -a * min(max(r, 0.8), 1.28))
        terms.append(min(clipped, -3.0 * a) if a < 0 else clipped)
    assert policy_loss(new, old, advantage, mask / 5, 0.2, 0.28, 3.0).item() == pytest.approx(sum(terms) / 5, abs=1e-12)
    # -1.3 e^.2 + .7 * .8 - .25 + 1.1 * .8 + 3 * .9 (its ratio is e^1.5)
    assert sum(terms) == pytest.approx(-1.3 * 1.2214027582 + 0.56 - 0.25 + 0.88 + 2.7, abs=1e-9)


def test_the_gradient_of_every_kl_term_is_that_of_k2() -> None:
    reference = rows([-1.0, -0.2])
    found = []
    for kind in ("k1", "k2", "k3"):
        logprobs = rows([-0.4, -0.9]).requires_grad_()
        loss = kl_loss(logprobs, reference, rows([0.5, 0.5]), kind)
        found.append((loss.item(), torch.autograd.grad(loss, logprobs)[0]))
    # log-ratios .6 and -.7: k1 = -.05, k2 = (.18 + .245) / 2, k3 = (e^-.6 - 1 + .6 + e^.7 - 1 - .7) / 2; gradient ratio / 2
    assert [value for value, _ in found] == pytest.approx([-0.05, 0.2125, (math.exp(-0.6) - 0.4 + math.exp(0.7) - 1.7) / 2])
    assert all(torch.allclose(gradient, rows([0.3, -0.35])) for _, gradient in found)


def test_only_k2_has_the_gradient_of_the_divergence() -> None:
    """Expected gradients over the policy's own tokens, for a policy of one parameter: k1's is 0, k3's is another one."""
    theta = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    p, q = torch.stack([torch.sigmoid(theta), 1 - torch.sigmoid(theta)]), vector(0.2, 0.8)
    true = torch.autograd.grad((p * (p.log() - q.log())).sum(), theta, retain_graph=True)[0]
    expected = {}
    for name, value in {
        "k1": p.log() - q.log(), "k2": 0.5 * (p.log() - q.log()) ** 2, "k3": q / p - 1 - (q.log() - p.log()),
    }.items():  # fmt: skip
        expected[name] = torch.autograd.grad((p.detach() * value).sum(), theta, retain_graph=True)[0]
    assert expected["k2"].item() == pytest.approx(true.item())
    assert expected["k1"].item() == pytest.approx(0.0, abs=1e-12)
    assert abs(expected["k3"].item() - true.item()) > 0.01


def test_in_the_reward_only_k1_has_the_gradient_of_the_divergence() -> None:
    """sum p (k log p)' for a policy of one logit on two tokens, p = (1/2, 1/2) and q = (.1, .9): the KL's own is
    p(1 - p) (ln .5/.1 - ln .5/.9) = .25 * ln 9 = .5493."""
    theta = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    p, q = torch.stack([torch.sigmoid(theta), 1 - torch.sigmoid(theta)]), vector(0.1, 0.9)
    found = {}
    for kind, estimate in KINDS.items():
        price = estimate(p.log(), q.log()).detach()
        found[kind] = torch.autograd.grad((p.detach() * price * p.log()).sum(), theta, retain_graph=True)[0].item()
    assert found["k1"] == pytest.approx(0.25 * math.log(9))
    # k2: .25 * ((ln 5)^2 - (ln 5/9)^2) / 2; k3: .25 * ((.2 - 1 + ln 5) - (1.8 - 1 + ln 5/9)), which even is another's
    assert found["k2"] == pytest.approx(0.125 * (math.log(5) ** 2 - math.log(5 / 9) ** 2))
    assert found["k3"] == pytest.approx(0.25 * ((math.log(5) - 0.8) - (0.8 + math.log(5 / 9))))
    assert found["k2"] < 0.53 < found["k1"]
    assert found["k3"] < 0.16


def test_explained_variance_by_hand() -> None:
    # returns 1, 3 (variance 1) and values 1, 2: errors 0, 1 (variance 1/4) -> 3/4; a third token is masked
    assert explained_variance(rows([1, 2, 9]), rows([1, 3, math.nan]), rows([1, 1, 0])) == pytest.approx(0.75)
    assert math.isnan(explained_variance(rows([1, 2]), rows([3, 3]), rows([1, 1])))


# -- Preferences ----------------------------------------------------------------------------------------------------------

CHOSEN = Answers(vector(-4.0), vector(-6.0), vector(4.0))  # log-ratio 2, a token .5
REJECTED = Answers(vector(-9.0), vector(-6.0), vector(6.0))  # log-ratio -3, a token -.5


def logistic(x: float) -> float:
    return math.log1p(math.exp(-x))


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"kind": "sigmoid", "beta": 0.1}, logistic(0.5)),
        ({"kind": "sigmoid", "beta": 0.1, "smoothing": 0.1}, 0.9 * logistic(0.5) + 0.1 * logistic(-0.5)),
        ({"kind": "robust", "beta": 0.1, "smoothing": 0.1}, (0.9 * logistic(0.5) - 0.1 * logistic(-0.5)) / 0.8),
        ({"kind": "ipo", "beta": 0.1}, (0.5 + 0.5 - 5.0) ** 2),
        ({"kind": "hinge", "beta": 0.1}, 0.5),
        ({"kind": "hinge", "beta": 0.5}, 0.0),
        ({"kind": "length_normalised", "beta": 5.0}, logistic(5.0)),
        ({"kind": "simpo", "beta": 2.0, "margin": 0.5}, logistic(2.0 * (-1.0 + 1.5) - 0.5)),
    ],
)
def test_preference_losses_by_hand(settings: dict[str, Any], wanted: float) -> None:
    assert preference_loss(chosen=CHOSEN, rejected=REJECTED, **settings).item() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("kind", ["sigmoid", "robust"])
def test_each_pair_may_have_a_smoothing_of_its_own(kind: Any) -> None:
    own = torch.linspace(0.0, 0.4, len(CHOSEN.logprobs))
    together = preference_loss(kind, CHOSEN, REJECTED, 0.3, own)
    for row, smoothing in enumerate(own.tolist()):
        alone = preference_loss(kind, CHOSEN, REJECTED, 0.3, smoothing)[row]
        assert together[row] == pytest.approx(float(alone))


def test_the_robust_loss_is_unbiased_under_flipped_labels() -> None:
    """Its mean over labels of which a share is flipped is the loss of the true ones."""
    right = preference_loss("robust", CHOSEN, REJECTED, 0.3, 0.2)
    wrong = preference_loss("robust", REJECTED, CHOSEN, 0.3, 0.2)
    assert (0.8 * right + 0.2 * wrong).item() == pytest.approx(preference_loss("sigmoid", CHOSEN, REJECTED, 0.3).item())


def test_simpo_asks_no_reference() -> None:
    other = Answers(CHOSEN.logprobs, vector(math.nan), CHOSEN.lengths)
    assert torch.isfinite(preference_loss("simpo", other, REJECTED, 2.0)).all()


def test_bradley_terry_by_hand() -> None:
    assert bradley_terry(vector(1.0), vector(-1.0)).item() == pytest.approx(logistic(2.0))
    assert bradley_terry(vector(1.0), vector(-1.0), margin=2.0).item() == pytest.approx(math.log(2))


# -- Settings that do not fit together ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "settings", "said"),
    [
        (PPOConfig, {"estimator": "rloo", "samples_per_prompt": 1}, "compares the answers to one prompt"),
        (PPOConfig, {"estimator": "grpo", "kl_in": "loss", "truncated": "bootstrap"}, "asks the critic"),
        (PPOConfig, {"estimator": "grpo"}, "set ppo.kl_in=loss"),
        (PPOConfig, {"estimator": "reinforce_pp_baseline"}, "set ppo.kl_in=loss"),
        (PPOConfig, {"kl_kind": "k2"}, "which only k1 has there"),
        (PPOConfig, {"kl_kind": "k3"}, "which only k1 has there"),
        (DPOConfig, {"loss": "ipo", "label_smoothing": 0.1}, "has no such thing"),
        (DPOConfig, {"loss": "sigmoid", "margin": 1.0}, "has no such thing"),
    ],
)
def test_settings_that_do_not_fit_are_told(section: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        section.model_validate(settings)
