"""How far the policy is from its reference, estimated from the sampled tokens' log-probabilities.

Estimators of Schulman 2020, "Approximating KL divergence" (joschu.net/blog/kl-approx.html).
"""

from __future__ import annotations

import torch
from torch import Tensor


def k1(logprobs: Tensor, reference: Tensor) -> Tensor:
    """log p - log q of each token (b, t): unbiased, of either sign."""
    return logprobs - reference


def k3(logprobs: Tensor, reference: Tensor) -> Tensor:
    """(q/p - 1) - log(q/p) of each token (b, t): unbiased, never negative, less variance than k1."""
    log_ratio = reference - logprobs
    return torch.expm1(log_ratio) - log_ratio
