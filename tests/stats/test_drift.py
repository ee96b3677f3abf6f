"""Drift alarms: rare on calm traffic, soon on changed, whatever the distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.drift import (
    DriftRule,
    DriftState,
    quantile_edges,
    reference,
    watch_drift,
)

RANDOM = np.random.default_rng(51)
CALM = RANDOM.lognormal(size=2000).tolist()
EDGES = quantile_edges(CALM, bins=32)


def test_calm_traffic_rarely_alarms() -> None:
    rule = DriftRule(EDGES, mean_events=500)
    random = np.random.default_rng(52)
    state = reference(rule, CALM)

    state, alarms = watch_drift(
        rule, state, random.lognormal(size=30_000).tolist(), random.random(30_000).tolist()
    )

    assert len(alarms) <= 60  # 30,000 events at one in 500 or less
    assert (state.events, state.alarms) == (30_000, len(alarms))


def test_ties_do_not_alarm() -> None:
    rule = DriftRule((0.5,), mean_events=500)
    random = np.random.default_rng(55)
    values = (random.random(10_000) < 0.5).astype(float).tolist()

    _, alarms = watch_drift(rule, DriftState((500, 500)), values, random.random(10_000).tolist())

    assert len(alarms) <= 20


@pytest.mark.parametrize("change", ["up", "down", "wider", "narrower"])
def test_a_change_is_found_soon(change: str) -> None:
    rule = DriftRule(EDGES, mean_events=1_000_000)
    random = np.random.default_rng(53)
    shift, spread = {"up": (1, 1), "down": (-1, 1), "wider": (0, 3), "narrower": (0, 0.2)}[change]
    values = random.lognormal(shift, spread, size=400).tolist()

    _, alarms = watch_drift(rule, reference(rule, CALM), values, random.random(400).tolist())

    assert alarms
    assert alarms[0] <= 250


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.sampled_from([0.1, 0.5, 2.0, 9.0]), max_size=80), cut=st.integers(0, 80))
def test_the_answer_does_not_depend_on_batches(values: list[float], cut: int) -> None:
    rule = DriftRule(EDGES, mean_events=20)
    tosses = np.random.default_rng(54).random(len(values)).tolist()
    start = reference(rule, CALM[:200])

    whole = watch_drift(rule, start, values, tosses)
    half, first = watch_drift(rule, start, values[:cut], tosses[:cut])
    rest, second = watch_drift(rule, half, values[cut:], tosses[cut:])

    assert (rest, first + second) == whole


def test_memory_does_not_grow_with_traffic() -> None:
    rule = DriftRule((0.5,), mean_events=1e9)
    state, _ = watch_drift(rule, DriftState((0, 0)), [0.1, 0.9] * 500, [0.5] * 1000)

    assert state.counts == (500, 500)
    assert len(state.evidence) == 6
    assert 0 < state.level(rule) < 1


def test_edges_cut_into_equal_parts_and_ties_collapse() -> None:
    assert quantile_edges([1, 2, 3, 4], bins=2) == (2.5,)


def test_a_value_that_fills_a_quantile_has_a_bin_of_its_own() -> None:
    below, above = quantile_edges([7.0] * 50, bins=8)

    assert below == 7.0 < above < 7.000001


def test_rules_and_values_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="need at least one bin edge, in increasing order"):
        DriftRule((2.0, 1.0), 100)
    with pytest.raises(ValueError, match="need mean_events above 1, got 1"):
        DriftRule((1.0,), 1)
    with pytest.raises(ValueError, match="need at least 2 bins and one value"):
        quantile_edges([])
    rule = DriftRule((1.0,), 100)
    with pytest.raises(ValueError, match="need a number and a toss in"):
        watch_drift(rule, reference(rule, [1.0]), [float("nan")], [0.5])
    with pytest.raises(ValueError, match="need a number and a toss in"):
        watch_drift(rule, reference(rule, [1.0]), [1.0], [1.0])
