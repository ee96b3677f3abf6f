from __future__ import annotations

from datetime import timedelta

import pytest
from tests.monitor.traffic import BEGIN, exchange, write

from trueline.core.policy import Policy
from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action
from trueline.monitor.rules import DriftRule, Monitoring, RateRule, ThresholdRule, Where
from trueline.monitor.watching import LEASE, Watcher, start_from_now
from trueline.store.alarms import get_alarm, list_alarms, step
from trueline.store.events import EventStore
from trueline.store.verify import verify
from trueline.store.watches import give_up_lease, load_watches

POLICY = policy_from_template("default")
QUICK = {"events_a_day": 10_000.0, "false_alarms_a_year": 1.0}


def policy() -> Policy:
    return POLICY


def watcher(store: EventStore, *rules: object) -> Watcher:
    return Watcher(store, Monitoring(rules=rules), policy)  # type: ignore[arg-type]


def violations(limit: float = 0.005, **where: str) -> RateRule:
    return RateRule(
        name="violations", rate="violation", limit=limit, claim="violation_rate",
        where=Where(**where),  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_rise_above_the_limit_is_one_alarm_with_its_numbers(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(store, (exchange(n) for n in range(1000)))
    calm = watching.look()
    write(store, (exchange(1000 + n, violates=n % 10 == 0) for n in range(600)))

    found = watching.look()

    assert calm is not None
    assert calm.events == 1000
    assert not calm.raised
    assert found is not None
    (alarm,) = found.raised
    assert (alarm.rule, alarm.severity, alarm.state) == ("violations", "page", "open")
    assert alarm.facts["limit"] == 0.005
    assert alarm.facts["low"] > 0.005
    assert alarm.facts["claim"] == "violation_rate"
    assert get_alarm(store, alarm.id) == list_alarms(store)[0]
    assert verify(store).ok


def test_how_the_looks_are_cut_does_not_change_what_is_found(store: EventStore) -> None:
    def events(seed: int) -> list[bool]:
        return [n % 23 == seed % 23 for n in range(900)]

    write(store, (exchange(n, violates=v) for n, v in enumerate(events(3))))
    whole = watcher(store, violations())
    at_once = whole.look()
    give_up_lease(store, LEASE, whole.holder)
    other = watcher(store, violations().model_copy(update={"name": "again"}))

    found = other.look()  # a new rule begins where the stream was read to
    write(store, (exchange(5000 + n, violates=v) for n, v in enumerate(events(3))))
    later = [other.look()]

    assert at_once is not None
    assert found is not None
    assert found.events == 0
    assert later[0] is not None
    assert [a.facts["n"] for a in later[0].raised] == [a.facts["n"] for a in at_once.raised]


def test_an_open_alarm_is_met_again_and_not_raised_twice(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))
    first = watching.look()
    write(store, (exchange(300 + n, violates=n % 5 == 0) for n in range(300)))

    second = watching.look()

    assert first is not None
    assert second is not None
    assert len(first.raised) == 1
    assert not second.raised
    assert [alarm.id for alarm in second.again] == [first.raised[0].id]
    (alarm,) = list_alarms(store)
    assert alarm.times == 2


def test_an_alarm_recovers_when_the_rate_is_shown_to_be_back(store: EventStore) -> None:
    watching = watcher(store, violations(limit=0.02))
    write(store, (exchange(n, violates=n % 4 == 0) for n in range(200)))
    watching.look()
    write(store, (exchange(200 + n) for n in range(400)))

    found = watching.look()

    assert found is not None
    assert [alarm.rule for alarm in found.recovered] == ["violations"]
    assert list_alarms(store)[0].state == "recovered"


def test_a_resolved_alarm_can_be_raised_anew(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))
    watching.look()
    step(store, list_alarms(store)[0].id, "resolved", author="ann", reason="bad model").result(60)
    write(store, (exchange(300 + n, violates=n % 5 == 0) for n in range(300)))

    found = watching.look()

    assert found is not None
    assert len(found.raised) == 1
    assert [alarm.state for alarm in list_alarms(store)] == ["open", "resolved"]


def test_a_category_rule_counts_only_replies_of_that_category(store: EventStore) -> None:
    watching = watcher(
        store,
        violations(category="violence").model_copy(update={"name": "violence"}),
        violations(category="privacy").model_copy(update={"name": "privacy"}),
    )
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))

    found = watching.look()

    assert found is not None
    assert [alarm.rule for alarm in found.raised] == ["violence"]


