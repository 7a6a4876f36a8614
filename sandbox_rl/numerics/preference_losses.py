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
    ref_logprobs: Tensor
    lengths: Tensor

    @property
    def log_ratio(self) -> Tensor:
        """Of policy to reference; times beta it is DPO's implicit reward."""
        return self.logprobs - self.ref_logprobs


def implicit_reward(kind: PreferenceLoss, answers: Answers, beta: float) -> Tensor:
    """What a loss takes for the answers' rewards (b,): beta times the log-ratio to the reference (Rafailov et al. 2023, section
    4), or its mean over tokens; of `simpo`, which has no reference, the mean log-probability."""
    score = answers.logprobs if kind == "simpo" else answers.log_ratio
    if kind in ("ipo", "length_normalised", "simpo"):
        score = score / answers.lengths.clamp(min=1)
    return beta * score


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
    logit = implicit_reward(kind, chosen, beta) - implicit_reward(kind, rejected, beta) - margin
    if kind == "ipo":
        return (logit / beta - 1 / (2 * beta)) ** 2
    if kind == "hinge":
        return F.relu(1 - logit)
    right, wrong = -F.logsigmoid(logit), -F.logsigmoid(-logit)
    if kind == "robust":
        return ((1 - smoothing) * right - smoothing * wrong) / (1 - 2 * smoothing)
    return (1 - smoothing) * right + smoothing * wrong


def bradley_terry(chosen: Tensor, rejected: Tensor, margin: float = 0.0) -> Tensor:
    """Loss of a reward model on each pair (b,) from its scores (b,): Ouyang et al. 2022 (arXiv:2203.02155), eq. 1."""
    return -F.logsigmoid(chosen - rejected - margin)

