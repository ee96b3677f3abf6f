"""The Playground's requests: the gateway's own answer, streamed, recorded and explained."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from tests.console.client import Reader, shown
from tests.console.conftest import PRIVACY_POLICY, StartConsole
from tests.e2e.servers import (
    BLOCKED_WORD,
    RunningGateway,
    ScriptedUpstream,
    events_of,
    says,
    text_of,
)

from trueline.core.records import Action
from trueline.store.keys import create_key
from trueline.store.queries import get_exchange, list_exchanges


def chat(reader: Reader, text: str, **fields: object) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": text}], "model": "scripted", **fields}
    return reader.http.post("/playground/chat", json=body, headers={"x-csrf-token": reader.token()})


def verdicts(reader: Reader, exchange: str, prompt: str, reply: str) -> str:
    form = {"exchange": exchange, "prompt": prompt, "reply": reply}
    return reader.post("/playground/verdicts", form).text


def test_a_chat_is_answered_and_recorded_as_the_gateway_does(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        answer = chat(reader, "What is a policy?", model="trueline-assistant")
    exchange_id = answer.headers["x-trueline-exchange-id"]
    event = get_exchange(shared.state.store, exchange_id)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert text_of(events_of(answer.text))
    assert answer.text.rstrip().endswith("data: [DONE]")
    assert event is not None
    assert event.exchange.route == "/v1/chat/completions"
    assert event.exchange.stream


def test_verdicts_highlight_the_prompt_as_it_was_typed(shared: RunningGateway) -> None:
    text = "我的手机号是１３８００１３８０００，\n谢谢"

    with Reader(shared.url) as reader:
        answer = chat(reader, text, model="trueline-assistant")
        page = verdicts(reader, answer.headers["x-trueline-exchange-id"], text, "好的")

    assert "１３８００１３８０００</mark>" in page
    assert 'data-name="mobile number (CN)"' in page
    assert "0.90</b> ≥ 0.50" in page
    assert "badge-redact" in page


def test_a_blocked_prompt_never_reaches_the_model(start: StartConsole) -> None:
    upstream = ScriptedUpstream()
    try:
        console = start(upstream_url=upstream.url)
        upstream.script = says("never said")
        with Reader(console.url) as reader:
            answer = chat(reader, f"tell me about {BLOCKED_WORD}")
            page = verdicts(
                reader,
                answer.headers["x-trueline-exchange-id"],
                f"tell me about {BLOCKED_WORD}",
                "",
            )

        assert "never said" not in answer.text
        assert [call for call in upstream.requests if call.path.endswith("completions")] == []
        assert f"{BLOCKED_WORD}</mark>" in page
        assert "badge-block" in page
    finally:
        upstream.close()


def test_what_the_reply_must_not_say_is_not_in_the_page(start: StartConsole) -> None:
    upstream = ScriptedUpstream()
    try:
        console = start(upstream_url=upstream.url, policy_text=PRIVACY_POLICY)
        upstream.script = says("Write to ann@example.org, she knows.")
        with Reader(console.url) as reader:
            answer = chat(reader, "whom do I ask?")
            said = text_of(events_of(answer.text))
            page = verdicts(reader, answer.headers["x-trueline-exchange-id"], "whom", said)

        assert said == "Write to [EMAIL], she knows."
        reply = page.split('id="reply"')[1]
        assert 'data-name="email">[EMAIL]</mark>' in reply
    finally:
        upstream.close()


def test_shadow_mode_changes_nothing_and_says_so(start: StartConsole) -> None:
    upstream = ScriptedUpstream()
    try:
        console = start(upstream_url=upstream.url)
        upstream.script = says("Mail ann@example.org.")
        with Reader(console.url) as reader:
            answer = chat(reader, BLOCKED_WORD, shadow=True)
            exchange_id = answer.headers["x-trueline-exchange-id"]
            page = verdicts(reader, exchange_id, BLOCKED_WORD, "")
        event = get_exchange(console.state.store, exchange_id)

        assert text_of(events_of(answer.text)) == "Mail ann@example.org."
        assert event is not None
        assert event.exchange.shadow
        assert ">shadow<" in page
    finally:
        upstream.close()


def test_another_policy_judges_when_chosen_and_an_unknown_one_is_refused(
    shared: RunningGateway,
) -> None:
    with Reader(shared.url) as reader:
        strict = chat(reader, "mail ann@example.org", model="trueline-assistant", policy="strict")
        unknown = chat(reader, "hello", policy="../../etc/passwd")
    event = get_exchange(shared.state.store, strict.headers["x-trueline-exchange-id"])

    assert event is not None
    assert event.exchange.policy_name == "strict"
    assert unknown.status_code == 400
    assert "There is no policy of this name here" in shown(unknown)


@pytest.mark.parametrize("role", ["prompt", "reply", "document", "tool_result"])
def test_a_check_judges_without_asking_the_model(start: StartConsole, role: str) -> None:
    upstream = ScriptedUpstream()
    try:
        console = start(upstream_url=upstream.url, policy_text=PRIVACY_POLICY)
        with Reader(console.url) as reader:
            page = reader.post("/playground/check", {"text": "at 10.0.0.1: ann@example.org",
                                                     "role": role}).text  # fmt: skip
        event = list_exchanges(console.state.store).events[0]

        assert "ann@example.org</mark>" in page
        assert "[EMAIL]" in page
        assert re.search(r"\d ms<", page)
        assert event.exchange.route == "/v1/guard/check"
        assert event.exchange.action == Action.REDACT
        assert [call for call in upstream.requests if call.path.endswith("completions")] == []
    finally:
        upstream.close()


def test_a_check_with_a_wrong_role_says_what_is_accepted(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.post("/playground/check", {"text": "hello", "role": "emperor"})

    assert "role must be one of prompt, reply, document, tool_result" in shown(page)


def test_a_check_takes_any_text(shared: RunningGateway) -> None:
    texts = ["", " ", "\x00", "a" * 200_000, "\u202e" * 500, "x\r\ny", "😀" * 1000]

    with Reader(shared.url) as reader:
        pages = [reader.post("/playground/check", {"text": text}) for text in texts]

    assert [page.status_code for page in pages] == [200] * len(texts)
    assert all("badge" in page.text for page in pages)


def test_line_breaks_of_a_form_do_not_shift_the_marks(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.post("/playground/check", {"text": "one\r\ntwo\r\nann@example.org\r\n"})

    assert ">ann@example.org</mark>" in html.unescape(page.text)


def test_an_admins_session_uses_the_model_under_its_own_key(console: RunningGateway) -> None:
    made = create_key(console.state.store, "boss", role="admin")
    console.state.keys.refresh()

    with Reader(console.url) as reader:
        reader.sign_in(made.secret)
        answer = chat(reader, "What is a policy?", model="trueline-assistant")
    event = get_exchange(console.state.store, answer.headers["x-trueline-exchange-id"])

    assert answer.status_code == 200
    assert event is not None
    assert event.exchange.key_id == made.key.id


def test_a_session_does_not_open_the_api_itself(console: RunningGateway) -> None:
    made = create_key(console.state.store, "boss", role="admin")
    console.state.keys.refresh()

    with Reader(console.url) as reader:
        reader.sign_in(made.secret)
        answer = reader.http.post("/v1/guard/check", json={"text": "x"})

    assert answer.status_code == 401


def test_an_upstream_that_is_gone_is_told_in_the_chat(start: StartConsole) -> None:
    console = start(upstream_url="http://127.0.0.1:9/v1", upstream_retries=0)

    with Reader(console.url) as reader:
        page = reader.get("/playground")
        answer = chat(reader, "hello")

    assert 'value="default"' in page.text
    assert answer.status_code == 502
    assert answer.json()["error"]["message"]


def test_an_unknown_exchange_has_no_verdicts(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.post("/playground/verdicts", {"exchange": "0" * 32})

    assert page.status_code == 404
