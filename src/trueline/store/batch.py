"""What one commit writes: exchanges, audit events and the counts, linked into the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.sql.dml import UpdateBase

from trueline.core.exchange import Exchange, new_id
from trueline.core.records import Action
from trueline.core.violation import broke_policy, model_was_asked, reply_categories
from trueline.store.chain import Head, Receipt, body_hash, link
from trueline.store.rollups import Tally, strata
from trueline.store.rows import COLUMNS, Plain, Row, exchange_values

_ACTIONS = tuple(str(action) for action in Action)
AUDIT_COLUMNS = (
    "id",
    "time_us",
    "kind",
    "record_id",
    "body",
    "chain_id",
    "seq",
    "prev_hash",
    "hash",
)


@dataclass(frozen=True, slots=True)
class Change:
    """An audit event and the statements that make the change it tells of.

    `body` is hashed into the chain and holds no user text. A statement with a list of
    parameters is run once for each of them. With `must_match` the change is refused, and nothing
    of it written, when a statement finds no row.
    """

    kind: str
    record_id: str
    time_us: int
    body: dict[str, Any]
    statements: Sequence[UpdateBase | tuple[UpdateBase, list[dict[str, Any]]]] = ()
    id: str = field(default_factory=new_id)
    must_match: bool = False


@dataclass(slots=True)
class Prepared:
    """An exchange as columns, ready for its place in a chain."""

    id: str
    plain: Plain
    texts: Row
    body: bytes
    categories: tuple[str, ...]


def prepare(exchange: Exchange) -> Prepared:
    """The columns of an exchange.

    Raises:
        InputError: a value that cannot be stored.
    """
    plain, texts, body = exchange_values(exchange)
    categories: tuple[str, ...] = ()
    if exchange.categories:
        categories = tuple(dict.fromkeys(orjson.loads(plain[11])))
    return Prepared(plain[0], plain, texts, body, categories)


@dataclass(slots=True)
class Batch:
    """Rows of one commit and the head of the chain after it."""

    head: Head
    exchanges: list[Row] = field(default_factory=list[Row])
    categories: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    audit: list[Row] = field(default_factory=list[Row])
    changes: list[Change] = field(default_factory=list[Change])
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    tally: Tally = field(default_factory=Tally)


def build_batch(entries: Sequence[Prepared | Change], head: Head) -> Batch:
    """Link entries behind `head`, in their order."""
    batch = Batch(head)
    chain_id, seq, digest = head.chain_id, head.seq, head.hash
    tally = batch.tally
    for entry in entries:
        seq += 1
        if isinstance(entry, Prepared):
            plain = entry.plain
            previous, digest = digest, link(chain_id, seq, digest, entry.body)
            batch.exchanges.append((*plain, *entry.texts, chain_id, seq, previous, digest))
            for category in entry.categories:
                batch.categories.append((category, plain[1], entry.id))
            tally.add(
                plain[1] // 1_000_000,
                _ACTIONS[plain[8]],
                entry.categories,
                plain[15],
                plain[17],
                plain[7],
                plain[18],
                plain[19],
                *_strata(plain),
            )
        else:
            row = audit_row(entry, chain_id, seq, digest)
            batch.audit.append(row)
            batch.changes.append(entry)
            digest = row[-1]
        batch.receipts.append(Receipt(chain_id, seq, digest.hex()))
    batch.head = Head(chain_id, seq, digest)
    return batch


def _strata(plain: Plain) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Strata in which the model was asked, and in which its reply broke the policy."""
    if not model_was_asked(plain[17], plain[22], bool(plain[7]), plain[9]):
        return (), ()
    asked = strata(plain[15], plain[2], plain[3], plain[4])
    if not broke_policy(plain[10]):
        return asked, ()
    categories = reply_categories(orjson.loads(plain[12]))
    return asked, (*asked, *(f"c:{category}" for category in sorted(categories)))


def audit_row(change: Change, chain_id: str, seq: int, prev_hash: bytes) -> Row:
    """The columns of an audit event in the order of `AUDIT_COLUMNS`."""
    body = orjson.dumps(change.body, option=orjson.OPT_SORT_KEYS).decode()
    plain = (change.id, change.time_us, change.kind, change.record_id, body)
    digest = link(chain_id, seq, prev_hash, body_hash("audit", plain))
    return (*plain, chain_id, seq, prev_hash, digest)


def insert_sql(table: str, columns: Sequence[str], placeholder: str) -> str:
    """A plain INSERT for the driver's `executemany`."""
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - our own names only
        f"VALUES ({', '.join(placeholder for _ in columns)})"
    )


@dataclass(frozen=True)
class Statements:
    """The SQL of the hot path, in the driver's own parameter style."""

    exchanges: str
    copy: str
    categories: str
    audit: str
    rollups: str
    head: str

    @classmethod
    def of(cls, placeholder: str) -> Statements:
        mark = placeholder
        return cls(
            exchanges=insert_sql("exchanges", COLUMNS, mark),
            copy=f"COPY exchanges ({', '.join(COLUMNS)}) FROM STDIN",
            categories=insert_sql(
                "exchange_categories", ("category", "time_us", "exchange_id"), mark
            ),
            audit=insert_sql("audit", AUDIT_COLUMNS, mark),
            rollups=insert_sql("rollups", ("width", "start", "chain_id", "counts"), mark)
            + " ON CONFLICT (width, start, chain_id) DO UPDATE SET counts = excluded.counts",
            head=f"UPDATE chains SET seq = {mark}, hash = {mark} "  # noqa: S608
            f"WHERE chain_id = {mark} AND seq = {mark}",
        )
