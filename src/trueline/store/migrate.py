"""Bring a database to this version's schema, and refuse one that is newer."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from trueline.core.errors import StoreError
from trueline.store.database import Database, store_error

# Every revision in order; the last one is this version's schema. A test compares the list
# with `migrations/versions`, so that opening a current database never imports Alembic.
REVISIONS = ("0001", "0002", "0003", "0004")
_LOCK = 0x7472756C  # any fixed number: PostgreSQL's advisory lock while upgrading


def ensure_schema(database: Database) -> None:
    """Create or upgrade the tables.

    Raises:
        StoreError: the database was written by a newer version, or cannot be used.
    """
    try:
        if not database.is_sqlite:
            with database.reader.connect() as connection:
                _check_encoding(database, connection)
                if _current(database, connection):
                    return
        elif Path(database.url.database or "").exists() or database.read_only:
            with database.reader.connect() as connection:
                if _current(database, connection):
                    return
        if database.read_only:
            raise StoreError(
                f"{database.name}: the tables are missing or of an older version; "
                "`trueline up` creates or upgrades them when it starts"
            )
        upgrade(database, REVISIONS[-1])
    except database.faults as error:
        raise store_error(database, error) from None


def upgrade(database: Database, revision: str) -> None:
    """Run the migrations up to `revision` in one transaction, one process at a time."""
    with database.writer.connect() as connection, connection.begin():
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _current(database, connection, revision):
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        folder = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _current(database: Database, connection: Connection, wanted: str = REVISIONS[-1]) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"{database.name}: the database has schema {found}, newer than {REVISIONS[-1]}, "
            "the newest this version knows; upgrade Trueline, or give another database"
        )
    return found is not None and REVISIONS.index(found) >= REVISIONS.index(wanted)


def _check_encoding(database: Database, connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        raise StoreError(
            f"{database.name}: the database's encoding is {encoding}; create one in UTF8 with "
            "`createdb --encoding=UTF8 --template=template0`"
        )
