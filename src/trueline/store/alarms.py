"""Alarms from the moment they are raised until someone has dealt with them; and silences.

An alarm of a rule that is raised again while one is open is the same alarm, met once more.
Every step is an audit record in the chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

import orjson
from sqlalchemy import Update, func, insert, select, update
from sqlalchemy.sql.dml import UpdateBase

from trueline.core.errors import InputError
from trueline.core.exchange import new_id, now
from trueline.store.batch import Change
from trueline.store.chain import Receipt
from trueline.store.events import EventStore
from trueline.store.rows import clean_text, microseconds, moment
from trueline.store.schema import alarms, silences

#: `open`: nobody has looked. `acknowledged`: someone is on it. `recovered`: the measure is back
#: in order, nobody has looked. `resolved`: over and done with.
AlarmState = Literal["open", "acknowledged", "recovered", "resolved"]
Severity = Literal["page", "notice"]
STATES: tuple[AlarmState, ...] = get_args(AlarmState)
LIVE: tuple[AlarmState, ...] = ("open", "acknowledged", "recovered")
MAX_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a rule found.

    `facts` are the numbers behind it, by name; no text of a user. `times` counts how often it
    was raised while open. `delivered` says by channel what became of the message.
    """

    rule: str
    severity: Severity = "page"
    state: AlarmState = "open"
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    times: int = 1
    id: str = field(default_factory=new_id)
    opened: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    acknowledged_by: str = ""
    resolved_by: str = ""
    reason: str = ""
    delivered: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "id": self.id,
            "rule": self.rule,
            "severity": self.severity,
            "state": self.state,
            "opened": self.opened.isoformat(timespec="seconds"),
            "updated": self.updated.isoformat(timespec="seconds"),
            "times": self.times,
            "facts": dict(self.facts),
            "acknowledged_by": self.acknowledged_by,
            "resolved_by": self.resolved_by,
            "reason": self.reason,
            "delivered": dict(self.delivered),
        }


@dataclass(frozen=True, slots=True)
class Silence:
    """No message for a rule (`*` for all) until a moment; alarms are still recorded."""

    rule: str
    until: datetime
    author: str = ""
    reason: str = ""
    id: str = field(default_factory=new_id)


def found_change(
    raised: Sequence[Alarm],
    again: Sequence[tuple[Alarm, Mapping[str, Any]]] = (),
    recovered: Sequence[Alarm] = (),
    also: Sequence[UpdateBase] = (),
) -> Change:
    """All that one look found, as one change: it is stored whole or not at all.

    Args:
        raised: new alarms.
        again: open alarms met once more, with the facts of now.
        recovered: alarms whose measure is back in order.
        also: what must be stored with them, such as how far was read.
    """
    moment_us = microseconds(now())
    rows = [_row(alarm) for alarm in raised]
    statements: list[UpdateBase] = [insert(alarms).values(**row) for row in rows]
    met: list[dict[str, Any]] = []
    for alarm, facts in again:
        state = "open" if alarm.state == "recovered" else alarm.state
        row = {
            "times": alarm.times + 1, "facts": _dump(facts), "state": state,
            "updated_us": moment_us,
        }  # fmt: skip
        statements.append(_update(alarm.id, row).where(alarms.c.state != "resolved"))
        met.append({"id": alarm.id, **row})
    for alarm in recovered:
        back: dict[str, Any] = {"state": "recovered", "updated_us": moment_us}
        statements.append(_update(alarm.id, back).where(alarms.c.state == "open"))
        met.append({"id": alarm.id, **back})
    body = {"raised": rows, "met": met}
    first = str((rows or met or [{"id": ""}])[0]["id"])
    return Change("alarms.found", first, moment_us, body, (*statements, *also))


def step(
    store: EventStore, alarm_id: str, state: AlarmState, *, author: str, reason: str = ""
) -> Future[Receipt]:
    """Acknowledge, recover or resolve an alarm.

    Raises:
        InputError: no such alarm, one that is resolved already, or a reason too long.
        StoreError: the store cannot be used.
    """
    if len(reason) > MAX_REASON:
        raise InputError(f"the reason may have {MAX_REASON} characters (got {len(reason)})")
    alarm = get_alarm(store, alarm_id)
    if alarm is None:
        raise InputError(f"there is no alarm {alarm_id}; `trueline monitor alarms` lists them")
    if alarm.state == "resolved":
        raise InputError(f"alarm {alarm_id} was resolved by {alarm.resolved_by or 'nobody named'}")
    row: dict[str, Any] = {"state": state, "updated_us": microseconds(now())}
    if state == "acknowledged":
        row["acknowledged_by"] = clean_text(author)
    if state == "resolved":
        row["resolved_by"] = clean_text(author)
    if reason:
        row["reason"] = clean_text(reason)
    # Who resolves has the last word, whoever acknowledges at the same moment.
    statement = _update(alarm_id, row).where(alarms.c.state != "resolved")
    return store.change(_change(f"alarm.{state}", alarm_id, row, statement))


