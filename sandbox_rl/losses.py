"""Losses as functions of tensors. Legend: b sequences, t response positions; sums are over trainable tokens.

Each is divided by a count that the caller gives (of the whole batch), so the gradient does not depend on how
the batch was split.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def policy_loss(logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, mask: Tensor, clip: float, count: Tensor) -> Tensor:
    """Clipped surrogate, Schulman et al. 2017 (arXiv:1707.06347), eq. 7. All (b, t) -> scalar."""
    ratio = torch.exp((logprobs - old_logprobs) * mask)
    unclipped = ratio * advantages
    clipped = ratio.clamp(1 - clip, 1 + clip) * advantages
    return -(torch.minimum(unclipped, clipped) * mask).sum() / count


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor, clip: float, count: Tensor) -> Tensor:
    """Half the squared error, the larger of plain and clipped (PPO's reference implementation, baselines ppo2)."""
    clipped = old_values + (values - old_values).clamp(-clip, clip)
    worse = torch.maximum((values - returns) ** 2, (clipped - returns) ** 2)
    return 0.5 * (torch.where(mask > 0, worse, torch.zeros_like(worse))).sum() / count


def dpo_loss(
    chosen: Tensor,
    rejected: Tensor,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    beta: float,
    smoothing: float = 0.0,
) -> Tensor:
    """Loss per pair (b,) from sequence log-probabilities (b,): Rafailov et al. 2023 (arXiv:2305.18290), eq. 7.

    `smoothing` is the share of flipped labels of conservative DPO (Mitchell 2023, eq. 3).
    """
    margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    return -(1 - smoothing) * F.logsigmoid(margin) - smoothing * F.logsigmoid(-margin)
