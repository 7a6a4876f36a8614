"""pass@k and intervals against hand-worked numbers, brute force and simulated truth."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_rl.numerics.statistics import (
    bootstrap_interval,
    bootstrap_mean_interval,
    mean,
    paired_difference_interval,
    pass_at_k,
    unseen_share,
)


@pytest.mark.parametrize(
    ("n", "c", "k", "wanted"),
    [
        (4, 1, 1, 1 / 4),  # one in four
        (4, 2, 2, 5 / 6),  # of C(4,2) = 6 pairs, one holds neither
        (5, 0, 3, 0.0),
        (5, 3, 3, 1.0),  # two fail: any three hold a pass
        (10, 3, 2, 1 - (7 * 6) / (10 * 9)),
    ],
)
def test_pass_at_k_by_hand(n: int, c: int, k: int, wanted: float) -> None:
    assert math.isclose(pass_at_k(n, c, k), wanted, abs_tol=1e-12)


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_subsets_that_hold_a_pass(case: tuple[int, int, int]) -> None:
    n, c, k = case
    subsets = list(itertools.combinations(range(n), k))
    share = sum(any(i < c for i in subset) for subset in subsets) / len(subsets)
    assert math.isclose(pass_at_k(n, c, k), share, abs_tol=1e-12)


def test_pass_at_k_neither_overflows_nor_drifts_at_many_answers() -> None:
    # C(2000, 1000) overflows a float; one pass in 2000 is among 1000 with chance exactly one half
    assert math.isclose(pass_at_k(2000, 1, 1000), 0.5, rel_tol=1e-9)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 1, 4), (3, 1, 0), (3, 4, 1), (3, -1, 1), (0, 0, 1)])
def test_pass_at_k_refuses_what_it_cannot_estimate(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@"):
        pass_at_k(n, c, k)


def test_the_interval_by_hand() -> None:
    # 100 tasks, half pass: se = sqrt(.25 / 99) = .05025 after reflation, so .5 -+ 1.96 * .05025 = .4015 to .5985.
    # Resampled means move in steps of .01005, and 10,000 resamples place a 2.5 % quantile to about .002: within .012.
    low, high = bootstrap_mean_interval([0.0, 1.0] * 50, seed=3)
    assert math.isclose(low, 0.4015, abs_tol=0.012)
    assert math.isclose(high, 0.5985, abs_tol=0.012)


def test_reflation_gives_resampled_seed_means_the_unbiased_variance() -> None:
    # Seeds at 0 and 1 on equal tasks: deviations -+.5 become -+.7071, a resample's mean is grand -+ .7071 (1/4 each)
    low, high = bootstrap_interval([[0.0] * 4, [1.0] * 4], seed=0)
    assert math.isclose(low, 0.5 - math.sqrt(0.5), abs_tol=1e-12)
    assert math.isclose(high, 0.5 + math.sqrt(0.5), abs_tol=1e-12)


def test_one_seed_resamples_tasks_only() -> None:
    row = np.random.default_rng(0).random(30)
    assert bootstrap_interval(row[None], seed=5) == bootstrap_mean_interval(row, seed=5)


def test_chunks_and_the_seed_decide_nothing_but_the_draws() -> None:
    values = np.random.default_rng(1).random((2, 3000))  # 10,000 resamples x 3,000 tasks: several chunks
    first = bootstrap_interval(values, resamples=2000, seed=1)
    assert first == bootstrap_interval(values, resamples=2000, seed=1)
    second = bootstrap_interval(values, resamples=2000, seed=2)
    assert first != second
    # se here is about .02; a 2.5 % quantile of 2,000 draws is known to about a twentieth of it
    assert math.isclose(first.low, second.low, abs_tol=0.005)


def test_paired_tasks_cancel_what_makes_them_hard() -> None:
    hard = np.linspace(0.0, 0.9, 40)
    one, other = (hard + 0.1)[None], hard[None]
    low, high = paired_difference_interval(one, other)
    assert math.isclose(low, 0.1, abs_tol=1e-9)
    assert math.isclose(high, 0.1, abs_tol=1e-9)
    alone = bootstrap_interval(one)
    assert alone.high - alone.low > 0.15


def test_unpaired_seeds_still_share_their_tasks() -> None:
    hard = np.linspace(0.0, 0.9, 40)
    one = np.stack([hard + 0.1] * 3)
    low, high = paired_difference_interval(one, hard[None], seeds_paired=False)
    assert math.isclose(low, 0.1, abs_tol=1e-9)
    assert math.isclose(high, 0.1, abs_tol=1e-9)


def test_paired_seeds_cancel_what_a_start_brings() -> None:
    start = np.array([[0.0], [0.3], [0.6]]) + np.zeros((3, 5))
    paired = paired_difference_interval(start + 0.1, start)
    unpaired = paired_difference_interval(start + 0.1, start, seeds_paired=False)
    assert math.isclose(paired.low, 0.1, abs_tol=1e-9)
    assert unpaired.low < -0.2


def test_intervals_over_tasks_cover_the_truth() -> None:
    # 400 experiments of 40 tasks whose pass rates are uniform, 4 answers each: the truth is .5.
    # 95 % nominal; binomial se of the share over 400 experiments is .011, and a percentile interval of 40 units
    # undercovers by about .007 (normal instead of t quantiles): allowed is .95 - .007 -+ 3 se.
    rng = np.random.default_rng(7)
    hits = 0
    for trial in range(400):
        rates = rng.binomial(4, rng.random(40)) / 4
        low, high = bootstrap_mean_interval(rates, resamples=400, seed=trial)
        hits += low <= 0.5 <= high
    assert 0.91 <= hits / 400 <= 0.976


def test_intervals_over_seeds_cover_the_truth_where_task_only_intervals_do_not() -> None:
    # Six seeds, each shifting every task by a normal of sd .1, 60 tasks of sd .2: the seeds dominate.
    # Normal instead of t(5) quantiles: about .90 of the nominal .95; 300 experiments: se .017, three of them allowed.
    rng = np.random.default_rng(8)
    whole, tasks_only = 0, 0
    for trial in range(300):
        table = 0.5 + 0.1 * rng.standard_normal((6, 1)) + 0.2 * rng.standard_normal((1, 60)) + 0.05 * rng.standard_normal((6, 60))
        low, high = bootstrap_interval(table, resamples=400, seed=trial)
        whole += low <= 0.5 <= high
        low, high = bootstrap_mean_interval(table[0], resamples=400, seed=trial)
        tasks_only += low <= 0.5 <= high
    assert whole / 300 >= 0.85
    assert tasks_only / 300 <= 0.75


def test_unseen_share_by_hand() -> None:
    assert math.isclose(unseen_share(1), 0.975)
    assert math.isclose(unseen_share(100), 0.0362, abs_tol=5e-5)  # 1 - exp(ln(.025) / 100) = 1 - exp(-.036889)
    with pytest.raises(ValueError, match="at least one task"):
        unseen_share(0)


def test_one_value_or_equal_values_have_no_width() -> None:
    assert bootstrap_mean_interval([0.25]) == (0.25, 0.25)
    assert bootstrap_interval(np.full((3, 7), 0.5)) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("values", "problem"),
    [([], "shape"), ([[0.1]], "shape"), ([math.nan, 1.0], "NaN"), ([math.inf], "NaN or infinity")],
)
def test_bad_values_are_refused(values: list[float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        bootstrap_mean_interval(values)


def test_arms_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="3 and 2 tasks"):
        paired_difference_interval([[0.0, 1.0, 0.0]], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="paired seeds"):
        paired_difference_interval([[0.0, 1.0]] * 2, [[0.0, 1.0]])
    with pytest.raises(ValueError, match="confidence"):
        bootstrap_mean_interval([0.0, 1.0], confidence=95)


def test_mean_of_nothing_is_nan() -> None:
    assert math.isnan(mean([]))
    assert mean([1.0, 2.0]) == 1.5
