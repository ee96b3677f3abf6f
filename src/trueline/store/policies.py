"""Policies that were in force: each version once, by its content hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from trueline.core.exchange import now
from trueline.store.batch import Change
from trueline.store.chain import Receipt
from trueline.store.events import EventStore
from trueline.store.rows import clean_text, microseconds, moment
from trueline.store.schema import policies


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy as it was first put in force; `author` is who did, as far as known."""

    hash: str
    name: str
    yaml: str
    time: datetime
    author: str


def save_policy(
    store: EventStore, *, hash: str, name: str, yaml: str, author: str = ""
) -> Future[Receipt]:
    """Note that a policy is in force from now; its text is kept once.

    Args:
        store: an open store.
        hash: the policy's content hash.
        name: the policy's name.
        yaml: the file as it stands.
        author: who put it in force.
    """
    time_us = microseconds(now())
    row: dict[str, Any] = {
        "hash": hash,
        "name": clean_text(name),
        "yaml": clean_text(yaml),
        "time_us": time_us,
        "author": clean_text(author),
    }
    dialect = sqlite if store.database.is_sqlite else postgresql
    statement = dialect.insert(policies).values(**row).on_conflict_do_nothing()
    return store.change(Change("policy", hash, time_us, policy_body(row), (statement,)))


def list_policies(store: EventStore) -> list[StoredPolicy]:
    """Every policy that was ever in force, newest first."""
    with store.reading() as connection:
        rows = connection.execute(
            select(policies).order_by(policies.c.time_us.desc(), policies.c.hash)
        )
        return [_policy(row) for row in rows.mappings()]


def get_policy(store: EventStore, hash: str) -> StoredPolicy | None:
    """One policy by its content hash."""
    with store.reading() as connection:
        row = (
            connection.execute(select(policies).where(policies.c.hash == hash))
            .mappings()
            .one_or_none()
        )
    return None if row is None else _policy(row)


def policy_body(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What the audit log keeps of a policy: its text as a hash."""
    body = {name: row[name] for name in ("hash", "name", "time_us", "author")}
    body["yaml_sha256"] = hashlib.sha256(row["yaml"].encode()).hexdigest()
    return body


def _policy(row: Mapping[Any, Any]) -> StoredPolicy:
    return StoredPolicy(
        hash=row["hash"],
        name=row["name"],
        yaml=row["yaml"],
        time=moment(row["time_us"]),
        author=row["author"],
    )
