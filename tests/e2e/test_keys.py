"""Keys, roles, rate limits, shadow mode and policies of a key's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import StartGateway
from tests.e2e.servers import (
    BLOCKED_WORD,
    POLICY,
    RunningGateway,
    ScriptedUpstream,
    says,
)

from trueline.core.records import Action
from trueline.store.keys import create_key, revoke_key
from trueline.store.queries import get_exchange


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def make(running: RunningGateway, name: str, **fields: Any) -> str:
    secret = create_key(running.state.store, name, **fields).secret
    running.state.keys.refresh()
    return secret


def test_without_keys_loopback_is_open_and_the_first_key_closes_it(start: StartGateway) -> None:
    running = start()

    before = running.chat("hello")
    secret = make(running, "first")
    after = running.chat("hello")
    with_key = running.chat("hello", headers=bearer(secret))

    assert [before.status_code, after.status_code, with_key.status_code] == [200, 401, 200]
    assert after.json()["error"]["code"] == "missing_api_key"
    assert after.headers["www-authenticate"] == "Bearer"


def test_a_wrong_a_revoked_and_a_bare_key_open_nothing(start: StartGateway) -> None:
    running = start()
    secret = make(running, "one")
    key = running.state.keys.find(secret)
    assert key is not None
    revoke_key(running.state.store, key.id)
    running.state.keys.refresh()

    answers = [
        running.chat("hello", headers=headers)
        for headers in (bearer(secret), bearer("tl-wrong"), {"authorization": secret},
                        {"authorization": "Basic dGw6eA=="})
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [401] * 4
    assert all(secret not in answer.text for answer in answers)


@pytest.mark.parametrize(
    ("role", "chat", "reload"),
    [("admin", 200, 200), ("client", 200, 403), ("reviewer", 403, 403), ("viewer", 403, 403)],
)
def test_a_role_says_what_a_key_may_do(
    start: StartGateway, role: str, chat: int, reload: int
) -> None:
    running = start()
    headers = bearer(make(running, role, role=role))

    assert running.chat("hello", headers=headers).status_code == chat
    assert running.client.post("/v1/policy/reload", headers=headers).status_code == reload
    assert running.client.get("/healthz").status_code == 200


def test_a_foreign_page_cannot_reach_the_open_api(gateway: RunningGateway) -> None:
    rebound = gateway.chat("hello", headers={"host": "evil.example:8080"})
    forged = gateway.chat("hello", headers={"origin": "https://evil.example"})
    opaque = gateway.chat("hello", headers={"origin": "null"})
    local = gateway.chat("hello", headers={"origin": "http://localhost:3000"})
    page = gateway.client.get("/", headers={"host": "evil.example"})

    assert [rebound.status_code, forged.status_code, opaque.status_code] == [403] * 3
    assert rebound.json()["error"]["code"] == "host_not_allowed"
    assert local.status_code == 200
    assert page.status_code == 403


def test_a_rate_limit_answers_429_and_says_when_to_come_back(start: StartGateway) -> None:
    running = start()
    headers = bearer(make(running, "slow", rate_limit=2))
    free = bearer(make(running, "free"))

    answers = [running.chat("hello", headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == [
        "1", "0", "0",
    ]  # fmt: skip
    assert answers[2].headers["x-ratelimit-limit-requests"] == "2"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert answers[2].json()["error"]["type"] == "rate_limit_error"
    assert running.chat("hello", headers=free).status_code == 200


def test_a_key_may_have_a_policy_of_its_own(
    start: StartGateway, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    lenient = tmp_path / "lenient.yaml"
    lenient.write_text(
        POLICY.replace("crime_fraud: {action: block}", "crime_fraud: {action: flag}")
    )
    running = start(policies={"lenient": str(lenient)})
    strict = bearer(make(running, "strict"))
    easy = bearer(make(running, "easy", policy="lenient"))
    lost = bearer(make(running, "lost", policy="nowhere"))

    assert running.chat(BLOCKED_WORD, headers=strict).headers["x-trueline-action"] == "block"
    passed = running.chat(BLOCKED_WORD, headers=easy)
    assert passed.headers["x-trueline-action"] == "flag"
    assert passed.json()["choices"][0]["message"]["content"] == "All is well."
    refused = running.chat("hello", headers=lost)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "policy_not_configured")


def test_shadow_mode_records_everything_and_changes_nothing(
    start: StartGateway, upstream: ScriptedUpstream
) -> None:
    upstream.script = says(f"All about {BLOCKED_WORD}, mail a.b@example.com")
    running = start(shadow=True)

    whole = running.chat(f"what is {BLOCKED_WORD}?")
    streamed = running.chat(f"what is {BLOCKED_WORD}?", stream=True)

    assert whole.json()["choices"][0]["message"]["content"].startswith("All about")
    assert streamed.status_code == 200
    assert whole.headers["x-trueline-action"] == "block"
    event = get_exchange(running.state.store, whole.headers["x-trueline-exchange-id"])
    assert event is not None
    assert (event.exchange.shadow, event.exchange.reply_action) == (True, Action.BLOCK)


def test_only_an_admin_may_ask_for_shadow_mode(start: StartGateway) -> None:
    running = start()
    client, admin = make(running, "client"), make(running, "admin", role="admin")
    asked = {"x-trueline-shadow": "1"}

    refused = running.chat(BLOCKED_WORD, headers={**bearer(client), **asked})
    passed = running.chat(BLOCKED_WORD, headers={**bearer(admin), **asked})

    assert refused.status_code == 403
    assert passed.json()["choices"][0]["message"]["content"] == "All is well."


def test_the_callers_key_is_sent_on_only_when_the_settings_say_so(
    start: StartGateway, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUELINE_UPSTREAM_KEY", "up-key")
    keeping, sending = start(), start(forward_caller_key=True)

    keeping.chat("hello", headers=bearer("mine"))
    sending.chat("hello", headers=bearer("mine"))

    sent = [request.headers["authorization"] for request in upstream.requests]
    assert sent == ["Bearer up-key", "Bearer mine"]


def test_feedback_is_stored_beside_its_exchange_and_only_by_its_owner(
    start: StartGateway,
) -> None:
    running = start()
    mine, other = bearer(make(running, "mine")), bearer(make(running, "other"))
    id = running.chat("hello", headers=mine).headers["x-trueline-exchange-id"]
    body = {"exchange_id": id, "kind": "thumbs", "value": -1, "reason": "wrong",
            "text": "no, call 13800138000"}  # fmt: skip

    def send(headers: dict[str, str], **fields: Any) -> httpx.Response:
        return running.client.post("/v1/feedback", json={**body, **fields}, headers=headers)

    assert send(mine).json()["exchange_id"] == id
    assert send(other).status_code == 404
    assert send(mine, exchange_id="0" * 32).status_code == 404
    assert send(mine, kind="praise").status_code == 400
    assert send(mine, value="much").status_code == 400