def note_delivery(store: EventStore, alarm: Alarm, delivered: Mapping[str, Any]) -> Future[Receipt]:
    """Record by channel what became of the message: when it was sent, or why not and when next."""
    row = {"delivered": _dump({**alarm.delivered, **delivered}), "updated_us": microseconds(now())}
    return store.change(_change("alarm.delivered", alarm.id, row, _update(alarm.id, row)))


def get_alarm(store: EventStore, alarm_id: str) -> Alarm | None:
    """One alarm by its id."""
    with store.reading() as connection:
        row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
    return None if row is None else _alarm(row)


def list_alarms(
    store: EventStore,
    *,
    states: Sequence[AlarmState] = STATES,
    rule: str = "",
    since: datetime | None = None,
    limit: int = 100,
) -> list[Alarm]:
    """Alarms that match, newest first."""
    query = select(alarms).where(alarms.c.state.in_(states))
    if rule:
        query = query.where(alarms.c.rule == rule)
    if since is not None:
        query = query.where(alarms.c.opened_us >= microseconds(since))
    query = query.order_by(alarms.c.opened_us.desc(), alarms.c.id.desc()).limit(limit)
    with store.reading() as connection:
        return [_alarm(row) for row in connection.execute(query)]


def count_open(store: EventStore) -> int:
    """Alarms nobody has looked at yet."""
    query = select(func.count()).select_from(alarms).where(alarms.c.state == "open")
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())


def add_silence(store: EventStore, silence: Silence) -> Future[Receipt]:
    """Record a silence; it ends by itself."""
    row = {
        "id": silence.id,
        "rule": clean_text(silence.rule),
        "until_us": microseconds(silence.until),
        "author": clean_text(silence.author),
        "reason": clean_text(silence.reason)[:MAX_REASON],
        "created_us": microseconds(now()),
    }
    return store.change(_change("alarm.silenced", silence.id, row, insert(silences).values(**row)))


def silences_now(store: EventStore) -> list[Silence]:
    """Silences that have not ended."""
    query = select(silences).where(silences.c.until_us > microseconds(now()))
    with store.reading() as connection:
        rows = connection.execute(query.order_by(silences.c.until_us)).all()
    return [Silence(row.rule, moment(row.until_us), row.author, row.reason, row.id) for row in rows]


def _row(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "rule": clean_text(alarm.rule),
        "severity": alarm.severity,
        "state": alarm.state,
        "opened_us": microseconds(alarm.opened),
        "updated_us": microseconds(alarm.updated),
        "times": alarm.times,
        "facts": _dump(alarm.facts),
        "acknowledged_by": clean_text(alarm.acknowledged_by),
        "resolved_by": clean_text(alarm.resolved_by),
        "reason": clean_text(alarm.reason),
        "delivered": _dump(alarm.delivered),
    }


def _update(alarm_id: str, row: Mapping[str, Any]) -> Update:
    return update(alarms).where(alarms.c.id == alarm_id).values(**row)


def _change(kind: str, record_id: str, row: Mapping[str, Any], *statements: UpdateBase) -> Change:
    body = {name: value for name, value in row.items() if name != "id"}
    return Change(kind, record_id, microseconds(now()), body, statements)


def _alarm(row: Any) -> Alarm:
    return Alarm(
        id=row.id,
        rule=row.rule,
        severity=row.severity,
        state=row.state,
        opened=moment(row.opened_us),
        updated=moment(row.updated_us),
        times=row.times,
        facts=orjson.loads(row.facts),
        acknowledged_by=row.acknowledged_by,
        resolved_by=row.resolved_by,
        reason=row.reason,
        delivered=orjson.loads(row.delivered),
    )


def _dump(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value), option=orjson.OPT_SORT_KEYS).decode()
