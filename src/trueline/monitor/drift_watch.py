"""A drift rule at work: it learns what calm looks like, then compares for good.

The random tosses that break ties come from the events' ids, so that looking again at the same
events gives the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import orjson

from trueline.stats.drift import DriftRule, DriftState, quantile_edges, reference, watch_drift


@dataclass(frozen=True, slots=True)
class DriftMemory:
    """What is remembered of one drift rule: the calm values first, then edges and evidence."""

    calm: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    evidence: tuple[float, ...] = ()
    events: int = 0
    alarms: int = 0

    def as_json(self) -> str:
        """The form that is stored."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, stored: str) -> DriftMemory:
        """The memory that `as_json` wrote."""
        values = orjson.loads(stored)
        for name in ("calm", "edges", "counts", "evidence"):
            values[name] = tuple(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class DriftLook:
    """The memory after a look; `raised` holds the facts of an alarm."""

    memory: DriftMemory
    raised: dict[str, Any] | None


def look_at_drift(
    memory: DriftMemory,
    mean_events: float,
    reference_events: int,
    values: Sequence[float],
    ids: Sequence[str],
) -> DriftLook:
    """Take in values, in order.

    After an alarm what came is the new calm: the rule begins again with the next
    `reference_events` values, so one lasting change is one alarm.

    Args:
        memory: after the last look.
        mean_events: events between false alarms, at least, on average.
        reference_events: values from which calm is learned.
        values: the measure, one an event.
        ids: the events' ids, from which the tosses are made.
    """
    raised: dict[str, Any] | None = None
    start = 0
    while start < len(values):
        if not memory.edges:
            taken = min(reference_events - len(memory.calm), len(values) - start)
            memory = _learn(memory, reference_events, values[start : start + taken])
            start += taken
            continue
        rule = DriftRule(memory.edges, mean_events)
        state = DriftState(memory.counts, memory.evidence, memory.events, memory.alarms)
        rest, tosses = values[start:], [toss(one) for one in ids[start:]]
        after, at = watch_drift(rule, state, rest, tosses)
        if not at:
            return DriftLook(_memory(memory.edges, after), raised)
        first = at[0] - memory.events
        raised = _facts(memory, values[start : start + first])
        memory = DriftMemory(events=memory.events + first, alarms=memory.alarms + 1)
        start += first
    return DriftLook(memory, raised)


def toss(event_id: str) -> float:
    """A number in [0, 1) that the id decides and the measure does not."""
    digest = blake2b(event_id.encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _learn(memory: DriftMemory, wanted: int, values: Sequence[float]) -> DriftMemory:
    calm = memory.calm + tuple(values)
    if len(calm) < wanted:
        return DriftMemory(calm=calm, events=memory.events + len(values), alarms=memory.alarms)
    edges = quantile_edges(calm)
    rule = DriftRule(edges, 2.0)
    state = reference(rule, calm)
    return DriftMemory(
        edges=edges,
        counts=state.counts,
        evidence=state.evidence,
        events=memory.events + len(values),
        alarms=memory.alarms,
    )


def _memory(edges: tuple[float, ...], state: DriftState) -> DriftMemory:
    return DriftMemory(
        edges=edges,
        counts=state.counts,
        evidence=state.evidence,
        events=state.events,
        alarms=state.alarms,
    )


def _facts(memory: DriftMemory, values: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2] if ordered else 0.0
    return {
        "events": memory.events + len(values),
        "calm_median": memory.edges[len(memory.edges) // 2],
        "recent_median": middle,
        "compared": len(values),
    }
