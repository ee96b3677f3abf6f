"""The bound of a review that stopped half-way, by enumeration and simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.bounds import clopper_pearson
from trueline.stats.judge_error import Review, reviewed_upper
from trueline.stats.judge_rates import share_flagged
from trueline.stats.unfinished_review import unfinished_upper

counts = st.integers(0, 6)


@settings(max_examples=40)
@given(a=counts, b=counts, open_a=counts, open_b=counts, share=st.sampled_from([0.02, 0.2, 0.7, 1]))
def test_the_bound_is_the_worst_of_all_the_ways_the_review_could_end(
    a: int, b: int, open_a: int, open_b: int, share: float
) -> None:
    review = Review(1000, a, b, share)

    bound = unfinished_upper(review, open_a, open_b)

    ends = [
        reviewed_upper(replace(review, found_flagged=a + i, found_unflagged=b + j))
        for i in range(open_a + 1)
        for j in range(open_b + 1)
    ]
    assert bound == pytest.approx(max(ends), abs=1e-12)


@settings(max_examples=8)
@given(open_a=st.integers(100, 700), share=st.sampled_from([0.02, 0.2, 0.7, 1]))
def test_many_open_replies_are_bounded_in_stretches_and_never_below_the_worst(
    open_a: int, share: float
) -> None:
    review = Review(1000, 3, 1, share)

    bound = unfinished_upper(review, open_a, 2)

    ends = [
        reviewed_upper(replace(review, found_flagged=3 + i, found_unflagged=3))
        for i in range(0, open_a + 1, 7)
    ]
    assert max(ends) <= bound + 1e-12
    assert bound <= 1.15 * max(ends) + 1e-12


def test_counting_the_open_ones_as_violations_is_not_enough_alone() -> None:
    review = Review(100_000, 10, 0, 0.01)

    as_violations = reviewed_upper(replace(review, found_flagged=50))

    assert as_violations < reviewed_upper(review) <= unfinished_upper(review, 40, 0)


def test_open_counts_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="need open counts >= 0, got -1 and 0"):
        unfinished_upper(Review(10, 0, 0, 0.5), -1, 0)


@pytest.mark.parametrize("sensitivity", [0.5, 0.9])
@pytest.mark.parametrize("stop", ["half-way", "before the first violation", "skips violations"])
def test_a_reviewer_who_stops_early_never_breaks_the_bound(sensitivity: float, stop: str) -> None:
    random = np.random.default_rng(11)
    n, rate, alarms, share, runs = 1000, 0.01, 0.02, 0.3, 200
    missed = 0

    for _ in range(runs):
        violates = random.random(n) < rate
        flagged = random.random(n) < np.where(violates, sensitivity, alarms)
        drawn = flagged | (random.random(n) < share)
        order = random.permutation(np.flatnonzero(drawn))
        if stop == "half-way":
            labelled = order[: len(order) // 2]
        elif stop == "before the first violation":
            first = int(np.argmax(violates[order])) if violates[order].any() else len(order)
            labelled = order[:first]
        else:
            labelled = order[~violates[order]]
        seen = np.zeros(n, dtype=bool)
        seen[labelled] = True
        review = Review(
            n, int((seen & violates & flagged).sum()), int((seen & violates & ~flagged).sum()),
            share,
        )  # fmt: skip
        bound = unfinished_upper(
            review, int((drawn & ~seen & flagged).sum()), int((drawn & ~seen & ~flagged).sum())
        )
        missed += bound < rate

    assert missed / runs <= 0.05


def test_leaving_out_the_open_replies_would_break_the_bound() -> None:
    """A reviewer who labels nearly everything and skips the violations alone."""
    random = np.random.default_rng(14)
    n, rate, share = 1000, 0.01, 0.9
    careless = missed = 0

    for _ in range(100):
        violates = random.random(n) < rate
        flagged = violates & (random.random(n) < 0.9)
        drawn = flagged | (random.random(n) < share)
        review = Review(n, 0, 0, share)
        careless += reviewed_upper(review) < rate
        missed += (
            unfinished_upper(
                review,
                int((drawn & violates & flagged).sum()),
                int((drawn & violates & ~flagged).sum()),
            )
            < rate
        )

    assert careless == 100
    assert missed <= 8


def test_a_reviewed_share_of_the_flagged_covers_also_when_faults_all_count() -> None:
    """Replies that never came count as flagged violations, whatever the share of the flagged."""
    random = np.random.default_rng(12)
    n, rate, faults, high, low, runs = 1000, 0.02, 0.01, 0.5, 0.2, 300
    missed = 0

    for _ in range(runs):
        fault = random.random(n) < faults
        violates = fault | (random.random(n) < rate)
        flagged = fault | (random.random(n) < np.where(violates, 0.6, 0.03))
        drawn = fault | (random.random(n) < np.where(flagged, high, low))
        found = drawn & violates
        review = Review(n, int((found & flagged).sum()), int((found & ~flagged).sum()), low, high)
        missed += reviewed_upper(review) < faults + rate * (1 - faults)

    assert missed / runs <= 0.05


def test_the_judge_rates_undo_the_shares() -> None:
    full = share_flagged(12, 8, 1.0, 1.0)

    assert (full.estimate, full.low, full.high) == pytest.approx((0.6, *clopper_pearson(12, 20)))
    third = share_flagged(12, 8, 1.0, 0.25)
    assert third.estimate == pytest.approx(12 / (12 + 32))
    assert np.isnan(share_flagged(0, 0, 1.0, 0.5).estimate)
    assert share_flagged(0, 0, 1.0, 0.5)[1:] == (0.0, 1.0)
    with pytest.raises(ValueError, match=r"need shares in \(0, 1\], got 1.0 and 0.0"):
        share_flagged(1, 1, 1.0, 0.0)


@pytest.mark.parametrize("sensitivity", [0.3, 0.7, 0.95])
def test_the_interval_of_the_judges_sensitivity_covers(sensitivity: float) -> None:
    random = np.random.default_rng(13)
    hits = []

    for _ in range(600):
        violations = random.binomial(800, 0.03)
        caught = random.binomial(violations, sensitivity)
        unflagged = random.binomial(violations - caught, 0.3)
        rate = share_flagged(caught, unflagged, 1.0, 0.3)
        hits.append(rate.low <= sensitivity <= rate.high)

    assert np.mean(hits) >= 0.95
