"""Tables beside the chain, held against it: category entries, feedback, keys, policies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from trueline.store.chain import text_digest
from trueline.store.feedback import feedback_body
from trueline.store.keys import key_body
from trueline.store.policies import policy_body
from trueline.store.prune import CHECKPOINT
from trueline.store.schema import (
    api_keys,
    audit,
    exchange_categories,
    exchanges,
    feedback,
    policies,
)

_CHUNK = 1000
Found = tuple[str, str]


def category_sum(category: str, time_us: Any, exchange_id: Any) -> int:
    """A number for one category entry; sums of them compare two sets without sorting."""
    entry = f"{category}\0{time_us}\0{exchange_id}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(entry, digest_size=16).digest(), "big")


def is_unicode(text: Any) -> bool:
    """Whether a text read leniently has a UTF-8 form, and so may be asked for again."""
    try:
        str(text).encode()
    except UnicodeEncodeError:
        return False
    return True


def check_categories(connection: Connection, expected: int) -> Iterator[Found]:
    """Category entries that no exchange has, or that an exchange lacks.

    Args:
        connection: one view of the database.
        expected: the sum of `category_sum` over the exchanges' own categories.
    """
    stored = connection.execute(select(exchange_categories).execution_options(yield_per=_CHUNK))
    if expected == sum(category_sum(*row) for row in stored):
        return
    columns = exchange_categories.c
    for category, time_us, exchange_id in connection.execute(select(exchange_categories)):
        if not (is_unicode(category) and is_unicode(exchange_id)):
            yield ascii(exchange_id)[1:-1][:64], "a category entry is no text"
            continue
        owner = connection.execute(
            select(exchanges.c.time_us, exchanges.c.categories).where(exchanges.c.id == exchange_id)
        ).one_or_none()
        if owner is None or owner.time_us != time_us or category not in _list(owner.categories):
            yield ascii(exchange_id)[1:-1][:64], "a category entry has no exchange"
    for row in connection.execute(
        select(exchanges.c.id, exchanges.c.time_us, exchanges.c.categories).where(
            exchanges.c.categories != "[]"
        )
    ):
        for category in _list(row.categories):
            if not is_unicode(row.id):
                continue  # reported by its hash
            entry = connection.execute(
                select(columns.category).where(
                    columns.category == category,
                    columns.time_us == row.time_us,
                    columns.exchange_id == row.id,
                )
            ).one_or_none()
            if entry is None:
                yield row.id, "a category entry of this exchange is missing"


def check_tables(connection: Connection) -> Iterator[Found]:
    """Rows of feedback, keys and policies that are not what the audit log tells."""
    yield from _check_feedback(connection)
    yield from _check_rows(connection, api_keys, "id", ("key.created", "key.revoked"), key_body)
    yield from _check_rows(connection, policies, "hash", ("policy",), policy_body, any_event=True)


def _check_feedback(connection: Connection) -> Iterator[Found]:
    removed_before, texts_before = _feedback_checkpoints(connection)
    rows = {row["id"]: row for row in connection.execute(select(feedback)).mappings()}
    for record_id, body in _events(connection, ("feedback",)):
        row = rows.pop(record_id, None)
        said = _object(body)
        if row is None:
            if said.get("time_us", 0) >= removed_before:
                yield record_id, "this feedback is missing"
            continue
        if _body(feedback_body, row) != said:
            yield record_id, "this feedback was changed"
        elif row["text_salt"] is None and row["text"] is None:
            if row["time_us"] >= texts_before:
                yield record_id, "this feedback's text was removed without a checkpoint"
        elif not _text_kept(row):
            yield record_id, "this feedback's text was changed"
    for record_id in rows:
        yield ascii(record_id)[1:-1][:64], "the audit log knows nothing of this feedback"


def _feedback_checkpoints(connection: Connection) -> tuple[int, int]:
    removed_before = texts_before = -(2**63)
    for _, body in _events(connection, (CHECKPOINT,)):
        said = _object(body)
        if said.get("mode") == "feedback":
            removed_before = max(removed_before, said["before_us"])
        elif said.get("mode") == "feedback_texts":
            texts_before = max(texts_before, said["before_us"])
    return removed_before, texts_before


def _text_kept(row: Mapping[Any, Any]) -> bool:
    try:
        same = text_digest(row["text"], row["text_salt"], b"feedback") == row["text_digest"]
    except (TypeError, ValueError, AttributeError):
        return False
    return same and bool(row["text_salt"]) == bool(row["text"])


def _check_rows(
    connection: Connection,
    table: Table,
    key: str,
    kinds: tuple[str, ...],
    body_of: Callable[[Mapping[Any, Any]], dict[str, Any]],
    *,
    any_event: bool = False,
) -> Iterator[Found]:
    """Each row must say what its last event says (or, with `any_event`, one of them)."""
    told: dict[str, list[dict[str, Any]]] = {}
    for record_id, body in _events(connection, kinds):
        told.setdefault(record_id, []).append(_object(body))
    name = table.name
    for row in connection.execute(select(table)).mappings():
        events = told.pop(row[key], None)
        shown = ascii(row[key])[1:-1][:64]
        if events is None:
            yield shown, f"the audit log knows nothing of this row of {name}"
        elif _body(body_of, row) not in (events if any_event else events[-1:]):
            yield shown, f"this row of {name} is not what the audit log tells"
    for record_id in told:
        yield ascii(record_id)[1:-1][:64], f"this row of {name} is missing"


def _events(connection: Connection, kinds: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    rows = connection.execute(
        select(audit.c.record_id, audit.c.body)
        .where(audit.c.kind.in_(kinds))
        .order_by(audit.c.time_us, audit.c.id)
    )
    for row in rows:
        yield row.record_id, row.body


def _body(
    body_of: Callable[[Mapping[Any, Any]], dict[str, Any]], row: Mapping[Any, Any]
) -> dict[str, Any]:
    try:
        return body_of(row)
    except (TypeError, ValueError, AttributeError):
        return {}


def _object(body: str) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _list(text: str) -> list[str]:
    try:
        said = orjson.loads(text)
    except ValueError:
        return []
    return list(dict.fromkeys(said)) if isinstance(said, list) else []
