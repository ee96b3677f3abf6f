"""Means over folds and clustered rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle  # type: ignore[import-untyped]

from trueline.stats.folds import clustered_ratio, cross_validation, t_quantile


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_quantiles_of_student_equal_scipy(p: float, degrees: int) -> None:
    assert t_quantile(p, degrees) == pytest.approx(oracle.t.ppf(p, degrees), rel=1e-6, abs=1e-6)


def test_the_interval_over_folds_is_that_of_nadeau_and_bengio() -> None:
    values = [0.7, 0.8, 0.75, 0.85, 0.72]

    summary = cross_validation(values)

    half = oracle.t.ppf(0.975, 4) * np.std(values, ddof=1) * math.sqrt(1 / 5 + 1 / 4)
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.high - summary.mean == pytest.approx(half)
    assert summary.mean - summary.low == pytest.approx(half)


def test_one_fold_has_no_interval() -> None:
    summary = cross_validation([0.9])

    assert (summary.mean, math.isnan(summary.low)) == (0.9, True)


def test_the_ratio_of_equal_rows_without_clusters_is_near_the_plain_interval() -> None:
    hits = np.array([1.0] * 30 + [0.0] * 70)

    interval = clustered_ratio(hits, np.ones(100))

    assert interval.high - interval.low == pytest.approx(2 * 1.984 * math.sqrt(0.21 / 99), rel=1e-3)


def test_clusters_of_ten_widen_the_interval_three_times() -> None:
    random = np.random.default_rng(0)
    rows = random.random(100) < 0.3

    alike = clustered_ratio(10 * rows, np.full(100, 10))
    apart = clustered_ratio(np.repeat(rows, 10), np.ones(1000))

    assert (alike.high - alike.low) / (apart.high - apart.low) == pytest.approx(10**0.5, rel=0.02)


def test_the_clustered_interval_covers_with_forty_rows() -> None:
    random = np.random.default_rng(4)
    covered = 0

    for _ in range(1000):
        sizes = random.integers(1, 8, 40)
        rates = random.beta(4, 2, 40)
        interval = clustered_ratio(random.binomial(sizes, rates), sizes)
        covered += interval.low <= 2 / 3 <= interval.high

    assert covered / 1000 >= 0.93  # approximate, and said to be


def test_nothing_to_divide_by_is_no_interval() -> None:
    assert clustered_ratio([0.0, 0.0], [0.0, 0.0]) == (-math.inf, math.inf)
