"""Questions the Review page asks: what is settled, who said what of it, how much is waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_

from trueline.core.errors import InputError
from trueline.store.events import EventStore
from trueline.store.reviews import ReviewItem, ReviewLabel, item_of_row, label_of_row
from trueline.store.rows import microseconds
from trueline.store.schema import review_items, review_labels

MAX_LIMIT = 1000
# Most ids in one question: SQLite takes 32,766 values, older builds 999.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class SettledPage:
    """Some settled items, newest first; `cursor` fetches what comes after, empty at the end."""

    items: tuple[ReviewItem, ...]
    cursor: str = ""


def list_settled(store: EventStore, *, cursor: str = "", limit: int = 50) -> SettledPage:
    """Settled items, the one settled last first.

    Raises:
        InputError: a cursor or limit that cannot be used.
        StoreError: the store cannot be read.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"limit must be from 1 to {MAX_LIMIT} (got {limit})")
    columns = review_items.c
    query = (
        select(review_items)
        .where(columns.state == "done")
        .order_by(columns.closed_us.desc(), columns.id.desc())
    )
    if cursor:
        closed_us, _, last_id = cursor.partition(".")
        if not closed_us.isascii() or not closed_us.isdigit() or len(closed_us) > 18:
            raise InputError("this is not a cursor of this store; start again without one")
        query = query.where(tuple_(columns.closed_us, columns.id) < tuple_(int(closed_us), last_id))
    with store.reading() as connection:
        rows = connection.execute(query.limit(limit + 1)).all()
    items = tuple(item_of_row(row) for row in rows[:limit])
    if len(rows) <= limit:
        return SettledPage(items)
    return SettledPage(items, f"{rows[limit - 1].closed_us}.{rows[limit - 1].id}")


def labels_of(store: EventStore, item_ids: Sequence[str]) -> dict[str, list[ReviewLabel]]:
    """What was said of each item, oldest first; items without a label are left out."""
    found: dict[str, list[ReviewLabel]] = {}
    with store.reading() as connection:
        for start in range(0, len(item_ids), _CHUNK):
            query = (
                select(review_labels)
                .where(review_labels.c.item_id.in_(item_ids[start : start + _CHUNK]))
                .order_by(review_labels.c.time_us)
            )
            for row in connection.execute(query):
                found.setdefault(row.item_id, []).append(label_of_row(row))
    return found


def items_of(store: EventStore, exchange_ids: Sequence[str]) -> dict[str, list[ReviewItem]]:
    """The items of each exchange; exchanges that nobody was asked about are left out."""
    found: dict[str, list[ReviewItem]] = {}
    with store.reading() as connection:
        for start in range(0, len(exchange_ids), _CHUNK):
            query = select(review_items).where(
                review_items.c.exchange_id.in_(exchange_ids[start : start + _CHUNK])
            )
            for row in connection.execute(query):
                found.setdefault(row.exchange_id, []).append(item_of_row(row))
    return found


def count_labelled(store: EventStore, reviewer: str, since: datetime) -> int:
    """How many items a reviewer has labelled since a moment."""
    query = (
        select(func.count())
        .select_from(review_labels)
        .where(review_labels.c.time_us >= microseconds(since), review_labels.c.reviewer == reviewer)
    )
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())


def count_waiting(store: EventStore) -> int:
    """Items that are not settled yet."""
    query = (
        select(func.count())
        .select_from(review_items)
        .where(review_items.c.state.in_(("open", "disputed")))
    )
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())
