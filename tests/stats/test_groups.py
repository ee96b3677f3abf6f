"""Fairness between groups: coverage by exact enumeration, and the courage to abstain."""

from __future__ import annotations

import functools
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.bounds import clopper_pearson, newcombe
from trueline.stats.groups import (
    FairnessVerdict,
    GroupCount,
    GroupMetric,
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
    fairness_verdict,
    rate_difference,
    rate_ratio,
    selection_rates,
)

KNOWN = json.loads((Path(__file__).parent / "known_values.json").read_text("utf-8"))
RATES = (0.001, 0.02, 0.05, 0.1, 0.3, 0.5, 0.8, 0.97)
SIZES = [(10, 10), (10, 50), (15, 30), (50, 50)]


@pytest.mark.parametrize(("n_a", "n_b"), SIZES)
def test_intervals_cover_in_groups_of_ten_to_fifty(
    n_a: int, n_b: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueline.stats.groups.clopper_pearson", functools.cache(clopper_pearson))
    pairs = list(itertools.product(range(n_a + 1), range(n_b + 1)))
    groups = [(GroupCount("a", k, n_a), GroupCount("b", m, n_b)) for k, m in pairs]
    found = [
        (
            rate_difference(a, b),
            rate_ratio(a, b),
            demographic_parity_difference([a, b]),
            demographic_parity_ratio([a, b]),
        )
        for a, b in groups
    ]
    edges = np.array([[(metric.low, metric.high) for metric in row] for row in found])
    for p, q in itertools.product(RATES, RATES):
        truth = np.array([p - q, p / q, abs(p - q), min(p, q) / max(p, q)])
        weights = np.outer(
            scipy.stats.binom.pmf(np.arange(n_a + 1), n_a, p),
            scipy.stats.binom.pmf(np.arange(n_b + 1), n_b, q),
        ).ravel()
        inside = (edges[:, :, 0] <= truth + 1e-12) & (truth - 1e-12 <= edges[:, :, 1])
        assert (weights @ inside >= 0.95).all(), (p, q)


def test_equalized_odds_cover_in_small_groups() -> None:
    random = np.random.default_rng(41)
    rates = np.array([0.9, 0.7, 0.1, 0.05])  # true-positive rates, false-positive rates
    inside = 0
    for _ in range(400):
        counts = [int(k) for k in random.binomial(20, rates)]
        groups = [GroupCount(name, k, 20) for name, k in zip("abab", counts, strict=True)]
        metric = equalized_odds_difference(groups[:2], groups[2:])
        inside += metric.low <= 0.2 + 1e-12 and metric.high >= 0.2 - 1e-12

    assert inside >= scipy.stats.binom.ppf(0.001, 400, 0.95)


def test_intervals_of_five_groups_hold_together() -> None:
    random = np.random.default_rng(42)
    rates = np.array([0.02, 0.1, 0.3, 0.5, 0.9])
    together = 0
    for _ in range(400):
        counts = random.binomial(25, rates)
        groups = [GroupCount(str(i), int(k), 25) for i, k in enumerate(counts)]
        found = selection_rates(groups)
        together += all(found[str(i)].low <= p <= found[str(i)].high for i, p in enumerate(rates))

    assert together >= scipy.stats.binom.ppf(0.001, 400, 0.95)


@pytest.mark.parametrize("case", KNOWN["exact_ratio"])
def test_the_ratio_is_inside_the_cruder_guaranteed_one(case: str) -> None:
    k1, n1, k2, n2 = (int(part) for part in case.split(","))
    low, high = KNOWN["exact_ratio"][case]

    found = rate_ratio(GroupCount("a", k1, n1), GroupCount("b", k2, n2))

    assert low - 1e-6 <= found.low <= low * 1.02 + 1e-9
    assert high * 0.98 <= found.high <= high + 1e-6


def test_fifteen_people_prove_no_discrimination() -> None:
    few, many = GroupCount("a", 0, 15), GroupCount("b", 12, 300)
    difference, ratio = rate_difference(few, many), rate_ratio(few, many)
    approximate = newcombe(0, 15, 12, 300)

    assert difference.low < approximate.low < 0 < approximate.high < difference.high
    assert (ratio.value, ratio.low) == (0, 0)
    assert ratio.high > 5
    parity = demographic_parity_ratio([few, many])
    assert fairness_verdict(parity, at_least=0.8) is FairnessVerdict.THIN


def test_large_groups_get_a_verdict() -> None:
    equal = [GroupCount("a", 5000, 10_000), GroupCount("b", 5050, 10_000)]
    apart = [GroupCount("a", 2000, 10_000), GroupCount("b", 5000, 10_000)]

    assert fairness_verdict(demographic_parity_ratio(equal), at_least=0.8) is FairnessVerdict.PASS
    assert fairness_verdict(demographic_parity_ratio(apart), at_least=0.8) is FairnessVerdict.FAIL
    gap = demographic_parity_difference(apart)
    assert gap.value == pytest.approx(0.3)
    assert fairness_verdict(gap, at_most=0.1) is FairnessVerdict.FAIL
    assert fairness_verdict(gap, at_most=0.4) is FairnessVerdict.PASS


GROUP = st.integers(1, 40).flatmap(lambda n: st.integers(0, n).map(lambda k: GroupCount("", k, n)))


@settings(max_examples=100, deadline=None)
@given(st.lists(GROUP, min_size=2, max_size=5))
def test_values_lie_in_their_intervals(drawn: list[GroupCount]) -> None:
    groups = [GroupCount(str(i), one.selected, one.n) for i, one in enumerate(drawn)]
    difference = demographic_parity_difference(groups)
    ratio = demographic_parity_ratio(groups)
    odds = equalized_odds_difference(groups, groups)

    assert 0 <= difference.low <= difference.value <= difference.high <= 1
    assert 0 <= ratio.low <= ratio.high <= 1
    assert math.isnan(ratio.value) or ratio.low <= ratio.value <= ratio.high
    assert odds.low <= odds.value <= odds.high
    assert odds.value == difference.value


def test_an_empty_group_is_thin_and_not_an_error() -> None:
    groups = [GroupCount("a", 300, 1000), GroupCount("b", 0, 0)]

    metric = demographic_parity_difference(groups)

    assert metric.value == 0
    assert fairness_verdict(metric, at_most=0.1) is FairnessVerdict.THIN
    assert math.isnan(rate_difference(groups[0], groups[1]).value)
    assert math.isnan(groups[1].rate)


def test_groups_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="group a: need 0 <= selected <= n, got 3 of 2"):
        GroupCount("a", 3, 2)
    with pytest.raises(ValueError, match="need at least two groups, got 1"):
        demographic_parity_ratio([GroupCount("a", 1, 2)])
    with pytest.raises(ValueError, match="two groups have the same name"):
        selection_rates([GroupCount("a", 1, 2), GroupCount("a", 2, 2)])
    with pytest.raises(ValueError, match="give one limit: at_most or at_least"):
        fairness_verdict(GroupMetric(0, 0, 0, 0.95))
