from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.traffic import exchange, write

from trueline.core.policy_file import policy_from_template
from trueline.monitor.nearness import Nearness, nearness_of, on_log_scale
from trueline.monitor.rules import DriftRule, Monitoring, RateRule, Rule, ThresholdRule
from trueline.monitor.watching import LEASE, Watcher
from trueline.store.events import EventStore
from trueline.store.watches import give_up_lease, load_watches

POLICY = policy_from_template("default")


def looked(store: EventStore, rule: Rule, levels: dict[str, float] | None = None) -> Nearness:
    rules = Monitoring(rules=(rule,))
    watcher = Watcher(store, rules, lambda: POLICY, lambda: levels or {})  # type: ignore[arg-type,return-value]
    watcher.look()
    give_up_lease(store, LEASE, watcher.holder)
    limit = watcher.limit(rule) if isinstance(rule, RateRule) else None
    return nearness_of(rule, load_watches(store), limit)


def test_violations_bring_a_rate_rule_nearer_and_an_alarm_says_so(store: EventStore) -> None:
    rule = RateRule(name="violations", rate="violation", limit=0.01)
    write(store, (exchange(n) for n in range(200)))
    calm = looked(store, rule)
    write(store, (exchange(n, violates=True) for n in range(200, 205)))
    rising = looked(store, rule)
    write(store, (exchange(n, violates=True) for n in range(205, 240)))
    over = looked(store, rule)

    assert calm.events == 200
    assert calm.near is not None
    assert rising.near is not None
    assert 0 < calm.near < 0.5 < rising.near < 1
    assert rising.needed == 3_650_000
    assert math.isclose(on_log_scale(rising.evidence, rising.needed), rising.near)
    assert not rising.sounding
    assert over.sounding


def test_a_rule_worded_anew_or_with_a_new_limit_begins_anew(store: EventStore) -> None:
    rule = RateRule(name="violations", rate="violation", limit=0.01)
    write(store, (exchange(n, violates=n % 50 == 0) for n in range(200)))
    looked(store, rule)
    known = load_watches(store)

    assert nearness_of(rule, known, 0.02).evidence == 0.0
    assert nearness_of(rule, known, 0.01).evidence > 0.0
    assert nearness_of(rule.model_copy(update={"limit": 0.03}), known, 0.03) == Nearness()
    assert nearness_of(rule, {}, 0.01) == Nearness()


def test_a_drift_rule_first_learns_what_calm_looks_like(store: EventStore) -> None:
    rule = DriftRule(name="length", measure="prompt_length", reference_events=300)
    write(store, (exchange(n) for n in range(120)))
    learning = looked(store, rule)
    write(store, (exchange(n) for n in range(120, 400)))
    watching = looked(store, rule)

    assert (learning.near, learning.learned, learning.wanted) == (None, 120, 300)
    assert watching.near is not None
    assert watching.events == 400


def test_a_number_beyond_its_mark_comes_nearer_with_time(store: EventStore) -> None:
    rule = ThresholdRule(name="disk", measure="disk_free_mb", below=1000.0, for_seconds=1e4)
    within = looked(store, rule, {"disk_free_mb": 5000.0})
    beyond = looked(store, rule, {"disk_free_mb": 10.0})
    at_once = looked(
        store, rule.model_copy(update={"name": "now", "for_seconds": 0.0}), {"disk_free_mb": 10.0}
    )

    assert (within.near, within.beyond_seconds) == (0.0, None)
    assert beyond.near is not None
    assert 0 <= beyond.near < 0.01
    assert beyond.beyond_seconds is not None
    assert (at_once.near, at_once.sounding) == (1.0, True)


@given(st.floats(0, 1e12), st.floats(1.001, 1e12))
def test_the_log_scale_stays_between_none_and_all(evidence: float, needed: float) -> None:
    near = on_log_scale(evidence, needed)

    assert 0.0 <= near <= 1.0
    assert (near == 1.0) >= (evidence >= needed)
