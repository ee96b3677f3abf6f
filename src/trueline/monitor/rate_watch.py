"""A rate rule at work: events in, alarms out, its memory as JSON between looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from trueline.stats.alarm import AlarmRule, AlarmState, watch
from trueline.stats.betting import rate_interval
from trueline.stats.gate import GateVerdict, decide


@dataclass(frozen=True, slots=True)
class RateMemory:
    """What is remembered of one rate rule.

    `found` of `n` are counted since the rule began; `found_after` of `n_after` since its last
    alarm, or since the rate was last shown to be above the limit. `found_recent` of `n_recent`
    are the stretch that speaks for a rise: since `rise`, the log-likelihood ratio of a tripled
    rate, was last at 0 (Page 1954). `evidence` is the e-detector's. `limit` is the one in force; a changed limit starts
    the evidence anew and keeps the counts.
    """

    limit: float
    found: int = 0
    n: int = 0
    found_after: int = 0
    n_after: int = 0
    found_recent: int = 0
    n_recent: int = 0
    rise: float = 0.0
    evidence: tuple[float, ...] = ()
    alarms: int = 0
    alarmed: bool = False

    def as_json(self) -> str:
        """The form that is stored."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, stored: str) -> RateMemory:
        """The memory that `as_json` wrote."""
        values = orjson.loads(stored)
        values["evidence"] = tuple(values["evidence"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class RateLook:
    """The memory after a look; `raised` holds the facts of an alarm, `recovered` its end."""

    memory: RateMemory
    raised: dict[str, Any] | None
    recovered: bool


def look_at_rate(
    memory: RateMemory, limit: float, mean_events: float, outcomes: Sequence[int], confidence: float
) -> RateLook:
    """Take in outcomes, in order.

    Args:
        memory: after the last look.
        limit: the highest healthy rate.
        mean_events: events between false alarms, at least, on average.
        outcomes: 1 for what is counted, 0 for its absence.
        confidence: of the interval in the facts, and of saying that the rate has recovered.
    """
    if limit != memory.limit:
        memory = replace(memory, limit=limit, evidence=(), found_after=0, n_after=0, alarmed=False)
    rule = AlarmRule(limit, mean_events)
    state, at = watch(rule, AlarmState(memory.evidence, memory.n, memory.alarms), outcomes)
    last = at[-1] - memory.n if at else 0  # outcomes up to and with the last alarm
    found, found_last = sum(outcomes), sum(outcomes[:last])
    after = replace(
        memory,
        found=memory.found + found,
        n=memory.n + len(outcomes),
        evidence=state.evidence,
        alarms=state.alarms,
        alarmed=memory.alarmed or bool(at),
        found_after=found - found_last if at else memory.found_after + found,
        n_after=len(outcomes) - last if at else memory.n_after + len(outcomes),
    )
    stretch, after = _stretch(memory, after, outcomes, last)
    raised = None
    if at:
        raised = rate_facts(*stretch, limit, confidence)
        raised |= {"events": after.n, "found_in_all": after.found}
    recovered = False
    if after.alarmed:
        verdict = decide(after.found_after, after.n_after, limit, confidence).verdict
        if verdict is GateVerdict.HOLD:  # still above: what comes next is counted afresh
            after = replace(after, found_after=0, n_after=0)
        elif verdict is GateVerdict.RELEASE and not at:
            after, recovered = replace(after, alarmed=False), True
    return RateLook(after, raised, recovered)


def _stretch(
    before: RateMemory, after: RateMemory, outcomes: Sequence[int], last: int
) -> tuple[tuple[int, int], RateMemory]:
    """What speaks for a rise: the counts at outcome `last`, and the memory behind all outcomes."""
    higher = min(3 * after.limit, (1 + after.limit) / 2)
    yes = math.log(higher / after.limit)
    no = math.log((1 - higher) / (1 - after.limit))
    found, n, rise = before.found_recent, before.n_recent, before.rise
    at_last = (found, n)
    for number, outcome in enumerate(outcomes, 1):
        rise = max(0.0, rise + (yes if outcome else no))
        found, n = (found + outcome, n + 1) if rise else (0, 0)
        if number == last:
            at_last = (found, n)
            found, n, rise = 0, 0, 0.0
    return at_last, replace(after, found_recent=found, n_recent=n, rise=rise)


def rate_facts(found: int, n: int, limit: float, confidence: float) -> dict[str, Any]:
    """The numbers of a rate, with the interval that is valid at every look."""
    interval = rate_interval(found, n, confidence)
    return {
        "found": found,
        "n": n,
        "rate": found / n if n else 0.0,
        "low": interval.low,
        "high": interval.high,
        "limit": limit,
        "confidence": confidence,
    }
