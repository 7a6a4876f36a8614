"""Losses on pairs of answers: DPO and its relatives, and Bradley-Terry for reward models. Legend: b pairs; all give (b,).

The log-probability of an answer is the sum over its tokens. beta is the strength of the pull to the reference.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from sandbox_rl.config import PreferenceLoss


class Answers(NamedTuple):
    """One side of the pairs, each (b,): log-probabilities under policy and reference, and lengths in tokens."""

    logprobs: Tensor
    reference: Tensor
    lengths: Tensor

    @property
    def moved(self) -> Tensor:
        """Log-ratio of policy to reference."""
        return self.logprobs - self.reference


def preference_loss(
    kind: PreferenceLoss, chosen: Answers, rejected: Answers, beta: float, smoothing: float | Tensor = 0.0, margin: float = 0.0
) -> Tensor:
    """Loss of each pair (b,). `smoothing` is one number, or one a pair (b,).

    `sigmoid`: Rafailov et al. 2023 (arXiv:2305.18290), eq. 7; with `smoothing`, the share of pairs taken to be the wrong way
    round, conservative DPO (Mitchell 2023, eq. 3). `robust`: the same made unbiased (Chowdhury et al. 2024, arXiv:2403.00409,
    eq. 11). `ipo`: Azar et al. 2023 (arXiv:2310.12036), eq. 17, on means over tokens. `hinge`: SLiC (Zhao et al. 2023,
    arXiv:2305.10425). `length_normalised`: sigmoid on means over tokens (Tulu 3, arXiv:2411.15124, eq. 6). `simpo`: Meng et al.
    2024 (arXiv:2405.14734), eq. 6: no reference, and `margin` between the means.
    """
    if kind == "ipo":
        return (_mean(chosen.moved, chosen) - _mean(rejected.moved, rejected) - 1 / (2 * beta)) ** 2
    if kind == "hinge":
        return F.relu(1 - beta * (chosen.moved - rejected.moved))
    if kind == "simpo":
        logit = beta * (_mean(chosen.logprobs, chosen) - _mean(rejected.logprobs, rejected)) - margin
    elif kind == "length_normalised":
        logit = beta * (_mean(chosen.moved, chosen) - _mean(rejected.moved, rejected))
    else:
        logit = beta * (chosen.moved - rejected.moved)
    right, wrong = -F.logsigmoid(logit), -F.logsigmoid(-logit)
    if kind == "robust":
        return ((1 - smoothing) * right - smoothing * wrong) / (1 - 2 * smoothing)
    return (1 - smoothing) * right + smoothing * wrong


def bradley_terry(chosen: Tensor, rejected: Tensor, margin: float = 0.0) -> Tensor:
    """Loss of a reward model on each pair (b,) from its scores (b,): Ouyang et al. 2022 (arXiv:2203.02155), eq. 1."""
    return -F.logsigmoid(chosen - rejected - margin)


def _mean(logprobs: Tensor, answers: Answers) -> Tensor:
    return logprobs / answers.lengths.clamp(min=1)
