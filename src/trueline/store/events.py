"""The event store: every exchange is durable before its caller is answered.

    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> with EventStore.open(f"sqlite:///{pathlib.Path(folder.name) / 'events.db'}") as store:
    ...     receipt = store.append(Exchange(route="/v1/chat/completions")).result()
    >>> receipt.seq
    2
    >>> folder.cleanup()

Record 1 of every chain is its opening.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from sqlalchemy import Connection

from trueline.core.errors import StoreError
from trueline.core.exchange import Exchange
from trueline.store.batch import Change
from trueline.store.chain import Receipt
from trueline.store.closing import Closing
from trueline.store.database import Database, connect, store_error
from trueline.store.migrate import ensure_schema
from trueline.store.session import Session
from trueline.store.writer import MAX_BATCH, MAX_PENDING, PATIENCE_SECONDS, Writer

DEFAULT_URL = "sqlite:///trueline.db"


class EventStore(Closing):
    """Exchanges and audit events in SQLite or PostgreSQL; safe to use from any thread.

    Reading is in `trueline.store.queries`, keys in `trueline.store.keys`, feedback in
    `trueline.store.feedback`; all take the open store.
    """

    def __init__(self, database: Database, writer: Writer, session: Session) -> None:
        self.database = database
        self._writer = writer
        self._session = session

    @classmethod
    def open(
        cls,
        url: str = DEFAULT_URL,
        *,
        read_only: bool = False,
        max_batch: int = MAX_BATCH,
        max_pending: int = MAX_PENDING,
        patience: float = PATIENCE_SECONDS,
    ) -> EventStore:
        """Open a database, creating or upgrading its tables.

        Args:
            url: `sqlite:///file.db` or `postgresql://user:password@host/name`.
            read_only: never write, not even to upgrade.
            max_batch: most records in one commit.
            max_pending: most records that wait to be written before callers wait as well.
            patience: seconds a lost server is tried again before callers are told.

        Raises:
            InputError: a URL that names no database.
            MissingExtraError: PostgreSQL without the `postgres` extra.
            StoreError: the database cannot be opened, or is of a newer version.
        """
        database = connect(url, read_only=read_only)
        try:
            ensure_schema(database)
        except BaseException:
            database.dispose()
            raise
        session = Session(database)
        writer = Writer(session, max_batch=max_batch, max_pending=max_pending, patience=patience)
        return cls(database, writer, session)

    @property
    def chain_id(self) -> str | None:
        """The chain this store writes; None until it wrote something."""
        return self._session.chain_id

    @property
    def pending(self) -> int:
        """Records that wait to be written."""
        return self._writer.pending

    @property
    def down(self) -> bool:
        """Whether the last attempt to write failed; the next one tries again."""
        return self._writer.down

    def append(self, exchange: Exchange) -> Future[Receipt]:
        """Queue an exchange; the future is resolved when it is durable.

        Giving the same exchange again is harmless: the future resolves to the receipt of
        the one already stored. The future fails with InputError (this record cannot be
        stored) or StoreError (nothing can be, and what to do).

        Raises:
            StoreError: the store is closed or read-only, or its queue stayed full.
        """
        self._check_writable()
        return self._writer.submit(exchange)

    async def append_async(self, exchange: Exchange) -> Receipt:
        """Store an exchange; returns when it is durable. Cancelling does not unwrite it.

        Raises:
            InputError: this record cannot be stored.
            StoreError: nothing can be stored; the message says what to do.
        """
        self._check_writable()
        return await self._writer.submit_async(exchange)

    def change(self, change: Change) -> Future[Receipt]:
        """Queue an audit event with the statements it tells of, in one transaction."""
        self._check_writable()
        return self._writer.submit(change)

    async def change_async(self, change: Change) -> Receipt:
        """`change`, awaited."""
        self._check_writable()
        return await self._writer.submit_async(change)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one unchanging view of the database.

        Raises:
            StoreError: the database cannot be read.
        """
        try:
            with self.database.reader.connect() as connection, connection.begin():
                yield connection
        except self.database.faults as error:
            raise store_error(self.database, error) from None

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StoreError: it gives none.
        """
        with self.reading() as connection:
            connection.exec_driver_sql("SELECT 1 FROM chains LIMIT 1")

    def close(self) -> None:
        """Write what is queued and close every connection."""
        self._writer.close()
        self.database.dispose()

    def _check_writable(self) -> None:
        if self.database.read_only:
            raise StoreError(f"{self.database.name} was opened for reading only")
