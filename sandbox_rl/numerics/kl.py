"""How far the policy is from its reference, estimated from the sampled tokens' log-probabilities.

Estimators of Schulman 2020, "Approximating KL divergence" (joschu.net/blog/kl-approx.html).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sandbox_rl.config import Kind
from sandbox_rl.numerics.losses import masked


def k1(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """log p - log q of each token (b, t): unbiased, of either sign. In a reward it is the only one with the KL's gradient."""
    return logprobs - ref_logprobs


def k2(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """Half the squared log-ratio of each token (b, t): biased, never negative, low variance near 0."""
    return 0.5 * (logprobs - ref_logprobs) ** 2


def k3(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """(q/p - 1) - log(q/p) of each token (b, t): unbiased, never negative, less variance than k1."""
    log_ratio = ref_logprobs - logprobs
    return torch.expm1(log_ratio) - log_ratio


KINDS = {"k1": k1, "k2": k2, "k3": k3}


def categorical_kl(logits: Tensor, ref_logits: Tensor) -> Tensor:
    """KL(p || q) of next-token distributions, both given as logits (n, v) -> (n,): no sampling, hence less variance than k3."""
    logprobs, ref_logprobs = torch.log_softmax(logits, -1), torch.log_softmax(ref_logits, -1)
    return (logprobs.exp() * (logprobs - ref_logprobs)).sum(-1)


def kl_loss(logprobs: Tensor, ref_logprobs: Tensor, weights: Tensor, kind: Kind) -> Tensor:
    """A KL term of a loss, (b, t) -> scalar: the value of `kind` with the gradient of k2.

    In expectation over the policy's own samples, k2's gradient is that of KL(p || q); k1's is zero and k3's is that of
    KL(q || p) (Liu et al. 2025, arXiv:2510.01555, section 4). So the estimate passes straight through.
    """
    logprobs, ref_logprobs = masked(logprobs, weights), masked(ref_logprobs, weights)
    squared = k2(logprobs, ref_logprobs)
    value = KINDS[kind](logprobs, ref_logprobs)
    return ((squared + (value - squared).detach()) * weights).sum()


def adapted(coefficient: float, kl: float, target: float, rate: float = 0.1) -> float:
    """The next KL coefficient: up when the measured `kl` (nats an answer) is above `target`, down when below.

    Ziegler et al. 2019 (arXiv:1909.08593), section 2.2: the error is clipped to 20 %, `rate` is their K_beta = 0.1.
    """
    error = min(max((kl - target) / target, -0.2), 0.2)
    return coefficient * (1 + rate * error)
