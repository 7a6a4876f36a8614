"""pass@k and intervals, as functions of counts and arrays: no model, no config, no file.

Shapes: `s` training seeds, `t` tasks, `r` bootstrap resamples.

Every interval here is a percentile bootstrap interval (Efron & Tibshirani 1993, section 13.3). Why not BCa: its
acceleration comes from a jackknife over one kind of unit, and seeds x tasks has two; and on the bounded, nearly
symmetric means of many tasks the two hardly differ. The percentile interval's known fault, that the spread of n units
comes out short by sqrt((n - 1) / n), is mended: deviations are scaled up by the inverse first ("reflated" as in
Carpenter, Goldstein & Rasbash 2003), which matters for 3 seeds (22 %) and not for 100 tasks (0.5 %).
What stays: resampling 2 to 4 seeds can't know the tails of how training varies, so intervals over few seeds are
narrower than they say; `FEW_SEEDS` is where the report stops warning of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FEW_SEEDS = 5
"""With fewer seeds than this, an interval over seeds is likely to be too narrow."""

_CELLS = 2_000_000
"""Array cells (r * t) held at once while resampling: 16 MB."""


class Interval(NamedTuple):
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that one of k answers passes, unbiased, from c passing among n: Chen et al. 2021 (arXiv:2107.03374), eq. 1.

    1 - C(n - c, k) / C(n, k) as a product, so that no binomial overflows. Raises ValueError when k > n.
    """
    if not 1 <= k <= n or not 0 <= c <= n:
        raise ValueError(f"pass@{k} needs 1 <= {k} <= n and 0 <= c <= n, not n={n}, c={c}")
    if n - c < k:
        return 1.0
    return 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


def bootstrap_mean_interval(
    values: ArrayLike, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Interval of the mean of `values` (t,) by resampling tasks."""
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError(f"values have shape {row.shape}; give (tasks,), or use bootstrap_interval for (seeds, tasks)")
    return bootstrap_interval(row[None], confidence=confidence, resamples=resamples, seed=seed)


def bootstrap_interval(
    per_seed: ArrayLike, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Interval of the mean of `per_seed` (s, t) by resampling seeds and tasks, each seed meeting the same tasks.

    This is the pigeonhole bootstrap (Owen 2007, doi:10.1214/07-AOAS122), mildly conservative where seeds and tasks
    interact. With one seed only the tasks are resampled: the interval then says nothing of how training varies.
    """
    means = _resampled_means([_checked(per_seed)], resamples=resamples, seed=seed)[0]
    return _percentiles(means, confidence)


def paired_difference_interval(
    one: ArrayLike,
    other: ArrayLike,
    *,
    seeds_paired: bool = True,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Interval of mean(one) - mean(other), both (s, t) over the same tasks in the same order.

    Each resample draws the same tasks for both arms, so what makes a task hard for both cancels. `seeds_paired`: row i
    of both arms started from the same seed, and seeds are drawn together; else each arm's seeds are drawn for
    themselves, and their numbers may differ.
    """
    first, second = _checked(one), _checked(other)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"the arms have {first.shape[1]} and {second.shape[1]} tasks; give both the same tasks")
    if seeds_paired:
        if first.shape != second.shape:
            raise ValueError(f"paired seeds need as many in both arms, not {first.shape[0]} and {second.shape[0]}")
        return bootstrap_interval(first - second, confidence=confidence, resamples=resamples, seed=seed)
    a, b = _resampled_means([first, second], resamples=resamples, seed=seed)
    return _percentiles(a - b, confidence)


def unseen_share(count: int, confidence: float = 0.95) -> float:
    """Largest share of tasks that may behave in a way that none of `count` tasks showed (Clopper & Pearson 1934).

    (1 - p) ** count = (1 - confidence) / 2, the exact form of the "rule of three". Where all values are equal a
    bootstrap interval has no width, which would claim certainty from a handful of tasks; this is used instead.
    """
    if count < 1:
        raise ValueError("an interval needs at least one task")
    return 1.0 - float(((1.0 - confidence) / 2.0) ** (1.0 / count))


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else math.nan


def means_by_name(rows: Iterable[Mapping[str, float | None]]) -> dict[str, float]:
    """Arithmetic mean of each name's values, over the rows in which it has one."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    return {name: mean(found) for name, found in values.items()}


def _checked(values: ArrayLike) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"values have shape {table.shape}; give (seeds, tasks) with at least one of each")
    if not np.isfinite(table).all():
        raise ValueError("values hold NaN or infinity; leave tasks out that were not judged")
    return table


def _reflated(table: Floats) -> Floats:
    """`table` with the spread of its seeds and of its tasks scaled by sqrt(n / (n - 1)); the mean stays."""
    (seeds, tasks), grand = table.shape, table.mean()
    by_seed = table.mean(axis=1, keepdims=True) - grand
    by_task = table.mean(axis=0, keepdims=True) - grand
    rest = table - grand - by_seed - by_task
    return np.asarray(grand + by_seed * _reflation(seeds) + by_task * _reflation(tasks) + rest)


def _reflation(count: int) -> float:
    return math.sqrt(count / (count - 1)) if count > 1 else 1.0


def _resampled_means(tables: Sequence[Floats], *, resamples: int, seed: int) -> list[Floats]:
    """One array (r,) of resampled means per table; the tables share each resample's tasks, not its seeds."""
    rng = np.random.default_rng(seed)
    reflated = [_reflated(table) for table in tables]
    tasks = tables[0].shape[1]
    chunk = max(1, _CELLS // tasks)
    found: list[list[Floats]] = [[] for _ in tables]
    for start in range(0, resamples, chunk):
        count = min(chunk, resamples - start)
        columns = rng.integers(tasks, size=(count, tasks))
        for means, table in zip(found, reflated, strict=True):
            weights = _seed_weights(rng, count, table.shape[0])
            means.append(np.take_along_axis(weights @ table, columns, axis=1).mean(axis=1))
    return [np.concatenate(means) for means in found]


def _seed_weights(rng: np.random.Generator, resamples: int, seeds: int) -> Floats:
    """(r, s): how often each seed was drawn, as a share; rows sum to 1."""
    drawn = rng.integers(seeds, size=(resamples, seeds))
    return np.asarray((drawn[:, :, None] == np.arange(seeds)).mean(axis=1), dtype=np.float64)


def _percentiles(means: Floats, confidence: float) -> Interval:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give a share between 0 and 1, such as 0.95")
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Interval(float(low), float(high))
