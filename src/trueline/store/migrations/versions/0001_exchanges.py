"""Exchanges with their categories, audit events and the chains that hold them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False)


def _real(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", sa.Text, primary_key=True),
        _whole("time_us"),
        _text("route"),
        _text("key_id"),
        _text("model"),
        _text("upstream"),
        _small("stream"),
        _small("shadow"),
        _small("action"),
        _small("prompt_action"),
        _small("reply_action"),
        _text("categories"),
        _text("scores"),
        _text("policy_name"),
        _text("policy_hash"),
        _text("language"),
        sa.Column("status", sa.Integer, nullable=False),
        _text("error"),
        _real("latency_ms"),
        _real("guard_ms"),
        _real("upstream_ms"),
        _whole("prompt_chars"),
        _whole("reply_chars"),
        _text("end_user"),
        _text("attributes"),
        _bytes("prompt_digest"),
        _bytes("reply_digest"),
        _bytes("text_salt", nullable=True),
        _text("prompt_text", nullable=True),
        _text("reply_text", nullable=True),
        _text("chain_id"),
        _whole("seq"),
        _bytes("prev_hash"),
        _bytes("hash"),
        sa.UniqueConstraint("chain_id", "seq", name="uq_exchanges_chain"),
    )
    op.create_index("ix_exchanges_time", "exchanges", ["time_us"])
    op.create_index("ix_exchanges_key", "exchanges", ["key_id", "time_us"])
    op.create_index("ix_exchanges_language", "exchanges", ["language", "time_us"])
    acted, failed = sa.text("action > 0"), sa.text("error <> ''")
    op.create_index(
        "ix_exchanges_action",
        "exchanges",
        ["action", "time_us"],
        sqlite_where=acted,
        postgresql_where=acted,
    )
    op.create_index(
        "ix_exchanges_error",
        "exchanges",
        ["time_us"],
        sqlite_where=failed,
        postgresql_where=failed,
    )
    op.create_table(
        "exchange_categories",
        _text("category"),
        _whole("time_us"),
        _text("exchange_id"),
        sa.PrimaryKeyConstraint("category", "time_us", "exchange_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Text, primary_key=True),
        _whole("time_us"),
        _text("kind"),
        _text("record_id"),
        _text("body"),
        _text("chain_id"),
        _whole("seq"),
        _bytes("prev_hash"),
        _bytes("hash"),
        sa.UniqueConstraint("chain_id", "seq", name="uq_audit_chain"),
    )
    op.create_index("ix_audit_kind", "audit", ["kind", "time_us"])
    op.create_index("ix_audit_record", "audit", ["record_id", "time_us"])
    op.create_table(
        "chains",
        sa.Column("chain_id", sa.Text, primary_key=True),
        _whole("opened_us"),
        _whole("seq"),
        _bytes("hash"),
    )
