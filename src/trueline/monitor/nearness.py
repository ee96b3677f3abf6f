"""How near each rule is to sounding, read from what its watch remembers.

The evidence of a rate or drift rule multiplies from event to event, so nearness is told on a log
scale: 0 at no evidence, 1 where the alarm sounds.

    >>> on_log_scale(1.0, 10_000.0), on_log_scale(100.0, 10_000.0), on_log_scale(1e9, 10_000.0)
    (0.0, 0.5, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trueline.core.exchange import now
from trueline.monitor.drift_watch import DriftMemory
from trueline.monitor.rate_watch import RateMemory
from trueline.monitor.rules import DriftRule, RateRule, Rule, ThresholdRule
from trueline.monitor.threshold_watch import ThresholdMemory
from trueline.stats import drift
from trueline.stats.alarm import AlarmRule, AlarmState
from trueline.store.watches import Watch


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near one rule is.

    Args:
        near: 0 to 1; 1 sounds. None where a rule has not begun or still learns.
        evidence, needed: of a rate or drift rule, in events between false alarms.
        events: it has looked at.
        learned, wanted: events of a drift rule's calm period so far, and in all.
        beyond_seconds: how long a threshold rule's number is beyond its mark; None within it.
        sounding: it has alarmed, and its measure is not back in order.
    """

    near: float | None = None
    evidence: float = 0.0
    needed: float = 0.0
    events: int = 0
    learned: int = 0
    wanted: int = 0
    beyond_seconds: float | None = None
    sounding: bool = False


def nearness_of(rule: Rule, known: Mapping[str, Watch], limit: float | None = None) -> Nearness:
    """How near a rule is.

    Args:
        rule: in force.
        known: every watch by its name; one of another wording of the rule counts for nothing.
        limit: of a rate rule, as it is in force.
    """
    watch = known.get(rule.name)
    if watch is None or watch.rule_hash != rule.hash:
        return Nearness()
    if isinstance(rule, RateRule):
        return _rate(rule, watch, limit)
    if isinstance(rule, DriftRule):
        return _drift(rule, watch)
    return _threshold(rule, watch)


def on_log_scale(evidence: float, needed: float) -> float:
    """Evidence as a share of the way from 1 to what is needed, in orders of magnitude."""
    return min(1.0, math.log(max(1.0, evidence)) / math.log(needed)) if needed > 1 else 1.0


def _rate(rule: RateRule, watch: Watch, limit: float | None) -> Nearness:
    memory = RateMemory.from_json(watch.state)
    evidence = 0.0
    if limit is None or limit == memory.limit:  # a new limit starts the evidence anew
        alarm = AlarmRule(memory.limit, rule.mean_events)
        evidence = AlarmState(memory.evidence).level(alarm) * rule.mean_events
    return Nearness(
        on_log_scale(evidence, rule.mean_events), evidence, rule.mean_events, memory.n,
        sounding=memory.alarmed,
    )  # fmt: skip


def _drift(rule: DriftRule, watch: Watch) -> Nearness:
    memory = DriftMemory.from_json(watch.state)
    if not memory.edges:
        return Nearness(
            needed=rule.mean_events, events=memory.events, learned=len(memory.calm),
            wanted=rule.reference_events,
        )  # fmt: skip
    alarm = drift.DriftRule(memory.edges, rule.mean_events)
    state = drift.DriftState(memory.counts, memory.evidence)
    evidence = state.level(alarm) * rule.mean_events
    return Nearness(
        on_log_scale(evidence, rule.mean_events), evidence, rule.mean_events, memory.events
    )


def _threshold(rule: ThresholdRule, watch: Watch) -> Nearness:
    memory = ThresholdMemory.from_json(watch.state)
    if memory.beyond_since is None:
        return Nearness(0.0)
    beyond = max(0.0, now().timestamp() - memory.beyond_since)
    near = 1.0 if memory.alarmed or not rule.for_seconds else min(1.0, beyond / rule.for_seconds)
    return Nearness(near, beyond_seconds=beyond, sounding=memory.alarmed)
