"""Questions the console and the command line ask of the store.

All functions read one unchanging view and may be called from any thread. Paging goes
newest first by (time, id), so a page stays the same while new exchanges arrive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, text, tuple_

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.chain import Receipt
from trueline.store.events import EventStore
from trueline.store.rows import microseconds, row_exchange
from trueline.store.schema import exchange_categories, exchanges

# A search by text or model has no index: one page looks at this many exchanges at most
# (about 0.5 s of SQLite on a busy machine), then offers to go on.
SCAN_LIMIT = 50_000
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which exchanges are meant; every field left alone matches all.

    `text` is looked for in the stored prompt and reply, without regard to ASCII case.
    """

    since: datetime | None = None
    until: datetime | None = None
    action: Action | None = None
    category: str = ""
    key_id: str = ""
    model: str = ""
    language: str = ""
    text: str = ""
    errors_only: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An exchange as stored: its place in the chain, and whether its texts were pruned."""

    exchange: Exchange
    receipt: Receipt
    texts_pruned: bool = False

    def as_json(self) -> dict[str, Any]:
        """One line of an export."""
        record = self.exchange.as_json()
        record["texts_pruned"] = self.texts_pruned
        record["chain"] = {
            "id": self.receipt.chain_id,
            "seq": self.receipt.seq,
            "hash": self.receipt.hash,
        }
        return record


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, newest first.

    `cursor` fetches what comes after; empty at the end. `complete` is False when a search
    stopped at `SCAN_LIMIT` before it filled the page.
    """

    events: tuple[Event, ...]
    cursor: str = ""
    complete: bool = True


def list_exchanges(
    store: EventStore, where: Filter | None = None, *, cursor: str = "", limit: int = 50
) -> Page:
    """Exchanges that match, newest first.

    Args:
        store: an open store.
        where: what must match.
        cursor: `Page.cursor` of the page before.
        limit: events on the page, 1 to `MAX_LIMIT`.

    Raises:
        InputError: a cursor or limit that cannot be used.
        StoreError: the store cannot be read.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"limit must be from 1 to {MAX_LIMIT} (got {limit})")
    where = where or Filter()
    query = _indexed(where, _parse_cursor(cursor) if cursor else None)
    slow = _scanned(where)
    with store.reading() as connection:
        if not slow:
            rows = connection.execute(query.limit(limit + 1)).mappings().all()
            return _page(rows, limit)
        window = query.limit(SCAN_LIMIT).subquery()
        found = connection.execute(
            select(window)
            .where(*(condition(window.c) for condition in slow))
            .order_by(window.c.time_us.desc(), window.c.id.desc())
            .limit(limit + 1)
        )
        page = _page(found.mappings().all(), limit)
        if page.cursor:
            return page
        last = connection.execute(
            query.with_only_columns(exchanges.c.time_us, exchanges.c.id)
            .offset(SCAN_LIMIT - 1)
            .limit(1)
        ).one_or_none()
    return page if last is None else replace(page, cursor=_cursor(*last), complete=False)


def get_exchange(store: EventStore, exchange_id: str) -> Event | None:
    """One exchange by its id."""
    with store.reading() as connection:
        row = (
            connection.execute(select(exchanges).where(exchanges.c.id == exchange_id))
            .mappings()
            .one_or_none()
        )
    return None if row is None else row_event(row)


def export_exchanges(
    store: EventStore, where: Filter | None = None, *, limit: int | None = None
) -> Iterator[Event]:
    """Every exchange that matches, oldest first, in one unchanging view."""
    where = where or Filter()
    query = _indexed(where, None)
    conditions = [condition(exchanges.c) for condition in _scanned(where)]
    query = query.order_by(None).where(*conditions)
    time_us, key = _order_columns(where)
    query = query.order_by(time_us, key).limit(limit)
    with store.reading() as connection:
        stream = connection.execute(query.execution_options(yield_per=500))
        for row in stream.mappings():
            yield row_event(row)


def count_exchanges(store: EventStore, where: Filter | None = None) -> int:
    """How many exchanges match; reads every one of them."""
    where = where or Filter()
    query = _indexed(where, None).where(*(c(exchanges.c) for c in _scanned(where)))
    with store.reading() as connection:
        total = connection.execute(
            query.order_by(None).with_only_columns(func.count(exchanges.c.id))
        ).scalar_one()
    return int(total)


def row_event(row: Mapping[Any, Any]) -> Event:
    """The event a row of `exchanges` holds."""
    receipt = Receipt(row["chain_id"], row["seq"], bytes(row["hash"]).hex())
    return Event(row_exchange(row), receipt, texts_pruned=row["text_salt"] is None)


def _order_columns(where: Filter) -> tuple[ColumnElement[int], ColumnElement[str]]:
    if where.category:
        return exchange_categories.c.time_us, exchange_categories.c.exchange_id
    return exchanges.c.time_us, exchanges.c.id


def _indexed(where: Filter, before: tuple[int, str] | None) -> Select[Any]:
    """The part of a filter that an index answers, newest first."""
    time_us, key = _order_columns(where)
    query = select(exchanges)
    if where.category:
        query = query.join_from(
            exchange_categories, exchanges, exchanges.c.id == exchange_categories.c.exchange_id
        ).where(exchange_categories.c.category == where.category)
    if where.since is not None:
        query = query.where(time_us >= microseconds(where.since))
    if where.until is not None:
        query = query.where(time_us < microseconds(where.until))
    if before is not None:
        query = query.where(tuple_(time_us, key) < tuple_(*before))
    if where.action is not None:
        query = query.where(exchanges.c.action == int(where.action))
        if where.action > Action.ALLOW:
            # Says in so many words that the partial index is enough.
            query = query.where(text("action > 0"))
    if where.key_id:
        query = query.where(exchanges.c.key_id == where.key_id)
    if where.language:
        query = query.where(exchanges.c.language == where.language)
    if where.errors_only:
        query = query.where(text("error <> ''"))
    return query.order_by(time_us.desc(), key.desc())


def _scanned(where: Filter) -> list[Any]:
    """The part of a filter that has to look at every row, as conditions on its columns."""
    conditions: list[Any] = []
    if where.model:
        conditions.append(lambda columns: columns.model == where.model)
    if where.text:
        conditions.append(
            lambda columns: or_(
                columns.prompt_text.icontains(where.text, autoescape=True),
                columns.reply_text.icontains(where.text, autoescape=True),
            )
        )
    return conditions


def _page(rows: Any, limit: int) -> Page:
    events = tuple(row_event(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(events)
    last = rows[limit - 1]
    return Page(events, _cursor(last["time_us"], last["id"]))


def _cursor(time_us: int, exchange_id: str) -> str:
    return f"{time_us}.{exchange_id}"


def _parse_cursor(cursor: str) -> tuple[int, str]:
    time_us, dot, exchange_id = cursor.partition(".")
    digits = time_us.removeprefix("-")
    if not dot or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise InputError("this is not a cursor of this store; start again without one")
    return int(time_us), exchange_id
