"""Advantages and returns. Legend: b sequences, t response positions; `mask` is 1.0 on trainable tokens, g is a group number.

GAE asks a critic for the value of every token; the others compare whole answers to one prompt, or to the batch.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from sandbox_rl.numerics.losses import Total, masked


def token_rewards(final_reward: Tensor, kl: Tensor, mask: Tensor, kl_coefficient: float) -> Tensor:
    """Reward per token (b, t): minus the KL penalty everywhere, plus `final_reward` (b,) on the last trainable token.

    Ziegler et al. 2019 (arXiv:1909.08593), eq. 2.
    """
    rewards = -kl_coefficient * masked(kl, mask)
    positions = torch.arange(mask.shape[1], device=mask.device)
    last = (mask * (positions + 1)).argmax(dim=1)
    has_tokens = mask.any(dim=1).to(rewards.dtype)
    rewards[torch.arange(len(rewards), device=mask.device), last] += final_reward * has_tokens
    return rewards


def gae(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float, bootstrap: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimates and returns, both (b, t), zero off the mask.

    Schulman et al. 2016 (arXiv:1506.02438), eq. 16. A masked token is skipped: the next trainable one follows. `bootstrap`
    (b,) is the value of the state after the last token, where an answer was cut and would have gone on; 0 unless told.
    """
    values = masked(values, mask)
    advantage = torch.zeros_like(values[:, 0])
    next_value = torch.zeros_like(values[:, 0]) if bootstrap is None else bootstrap
    columns = []
    for step in reversed(range(values.shape[1])):
        here = mask[:, step] > 0
        delta = rewards[:, step] + gamma * next_value - values[:, step]
        advantage = torch.where(here, delta + gamma * lam * advantage, advantage)
        next_value = torch.where(here, values[:, step], next_value)
        columns.append(torch.where(here, advantage, torch.zeros_like(advantage)))
    advantages = torch.stack(columns[::-1], dim=1)
    return advantages, (advantages + values) * mask


def group_advantages(rewards: Tensor, groups: Tensor, how: Literal["grpo", "dr_grpo", "rloo"]) -> Tensor:
    """Advantage of each answer (b,) against the others to its prompt; `rewards` and `groups` (b,).

    `grpo`: distance to the group's mean in standard deviations (Shao et al. 2024, arXiv:2402.03300, section 4.1.2);
    `dr_grpo`: the distance alone (Liu et al. 2025, arXiv:2503.20783); `rloo`: distance to the mean of the others (Kool et al.
    2019; Ahmadian et al. 2024, arXiv:2402.14740, eq. 8). An answer alone in its group has nothing to be compared with: 0.
    """
    same = (groups[:, None] == groups[None, :]).to(rewards.dtype)
    size = same.sum(1)
    centred = rewards - same @ rewards / size
    if how == "rloo":
        return centred * size / (size - 1).clamp(min=1)
    if how == "dr_grpo":
        return centred
    deviation = (same @ centred**2 / (size - 1).clamp(min=1)).sqrt()
    return centred / (deviation + 1e-6)


def returns_to_go(rewards: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """Discounted sum of the rewards from each trainable token on, (b, t): REINFORCE++ (Hu 2025, arXiv:2501.03262, eq. 8)."""
    advantages, _ = gae(rewards, torch.zeros_like(rewards), mask, gamma, 1.0)
    return advantages


def whiten(values: Tensor, mask: Tensor, total: Total = lambda x: x, epsilon: float = 1e-8) -> Tensor:
    """Mean 0 and variance 1 over the trainable tokens of the whole batch, on all processes; zero off the mask, always finite."""
    values = masked(values, mask)
    count, summed = total(torch.stack([mask.sum(), values.sum()])).unbind()
    centred = (values - summed / count.clamp(min=1)) * mask
    variance = total((centred**2).sum()) / count.clamp(min=1)
    return centred * torch.rsqrt(variance + epsilon)
