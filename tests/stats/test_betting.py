"""Betting bounds: known values, coverage by exact laws and simulation, and their traps."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.betting import (
    BETS_ABOVE,
    BETS_BELOW,
    Array,
    log_capital_above,
    log_capital_below,
    mean_interval,
    mean_lower,
    mean_upper,
    rate_band,
    rate_interval,
    rate_lower,
    rate_upper,
)
from trueline.stats.bounds import clopper_pearson_upper

KNOWN = json.loads((Path(__file__).parent / "known_values.json").read_text("utf-8"))["mean_bounds"]
INDEX = np.arange(1, 1001)
LOSSES = np.where(INDEX % 50 == 0, (INDEX * 7919 % 1000) / 1000, 0.0)


def test_the_bound_on_graded_losses_is_the_known_one() -> None:
    assert mean_upper(LOSSES, in_order=True) == pytest.approx(KNOWN["mix_upper"], abs=2e-6)
    every_200th = (INDEX % 200 == 0).astype(float)
    known = KNOWN["binary_every_200th_mix_upper"]
    assert mean_upper(every_200th, in_order=True) == pytest.approx(known, abs=2e-6)


@pytest.mark.parametrize("n", [100, 299, 1000])
def test_rare_violations_are_not_bounded_twice_as_widely_as_they_need_be(n: int) -> None:
    bound = mean_upper(np.zeros(n))

    assert bound == pytest.approx(KNOWN["all_zero_mix_upper"][str(n)], abs=2e-6)
    assert bound < 1.3 * clopper_pearson_upper(0, n)
    # The usual truncation of bets at one half pays this price:
    assert KNOWN["all_zero_truncated_bets"][str(n)] > 1.9 * clopper_pearson_upper(0, n)


def test_the_bound_does_not_depend_on_the_order_unless_it_is_told() -> None:
    sorted_losses = np.sort(LOSSES)

    assert mean_upper(sorted_losses) == mean_upper(LOSSES[::-1])
    # Zeros first would refute the truth if sorted losses were taken for a history.
    assert mean_upper(sorted_losses, in_order=True) < LOSSES.mean() < mean_upper(sorted_losses)


def test_a_rate_from_counts_is_the_bound_from_outcomes() -> None:
    outcomes = np.r_[np.ones(7), np.zeros(493)]

    assert rate_upper(7, 500) == pytest.approx(mean_upper(outcomes), abs=1e-8)
    assert rate_lower(7, 500) == pytest.approx(mean_lower(outcomes), abs=1e-8)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.3])
def test_a_band_looked_at_after_every_event_covers_the_rate(rate: float) -> None:
    # Exactly, not by simulation: walk the counts and take out the mass of each count at which
    # the gamblers of either side have refuted the true rate.
    level, most = math.log(1 / 0.025), 1000
    up = np.log1p(BETS_ABOVE * (1 / rate - 1)), np.log1p(-BETS_ABOVE)
    down = np.log1p(-BETS_BELOW), np.log1p(BETS_BELOW * rate / (1 - rate))
    alive, lowest, missed = np.array([1.0]), 0, 0.0
    for n in range(1, most + 1):
        alive = np.r_[alive, 0.0] * (1 - rate) + np.r_[0.0, alive] * rate
        kept = np.nonzero(alive > 1e-12)[0]
        alive, lowest = alive[kept[0] : kept[-1] + 1], lowest + int(kept[0])
        counts = (lowest + np.arange(alive.size))[:, None]
        out = _log_mean(counts * up[0] + (n - counts) * up[1]) >= level
        out |= _log_mean(counts * down[0] + (n - counts) * down[1]) >= level
        missed += float(alive[out].sum())
        alive[out] = 0.0

    assert 0.001 < missed <= 0.05
    # The walk decides as the interval does.
    for violations, n in [(0, 700), (3, 300), (40, 900), (500, 1200)]:
        low = rate_interval(violations, n).low
        refuted = _log_mean((violations * up[0] + (n - violations) * up[1])[None])[0] >= level
        assert bool(refuted) == (low > rate)


def _log_mean(capital: Array) -> Array:
    top = capital.max(axis=1)
    mean: Array = top + np.log(np.exp(capital - top[:, None]).mean(axis=1))
    return mean


def test_bounds_on_graded_losses_cover_the_mean_in_simulation() -> None:
    random = np.random.default_rng(7)
    losses = (random.random((400, 300)) < 0.03) * random.random((400, 300))

    missed_above = sum(float(log_capital_below(row, 0.015).max()) >= np.log(20) for row in losses)
    missed_below = sum(float(log_capital_above(row, 0.015).max()) >= np.log(20) for row in losses)

    # At most 5 %; 33 of 400 would still be chance (binomial, one in a thousand).
    most = int(scipy.stats.binom.ppf(0.999, 400, 0.05))
    assert missed_above <= most
    assert missed_below <= most


@settings(max_examples=60, deadline=None)
@given(losses=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_an_interval_holds_the_mean_seen_and_turns_with_the_losses(losses: list[float]) -> None:
    interval = mean_interval(losses)

    assert 0 <= interval.low <= sum(losses) / len(losses) + 1e-6
    assert sum(losses) / len(losses) - 1e-6 <= interval.high <= 1


def test_a_band_only_narrows() -> None:
    band = rate_band([0, 1, 4, 9, 30], [50, 100, 500, 1000, 3000])

    assert all(b.low >= a.low and b.high <= a.high for a, b in pairwise(band))
    assert band[-1].low < 0.01 < band[-1].high


def test_without_observations_nothing_is_known() -> None:
    assert mean_interval([]) == (0.0, 1.0)
    assert rate_interval(0, 0) == (0.0, 1.0)
    assert rate_upper(5, 5) == 1.0


def test_losses_and_counts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="losses must be a list of numbers from 0 to 1"):
        mean_upper([0.2, float("nan")])
    with pytest.raises(ValueError, match="need 0 <= violations <= n, got 3 of 2"):
        rate_upper(3, 2)
    with pytest.raises(ValueError, match="need 0 < confidence < 1, got 1"):
        mean_lower([0.1], confidence=1)
