"""Alarms: how rarely they cry wolf, how soon they tell a rise, and what cannot be had at all."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trueline.stats.alarm import (
    AlarmRule,
    AlarmState,
    events_per_year,
    fewest_false_alarms,
    watch,
)

YEAR = events_per_year(10_000)
# The policy's limit is 0.5 %; a page may sound once a year at most.
AT_THE_LIMIT = AlarmRule(limit=0.005, mean_events=YEAR)
# A stream that is usually at or below 0.35 %: the same promise, sooner.
BELOW_THE_LIMIT = AlarmRule(limit=0.0035, mean_events=YEAR)
Sums = NDArray[np.float64]


def by_definition(rule: AlarmRule, outcomes: list[float]) -> list[int]:
    """The alarm's sum written out: one product for each start since the last alarm."""
    alarms, start = [], 0
    for now in range(1, len(outcomes) + 1):
        total = 0.0
        for weight, (violation, clean) in zip(rule.weights, rule.factors, strict=True):
            factors = [x * violation + (1 - x) * clean for x in outcomes[start:now]]
            products = [float(np.prod(factors[j:])) for j in range(len(factors))]
            total += weight * (sum(products) if rule.kind != "cusum" else max(products))
        if total >= rule.mean_events:
            alarms.append(now)
            start = now
    return alarms


class Streams:
    """Many streams at once, from violation to violation, with the sums of Shiryaev-Roberts."""

    def __init__(self, rule: AlarmRule, count: int, seed: int) -> None:
        self.rule, self.random = rule, np.random.default_rng(seed)
        factors = np.array(rule.factors)
        self.violation, self.clean, self.weights = factors[:, 0], factors[:, 1], rule.weights
        self.sums: Sums = np.zeros((count, len(factors)))
        self.at = np.zeros(count)

    def step(self, rate: float, until: float = np.inf) -> NDArray[np.bool_]:
        """On to the next violation, or to `until`; where the alarm sounded."""
        gap = self.random.geometric(rate, self.at.size)
        there = self.at + gap <= until
        quiet = np.where(there, gap - 1, until - self.at)
        power = self.clean ** quiet[:, None]
        rest = self.sums * power + self.clean * (1 - power) / (1 - self.clean)
        self.sums = np.where(there[:, None], (1 + rest) * self.violation, rest)
        self.at = np.where(there, self.at + gap, until)
        sounded: NDArray[np.bool_] = there & (self.sums @ self.weights >= self.rule.mean_events)
        self.sums[sounded] = 0.0
        return sounded

    def alarms(self, rate: float, events: float) -> NDArray[np.int64]:
        found = np.zeros(self.at.size, dtype=np.int64)
        while (self.at < events).any():
            found += self.step(rate, events)
        return found

    def delays(self, rate: float) -> Sums:
        first, start = np.full(self.at.size, np.inf), self.at.copy()
        while np.isinf(first).any():
            sounded = self.step(rate) & np.isinf(first)
            first[sounded] = (self.at - start)[sounded]
        return first


def test_the_streams_simulated_here_are_those_of_the_product() -> None:
    rule = AlarmRule(0.02, 3_000)
    streams = Streams(rule, count=1, seed=5)
    outcomes: list[float] = []
    expected = []
    while len(outcomes) < 40_000:
        sounded = streams.step(0.03)
        outcomes += [0.0] * (int(streams.at[0]) - len(outcomes) - 1) + [1.0]
        if sounded[0]:
            expected.append(len(outcomes))

    _, alarms = watch(rule, AlarmState(), outcomes)

    assert len(expected) > 5
    assert alarms == expected


@settings(max_examples=40, deadline=None)
@given(
    outcomes=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0]), max_size=60),
    kind=st.sampled_from(["shiryaev-roberts", "cusum"]),
    cut=st.integers(0, 60),
)
def test_an_alarm_is_the_sum_over_its_starts_however_the_stream_is_cut(
    outcomes: list[float], kind: str, cut: int
) -> None:
    rule = AlarmRule(0.05, 60, kind="cusum" if kind == "cusum" else "shiryaev-roberts")

    state, first = watch(rule, AlarmState(), outcomes[:cut])
    state, second = watch(rule, state, outcomes[cut:])

    assert first + second == by_definition(rule, outcomes)
    assert (state.events, state.alarms) == (len(outcomes), len(first + second))


