"""The Alarms page: what sounds now, what was done about it, and the rules behind it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.responses import RedirectResponse, Response

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.gateway.console.alarm_rules import channel_rows, rule_rows
from trueline.gateway.console.event_filters import Chosen
from trueline.gateway.console.reviewer import reviewer_of
from trueline.gateway.console.site import Site, Visit, read_form
from trueline.monitor.channels.delivery import DeliveryError
from trueline.monitor.channels.send import send
from trueline.monitor.message import describe, trial_message
from trueline.monitor.rules import Monitoring
from trueline.store.alarms import (
    LIVE,
    MAX_REASON,
    Alarm,
    AlarmState,
    Silence,
    add_silence,
    get_alarm,
    list_alarms,
    silences_now,
    step,
)

SPANS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
MOST_LIVE = 100
HISTORY = 50
MAX_WHY = 200
_NOTICES = ("acknowledged", "resolved", "silenced")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message on one channel; `moment` is when, or when it is tried again."""

    channel: str
    text: str
    moment: datetime | None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm in the reader's words."""

    alarm: Alarm
    told: str
    claim: str
    records_url: str
    silent_until: datetime | None
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class AlarmNotice:
    """What came of the form before this page; a form that is sent back keeps what was typed."""

    text: str = ""
    warns: bool = False
    alarm_id: str = ""
    typed: str = ""
    silence: Mapping[str, str] | None = None


async def alarms_page(site: Site, visit: Visit) -> Response:
    """The whole page."""
    kind = visit.request.query_params.get("notice", "")
    text = visit.say(f"alarms.notice.{kind}") if kind in _NOTICES else ""
    return await _page(site, visit, AlarmNotice(text))


async def acknowledge(site: Site, visit: Visit) -> Response:
    """Say that somebody is dealing with an alarm."""
    return await _step(site, visit, "acknowledged", "")


async def resolve(site: Site, visit: Visit) -> Response:
    """Say that an alarm is over, and why."""
    form = await read_form(visit.request)
    reason = form.get("reason", "").strip()[:MAX_REASON]
    if not reason:
        notice = AlarmNotice(
            visit.say("alarm.reason.needed"), True, str(visit.request.path_params["alarm_id"])
        )
        return await _page(site, visit, notice, 400)
    return await _step(site, visit, "resolved", reason)


async def silence(site: Site, visit: Visit) -> Response:
    """Send no messages of a rule for a while."""
    form = await read_form(visit.request)
    rules = site.state.monitoring.rules if site.state.monitoring is not None else ()
    rule, span = form.get("rule", ""), form.get("span", "")
    if span not in SPANS or rule not in {"*", *(one.name for one in rules)}:
        raise InputError(f"a silence needs a rule in force, and one of {', '.join(SPANS)}")
    reason = form.get("reason", "").strip()[:MAX_REASON]
    if not reason:
        notice = AlarmNotice(visit.say("alarm.reason.needed"), True, silence=form)
        return await _page(site, visit, notice, 400)
    made = Silence(rule, now() + SPANS[span], _author(visit), reason)
    await asyncio.to_thread(lambda: add_silence(site.state.store, made).result())
    return RedirectResponse("/alarms?notice=silenced", 303)


async def try_channel(site: Site, visit: Visit) -> Response:
    """Send a test message over one channel, and say what came of it."""
    name = str(visit.request.path_params["name"])
    rules = site.state.monitoring
    channel = next((one for one in rules.channels if one.name == name), None) if rules else None
    if rules is None or channel is None:
        words = visit.say("channel.missing", name=name)
        return site.message(visit, 404, visit.say("missing.title"), words)
    message = trial_message(rules.language)
    try:
        await asyncio.to_thread(send, channel, message, os.environ)
    except DeliveryError as error:
        why = str(error)[:MAX_WHY]
        text = visit.say("channel.failed", name=channel.name, why=why)
        return await _page(site, visit, AlarmNotice(text, True), 502)
    return await _page(site, visit, AlarmNotice(visit.say("channel.sent", name=channel.name)))


