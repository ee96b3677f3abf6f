from __future__ import annotations

from pathlib import Path

import pytest
from tests.monitor.traffic import exchange, write

from trueline.core.errors import InputError
from trueline.core.policy_file import policy_from_template
from trueline.core.withdrawals import FILE, open_withdrawals, read_withdrawals
from trueline.monitor.claims import sync_claims, withdrawn_claims
from trueline.monitor.round import run_round
from trueline.monitor.rules import Monitoring, RateRule
from trueline.monitor.watching import Watcher
from trueline.store.alarms import list_alarms, step
from trueline.store.events import EventStore


def watcher(store: EventStore, case: Path) -> Watcher:
    rule = RateRule(name="violations", rate="violation", limit=0.005, claim="violation_rate")
    rules = Monitoring(rules=(rule,), safety_case=str(case), group_seconds=0)
    return Watcher(store, rules, lambda: policy_from_template("default"))


def test_an_alarm_withdraws_the_claim_until_it_is_resolved(
    store: EventStore, tmp_path: Path
) -> None:
    watching = watcher(store, tmp_path)
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))

    done = run_round(watching, {})
    again = run_round(watching, {})

    assert (done.claims, done.messages, again.claims) == (1, 1, 0)
    (line,) = open_withdrawals(read_withdrawals(tmp_path / FILE))
    (alarm,) = list_alarms(store)
    assert (line.claim, line.alarm) == ("violation_rate", alarm.id)
    assert withdrawn_claims([alarm]) == ("violation_rate",)

    step(store, alarm.id, "resolved", author="ann", reason="model rolled back").result(60)
    run_round(watching, {})

    lines = read_withdrawals(tmp_path / FILE)
    assert open_withdrawals(lines) == ()
    assert lines[-1].reason == "resolved by ann: model rolled back"


def test_a_list_that_was_tampered_with_is_refused(store: EventStore, tmp_path: Path) -> None:
    watching = watcher(store, tmp_path)
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))
    run_round(watching, {})
    path = tmp_path / FILE
    path.write_text(path.read_text("utf-8").replace("violation_rate", "another_rate"), "utf-8")

    with pytest.raises(InputError):
        sync_claims(store, tmp_path)


def test_a_crash_before_the_claim_was_withdrawn_is_mended(
    store: EventStore, tmp_path: Path
) -> None:
    watching = watcher(store, tmp_path)
    write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))
    watching.look()

    done = run_round(watching, {})

    assert done.claims == 1
