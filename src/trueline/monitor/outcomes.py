"""What an exchange counts as under a rule: 1, 0, or not at all.

A *violation* is a reply of the model that broke the policy (redacted, rewritten or blocked),
whether or not the guard kept it from the user: it is C(M(x)) of the constraint. Only exchanges
in which the model was asked count, since a blocked prompt says nothing about the model.
"""

from __future__ import annotations

from trueline.core.records import Action
from trueline.monitor.rules import DriftMeasure, RateRule, Where
from trueline.store.stream import Observed


def rate_outcome(rule: RateRule, event: Observed) -> int | None:
    """1 for what the rule counts, 0 for its absence, None for an event it does not look at."""
    where = rule.where
    if not _looked_at(where, event):
        return None
    if rule.rate == "violation":
        if not model_was_asked(event):
            return None
        return int(broke_policy(event, where.category))
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


def model_was_asked(event: Observed) -> bool:
    """Whether the model answered: no error, and the prompt was let through."""
    if event.error or not event.reply_chars:
        return False
    return event.shadow or event.prompt_action < Action.BLOCK


def broke_policy(event: Observed, category: str = "") -> bool:
    """Whether the reply broke the policy, in `category` when one is given."""
    if event.reply_action <= Action.FLAG:
        return False
    return not category or category in reply_categories(event)


def reply_categories(event: Observed) -> frozenset[str]:
    """Categories acted on in the reply; empty where the scores were not read."""
    return frozenset(
        str(score["category"])
        for channel, scores in event.scores.items()
        if channel.startswith("reply")
        for score in scores
        if score.get("action", "allow") not in ("allow", "flag")
    )


def drift_value(measure: DriftMeasure, where: Where, event: Observed) -> float | None:
    """The number a drift rule compares; None for an event it does not look at."""
    if not _looked_at(where, event):
        return None
    if measure == "prompt_length":
        return float(event.prompt_chars) if event.prompt_chars else None
    if measure == "reply_length":
        return float(event.reply_chars) if model_was_asked(event) else None
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
