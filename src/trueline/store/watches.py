"""What a watch remembers between looks, and who may look.

A watch's state and its cursor change in one transaction with the alarm they raise, so a crash
between two looks neither loses an alarm nor raises it twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from trueline.core.exchange import now
from trueline.store.database import store_error
from trueline.store.events import EventStore
from trueline.store.rows import microseconds
from trueline.store.schema import leases, watches
from trueline.store.stream import Cursor


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule's memory: how far it read, and its state as the rule wrote it.

    `rule_hash` says which wording of the rule the state belongs to.
    """

    name: str
    rule_hash: str
    cursor: Cursor
    state: str
    updated_us: int = 0


def load_watches(store: EventStore) -> dict[str, Watch]:
    """Every watch by its name."""
    with store.reading() as connection:
        rows = connection.execute(select(watches)).all()
    return {
        row.name: Watch(
            row.name, row.rule_hash, Cursor.from_json(row.cursor), row.state, row.updated_us
        )
        for row in rows
    }


def watch_statement(store: EventStore, watch: Watch) -> UpdateBase:
    """The statement that stores a watch, to go with the change it belongs to."""
    values = {
        "rule_hash": watch.rule_hash,
        "cursor": watch.cursor.as_json(),
        "state": watch.state,
        "updated_us": microseconds(now()),
    }
    dialect = sqlite if store.database.is_sqlite else postgresql
    statement = dialect.insert(watches).values(name=watch.name, **values)
    merged: UpdateBase = statement.on_conflict_do_update(index_elements=["name"], set_=values)
    return merged


def save_watches(store: EventStore, changed: list[Watch]) -> None:
    """Store watches that raised nothing; no audit record is written for them.

    Raises:
        StoreError: the store cannot be written.
    """
    try:
        with store.database.writer.connect() as connection, connection.begin():
            for watch in changed:
                connection.execute(watch_statement(store, watch))
    except store.database.faults as error:
        raise store_error(store.database, error) from None


def take_lease(store: EventStore, name: str, holder: str, seconds: float) -> bool:
    """Take or renew the right to do a job; False while another process has it.

    A holder that dies loses it when the time is over.

    Raises:
        StoreError: the store cannot be written.
    """
    moment = microseconds(now())
    until = moment + int(seconds * 1_000_000)
    try:
        with store.database.writer.connect() as connection, connection.begin():
            free = (leases.c.holder == holder) | (leases.c.until_us < moment)
            renewed = connection.execute(
                update(leases)
                .where(leases.c.name == name, free)
                .values(holder=holder, until_us=until)
            )
            if renewed.rowcount:
                return True
            try:
                with connection.begin_nested():
                    connection.execute(
                        leases.insert().values(name=name, holder=holder, until_us=until)
                    )
            except IntegrityError:
                return False
            return True
    except store.database.faults as error:
        raise store_error(store.database, error) from None


def give_up_lease(store: EventStore, name: str, holder: str) -> None:
    """Let another process do the job at once."""
    try:
        with store.database.writer.connect() as connection, connection.begin():
            connection.execute(
                delete(leases).where(leases.c.name == name, leases.c.holder == holder)
            )
    except store.database.faults as error:
        raise store_error(store.database, error) from None