def test_a_healthy_stream_pages_at_most_once_a_year() -> None:
    pages = Streams(AT_THE_LIMIT, count=150, seed=1).alarms(rate=0.005, events=YEAR)

    # 10,000 events a day at the limit itself. 150 stream-years: standard error about 0.07.
    assert 0.4 < pages.mean() <= 1
    assert pages.mean() + 3 * pages.std() / np.sqrt(150) < 1


def test_a_healthy_stream_below_the_limit_keeps_the_promise_too() -> None:
    pages = Streams(BELOW_THE_LIMIT, count=100, seed=2).alarms(rate=0.0035, events=YEAR)

    assert pages.mean() + 3 * pages.std() / np.sqrt(100) < 1


def test_the_cusum_kind_keeps_the_promise() -> None:
    rule = AlarmRule(0.05, 2_000, kind="cusum")
    outcomes = (np.random.default_rng(4).random(400_000) < 0.05).astype(float)

    _, alarms = watch(rule, AlarmState(), outcomes.tolist())

    assert len(alarms) <= 200


def test_a_jump_from_half_a_percent_to_two_is_found_soon() -> None:
    streams = Streams(BELOW_THE_LIMIT, count=4000, seed=3)
    streams.alarms(rate=0.005, events=5000)

    delays = streams.delays(rate=0.02)

    assert np.median(delays) <= 500
    assert np.quantile(delays, 0.9) <= 1100


def test_a_stream_exactly_at_its_limit_is_told_later_because_nothing_could_tell_it_sooner() -> None:
    streams = Streams(AT_THE_LIMIT, count=4000, seed=4)
    streams.alarms(rate=0.005, events=5000)

    delays = streams.delays(rate=0.02)

    assert np.median(delays) <= 720
    assert np.quantile(delays, 0.9) <= 1320
    # Any alarm with a median of 500 has more false alarms than one a year.
    assert fewest_false_alarms(0.005, 0.02, within=500) * YEAR == pytest.approx(1.4086, abs=1e-4)


@pytest.mark.parametrize(("healthy", "raised", "within"), [(0.005, 0.02, 500), (0.1, 0.3, 40)])
def test_the_fewest_false_alarms_are_those_of_the_most_powerful_test(
    healthy: float, raised: float, within: int
) -> None:
    found = fewest_false_alarms(healthy, raised, within)

    k = int(scipy.stats.binom.isf(0.5, within, raised)) + 1  # reject from k on; k - 1 by a toss
    surely = scipy.stats.binom.sf(k - 1, within, raised)
    toss = (0.5 - surely) / scipy.stats.binom.pmf(k - 1, within, raised)
    size = scipy.stats.binom.sf(k - 1, within, healthy)
    size += toss * scipy.stats.binom.pmf(k - 1, within, healthy)
    assert found == pytest.approx(size / within, rel=1e-9)


def test_the_level_runs_from_nothing_to_the_alarm() -> None:
    quiet, _ = watch(AT_THE_LIMIT, AlarmState(), [0.0] * 1000)
    busy, _ = watch(AT_THE_LIMIT, quiet, [1.0] * 5)

    assert 0 < quiet.level(AT_THE_LIMIT) < 1e-3 < busy.level(AT_THE_LIMIT) < 1
    assert AlarmState().level(AT_THE_LIMIT) == 0


def test_rules_and_outcomes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"need 0 < limit < 0\.5, got 0\.7"):
        AlarmRule(0.7, 100)
    with pytest.raises(ValueError, match="need mean_events above 83, got 10"):
        AlarmRule(0.005, 10)
    with pytest.raises(ValueError, match="need one weight for each rise above 1"):
        AlarmRule(0.005, YEAR, rises=(0.5, 2), weights=(0.5, 0.5))
    with pytest.raises(ValueError, match="need weights that sum to 1"):
        AlarmRule(0.005, YEAR, rises=(2, 4), weights=(0.5, 0.6))
    with pytest.raises(ValueError, match="an outcome must lie from 0 to 1, got 2"):
        watch(AT_THE_LIMIT, AlarmState(), [2.0])
