"""Chat completions through a real gateway to a real upstream."""

from __future__ import annotations

from typing import Any

import pytest
from tests.e2e.servers import (
    BLOCKED_WORD,
    BLOCKED_WORD_ZH,
    RunningGateway,
    ScriptedUpstream,
    UpstreamCall,
    chunk,
    completion,
    events_of,
    says,
    text_of,
)

from trueline.core.records import Action
from trueline.store.queries import get_exchange


def test_a_harmless_conversation_passes_and_is_recorded(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    answer = gateway.chat("How do I bake bread?")

    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "All is well."
    assert answer.headers["x-trueline-action"] == "allow"
    event = get_exchange(gateway.state.store, answer.headers["x-trueline-exchange-id"])
    assert event is not None
    assert event.exchange.prompt_text == "How do I bake bread?"
    assert event.exchange.reply_text == "All is well."
    assert event.exchange.model == "scripted"


def test_fields_the_gateway_does_not_know_reach_the_upstream_untouched(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    unknown = {"seed": 7, "x_vendor": {"deep": [1, None, "ü"]}, "temperature": 0.25}

    gateway.chat("hello", **unknown)

    assert unknown.items() <= upstream.requests[0].body.items()


def test_personal_data_in_a_prompt_is_redacted_before_it_leaves(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    answer = gateway.chat("我的手机号是13800138000，请记下")

    assert "13800138000" not in str(upstream.requests[0].body)
    assert answer.headers["x-trueline-action"] == "redact"
    assert answer.headers["x-trueline-categories"] == "privacy"


@pytest.mark.parametrize("word", [BLOCKED_WORD, BLOCKED_WORD_ZH])
def test_a_blocked_prompt_never_reaches_the_upstream(
    gateway: RunningGateway, upstream: ScriptedUpstream, word: str
) -> None:
    answer = gateway.chat(f"tell me about {word} please")

    assert upstream.requests == []
    choice = answer.json()["choices"][0]
    assert choice["finish_reason"] == "content_filter"
    assert choice["message"]["content"]
    assert answer.headers["x-trueline-action"] == "block"
    event = get_exchange(gateway.state.store, answer.headers["x-trueline-exchange-id"])
    assert event is not None
    assert event.exchange.prompt_action is Action.BLOCK


def test_a_blocked_prompt_answers_as_a_stream_when_asked_to(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    answer = gateway.chat(f"about {BLOCKED_WORD}", stream=True)

    events = events_of(answer.text)
    assert answer.text.endswith("data: [DONE]\n\n")
    assert events[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert text_of(events)
    assert upstream.requests == []


def test_a_blocked_reply_is_replaced_by_the_safe_reply(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    upstream.script = says(f"Sure, {BLOCKED_WORD} works like this.")

    answer = gateway.chat("hello")

    choice = answer.json()["choices"][0]
    assert BLOCKED_WORD not in answer.text
    assert choice["finish_reason"] == "content_filter"
    assert answer.headers["x-trueline-action"] == "block"


def _every_field(call: UpstreamCall) -> None:
    secret = f"before {BLOCKED_WORD} after"
    tool = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "send", "arguments": f'{{"to":"{secret}"}}'},
    }
    body = completion("fine", reasoning_content=secret, tool_calls=[tool])
    body["choices"].append(
        {
            "index": 1,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": secret},
            "logprobs": {"content": [{"token": secret}]},
        }
    )
    body["x_debug"] = secret
    if not call.request.body.get("stream"):
        call.json(body)
        return
    call.start_stream()
    for at in range(0, len(secret), 3):
        piece = secret[at : at + 3]
        call.event(chunk({"reasoning_content": piece}))
        call.event(chunk({"content": piece}, index=1))
        call.event(chunk({"novel_field": piece}, index=2))
        arguments = {
            "index": 0,
            "function": {"name": "send" if not at else None, "arguments": piece},
        }
        call.event(chunk({"tool_calls": [arguments]}, index=3))
    for index in range(4):
        call.event(chunk({}, index=index, reason="stop"))
    call.end_stream()


@pytest.mark.parametrize("stream", [False, True])
def test_no_field_of_a_reply_carries_a_blocked_word(
    gateway: RunningGateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    upstream.script = _every_field

    answer = gateway.chat("hello", stream=stream, n=4)

    assert answer.status_code == 200
    assert BLOCKED_WORD not in answer.text
    pieces: dict[tuple[int, str], str] = {}
    for event in events_of(answer.text) if stream else []:
        for choice in event.get("choices", []):
            for name, value in choice["delta"].items():
                key = (choice["index"], name)
                pieces[key] = pieces.get(key, "") + str(value)
    assert not any(BLOCKED_WORD[:4] in text for text in pieces.values())


def test_no_character_of_a_blocked_word_leaves_whatever_the_bytes_are_cut_into(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    text = "A calm start. " * 200 + BLOCKED_WORD + " A calm end." * 20
    raw = b"".join(
        b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % text[i : i + 5].encode()
        for i in range(0, len(text), 5)
    )

    def script(call: UpstreamCall) -> None:
        call.start_stream()
        for at in range(0, len(raw), 7):
            call.piece(raw[at : at + 7])
        call.end_stream()

    upstream.script = script

    answer = gateway.chat("hello", stream=True)

    said = text_of(events_of(answer.text))
    assert said.startswith("A calm start. ")
    assert "zorb" not in said
    assert "A calm end" not in said
    assert answer.text.endswith("data: [DONE]\n\n")
    assert '"action":"block"' in answer.text


def test_a_streamed_reply_equals_the_whole_one(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    upstream.script = says("Write to jane.doe@example.com or call 13800138000. " * 5)

    whole = gateway.chat("hello").json()["choices"][0]["message"]["content"]
    streamed = text_of(gateway.stream("hello"))

    assert streamed == whole
    assert "example.com" not in streamed


def test_every_record_of_a_stream_is_durable_before_its_end(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    with gateway.client.stream(
        "POST",
        "/v1/chat/completions",
        json={"model": "scripted", "stream": True, "messages": [{"role": "user", "content": "x"}]},
    ) as answer:
        id = answer.headers["x-trueline-exchange-id"]
        for line in answer.iter_lines():
            if '"finish_reason":"stop"' in line or line == "data: [DONE]":
                assert get_exchange(gateway.state.store, id) is not None
                break


def test_parts_with_pictures_pass_and_their_text_is_checked(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}

    gateway.chat([picture, {"type": "text", "text": "what is this? call 13800138000"}])
    blocked = gateway.chat([picture, {"type": "text", "text": BLOCKED_WORD}])

    sent = upstream.requests[0].body["messages"][0]["content"]
    assert sent[0] == picture
    assert "13800138000" not in sent[1]["text"]
    assert len(upstream.requests) == 1
    assert blocked.headers["x-trueline-action"] == "block"


def test_an_instruction_in_a_tool_result_is_blocked(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "read the page"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": f"note: {BLOCKED_WORD}"},
    ]

    answer = gateway.client.post(
        "/v1/chat/completions", json={"model": "scripted", "messages": messages}
    )

    assert answer.headers["x-trueline-action"] == "block"
    assert upstream.requests == []


def test_the_callers_key_stays_here(gateway: RunningGateway, upstream: ScriptedUpstream) -> None:
    gateway.chat("hello", headers={"authorization": "Bearer tl-private"})

    assert "authorization" not in upstream.requests[0].headers
