"""The gate: known values, and its error rates by exact dynamic programming."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path

import pytest
import scipy.special  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.gate import (
    GateVerdict,
    clean_prompts_needed,
    decide,
    first_decision,
    log_evidence_above,
    log_evidence_below,
    release_boundary,
)
from trueline.stats.gate_law import release_law, walk_law
from trueline.stats.sample_size import violations_allowed

KNOWN = json.loads((Path(__file__).parent / "known_values.json").read_text("utf-8"))
ENOUGH = math.log(20)


@functools.cache
def boundary_of(limit: float, most: int) -> list[int]:
    return release_boundary(limit, 0.95, most)


@pytest.mark.parametrize("case", KNOWN["log_e_rate_below"])
def test_evidence_below_the_limit_is_the_known_one(case: str) -> None:
    violations, clean, limit = (float(part) for part in case.split(","))
    found = log_evidence_below(int(violations), int(violations + clean), limit)

    assert found == pytest.approx(KNOWN["log_e_rate_below"][case], abs=2e-6)


@pytest.mark.parametrize("case", KNOWN["log_e_rate_above"])
def test_evidence_above_the_limit_is_the_known_one(case: str) -> None:
    violations, clean, limit = (float(part) for part in case.split(","))
    found = log_evidence_above(int(violations), int(violations + clean), limit)

    assert found == pytest.approx(KNOWN["log_e_rate_above"][case], abs=2e-6)


@settings(max_examples=100, deadline=None)
@given(n=st.integers(0, 3000), share=st.floats(0, 1), limit=st.floats(0.001, 0.4))
def test_evidence_is_an_average_of_likelihood_ratios(n: int, share: float, limit: float) -> None:
    violations = round(share * n)
    q, weight = scipy.special.roots_jacobi(300, 0, -0.5)  # on (-1, 1), weight (1 + q)^(-1/2)
    q = (q + 1) / 2 * limit
    b = 0.5 * (4 / limit - 1)
    logs = (
        (b - 1) * scipy.special.log1p(-q)
        + violations * scipy.special.xlogy(1, q / limit)
        + (n - violations) * (scipy.special.log1p(-q) - math.log1p(-limit))
    )
    prior = scipy.special.logsumexp((b - 1) * scipy.special.log1p(-q), b=weight)
    expected = scipy.special.logsumexp(logs, b=weight) - prior

    found = log_evidence_below(violations, n, limit)

    if expected > -20:  # the quadrature is exact enough where it matters
        assert found == pytest.approx(float(expected), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("case", KNOWN["gate_false_release"])
def test_a_system_at_the_limit_is_seldom_released_however_often_one_looks(case: str) -> None:
    limit, most = float(case.split(",")[0]), int(case.split(",")[1])

    law = walk_law(boundary_of(limit, most), true_rate=limit)

    assert law.probability == pytest.approx(KNOWN["gate_false_release"][case], abs=2e-6)
    assert law.probability <= 0.05


@pytest.mark.parametrize(("limit", "most"), [(0.001, 9_000), (0.1, 2_000)])
def test_neither_is_one_with_a_very_low_or_high_limit(limit: float, most: int) -> None:
    law = release_law(limit, true_rate=limit, most=most)

    assert 0.02 < law.probability <= 0.05


@pytest.mark.parametrize("limit", [0.005, 0.01, 0.05])
def test_a_system_at_the_limit_is_seldom_held(limit: float) -> None:
    # HOLD by exact dynamic programming on clean replies turned violations: walk the counts.
    most = 1500
    held = _hold_probability(limit, most)

    assert 0.005 < held <= 0.05


def _hold_probability(limit: float, most: int) -> float:
    alive = {0: 1.0}
    held = 0.0
    needed = 0
    for n in range(1, most + 1):
        moved: dict[int, float] = {}
        for violations, mass in alive.items():
            moved[violations] = moved.get(violations, 0.0) + mass * (1 - limit)
            moved[violations + 1] = moved.get(violations + 1, 0.0) + mass * limit
        while needed <= n and log_evidence_above(needed, n, limit) < ENOUGH:
            needed += 1
        held += sum(mass for violations, mass in moved.items() if violations >= needed)
        alive = {v: mass for v, mass in moved.items() if v < needed and mass > 1e-14}
    return held


def test_looking_again_and_again_breaks_the_exact_bound_and_not_the_gate() -> None:
    boundary, allowed = [], -1
    for n in range(5001):
        allowed = violations_allowed(n, 0.01) if n and n % 10 == 0 else -1
        boundary.append(allowed)

    peeking = walk_law(boundary, true_rate=0.01).probability

    assert peeking == pytest.approx(KNOWN["peeking_every_10_false_release"], abs=2e-6)
    assert walk_law(boundary_of(0.01, 5000), true_rate=0.01).probability < 0.05


def test_a_good_system_is_released_soon() -> None:
    boundary = boundary_of(0.01, 5000)

    laws = {rate: walk_law(boundary, rate) for rate in (0.0, 0.001, 0.002, 0.005)}

    for rate, law in laws.items():
        known = KNOWN["gate_law_at_1_percent"][f"{rate:g}" if rate else "0.0"]
        probability, median, most = known[:3]
        assert law.probability == pytest.approx(probability, abs=2e-6)
        assert (law.quantile(0.5), law.quantile(0.9)) == (median, most)
    assert release_law(0.01, true_rate=0.0, most=400).quantile(0.5) == 344 <= 360


@pytest.mark.parametrize("limit", KNOWN["first_certify_n_clean"])
def test_clean_prompts_needed_are_the_known_ones(limit: str) -> None:
    assert clean_prompts_needed(float(limit)) == KNOWN["first_certify_n_clean"][limit]


def test_the_three_verdicts() -> None:
    release, hold, neither = decide(0, 344, 0.01), decide(12, 300, 0.01), decide(2, 300, 0.01)

    assert release.verdict is GateVerdict.RELEASE
    assert hold.verdict is GateVerdict.HOLD
    assert neither.verdict is GateVerdict.NOT_ENOUGH_EVIDENCE
    assert str(neither.verdict) == "NOT ENOUGH EVIDENCE"
    assert release.log_evidence_below >= release.log_evidence_needed > neither.log_evidence_below


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=200), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_first_decision_is_the_first_look_that_decides(
    outcomes: list[bool], limit: float
) -> None:
    decision = first_decision(outcomes, limit)

    looks = [decide(sum(outcomes[:n]), n, limit) for n in range(len(outcomes) + 1)]
    decided = [look for look in looks if look.verdict is not GateVerdict.NOT_ENOUGH_EVIDENCE]
    assert decision == (decided[0] if decided else looks[-1])


@pytest.mark.parametrize("limit", [0.01, 0.1])
def test_the_boundary_is_where_the_verdict_turns(limit: float) -> None:
    boundary = release_boundary(limit, 0.95, 900)

    for n in (0, 27, 40, 343, 344, 700, 900):
        released = [
            decide(k, n, limit).verdict is GateVerdict.RELEASE for k in range(min(n, 60) + 1)
        ]
        assert sum(released) == boundary[n] + 1
    assert clean_prompts_needed(limit, violations=2) == boundary.index(2)


def test_more_violations_never_help() -> None:
    evidence = [log_evidence_below(k, 1000, 0.01) for k in range(1001)]

    assert evidence == sorted(evidence, reverse=True)
    assert all(math.isfinite(value) for value in evidence)


def test_counts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="need 0 <= violations <= n, got 5 of 3"):
        decide(5, 3, 0.01)
    with pytest.raises(ValueError, match="need 0 < limit < 1, got 0"):
        decide(0, 3, 0)
    with pytest.raises(ValueError, match=r"need 0 < confidence < 1, got 1\.5"):
        decide(0, 3, 0.01, 1.5)
