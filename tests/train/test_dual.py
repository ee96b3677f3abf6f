from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.train.dual import Dual, DualOptions, Window, upper_bound


def test_the_price_rises_while_the_bound_is_above_the_aim_and_falls_below_it() -> None:
    dual = Dual({"privacy": 0.05}, DualOptions(rule="ascent", rate=0.5, aim=1.0))

    prices = [dual.step({"privacy": upper})["privacy"] for upper in (0.06, 0.9, 0.05, 0.025)]

    assert prices == pytest.approx([0.1, 0.6, 0.6, 0.35])


@pytest.mark.parametrize("uppers", [{}, {"privacy": float("nan")}, {"privacy": -0.1}])
def test_a_bound_that_was_not_measured_counts_as_a_violation(uppers: dict[str, float]) -> None:
    options = DualOptions(rule="ascent", rate=0.5)

    price = Dual({"privacy": 0.05}, options).step(uppers)["privacy"]

    assert price == Dual({"privacy": 0.05}, options).step({"privacy": 1.0})["privacy"] == 0.5


@given(
    uppers=st.lists(st.floats(0, 1), max_size=60),
    rule=st.sampled_from(["ascent", "pid"]),
    limit=st.floats(0.001, 0.5),
)
def test_a_price_is_never_negative_and_never_above_the_highest(
    uppers: list[float], rule: str, limit: float
) -> None:
    dual = Dual({"a": limit}, DualOptions(rule=rule, rate=1.0, highest=3.0))  # type: ignore[arg-type]

    prices = [dual.step({"a": upper})["a"] for upper in uppers]

    assert all(0 <= price <= 3 for price in prices)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.sampled_from(["ascent", "pid"]))
def test_a_dual_that_was_stored_half_way_ends_where_it_would_have_ended(
    uppers: list[float], rule: str
) -> None:
    options = DualOptions(rule=rule)  # type: ignore[arg-type]
    whole, first, second = (Dual({"a": 0.1}, options) for _ in range(3))
    for upper in uppers:
        whole.step({"a": upper})
    for upper in uppers[: len(uppers) // 2]:
        first.step({"a": upper})

    second.restore(first.state())
    for upper in uppers[len(uppers) // 2 :]:
        second.step({"a": upper})

    assert second.multipliers == whole.multipliers


def test_no_violation_among_few_observations_is_no_proof() -> None:
    window = Window(64)
    window.add([0.0] * 20)

    assert window.upper(0.95) == pytest.approx(1 - 0.05 ** (1 / 20))  # 13.9 %, not 0


def test_items_that_could_not_be_scored_count_as_violations() -> None:
    window = Window(8)
    window.add([None, float("nan"), 2.0, -1.0, 0.0])

    assert window.mean == pytest.approx(0.8)


def test_a_window_keeps_the_latest_costs() -> None:
    window = Window(8)
    window.add([1.0] * 8 + [0.0] * 8)

    assert window.mean == 0.0


def test_costs_between_0_and_1_are_bounded_by_betting() -> None:
    costs = [0.5] * 400

    bound = upper_bound(costs, 0.95)

    assert 0.5 < bound < 0.6


def test_the_bound_covers_the_true_rate_as_often_as_it_says() -> None:
    source = random.Random(3)
    rate, n = 0.03, 120
    covered = sum(
        upper_bound([float(source.random() < rate) for _ in range(n)], 0.95) >= rate
        for _ in range(400)
    )

    assert covered / 400 >= 0.95 - 0.02
