"""Health, readiness, metrics and models; and no word of a user in any of them."""

from __future__ import annotations

import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.e2e.conftest import StartGateway
from tests.e2e.servers import (
    BLOCKED_WORD,
    RunningGateway,
    ScriptedUpstream,
    UpstreamCall,
    completion,
    events_of,
    says,
    text_of,
    wait_until,
)

from trueline.store.queries import export_exchanges, get_exchange

WORDS = "unmistakable-words-of-a-user"
SAMPLE = re.compile(r'^[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+-]+$')


def test_a_healthy_gateway_says_so(gateway: RunningGateway) -> None:
    health, ready = gateway.client.get("/healthz"), gateway.client.get("/readyz")

    assert (health.status_code, ready.status_code) == (200, 200)
    assert health.json()["status"] == "ok"
    assert ready.json() == {"ready": True, "policy": "ok", "store": "ok", "upstream": "ok"}


def test_a_question_for_the_head_alone_is_answered_without_a_body(gateway: RunningGateway) -> None:
    answer = gateway.client.head("/healthz")

    assert (answer.status_code, answer.content) == (200, b"")


def test_metrics_are_in_prometheus_format_and_count_what_happens(start: StartGateway) -> None:
    running = start()
    running.chat("hello")
    running.chat(BLOCKED_WORD)
    running.client.get("/nowhere")

    lines = running.client.get("/metrics").text.splitlines()

    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.match(line)] == []
    assert 'trueline_requests_total{route="/v1/chat/completions",status="200"} 2' in lines
    assert 'trueline_verdicts_total{role="prompt",action="block"} 1' in lines
    assert (
        'trueline_categories_total{role="prompt",category="crime_fraud",action="block"} 1' in lines
    )
    assert 'trueline_requests_total{route="console",status="404"} 1' in lines
    assert 'trueline_guard_seconds_count{role="prompt"} 2' in lines


def test_no_word_of_a_user_reaches_logs_metrics_or_errors(
    start: StartGateway, upstream: ScriptedUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(access_log=True)
    caplog.set_level(logging.DEBUG, logger="trueline")

    def script(call: UpstreamCall) -> None:
        said = f"{WORDS}, said the model"
        call.json({"error": {"message": said, "code": said, "type": said}}, 500)

    answers: list[httpx.Response] = [
        running.chat(WORDS),
        running.client.get(f"/{WORDS}"),
        running.client.post("/v1/chat/completions", json={"model": WORDS, "messages": [WORDS]}),
        running.client.post("/v1/guard/check", json={WORDS: 1}),
    ]
    upstream.script = script
    answers.append(running.chat("hello", model=f"{WORDS} {WORDS}"))

    # A line is written once its answer is out.
    wait_until(lambda: sum(record.getMessage() == "request" for record in caplog.records) >= 5)
    logged = [str(vars(record)) for record in caplog.records]
    assert sum("'route': '/v1/chat/completions'" in line for line in logged) == 3
    assert [line for line in logged if WORDS in line] == []
    assert WORDS not in running.client.get("/metrics").text
    assert all(WORDS not in answer.text for answer in answers[2:])


def test_a_fault_of_our_own_is_an_answer_without_words_and_a_record(
    start: StartGateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running = start()

    def fail(*arguments: object, **fields: object) -> None:
        raise RuntimeError(WORDS)

    monkeypatch.setattr("trueline.gateway.chat_plain.check_chat_reply", fail)

    answer = running.chat("hello")

    assert answer.status_code == 500
    assert WORDS not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["error"]["message"]
    (record,) = [r for r in caplog.records if r.getMessage() == "request_failed"]
    assert WORDS not in str(vars(record))
    (event,) = export_exchanges(running.state.store)
    assert (event.exchange.status, event.exchange.error) == (500, "internal")


def test_a_judge_that_is_slow_holds_up_nobody_else(
    start: StartGateway, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    asked, release = threading.Event(), threading.Event()

    def script(call: UpstreamCall) -> None:
        if call.request.body.get("model") == "judge":
            asked.set()
            release.wait(20)
            call.json(completion('{"violence": 0.0}'))
        else:
            says("All is well.")(call)

    upstream.script = script
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "policy.yaml").write_text(
        "schema: trueline.policy/1\nname: remote\ntime_budget_ms: 20000\n"
        "categories: {violence: {action: block, applies_to: [reply]}}\n"
        f"remote_judge: {{url: '{upstream.url}', model: judge, categories: [violence], "
        "timeout_seconds: 20}\n",
        encoding="utf-8",
    )
    running = start(folder=folder)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(running.chat, "hello", stream=True)
        assert asked.wait(20)
        health = httpx.get(f"{running.url}/healthz", timeout=10)
        release.set()
        answer = asking.result(30)

    assert health.status_code == 200
    assert text_of(events_of(answer.text)) == "All is well."


def test_every_answer_has_an_id_of_its_own(gateway: RunningGateway) -> None:
    answers = [gateway.chat("hello"), gateway.client.get("/healthz"), gateway.client.get("/"),
               gateway.client.get("/nowhere"), gateway.client.post("/v1/feedback")]  # fmt: skip

    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_models_come_from_the_upstream_and_its_faults_are_told(start: StartGateway) -> None:
    working, broken = start(), start(upstream_url="http://127.0.0.1:9", upstream_retries=0)

    assert working.client.get("/v1/models").json()["data"][0]["id"] == "scripted"
    assert broken.client.get("/v1/models").status_code == 502


def test_an_end_user_is_known_by_a_pseudonym_only(start: StartGateway) -> None:
    running = start()
    ids = [
        running.chat("hello", user=user).headers["x-trueline-exchange-id"]
        for user in ("ann@example.org", "ann@example.org", "bob@example.org")
    ]

    users = [event.exchange.user for id in ids if (event := get_exchange(running.state.store, id))]
    assert users[0] == users[1] != users[2]
    assert all("example" not in user for user in users)
