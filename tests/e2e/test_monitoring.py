"""The monitor of a running gateway: traffic becomes an alarm, the alarm a message."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.e2e.conftest import StartGateway
from tests.e2e.servers import ScriptedUpstream, command, says
from tests.monitor.receivers import web_receiver

from trueline.core.errors import InputError
from trueline.core.withdrawals import FILE, open_withdrawals, read_withdrawals
from trueline.store.alarms import list_alarms
from trueline.store.events import EventStore
from trueline.store.queries import get_exchange
from trueline.store.watches import load_watches

RULES = """\
look_seconds: 0.05
group_seconds: 0
safety_case: {case}
rules:
  - {{name: violations, kind: rate, rate: violation, limit: 0.05, claim: violation_rate,
     false_alarms_a_year: 100}}
channels:
  - {{name: ops, kind: webhook, url: "{url}"}}
"""


def until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_replies_that_break_the_policy_raise_an_alarm_that_reaches_people(
    start: StartGateway, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    upstream.script = says("write to ann@example.org")
    case = tmp_path / "case"
    case.mkdir()
    with web_receiver() as received:
        rules = tmp_path / "monitor.yaml"
        rules.write_text(RULES.format(url=received.url, case=case), "utf-8")
        running = start(monitor=str(rules))
        for _ in range(12):
            assert running.chat("who?").status_code == 200

        until(lambda: received.requests)

    (_, message), *_ = received.requests
    assert message["subject"] == "Trueline alarm: violations"
    assert message["alarms"][0]["facts"]["claim"] == "violation_rate"
    (alarm,) = list_alarms(running.state.store)
    metrics = running.client.get("/metrics").text
    assert 'trueline_alarms_total{rule="violations",severity="page"} 1' in metrics
    (withdrawn,) = open_withdrawals(read_withdrawals(case / FILE))
    assert withdrawn.alarm == alarm.id


def test_what_an_app_says_of_a_request_can_be_watched(start: StartGateway, tmp_path: Path) -> None:
    rules = tmp_path / "monitor.yaml"
    rules.write_text(
        "look_seconds: 0.05\ngroup_seconds: 0\nrules:\n"
        "  - {name: angry, kind: rate, rate: attribute, limit: 0.1, false_alarms_a_year: 100,\n"
        "     where: {attribute: sentiment, equals: negative}}\n",
        "utf-8",
    )
    running = start(monitor=str(rules))
    for number in range(40):
        sentiment = "negative" if number > 20 else "neutral"
        metadata = {"sentiment": sentiment, "note": "words of a person"}
        answer = running.chat("hello", metadata=metadata)

    until(lambda: list_alarms(running.state.store))

    (alarm,) = list_alarms(running.state.store)
    stored = get_exchange(running.state.store, answer.headers["x-trueline-exchange-id"])
    assert alarm.rule == "angry"
    assert stored is not None
    assert stored.exchange.attributes == {"sentiment": "negative"}


def test_a_gateway_without_monitoring_watches_nothing(start: StartGateway) -> None:
    running = start(monitor="off")

    running.chat("hello")

    assert running.state.monitoring is None
    assert load_watches(running.state.store) == {}


def test_a_faulty_monitor_file_stops_the_start_with_its_faults(
    start: StartGateway, tmp_path: Path
) -> None:
    rules = tmp_path / "monitor.yaml"
    rules.write_text("look_seconds: soon\n", "utf-8")

    with pytest.raises(InputError) as error:
        start(monitor=str(rules))

    assert str(error.value) == (
        f"{rules} is not a valid monitor file:\n"
        "  line 1, look_seconds: Input should be a valid number, unable to parse string as a "
        "number (got 'soon')"
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_gateway_goes_on_watching_where_it_was(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    (tmp_path / "monitor.yaml").write_text("look_seconds: 0.05\n", "utf-8")
    db = f"sqlite:///{tmp_path / 'trueline.db'}"

    def watched() -> str:
        with EventStore.open(db, read_only=True) as store:
            errors = load_watches(store).get("errors")
        return errors.state if errors else ""

    for started in (1, 2):
        with command(tmp_path, "--upstream", upstream.url, "--policy", "default") as running:
            body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
            url = f"{running.wait_ready()}/v1/chat/completions"
            httpx.post(url, json=body, timeout=60).raise_for_status()

            until(partial(_holds, watched, f'"n":{started},'))
            os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait()


def _holds(read: Callable[[], str], part: str) -> bool:
    return part in read()
