"""Policies change while the gateway runs; a bad file changes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import StartGateway
from tests.e2e.servers import BLOCKED_WORD, POLICY, RunningGateway, wait_until


def policy_file(running: RunningGateway) -> Path:
    return running.folder / "policy.yaml"


def hash_now(running: RunningGateway) -> str:
    return running.chat("hello").headers["x-trueline-policy"]


def test_a_changed_file_is_in_force_without_a_restart(start: StartGateway) -> None:
    running = start()
    before = hash_now(running)

    policy_file(running).write_text(POLICY.replace(BLOCKED_WORD, "otherword"), encoding="utf-8")
    wait_until(lambda: hash_now(running) != before)

    assert running.chat(BLOCKED_WORD).headers["x-trueline-action"] == "allow"
    assert running.chat("otherword").headers["x-trueline-action"] == "block"


def test_a_bad_file_keeps_the_old_policy_and_says_so(start: StartGateway) -> None:
    running = start()
    before = hash_now(running)

    policy_file(running).write_text("categories: [", encoding="utf-8")
    wait_until(lambda: "faulty" in running.client.get("/readyz").text)

    assert hash_now(running) == before
    assert running.chat(BLOCKED_WORD).headers["x-trueline-action"] == "block"
    assert running.client.get("/readyz").status_code == 200
    metrics = running.client.get("/metrics").text
    assert 'trueline_policy_reloads_total{outcome="faulty"} 1' in metrics
    assert "trueline_policy_faulty 1" in metrics


def test_a_mended_file_takes_the_fault_away(start: StartGateway) -> None:
    running = start()
    policy_file(running).write_text("nonsense", encoding="utf-8")
    wait_until(lambda: "faulty" in running.client.get("/readyz").text)

    policy_file(running).write_text(POLICY, encoding="utf-8")

    wait_until(lambda: "faulty" not in running.client.get("/readyz").text)
    assert "trueline_policy_faulty 0" in running.client.get("/metrics").text


def test_a_file_that_vanishes_keeps_the_old_policy(start: StartGateway) -> None:
    running = start()
    before = hash_now(running)

    policy_file(running).unlink()
    wait_until(lambda: "faulty" in running.client.get("/readyz").text)

    assert hash_now(running) == before


def test_an_admin_may_ask_for_a_reload(start: StartGateway) -> None:
    running = start(policy_poll=3600)
    before = hash_now(running)

    policy_file(running).write_text("categories: {}", encoding="utf-8")
    refused = running.client.post("/v1/policy/reload")
    policy_file(running).write_text(POLICY.replace("name: test", "name: next"), encoding="utf-8")
    accepted = running.client.post("/v1/policy/reload")

    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "policy_faulty"
    assert accepted.json()["outcome"] == "reloaded"
    assert accepted.json()["policy_hash"] == hash_now(running) != before


def test_a_word_list_beside_the_policy_is_watched_too(start: StartGateway, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    words = folder / "words.txt"
    words.write_text("firstword\n", encoding="utf-8")
    (folder / "policy.yaml").write_text(
        "schema: trueline.policy/1\nname: listed\n"
        "categories: {crime_fraud: {action: block}}\n"
        "lexicons: [{category: crime_fraud, file: words.txt}]\n",
        encoding="utf-8",
    )
    running = start(folder=folder)
    before = hash_now(running)

    words.write_text("firstword\nsecondword\n", encoding="utf-8")
    wait_until(lambda: hash_now(running) != before)

    assert running.chat("secondword").headers["x-trueline-action"] == "block"
