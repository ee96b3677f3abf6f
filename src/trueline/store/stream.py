"""Exchanges in the order they were written, from where one stopped reading.

The order is that of each chain, so a clock that steps back, a record that comes late and a
process that starts again neither repeat an event nor skip one.

    >>> Cursor({"a": 7}).as_json()
    '{"a":7}'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from trueline.core.records import Action
from trueline.store.events import EventStore
from trueline.store.schema import chains, exchanges

#: Rows read at once.
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last sequence number read of every chain; chains not named are unread."""

    read: Mapping[str, int] = field(default_factory=dict[str, int])

    def as_json(self) -> str:
        """The form that is stored."""
        return orjson.dumps(dict(self.read), option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def from_json(cls, stored: str) -> Cursor:
        """The cursor that `as_json` wrote."""
        return cls(orjson.loads(stored))


@dataclass(frozen=True, slots=True)
class Observed:
    """What is watched of one exchange; it holds no text.

    Times are microseconds since 1970 (UTC). `scores` are the stored scores by channel; empty
    unless they were asked for.
    """

    id: str
    time_us: int
    route: str
    key_id: str
    model: str
    language: str
    action: Action
    prompt_action: Action
    reply_action: Action
    categories: tuple[str, ...]
    policy_hash: str
    status: int
    error: str
    shadow: bool
    latency_ms: float
    guard_ms: float
    upstream_ms: float
    prompt_chars: int
    reply_chars: int
    attributes: Mapping[str, Any]
    scores: Mapping[str, Any]


_NAMES = (
    "id", "time_us", "route", "key_id", "model", "language", "action", "prompt_action",
    "reply_action", "categories", "policy_hash", "status", "error", "shadow", "latency_ms",
    "guard_ms", "upstream_ms", "prompt_chars", "reply_chars", "attributes",
)  # fmt: skip


def newest(store: EventStore) -> Cursor:
    """Where every chain ends now; reading from here meets new exchanges only."""
    with store.reading() as connection:
        rows = connection.execute(select(chains.c.chain_id, chains.c.seq))
        return Cursor({row.chain_id: row.seq for row in rows})


def read_after(
    store: EventStore, cursor: Cursor, *, scores: bool = False, limit: int = BATCH
) -> tuple[list[Observed], Cursor]:
    """The next exchanges, chain by chain in the order written, and the cursor behind them.

    Args:
        store: an open store.
        cursor: where the last call stopped; `Cursor()` reads from the beginning.
        scores: read the stored scores as well.
        limit: most exchanges in one answer; fewer mean that nothing is left.
    """
    found: list[Observed] = []
    read = dict(cursor.read)
    with store.reading() as connection:
        heads = connection.execute(
            select(chains.c.chain_id, chains.c.seq).order_by(chains.c.opened_us, chains.c.chain_id)
        ).all()
        for chain_id, head in heads:
            if len(found) >= limit:
                break
            if head <= read.get(chain_id, 0):
                continue
            rows = _chain_rows(
                connection, chain_id, read.get(chain_id, 0), limit - len(found), scores
            )
            found += [observed for _, observed in rows]
            # Records of other kinds lie between; an unfilled answer has seen them all.
            full = len(found) >= limit
            read[chain_id] = rows[-1][0] if full and rows else head
    return found, Cursor(read)


def count_after(store: EventStore, cursor: Cursor) -> int:
    """Exchanges that were not read yet."""
    total = 0
    with store.reading() as connection:
        for (chain_id,) in connection.execute(select(chains.c.chain_id)).all():
            total += connection.execute(
                select(func.count())
                .select_from(exchanges)
                .where(
                    exchanges.c.chain_id == chain_id,
                    exchanges.c.seq > cursor.read.get(chain_id, 0),
                )
            ).scalar_one()
    return total


def _chain_rows(
    connection: Connection, chain_id: str, after: int, limit: int, scores: bool
) -> list[tuple[int, Observed]]:
    names = (*_NAMES, "scores") if scores else _NAMES
    rows = connection.execute(
        select(exchanges.c.seq, *(exchanges.c[name] for name in names))
        .where(exchanges.c.chain_id == chain_id, exchanges.c.seq > after)
        .order_by(exchanges.c.seq)
        .limit(limit)
    )
    return [(row[0], _observed(row[1:], scores)) for row in rows]


def _observed(row: Any, scores: bool) -> Observed:
    return Observed(
        id=row[0], time_us=row[1], route=row[2], key_id=row[3], model=row[4], language=row[5],
        action=Action(row[6]), prompt_action=Action(row[7]), reply_action=Action(row[8]),
        categories=tuple(orjson.loads(row[9])) if row[9] != "[]" else (),
        policy_hash=row[10], status=row[11], error=row[12], shadow=bool(row[13]),
        latency_ms=row[14], guard_ms=row[15], upstream_ms=row[16], prompt_chars=row[17],
        reply_chars=row[18],
        attributes=orjson.loads(row[19]) if row[19] != "{}" else {},
        scores=orjson.loads(row[20]) if scores else {},
    )  # fmt: skip
