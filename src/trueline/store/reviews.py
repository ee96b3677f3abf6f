"""What people are asked to judge, what they said, and what came of it.

An item is one part (prompt or reply) of one exchange. It is closed when enough reviewers agree;
reviewers who differ make it *disputed*, and a further person's label decides. Two reviewers who
save at once are both heard: a label belongs to its reviewer, and closing is worked out from all
labels in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

import orjson
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from trueline.core.errors import InputError
from trueline.core.exchange import new_id, now
from trueline.store.batch import Change
from trueline.store.database import store_error
from trueline.store.events import EventStore
from trueline.store.rows import clean_text, microseconds, moment
from trueline.store.schema import review_items, review_labels

Part = Literal["prompt", "reply"]
#: Why an item is in the queue; only `random` ones say something about rates.
DrawnFor = Literal["random", "uncertain", "report", "alarm"]
Label = Literal["violates", "fine", "unsure"]
ItemState = Literal["open", "disputed", "done"]
PARTS: tuple[Part, ...] = get_args(Part)
REASONS: tuple[DrawnFor, ...] = get_args(DrawnFor)
LABELS: tuple[Label, ...] = get_args(Label)
ITEM_STATES: tuple[ItemState, ...] = get_args(ItemState)
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One part of one exchange in the queue.

    `probability` is the chance with which it was drawn at random; None when it was picked for a
    reason. `priority` sorts the queue, higher first. `label` and `categories` are the outcome,
    empty until the item is done.
    """

    exchange_id: str
    part: Part
    drawn_for: DrawnFor
    probability: float | None = None
    priority: float = 0.0
    id: str = field(default_factory=new_id)
    drawn: datetime = field(default_factory=now)
    state: ItemState = "open"
    label: str = ""
    categories: tuple[str, ...] = ()
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewLabel:
    """What one reviewer said of one item; `adjudicates` when it decides a dispute."""

    item_id: str
    reviewer: str
    label: Label
    categories: tuple[str, ...] = ()
    adjudicates: bool = False
    time: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Items by state, and open ones by the reason they were drawn for."""

    open: int
    disputed: int
    done: int
    open_by_reason: dict[str, int]


def add_items(store: EventStore, items: Sequence[ReviewItem]) -> int:
    """Put items into the queue; one that is there already for the same reason is left alone.

    Returns:
        How many were new.

    Raises:
        StoreError: the store cannot be written.
    """
    if not items:
        return 0
    dialect = sqlite if store.database.is_sqlite else postgresql
    known = _known(store, items)
    fresh = [item for item in items if (item.exchange_id, item.part, item.drawn_for) not in known]
    if not fresh:
        return 0
    rows = [_row(item) for item in fresh]
    statement = dialect.insert(review_items).on_conflict_do_nothing()
    body = {
        "items": [{k: row[k] for k in ("id", "exchange_id", "part", "drawn_for")} for row in rows]
    }
    moment_us = microseconds(now())
    change = Change("review.drawn", rows[0]["id"], moment_us, body, ((statement, rows),))
    store.change(change).result()
    return len(fresh)


def label_item(
    store: EventStore, label: ReviewLabel, *, needed: int = 1, may_adjudicate: bool = True
) -> ReviewItem:
    """Record what a reviewer said, and close the item when it is settled.

    A reviewer may change their own label while the item is not done.

    Args:
        store: an open store.
        label: who said what.
        needed: reviewers who must agree.
        may_adjudicate: whether this reviewer's label may decide a dispute they took no part in.

    Returns:
        The item as it stands now.

    Raises:
        InputError: no such item, one that is done, or a label that is none.
        StoreError: the store cannot be used.
    """
    if label.label not in LABELS:
        raise InputError(f"a label is one of {', '.join(LABELS)} (got {label.label!r})")
    if not label.reviewer:
        raise InputError("a label needs the reviewer's name")
    try:
        with store.database.writer.connect() as connection, connection.begin():
            item, said, settled = _label(store, connection, label, needed, may_adjudicate)
    except store.database.faults as error:
        raise store_error(store.database, error) from None
    body = {
        "item": item.id, "reviewer": said.reviewer, "label": said.label,
        "categories": list(said.categories), "adjudicates": said.adjudicates,
        "state": settled.state, "outcome": settled.label,
    }  # fmt: skip
    store.change(Change("review.labelled", item.id, microseconds(said.time), body)).result()
    return settled


def get_item(store: EventStore, item_id: str) -> tuple[ReviewItem, list[ReviewLabel]] | None:
    """An item and what was said of it."""
    with store.reading() as connection:
        item, labels = _item_with_labels(connection, item_id, lock=False)
    return None if item is None else (item, labels)


def next_item(store: EventStore, reviewer: str, *, skip: Sequence[str] = ()) -> ReviewItem | None:
    """What a reviewer should judge next: disputes of others first, then by priority.

    Random items come in the order drawn between those picked for a reason, one for each, so
    that neither kind waits for ever: after every odd label of the reviewer it is their turn.
    """
    mine = select(func.count()).where(review_labels.c.reviewer == reviewer)
    is_random = review_items.c.drawn_for == "random"
    said = select(review_labels.c.item_id).where(review_labels.c.reviewer == reviewer)
    with store.reading() as connection:
        random_turn = connection.execute(mine).scalar_one() % 2 == 1
    query = (
        select(review_items)
        .where(review_items.c.state != "done", review_items.c.id.not_in(said))
        .order_by(
            (review_items.c.state == "disputed").desc(),
            is_random.desc() if random_turn else is_random.asc(),
            review_items.c.priority.desc(),
            review_items.c.drawn_us,
            review_items.c.id,
        )
        .limit(1)
    )
    if skip:
        query = query.where(review_items.c.id.not_in(list(skip)))
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else item_of_row(row)


def list_items(
    store: EventStore,
    *,
    states: Sequence[ItemState] = ITEM_STATES,
    drawn_for: Sequence[DrawnFor] = REASONS,
    part: Part | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[ReviewItem]:
    """Items that match, oldest first."""
    query = select(review_items).where(
        review_items.c.state.in_(states), review_items.c.drawn_for.in_(drawn_for)
    )
    if part is not None:
        query = query.where(review_items.c.part == part)
    if since is not None:
        query = query.where(review_items.c.drawn_us >= microseconds(since))
    if until is not None:
        query = query.where(review_items.c.drawn_us < microseconds(until))
    query = query.order_by(review_items.c.drawn_us, review_items.c.id)
    if limit is not None:
        query = query.limit(limit)
    with store.reading() as connection:
        return [item_of_row(row) for row in connection.execute(query)]


def list_labels(store: EventStore, *, since: datetime | None = None) -> list[ReviewLabel]:
    """Labels, oldest first, for agreement between reviewers."""
    query = select(review_labels)
    if since is not None:
        query = query.where(review_labels.c.time_us >= microseconds(since))
    with store.reading() as connection:
        rows = connection.execute(query.order_by(review_labels.c.time_us)).all()
    return [label_of_row(row) for row in rows]


def queue_counts(store: EventStore) -> QueueCounts:
    """How much waits, and for which reasons."""
    columns = review_items.c
    query = select(columns.state, columns.drawn_for, func.count()).group_by(
        columns.state, columns.drawn_for
    )
    states = dict.fromkeys(ITEM_STATES, 0)
    reasons: dict[str, int] = {}
    with store.reading() as connection:
        for state, reason, count in connection.execute(query):
            states[state] += count
            if state == "open":
                reasons[reason] = reasons.get(reason, 0) + count
    return QueueCounts(states["open"], states["disputed"], states["done"], reasons)


def _label(
    store: EventStore,
    connection: Connection,
    label: ReviewLabel,
    needed: int,
    may_adjudicate: bool,
) -> tuple[ReviewItem, ReviewLabel, ReviewItem]:
    """The item before, the label as it is kept, and the item after it."""
    item, kept = _item_with_labels(connection, label.item_id, lock=not store.database.is_sqlite)
    if item is None:
        raise InputError(f"there is no review item {label.item_id}")
    if item.state == "done":
        raise InputError("this item was settled meanwhile; the next one is waiting")
    others = [one for one in kept if one.reviewer != label.reviewer]
    deciding = item.state == "disputed" and may_adjudicate and len(others) == len(kept)
    said = ReviewLabel(
        label.item_id, clean_text(label.reviewer), label.label,
        tuple(sorted(set(label.categories))) if label.label == "violates" else (),
        deciding, label.time,
    )  # fmt: skip
    settled = _settle(item, [*others, said], needed)
    row = _label_row(said)
    try:
        with connection.begin_nested():
            connection.execute(insert(review_labels).values(**row))
    except IntegrityError:
        connection.execute(
            update(review_labels)
            .where(
                review_labels.c.item_id == said.item_id,
                review_labels.c.reviewer == said.reviewer,
            )
            .values(**row)
        )
    connection.execute(
        update(review_items).where(review_items.c.id == item.id).values(**_outcome(settled))
    )
    return item, said, settled


def _settle(item: ReviewItem, labels: Sequence[ReviewLabel], needed: int) -> ReviewItem:
    """The item after these labels: open, disputed or done."""
    deciding = [one for one in labels if one.adjudicates]
    if deciding:
        return _closed(item, deciding[-1])
    opinions = {(one.label, one.categories) for one in labels}
    if len({one.label for one in labels}) > 1 or (len(opinions) > 1 and needed > 1):
        return _with(item, "disputed")
    if len(labels) >= needed:
        return _closed(item, labels[-1])
    return _with(item, "open")


def _closed(item: ReviewItem, label: ReviewLabel) -> ReviewItem:
    return _with(item, "done", label.label, label.categories, now())


def _with(
    item: ReviewItem,
    state: ItemState,
    label: str = "",
    categories: tuple[str, ...] = (),
    closed: datetime | None = None,
) -> ReviewItem:
    return ReviewItem(
        exchange_id=item.exchange_id, part=item.part, drawn_for=item.drawn_for,
        probability=item.probability, priority=item.priority, id=item.id, drawn=item.drawn,
        state=state, label=label, categories=categories, closed=closed,
    )  # fmt: skip


def _item_with_labels(
    connection: Connection, item_id: str, *, lock: bool
) -> tuple[ReviewItem | None, list[ReviewLabel]]:
    query = select(review_items).where(review_items.c.id == item_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None, []
    labels = connection.execute(
        select(review_labels)
        .where(review_labels.c.item_id == item_id)
        .order_by(review_labels.c.time_us)
    )
    return item_of_row(row), [label_of_row(one) for one in labels]


def _known(store: EventStore, items: Sequence[ReviewItem]) -> set[tuple[str, str, str]]:
    columns = review_items.c
    ids = list({item.exchange_id for item in items})
    known: set[tuple[str, str, str]] = set()
    with store.reading() as connection:
        for start in range(0, len(ids), 500):
            rows = connection.execute(
                select(columns.exchange_id, columns.part, columns.drawn_for).where(
                    columns.exchange_id.in_(ids[start : start + 500])
                )
            )
            known |= {(row[0], row[1], row[2]) for row in rows}
    return known


def _row(item: ReviewItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "exchange_id": item.exchange_id,
        "part": item.part,
        "drawn_for": item.drawn_for,
        "probability": item.probability,
        "priority": item.priority,
        "drawn_us": microseconds(item.drawn),
        **_outcome(item),
    }


def _outcome(item: ReviewItem) -> dict[str, Any]:
    return {
        "state": item.state,
        "label": item.label,
        "categories": orjson.dumps(list(item.categories)).decode(),
        "closed_us": None if item.closed is None else microseconds(item.closed),
    }


def _label_row(label: ReviewLabel) -> dict[str, Any]:
    return {
        "item_id": label.item_id,
        "reviewer": label.reviewer,
        "label": label.label,
        "categories": orjson.dumps(list(label.categories)).decode(),
        "adjudicates": int(label.adjudicates),
        "time_us": microseconds(label.time),
    }


def item_of_row(row: Any) -> ReviewItem:
    """The item that a row of `review_items` holds."""
    return ReviewItem(
        id=row.id, exchange_id=row.exchange_id, part=row.part, drawn_for=row.drawn_for,
        probability=row.probability, priority=row.priority, drawn=moment(row.drawn_us),
        state=row.state, label=row.label, categories=tuple(orjson.loads(row.categories)),
        closed=None if row.closed_us is None else moment(row.closed_us),
    )  # fmt: skip


def label_of_row(row: Any) -> ReviewLabel:
    """What a row of `review_labels` says."""
    return ReviewLabel(
        row.item_id, row.reviewer, row.label, tuple(orjson.loads(row.categories)),
        bool(row.adjudicates), moment(row.time_us),
    )  # fmt: skip
