"""Has the traffic changed? An alarm for any measured number, with a bound on false alarms.

Each new value gets a rank among all values so far, turned into a number p that is uniform as
long as values are exchangeable, whatever their distribution. Fixed bets against uniformity
(more high values, more low ones, more or fewer extremes) feed a Shiryaev-Roberts sum; it sounds
at `mean_events`, so that on average at least so many events pass between false alarms.

    >>> rule = DriftRule(edges=(0.2, 0.4, 0.6, 0.8), mean_events=10_000)
    >>> calm = reference(rule, [0.1, 0.3, 0.5, 0.7, 0.9] * 100)
    >>> state, alarms = watch_drift(rule, calm, [0.9] * 40, tosses=[0.5] * 40)
    >>> alarms
    [19, 38]

Values fall into bins, so that memory does not grow; ties within a bin are broken by tosses,
which the caller draws from a recorded seed. Text lengths, scores, the position on an embedding's
first axis, or a category's code can all be watched.

References: Vovk, Gammerman & Shafer (2022), Algorithmic Learning in a Random World, 2nd ed.,
ch. 8 (conformal test martingales, Shiryaev-Roberts); Fedorova et al. (2012), ICML,
arXiv:1204.3251 (plug-in bets on p-values); Shin, Ramdas & Rinaldo (2024), arXiv:2203.03532.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

# Bets on p as (degree of the shifted Legendre polynomial, stake): shifts up and down, strong
# and weak, more extremes and fewer. Each factor 1 + stake * polynomial has mean 1 and stays
# above 0.
_BETS = ((1, 0.95), (1, -0.95), (1, 0.5), (1, -0.5), (2, 0.95), (2, -0.95))


@dataclass(frozen=True, slots=True)
class DriftRule:
    """What is watched, and how rarely it may cry wolf.

    Args:
        edges: increasing bin edges; a value equal to an edge falls above it.
        mean_events: events between false alarms, at least, on average.
    """

    edges: tuple[float, ...]
    mean_events: float

    def __post_init__(self) -> None:
        if not self.edges or list(self.edges) != sorted(set(self.edges)):
            raise ValueError("need at least one bin edge, in increasing order")
        if not self.mean_events > 1:
            raise ValueError(f"need mean_events above 1, got {self.mean_events}")


@dataclass(frozen=True, slots=True)
class DriftState:
    """What is remembered: values a bin, a sum a bet, counts since the beginning."""

    counts: tuple[int, ...]
    evidence: tuple[float, ...] = (0.0,) * len(_BETS)
    events: int = 0
    alarms: int = 0

    def level(self, rule: DriftRule) -> float:
        """How near the alarm is: 1 sounds it."""
        return sum(self.evidence) / len(_BETS) / rule.mean_events


def reference(rule: DriftRule, values: Iterable[float]) -> DriftState:
    """A state that knows what calm traffic looks like.

    Args:
        rule: gives the bins.
        values: of a calm period; some hundreds let a change show soon.
    """
    counts = [0] * (len(rule.edges) + 1)
    for value in values:
        counts[bisect_right(rule.edges, value)] += 1
    return DriftState(tuple(counts))


def quantile_edges(values: Sequence[float], bins: int = 32) -> tuple[float, ...]:
    """Bin edges that cut the values of a calm period into parts of about equal size."""
    if bins < 2 or not len(values):
        raise ValueError("need at least 2 bins and one value")
    seen = np.asarray(values, dtype=np.float64)
    inner = np.unique(np.quantile(seen, np.arange(1, bins) / bins))
    # A value that fills a quantile has a bin of its own: calm traffic of one value must not fall
    # into one bin with all that lies above it.
    behind = np.nextafter(inner[np.isin(inner, seen)], np.inf)
    return tuple(float(edge) for edge in np.unique(np.concatenate([inner, behind])))


def watch_drift(
    rule: DriftRule, state: DriftState, values: Iterable[float], tosses: Iterable[float]
) -> tuple[DriftState, list[int]]:
    """Take in values, in order.

    Args:
        rule: the alarm.
        state: from `reference`, or from the last call.
        values: the new values; NaN is refused.
        tosses: one number a value, uniform in [0, 1), drawn without looking at the values.

    Returns:
        The new state, and the number (from 1, since the beginning) of each value at which the
        alarm sounded.
    """
    counts = list(state.counts)
    total = sum(counts)
    evidence = list(state.evidence)
    events, alarms = state.events, []
    enough = len(_BETS) * rule.mean_events
    for value, toss in zip(values, tosses, strict=True):
        if value != value or not 0 <= toss < 1:
            raise ValueError(f"need a number and a toss in [0, 1), got {value} and {toss}")
        place = bisect_right(rule.edges, value)
        counts[place] += 1
        total, events = total + 1, events + 1
        p = (sum(counts[:place]) + toss * counts[place]) / total
        polynomials = (2 * p - 1, 6 * p * p - 6 * p + 1)
        evidence = [
            (1 + one) * (1 + stake * polynomials[degree - 1])
            for one, (degree, stake) in zip(evidence, _BETS, strict=True)
        ]
        if sum(evidence) >= enough:
            alarms.append(events)
            evidence = [0.0] * len(_BETS)
    after = replace(
        state,
        counts=tuple(counts),
        evidence=tuple(evidence),
        events=events,
        alarms=state.alarms + len(alarms),
    )
    return after, alarms
