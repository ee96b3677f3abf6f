"""What an exchange counts as under a rule: 1, 0, or not at all (`core.violation`)."""

from __future__ import annotations

from trueline.core.records import Action
from trueline.core.violation import broke_policy, model_was_asked, reply_categories
from trueline.monitor.rules import DriftMeasure, RateRule, Where
from trueline.store.stream import Observed


def rate_outcome(rule: RateRule, event: Observed) -> int | None:
    """1 for what the rule counts, 0 for its absence, None for an event it does not look at."""
    where = rule.where
    if not _looked_at(where, event):
        return None
    if rule.rate == "violation":
        if not _was_asked(event):
            return None
        broke = broke_policy(event.reply_action)
        if broke and where.category:
            broke = where.category in reply_categories(event.scores)
        return int(broke)
    if rule.rate == "prompt_violation":
        return int(event.prompt_action > Action.FLAG)
    if rule.rate == "blocked":
        return int(event.action >= Action.BLOCK)
    if rule.rate == "error":
        return int(bool(event.error))
    if rule.rate == "slow":
        return int(event.latency_ms > where.slower_than_ms)
    value = event.attributes.get(where.attribute)
    return None if value is None else int(str(value) == where.equals)


def drift_value(measure: DriftMeasure, where: Where, event: Observed) -> float | None:
    """The number a drift rule compares; None for an event it does not look at."""
    if not _looked_at(where, event):
        return None
    if measure == "prompt_length":
        return float(event.prompt_chars) if event.prompt_chars else None
    if measure == "reply_length":
        return float(event.reply_chars) if _was_asked(event) else None
    if measure == "latency":
        return event.latency_ms
    if measure == "language_zh":
        return float(event.language == "zh") if event.language else None
    return max((float(s["score"]) for scores in event.scores.values() for s in scores), default=0.0)


def _looked_at(where: Where, event: Observed) -> bool:
    return (
        (not where.language or event.language == where.language)
        and (not where.route or event.route == where.route)
        and (not where.key or event.key_id == where.key)
        and (not where.model or event.model == where.model)
    )


def _was_asked(event: Observed) -> bool:
    return model_was_asked(event.error, event.reply_chars, event.shadow, event.prompt_action)
