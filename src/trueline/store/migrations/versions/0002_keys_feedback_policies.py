"""API keys, feedback and the policies that were in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("text_digest", sa.LargeBinary, nullable=False),
        sa.Column("text_salt", sa.LargeBinary),
        sa.Column("text", sa.Text),
    )
    op.create_index("ix_feedback_exchange", "feedback", ["exchange_id"])
    op.create_index("ix_feedback_time", "feedback", ["time_us"])
    op.create_index("ix_feedback_kind", "feedback", ["kind", "time_us"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("rate_limit", sa.Integer),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("revoked_us", sa.BigInteger),
        sa.Column("last_used_us", sa.BigInteger),
    )
    op.create_table(
        "policies",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("yaml", sa.Text, nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
    )
    op.create_index("ix_policies_time", "policies", ["time_us"])
