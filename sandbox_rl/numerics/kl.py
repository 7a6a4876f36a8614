"""How far the policy is from its reference, estimated from the sampled tokens' log-probabilities.

Estimators of Schulman 2020, "Approximating KL divergence" (joschu.net/blog/kl-approx.html).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sandbox_rl.config import Kind
from sandbox_rl.numerics.losses import kept


def k1(logprobs: Tensor, reference: Tensor) -> Tensor:
    """log p - log q of each token (b, t): unbiased, of either sign."""
    return logprobs - reference


def k2(logprobs: Tensor, reference: Tensor) -> Tensor:
    """Half the squared log-ratio of each token (b, t): biased, never negative, low variance near 0."""
    return 0.5 * (logprobs - reference) ** 2


def k3(logprobs: Tensor, reference: Tensor) -> Tensor:
    """(q/p - 1) - log(q/p) of each token (b, t): unbiased, never negative, less variance than k1."""
    log_ratio = reference - logprobs
    return torch.expm1(log_ratio) - log_ratio


KINDS = {"k1": k1, "k2": k2, "k3": k3}


def whole_kl(logits: Tensor, reference: Tensor) -> Tensor:
    """KL(p || q) of next-token distributions, both given as logits (n, v) -> (n,): no sampling, hence less variance than k3."""
    logprobs, before = torch.log_softmax(logits, -1), torch.log_softmax(reference, -1)
    return (logprobs.exp() * (logprobs - before)).sum(-1)


def kl_loss(logprobs: Tensor, reference: Tensor, weights: Tensor, kind: Kind) -> Tensor:
    """A KL term of a loss, (b, t) -> scalar: the value of `kind` with the gradient of k2.

    In expectation over the policy's own samples, k2's gradient is that of KL(p || q); k1's is zero and k3's is that of
    KL(q || p) (Liu et al. 2025, arXiv:2510.01555, section 4). So the estimate passes straight through.
    """
    logprobs, reference = kept(logprobs, weights), kept(reference, weights)
    squared = k2(logprobs, reference)
    value = KINDS[kind](logprobs, reference)
    return ((squared + (value - squared).detach()) * weights).sum()


def adapted(coefficient: float, kl: float, target: float, rate: float = 0.1) -> float:
    """The next KL coefficient: up when the measured `kl` (nats an answer) is above `target`, down when below.

    Ziegler et al. 2019 (arXiv:1909.08593), section 2.2: the error is clipped to 20 %, `rate` is their K_beta = 0.1.
    """
    error = min(max((kl - target) / target, -0.2), 0.2)
    return coefficient * (1 + rate * error)
