"""PPO's losses as functions of tensors. Legend: b sequences, t response positions; sums are over trainable tokens.

Each token's share comes as `weights`, made once for the whole minibatch (`token_weights`), so the gradient does not depend on
how the minibatch was split over passes and processes. A weight of 0 is off the mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from sandbox_rl.config import Aggregation

Total = Callable[[Tensor], Tensor]
"""Sums a tensor over all processes."""


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """`values` on the mask, zero off it: multiplying by the mask would let a NaN in padding through, gradients too."""
    return torch.where(mask > 0, values, torch.zeros_like(values))


def token_weights(mask: Tensor, how: Aggregation, tokens: Tensor, sequences: Tensor) -> Tensor:
    """Weight of each token (b, t) in a loss; `tokens` and `sequences` (those with any) are counts of the whole minibatch.

    `token-mean` (DAPO, arXiv:2503.14476, eq. 8) weighs all tokens equally, `seq-mean-token-mean` (GRPO, arXiv:2402.03300, eq. 3)
    each sequence, `seq-mean-token-sum` (Dr. GRPO, arXiv:2503.20783) each token over the number of sequences.
    """
    if how == "token-mean":
        return mask / tokens.clamp(min=1)
    if how == "seq-mean-token-mean":
        return mask / mask.sum(1, keepdim=True).clamp(min=1) / sequences.clamp(min=1)
    return mask / sequences.clamp(min=1)


def policy_loss(
    logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, weights: Tensor, low: float, high: float,
    dual: float | None = None,
) -> Tensor:  # fmt: skip
    """Clipped surrogate, Schulman et al. 2017 (arXiv:1707.06347), eq. 7. All (b, t) -> scalar.

    The ratio is held in [1 - low, 1 + high]; unequal bounds are DAPO's (arXiv:2503.14476, eq. 8). `dual` > 1 bounds the loss of
    tokens with negative advantage at `dual` times it (Ye et al. 2020, arXiv:1912.09729, eq. 5).
    """
    logprobs, old_logprobs, advantages = (masked(x, weights) for x in (logprobs, old_logprobs, advantages))
    ratio = torch.exp(logprobs - old_logprobs)
    surrogate = torch.minimum(ratio * advantages, ratio.clamp(1 - low, 1 + high) * advantages)
    if dual is not None:
        surrogate = torch.where(advantages < 0, torch.maximum(surrogate, dual * advantages), surrogate)
    return -(surrogate * weights).sum()


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, weights: Tensor, clip: float) -> Tensor:
    """Half the squared error, the larger of plain and clipped (PPO's reference implementation, baselines ppo2). -> scalar."""
    values, old_values, returns = (masked(x, weights) for x in (values, old_values, returns))
    clipped = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * (torch.maximum((values - returns) ** 2, (clipped - returns) ** 2) * weights).sum()


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor, total: Total = lambda x: x) -> float:
    """1 - Var(returns - values) / Var(returns) over the trainable tokens of all processes: 1 for a perfect critic, 0 for one that
    knows only their mean; NaN where all returns are equal."""
    values, returns = masked(values.double(), mask), masked(returns.double(), mask)
    error = returns - values
    count, *moments = total(torch.stack([mask.double().sum(), *(x.sum() for x in (error, error**2, returns, returns**2))]))
    error_mean, error_square, mean, square = (moment / count.clamp(min=1) for moment in moments)
    variance = float(square - mean**2)
    return 1 - float(error_square - error_mean**2) / variance if variance > 0 else math.nan


def imitation_loss(logprobs: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of the answers' tokens (b, t) -> scalar: the warm start's loss."""
    return -(masked(logprobs, weights) * weights).sum()
