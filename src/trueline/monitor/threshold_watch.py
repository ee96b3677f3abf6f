"""A threshold rule at work: a number that stays beyond its mark long enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from trueline.monitor.rules import ThresholdRule


@dataclass(frozen=True, slots=True)
class ThresholdMemory:
    """Since when the number is beyond the mark (monotone seconds of the store's clock)."""

    beyond_since: float | None = None
    alarmed: bool = False

    def as_json(self) -> str:
        """The form that is stored."""
        return orjson.dumps({"beyond_since": self.beyond_since, "alarmed": self.alarmed}).decode()

    @classmethod
    def from_json(cls, stored: str) -> ThresholdMemory:
        """The memory that `as_json` wrote."""
        return cls(**orjson.loads(stored))


@dataclass(frozen=True, slots=True)
class ThresholdLook:
    """The memory after a look; `raised` holds the facts of an alarm, `recovered` its end."""

    memory: ThresholdMemory
    raised: dict[str, Any] | None = None
    recovered: bool = False


def look_at_level(
    rule: ThresholdRule, memory: ThresholdMemory, value: float | None, seconds: float
) -> ThresholdLook:
    """Take in one reading.

    Args:
        rule: the mark and how long it must be passed.
        memory: after the last look.
        value: the reading; None when there is none, which changes nothing.
        seconds: when it was taken. A clock that stepped back starts the wait anew.
    """
    if value is None:
        return ThresholdLook(memory)
    beyond = (rule.above is not None and value > rule.above) or (
        rule.below is not None and value < rule.below
    )
    if not beyond:
        return ThresholdLook(ThresholdMemory(), recovered=memory.alarmed)
    since = memory.beyond_since
    if since is None or since > seconds:
        since = seconds
    if memory.alarmed or seconds - since < rule.for_seconds:
        return ThresholdLook(ThresholdMemory(since, memory.alarmed))
    facts = {
        "value": value,
        "above": rule.above,
        "below": rule.below,
        "for_seconds": round(seconds - since, 1),
    }
    return ThresholdLook(ThresholdMemory(since, True), raised=facts)
