"""The tables of the event store.

Times are microseconds since 1970 (UTC) in 64-bit integers and flags are 0 or 1, so that
SQLite and PostgreSQL hold, sort and hash the same values. JSON is kept as the text that was
hashed. `migrations/` creates these tables; a test holds the two together.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("time_us", BigInteger, nullable=False),
    Column("route", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("upstream", Text, nullable=False),
    Column("stream", SmallInteger, nullable=False),
    Column("shadow", SmallInteger, nullable=False),
    Column("action", SmallInteger, nullable=False),
    Column("prompt_action", SmallInteger, nullable=False),
    Column("reply_action", SmallInteger, nullable=False),
    Column("categories", Text, nullable=False),
    Column("scores", Text, nullable=False),
    Column("policy_name", Text, nullable=False),
    Column("policy_hash", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("latency_ms", Double, nullable=False),
    Column("guard_ms", Double, nullable=False),
    Column("upstream_ms", Double, nullable=False),
    Column("prompt_chars", BigInteger, nullable=False),
    Column("reply_chars", BigInteger, nullable=False),
    Column("end_user", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    # Salted digests stand for the texts in the hash chain; salt and texts go when pruned.
    Column("prompt_digest", LargeBinary, nullable=False),
    Column("reply_digest", LargeBinary, nullable=False),
    Column("text_salt", LargeBinary),
    Column("prompt_text", Text),
    Column("reply_text", Text),
    Column("chain_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("chain_id", "seq", name="uq_exchanges_chain"),
    Index("ix_exchanges_time", "time_us"),
    Index("ix_exchanges_key", "key_id", "time_us"),
    Index("ix_exchanges_language", "language", "time_us"),
    # Most traffic is allowed and without error: only the rest is worth an index entry.
    Index(
        "ix_exchanges_action",
        "action",
        "time_us",
        sqlite_where=text("action > 0"),
        postgresql_where=text("action > 0"),
    ),
    Index(
        "ix_exchanges_error",
        "time_us",
        sqlite_where=text("error <> ''"),
        postgresql_where=text("error <> ''"),
    ),
)

exchange_categories = Table(
    "exchange_categories",
    metadata,
    Column("category", Text, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("exchange_id", Text, nullable=False),
    PrimaryKeyConstraint("category", "time_us", "exchange_id"),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("time_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("chain_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("chain_id", "seq", name="uq_audit_chain"),
    Index("ix_audit_kind", "kind", "time_us"),
    Index("ix_audit_record", "record_id", "time_us"),
)

chains = Table(
    "chains",
    metadata,
    Column("chain_id", Text, primary_key=True),
    Column("opened_us", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("exchange_id", Text, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Double),
    Column("reason", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("text_digest", LargeBinary, nullable=False),
    Column("text_salt", LargeBinary),
    Column("text", Text),
    Index("ix_feedback_exchange", "exchange_id"),
    Index("ix_feedback_time", "time_us"),
    Index("ix_feedback_kind", "kind", "time_us"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("hint", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("rate_limit", Integer),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("last_used_us", BigInteger),
)

policies = Table(
    "policies",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("yaml", Text, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Index("ix_policies_time", "time_us"),
)

rollups = Table(
    "rollups",
    metadata,
    Column("width", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("chain_id", Text, nullable=False),
    Column("counts", Text, nullable=False),
    PrimaryKeyConstraint("width", "start", "chain_id"),
    sqlite_with_rowid=False,
)

# What the monitor remembers of a stream between looks: `cursor` holds the last sequence number
# read of every chain, so that no event is counted twice and none is missed.
watches = Table(
    "watches",
    metadata,
    Column("name", Text, primary_key=True),
    Column("rule_hash", Text, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
)

# Who does a job that only one process may do, and until when.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("facts", Text, nullable=False),
    Column("acknowledged_by", Text, nullable=False),
    Column("resolved_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("delivered", Text, nullable=False),
    Index("ix_alarms_state", "state", "opened_us"),
    Index("ix_alarms_rule", "rule", "opened_us"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

# `probability` is the chance with which the item was drawn at random; NULL for items that were
# picked for a reason and so say nothing about rates.
review_items = Table(
    "review_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("exchange_id", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("drawn_for", Text, nullable=False),
    Column("probability", Double),
    Column("priority", Double, nullable=False),
    Column("drawn_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("closed_us", BigInteger),
    UniqueConstraint("exchange_id", "part", "drawn_for", name="uq_review_items"),
    Index("ix_review_items_state", "state", "priority"),
    Index("ix_review_items_drawn", "drawn_us"),
)

review_labels = Table(
    "review_labels",
    metadata,
    Column("item_id", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("adjudicates", SmallInteger, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("item_id", "reviewer"),
    Index("ix_review_labels_time", "time_us"),
)

# A version of the policy on its way: proposed, approved, canary, active, rejected, rolled_back.
policy_versions = Table(
    "policy_versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("policy", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("parent_hash", Text, nullable=False),
    Column("yaml", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("share", Double, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("decided_us", BigInteger),
    Index("ix_policy_versions_state", "state", "created_us"),
)
