"""Traffic at a glance: counts and latencies over time, from the rollups alone.

Percentiles are approximate: they come from histograms whose buckets grow by 2^(1/8), so
they are off by at most 4.5 % (`rollups.percentile`). Counts are exact, and outlive pruning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.store.events import EventStore
from trueline.store.rollups import HOUR, MINUTE, Counts, empty_counts, merge_counts, percentile
from trueline.store.rows import microseconds, moment
from trueline.store.schema import rollups

MAX_BUCKETS = 1000
# Longer periods are read by the hour: 3 days are 4,320 rows, some 0.15 s of SQLite.
MINUTES_UP_TO = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Latency:
    """Approximate percentiles in milliseconds; None where nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, histogram: Mapping[str, int]) -> Latency:
        return cls(*(percentile(histogram, share) for share in (0.5, 0.95, 0.99)))


@dataclass(frozen=True, slots=True)
class Traffic:
    """What happened from `start` to `end`.

    `asked` and `broke` count by stratum (`rollups.strata`) the exchanges in which the model was
    asked, and those in which its reply broke the policy; `broke` by category too (`c:...`).
    """

    start: datetime
    end: datetime
    total: int
    errors: int
    shadow: int
    actions: Mapping[str, int]
    categories: Mapping[str, int]
    languages: Mapping[str, int]
    latency: Latency
    guard: Latency
    asked: Mapping[str, int]
    broke: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole period, and the same cut into equal buckets, oldest first."""

    whole: Traffic
    buckets: tuple[Traffic, ...]
    bucket_seconds: int


def overview(
    store: EventStore,
    since: datetime,
    until: datetime | None = None,
    *,
    buckets: int = 60,
) -> Overview:
    """Counts by action, category and language, and latencies, since a moment.

    Buckets begin on whole minutes, or on whole hours when one is an hour or longer or the
    period is over three days, so the period may begin a little before `since`.

    Args:
        store: an open store.
        since: begin of the period.
        until: its end; now when left out.
        buckets: at most this many, 1 to `MAX_BUCKETS`.

    Raises:
        InputError: a period that ends before it begins, or a wrong number of buckets.
        StoreError: the store cannot be read.
    """
    if not 1 <= buckets <= MAX_BUCKETS:
        raise InputError(f"buckets must be from 1 to {MAX_BUCKETS} (got {buckets})")
    first = microseconds(since) // 1_000_000
    last = microseconds(until or now()) // 1_000_000 + (0 if until else 1)
    if last <= first:
        raise InputError("the period must end after it begins")
    grain = MINUTE if last - first <= MINUTES_UP_TO and (last - first) / buckets < HOUR else HOUR
    first -= first % grain
    width = max(1, math.ceil((last - first) / buckets / grain)) * grain
    sums: dict[int, Counts] = {}
    with store.reading() as connection:
        stored = connection.execute(
            select(rollups.c.start, rollups.c.counts).where(
                rollups.c.width == grain, rollups.c.start >= first, rollups.c.start < last
            )
        )
        for start, counts in stored:
            total = sums.setdefault((start - first) // width, empty_counts())
            merge_counts(total, orjson.loads(counts))
    parts = tuple(
        _traffic(first + index * width, width, sums.get(index) or empty_counts())
        for index in range(math.ceil((last - first) / width))
    )
    everything = empty_counts()
    for counts in sums.values():
        merge_counts(everything, counts)
    return Overview(_traffic(first, len(parts) * width, everything), parts, width)


def _traffic(start: int, seconds: int, counts: Mapping[str, Any]) -> Traffic:
    return Traffic(
        start=moment(start * 1_000_000),
        end=moment((start + seconds) * 1_000_000),
        total=counts["total"],
        errors=counts["errors"],
        shadow=counts["shadow"],
        actions=counts["action"],
        categories=counts["category"],
        languages=counts["language"],
        latency=Latency.of(counts["latency"]),
        guard=Latency.of(counts["guard"]),
        asked=counts["asked"],
        broke=counts["broke"],
    )
