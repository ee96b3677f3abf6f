"""The Feedback page: how satisfied people are, what they reported, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from trueline.core.exchange import now
from trueline.gateway.console.csv_file import csv_file
from trueline.gateway.console.feedback_trend import TrendDrawing, draw_trend, told
from trueline.gateway.console.highlight import visible
from trueline.gateway.console.overview import language_name
from trueline.gateway.console.site import Site, Visit, read_form
from trueline.monitor.review_draw import PRIORITY
from trueline.monitor.satisfaction import (
    By,
    Remark,
    Satisfaction,
    Scale,
    Score,
    breakdown,
    read_remarks,
    satisfaction,
    trend,
)
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, list_feedback
from trueline.store.queries import get_exchange
from trueline.store.review_history import items_of
from trueline.store.reviews import ReviewItem, add_items

PERIODS: Mapping[str, timedelta] = {
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "365d": timedelta(days=365),
}
DEFAULT_PERIOD = "30d"
SCALES: Mapping[str, Scale] = {"5": 5, "10": 10}
GROUPINGS: Mapping[str, By] = {"language": "language", "model": "model", "route": "route"}
QUEUES = ("report", "correction")
TREND_POINTS = 12
TIME_LABELS = 5
# Every group costs an interval; a client may invent as many models as it likes.
GROUPS = 10
QUEUE_ROWS = 20
EXCERPT = 400
MAX_NAME = 120
MAX_EXPORT = 100_000
_EXPORT_ROWS = 1000
COLUMNS = ("id", "time", "exchange_id", "kind", "value", "reason", "text", "key_id")


@dataclass(frozen=True, slots=True)
class FeedbackChosen:
    """What the reader chose; the address carries it."""

    window: str = DEFAULT_PERIOD
    scale: str = ""
    by: By = "language"
    kind: str = "report"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> FeedbackChosen:
        """Read a query string or a form; what is unknown falls back to the default."""
        window, scale = query.get("window", ""), query.get("scale", "")
        by, kind = query.get("by", ""), query.get("kind", "")
        return cls(
            window if window in PERIODS else DEFAULT_PERIOD,
            scale if scale in SCALES else "",
            GROUPINGS.get(by, "language"),
            kind if kind in QUEUES else "report",
        )

    def url(self, **changed: str) -> str:
        """The address of the page with some choices changed."""
        pairs = {name: getattr(self, name) for name in self.__slots__} | changed
        return f"/feedback?{urlencode({k: v for k, v in pairs.items() if v})}"


@dataclass(frozen=True, slots=True)
class ScoreGroup:
    """The score of one language, model or route."""

    name: str
    score: Score
    told: str


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One report or correction; `review` is the item made of it, if any."""

    remark: Feedback
    words: str
    review: ReviewItem | None


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """Everything the page shows of a period."""

    found: Satisfaction
    scale: Scale
    score: Score
    drawing: TrendDrawing
    time_labels: tuple[str, ...]
    distribution: tuple[tuple[int, int, float], ...]
    reasons: tuple[tuple[str, int, float], ...]
    groups: tuple[ScoreGroup, ...]
    more_groups: bool
    queue: tuple[QueueRow, ...]
    older: str
    any: bool
    ever: bool


async def feedback_page(site: Site, visit: Visit) -> Response:
    """The whole page."""
    query = visit.request.query_params
    chosen, cursor = FeedbackChosen.of(query), query.get("cursor", "")
    view = await asyncio.to_thread(_view, site, visit, chosen, cursor)
    notice = query.get("notice", "")
    return site.page(
        visit,
        "feedback.html",
        here="feedback",
        chosen=chosen,
        view=view,
        periods=tuple(PERIODS),
        scales=tuple(SCALES),
        groupings=tuple(GROUPINGS),
        queues=QUEUES,
        most_groups=GROUPS,
        notice=f"review.notice.{notice}" if notice in ("put", "there") else "",
        older_url=chosen.url(cursor=view.older) if view.older else "",
        newest_url=chosen.url() if cursor else "",
        base_url=f"{visit.request.url.scheme}://{visit.request.url.netloc}",
        csv_url=f"/feedback.csv?{urlencode({'window': chosen.window})}",
    )


async def feedback_csv(site: Site, visit: Visit) -> Response:
    """Everything people said in the period, newest first, at most `MAX_EXPORT` lines."""
    chosen = FeedbackChosen.of(visit.request.query_params)
    since = now() - PERIODS[chosen.window]
    return csv_file("trueline-feedback.csv", COLUMNS, _rows(site.state.store, since))


