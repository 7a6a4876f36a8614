"""Advantages and returns. Legend: b sequences, t response positions; `mask` is 1.0 on trainable tokens."""

from __future__ import annotations

import torch
from torch import Tensor


def token_rewards(final_reward: Tensor, kl: Tensor, mask: Tensor, kl_coefficient: float) -> Tensor:
    """Reward per token (b, t): minus the KL penalty everywhere, plus `final_reward` (b,) on the last trainable token.

    Ziegler et al. 2019 (arXiv:1909.08593), eq. 2.
    """
    rewards = -kl_coefficient * torch.where(mask > 0, kl, torch.zeros_like(kl))
    positions = torch.arange(mask.shape[1], device=mask.device)
    last = (mask * (positions + 1)).argmax(dim=1)
    has_tokens = mask.any(dim=1).to(rewards.dtype)
    rewards[torch.arange(len(rewards), device=mask.device), last] += final_reward * has_tokens
    return rewards


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimates and returns, both (b, t), zero off the mask.

    Schulman et al. 2016 (arXiv:1506.02438), eq. 16. A masked token is skipped: the next trainable one follows.
    """
    values = torch.where(mask > 0, values, torch.zeros_like(values))
    advantage = torch.zeros_like(values[:, 0])
    next_value = torch.zeros_like(values[:, 0])
    columns = []
    for step in reversed(range(values.shape[1])):
        here = mask[:, step] > 0
        delta = rewards[:, step] + gamma * next_value - values[:, step]
        advantage = torch.where(here, delta + gamma * lam * advantage, advantage)
        next_value = torch.where(here, values[:, step], next_value)
        columns.append(torch.where(here, advantage, torch.zeros_like(advantage)))
    advantages = torch.stack(columns[::-1], dim=1)
    return advantages, (advantages + values) * mask


def whiten(values: Tensor, mask: Tensor, epsilon: float = 1e-8) -> Tensor:
    """Mean 0 and variance 1 over the trainable tokens of the whole batch; zero off the mask, always finite."""
    count = mask.sum().clamp(min=1)
    kept = torch.where(mask > 0, values, torch.zeros_like(values))
    centred = (kept - kept.sum() / count) * mask
    variance = (centred**2).sum() / count
    return centred * torch.rsqrt(variance + epsilon)
