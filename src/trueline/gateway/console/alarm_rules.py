"""The rules in force as the Alarms page tells them: what they watch, their promise, how near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trueline.core.policy import Policy
from trueline.gateway.console import figures
from trueline.gateway.console.site import Visit
from trueline.monitor.message import measure_name, number, percent, rate_name
from trueline.monitor.nearness import Nearness, nearness_of
from trueline.monitor.rules import Channel, Command, Email, Monitoring, RateRule, Rule, Webhook
from trueline.monitor.rules import ThresholdRule as Threshold
from trueline.monitor.watching import Watcher
from trueline.store.events import EventStore
from trueline.store.watches import load_watches

MAX_PLACE = 80


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in the reader's words; `near` is 0 to 1, None where it has not begun."""

    name: str
    severity: str
    watches: str
    only: str
    promise: str
    near: float | None
    state: str
    sounding: bool


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel; its address stays unsaid where it may hold a secret."""

    name: str
    place: str


def rule_rows(store: EventStore, rules: Monitoring, policy: Policy, visit: Visit) -> list[RuleRow]:
    """Every rule, in the order of the file.

    Raises:
        StoreError: the store cannot be read.
    """
    known = load_watches(store)
    watcher = Watcher(store, rules, lambda: policy)
    rows: list[RuleRow] = []
    for rule in rules.rules:
        limit = watcher.limit(rule) if isinstance(rule, RateRule) else None
        near = nearness_of(rule, known, limit)
        where = rule.where.model_dump(exclude_defaults=True)
        rows.append(
            RuleRow(
                name=rule.name,
                severity=rule.severity,
                watches=_watches(rule, limit, visit),
                only=visit.say("rule.only", values=_values(where, visit)) if where else "",
                promise=_promise(rule, visit),
                near=near.near,
                state=_state(near, visit),
                sounding=near.sounding,
            )
        )
    return rows


def channel_rows(rules: Monitoring, visit: Visit) -> list[ChannelRow]:
    """Every channel, in the order of the file."""
    return [ChannelRow(channel.name, _place(channel, visit)) for channel in rules.channels]


def _watches(rule: Rule, limit: float | None, visit: Visit) -> str:
    if isinstance(rule, RateRule):
        what = rate_name(rule.rate, visit.lang)
        return visit.say("rule.rate", what=what, limit=percent(limit or 0.0))
    what = measure_name(rule.measure, visit.lang)
    if not isinstance(rule, Threshold):
        return visit.say("rule.drift", what=what)
    key = "rule.above" if rule.above is not None else "rule.below"
    mark = rule.above if rule.above is not None else rule.below
    return visit.say(key, what=what, mark=number(mark), seconds=f"{rule.for_seconds:g}")


def _promise(rule: Rule, visit: Visit) -> str:
    if isinstance(rule, Threshold):
        return visit.say("rule.promise.none")
    count, events = f"{rule.false_alarms_a_year:g}", figures.whole(rule.events_a_day)
    return visit.say("rule.promise.year", count=count, events=events)


def _state(near: Nearness, visit: Visit) -> str:
    if near.sounding:
        return visit.say("near.sounding")
    if near.near is None:
        if not near.wanted:
            return visit.say("near.not_begun")
        learned, wanted = figures.whole(near.learned), figures.whole(near.wanted)
        return visit.say("near.learning", events=learned, wanted=wanted)
    if near.needed:
        level, needed = number(near.evidence), number(near.needed)
        return visit.say(
            "near.evidence", level=level, needed=needed, events=figures.whole(near.events)
        )
    if near.beyond_seconds is not None:
        return visit.say("near.beyond", seconds=f"{near.beyond_seconds:.0f}")
    return visit.say("near.calm")


def _values(where: Mapping[str, object], visit: Visit) -> str:
    return visit.say("list.comma").join(
        f"{name}: {value}"[:MAX_PLACE] for name, value in where.items()
    )


def _place(channel: Channel, visit: Visit) -> str:
    if isinstance(channel, Webhook):
        return visit.say("channel.kind.webhook", shape=channel.shape)
    if isinstance(channel, Email):
        to = visit.say("list.comma").join(channel.to)[:MAX_PLACE]
        return visit.say("channel.kind.email", to=to)
    if isinstance(channel, Command):
        return visit.say("channel.kind.command", program=channel.run[0][:MAX_PLACE])
    return visit.say("channel.kind.log")
