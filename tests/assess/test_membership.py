"""Membership inference from losses: counts, thresholds and what their intervals cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.leakage.evidence import LeakageReport, leakage_evidence, membership_claims
from trueline.assess.leakage.membership import calibrated, membership

losses = st.lists(st.floats(-5, 5), min_size=1, max_size=40)


def test_the_curve_of_four_and_three_is_counted_by_hand() -> None:
    found = membership([0.1, 0.2, 0.9], [1.0, 1.2, 0.8, 1.1], "loss")

    assert (found.half_wins, found.caught, found.accused) == (22, 2, 0)
    assert found.area == 11 / 12
    assert found.curve[0] == (0.0, 0.0)
    assert found.curve[-1] == (1.0, 1.0)


@given(members=losses, others=losses)
def test_the_area_counts_every_pair_once(members: list[float], others: list[float]) -> None:
    found = membership(members, others, "loss")

    pairs = [(m < o) + (m == o) / 2 for m in members for o in others]
    assert found.area == pytest.approx(sum(pairs) / len(pairs))


@given(members=losses, others=st.lists(st.floats(-5, 5), min_size=1, max_size=300))
def test_at_most_one_in_a_hundred_others_is_accused(
    members: list[float], others: list[float]
) -> None:
    found = membership(members, others, "loss")

    assert found.accused <= 0.01 * len(others)


def test_equal_losses_tell_nothing_and_accuse_nobody() -> None:
    found = membership([1.0] * 50, [1.0] * 50, "loss")

    assert (found.area, found.caught, found.accused) == (0.5, 0, 0)


def test_calibration_takes_away_what_is_hard_for_others_too() -> None:
    left = calibrated([3.0, 1.0], [[2.5, 1.5], [3.5, 0.5]])

    assert left == [0.0, 0.0]


def test_both_intervals_cover_where_few_members_are_exposed() -> None:
    """Ten in a hundred members are memorised, the others look like the rest: ties and a step."""
    random = np.random.default_rng(7)
    missed_area = missed_rate = 0
    true_area, runs = 0.5 + 0.1 / 2, 400

    for _ in range(runs):
        members = np.where(random.random(120) < 0.1, -9.0, random.normal(size=120))
        others = random.normal(size=200)
        found = membership(members.tolist(), others.tolist(), "loss")
        area, rate = membership_claims(found, 0.95)
        # The threshold is known, so the share of members below it is too.
        threshold = sorted(others)[2]
        below = 0.1 + 0.9 * _normal_below(float(threshold))
        missed_area += not area.lower <= true_area <= area.upper
        missed_rate += not rate.lower <= below <= rate.upper

    assert missed_area <= 0.05 * runs
    assert missed_rate <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5
    assert missed_rate > 0


def test_a_case_with_few_unseen_texts_says_so() -> None:
    report = LeakageReport([membership([0.1, 0.2], [1.0, 1.2], "loss")])

    evidence = leakage_evidence(report, inputs={}, settings={})

    assert evidence.notes[0].en == (
        "With 2 unseen texts, 1 % allows no false accusation at all: the threshold is the most "
        "member-like of them."
    )
    assert [claim.recomputed() for claim in evidence.claims] == list(evidence.claims)
    assert [claim.outcome for claim in evidence.claims] == ["shown", "shown"]


def _normal_below(x: float) -> float:
    from statistics import NormalDist

    return NormalDist().cdf(x)
