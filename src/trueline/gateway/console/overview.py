"""The overview page: figures and charts from the rollups, reasons from the latest findings."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from trueline.core.exchange import now
from trueline.core.records import Action
from trueline.gateway.console.charts import ORDER, Columns, Lines, stacked_columns, two_lines
from trueline.gateway.console.finding_names import finding_name
from trueline.gateway.console.rates import MeasuredRates, dimension_of, measured_rates
from trueline.gateway.console.site import Site, Visit
from trueline.monitor.message import describe
from trueline.store.alarms import LIVE, Alarm, list_alarms
from trueline.store.events import EventStore
from trueline.store.keys import list_keys
from trueline.store.overview import Latency, Overview, Traffic, overview
from trueline.store.queries import Event, Filter, list_exchanges

WINDOWS: dict[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
DEFAULT_WINDOW = "24h"
# One bucket for each minute of an hour, half hour of a day, three hours of a week.
BUCKETS: dict[str, int] = {"1h": 60, "24h": 48, "7d": 56}
_EPOCH = datetime.fromtimestamp(0, UTC)
# Reasons are not in the rollups: they are counted over this many of the latest findings.
REASON_EVENTS = 200
TOP = 8
TIME_LABELS = 5
MAX_ALARMS = 4


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of a ranking; `share` is relative to the largest row."""

    id: str
    name: str
    count: int
    share: float
    action: str = "plain"
    scorer: str = ""


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """One alarm that waits for somebody, in a sentence."""

    rule: str
    severity: str
    opened: datetime
    told: str


@dataclass(frozen=True, slots=True)
class OverviewView:
    """What the live part of the page shows."""

    now: datetime
    total: int
    acted: int
    acted_share: float
    blocked: int
    blocked_share: float
    errors: int
    latency: Latency
    guard: Latency
    actions: tuple[tuple[str, int], ...]
    columns: Columns
    lines: Lines
    time_labels: tuple[str, ...]
    bucket_label: str
    categories: tuple[Ranked, ...]
    languages: tuple[Ranked, ...]
    reasons: tuple[Ranked, ...]
    reasons_from: int
    policy_since: datetime
    upstream: str
    ever: bool
    rates: MeasuredRates
    alarms: tuple[OpenAlarm, ...]
    memory_mb: float | None
    cpu_share: float | None


async def overview_page(site: Site, visit: Visit) -> Response:
    """The whole page."""
    window = window_of(visit)
    values = await _values(site, visit, window)
    return site.page(visit, "overview.html", here="overview", windows=tuple(WINDOWS), **values)


async def overview_live(site: Site, visit: Visit) -> Response:
    """The part that is asked for again every few seconds."""
    values = await _values(site, visit, window_of(visit))
    return site.page(visit, "overview_live.html", here="overview", **values)


def window_of(visit: Visit) -> str:
    """The period the reader chose."""
    name = visit.request.query_params.get("window", DEFAULT_WINDOW)
    return name if name in WINDOWS else DEFAULT_WINDOW


async def _values(site: Site, visit: Visit, window: str) -> dict[str, Any]:
    view = await asyncio.to_thread(_view, site, visit, window)
    url = visit.request.url
    return {
        "view": view,
        "window": window,
        "by": view.rates.by,
        "store_down": site.state.store.down,
        "base_url": f"{url.scheme}://{url.netloc}",
    }


def _view(site: Site, visit: Visit, window: str) -> OverviewView:
    state, moment = site.state, now()
    since, until = _period(window, moment)
    found = overview(state.store, since, until, buckets=BUCKETS[window])
    whole = found.whole
    names = site.category_names(visit.lang)
    active = state.policies.current
    acted = whole.total - whole.actions.get("allow", 0)
    blocked = whole.actions.get("block", 0)
    latest = _latest_findings(state.store, since) if acted else []
    reasons = _reasons(latest, names, visit.lang)
    by = dimension_of(visit.request.query_params.get("by", ""))
    called = _called(state.store, by, names, visit)
    load = site.load.read()
    return OverviewView(
        now=moment,
        total=whole.total,
        acted=acted,
        acted_share=acted / whole.total if whole.total else 0.0,
        blocked=blocked,
        blocked_share=blocked / whole.total if whole.total else 0.0,
        errors=whole.errors,
        latency=whole.latency,
        guard=whole.guard,
        actions=tuple((name, whole.actions[name]) for name in ORDER if name in whole.actions),
        columns=stacked_columns(
            [bucket.actions for bucket in found.buckets],
            [_bucket_title(bucket, visit) for bucket in found.buckets],
        ),
        lines=two_lines(
            [bucket.latency.p50 for bucket in found.buckets],
            [bucket.latency.p99 for bucket in found.buckets],
        ),
        time_labels=_time_labels(found, visit),
        bucket_label=_span(found.bucket_seconds, visit),
        categories=_ranking(
            whole.categories,
            names,
            lambda name: str(active.policy.action_for(name)),
        ),
        languages=_languages(whole.languages, visit),
        reasons=reasons,
        reasons_from=len(latest),
        policy_since=active.loaded_at,
        upstream=state.upstream.name,
        ever=whole.total > 0 or bool(list_exchanges(state.store, limit=1).events),
        rates=measured_rates(found, active.policy, by, called),
        alarms=tuple(
            _open_alarm(alarm, visit.lang)
            for alarm in list_alarms(state.store, states=LIVE, limit=MAX_ALARMS)
        ),
        memory_mb=load.memory_mb,
        cpu_share=load.cpu_share,
    )


