from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import trueline.store
from trueline.core.errors import StoreError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.database import Database, connect
from trueline.store.events import EventStore
from trueline.store.migrate import REVISIONS, upgrade
from trueline.store.overview import overview
from trueline.store.queries import get_exchange
from trueline.store.schema import (
    alarms,
    leases,
    metadata,
    policy_versions,
    review_items,
    review_labels,
    rollups,
    silences,
    watches,
)
from trueline.store.verify import verify

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

SINCE_0004 = (watches, leases, alarms, silences, review_items, review_labels, policy_versions)


def revision(database: Database) -> str | None:
    with database.reader.connect() as connection:
        found: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
    return found


def test_the_known_revisions_are_those_of_the_package() -> None:
    config = Config()
    config.set_main_option(
        "script_location", str(Path(trueline.store.__file__).parent / "migrations")
    )
    script = ScriptDirectory.from_config(config)

    found = [entry.revision for entry in script.walk_revisions()]

    assert tuple(reversed(found)) == REVISIONS


def test_the_migrations_make_the_tables_that_the_code_describes(store: EventStore) -> None:
    with store.database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_a_fresh_database_is_at_the_newest_revision(store: EventStore) -> None:
    assert revision(store.database) == REVISIONS[-1]


def test_an_older_database_is_upgraded_with_what_it_holds(url: str) -> None:
    found = Exchange(action=Action.BLOCK, categories=("privacy",), language="zh", latency_ms=80)
    with EventStore.open(url) as store:
        store.append(found).result(60)
        store.append(Exchange(error="upstream_timeout", shadow=True)).result(60)
        before = overview(store, LONG_AGO).whole
        # Take the store back to what revision 0002 wrote.
        with store.database.writer.connect() as connection:
            for table in (rollups, *SINCE_0004):
                table.drop(connection)
            connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
            connection.commit()

    with EventStore.open(url) as store:
        after = overview(store, LONG_AGO).whole

        assert revision(store.database) == REVISIONS[-1]
        assert get_exchange(store, found.id) is not None
        assert (after.total, after.errors, after.shadow) == (2, 1, 1)
        assert after.actions == before.actions == {"block": 1, "allow": 1}
        assert after.categories == {"privacy": 1}
        assert after.latency == before.latency
        assert verify(store).ok


def test_every_older_revision_can_be_opened(url: str) -> None:
    database = connect(url)
    upgrade(database, REVISIONS[0])
    with database.reader.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    database.dispose()
    assert tables == {"alembic_version", "exchanges", "exchange_categories", "audit", "chains"}

    with EventStore.open(url) as store:
        store.append(Exchange()).result(60)
        assert revision(store.database) == REVISIONS[-1]


def test_a_newer_database_is_refused_and_left_alone(url: str) -> None:
    with EventStore.open(url) as store, store.database.writer.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0099'"))
        connection.commit()

    with pytest.raises(StoreError) as error:
        EventStore.open(url)

    assert (
        "the database has schema 0099, newer than 0004, the newest this version knows; "
        "upgrade Trueline, or give another database"
    ) in str(error.value)
    database = connect(url)
    assert revision(database) == "0099"
    database.dispose()


def test_reading_never_upgrades(url: str) -> None:
    database = connect(url)
    upgrade(database, REVISIONS[0])
    database.dispose()

    with pytest.raises(StoreError, match="of an older version"):
        EventStore.open(url, read_only=True)

    database = connect(url)
    assert revision(database) == REVISIONS[0]
    database.dispose()


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "none.db"

    with pytest.raises(StoreError) as error:
        EventStore.open(f"sqlite:///{path}", read_only=True)

    assert str(error.value) == (
        f"there is no event store at {path}; give its place with --db or in TRUELINE_DB"
    )
    assert not path.exists()


def test_many_may_open_a_fresh_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(EventStore.open, [url] * 6))

    for store in stores:
        store.append(Exchange()).result(60)
    assert verify(stores[0]).ok
    for store in stores:
        store.close()


@pytest.mark.postgres
def test_a_postgres_database_that_cannot_hold_chinese_is_refused(postgres: object) -> None:
    url = postgres.create_database("ascii", "SQL_ASCII")  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="encoding is SQL_ASCII; create one in UTF8"):
        EventStore.open(url)


def test_opening_a_current_database_loads_no_alembic(sqlite_url: str) -> None:
    EventStore.open(sqlite_url).close()
    code = (
        "import sys; from trueline.store.events import EventStore\n"
        f"EventStore.open({sqlite_url!r}).close()\n"
        "sys.exit('alembic' in sys.modules or 'psycopg' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
