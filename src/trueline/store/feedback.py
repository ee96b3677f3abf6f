"""What users say about a reply: thumbs, ratings, reports, corrections."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import insert, select, tuple_

from trueline.core.errors import InputError
from trueline.core.exchange import new_id, now
from trueline.store.batch import Change
from trueline.store.chain import SALT_BYTES, Receipt, text_digest
from trueline.store.events import EventStore
from trueline.store.rows import clean_text, microseconds, moment
from trueline.store.schema import exchanges, feedback

#: thumbs: -1 or 1. rating: 1 to 5. nps: 0 to 10, "would you recommend it". report: a reason.
#: correction: the right answer in `text`.
FeedbackKind = Literal["thumbs", "rating", "nps", "report", "correction"]
KINDS: tuple[FeedbackKind, ...] = get_args(FeedbackKind)
VALUES: Mapping[str, range | tuple[int, ...]] = {
    "thumbs": (-1, 1),
    "rating": range(1, 6),
    "nps": range(11),
}
_REASON = re.compile(r"[a-z0-9_.-]{0,64}")
MAX_TEXT = 100_000
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One remark on one exchange.

    `value` is the thumb, rating or score (see `VALUES`); `reason` is a short code such as
    `harmful`; `text` is in the user's words, already reduced as the policy says.
    """

    exchange_id: str
    kind: FeedbackKind
    value: float | None = None
    reason: str = ""
    text: str = ""
    key_id: str = ""
    id: str = field(default_factory=new_id)
    time: datetime = field(default_factory=now)

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "id": self.id,
            "exchange_id": self.exchange_id,
            "time": self.time.isoformat(timespec="microseconds"),
            "kind": self.kind,
            "value": self.value,
            "reason": self.reason,
            "text": self.text,
            "key_id": self.key_id,
        }


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """Some feedback, newest first; `cursor` fetches what comes after, empty at the end."""

    items: tuple[Feedback, ...]
    cursor: str = ""


def feedback_change(item: Feedback) -> Change:
    """The audit event and the row of one remark, for `EventStore.change`.

    Raises:
        InputError: an unknown kind, a reason that is no code, a text too long.
    """
    _check(item)
    text = clean_text(item.text)
    salt = os.urandom(SALT_BYTES) if text else b""
    row: dict[str, Any] = {
        "id": item.id,
        "exchange_id": item.exchange_id,
        "time_us": microseconds(item.time),
        "kind": item.kind,
        "value": None if item.value is None else float(item.value),
        "reason": item.reason,
        "key_id": item.key_id,
        "text_digest": text_digest(text, salt, b"feedback"),
        "text_salt": salt,
        "text": text,
    }
    statement = insert(feedback).values(**row)
    return Change("feedback", item.id, row["time_us"], feedback_body(row), (statement,))


def add_feedback(store: EventStore, item: Feedback) -> Future[Receipt]:
    """Store one remark; the future is resolved when it is durable.

    Raises:
        InputError: a remark that cannot be used, or on an exchange the store does not have.
        StoreError: the store cannot be used.
    """
    change = feedback_change(item)
    with store.reading() as connection:
        known = connection.execute(
            select(exchanges.c.id).where(exchanges.c.id == item.exchange_id)
        ).one_or_none()
    if known is None:
        raise InputError("there is no exchange with this id; give the id of the reply")
    return store.change(change)


def list_feedback(
    store: EventStore,
    *,
    exchange_id: str = "",
    kind: str = "",
    since: datetime | None = None,
    cursor: str = "",
    limit: int = 50,
) -> FeedbackPage:
    """Feedback that matches, newest first.

    Raises:
        InputError: a cursor or limit that cannot be used.
        StoreError: the store cannot be read.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"limit must be from 1 to {MAX_LIMIT} (got {limit})")
    columns = feedback.c
    query = select(feedback).order_by(columns.time_us.desc(), columns.id.desc())
    if exchange_id:
        query = query.where(columns.exchange_id == exchange_id)
    if kind:
        query = query.where(columns.kind == kind)
    if since is not None:
        query = query.where(columns.time_us >= microseconds(since))
    if cursor:
        time_us, _, last_id = cursor.partition(".")
        if not time_us.isascii() or not time_us.isdigit() or len(time_us) > 18:
            raise InputError("this is not a cursor of this store; start again without one")
        query = query.where(tuple_(columns.time_us, columns.id) < tuple_(int(time_us), last_id))
    with store.reading() as connection:
        rows = connection.execute(query.limit(limit + 1)).mappings().all()
    items = tuple(_item(row) for row in rows[:limit])
    if len(rows) <= limit:
        return FeedbackPage(items)
    last = rows[limit - 1]
    return FeedbackPage(items, f"{last['time_us']}.{last['id']}")


def feedback_body(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What the audit log keeps of a remark: all but its words."""
    body = {
        name: row[name]
        for name in ("id", "exchange_id", "time_us", "kind", "value", "reason", "key_id")
    }
    body["text_digest"] = bytes(row["text_digest"]).hex()
    return body


def _item(row: Mapping[Any, Any]) -> Feedback:
    return Feedback(
        id=row["id"],
        exchange_id=row["exchange_id"],
        time=moment(row["time_us"]),
        kind=row["kind"],
        value=row["value"],
        reason=row["reason"],
        text=row["text"] or "",
        key_id=row["key_id"],
    )


def _check(item: Feedback) -> None:
    if item.kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}")
    if not _REASON.fullmatch(item.reason):
        raise InputError(
            "reason must be a code of up to 64 of the characters a-z 0-9 _ . -; words go into text"
        )
    if len(item.text) > MAX_TEXT:
        raise InputError(f"text must have at most {MAX_TEXT} characters (got {len(item.text)})")
    allowed = VALUES.get(item.kind)
    if allowed is None:
        if item.value is not None:
            raise InputError(f"a {item.kind} has no value (got {item.value:g})")
    elif item.value not in allowed:
        told = "-1 or 1" if item.kind == "thumbs" else f"from {allowed[0]} to {allowed[-1]}"
        raise InputError(f"the value of {item.kind} must be {told} (got {_shown(item.value)})")
    if item.kind == "report" and not item.reason:
        raise InputError("a report needs a reason, a code such as harmful or wrong")


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
