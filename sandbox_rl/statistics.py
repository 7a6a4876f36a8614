"""pass@k and intervals, as functions of counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that one of k answers passes, unbiased, from c passing among n: Chen et al. 2021, eq. 1."""
    if not 1 <= k <= n or not 0 <= c <= n:
        raise ValueError(f"pass@{k} needs {k} <= n and 0 <= c <= n, not n={n}, c={c}")
    if n - c < k:
        return 1.0
    return 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


def bootstrap_interval(values: np.ndarray, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0) -> Interval:
    """Percentile interval of the mean of `values` (s seeds, t tasks).

    Tasks are resampled, and with two or more seeds the seeds as well: one seed says nothing of how training varies.
    """
    seeds, tasks = values.shape
    rng = np.random.default_rng(seed)
    per_resample = []
    for _ in range(resamples):
        rows = rng.integers(seeds, size=seeds)
        columns = rng.integers(tasks, size=tasks)
        per_resample.append(values[rows][:, columns].mean())
    tail = (1 - confidence) / 2 * 100
    low, high = np.percentile(per_resample, [tail, 100 - tail])
    return Interval(float(low), float(high))


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
