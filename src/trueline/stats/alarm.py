"""Alarms one can keep switched on: e-detectors for a rate that has risen above its limit.

At every event an e-process starts anew; each multiplies by how much likelier the event is under
a higher rate than at the limit. The Shiryaev-Roberts kind adds them up, the CUSUM kind keeps
the largest. When the sum reaches `mean_events`, the alarm sounds: as long as the rate is at or
below the limit, whatever it does there, `mean_events` or more events pass between false alarms
on average.

    >>> rule = AlarmRule(limit=0.005, mean_events=events_per_year(10_000))
    >>> state, alarms = watch(rule, AlarmState(), [0.0] * 300 + [1.0, 0.0] * 8)
    >>> alarms, state.events
    ([315], 316)

After an alarm the sums start again from nothing. The answer does not depend on how a stream is
cut into batches.

References: Shin, Ramdas & Rinaldo (2024), "E-detectors", New England J. Statist. Data Sci. 2(2),
229-260, arXiv:2203.03532; Roberts (1966), Technometrics 8(3), 411-430; Page (1954), Biometrika
41(1/2), 100-115. Events a quickest alarm must wait for: `fewest_false_alarms`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

DAYS_A_YEAR = 365
# How many times the limit the rate may have risen to, and the share of belief in each: sizes
# between and beyond are found too. Chosen in benchmarks/stats_coverage.py.
RISES = (2.0, 3.0, 4.0, 6.0)
WEIGHTS = (0.1, 0.3, 0.4, 0.2)


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When to sound.

    Args:
        limit: the rate up to which the stream is healthy, in (0, 0.5).
        mean_events: events between false alarms, at least, on average.
        kind: `shiryaev-roberts` (sooner) or `cusum` (forgets the past at once).
        rises: multiples of the limit that are looked for, each above 1.
        weights: the belief in each, summing to 1.

    Raises:
        ValueError: a number out of its range.
    """

    limit: float
    mean_events: float
    kind: Literal["shiryaev-roberts", "cusum"] = "shiryaev-roberts"
    rises: tuple[float, ...] = RISES
    weights: tuple[float, ...] = WEIGHTS
    factors: tuple[tuple[float, float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.limit < 0.5:
            raise ValueError(f"need 0 < limit < 0.5, got {self.limit}")
        if len(self.rises) != len(self.weights) or min(self.rises, default=0) <= 1:
            raise ValueError(f"need one weight for each rise above 1, got rises {self.rises}")
        if abs(sum(self.weights) - 1) > 1e-9 or min(self.weights) < 0:
            raise ValueError(f"need weights that sum to 1, got {self.weights}")
        rates = [min(rise * self.limit, (1 + self.limit) / 2) for rise in self.rises]
        factors = tuple((q / self.limit, (1 - q) / (1 - self.limit)) for q in rates)
        object.__setattr__(self, "factors", factors)
        # What clean events alone add up to; below it silence itself would sound the alarm.
        least = sum(w * c / (1 - c) for w, (_, c) in zip(self.weights, factors, strict=True))
        if not self.mean_events > least:
            raise ValueError(f"need mean_events above {least:.0f}, got {self.mean_events:g}")


@dataclass(frozen=True, slots=True)
class AlarmState:
    """What is remembered of a stream between events.

    `evidence` holds one sum a rise; `events` and `alarms` count since the beginning.
    """

    evidence: tuple[float, ...] = ()
    events: int = 0
    alarms: int = 0

    def level(self, rule: AlarmRule) -> float:
        """How near the alarm is: 1 sounds it."""
        total = sum(w * m for w, m in zip(rule.weights, self.evidence, strict=False))
        return total / rule.mean_events


def watch(
    rule: AlarmRule, state: AlarmState, outcomes: Iterable[float]
) -> tuple[AlarmState, list[int]]:
    """Take in events, in order.

    Args:
        rule: the alarm.
        state: where the stream stood; `AlarmState()` at first.
        outcomes: 1 for a violation, 0 for none, or a graded loss between.

    Returns:
        The new state, and the number (from 1, since the beginning) of each event at which the
        alarm sounded.

    Raises:
        ValueError: an outcome outside [0, 1].
    """
    alarms: list[int] = []
    clean = 0
    events = state.events
    for outcome in outcomes:
        events += 1
        if outcome == 0:
            clean += 1
            continue
        if not 0 < outcome <= 1:
            raise ValueError(f"an outcome must lie from 0 to 1, got {outcome}")
        state = _after_loss(rule, _after_clean(rule, state, clean), float(outcome))
        clean = 0
        if state.level(rule) >= 1:
            alarms.append(events)
            state = AlarmState(alarms=state.alarms + 1)
    state = _after_clean(rule, state, clean)
    return replace(state, events=events), alarms


def events_per_year(events_a_day: float) -> float:
    """`mean_events` for at most one false alarm per stream and year."""
    return events_a_day * DAYS_A_YEAR


def fewest_false_alarms(healthy: float, raised: float, within: int, found: float = 0.5) -> float:
    """No alarm of any kind has fewer false alarms per event than this, if it finds that jump.

    Cut a healthy stream into stretches of `within` events. An alarm that finds the jump within
    so many events with probability `found` is a test of each stretch with that power, and the
    most powerful test (Neyman & Pearson) counts violations.

    Args:
        healthy: rate before the jump.
        raised: rate after it, above `healthy`.
        within: events after the jump.
        found: probability to have sounded by then.

    Returns:
        Stretches with a false alarm, per event.
    """
    log_ratio = math.log(raised / healthy), math.log((1 - raised) / (1 - healthy))
    power = size = 0.0
    for k in range(within, -1, -1):
        here = math.exp(
            math.lgamma(within + 1)
            - math.lgamma(k + 1)
            - math.lgamma(within - k + 1)
            + k * math.log(raised)
            + (within - k) * math.log1p(-raised)
        )
        under_health = here * math.exp(-k * log_ratio[0] - (within - k) * log_ratio[1])
        share = min(1.0, (found - power) / here) if here > 0 else 1.0
        power, size = power + share * here, size + share * under_health
        if share < 1:
            break
    return size / within


def _after_clean(rule: AlarmRule, state: AlarmState, events: int) -> AlarmState:
    """The state after `events` outcomes of 0, in one step."""
    if not events:
        return state
    before = state.evidence or (0.0,) * len(rule.rises)
    after = []
    for sum_before, (_, factor) in zip(before, rule.factors, strict=True):
        power = factor**events
        if rule.kind == "cusum":
            after.append(max(sum_before * power, factor))
        else:
            after.append(sum_before * power + factor * (1 - power) / (1 - factor))
    return replace(state, evidence=tuple(after))


def _after_loss(rule: AlarmRule, state: AlarmState, loss: float) -> AlarmState:
    before = state.evidence or (0.0,) * len(rule.rises)
    after = []
    for sum_before, (violation, clean) in zip(before, rule.factors, strict=True):
        start = max(1.0, sum_before) if rule.kind == "cusum" else 1.0 + sum_before
        after.append(start * (loss * violation + (1 - loss) * clean))
    return replace(state, evidence=tuple(after))
