"""How good scores are on pairs that they were not fitted to: how often right, how sure, and whether length explains them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from sandbox_rl.numerics.statistics import Floats

BINS = 10


class Bin(BaseModel):
    """Pairs of which the scores are about equally sure."""

    share: float
    """Of all pairs."""
    sure: float
    """Mean probability that the scores give to the answer that they prefer, in [.5, 1]."""
    right: float
    """Share of them whose better answer is preferred; equal scores count half."""


class HeldOut(BaseModel):
    """Figures of scores on held-out pairs."""

    accuracy: float
    """Share of pairs whose better answer scores higher; equal scores count half."""
    calibration_error: float
    length_correlation: float
    """Of score and length of an answer in characters."""
    reliability: list[Bin]
    """The reliability curve, of the bins that hold a pair."""


def judged(chosen: Sequence[float], rejected: Sequence[float], lengths: Sequence[float]) -> HeldOut:
    """Figures of the scores (b,) of better and of worse answers, in the unit of the Bradley-Terry model; `lengths` (2b,) are
    those of the better answers, then of the worse."""
    difference = np.subtract(chosen, rejected)
    right = (difference > 0) + 0.5 * (difference == 0)
    curve = reliability(1 / (1 + np.exp(-np.abs(difference))), right)
    return HeldOut(
        accuracy=float(right.mean()), calibration_error=calibration_error(curve),
        length_correlation=correlation(np.concatenate([chosen, rejected]), np.asarray(lengths, dtype=np.float64)),
        reliability=curve,
    )  # fmt: skip


def reliability(sure: Floats, right: Floats) -> list[Bin]:
    """Bins of equal width over probabilities `sure` (b,) in [.5, 1], with how often those were `right` (b,)."""
    places = np.minimum(((sure - 0.5) * 2 * BINS).astype(int), BINS - 1)
    found = [places == place for place in range(BINS)]
    return [
        Bin(share=float(here.mean()), sure=float(sure[here].mean()), right=float(right[here].mean()))
        for here in found if here.any()
    ]  # fmt: skip


def calibration_error(curve: Sequence[Bin]) -> float:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3): mean distance between sure and right."""
    return sum(bin.share * abs(bin.sure - bin.right) for bin in curve)


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's, of (b,) and (b,); 0 where one of them does not vary."""
    one, other = one - one.mean(), other - other.mean()
    scale = math.sqrt(float((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale else 0.0
