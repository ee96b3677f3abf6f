"""Reliability, calibration error and Brier score: oracles and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.stats.calibration import (
    ReliabilityBin,
    brier_score,
    expected_calibration_error,
    reliability,
)

ITEMS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


@given(ITEMS)
def test_bins_hold_every_prediction_once(items: list[tuple[float, bool]]) -> None:
    bins = reliability([p for p, _ in items], [y for _, y in items])

    assert sum(b.n for b in bins) == len(items)
    assert sum(b.happened for b in bins) == sum(y for _, y in items)
    assert sum(b.said * b.n for b in bins) == pytest.approx(sum(p for p, _ in items))


def test_bins_equal_those_of_scikit_learn() -> None:
    oracle = pytest.importorskip("sklearn.calibration")
    random = np.random.default_rng(0)
    said = random.random(500)
    happened = random.random(500) < said**2

    bins = reliability(said, happened)

    shares, means = oracle.calibration_curve(happened, said, n_bins=10)
    assert [b.share for b in bins] == pytest.approx(shares.tolist())
    assert [b.said for b in bins] == pytest.approx(means.tolist())


@given(ITEMS)
def test_brier_score_equals_scikit_learn(items: list[tuple[float, bool]]) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    said, happened = [p for p, _ in items], [y for _, y in items]

    score = brier_score(said, happened)

    assert score.value == pytest.approx(
        oracle.brier_score_loss(happened, said, labels=[False, True]), abs=1e-12
    )
    assert score.low <= score.value + 1e-6
    assert score.value - 1e-6 <= score.high


def test_the_error_of_a_worked_example() -> None:
    # By hand: 0.5 * |0.1 - 0.2| + 0.5 * |0.9 - 0.6| = 0.2.
    bins = [ReliabilityBin(0.1, 2, 10), ReliabilityBin(0.9, 6, 10)]

    assert expected_calibration_error(bins).value == pytest.approx(0.2)


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_a_model_without_fault_has_zero_in_its_interval(n: int) -> None:
    random = np.random.default_rng(1)
    repeats, covered, plain = 400, 0, 0.0

    for _ in range(repeats):
        said = random.random(n)
        error = expected_calibration_error(reliability(said, random.random(n) < said))
        covered += error.low == 0.0
        plain += error.value / repeats

    assert covered / repeats >= 0.95
    assert plain > 0.01  # the plain value alone would blame it


def test_the_interval_of_the_error_covers_a_model_that_is_off_by_a_tenth() -> None:
    random = np.random.default_rng(2)
    covered = 0

    for _ in range(400):
        said = random.choice([0.25, 0.55, 0.85], 300)
        error = expected_calibration_error(reliability(said, random.random(300) < said - 0.1))
        covered += error.low <= 0.1 <= error.high

    assert covered / 400 >= 0.95


def test_the_interval_of_the_brier_score_covers() -> None:
    random = np.random.default_rng(3)
    truth = 0.8 * 0.2  # always said 0.8, happens in 80 %: 0.8 * 0.04 + 0.2 * 0.64
    covered = 0

    for _ in range(200):
        score = brier_score(np.full(60, 0.8), random.random(60) < 0.8)
        covered += score.low <= truth <= score.high

    assert covered / 200 >= 0.95


def test_a_probability_of_two_is_an_error() -> None:
    with pytest.raises(ValueError, match="probabilities must lie from 0 to 1"):
        brier_score([2.0], [True])
