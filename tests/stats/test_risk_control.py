"""Calibrated thresholds: known values, and how often they break their budget."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trueline.stats.risk_control import (
    binomial_p_value,
    calibrate_threshold,
    conformal_threshold,
    hoeffding_bentkus_p_value,
    learn_then_test,
)

KNOWN = json.loads((Path(__file__).parent / "known_values.json").read_text("utf-8"))
# 300 texts, every third a violation; a violation below the threshold is missed.
INDEX = np.arange(1, 301)
SCORES, VIOLATIONS = (INDEX * 37 % 101) / 101, INDEX % 3 == 0
GRID = [float(value) for value in np.linspace(1, 0, 101)]  # riskiest first
MISSES: NDArray[np.float64] = (
    VIOLATIONS[:, None] & (SCORES[:, None] < np.array(GRID)[None, :])
).astype(float)


@pytest.mark.parametrize("budget", KNOWN["crc_threshold"])
def test_conformal_thresholds_are_the_known_ones(budget: str) -> None:
    found = conformal_threshold(MISSES, GRID, float(budget))

    assert found == (
        None if (known := KNOWN["crc_threshold"][budget]) is None else pytest.approx(known)
    )


@pytest.mark.parametrize("budget", KNOWN["ltt_binomial"])
def test_tested_thresholds_are_the_known_ones(budget: str) -> None:
    strictest_first = MISSES[:, ::-1]
    counts = [int(column.sum()) for column in strictest_first.T]
    exact = [binomial_p_value(count, 300, float(budget)) for count in counts]
    general = [hoeffding_bentkus_p_value(count / 300, 300, float(budget)) for count in counts]

    assert learn_then_test(exact, GRID[::-1]) == pytest.approx(KNOWN["ltt_binomial"][budget])
    known = KNOWN["ltt_hoeffding_bentkus"][budget]
    assert learn_then_test(general, GRID[::-1]) == pytest.approx(known)


@pytest.mark.parametrize("case", KNOWN["hoeffding_bentkus"])
def test_p_values_are_the_known_ones(case: str) -> None:
    mean, n, budget = (float(part) for part in case.split(","))

    found = hoeffding_bentkus_p_value(mean, int(n), budget)

    assert found == pytest.approx(KNOWN["hoeffding_bentkus"][case], abs=1e-8)


def test_a_count_lost_in_floating_point_is_not_rounded_up() -> None:
    assert 100 * 0.07 > 7  # and its ceiling is 8

    assert hoeffding_bentkus_p_value(0.07, 100, 0.2) == pytest.approx(
        min(1, np.e * scipy.stats.binom.cdf(7, 100, 0.2)), rel=1e-9
    )


@given(n=st.integers(1, 2000), share=st.floats(0, 1), budget=st.floats(0.001, 0.999))
def test_the_exact_p_value_agrees_with_scipy(n: int, share: float, budget: float) -> None:
    count = round(share * n)

    found = binomial_p_value(count, n, budget)

    assert found == pytest.approx(scipy.stats.binom.cdf(count, n, budget), rel=1e-8, abs=1e-12)


def test_when_no_threshold_can_be_promised_none_is_given() -> None:
    assert conformal_threshold(np.ones((50, 3)), [0.9, 0.5, 0.1], 0.05) is None
    assert conformal_threshold(np.zeros((10, 2)), [0.9, 0.1], 0.05) is None  # 1 / 11 > 0.05
    assert learn_then_test([0.2, 0.01], [0.1, 0.2]) is None
    assert calibrate_threshold([0.9] * 40, [0.1, 0.5], max_miss_rate=0.05) is None


def test_a_calibrated_threshold_breaks_its_budget_in_at_most_five_percent_of_calibrations() -> None:
    random = np.random.default_rng(11)
    budget, runs, n = 0.05, 600, 300
    grid = np.linspace(0, 1, 101)
    law = scipy.stats.beta(4, 2)  # scores of violations
    broken_tested = broken_conformal = 0

    for scores in law.rvs((runs, n), random_state=random):
        tested = calibrate_threshold(scores, [float(t) for t in grid], budget)
        misses = (scores[:, None] < grid[::-1]).astype(float)
        conformal = conformal_threshold(misses, [float(t) for t in grid[::-1]], budget)
        assert tested is not None
        assert conformal is not None
        broken_tested += law.cdf(tested.threshold) > budget
        broken_conformal += law.cdf(conformal) > budget

    assert broken_tested / runs <= 0.05
    assert broken_conformal / runs > 0.25  # on average is not every time


def test_conformal_thresholds_keep_the_expected_loss() -> None:
    random = np.random.default_rng(12)
    law = scipy.stats.beta(4, 2)
    grid = np.linspace(1, 0, 201)
    risks = []
    for scores in law.rvs((600, 100), random_state=random):
        found = conformal_threshold(
            (scores[:, None] < grid).astype(float), [float(t) for t in grid], 0.1
        )
        risks.append(law.cdf(found))

    assert np.mean(risks) <= 0.1


def test_the_record_says_what_was_seen() -> None:
    scores = [0.2] * 2 + [0.8] * 298

    found = calibrate_threshold(scores, [0.1, 0.5, 0.9], max_miss_rate=0.05)

    assert found is not None
    assert (found.threshold, found.missed, found.violations) == (0.5, 2, 300)
    assert found.miss_rate_upper == pytest.approx(scipy.stats.beta.ppf(0.95, 3, 298))


def test_input_that_would_break_the_promise_is_refused() -> None:
    with pytest.raises(ValueError, match="losses must not increase"):
        conformal_threshold([[0.0, 1.0]], [0.9, 0.1], 0.5)
    with pytest.raises(ValueError, match=r"need losses of shape \(n, 2\), got \(1, 3\)"):
        conformal_threshold([[0.0, 0.0, 0.0]], [0.9, 0.1], 0.5)
    with pytest.raises(ValueError, match="a score is missing"):
        calibrate_threshold([0.5, float("nan")], [0.1], 0.05)
    with pytest.raises(ValueError, match="need 0 <= violations <= n and 0 < max_risk < 1"):
        binomial_p_value(3, 2, 0.05)
    with pytest.raises(ValueError, match="need a mean in"):
        hoeffding_bentkus_p_value(1.2, 10, 0.05)
