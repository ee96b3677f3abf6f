"""The Alarms page: what is told, who may do what, and what happens to rules and channels."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.console.client import Reader, shown
from tests.console.conftest import StartConsole
from tests.console.review_queue import key_of
from tests.e2e.servers import RunningGateway
from tests.monitor.receivers import web_receiver

from trueline.core.exchange import Exchange
from trueline.monitor.rules_file import load_monitoring
from trueline.monitor.watching import Watcher
from trueline.store.alarms import (
    Alarm,
    found_change,
    get_alarm,
    list_alarms,
    note_delivery,
    silences_now,
    step,
)

HOSTILE = "<script>document.title='broken'</script>"
RULES = """\
look_seconds: 3600
safety_case: case
review: {{random_share: 0, uncertain_share: 0}}
rules:
  - {{name: violations, kind: rate, rate: violation, claim: violation_rate}}
  - {{name: errors_zh, kind: rate, rate: error, limit: 0.02, where: {{language: zh}}}}
  - {{name: length, kind: drift, measure: prompt_length, reference_events: 200, severity: notice}}
  - {{name: disk, kind: threshold, measure: disk_free_mb, below: 1000}}
channels:
  - {{name: ops, kind: webhook, url: "{url}"}}
  - {{name: log, kind: log}}
"""
FACTS: dict[str, Any] = {
    "kind": "rate", "rate_of": "violation", "found": 19, "n": 1240, "rate": 19 / 1240,
    "low": 0.0091, "high": 0.0241, "limit": 0.01, "confidence": 0.95, "claim": "violation_rate",
    "category": "",
}  # fmt: skip


def start_watched(
    start: StartConsole, tmp_path: Path, url: str = "http://127.0.0.1:9/hook?token=hush"
) -> RunningGateway:
    rules = tmp_path / "monitor.yaml"
    rules.write_text(RULES.format(url=url), "utf-8")
    return start(monitor=str(rules))


@pytest.fixture
def watched(start: StartConsole, tmp_path: Path) -> RunningGateway:
    """A console with rules and channels, and no round in between."""
    return start_watched(start, tmp_path)


def raised(console: RunningGateway, **fields: Any) -> Alarm:
    alarm = Alarm(**{"rule": "violations", "facts": FACTS, **fields})
    console.state.store.change(found_change([alarm])).result(30)
    return alarm


def test_an_alarm_is_told_in_the_readers_language_with_its_claim(watched: RunningGateway) -> None:
    raised(watched, times=3)

    with Reader(watched.url) as reader:
        page = shown(reader.get("/alarms"))
    with Reader(watched.url, "zh") as reader:
        chinese = shown(reader.get("/alarms"))

    assert "Open violations page" in page
    assert "19 of 1240, 1.5 % (0.91 % to 2.4 % at 95%), limit 1.0 %" in page
    assert "met 3 times" in page
    assert "It withdraws the claim violation_rate of the safety case until it is resolved." in page
    assert "违反策略的模型回复：19/1240" in chinese
    assert "安全论证中的主张 violation_rate 已撤回，解决之后恢复。" in chinese
    assert "Alarms 1" in page


def test_without_a_safety_case_no_claim_is_said_to_be_withdrawn(
    start: StartConsole, tmp_path: Path
) -> None:
    rules = tmp_path / "monitor.yaml"
    rules.write_text("look_seconds: 3600\n", "utf-8")
    watched = start(monitor=str(rules))
    raised(watched)

    with Reader(watched.url) as reader:
        page = shown(reader.get("/alarms"))

    assert "It withdraws" not in page
    assert "It speaks against the claim violation_rate ; the monitor file names no" in page


def test_an_alarm_leads_to_the_records_it_is_about(watched: RunningGateway) -> None:
    alarm = raised(watched)
    raised(watched, rule="errors_zh", facts={**FACTS, "rate_of": "error"})
    raised(watched, rule="privacy", facts={**FACTS, "category": "privacy"})

    with Reader(watched.url) as reader:
        page = reader.get("/alarms").text.replace("&amp;", "&")
        links = re.findall(r'<a class="small" href="(/events[^"]+)"', page)
        answers = [reader.get(link).status_code for link in links]
    since = f"{alarm.opened - timedelta(hours=1):%Y-%m-%dT%H%%3A%M}"

    assert sorted(links) == [
        f"/events?action=block&since={since}",
        f"/events?category=privacy&since={since}",
        f"/events?since={since}&errors=1",
    ]
    assert answers == [200, 200, 200]


def test_delivery_is_told_by_channel(watched: RunningGateway) -> None:
    alarm = raised(watched)
    told = {
        "ops": {"tries": 2, "why": "HTTP 500", "again_after": alarm.opened.isoformat()},
        "log": {"sent": alarm.opened.isoformat()},
    }
    note_delivery(watched.state.store, alarm, told).result(30)
    raised(watched, rule="length", severity="notice", facts={
        "kind": "drift", "measure": "prompt_length", "calm_median": 42, "recent_median": 318,
    })  # fmt: skip

    with Reader(watched.url) as reader:
        page = shown(reader.get("/alarms"))

    assert "ops try 2 failed: HTTP 500. Next try" in page
    assert "log sent" in page
    assert "a notice is not sent" in page


def test_a_reviewer_acknowledges_and_only_an_admin_resolves(watched: RunningGateway) -> None:
    alarm = raised(watched)
    reviewer, admin = key_of(watched, "ann", "reviewer"), key_of(watched, "bob", "admin")

    with Reader(watched.url) as reader:
        reader.sign_in(reviewer)
        page = shown(reader.get("/alarms"))
        taken = reader.post(f"/alarms/{alarm.id}/acknowledge", {})
        after = shown(reader.get(taken.headers["location"]))
        refused = reader.post(f"/alarms/{alarm.id}/resolve", {"reason": "mine"})
        silence = reader.post("/alarms/silence", {"rule": "*", "span": "1h", "reason": "x"})
        test = reader.post("/alarms/channels/log/test", {})
    with Reader(watched.url) as reader:
        reader.sign_in(admin)
        blank = reader.post(f"/alarms/{alarm.id}/resolve", {"reason": "  "})
        done = reader.post(f"/alarms/{alarm.id}/resolve", {"reason": f"rolled back {HOSTILE}"})
        last = reader.get(done.headers["location"])
    stored = get_alarm(watched.state.store, alarm.id)

    assert "Acknowledge" in page
    assert "What it was, and what was done" not in page
    assert "ann is dealing with it." in after
    assert [refused.status_code, silence.status_code, test.status_code] == [403, 403, 403]
    assert "Only an admin may do this; this key's role is reviewer." in shown(refused)
    assert blank.status_code == 400
    assert "Say what it was and what was done" in shown(blank)
    assert stored is not None
    assert (stored.state, stored.acknowledged_by, stored.resolved_by) == ("resolved", "ann", "bob")
    assert "resolved by bob rolled back" in shown(last)
    assert "<script>document" not in last.text
    assert "No alarm waits for anyone." in shown(last)


def test_a_viewer_sees_alarms_and_no_buttons(watched: RunningGateway) -> None:
    alarm = raised(watched)
    secret = key_of(watched, "vic", "viewer")

    with Reader(watched.url) as reader:
        reader.sign_in(secret)
        page = reader.get("/alarms")
        answer = reader.post(f"/alarms/{alarm.id}/acknowledge", {})

    assert "19 of 1240" in shown(page)
    assert page.text.split("<main")[1].count("<button") == 0
    assert answer.status_code == 403
    assert list_alarms(watched.state.store)[0].state == "open"


def test_an_alarm_resolved_meanwhile_keeps_what_was_typed(watched: RunningGateway) -> None:
    alarm = raised(watched)
    step(watched.state.store, alarm.id, "resolved", author="bob", reason="done").result(30)

    with Reader(watched.url) as reader:
        answer = reader.post(f"/alarms/{alarm.id}/resolve", {"reason": "my own words"})
        missing = reader.post(f"/alarms/{'0' * 32}/resolve", {"reason": "any"})

    assert answer.status_code == 409
    assert "bob resolved this alarm meanwhile." in shown(answer)
    assert "my own words" in shown(answer)
    assert missing.status_code == 404


@pytest.mark.parametrize(
    "path", ["/alarms/silence", "/alarms/channels/log/test", "/alarms/0/resolve"]
)
def test_a_form_without_its_token_changes_nothing(watched: RunningGateway, path: str) -> None:
    form = {"csrf": "0" * 64, "rule": "*", "span": "1h", "reason": "x"}

    with Reader(watched.url) as reader:
        answer = reader.http.post(path, data=form)

    assert answer.status_code == 403
    assert silences_now(watched.state.store) == []


def test_a_rule_is_silenced_for_a_while(watched: RunningGateway) -> None:
    with Reader(watched.url) as reader:
        blank = reader.post("/alarms/silence", {"rule": "disk", "span": "4h", "reason": ""})
        wrong = reader.post("/alarms/silence", {"rule": "none", "span": "4h", "reason": "x"})
        done = reader.post("/alarms/silence", {"rule": "disk", "span": "4h", "reason": "moving"})
        page = shown(reader.get(done.headers["location"]))
    (silence,) = silences_now(watched.state.store)

    assert blank.status_code == 400
    assert '<option value="4h" selected>' in blank.text
    assert '<option value="disk" selected>' in blank.text
    assert wrong.status_code == 400
    assert (silence.rule, silence.author, silence.reason) == ("disk", "open", "moving")
    assert "Silenced. Alarms are still recorded." in page
    assert "disk Silent until" in page


def test_a_channel_is_tested_and_its_answer_told(start: StartConsole, tmp_path: Path) -> None:
    with web_receiver() as received:
        watched = start_watched(start, tmp_path, received.url + "?token=hush")
        with Reader(watched.url) as reader:
            page = reader.get("/alarms")
            good = reader.post("/alarms/channels/ops/test", {})
            received.status = 500
            bad = reader.post("/alarms/channels/ops/test", {})
            none = reader.post("/alarms/channels/nobody/test", {})

    assert [message["occasion"] for _, message in received.requests] == ["test", "test"]
    assert "ops: the test message was taken." in shown(good)
    assert bad.status_code == 502
    assert "ops: not taken." in shown(bad)
    assert "500" in shown(bad)
    assert none.status_code == 404
    assert "hush" not in page.text + good.text + bad.text


def test_rules_tell_their_promise_and_how_near_they_are(watched: RunningGateway) -> None:
    before = Reader(watched.url)
    fresh = shown(before.get("/alarms"))
    exchanges = [
        Exchange(route="/v1/chat/completions", prompt_chars=5 + n % 3, reply_chars=9, error="")
        for n in range(100)
    ]
    for receipt in [watched.state.store.append(one) for one in exchanges]:
        receipt.result(30)
    rules = load_monitoring(watched.folder.parent / "monitor.yaml")
    Watcher(watched.state.store, rules, lambda: watched.state.policies.current.policy).look()

    page = shown(before.get("/alarms"))
    before.http.close()
    with Reader(watched.url, "zh") as reader:
        chinese = shown(reader.get("/alarms"))

    assert "not begun" in fresh
    assert "replies of the model that break the policy, limit 1.0 %" in page
    assert "requests with an error, limit 2.0 % only language: zh" in page
    assert "at most 1 a year at 10,000 events a day" in page
    assert "of 3,650,000, 100 events" in page
    assert "learning what calm looks like: 100 of 200" in page
    assert "free disk space (MB) below 1,000 for 120 s a fixed mark: no promise" in page
    assert "每年不超过 1 次（每天 10,000 条时）" in chinese
    assert "正在学习平时的样子：100/200 条" in chinese


def test_a_gateway_that_does_not_watch_says_so(start: StartConsole) -> None:
    silent = start(monitor="off")

    with Reader(silent.url) as reader:
        page = shown(reader.get("/alarms"))

    assert "Monitoring is off (setting monitor: off)." in page
    assert "Rules in force" not in page


def test_hostile_names_do_nothing(watched: RunningGateway) -> None:
    raised(watched, rule=HOSTILE, facts={**FACTS, "claim": HOSTILE, "category": HOSTILE})

    with Reader(watched.url) as reader:
        page = reader.get("/alarms")

    assert "document.title='broken'" in shown(page)
    assert "<script>document" not in page.text