def _called(
    store: EventStore, by: str, names: Mapping[str, str], visit: Visit
) -> Callable[[str], str]:
    """What a category, language, key, route or model is called."""
    if by == "language":
        return lambda name: language_name(name, visit)
    if by == "key":
        keys = {key.id: key.name for key in list_keys(store)}
        return lambda name: keys.get(name, name) or visit.say("key.open")
    if by == "category":
        return lambda name: names.get(name, name)
    return lambda name: name or visit.say("value.absent")


def _open_alarm(alarm: Alarm, lang: str) -> OpenAlarm:
    return OpenAlarm(alarm.rule, alarm.severity, alarm.opened, describe(alarm, lang))


def _period(window: str, moment: datetime) -> tuple[datetime, datetime]:
    """The period that ends with the bucket we are in, cut on whole buckets."""
    width = WINDOWS[window] / BUCKETS[window]
    until = moment - (moment - _EPOCH) % width + width
    return until - WINDOWS[window], until


def _latest_findings(store: EventStore, since: datetime) -> list[Event]:
    found: list[Event] = []
    for action in (Action.FLAG, Action.REDACT, Action.REWRITE, Action.BLOCK):
        page = list_exchanges(store, Filter(since=since, action=action), limit=REASON_EVENTS)
        found.extend(page.events)
    found.sort(key=lambda event: event.exchange.time, reverse=True)
    return found[:REASON_EVENTS]


def _reasons(latest: Sequence[Event], names: Mapping[str, str], lang: str) -> tuple[Ranked, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    strictest: dict[tuple[str, str], Action] = {}
    for event in latest:
        seen: set[tuple[str, str]] = set()
        for scores in event.exchange.scores.values():
            for score in scores:
                action = _action(score.get("action"))
                if action == Action.ALLOW:
                    continue
                label = score.get("label")
                category = str(score.get("category", ""))
                key = (f"{category}:{label}" if label else category, str(score.get("scorer", "")))
                strictest[key] = max(action, strictest.get(key, Action.ALLOW))
                seen.add(key)
        counts.update(seen)
    largest = max(counts.values(), default=1)
    return tuple(
        Ranked(
            name,
            finding_name(name, names, lang),
            count,
            count / largest,
            str(strictest[name, scorer]),
            scorer,
        )
        for (name, scorer), count in counts.most_common(TOP)
    )


def _action(name: object) -> Action:
    try:
        return Action.parse(str(name))
    except KeyError:
        return Action.ALLOW


def _ranking(
    counts: Mapping[str, int], names: Mapping[str, str], action: Any
) -> tuple[Ranked, ...]:
    ranked = sorted(counts.items(), key=lambda item: -item[1])[:TOP]
    largest = max((count for _, count in ranked), default=1)
    return tuple(
        Ranked(name, names.get(name, name), count, count / largest, action(name))
        for name, count in ranked
    )


def _languages(counts: Mapping[str, int], visit: Visit) -> tuple[Ranked, ...]:
    total = max(1, sum(counts.values()))
    return tuple(
        Ranked(name, language_name(name, visit), count, count / total)
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    )


def language_name(code: str, visit: Visit) -> str:
    """The name of a text's language as the log has it."""
    return visit.say(f"language.{code}") if code in {"zh", "en", "other", ""} else code


def _bucket_title(bucket: Traffic, visit: Visit) -> str:
    start = bucket.start.astimezone(visit.zone)
    end = bucket.end.astimezone(visit.zone)
    parts = [
        f"{visit.say('action.' + name)} {bucket.actions[name]}"
        for name in ORDER
        if bucket.actions.get(name)
    ]
    told = visit.say("list.comma").join(parts) or "0"
    return f"{start:%m-%d %H:%M} – {end:%H:%M}\n{told}"


def _time_labels(found: Overview, visit: Visit) -> tuple[str, ...]:
    start, end = found.whole.start, found.whole.end
    pattern = "%H:%M" if end - start <= timedelta(hours=25) else "%m-%d"
    step = (end - start) / (TIME_LABELS - 1)
    return tuple(
        (start + step * index).astimezone(visit.zone).strftime(pattern)
        for index in range(TIME_LABELS)
    )


def _span(seconds: int, visit: Visit) -> str:
    if seconds % 3600 == 0:
        return visit.say("span.hours", count=seconds // 3600)
    return visit.say("span.minutes", count=seconds // 60)
