"""Retention: remove old exchanges, or their texts alone, and leave a chain that verifies.

Only a beginning of a chain is removed. The same transaction writes a `checkpoint` into the
chain of whoever prunes: which chain, up to which record, that record's hash, how many were
removed, and who did it. Audit events themselves are never removed; they hold no user text.

In SQLite removed texts are overwritten with zeros; in PostgreSQL they are gone with the next
VACUUM, which its autovacuum runs by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, delete, func, select, update

from trueline.core.exchange import now
from trueline.store.batch import Change
from trueline.store.events import EventStore
from trueline.store.rows import microseconds
from trueline.store.schema import audit, chains, exchange_categories, exchanges, feedback

CHECKPOINT = "checkpoint"
# Records in one transaction: a writer elsewhere waits a few ten milliseconds at most.
SLICE = 2000


@dataclass(frozen=True, slots=True)
class PruneReport:
    """How many exchanges and remarks lost their texts, or were removed."""

    exchanges: int
    feedback: int
    texts_only: bool


def prune(
    store: EventStore, before: datetime, *, texts_only: bool = False, author: str = ""
) -> PruneReport:
    """Remove what is older than a moment.

    A record that came late into its chain is kept together with all that follow it, until
    it is old enough itself.

    Args:
        store: an open store.
        before: exchanges and feedback of an earlier time go.
        texts_only: keep the records and remove only prompts, replies and users' words.
        author: who prunes; part of the checkpoint.

    Raises:
        StoreError: the store cannot be read or written; what was removed until then stays
            removed, and verifies.
    """
    cutoff = microseconds(before)
    removed = 0
    with store.reading() as connection:
        chain_ids = connection.execute(select(chains.c.chain_id)).scalars().all()
    for chain_id in chain_ids:
        for rows in _slices(store, chain_id, cutoff, texts_only):
            store.change(_checkpoint(chain_id, rows, cutoff, texts_only, author)).result()
            removed += len(rows)
    remarks = _prune_feedback(store, cutoff, texts_only, author)
    if store.database.is_sqlite and (removed or remarks):
        _empty_log(store)
    return PruneReport(removed, remarks, texts_only)


def _slices(
    store: EventStore, chain_id: str, cutoff: int, texts_only: bool
) -> Iterator[Sequence[Row[Any]]]:
    """The old beginning of a chain, `SLICE` records at a time."""
    columns = exchanges.c
    done = _texts_done(store, chain_id) if texts_only else 0
    while True:
        query = (
            select(columns.seq, columns.hash, columns.id, columns.time_us, columns.categories)
            .add_columns(columns.text_salt.is_(None).label("pruned"))
            .where(columns.chain_id == chain_id, columns.seq > done)
            .order_by(columns.seq)
            .limit(SLICE)
        )
        with store.reading() as connection:
            found = connection.execute(query).all()
        old = found
        for index, row in enumerate(found):
            if row.time_us >= cutoff:
                old = found[:index]
                break
        if old:
            done = old[-1].seq
            if not texts_only or not all(row.pruned for row in old):
                yield old
        if len(old) < SLICE:
            return


def _texts_done(store: EventStore, chain_id: str) -> int:
    """Up to which record the texts are gone already."""
    with store.reading() as connection:
        bodies = connection.execute(
            select(audit.c.body).where(audit.c.kind == CHECKPOINT, audit.c.record_id == chain_id)
        ).scalars()
        said = [orjson.loads(body) for body in bodies]
    return max((entry["seq"] for entry in said if entry["mode"] == "texts"), default=0)


def _checkpoint(
    chain_id: str, rows: Sequence[Row[Any]], cutoff: int, texts_only: bool, author: str
) -> Change:
    last = rows[-1]
    body = {
        "chain": chain_id,
        "mode": "texts" if texts_only else "records",
        "seq": last.seq,
        "hash": bytes(last.hash).hex(),
        "records": len(rows),
        "before_us": cutoff,
        "author": author,
    }
    chosen = (exchanges.c.chain_id == chain_id, exchanges.c.seq <= last.seq)
    if texts_only:
        statements: list[Any] = [
            update(exchanges)
            .where(*chosen, exchanges.c.text_salt.is_not(None))
            .values(prompt_text=None, reply_text=None, text_salt=None)
        ]
    else:
        entries = [
            {"c": category, "t": row.time_us, "e": row.id}
            for row in rows
            for category in dict.fromkeys(orjson.loads(row.categories))
        ]
        columns = exchange_categories.c
        by_entry = delete(exchange_categories).where(
            columns.category == bindparam("c"),
            columns.time_us == bindparam("t"),
            columns.exchange_id == bindparam("e"),
        )
        statements = [delete(exchanges).where(*chosen)]
        if entries:
            statements.append((by_entry, entries))
    return Change(CHECKPOINT, chain_id, microseconds(now()), body, statements)


def _prune_feedback(store: EventStore, cutoff: int, texts_only: bool, author: str) -> int:
    old = [feedback.c.time_us < cutoff]
    if texts_only:
        old.append(feedback.c.text_salt.is_not(None))
    with store.reading() as connection:
        count = connection.execute(select(func.count()).select_from(feedback).where(*old))
        records = int(count.scalar_one())
    if not records:
        return 0
    statement = (
        update(feedback).where(*old).values(text=None, text_salt=None)
        if texts_only
        else delete(feedback).where(*old)
    )
    body = {
        "mode": "feedback_texts" if texts_only else "feedback",
        "records": records,
        "before_us": cutoff,
        "author": author,
    }
    moment = microseconds(now())
    store.change(Change(CHECKPOINT, "feedback", moment, body, (statement,))).result()
    return records


def _empty_log(store: EventStore) -> None:
    # The write-ahead log still holds pages as they were; a busy reader only delays this.
    connection = store.database.writer.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
