"""Walk one chain and find what was changed, taken out, put in twice or moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

import orjson
from sqlalchemy import Connection, select

from trueline.store.chain import GENESIS, body_hash, link, text_digest
from trueline.store.crosscheck import category_sum
from trueline.store.rows import PLAIN_COLUMNS, exchange_body
from trueline.store.schema import audit, chains, exchanges

MAX_FAULTS = 100
_CHUNK = 500
_AUDIT_PLAIN = ("id", "time_us", "kind", "record_id", "body")
_CHANGED = "its content was changed after it was written"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written."""

    chain_id: str
    seq: int
    record_id: str
    what: str

    def __str__(self) -> str:
        where = [f"chain {self.chain_id}"] if self.chain_id else []
        if self.seq:
            where.append(f"seq {self.seq}")
        if self.record_id:
            where.append(f"id {self.record_id}")
        return f"{', '.join(where)}: {self.what}" if where else self.what


@dataclass(slots=True)
class ChainReport:
    """What was found in one chain.

    `records` counts those present, `pruned` those removed with a checkpoint. At most
    `MAX_FAULTS` faults are named; `more_faults` counts the rest.
    """

    chain_id: str
    records: int = 0
    pruned: int = 0
    last_seq: int = 0
    head: str = ""
    faults: list[Fault] = field(default_factory=list[Fault])
    more_faults: int = 0

    @property
    def ok(self) -> bool:
        return not self.faults

    def add(self, seq: int, record_id: str, what: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(self.chain_id, seq, record_id, what))
        else:
            self.more_faults += 1


@dataclass(slots=True)
class Expected:
    """What other records say about a chain."""

    pruned_seq: int = 0
    pruned_hash: bytes = b""
    pruned_records: int = 0
    texts_seq: int = 0
    heads: dict[int, str] = field(default_factory=dict[int, str])


def walk_chain(connection: Connection, report: ChainReport, expected: Expected) -> int:
    """Check one chain; returns the sum of its exchanges' category entries."""
    entries, gap = 0, 0
    previous: bytes | None = GENESIS
    seq = 0
    for row in _records(connection, report.chain_id):
        is_exchange = "prompt_text" in row
        if row["seq"] == seq:
            report.add(seq, shown_id(row["id"]), "there are two records at this place")
        elif row["seq"] != seq + 1:
            first, last = seq + 1, row["seq"] - 1
            allowed = max(0, min(last, expected.pruned_seq) - first + 1)
            gap += allowed
            if last - first + 1 > allowed:
                report.add(first + allowed, "", _missing(first + allowed, last))
            previous = expected.pruned_hash if last == expected.pruned_seq else None
        seq = row["seq"]
        report.records += 1
        if previous is not None and bytes(row["prev_hash"]) != previous:
            report.add(seq, shown_id(row["id"]), "it does not follow the record before it")
        what = _exchange_fault(row, expected) if is_exchange else _audit_fault(row)
        if what:
            report.add(seq, shown_id(row["id"]), what)
        if is_exchange:
            entries += _entries(row)
        previous = bytes(row["hash"])
        if expected.heads.get(seq, previous.hex()) != previous.hex():
            report.add(
                seq, shown_id(row["id"]), "a later chain or a kept receipt names another record"
            )
    if expected.pruned_seq > seq:
        gap += expected.pruned_seq - seq
        seq, previous = expected.pruned_seq, expected.pruned_hash
    report.last_seq, report.pruned = seq, gap
    report.head = (previous or b"").hex()
    if gap != expected.pruned_records:
        report.add(0, "", f"{gap} records are gone, but {expected.pruned_records} were pruned")
    _check_head(connection, report, expected)
    return entries


def _records(connection: Connection, chain_id: str) -> Iterator[Mapping[Any, Any]]:
    streams = [
        connection.execute(
            select(table)
            .where(table.c.chain_id == chain_id)
            .order_by(table.c.seq)
            .execution_options(yield_per=_CHUNK)
        ).mappings()
        for table in (exchanges, audit)
    ]
    return merge(*streams, key=lambda row: row["seq"])


def _exchange_fault(row: Mapping[Any, Any], expected: Expected) -> str:
    plain = tuple(row[name] for name in PLAIN_COLUMNS)
    try:
        body = exchange_body(plain, row["prompt_digest"], row["reply_digest"])
        same = _linked(row, body)
    except (TypeError, ValueError, AttributeError):
        same = False
    return _text_fault(row, expected) if same else _CHANGED


def _text_fault(row: Mapping[Any, Any], expected: Expected) -> str:
    salt, prompt, reply = row["text_salt"], row["prompt_text"], row["reply_text"]
    if salt is None and prompt is None and reply is None:
        if row["seq"] <= expected.texts_seq:
            return ""
        return "its texts were removed without a checkpoint"
    if salt is None or prompt is None or reply is None:
        return "its texts were changed"
    try:
        kept = (
            text_digest(prompt, salt, b"prompt") == row["prompt_digest"]
            and text_digest(reply, salt, b"reply") == row["reply_digest"]
        )
        # Without a text there is nothing to salt.
        kept = kept and (bool(salt) == bool(prompt or reply))
    except (TypeError, ValueError, AttributeError):
        kept = False
    return "" if kept else "its texts were changed"


def _audit_fault(row: Mapping[Any, Any]) -> str:
    try:
        same = _linked(row, body_hash("audit", tuple(row[name] for name in _AUDIT_PLAIN)))
    except (TypeError, ValueError, AttributeError):
        same = False
    return "" if same else _CHANGED


def _linked(row: Mapping[Any, Any], body: bytes) -> bool:
    digest = link(row["chain_id"], row["seq"], row["prev_hash"], body)
    return digest == bytes(row["hash"])


def _entries(row: Mapping[Any, Any]) -> int:
    try:
        categories = dict.fromkeys(orjson.loads(row["categories"]))
    except (ValueError, TypeError):
        return 0  # reported by its hash
    return sum(category_sum(str(c), row["time_us"], row["id"]) for c in categories)


def _check_head(connection: Connection, report: ChainReport, expected: Expected) -> None:
    row = connection.execute(
        select(chains).where(chains.c.chain_id == report.chain_id)
    ).one_or_none()
    if row is None:
        report.add(0, "", "its entry in `chains` is missing")
    elif (row.seq, bytes(row.hash).hex()) != (report.last_seq, report.head):
        report.add(
            report.last_seq, "", f"the chain should end at seq {row.seq}, with another record"
        )
    else:
        opened = connection.execute(
            select(audit.c.time_us).where(audit.c.chain_id == report.chain_id, audit.c.seq == 1)
        ).scalar()
        if opened != row.opened_us:
            report.add(1, "", "its opening does not say what `chains` says")
    beyond = [seq for seq in expected.heads if seq > report.last_seq]
    if beyond:
        report.add(
            max(beyond), "", "a later chain or a kept receipt names this record; it was cut off"
        )


def _missing(first: int, last: int) -> str:
    return "this record is missing" if first == last else f"records up to {last} are missing"


def shown_id(record_id: Any) -> str:
    """An id as it may be printed, even when it was tampered with."""
    return ascii(record_id)[1:-1][:64]
