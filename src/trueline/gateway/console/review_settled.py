"""What reviewers have settled: the list, how far they agree, and the export."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from trueline.core.exchange import now
from trueline.gateway.console.csv_file import csv_file
from trueline.gateway.console.review_pages import TABS
from trueline.gateway.console.site import Site, Visit
from trueline.monitor.reviewer_agreement import ReviewerAgreement, reviewer_agreement
from trueline.store.events import EventStore
from trueline.store.review_history import labels_of, list_settled
from trueline.store.reviews import ReviewItem, ReviewLabel, list_labels

PAGE_ROWS = 50
AGREEMENT_DAYS = 90
MAX_EXPORT = 100_000
_EXPORT_ROWS = 1000
COLUMNS = (
    "item_id", "exchange_id", "part", "drawn_for", "probability", "drawn", "closed", "label",
    "categories", "reviewer", "reviewer_label", "reviewer_categories", "adjudicates",
    "labelled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettledRow:
    """One settled item and what each reviewer had said of it."""

    item: ReviewItem
    categories: tuple[str, ...]
    labels: tuple[ReviewLabel, ...]


async def settled_page(site: Site, visit: Visit) -> Response:
    """Settled items, newest first, and the agreement behind them."""
    cursor = visit.request.query_params.get("cursor", "")
    store = site.state.store
    page = await asyncio.to_thread(list_settled, store, cursor=cursor, limit=PAGE_ROWS)
    labels = await asyncio.to_thread(labels_of, store, [item.id for item in page.items])
    names = site.category_names(visit.lang)
    return site.page(
        visit,
        "review_settled.html",
        here="review",
        tab="settled",
        tabs=TABS,
        rows=[
            SettledRow(
                item,
                tuple(names.get(name, name) for name in item.categories),
                tuple(labels.get(item.id, ())),
            )
            for item in page.items
        ],
        agreement=await asyncio.to_thread(_agreement, store),
        days=AGREEMENT_DAYS,
        newest_url="/review/settled" if cursor else "",
        older_url=f"/review/settled?cursor={page.cursor}" if page.cursor else "",
    )


async def settled_csv(site: Site, visit: Visit) -> Response:
    """One line a label of every settled item; no text."""
    return csv_file("trueline-reviews.csv", COLUMNS, _rows(site.state.store))


def _agreement(store: EventStore) -> ReviewerAgreement | None:
    return reviewer_agreement(list_labels(store, since=now() - timedelta(days=AGREEMENT_DAYS)))


def _rows(store: EventStore) -> Iterator[Sequence[object]]:
    cursor, written = "", 0
    while True:
        page = list_settled(store, cursor=cursor, limit=_EXPORT_ROWS)
        labels = labels_of(store, [item.id for item in page.items])
        for item in page.items:
            for label in labels.get(item.id, ()):
                yield _line(item, label)
                written += 1
        cursor = page.cursor
        if not cursor or written >= MAX_EXPORT:
            return


def _line(item: ReviewItem, label: ReviewLabel) -> Sequence[object]:
    return (
        item.id, item.exchange_id, item.part, item.drawn_for,
        "" if item.probability is None else item.probability,
        item.drawn.isoformat(), item.closed.isoformat() if item.closed else "",
        item.label, " ".join(item.categories), label.reviewer, label.label,
        " ".join(label.categories), int(label.adjudicates), label.time.isoformat(),
    )  # fmt: skip
