"""How often the model broke the policy, in a band, against the policy's limit; for the overview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trueline.core.policy import Policy
from trueline.gateway.console.charts import Band, rate_band
from trueline.monitor.measures import (
    Dimension,
    Rate,
    error_rate,
    violation_band,
    violation_rate,
    violation_rates,
)
from trueline.store.overview import Overview

DIMENSIONS: tuple[Dimension, ...] = ("category", "language", "route", "key", "model")
#: Rows of the table; the highest rates come first.
MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of the table: a rate, and its band drawn on a scale of 0 to 100."""

    name: str
    rate: Rate
    x: float
    width: float
    limit_x: float | None


@dataclass(frozen=True, slots=True)
class MeasuredRates:
    """The violation rate of a period, how it became known, and its parts.

    `left_out` counts rows beyond `MOST_ROWS`.
    """

    whole: Rate
    errors: Rate
    band: Band
    by: Dimension
    rows: tuple[RateRow, ...]
    left_out: int


def dimension_of(name: str) -> Dimension:
    """The dimension a reader asks for; categories for anything else.

    >>> dimension_of("key"), dimension_of("<script>")
    ('key', 'category')
    """
    known: dict[str, Dimension] = {dimension: dimension for dimension in DIMENSIONS}
    return known.get(name, "category")


def measured_rates(
    found: Overview, policy: Policy, by: Dimension, called: Callable[[str], str]
) -> MeasuredRates:
    """Everything the page says about rates.

    Args:
        found: the counts of the period.
        policy: in force; gives the limit and the confidence.
        by: what the table tells apart.
        called: the name people know a category, key, ... by.
    """
    points = violation_band(found, policy.confidence)
    ends = {bucket.end: place for place, bucket in enumerate(found.buckets)}
    rows = violation_rates(found.whole, policy, by, MOST_ROWS)
    all_rows = _count(found, policy, by)
    scale = max(
        [row.high for row in rows if row.n] + [2 * (row.limit or 0) for row in rows] + [1e-9]
    )
    return MeasuredRates(
        whole=violation_rate(found.whole, policy),
        errors=error_rate(found.whole, policy.confidence),
        band=rate_band(
            [ends[point.end] for point in points],
            [point.low for point in points],
            [point.rate for point in points],
            [point.high for point in points],
            policy.max_violation_rate,
            len(found.buckets),
        ),
        by=by,
        rows=tuple(_row(row, called(row.name), min(1.0, scale)) for row in rows),
        left_out=max(0, all_rows - len(rows)),
    )


def _row(rate: Rate, name: str, scale: float) -> RateRow:
    x, end = 100 * rate.low / scale, 100 * min(rate.high, scale) / scale
    limit = None if rate.limit is None or rate.limit > scale else 100 * rate.limit / scale
    return RateRow(
        name, rate, round(x, 2), round(max(end - x, 0.6), 2),
        None if limit is None else round(limit, 2),
    )  # fmt: skip


def _count(found: Overview, policy: Policy, by: Dimension) -> int:
    if by == "category":
        return len(policy.categories)
    return sum(stratum.startswith(f"{by[0]}:") for stratum in found.whole.asked)