async def put_into_review(site: Site, visit: Visit) -> Response:
    """Ask reviewers about the reply that a remark is about."""
    form = await read_form(visit.request)
    chosen = FeedbackChosen.of(form)
    added = await asyncio.to_thread(_put, site.state.store, form.get("exchange_id", ""))
    if added is None:
        words = visit.say("missing.event")
        return site.message(visit, 404, visit.say("missing.title"), words)
    return RedirectResponse(chosen.url(notice="put" if added else "there") + "#queue", 303)


def _view(site: Site, visit: Visit, chosen: FeedbackChosen, cursor: str) -> FeedbackView:
    store, until = site.state.store, now()
    since = until - PERIODS[chosen.window]
    remarks = read_remarks(store, since, until)
    found = satisfaction(remarks, since, until)
    name = chosen.scale or ("5" if found.rating.n or not found.recommendation.n else "10")
    scale = SCALES[name]
    values = found.ratings if scale == 5 else found.recommendations
    points = trend(remarks, since, until, points=TREND_POINTS, scale=scale)
    titles = [
        f"{_day(point.start, visit)} – {_day(point.end, visit)}\n{told(point.score)}"
        for point in points
    ]
    groups, more = _groups(remarks, chosen.by, scale, visit)
    queue, older = _queue(store, chosen.kind, since, cursor)
    most = max(1, *values.values())
    most_reasons = max(found.reasons.values(), default=1)
    return FeedbackView(
        found=found,
        scale=scale,
        score=found.rating if scale == 5 else found.recommendation,
        drawing=draw_trend(points, titles),
        time_labels=_time_labels(since, until, visit),
        distribution=tuple((value, n, n / most) for value, n in sorted(values.items())),
        reasons=tuple(
            (reason[:MAX_NAME], n, n / most_reasons)
            for reason, n in list(found.reasons.items())[:GROUPS]
        ),
        groups=groups,
        more_groups=more,
        queue=queue,
        older=older,
        any=bool(remarks),
        ever=bool(remarks) or bool(list_feedback(store, limit=1).items),
    )


def _groups(
    remarks: Sequence[Remark], by: By, scale: Scale, visit: Visit
) -> tuple[tuple[ScoreGroup, ...], bool]:
    kind = "rating" if scale == 5 else "nps"
    counts = Counter(getattr(one, by) for one in remarks if one.kind == kind)
    kept = {name for name, _ in counts.most_common(GROUPS)}
    scores = breakdown((one for one in remarks if getattr(one, by) in kept), by, scale=scale)
    groups = tuple(
        ScoreGroup(_group_name(name, by, visit), score, told(score))
        for name, score in scores.items()
    )
    return groups, len(counts) > GROUPS


def _group_name(name: str, by: By, visit: Visit) -> str:
    if by == "language":
        return language_name(name, visit)
    return visible(name[:MAX_NAME]) or visit.say("feedback.none")


def _queue(
    store: EventStore, kind: str, since: datetime, cursor: str
) -> tuple[tuple[QueueRow, ...], str]:
    page = list_feedback(store, kind=kind, since=since, cursor=cursor, limit=QUEUE_ROWS)
    items = items_of(store, [remark.exchange_id for remark in page.items])
    rows = tuple(
        QueueRow(
            remark,
            visible(remark.text[:EXCERPT]) + ("…" if len(remark.text) > EXCERPT else ""),
            next((i for i in items.get(remark.exchange_id, ()) if i.drawn_for == "report"), None),
        )
        for remark in page.items
    )
    return rows, page.cursor


def _put(store: EventStore, exchange_id: str) -> bool | None:
    """Whether the item is new; None when there is no such exchange."""
    event = get_exchange(store, exchange_id)
    if event is None:
        return None
    item = ReviewItem(
        exchange_id=exchange_id,
        part="reply" if event.exchange.reply_chars else "prompt",
        drawn_for="report",
        priority=PRIORITY["report"],
    )
    return bool(add_items(store, [item]))


def _rows(store: EventStore, since: datetime) -> Iterator[Sequence[Any]]:
    cursor, written = "", 0
    while True:
        page = list_feedback(store, since=since, cursor=cursor, limit=_EXPORT_ROWS)
        for remark in page.items:
            record = remark.as_json()
            yield ["" if record[name] is None else record[name] for name in COLUMNS]
        written += len(page.items)
        cursor = page.cursor
        if not cursor or written >= MAX_EXPORT:
            return


def _time_labels(since: datetime, until: datetime, visit: Visit) -> tuple[str, ...]:
    step = (until - since) / (TIME_LABELS - 1)
    return tuple(_day(since + step * index, visit) for index in range(TIME_LABELS))


def _day(moment: datetime, visit: Visit) -> str:
    return moment.astimezone(visit.zone).strftime("%m-%d")