async def _step(site: Site, visit: Visit, state: AlarmState, reason: str) -> Response:
    alarm_id = str(visit.request.path_params["alarm_id"])
    author = _author(visit)

    def take() -> Alarm | None:
        """The alarm as it stands when it cannot be stepped any more."""
        try:
            step(site.state.store, alarm_id, state, author=author, reason=reason).result()
        except InputError:
            alarm = get_alarm(site.state.store, alarm_id)
            if alarm is None or alarm.state != "resolved":
                raise
            return alarm
        return None

    if await asyncio.to_thread(get_alarm, site.state.store, alarm_id) is None:
        return site.message(visit, 404, visit.say("missing.title"), visit.say("alarms.missing"))
    settled = await asyncio.to_thread(take)
    if settled is not None:
        name = settled.resolved_by or visit.say("alarms.nobody")
        notice = AlarmNotice(visit.say("alarms.meanwhile", name=name), True, typed=reason)
        return await _page(site, visit, notice, 409)
    return RedirectResponse(f"/alarms?notice={state}", 303)


async def _page(site: Site, visit: Visit, notice: AlarmNotice, status: int = 200) -> Response:
    values = await asyncio.to_thread(_values, site, visit)
    reader = visit.reader
    return site.page(
        visit,
        "alarms.html",
        here="alarms",
        status=status,
        notice=notice,
        may_acknowledge=reader is not None and reader.may("review"),
        may_manage=reader is not None and reader.may("admin"),
        spans=tuple(SPANS),
        max_reason=MAX_REASON,
        history_rows=HISTORY,
        **values,
    )


def _values(site: Site, visit: Visit) -> dict[str, object]:
    store, rules = site.state.store, site.state.monitoring
    silences = silences_now(store)
    live = list_alarms(store, states=LIVE, limit=MOST_LIVE)
    live.sort(key=lambda alarm: (alarm.state != "open", alarm.severity != "page"))
    policy = site.state.policies.current.policy
    return {
        "watching": rules is not None,
        "has_case": bool(rules and rules.safety_case),
        "live": [_view(alarm, rules, silences, visit) for alarm in live],
        "history": [
            _view(alarm, rules, (), visit)
            for alarm in list_alarms(store, states=("resolved",), limit=HISTORY)
        ],
        "silences": [replace(one, reason=one.reason or "–") for one in silences],
        "rules": rule_rows(store, rules, policy, visit) if rules is not None else [],
        "channels": channel_rows(rules, visit) if rules is not None else [],
    }


def _view(
    alarm: Alarm, rules: Monitoring | None, silences: Sequence[Silence], visit: Visit
) -> AlarmView:
    quiet = [one.until for one in silences if one.rule in ("*", alarm.rule)]
    return AlarmView(
        alarm=alarm,
        told=describe(alarm, visit.lang),
        claim=str(alarm.facts.get("claim") or ""),
        records_url=_records_url(alarm, visit),
        silent_until=max(quiet, default=None),
        deliveries=_deliveries(alarm, rules, visit),
    )


def _records_url(alarm: Alarm, visit: Visit) -> str:
    """The records a rate alarm is about, from an hour before it; empty for other kinds."""
    since = (alarm.opened - timedelta(hours=1)).astimezone(visit.zone)
    chosen = Chosen(since=f"{since:%Y-%m-%dT%H:%M}")
    category = str(alarm.facts.get("category") or "")
    rate = alarm.facts.get("rate_of")
    if rate == "error":
        return replace(chosen, errors="1").url("/events")
    if rate in ("violation", "prompt_violation", "blocked"):
        about = {"category": category} if category else {"action": "block"}
        return replace(chosen, **about).url("/events")
    return ""


def _deliveries(alarm: Alarm, rules: Monitoring | None, visit: Visit) -> tuple[Delivery, ...]:
    names = [channel.name for channel in rules.channels] if rules is not None else []
    names += [name for name in alarm.delivered if name not in names]
    if alarm.severity != "page" and not alarm.delivered:
        return (Delivery("", visit.say("delivery.notice"), None),)
    return tuple(_delivery(name, alarm, visit) for name in names)


def _delivery(name: str, alarm: Alarm, visit: Visit) -> Delivery:
    told = alarm.delivered.get(name)
    facts = told if isinstance(told, Mapping) else {}
    if facts.get("why"):
        words = visit.say("delivery.failed", tries=facts.get("tries", 1), why=facts["why"])
        return Delivery(name, words, _moment(facts.get("again_after")), failed=True)
    if facts.get("sent"):
        key = "delivery.again" if facts.get("recovered") else "delivery.sent"
        return Delivery(name, visit.say(key), _moment(facts["sent"]))
    unneeded = alarm.state == "acknowledged"  # only what nobody has seen is sent
    return Delivery(name, visit.say("delivery.unneeded" if unneeded else "delivery.waiting"), None)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def _author(visit: Visit) -> str:
    name = reviewer_of(visit)
    return name or (visit.reader.name if visit.reader is not None else "")
