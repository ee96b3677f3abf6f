"""Counts per minute and hour; what is already stored is counted once, here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from trueline.core.records import Action
from trueline.store.rollups import Tally, add_counts, dump_counts, empty_counts

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STORED = sa.text(
    "SELECT chain_id, time_us, action, categories, language, error, shadow, latency_ms,"
    " guard_ms FROM exchanges WHERE chain_id = :chain_id"
)


def upgrade() -> None:
    rollups = op.create_table(
        "rollups",
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("chain_id", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("width", "start", "chain_id"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for (chain_id,) in connection.execute(sa.text("SELECT chain_id FROM chains")).fetchall():
        rows = [
            {"width": width, "start": start, "chain_id": chain_id, "counts": dump_counts(counts)}
            for (width, start), counts in _counted(connection, chain_id).items()
        ]
        if rows:
            connection.execute(rollups.insert(), rows)


def _counted(connection: sa.Connection, chain_id: str) -> dict[tuple[int, int], Any]:
    totals: dict[tuple[int, int], Any] = {}
    for tally in _tallies(connection, chain_id):
        for key, counts in tally.rows().items():
            totals[key] = add_counts(totals.get(key, empty_counts()), counts)
    return totals


def _tallies(connection: sa.Connection, chain_id: str) -> Iterator[Tally]:
    stored = connection.execute(_STORED.execution_options(yield_per=1000), {"chain_id": chain_id})
    for partition in stored.partitions():
        tally = Tally()
        for row in partition:
            tally.add(
                row.time_us // 1_000_000,
                str(Action(row.action)),
                json.loads(row.categories),
                row.language,
                row.error,
                bool(row.shadow),
                row.latency_ms,
                row.guard_ms,
            )
        yield tally
