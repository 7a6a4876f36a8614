"""Losses as functions of tensors. Legend: b sequences, t response positions; sums are over trainable tokens.

Each is divided by a count that the caller gives (of the whole batch), so the gradient does not depend on how
the batch was split.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def kept(values: Tensor, mask: Tensor) -> Tensor:
    """`values` on the mask, zero off it: multiplying by the mask would let a NaN in padding through, gradients too."""
    return torch.where(mask > 0, values, torch.zeros_like(values))


def policy_loss(logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, mask: Tensor, clip: float, count: Tensor) -> Tensor:
    """Clipped surrogate, Schulman et al. 2017 (arXiv:1707.06347), eq. 7. All (b, t) -> scalar."""
    logprobs, old_logprobs, advantages = (kept(x, mask) for x in (logprobs, old_logprobs, advantages))
    ratio = torch.exp(logprobs - old_logprobs)
    unclipped = ratio * advantages
    clipped = ratio.clamp(1 - clip, 1 + clip) * advantages
    return -torch.minimum(unclipped, clipped).sum() / count


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor, clip: float, count: Tensor) -> Tensor:
    """Half the squared error, the larger of plain and clipped (PPO's reference implementation, baselines ppo2)."""
    values, old_values, returns = (kept(x, mask) for x in (values, old_values, returns))
    clipped = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns) ** 2, (clipped - returns) ** 2).sum() / count


def imitation_loss(logprobs: Tensor, mask: Tensor, count: Tensor) -> Tensor:
    """Cross-entropy of the answers' tokens (b, t) -> scalar: the warm start's loss."""
    return -kept(logprobs, mask).sum() / count


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
