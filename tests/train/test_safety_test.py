from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.stats.bounds import clopper_pearson_upper
from trueline.train.safety_test import (
    GroupCount,
    certify_gaps,
    certify_rates,
    gap_upper,
    items_needed,
)


def test_as_many_clean_items_as_needed_certify_and_one_fewer_do_not() -> None:
    needed = items_needed(0.01, 0.95)

    enough = certify_rates({"a": [0.0] * 299}, {"a": 0.01})
    short = certify_rates({"a": [0.0] * 298}, {"a": 0.01})

    assert needed == 299
    assert (enough.result, short.result) == ("certified", "no solution found")


def test_a_mean_below_the_limit_is_no_certificate() -> None:
    test = certify_rates({"a": [1.0] * 4 + [0.0] * 96}, {"a": 0.05})

    assert test.result == "no solution found"
    assert test.claims[0].bound == pytest.approx(clopper_pearson_upper(4, 100))


def test_items_that_could_not_be_scored_are_violations_and_are_told() -> None:
    costs: list[float | None] = [0.0] * 400
    costs[:20] = [None] * 20

    test = certify_rates({"a": costs}, {"a": 0.05})

    assert (test.certified, test.claims[0].unscored, test.claims[0].violations) == (False, 20, 20.0)


def test_one_claim_that_fails_takes_the_certificate_from_all() -> None:
    test = certify_rates({"a": [0.0] * 500, "b": [1.0] * 500}, {"a": 0.05, "b": 0.05})

    assert [claim.kept for claim in test.claims] == [True, False]
    assert not test.certified


@pytest.mark.parametrize(
    ("costs", "limits"), [({}, {"a": 0.5}), ({"a": []}, {"a": 0.99}), ({}, {})]
)
def test_without_items_or_claims_nothing_is_certified(
    costs: dict[str, list[float]], limits: dict[str, float]
) -> None:
    assert not certify_rates(costs, limits).certified


def test_several_claims_share_the_error() -> None:
    alone = certify_rates({"a": [0.0] * 100}, {"a": 0.05})
    both = certify_rates({"a": [0.0] * 100, "b": [0.0] * 100}, {"a": 0.05, "b": 0.05})

    assert both.claims[0].bound > alone.claims[0].bound
    assert both.claims[0].bound == pytest.approx(clopper_pearson_upper(0, 100, 0.975))


def test_a_violating_model_is_seldom_certified() -> None:
    source = random.Random(1)
    limit, rate = 0.05, 0.052
    certified = sum(
        certify_rates(
            {"a": [float(source.random() < rate) for _ in range(300)]}, {"a": limit}
        ).certified
        for _ in range(400)
    )

    assert certified / 400 <= 0.05


def test_equal_large_groups_have_a_small_gap_and_small_ones_prove_nothing() -> None:
    large = gap_upper([GroupCount(2000, 4000), GroupCount(2000, 4000)], 0.95)
    small = gap_upper([GroupCount(5, 10), GroupCount(5, 10)], 0.95)

    assert large < 0.05
    assert small > 0.6


@pytest.mark.parametrize("counts", [{}, {"x": (5, 10)}, {"x": (5, 10), "y": (0, 0)}])
def test_a_group_without_another_or_without_rows_is_never_certified(
    counts: dict[str, tuple[int, int]],
) -> None:
    groups = {name: GroupCount(*pair) for name, pair in counts.items()}

    test = certify_gaps({"gap": groups}, {"gap": 0.99})

    assert not test.certified


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: GroupCount(p[0], sum(p) + 1)),
        min_size=2, max_size=5,
    )
)  # fmt: skip
def test_the_bound_of_a_gap_is_never_below_the_gap_seen(groups: list[GroupCount]) -> None:
    rates = [group.selected / group.n for group in groups]

    assert gap_upper(groups, 0.95) >= max(rates) - min(rates)


def test_the_bound_of_a_gap_covers_the_true_gap() -> None:
    source = random.Random(5)
    covered = 0
    for _ in range(300):
        drawn = [
            GroupCount(sum(source.random() < rate for _ in range(80)), 80)
            for rate in (0.3, 0.45, 0.4)
        ]
        covered += gap_upper(drawn, 0.9) >= 0.15

    assert covered / 300 >= 0.9
