"""Approved versions of the policy decide requests, for a share of them or for all."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import StartGateway
from tests.e2e.servers import RunningGateway, ScriptedUpstream, says
from tests.e2e.test_monitoring import until
from tests.monitor.receivers import web_receiver

from trueline.core.policy_file import parse_policy
from trueline.store.policy_versions import (
    PolicyVersion,
    decide,
    get_version,
    list_versions,
    propose,
)


def proposed(running: RunningGateway) -> PolicyVersion:
    """A version that blocks what the file only redacts."""
    current = running.state.policies.current
    text = current.text.replace("action: redact", "action: block")
    assert text != current.text
    version = PolicyVersion(
        policy=current.policy.name, hash=parse_policy(text).hash,
        parent_hash=current.policy.hash, yaml=text, author="ann",
    )  # fmt: skip
    return propose(running.state.store, version)


def policy_of(running: RunningGateway, user: str = "") -> str:
    return running.chat("hello", user=user).headers["x-trueline-policy"]


def test_an_approved_version_decides_and_a_rollback_takes_it_back(start: StartGateway) -> None:
    running = start()
    before = policy_of(running)
    version = proposed(running)

    decide(running.state.store, version.id, "active", approver="bob")
    until(lambda: policy_of(running) == version.hash)
    decide(running.state.store, version.id, "rolled_back", approver="bob", reason="too strict")

    until(lambda: policy_of(running) == before)


def test_a_canary_decides_its_share_of_the_callers_and_always_the_same(
    start: StartGateway,
) -> None:
    running = start()
    version = proposed(running)
    decide(running.state.store, version.id, "canary", approver="bob", share=0.5)
    until(lambda: running.state.policies.canary)

    users = [f"user{number}" for number in range(40)]
    first = [policy_of(running, user) for user in users]
    second = [policy_of(running, user) for user in users]

    assert first == second
    assert 8 <= first.count(version.hash) <= 32


def test_a_version_survives_a_restart(start: StartGateway, tmp_path: Path) -> None:
    running = start(folder=tmp_path / "kept")
    version = proposed(running)
    decide(running.state.store, version.id, "active", approver="bob")
    running.close()

    again = start(folder=tmp_path / "kept")

    assert policy_of(again) == version.hash


def test_a_policy_file_edited_by_hand_wins(start: StartGateway) -> None:
    running = start()
    version = proposed(running)
    decide(running.state.store, version.id, "active", approver="bob")
    until(lambda: policy_of(running) == version.hash)
    file = running.folder / "policy.yaml"

    file.write_text(file.read_text("utf-8").replace("name: ", "version: '9'\nname: "), "utf-8")

    until(lambda: policy_of(running) not in (version.hash, version.parent_hash))


def test_an_alarm_rolls_a_canary_back(
    start: StartGateway, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    upstream.script = says("write to ann@example.org")
    rules = tmp_path / "monitor.yaml"
    with web_receiver() as received:
        rules.write_text(
            "look_seconds: 0.05\ngroup_seconds: 0\nrules:\n"
            "  - {name: surge, kind: rate, rate: violation, limit: 0.05, false_alarms_a_year: 100}\n"
            f"channels: [{{name: ops, kind: webhook, url: '{received.url}'}}]\n",
            "utf-8",
        )
        running = start(monitor=str(rules))
        version = proposed(running)
        decide(running.state.store, version.id, "canary", approver="bob", share=0.3)
        for number in range(12):
            running.chat("who?", user=f"u{number}")

        until(lambda: not list_versions(running.state.store, states=("canary",)))

    taken = get_version(running.state.store, version.id)
    assert taken is not None
    assert taken.state == "rolled_back"
    assert taken.reason == "alarm of rule surge while the canary ran"
    until(lambda: running.state.policies.canary is None)
