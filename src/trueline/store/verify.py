"""Walk every chain and find what was changed, taken out, put in twice or moved.

What this shows: the records are those that were written, in their order, up to each chain's
head. Whoever can rewrite the whole database can also rewrite its chains; against that, keep
a head (`ChainReport.head`, or any receipt) where they cannot reach, and give it back here.

Rollups are sums for the overview and no part of the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, create_engine, event, select, union

from trueline.store.chain import Receipt
from trueline.store.chain_walk import (
    MAX_FAULTS,
    ChainReport,
    Expected,
    Fault,
    shown_id,
    walk_chain,
)
from trueline.store.crosscheck import check_categories, check_tables, is_unicode
from trueline.store.database import Database, store_error
from trueline.store.events import EventStore
from trueline.store.prune import CHECKPOINT
from trueline.store.schema import audit, chains, exchanges


@dataclass(frozen=True, slots=True)
class Verification:
    """Every chain, and faults that belong to none (tables that contradict the audit log)."""

    chains: tuple[ChainReport, ...]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults and all(chain.ok for chain in self.chains)


def verify(store: EventStore, receipts: Iterable[Receipt] = ()) -> Verification:
    """Check every record of every chain against its hash and its neighbours.

    Reads one unchanging view in a stream; writers go on meanwhile.

    Args:
        store: an open store.
        receipts: heads or receipts kept elsewhere, which the chains must still contain.

    Raises:
        StoreError: the database cannot be reached. A file that is damaged is a finding.
    """
    database = store.database
    engine = _lenient_engine(database)
    found: list[ChainReport] = []
    loose: list[Fault] = []
    try:
        with engine.connect() as connection, connection.begin():
            expected = _expectations(connection)
            for receipt in receipts:
                entry = expected.setdefault(receipt.chain_id, Expected())
                entry.heads[receipt.seq] = receipt.hash.lower()
            entries = 0
            chain_ids = _chain_ids(connection)
            loose += [
                Fault(chain_id, 0, "", "this whole chain is missing")
                for chain_id in expected
                if chain_id not in chain_ids
            ]
            for chain_id in chain_ids:
                if not is_unicode(chain_id):
                    loose.append(Fault("", 0, shown_id(chain_id), "this chain's id was changed"))
                    continue
                report = ChainReport(chain_id)
                found.append(report)
                entries += walk_chain(connection, report, expected.get(chain_id, Expected()))
            loose += [
                Fault("", 0, record_id, what)
                for record_id, what in (
                    *check_categories(connection, entries),
                    *check_tables(connection),
                )
            ][:MAX_FAULTS]
            if database.is_sqlite:
                loose += _integrity(connection)
    except database.faults as error:
        fault = store_error(database, error)
        if "is damaged" not in str(fault):
            raise fault from None
        loose.append(Fault("", 0, "", str(fault)))
    finally:
        if engine is not database.reader:
            engine.dispose()
    return Verification(tuple(found), tuple(loose))


def _lenient_engine(database: Database) -> Any:
    """A reader that hands over text that is no UTF-8, so that it can be reported."""
    if not database.is_sqlite:
        return database.reader
    engine = create_engine(
        database.reader.url,
        connect_args={"isolation_level": None, "check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:  # pyright: ignore
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore
        connection.exec_driver_sql("BEGIN")

    return engine


def _chain_ids(connection: Connection) -> list[str]:
    tables = (chains, exchanges, audit)
    query = union(*(select(table.c.chain_id).distinct() for table in tables))
    known = set(connection.execute(query).scalars())
    opened = connection.execute(select(chains.c.chain_id).order_by(chains.c.opened_us)).scalars()
    order = [chain_id for chain_id in opened if chain_id in known]
    return order + sorted(known.difference(order))


def _expectations(connection: Connection) -> dict[str, Expected]:
    expected: dict[str, Expected] = {}
    query = select(audit.c.kind, audit.c.body).where(audit.c.kind.in_((CHECKPOINT, "chain.opened")))
    for kind, body in connection.execute(query):
        try:
            said = orjson.loads(body)
            if kind == CHECKPOINT:
                _note_checkpoint(expected, said)
            else:
                for chain_id, (seq, digest) in said["heads"].items():
                    expected.setdefault(chain_id, Expected()).heads[seq] = digest
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # its own hash will not fit either
    return expected


def _note_checkpoint(expected: dict[str, Expected], said: Mapping[str, Any]) -> None:
    if said["mode"] not in {"records", "texts"}:
        return
    entry = expected.setdefault(said["chain"], Expected())
    if said["mode"] == "texts":
        entry.texts_seq = max(entry.texts_seq, said["seq"])
        return
    entry.pruned_records += said["records"]
    if said["seq"] > entry.pruned_seq:
        entry.pruned_seq, entry.pruned_hash = said["seq"], bytes.fromhex(said["hash"])


def _integrity(connection: Connection) -> list[Fault]:
    """SQLite's own check finds damage outside the rows: indexes, free pages, page links."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check(5)").fetchall()
    if [row[0] for row in rows] == ["ok"]:
        return []
    return [Fault("", 0, "", f"SQLite's integrity check found {len(rows)} fault(s) in the file")]
