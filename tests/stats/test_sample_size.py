"""Numbers of prompts: known values, and minimality by brute force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.bounds import clopper_pearson_upper
from trueline.stats.sample_size import (
    FixedPlan,
    pass_by_count_probability,
    pass_probability,
    passes_needed,
    prompts_for_power,
    prompts_needed,
    violations_allowed,
)

KNOWN = json.loads((Path(__file__).parent / "known_values.json").read_text("utf-8"))


@pytest.mark.parametrize("limit", KNOWN["n_required"])
def test_prompts_needed_are_the_known_ones(limit: str) -> None:
    found = [prompts_needed(float(limit), violations=k) for k in range(6)]

    assert found == KNOWN["n_required"][limit]


@settings(max_examples=150, deadline=None)
@given(
    limit=st.floats(0.001, 0.9),
    violations=st.integers(0, 300),
    confidence=st.sampled_from([0.5, 0.9, 0.95, 0.999]),
)
def test_one_prompt_less_would_not_do(limit: float, violations: int, confidence: float) -> None:
    n = prompts_needed(limit, confidence, violations)

    assert scipy.stats.binom.cdf(violations, n, limit) <= (1 - confidence) * (1 + 1e-7)
    assert n == violations + 1 or (
        scipy.stats.binom.cdf(violations, n - 1, limit) >= (1 - confidence) * (1 - 1e-7)
    )


@pytest.mark.parametrize("case", KNOWN["n_for_90_percent_power"])
def test_plans_with_power_are_the_known_ones(case: str) -> None:
    limit, true_rate = (float(part) for part in case.split(","))

    found = prompts_for_power(limit, true_rate)

    assert found is not None
    assert [found.prompts, found.violations] == KNOWN["n_for_90_percent_power"][case]


@pytest.mark.parametrize(
    ("limit", "true_rate", "power"),
    [
        (0.1, 0.07, 0.9),
        (0.3, 0.25, 0.8),
        (0.5, 0.45, 0.8),
        (0.05, 0.04, 0.5),
        (0.5, 0.45, 0.95),
        (0.02, 0.0, 0.9),
    ],
)
def test_no_smaller_plan_has_the_power(limit: float, true_rate: float, power: float) -> None:
    found = prompts_for_power(limit, true_rate, power)

    brute = next(
        FixedPlan(n, k)
        for n, k in ((prompts_needed(limit, violations=k), k) for k in range(2000))
        if scipy.stats.binom.cdf(k, n, true_rate) >= power
    )
    assert found == brute


@given(n=st.integers(1, 3000), limit=st.floats(0.001, 0.9))
def test_one_violation_more_would_not_be_allowed(n: int, limit: float) -> None:
    allowed = violations_allowed(n, limit)

    assert allowed < 0 or clopper_pearson_upper(allowed, n) <= limit * (1 + 1e-9)
    assert clopper_pearson_upper(allowed + 1, n) > limit * (1 - 1e-9)


def test_the_power_of_a_number_of_prompts() -> None:
    assert pass_probability(473, 0.01, 0.001) == pytest.approx(scipy.stats.binom.cdf(1, 473, 0.001))
    assert pass_probability(298, 0.01, 0.0) == 0


def test_a_true_rate_out_of_reach_has_no_plan() -> None:
    assert prompts_for_power(0.01, 0.00999) is None


def test_counts_in_sampling_plans_and_what_they_prove() -> None:
    assert passes_needed(4000, 0.96) == 3861
    assert passes_needed(1000, 0.90) == 916
    assert passes_needed(300, 0.95) == 292
    assert violations_allowed(300, 0.05) == 8
    assert passes_needed(20, 0.95) is None
    assert pass_by_count_probability(4000, 0.96, 0.95) == pytest.approx(0.0016, abs=5e-5)
    assert pass_by_count_probability(1000, 0.90, 0.89) == pytest.approx(0.1687, abs=5e-5)
    assert pass_by_count_probability(300, 0.95, 0.94) == pytest.approx(0.2793, abs=5e-5)


def test_numbers_that_make_no_plan_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"need 0 < limit < 1 and 0 < confidence < 1, got 0, 0\.95"
    ):
        prompts_needed(0)
    with pytest.raises(ValueError, match="need violations >= 0, got -1"):
        prompts_needed(0.1, violations=-1)
    with pytest.raises(ValueError, match="need 0 <= true_rate < limit and 0 < power < 1"):
        prompts_for_power(0.01, 0.01)