def test_a_blocked_prompt_says_nothing_about_the_model(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(
        store,
        (exchange(n, prompt_action=Action.BLOCK, reply_action=Action.BLOCK) for n in range(300)),
    )

    found = watching.look()

    assert found is not None
    assert not found.raised


def test_only_one_of_two_processes_watches(store: EventStore) -> None:
    first, second = watcher(store, violations()), watcher(store, violations())
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))

    assert second.look() is not None
    assert first.look() is None
    give_up_lease(store, LEASE, second.holder)
    found = first.look()

    assert found is not None
    assert found.events == 0
    assert len(list_alarms(store)) == 1


def test_a_clock_that_steps_back_neither_repeats_nor_skips_an_event(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(store, (exchange(10_000 + n) for n in range(50)))
    watching.look()
    write(store, (exchange(n, time=BEGIN - timedelta(days=3)) for n in range(70)))

    found = watching.look()

    assert found is not None
    assert found.events == 70


def test_a_rule_worded_anew_begins_anew(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(store, (exchange(n) for n in range(100)))
    watching.look()
    give_up_lease(store, LEASE, watching.holder)

    watcher(store, violations(limit=0.01)).look()

    assert '"n":0' in load_watches(store)["violations"].state


def test_the_alarm_speaks_of_the_stretch_that_raised_it(store: EventStore) -> None:
    watching = watcher(store, violations())
    write(store, (exchange(n, violates=n % 1000 == 0) for n in range(4000)))
    watching.look()
    write(store, (exchange(4000 + n, violates=n % 20 == 0) for n in range(800)))

    found = watching.look()

    assert found is not None
    (alarm,) = found.raised
    assert alarm.facts["n"] < 1500
    assert alarm.facts["low"] > alarm.facts["limit"]
    assert alarm.facts["found_in_all"] > alarm.facts["found"]


def test_a_language_that_was_never_seen_is_drift(store: EventStore) -> None:
    rule = DriftRule(name="language", measure="language_zh", reference_events=300)
    watching = watcher(store, rule)
    write(store, (exchange(n, language="en") for n in range(400)))
    watching.look()
    write(store, (exchange(400 + n, language="zh") for n in range(100)))

    found = watching.look()

    assert found is not None
    assert [alarm.rule for alarm in found.raised] == ["language"]


def test_drift_of_the_prompts_is_told_and_their_new_length_becomes_calm(store: EventStore) -> None:
    rule = DriftRule(name="length", measure="prompt_length", reference_events=500)
    watching = watcher(store, rule)
    write(store, (exchange(n, prompt_chars=40 + n * 7 % 100) for n in range(1500)))
    calm = watching.look()
    write(store, (exchange(n, prompt_chars=400 + n * 7 % 100) for n in range(300)))
    changed = watching.look()
    write(store, (exchange(n, prompt_chars=400 + n * 7 % 100) for n in range(2000)))

    settled = watching.look()

    assert calm is not None
    assert changed is not None
    assert settled is not None
    assert not calm.raised
    assert [alarm.facts["measure"] for alarm in changed.raised] == ["prompt_length"]
    assert changed.raised[0].facts["recent_median"] > 400
    assert not settled.raised
    assert not settled.again


def test_a_level_must_stay_beyond_its_mark(store: EventStore) -> None:
    readings = iter([900.0, 100.0, 950.0, 960.0])
    rule = ThresholdRule(name="latency", measure="latency_p99_ms", above=500.0, for_seconds=0.0)
    waiting = rule.model_copy(update={"name": "slow", "for_seconds": 3600.0})
    watching = Watcher(
        store, Monitoring(rules=(rule, waiting)), policy,
        lambda: {"latency_p99_ms": next(readings)},
    )  # fmt: skip

    looks = [watching.look() for _ in range(4)]

    told = [[alarm.rule for alarm in look.raised] for look in looks if look]
    back = [[alarm.rule for alarm in look.recovered] for look in looks if look]
    assert told == [["latency"], [], [], []]
    assert back == [[], ["latency"], [], []]
    assert list_alarms(store)[0].times == 2


def test_watching_may_begin_with_the_next_exchange(store: EventStore) -> None:
    write(store, (exchange(n, violates=True) for n in range(200)))
    start_from_now(store)

    found = watcher(store, violations()).look()

    assert found is not None
    assert found.events == 0


@pytest.mark.parametrize("limit", [0.0, 0.5])
def test_a_rate_limit_must_make_sense(limit: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        RateRule(name="x", rate="error", limit=limit)
