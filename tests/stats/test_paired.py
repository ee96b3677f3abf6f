"""Pairs: McNemar against scipy, coverage by exact enumeration."""

from __future__ import annotations

import math
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle  # type: ignore[import-untyped]

from trueline.stats.bounds import Interval
from trueline.stats.paired import PairCount, mcnemar, paired_difference, paired_gap


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test(a: int, b: int, same: int) -> None:
    p = mcnemar(PairCount(a, b, a + b + same))

    assert p == pytest.approx(oracle.binomtest(a, a + b).pvalue if a + b else 1.0)


@cache
def interval(a: int, b: int, n: int) -> Interval:
    return paired_difference(PairCount(a, b, n))


@pytest.mark.parametrize("n", [10, 20, 50])
@pytest.mark.parametrize(
    ("p_a", "p_b"), [(0.0, 0.0), (0.05, 0.0), (0.1, 0.1), (0.3, 0.1), (0.5, 0.5), (0.9, 0.05)]
)
def test_the_paired_interval_covers_by_enumeration(n: int, p_a: float, p_b: float) -> None:
    covered = 0.0

    for a in range(n + 1):
        for b in range(n + 1 - a):
            low, high = interval(a, b, n)
            if low <= p_a - p_b <= high:
                covered += oracle.multinomial.pmf([a, b, n - a - b], n, [p_a, p_b, 1 - p_a - p_b])

    assert covered >= 0.95


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 60))
def test_swapping_the_sides_turns_the_interval_around(a: int, b: int, same: int) -> None:
    there = paired_difference(PairCount(a, b, a + b + same))
    back = paired_difference(PairCount(b, a, a + b + same))

    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    gap = paired_gap(PairCount(a, b, a + b + same))
    assert 0 <= gap.low <= abs(a - b) / (a + b + same) <= gap.high <= 1


def test_no_pairs_tell_nothing() -> None:
    assert paired_difference(PairCount(0, 0, 0)) == (-1.0, 1.0)
    assert math.isnan(PairCount(0, 0, 0).difference)


def test_more_differences_than_pairs_are_an_error() -> None:
    with pytest.raises(ValueError, match="got 3, 2 of 4"):
        PairCount(3, 2, 4)
