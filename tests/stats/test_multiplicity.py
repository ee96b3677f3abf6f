"""Many tests at once, against scipy, by definition and in simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from trueline.stats.multiplicity import (
    all_pass,
    benjamini_hochberg,
    e_benjamini_hochberg,
    holm,
    shared_confidence,
)

P_VALUES = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
SOME = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_published_p_values_give_the_known_counts() -> None:
    assert (sum(holm(P_VALUES)), sum(benjamini_hochberg(P_VALUES))) == (1, 2)
    assert holm([0.04, 0.01, 0.02]) == [True] * 3  # Bonferroni would claim one
    assert e_benjamini_hochberg([600, 250, 120, 90, 3, 1]) == [True] * 4 + [False] * 2


@given(SOME)
def test_benjamini_and_hochberg_agree_with_scipy(p_values: list[float]) -> None:
    adjusted = scipy.stats.false_discovery_control(p_values)

    if np.abs(adjusted - 0.05).min() > 1e-9:
        assert benjamini_hochberg(p_values) == [bool(p <= 0.05) for p in adjusted]


@given(SOME)
def test_holm_claims_what_every_larger_set_would_reject(p_values: list[float]) -> None:
    ordered = sorted(p_values)
    adjusted = np.maximum.accumulate([p * (len(ordered) - i) for i, p in enumerate(ordered)])
    if np.abs(adjusted - 0.05).min() > 1e-9:
        assert sum(holm(p_values)) == int((adjusted <= 0.05).sum())
    claimed = [p for p, ok in zip(p_values, holm(p_values), strict=True) if ok]
    others = [p for p, ok in zip(p_values, holm(p_values), strict=True) if not ok]
    assert not claimed or not others or max(claimed) <= min(others)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_e_values_act_as_the_p_values_they_invert_to(e_values: list[float]) -> None:
    p_values = [min(1.0, 1 / e) if e > 0 else 1.0 for e in e_values]
    edges = [e * 0.05 * rank / len(e_values) for e in e_values for rank in range(1, 31)]

    if min(abs(edge - 1) for edge in edges) > 1e-9:
        assert e_benjamini_hochberg(e_values) == benjamini_hochberg(p_values)


def test_holm_seldom_makes_a_false_claim_and_naive_testing_nearly_always() -> None:
    random = np.random.default_rng(31)
    false_holm = false_naive = false_all = 0
    for _ in range(2000):
        p_values = random.random(31).tolist()  # no category is below its limit
        false_holm += any(holm(p_values))
        false_naive += min(p_values) <= 0.05
        false_all += all_pass(p_values)

    assert false_holm <= scipy.stats.binom.ppf(0.999, 2000, 0.05)
    assert false_naive > 1500
    assert false_all == 0


def test_daily_testing_alarms_in_most_healthy_deployments_and_e_values_do_not() -> None:
    random = np.random.default_rng(32)
    alarmed_daily = alarmed_e = 0
    for _ in range(300):
        days = random.binomial(1000, 0.01, 90)
        daily = scipy.stats.binom.sf(days - 1, 1000, 0.01)
        steps = days * np.log(2) + (1000 - days) * np.log(0.98 / 0.99)
        alarmed_daily += bool((daily < 0.05).any())
        alarmed_e += bool((np.cumsum(steps) >= np.log(20)).any())

    assert alarmed_daily > 0.7 * 300
    assert alarmed_e <= scipy.stats.binom.ppf(0.999, 300, 0.05)


def test_claiming_all_needs_every_one() -> None:
    assert all_pass([0.05, 0.01])
    assert not all_pass([0.051, 0.01])
    assert not all_pass([])


def test_confidence_is_shared_so_that_all_bounds_hold() -> None:
    assert shared_confidence(0.95, 31) == pytest.approx(1 - 0.05 / 31)
    assert shared_confidence(0.95, 1) == pytest.approx(0.95)


def test_values_that_make_no_sense_are_refused() -> None:
    for claim in (holm, benjamini_hochberg, all_pass):
        with pytest.raises(ValueError, match="a p-value must lie from 0 to 1"):
            claim([0.1, float("nan")])
        with pytest.raises(ValueError, match="need 0 < level < 1, got 0"):
            claim([0.1], 0)
    with pytest.raises(ValueError, match="an e-value must not be negative or missing"):
        e_benjamini_hochberg([1, -1])
    with pytest.raises(ValueError, match="need 0 < confidence < 1 and claims >= 1"):
        shared_confidence(0.95, 0)
