"""Step 5: feedback, labels, a proposed threshold, and an alarm that withdraws a claim."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from trueline.core.errors import StoreError
from trueline.core.records import Action
from trueline.core.withdrawals import FILE, open_withdrawals, read_withdrawals
from trueline.lifecycle.tour.assessing import case_facts
from trueline.lifecycle.tour.guarding import (
    OpenGateway,
    decisions,
    messages,
    sent_log,
    settings,
    wanted_action,
)
from trueline.lifecycle.tour.place import KNOWN_TRUTH, Place, Size, read_rows
from trueline.lifecycle.tour.replay import MODEL, Replay
from trueline.lifecycle.tour.traffic import Client, read_log, sample_of, send
from trueline.monitor.calibrate import calibrate, propose_version
from trueline.monitor.claims import sync_claims
from trueline.monitor.message import describe
from trueline.monitor.round import Round, run_round
from trueline.monitor.rules_file import load_monitoring
from trueline.monitor.watching import LEASE, LEASE_SECONDS, Watcher
from trueline.store.alarms import Alarm, list_alarms
from trueline.store.alarms import step as step_alarm
from trueline.store.events import EventStore
from trueline.store.policy_versions import list_versions
from trueline.store.reviews import Label, ReviewLabel, label_item, list_items, queue_counts
from trueline.store.watches import give_up_lease

RULE = "violations"
REASON = "the tour replayed a surge to show an alarm"
_WAIT_SECONDS = 0.25


def monitor_traffic(place: Place, size: Size, open_gateway: OpenGateway) -> dict[str, Any]:
    """Go through the loop that keeps a proved bound true, and say what happened.

    Every part asks the store what is done already, so a tour that was broken off goes on.
    """
    surge = read_rows(place.sample("surge.jsonl"))
    facts = _feedback(place, size, open_gateway)
    with EventStore.open(place.store) as store:
        _round(place, store)
        facts |= _labels(place, size, store)
        facts |= _calibration(place, store)
    replies = {str(row["text"]): str(row["reply"]) for row in surge}
    with open_gateway(settings(place), Replay(replies)) as address:
        send(address, surge, place.folder / "surge.jsonl", model=MODEL)
    with EventStore.open(place.store) as store:
        _round(place, store)
        facts |= _alarm(place, store)
        facts["waiting"] = queue_counts(store).open
    return {**facts, **case_facts(place)}


def _feedback(place: Place, size: Size, open_gateway: OpenGateway) -> dict[str, Any]:
    """Rate every exchange by whether it was decided as its sample is known to deserve."""
    sent = read_log(sent_log(place))
    decided = decisions(place, sent)
    known = sample_of(sent, messages(place, size))
    reports = right = 0
    with open_gateway(settings(place), None) as address, closing(Client(address)) as client:
        for exchange, row in known.items():
            done, wanted = decided[exchange], wanted_action(row)
            right += done == wanted
            value = 5 if done == wanted else 2
            client.feedback(exchange, kind="rating", value=value, text=KNOWN_TRUTH)
            if done > Action.FLAG and wanted <= Action.FLAG:
                client.feedback(exchange, kind="report", reason="over_refusal", text=KNOWN_TRUTH)
                reports += 1
    return {"rated": len(known), "rated_well": right, "reports": reports}


def _round(place: Place, store: EventStore) -> Round:
    """One round of the monitor; waits while a tour that was killed still holds the right."""
    policy = place.policy()
    watcher = Watcher(store, load_monitoring(place.monitor_file), lambda: policy)
    end = time.monotonic() + 2 * LEASE_SECONDS
    try:
        while (done := run_round(watcher, {})).found is None:
            if time.monotonic() > end:
                raise StoreError(
                    f"another process watches {place.store}; stop it and run the tour again"
                )
            time.sleep(_WAIT_SECONDS)
        return done
    finally:
        give_up_lease(store, LEASE, watcher.holder)


def _labels(place: Place, size: Size, store: EventStore) -> dict[str, Any]:
    """Label the prompts that were drawn at random with what their samples are known to be.

    What the samples say nothing of, such as the assistant's replies, waits for a person.
    """
    known = sample_of(read_log(sent_log(place)), messages(place, size))
    for item in list_items(store, states=("open",), drawn_for=("random",), part="prompt"):
        row = known.get(item.exchange_id)
        if row is None:
            continue
        categories = tuple(row["categories"])
        label: Label = "violates" if categories else "fine"
        label_item(store, ReviewLabel(item.id, KNOWN_TRUTH, label, categories))
    return {"labelled": len(list_items(store, states=("done",)))}


def _calibration(place: Place, store: EventStore) -> dict[str, Any]:
    """Propose thresholds; a person decides on the proposal."""
    policy = place.policy()
    found = calibrate(store, policy, place.policy_file.read_text(encoding="utf-8"))
    (one,) = found.proposals
    topic = policy.topics[one.category]
    version = ""
    if found.changes:
        known = [v for v in list_versions(store) if v.hash == found.new_hash]
        made = known[0] if known else propose_version(store, found, policy, KNOWN_TRUTH)
        version = made.id
    return {
        "category": one.category, "category_name": {"zh": topic.zh, "en": topic.en},
        "reviewed_violations": one.violations,
        "threshold": one.threshold, "missed": one.missed, "miss_upper": one.miss_rate_upper,
        "miss_budget": one.max_miss_rate, "needed": one.needed, "version": version,
        "confidence": one.confidence,
    }  # fmt: skip


def _alarm(place: Place, store: EventStore) -> dict[str, Any]:
    """The alarm of the surge: what it said, what it did to the claim; then it is resolved."""
    found = list_alarms(store, rule=RULE)
    if not found:
        return {"alarm": None}
    alarm = found[0]
    withdrawn = any(line.alarm == alarm.id for line in read_withdrawals(place.case / FILE))
    if alarm.state != "resolved":
        step_alarm(store, alarm.id, "resolved", author=KNOWN_TRUTH, reason=REASON).result()
    sync_claims(store, place.case)
    still = [line.alarm for line in open_withdrawals(read_withdrawals(place.case / FILE))]
    return {
        "alarm": alarm.id, "told": _told(alarm), "claim": alarm.facts["claim"],
        "withdrawn": withdrawn, "given_back": withdrawn and alarm.id not in still,
    }  # fmt: skip


def _told(alarm: Alarm) -> Mapping[str, str]:
    return {language: describe(alarm, language) for language in ("zh", "en")}
