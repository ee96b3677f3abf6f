"""Look at what is new, hold it against the rules, and record what is found.

One look reads new exchanges in the order they were written, feeds every rule, and stores the
alarms together with how far was read: a crash between two looks neither loses an alarm nor
raises it twice. Who is told is another matter (`trueline.monitor.telling`).
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trueline.core.exchange import new_id, now
from trueline.core.policy import Policy
from trueline.monitor.drift_watch import DriftMemory, look_at_drift
from trueline.monitor.outcomes import drift_value, rate_outcome
from trueline.monitor.rate_watch import RateMemory, look_at_rate
from trueline.monitor.rules import DriftRule, Level, Monitoring, RateRule, ThresholdRule
from trueline.monitor.threshold_watch import ThresholdMemory, look_at_level
from trueline.store.alarms import LIVE, Alarm, found_change, list_alarms
from trueline.store.events import EventStore
from trueline.store.stream import BATCH, Cursor, Observed, newest, read_after
from trueline.store.watches import (
    Watch,
    load_watches,
    save_watches,
    take_lease,
    watch_statement,
)

log = logging.getLogger(__name__)
LEASE = "monitor"
#: Where the cursor of the whole stream is kept, beside the rules' own memories.
STREAM = "*stream"
#: Seconds the right to watch is held; several looks fit in.
LEASE_SECONDS = 30.0
MOST_LIVE = 1000

#: Reads the numbers of threshold rules; None where there is no reading.
Levels = Callable[[], Mapping[Level, float | None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found: new alarms, alarms met again, alarms whose cause is gone."""

    raised: Sequence[Alarm] = ()
    again: Sequence[Alarm] = ()
    recovered: Sequence[Alarm] = ()
    events: int = 0


@dataclass(slots=True)
class _Look:
    """What is gathered while looking."""

    raised: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    recovered: set[str] = field(default_factory=set[str])
    watches: dict[str, Watch] = field(default_factory=dict[str, Watch])
    events: int = 0


