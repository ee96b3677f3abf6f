"""Connections to SQLite or PostgreSQL, set up so that a commit means durable.

SQLite runs in WAL mode with `synchronous=FULL`: a commit returns after the log was synced.
PostgreSQL sessions ask for `synchronous_commit=on`, whatever the server's default.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from trueline.core.errors import InputError, MissingExtraError, StoreError

# Another process may hold SQLite's write lock while it prunes a slice or upgrades.
BUSY_SECONDS = 15.0
CONNECT_SECONDS = 5
# Pages of 4 KiB the log may grow to before it is folded back: fewer, larger syncs.
WAL_PAGES = 4000


@dataclass(frozen=True)
class Database:
    """Two engines on one database: pooled connections that read, one that writes.

    `faults` are the exceptions by which the driver says that something failed.
    """

    url: URL
    reader: Engine
    writer: Engine
    faults: tuple[type[Exception], ...]
    read_only: bool = False
    is_sqlite: bool = field(default=True)

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""
        plain = self.url.set(drivername=self.url.get_backend_name())
        return plain.render_as_string(hide_password=True)

    @property
    def placeholder(self) -> str:
        """How the driver marks a parameter."""
        return "?" if self.is_sqlite else "%s"

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.reader.dispose()
        self.writer.dispose()


def connect(url: str, *, read_only: bool = False) -> Database:
    """The database behind a URL; nothing is opened yet.

    Args:
        url: `sqlite:///file.db`, `sqlite:////absolute/file.db` or
            `postgresql://user:password@host/name`.
        read_only: open SQLite files without write access.

    Raises:
        InputError: a URL of another kind.
        MissingExtraError: a PostgreSQL URL without the `postgres` extra.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError(_WRONG_URL) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed, read_only)
    if backend in {"postgresql", "postgres"}:
        return _postgresql(parsed, read_only)
    raise InputError(_WRONG_URL)


_WRONG_URL = (
    "the event store's URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; "
    "give it with --db or in TRUELINE_DB"
)


def _sqlite(url: URL, read_only: bool) -> Database:
    if not url.database or url.database == ":memory:":
        raise InputError(
            "the event store needs a file: memory does not survive the process; "
            "give sqlite:///trueline.db"
        )
    path = Path(url.database)
    if read_only and not path.exists():
        raise StoreError(
            f"there is no event store at {path}; give its place with --db or in TRUELINE_DB"
        )
    url = url.set(drivername="sqlite+pysqlite")
    target = url
    options: dict[str, Any] = {"isolation_level": None, "timeout": BUSY_SECONDS}
    if read_only:
        target = url.set(database=f"{path.absolute().as_uri()}?{_read_mode(path)}")
        target = target.update_query_dict({"uri": "true"})
    options["check_same_thread"] = False
    reader = create_engine(target, connect_args=options, hide_parameters=True)
    writer = create_engine(url, connect_args=options, hide_parameters=True, poolclass=NullPool)
    event.listen(reader, "connect", _sqlite_reader)
    event.listen(reader, "begin", _begin)
    event.listen(writer, "connect", _sqlite_writer)
    event.listen(writer, "begin", _begin_immediate)
    # A damaged file shows as text that is no UTF-8, even in SQLite's own messages.
    faults = (sqlite3.Error, SQLAlchemyError, OSError, UnicodeDecodeError)
    return Database(url, reader, writer, faults, read_only)


def _read_mode(path: Path) -> str:
    # Without a log beside it and without a place for one, SQLite reads the file as it lies.
    wal = path.with_name(path.name + "-wal")
    return "mode=ro" if wal.exists() or _writable(path.parent) else "mode=ro&immutable=1"


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def _sqlite_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA cache_size=-32768")


def _sqlite_writer(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    connection.execute("PRAGMA cache_size=-32768")
    # What is pruned is overwritten, not only unlinked.
    connection.execute("PRAGMA secure_delete=ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(url: URL, read_only: bool) -> Database:
    if find_spec("psycopg") is None:
        raise MissingExtraError("PostgreSQL", "psycopg", "postgres")
    import psycopg

    url = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "trueline",
        "client_encoding": "utf8",
        "tcp_user_timeout": 15_000,
        "keepalives_idle": 15,
        "options": "-c synchronous_commit=on -c timezone=UTC",
    }
    options = {name: value for name, value in options.items() if name not in url.query}
    reader = create_engine(
        url,
        connect_args=options,
        hide_parameters=True,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
    )
    writer = create_engine(url, connect_args=options, hide_parameters=True, poolclass=NullPool)
    faults = (psycopg.Error, SQLAlchemyError, OSError)
    return Database(url, reader, writer, faults, read_only, is_sqlite=False)


def store_error(database: Database, error: BaseException) -> StoreError:
    """What happened, in words that say what to do; never the driver's own parameters."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).lower()
    name = database.name
    for sign, advice in _ADVICE:
        if sign in said:
            return StoreError(f"{name}: {advice}")
    state = getattr(cause, "sqlstate", None)
    known = _SQLSTATES.get(state[:5]) or _SQLSTATES.get(state[:2]) if state else None
    if known:
        return StoreError(f"{name}: {known}")
    if not state and type(cause).__name__ in {"OperationalError", "InterfaceError"}:
        return StoreError(
            f"{name}: the PostgreSQL server cannot be reached; check that it runs and that "
            "host, port and credentials are right"
        )
    kind = type(cause).__name__
    return StoreError(f"{name}: the event store failed ({kind}{f' {state}' if state else ''})")


_FULL = "the disk is full; free some space or run `trueline events prune`"
_DAMAGED = "the SQLite file is damaged; run `trueline events verify` and restore a backup"
_ADVICE = (
    ("database or disk is full", _FULL),
    ("no space left", _FULL),
    ("readonly database", "the file or its folder is read-only; check its permissions and mount"),
    ("read-only", "the file or its folder is read-only; check its permissions and mount"),
    (
        "unable to open database",
        "the file cannot be opened; check that its folder exists and is not read-only",
    ),
    ("database is locked", "another process keeps the file locked; end it and try again"),
    (
        "not a database",
        "the file is not a SQLite database; give another path with --db or TRUELINE_DB",
    ),
    ("malformed", _DAMAGED),
    ("could not decode", _DAMAGED),
    ("codec can't decode", _DAMAGED),
    ("disk i/o error", "the disk failed to read or write; check the disk and the system log"),
)
_SQLSTATES = {
    "53100": _FULL,
    "53300": "the PostgreSQL server has no connection left; raise max_connections",
    "28": "PostgreSQL refused the credentials; check user and password in the URL",
    "3D": "this PostgreSQL database does not exist; create it with `createdb`",
    "25006": "the PostgreSQL server is read-only (a standby?); give the primary's URL",
    "42501": "the PostgreSQL user may not write here; grant it rights on the schema",
    "57": "the PostgreSQL server is shutting down or starting; try again when it is up",
}
