"""How satisfied people are: NPS, the distribution of ratings, thumbs, reports.

The net promoter score is the share of promoters less the share of detractors (Reichheld 2003,
Harvard Business Review 81(12)): 9-10 against 0-6 on the 0-10 scale; on the 1-5 scale 4-5 against
1-2. Its interval is that of the mean of +1, 0, -1 and valid at every look
(`stats.betting.mean_interval`). Who speaks is not a random sample of all users, and the interval
says nothing about those who are silent.

    >>> score = net_promoter_score([5, 5, 4, 3, 1], scale=5)
    >>> score.promoters, score.detractors, score.nps
    (3, 1, 40.0)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from sqlalchemy import select

from trueline.core.exchange import now
from trueline.stats.betting import mean_interval
from trueline.store.events import EventStore
from trueline.store.rows import microseconds, moment
from trueline.store.schema import exchanges, feedback

Scale = Literal[5, 10]
By = Literal["language", "model", "route", "key", "policy"]


@dataclass(frozen=True, slots=True)
class Score:
    """A net promoter score with its counts; -100 to 100, the interval too.

    `nps` is None where nobody answered.
    """

    promoters: int
    passives: int
    detractors: int
    nps: float | None
    low: float
    high: float
    confidence: float

    @property
    def n(self) -> int:
        """Answers behind it."""
        return self.promoters + self.passives + self.detractors


@dataclass(frozen=True, slots=True)
class Remark:
    """One answer that counts: the newest of a key on an exchange, of its kind."""

    kind: str
    value: float | None
    reason: str
    time: datetime
    language: str
    model: str
    route: str
    key: str
    policy: str


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """All answers of a period.

    `ratings` and `recommendations` count by value; `reasons` counts the codes of reports.
    """

    since: datetime
    until: datetime
    rating: Score
    recommendation: Score
    ratings: Mapping[int, int]
    recommendations: Mapping[int, int]
    thumbs_up: int
    thumbs_down: int
    reports: int
    corrections: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The score of one stretch of time."""

    start: datetime
    end: datetime
    score: Score


def net_promoter_score(values: Sequence[float], *, scale: Scale, confidence: float = 0.95) -> Score:
    """The score of answers on a scale of 1 to 5 or 0 to 10."""
    high, low = (4, 2) if scale == 5 else (9, 6)
    promoters = sum(value >= high for value in values)
    detractors = sum(value <= low for value in values)
    n = len(values)
    if not n:
        return Score(0, 0, 0, None, -100.0, 100.0, confidence)
    # The mean of +1, 0, -1 moved to [0, 1].
    marks = np.array([1.0 if v >= high else 0.0 if v <= low else 0.5 for v in values])
    interval = mean_interval(marks, confidence)
    return Score(
        promoters, n - promoters - detractors, detractors,
        100.0 * (promoters - detractors) / n,
        200.0 * interval.low - 100.0, 200.0 * interval.high - 100.0, confidence,
    )  # fmt: skip


def read_remarks(store: EventStore, since: datetime, until: datetime | None = None) -> list[Remark]:
    """Answers of a period, oldest first; who answers twice is heard with the last answer.

    Raises:
        StoreError: the store cannot be read.
    """
    columns = feedback.c
    query = (
        select(
            columns.exchange_id, columns.kind, columns.value, columns.reason, columns.time_us,
            columns.key_id, exchanges.c.language, exchanges.c.model, exchanges.c.route,
            exchanges.c.policy_name,
        )
        .join(exchanges, exchanges.c.id == columns.exchange_id)
        .where(
            columns.time_us >= microseconds(since),
            columns.time_us < microseconds(until or now()),
        )
        .order_by(columns.time_us, columns.id)
    )  # fmt: skip
    newest: dict[tuple[str, str, str], Remark] = {}
    with store.reading() as connection:
        for row in connection.execute(query):
            key = (row.exchange_id, row.kind, row.key_id)
            newest.pop(key, None)
            newest[key] = Remark(
                row.kind, row.value, row.reason, moment(row.time_us), row.language, row.model,
                row.route, row.key_id, row.policy_name,
            )  # fmt: skip
    return list(newest.values())


def satisfaction(
    remarks: Iterable[Remark], since: datetime, until: datetime, confidence: float = 0.95
) -> Satisfaction:
    """Everything people said in a period, counted."""
    said = list(remarks)
    ratings = [r.value for r in said if r.kind == "rating" and r.value is not None]
    recommendations = [r.value for r in said if r.kind == "nps" and r.value is not None]
    thumbs = [r.value for r in said if r.kind == "thumbs" and r.value is not None]
    return Satisfaction(
        since=since,
        until=until,
        rating=net_promoter_score(ratings, scale=5, confidence=confidence),
        recommendation=net_promoter_score(recommendations, scale=10, confidence=confidence),
        ratings={value: ratings.count(value) for value in range(1, 6)},
        recommendations={value: recommendations.count(value) for value in range(11)},
        thumbs_up=sum(value > 0 for value in thumbs),
        thumbs_down=sum(value < 0 for value in thumbs),
        reports=sum(r.kind == "report" for r in said),
        corrections=sum(r.kind == "correction" for r in said),
        reasons=dict(Counter(r.reason for r in said if r.kind == "report").most_common()),
    )


def breakdown(remarks: Iterable[Remark], by: By, *, scale: Scale = 5) -> dict[str, Score]:
    """The score by language, model, route, key or policy; most answers first."""
    kind = "rating" if scale == 5 else "nps"
    values: dict[str, list[float]] = {}
    for remark in remarks:
        if remark.kind == kind and remark.value is not None:
            values.setdefault(getattr(remark, by), []).append(remark.value)
    scores = {name: net_promoter_score(found, scale=scale) for name, found in values.items()}
    return dict(sorted(scores.items(), key=lambda item: (-item[1].n, item[0])))


def trend(
    remarks: Iterable[Remark],
    since: datetime,
    until: datetime,
    *,
    points: int = 12,
    scale: Scale = 5,
) -> list[TrendPoint]:
    """The score over equal stretches of a period, oldest first; empty ones are told as such."""
    kind = "rating" if scale == 5 else "nps"
    width = (until - since) / points
    values: list[list[float]] = [[] for _ in range(points)]
    for remark in remarks:
        if remark.kind == kind and remark.value is not None and since <= remark.time < until:
            values[min(points - 1, int((remark.time - since) / width))].append(remark.value)
    return [
        TrendPoint(
            since + index * width, since + (index + 1) * width,
            net_promoter_score(found, scale=scale),
        )
        for index, found in enumerate(values)
    ]  # fmt: skip