class Watcher:
    """Watches one store by one set of rules. One process of several does it at a time.

    Args:
        store: where exchanges are, and alarms go.
        rules: what is watched.
        policy: gives the policy in force, whose ε is the limit of rules without one.
        levels: the numbers of threshold rules.
    """

    def __init__(
        self,
        store: EventStore,
        rules: Monitoring,
        policy: Callable[[], Policy],
        levels: Levels = dict,
    ) -> None:
        self.store = store
        self.rules = rules
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{new_id()[-6:]}"
        self._policy = policy
        self._levels = levels

    def look(self) -> Found | None:
        """Look once at everything new; None while another process is the one that watches.

        Raises:
            StoreError: the store cannot be read or written; nothing was changed.
        """
        if not take_lease(self.store, LEASE, self.holder, LEASE_SECONDS):
            return None
        known = load_watches(self.store)
        stream = known.get(STREAM)
        if stream is None:
            stream = Watch(STREAM, "", Cursor(), "{}")
        look = _Look()
        cursor = stream.cursor
        needs_scores = any(_needs_scores(rule) for rule in self.rules.rules)
        while True:
            events, cursor = read_after(self.store, cursor, scores=needs_scores)
            look.events += len(events)
            self._feed(look, known, events, cursor)
            if len(events) < BATCH:
                break
            if not take_lease(self.store, LEASE, self.holder, LEASE_SECONDS):
                return None  # another process took over; it reads what was not recorded
        self._read_levels(look, known)
        look.watches[STREAM] = replace(stream, cursor=cursor)
        return self._record(look, known)

    def _feed(
        self, look: _Look, known: Mapping[str, Watch], events: Sequence[Observed], cursor: Cursor
    ) -> None:
        for rule in self.rules.rules:
            if isinstance(rule, ThresholdRule):
                continue
            watch = look.watches.get(rule.name) or _kept(known, rule)
            if isinstance(rule, RateRule):
                state = self._feed_rate(look, rule, watch, events)
            else:
                state = _feed_drift(look, rule, watch, events)
            look.watches[rule.name] = Watch(rule.name, rule.hash, cursor, state)

    def _feed_rate(
        self, look: _Look, rule: RateRule, watch: Watch | None, events: Sequence[Observed]
    ) -> str:
        limit = self.limit(rule)
        memory = RateMemory.from_json(watch.state) if watch else RateMemory(limit)
        outcomes = [
            one for one in (rate_outcome(rule, event) for event in events) if one is not None
        ]
        after = look_at_rate(memory, limit, rule.mean_events, outcomes, self._policy().confidence)
        if after.raised is not None:
            look.raised[rule.name] = after.raised
            look.recovered.discard(rule.name)
        elif after.recovered:
            look.recovered.add(rule.name)
        return after.memory.as_json()

    def limit(self, rule: RateRule) -> float:
        """The rule's limit, or what the policy allows the category, or in all."""
        if rule.limit is not None:
            return rule.limit
        policy = self._policy()
        category = policy.rule(rule.where.category) if rule.where.category else None
        allowed = category.max_violation_rate if category else None
        # An e-detector needs a limit above 0: a policy that allows none is watched at 1 in 10,000.
        return min(0.499, max(1e-4, policy.max_violation_rate if allowed is None else allowed))

    def _read_levels(self, look: _Look, known: Mapping[str, Watch]) -> None:
        rules = [rule for rule in self.rules.rules if isinstance(rule, ThresholdRule)]
        if not rules:
            return
        levels = self._levels()
        seconds = now().timestamp()
        for rule in rules:
            watch = _kept(known, rule)
            memory = ThresholdMemory.from_json(watch.state) if watch else ThresholdMemory()
            after = look_at_level(rule, memory, levels.get(rule.measure), seconds)
            if after.raised is not None:
                look.raised[rule.name] = {"measure": rule.measure, **after.raised}
            elif after.recovered:
                look.recovered.add(rule.name)
            look.watches[rule.name] = Watch(rule.name, rule.hash, Cursor(), after.memory.as_json())

    def _record(self, look: _Look, known: Mapping[str, Watch]) -> Found:
        changed = [w for w in look.watches.values() if not _same(known.get(w.name), w)]
        if not look.raised and not look.recovered:
            if changed:
                save_watches(self.store, changed)
            return Found(events=look.events)
        live = {a.rule: a for a in reversed(list_alarms(self.store, states=LIVE, limit=MOST_LIVE))}
        by_name = {rule.name: rule for rule in self.rules.rules}
        raised, again = [], []
        for name, facts in look.raised.items():
            rule = by_name[name]
            facts = {**facts, "kind": rule.kind}
            if isinstance(rule, RateRule):
                facts |= {
                    "rate_of": rule.rate,
                    "claim": rule.claim,
                    "category": rule.where.category,
                }
            if name in live:
                again.append((live[name], facts))
            else:
                raised.append(Alarm(rule=name, severity=rule.severity, facts=facts))
        recovered = [
            live[name] for name in look.recovered if name in live and live[name].state == "open"
        ]
        statements = [watch_statement(self.store, watch) for watch in changed]
        self.store.change(found_change(raised, again, recovered, statements)).result()
        for alarm in raised:
            log.warning("alarm_raised", extra={"rule": alarm.rule, "alarm": alarm.id})
        return Found(raised, [alarm for alarm, _ in again], recovered, look.events)


def start_from_now(store: EventStore) -> None:
    """Leave what is stored already unread, so that watching begins with the next exchange."""
    if STREAM not in load_watches(store):
        save_watches(store, [Watch(STREAM, "", newest(store), "{}")])


def _kept(known: Mapping[str, Watch], rule: RateRule | DriftRule | ThresholdRule) -> Watch | None:
    """What is remembered of a rule; None for a new rule, or one that was worded anew."""
    watch = known.get(rule.name)
    return watch if watch is not None and watch.rule_hash == rule.hash else None


def _same(before: Watch | None, after: Watch) -> bool:
    return before is not None and replace(before, updated_us=0) == after


def _feed_drift(
    look: _Look, rule: DriftRule, watch: Watch | None, events: Sequence[Observed]
) -> str:
    memory = DriftMemory.from_json(watch.state) if watch else DriftMemory()
    values, ids = [], []
    for event in events:
        value = drift_value(rule.measure, rule.where, event)
        if value is not None:
            values.append(value)
            ids.append(event.id)
    after = look_at_drift(memory, rule.mean_events, rule.reference_events, values, ids)
    if after.raised is not None:
        look.raised[rule.name] = {"measure": rule.measure, **after.raised}
    return after.memory.as_json()


def _needs_scores(rule: RateRule | DriftRule | ThresholdRule) -> bool:
    if isinstance(rule, DriftRule):
        return rule.measure == "top_score"
    return isinstance(rule, RateRule) and bool(rule.where.category)
