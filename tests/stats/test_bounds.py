"""Known values come from a slow literal reference of the formulas, one line a value."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.bounds import (
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    hypergeometric_upper,
    mover_ratio,
    newcombe,
    wilson,
)

# found, n, one-sided 95 % upper bound: sums of the binomial distribution, bisected to 1e-12.
UPPER = [
    (0, 20, 0.139108), (0, 100, 0.029513), (0, 299, 0.009969), (0, 300, 0.009936),
    (1, 100, 0.04656), (3, 1000, 0.007735), (5, 300, 0.034722), (10, 1000, 0.016903),
]  # fmt: skip
# found, n, two-sided Clopper-Pearson, Wilson.
TWO_SIDED = [
    (0, 100, (0.0, 0.036217), (0.0, 0.036993)),
    (1, 100, (0.000253, 0.054459), (0.001767, 0.054486)),
    (3, 1000, (0.000619, 0.008742), (0.001021, 0.008783)),
    (285, 300, (0.918873, 0.971749), (0.919153, 0.969468)),
    (900, 1000, (0.879712, 0.917895), (0.879848, 0.917091)),
    (3840, 4000, (0.953457, 0.96586), (0.953473, 0.965644)),
]
# found and n of two groups, Newcombe's difference, MOVER ratio.
DIFFERENCES = [
    ((9, 20, 60, 100), (-0.362123, 0.079852), (0.423982, 1.143664)),
    ((1, 20, 10, 200), (-0.057072, 0.1875), (0.167064, 5.469907)),
    ((0, 15, 12, 300), (-0.068604, 0.164589), (0.0, 5.62894)),
    ((45, 100, 80, 120), (-0.338712, -0.085048), (0.521557, 0.860526)),
]


@pytest.mark.parametrize(("found", "n", "upper"), UPPER)
def test_one_sided_upper_bounds_are_the_known_values(found: int, n: int, upper: float) -> None:
    assert clopper_pearson_upper(found, n) == pytest.approx(upper, abs=6e-7)


@pytest.mark.parametrize(("found", "n", "exact", "score"), TWO_SIDED)
def test_two_sided_intervals_are_the_known_values(
    found: int, n: int, exact: tuple[float, float], score: tuple[float, float]
) -> None:
    assert clopper_pearson(found, n) == pytest.approx(exact, abs=6e-7)
    assert wilson(found, n) == pytest.approx(score, abs=6e-7)


@pytest.mark.parametrize(("counts", "difference", "ratio"), DIFFERENCES)
def test_differences_and_ratios_are_the_known_values(
    counts: tuple[int, int, int, int], difference: tuple[float, float], ratio: tuple[float, float]
) -> None:
    assert newcombe(*counts) == pytest.approx(difference, abs=6e-7)
    assert mover_ratio(*counts) == pytest.approx(ratio, abs=6e-6)


def test_a_finite_population_gives_a_tighter_bound() -> None:
    count = hypergeometric_upper(3, 1000, 2000)

    assert count == 12
    assert count / 2000 < clopper_pearson_upper(3, 1000)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_finite_bound_is_the_last_count_scipy_does_not_reject(data: st.DataObject) -> None:
    population = data.draw(st.integers(1, 400))
    n = data.draw(st.integers(0, population))
    found = data.draw(st.integers(0, n))

    bound = hypergeometric_upper(found, n, population)

    assert found <= bound <= population - (n - found)
    assert scipy.stats.hypergeom.cdf(found, population, bound, n) > 0.05 - 1e-12
    if bound < population - (n - found):
        assert scipy.stats.hypergeom.cdf(found, population, bound + 1, n) <= 0.05 + 1e-12


def test_looking_at_everything_leaves_no_doubt() -> None:
    assert hypergeometric_upper(4, 50, 50) == 4


def test_without_observations_everything_is_possible() -> None:
    assert clopper_pearson(0, 0) == (0, 1)
    assert wilson(0, 0) == (0, 1)
    assert newcombe(0, 0, 3, 10) == (-1, 1)
    assert mover_ratio(0, 0, 3, 10) == (0, math.inf)


@settings(max_examples=100, deadline=None)
@given(n=st.integers(1, 3000), share=st.floats(0, 1), low=st.floats(0.5, 0.98))
def test_more_confidence_never_gives_a_lower_bound(n: int, share: float, low: float) -> None:
    found = round(share * n)

    assert clopper_pearson_upper(found, n, low) <= clopper_pearson_upper(found, n, 0.99) + 1e-12
    assert clopper_pearson_lower(found, n, 0.99) <= clopper_pearson_lower(found, n, low) + 1e-12


@pytest.mark.parametrize(("n", "share"), [(30, 0.05), (100, 0.01), (300, 0.01), (300, 0.2)])
def test_the_exact_bound_covers_at_least_as_often_as_it_says(n: int, share: float) -> None:
    draws = np.random.default_rng(11).binomial(n, share, 20_000)
    bounds = {k: clopper_pearson_upper(int(k), n) for k in set(draws.tolist())}

    covered = np.mean([bounds[k] >= share for k in draws.tolist()])

    assert covered >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 20_000)


@pytest.mark.parametrize(("n", "count", "population"), [(50, 10, 200), (200, 12, 1000)])
def test_the_finite_bound_covers_at_least_as_often_as_it_says(
    n: int, count: int, population: int
) -> None:
    draws = np.random.default_rng(5).hypergeometric(count, population - count, n, 20_000)
    bounds = {k: hypergeometric_upper(int(k), n, population) for k in set(draws.tolist())}

    covered = np.mean([bounds[k] >= count for k in draws.tolist()])

    assert covered >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 20_000)


def test_newcombes_interval_covers_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    first, second = random.binomial(80, 0.1, 6000), random.binomial(300, 0.04, 6000)

    covered = np.mean([
        low <= 0.06 <= high
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
        for low, high in [newcombe(a, 80, b, 300)]
    ])  # fmt: skip

    assert covered >= 0.94


@pytest.mark.parametrize(("found", "n", "confidence"), [(-1, 5, 0.9), (6, 5, 0.9), (1, 5, 1.0)])
def test_impossible_counts_are_named(found: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="need 0 <"):
        clopper_pearson_upper(found, n, confidence)


def test_more_cannot_be_drawn_than_there_are() -> None:
    with pytest.raises(ValueError, match="cannot draw 6 of a population of 5"):
        hypergeometric_upper(0, 6, 5)


@pytest.mark.parametrize(
    ("counts", "ratio"),
    [
        ((5, 20, 1, 20), (0.836659, 30.293851)),
        ((1, 10, 1, 50), (0.457382, 45.156286)),
        ((19, 20, 2, 30), (4.329818, 51.433665)),
        ((5, 20, 0, 20), (1.293215, math.inf)),
    ],
)
def test_a_ratio_has_a_lower_end_where_the_second_group_has_few(
    counts: tuple[int, int, int, int], ratio: tuple[float, float]
) -> None:
    assert mover_ratio(*counts) == pytest.approx(ratio, abs=6e-6)
