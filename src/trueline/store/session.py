"""The one connection that writes: its chain, its counts, and what a failure means."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, insert, select

from trueline.core.errors import InputError
from trueline.core.exchange import new_id, now
from trueline.store.batch import Batch, Change, Prepared, Statements, build_batch
from trueline.store.chain import GENESIS, Head, Receipt
from trueline.store.database import Database
from trueline.store.rollups import Counts, add_counts, dump_counts, empty_counts, load_counts
from trueline.store.rows import PLAIN_COLUMNS, Row, microseconds
from trueline.store.schema import audit, chains, exchanges, rollups

# A new chain names the heads of the latest others: a tail cut off later contradicts it.
_WITNESSED = 64
_CACHED_COUNTS = 512


class Conflict(Exception):
    """The chain moved under us: an attempt thought lost did commit."""


class Unmatched(Conflict):
    """A change that must match a row found none: somebody else was first."""


class Session:
    """Writes batches through one connection and knows the head of its own chain.

    The head is known only between a commit and the next failure; after a failure it is read
    back, because a commit that failed to answer may have happened.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._sql = Statements.of(database.placeholder)
        self._connection: Connection | None = None
        self._chain_id: str | None = None
        self._head: Head | None = None
        self._counts: dict[tuple[int, int], Counts] = {}

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        """What `commit` and `stored` raise when something failed."""
        return (Conflict, *self.database.faults)

    @property
    def chain_id(self) -> str | None:
        """This writer's chain; None until it wrote something."""
        return self._chain_id

    def commit(self, entries: Sequence[Prepared | Change]) -> list[Receipt]:
        """Write entries in one transaction and return when it is durable."""
        connection = self._connected()
        with connection.begin():
            head, opening = self._begin_chain(connection)
            batch = build_batch([*opening, *entries], head)
            counts = self._write(connection, batch, head)
        self._head = batch.head
        if len(self._counts) > _CACHED_COUNTS:
            self._counts.clear()
        self._counts.update(counts)
        return batch.receipts[len(opening) :]

    def stored(self, entries: Sequence[Prepared | Change]) -> dict[str, Receipt | InputError]:
        """What of `entries` is already durable: its receipt, or the contradiction."""
        found: dict[str, Receipt | InputError] = {}
        connection = self._connected()
        with connection.begin():
            by_id = {entry.id: entry for entry in entries if isinstance(entry, Prepared)}
            for row in connection.execute(
                select(exchanges).where(exchanges.c.id.in_(by_id))
            ).mappings():
                found[row["id"]] = _same(by_id[row["id"]], row)
            changes = [entry.id for entry in entries if isinstance(entry, Change)]
            for event in connection.execute(select(audit).where(audit.c.id.in_(changes))):
                found[event.id] = Receipt(event.chain_id, event.seq, event.hash.hex())
        return found

    def reset(self) -> None:
        """Drop the connection and everything remembered of the database's state."""
        connection, self._connection = self._connection, None
        self._head = None
        self._counts.clear()
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
            with suppress(Exception):
                connection.close()

    def blames_record(self, error: BaseException) -> bool:
        """Whether the failure lies in a record (or in a race), not in the database."""
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, Conflict):
            return True
        if self.database.is_sqlite:
            return isinstance(
                cause,
                (
                    sqlite3.IntegrityError,
                    sqlite3.DataError,
                    sqlite3.InterfaceError,
                    sqlite3.ProgrammingError,
                ),
            )
        import psycopg

        return isinstance(cause, (psycopg.IntegrityError, psycopg.DataError))

    def lost_server(self, error: BaseException) -> bool:
        """Whether waiting and connecting again may help."""
        if self.database.is_sqlite:
            return False
        import psycopg

        cause = getattr(error, "orig", None) or error
        state = getattr(cause, "sqlstate", None) or ""
        # 08: connection, 57: operator intervention, 53300: too many connections, 40: retry.
        return isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)) and (
            not state or state[:2] in {"08", "57", "40"} or state == "53300"
        )

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self.database.writer.connect()
        return self._connection

    def _begin_chain(self, connection: Connection) -> tuple[Head, list[Change]]:
        if self._head is not None:
            return self._head, []
        if self._chain_id is not None:
            row = connection.execute(
                select(chains).where(chains.c.chain_id == self._chain_id)
            ).one_or_none()
            if row is not None:
                return Head(row.chain_id, row.seq, row.hash), []
        self._chain_id = new_id()
        opened_us = microseconds(now())
        latest = connection.execute(
            select(chains).order_by(chains.c.opened_us.desc()).limit(_WITNESSED)
        )
        heads = {row.chain_id: [row.seq, row.hash.hex()] for row in latest}
        connection.execute(
            insert(chains).values(chain_id=self._chain_id, opened_us=opened_us, seq=0, hash=GENESIS)
        )
        opening = Change("chain.opened", self._chain_id, opened_us, {"heads": heads})
        return Head(self._chain_id, 0, GENESIS), [opening]

    def _write(
        self, connection: Connection, batch: Batch, head: Head
    ) -> dict[tuple[int, int], Counts]:
        cursor = connection.connection.cursor()
        try:
            if batch.exchanges:
                self._insert_exchanges(cursor, batch.exchanges)
            if batch.categories:
                cursor.executemany(self._sql.categories, batch.categories)
            if batch.audit:
                cursor.executemany(self._sql.audit, batch.audit)
            for change in batch.changes:
                for statement in change.statements:
                    if isinstance(statement, tuple):
                        connection.execute(*statement)
                    elif not connection.execute(statement).rowcount and change.must_match:
                        raise Unmatched
            counts = self._summed(connection, batch)
            if counts:
                cursor.executemany(
                    self._sql.rollups,
                    [
                        (width, start, head.chain_id, dump_counts(value))
                        for (width, start), value in counts.items()
                    ],
                )
            after = batch.head
            cursor.execute(self._sql.head, (after.seq, after.hash, head.chain_id, head.seq))
            if cursor.rowcount != 1:
                raise Conflict
        finally:
            cursor.close()
        return counts

    def _insert_exchanges(self, cursor: Any, rows: Sequence[Row]) -> None:
        if self.database.is_sqlite:
            cursor.executemany(self._sql.exchanges, rows)
            return
        # Half the CPU of psycopg's executemany (benchmarks/store_ingest.py).
        with cursor.copy(self._sql.copy) as copy:
            for row in rows:
                copy.write_row(row)

    def _summed(self, connection: Connection, batch: Batch) -> dict[tuple[int, int], Counts]:
        summed: dict[tuple[int, int], Counts] = {}
        for (width, start), delta in batch.tally.rows().items():
            before = self._counts.get((width, start))
            if before is None:
                before = self._stored_counts(connection, width, start, batch.head.chain_id)
            summed[width, start] = add_counts(before, delta)
        return summed

    def _stored_counts(
        self, connection: Connection, width: int, start: int, chain_id: str
    ) -> Counts:
        stored = connection.execute(
            select(rollups.c.counts).where(
                rollups.c.width == width,
                rollups.c.start == start,
                rollups.c.chain_id == chain_id,
            )
        ).scalar()
        return empty_counts() if stored is None else load_counts(stored)


def _same(entry: Prepared, row: Any) -> Receipt | InputError:
    """The stored exchange is the one given, or it is another under the same id."""
    plain = tuple(row[name] for name in PLAIN_COLUMNS)
    kept = row["text_salt"] is not None
    texts = (row["prompt_text"], row["reply_text"])
    if plain == entry.plain and (not kept or texts == entry.texts[3:]):
        return Receipt(row["chain_id"], row["seq"], row["hash"].hex())
    return InputError(f"exchange {entry.id} is already stored with other content")
