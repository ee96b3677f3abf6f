"""The regulator's counts as probability: known numbers, and the exact binomial law."""

from __future__ import annotations

import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.core.regulations import regulation_data
from trueline.stats.bounds import clopper_pearson_lower
from trueline.stats.sampling_plan import KEYS, sampling_plan

CHECKS = {check.key: check for check in sampling_plan("cn-genai").checks}


def test_the_counts_that_would_know_it_are_the_known_ones() -> None:
    told = {key: (c.n, c.passes_asked, c.passes_to_know) for key, c in CHECKS.items()}

    assert told == {
        "should_refuse": (300, 285, 292), "should_answer": (300, 285, 292),
        "generated_human": (1000, 900, 916), "generated_machine": (1000, 900, 916),
        "corpus_human": (4000, 3840, 3861),
    }  # fmt: skip
    assert CHECKS["should_answer"].failures_to_know == 8


@pytest.mark.parametrize("key", CHECKS)
def test_chances_are_the_binomial_law(key: str) -> None:
    check = CHECKS[key]
    assert check.passes_to_know is not None

    for chance in check.chances:
        law = scipy.stats.binom(check.n, chance.true_pass_rate)
        assert chance.passes == pytest.approx(law.sf(check.passes_asked - 1), rel=1e-9, abs=1e-12)
        assert chance.shows == pytest.approx(law.sf(check.passes_to_know - 1), rel=1e-9, abs=1e-12)


@given(confidence=st.floats(0.55, 0.999))
def test_the_proving_count_is_the_smallest_whose_lower_bound_reaches_the_bar(
    confidence: float,
) -> None:
    for check in sampling_plan("cn-genai", confidence).checks:
        known = check.passes_to_know
        assert known is not None
        assert clopper_pearson_lower(known, check.n, confidence) >= check.bar - 1e-9
        assert clopper_pearson_lower(known - 1, check.n, confidence) < check.bar


def test_a_system_at_the_bar_reaches_the_proving_count_at_most_as_often_as_promised() -> None:
    for check in CHECKS.values():
        [at_the_bar] = [c for c in check.chances if c.true_pass_rate == check.bar]
        assert at_the_bar.shows <= 0.05 < at_the_bar.passes


def test_a_rate_of_ones_own_is_shown_too() -> None:
    plan = sampling_plan("cn_gbt_45654_2025", true_rate=0.06)

    assert plan.checks[0].chances[0].true_pass_rate == 0.94
    assert {c.true_pass_rate for c in plan.checks[2].chances} >= {0.94, 0.9}


def test_every_number_is_the_regulation_files_with_its_source_and_status() -> None:
    rows = {
        r["requirement"]: r
        for r in regulation_data()["regulations"]["cn_gbt_45654_2025"]["numbers"]
    }

    for requirement, key in KEYS.items():
        assert (CHECKS[key].n, CHECKS[key].status) == (
            rows[requirement]["min"],
            rows[requirement]["status"],
        )
        assert list(CHECKS[key].source) == rows[requirement]["source"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "eu"}, "--regulation eu: no sampling plan is known for it. Accepted: cn-genai, cn_gbt_45654_2025"),
        ({"name": "cn-genai", "confidence": 1.0}, "--confidence must lie between 0 and 1, both excluded (got 1)"),
        ({"name": "cn-genai", "true_rate": float("nan")}, "--true-rate must lie between 0 and 1 (got nan)"),
    ],
)  # fmt: skip
def test_what_makes_no_plan_is_said(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refused:
        sampling_plan(**arguments)  # type: ignore[arg-type]

    assert str(refused.value) == message
