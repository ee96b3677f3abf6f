"""Rates of the traffic, each with a band that stays true however often one looks.

    >>> rate = Rate.of("violence", 3, 1000, 0.01, 0.95)
    >>> round(rate.low, 4), round(rate.high, 4), rate.standing
    (0.0002, 0.0118, 'unclear')

The counts come from the store's rollups, so a period of a million exchanges costs as much as one
of a thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trueline.core.policy import Policy
from trueline.stats.betting import rate_band, rate_interval, rate_intervals
from trueline.stats.bounds import Interval
from trueline.store.overview import Overview, Traffic

Dimension = Literal["category", "language", "route", "key", "model"]
#: `kept`: the whole band is at or below the limit; `broken`: above it; `unclear`: neither.
Standing = Literal["kept", "broken", "unclear", "no_limit"]
_PREFIX: Mapping[Dimension, str] = {
    "category": "c:", "language": "l:", "route": "r:", "key": "k:", "model": "m:",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
    """`found` of `n`, its band, and where it stands to its limit."""

    name: str
    found: int
    n: int
    rate: float
    low: float
    high: float
    limit: float | None
    standing: Standing

    @classmethod
    def of(
        cls,
        name: str,
        found: int,
        n: int,
        limit: float | None,
        confidence: float,
        band: Interval | None = None,
    ) -> Rate:
        """The rate of counts; the band, worked out when not given, is valid at every look."""
        band = rate_interval(found, n, confidence) if band is None else band
        standing: Standing = "unclear"
        if limit is None:
            standing = "no_limit"
        elif band.high <= limit:
            standing = "kept"
        elif band.low > limit:
            standing = "broken"
        return cls(name, found, n, found / n if n else 0.0, band.low, band.high, limit, standing)


@dataclass(frozen=True, slots=True)
class RatePoint:
    """The band as it was known at a moment; it only narrows."""

    end: datetime
    found: int
    n: int
    rate: float
    low: float
    high: float


def violation_rate(traffic: Traffic, policy: Policy) -> Rate:
    """The rate of replies that broke the policy, against its ε."""
    return Rate.of(
        "", traffic.broke.get("", 0), traffic.asked.get("", 0), policy.max_violation_rate,
        policy.confidence,
    )  # fmt: skip


def violation_rates(
    traffic: Traffic, policy: Policy, by: Dimension, most: int | None = None
) -> list[Rate]:
    """The rate of every category, language, route, key or model, highest first.

    Categories have their own limit where the policy sets one; the others share its ε.

    Args:
        traffic: what was counted.
        policy: gives the limits and the confidence.
        by: what the rates are of.
        most: only so many, the highest.
    """
    prefix = _PREFIX[by]
    if by == "category":
        asked = traffic.asked.get("", 0)
        counts = {name: (traffic.broke.get(prefix + name, 0), asked) for name in policy.categories}
    else:
        counts = {
            # Older rows folded the two tables apart: never more violations than replies.
            stratum.removeprefix(prefix): (min(n, traffic.broke.get(stratum, 0)), n)
            for stratum, n in traffic.asked.items()
            if stratum.startswith(prefix)
        }
    ordered = sorted(counts, key=lambda name: _highest_first(name, *counts[name]))[:most]
    pairs = [counts[name] for name in ordered]
    bands = rate_intervals([k for k, _ in pairs], [n for _, n in pairs], policy.confidence)
    rates = []
    for name, band in zip(ordered, bands, strict=True):
        rule = policy.categories.get(name) if by == "category" else None
        own = rule.max_violation_rate if rule is not None else None
        limit = policy.max_violation_rate if own is None else own
        rates.append(Rate.of(name, *counts[name], limit, policy.confidence, band))
    return rates


def _highest_first(name: str, found: int, n: int) -> tuple[float, int, str]:
    return (-found / n if n else 0.0, -found, name)


def error_rate(traffic: Traffic, confidence: float) -> Rate:
    """The rate of requests that ended in an error."""
    return Rate.of("errors", traffic.errors, traffic.total, None, confidence)


def violation_band(whole: Overview, confidence: float) -> list[RatePoint]:
    """How the violation rate became known, one point a bucket; empty buckets are left out.

    All points together hold at `confidence`: the chart may be looked at every day.
    """
    found = n = 0
    ends: list[datetime] = []
    founds: list[int] = []
    totals: list[int] = []
    for bucket in whole.buckets:
        asked = bucket.asked.get("", 0)
        if not asked:
            continue
        found, n = found + bucket.broke.get("", 0), n + asked
        ends.append(bucket.end)
        founds.append(found)
        totals.append(n)
    band = rate_band(founds, totals, confidence)
    return [
        RatePoint(end, k, m, k / m, interval.low, interval.high)
        for end, k, m, interval in zip(ends, founds, totals, band, strict=True)
    ]
