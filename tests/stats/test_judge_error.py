"""Bounds with the judge's errors inside, by exact enumeration over its errors."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]

from trueline.stats.bounds import clopper_pearson_upper
from trueline.stats.judge_error import (
    KnownViolations,
    Review,
    caught_lower,
    judge_upper,
    reviewed_upper,
    rogan_gladen,
)

KNOWN = json.loads((Path(__file__).parent / "known_values.json").read_text("utf-8"))["judge"]
SENSITIVITIES, RATES = (0.5, 0.65, 0.8, 0.9, 0.99), (0.001, 0.005, 0.01, 0.02, 0.05)
# The judge's false alarms enter no bound of a review: people look at each of them.
CELLS = list(itertools.product(SENSITIVITIES, RATES))


class Exact(NamedTuple):
    """Over all outcomes: how often the bound misses, and its mean over that of full labels."""

    missed: float
    ratio: float


def _counts(n: int, rate: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    law = scipy.stats.binom(n, rate)
    return np.arange(int(law.ppf(1e-6)), int(law.isf(1e-6)) + 1)


def _full(n: int, rate: float) -> float:
    counts = _counts(n, rate)
    weights = scipy.stats.binom.pmf(counts, n, rate)
    bounds = [clopper_pearson_upper(int(k), n) for k in counts]
    return float(weights @ bounds)


def enumerate_review(sensitivity: float, rate: float, n: int, share: float) -> Exact:
    flagged, unflagged = rate * sensitivity, rate * (1 - sensitivity) * share
    missed = mean = 0.0
    for found in _counts(n, flagged + unflagged):
        outer = scipy.stats.binom.pmf(found, n, flagged + unflagged)
        for low in range(int(found) + 1):
            inner = scipy.stats.binom.pmf(low, found, unflagged / (flagged + unflagged))
            if outer * inner < 1e-9:
                continue
            upper = reviewed_upper(Review(n, int(found) - low, low, share))
            missed += outer * inner * (upper < rate)
            mean += outer * inner * upper
    return Exact(missed, mean / _full(n, rate))


def enumerate_known(sensitivity: float, rate: float, n: int, share: float, known: int) -> Exact:
    caught = _counts(known, sensitivity)
    caught = caught[caught <= known]
    caught_weights = scipy.stats.binom.pmf(caught, known, sensitivity)
    found_rate = rate * (sensitivity + share * (1 - sensitivity))
    found = _counts(n, found_rate)
    found_weights = scipy.stats.binom.pmf(found, n, found_rate)
    # The bound is (a function of what was found) over (a function of what was caught).
    tops = [
        reviewed_upper(Review(n, int(k), 0, share), known=KnownViolations(known, known))
        for k in found
    ]
    base = reviewed_upper(Review(n, 0, 0, share), known=KnownViolations(known, known))
    factors = [
        reviewed_upper(Review(n, 0, 0, share), known=KnownViolations(int(c), known)) / base
        for c in caught
    ]
    uppers = np.minimum(1, np.outer(tops, factors))
    weights = np.outer(found_weights, caught_weights)
    missed = float(weights[uppers < rate].sum())
    return Exact(missed, float((weights * uppers).sum()) / _full(n, rate))


@pytest.mark.parametrize("case", KNOWN)
def test_the_bound_from_calibration_alone_is_the_known_one(case: str) -> None:
    counts = [int(part) for part in case.split(",")]
    naive, point, corrected = KNOWN[case]

    assert clopper_pearson_upper(counts[0], counts[1]) == pytest.approx(naive, abs=2e-6)
    assert rogan_gladen(*counts) == pytest.approx(point, abs=2e-6)
    assert judge_upper(*counts) == pytest.approx(corrected, abs=2e-6)


def test_a_judge_that_finds_half_is_believed_wrongly_and_corrected_rightly() -> None:
    counts = _counts(1000, 0.01)
    weights = scipy.stats.binom.pmf(counts, 1000, 0.01)
    naive = [clopper_pearson_upper(int(k), 1000) for k in counts]

    assert float(weights @ (np.array(naive) < 0.02)) == pytest.approx(0.79, abs=0.02)
    found = enumerate_known(0.5, 0.02, 1000, 0.3, 200)
    assert found.missed <= 0.05


@pytest.mark.parametrize(("sensitivity", "rate"), CELLS)
def test_a_review_and_known_violations_cover_the_rate_at_one_and_a_half_times_the_width(
    sensitivity: float, rate: float
) -> None:
    found = enumerate_known(sensitivity, rate, n=2000, share=0.3, known=200)

    assert found.missed <= 0.05
    assert found.ratio <= 1.5


@pytest.mark.parametrize(("sensitivity", "rate"), [(0.5, 0.001), (0.99, 0.001), (0.8, 0.01)])
def test_a_review_alone_covers_the_rate_whatever_the_judge(sensitivity: float, rate: float) -> None:
    third = enumerate_review(sensitivity, rate, n=1000, share=1 / 3)
    most = enumerate_review(sensitivity, rate, n=1000, share=0.7)

    assert third.missed <= 0.05
    assert third.ratio <= 3.1
    assert most.missed <= 0.05
    assert most.ratio <= 1.5


def test_a_simulated_judge_with_false_alarms_is_covered_too() -> None:
    random = np.random.default_rng(21)
    rate, sensitivity, alarms, n, share = 0.03, 0.6, 0.1, 1500, 0.3
    missed = 0
    for _ in range(300):
        violates = random.random(n) < rate
        flagged = random.random(n) < np.where(violates, sensitivity, alarms)
        looked_at = flagged | (random.random(n) < share)
        found = violates & looked_at
        review = Review(n, int((found & flagged).sum()), int((found & ~flagged).sum()), share)
        missed += reviewed_upper(review) < rate

    assert missed <= scipy.stats.binom.ppf(0.999, 300, 0.05)


def test_labels_on_everything_need_no_judge() -> None:
    review = Review(n=500, found_flagged=3, found_unflagged=2, unflagged_share=1.0)

    assert reviewed_upper(review) == clopper_pearson_upper(5, 500)


def test_a_judge_no_better_than_chance_proves_nothing() -> None:
    assert judge_upper(0, 1000, 5, 100, 10, 100) == 1.0
    assert reviewed_upper(Review(1000, 5, 0, unflagged_share=0.0)) == 1.0
    assert rogan_gladen(0, 1000, 5, 100, 10, 100) != rogan_gladen(0, 1000, 5, 100, 10, 100)


def test_the_sensitivity_is_bounded_from_the_review_itself() -> None:
    good = Review(3000, found_flagged=90, found_unflagged=1, unflagged_share=0.3)
    poor = Review(3000, found_flagged=50, found_unflagged=30, unflagged_share=0.3)

    assert 0.7 < caught_lower(good) < 90 / (90 + 1 / 0.3)
    assert caught_lower(poor) < 0.5
    assert caught_lower(good, known=KnownViolations(0, 50)) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Review(10, 8, 3, 0.5), "need 0 <= found <= n, got 8 and 3 of 10"),
        (lambda: Review(10, 1, 1, 0.9, 0.5), "need 0 <= unflagged_share <= flagged_share <= 1"),
        (lambda: Review(10, 1, 1, 0.0), "violations found among unflagged replies, but none"),
        (lambda: KnownViolations(5, 4), "need 0 <= caught <= n, got 5 of 4"),
    ],
)
def test_counts_that_make_no_sense_are_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
