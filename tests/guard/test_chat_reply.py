from __future__ import annotations

import json
from typing import Any

import pytest

from trueline.core.errors import UpstreamError
from trueline.core.records import Action, Span
from trueline.guard.chat_reply import check_chat_reply
from trueline.guard.guard import Guard
from trueline.guard.masking import Mask
from trueline.judge import Judge

BLOCKED = "purple walrus"


@pytest.fixture
def guard(span_judge: Judge) -> Guard:
    return Guard(span_judge)


def completion(*messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [
            {"index": i, "message": m, "logprobs": {"content": [{"token": "t"}]}, "finish_reason": "stop"}
            for i, m in enumerate(messages)
        ],
        "usage": {"total_tokens": 3},
    }  # fmt: skip


def test_a_harmless_reply_keeps_all_but_its_log_probabilities(guard: Guard) -> None:
    message = {
        "role": "assistant", "content": "fine", "refusal": None, "annotations": [],
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":"\\u0041"}'}}],
    }  # fmt: skip
    body = completion(message)

    reply = check_chat_reply(guard, body, tool_names=["f"])

    body["choices"][0]["logprobs"] = None
    assert reply.body == body
    assert [(o.field, o.verdict.action) for o in reply.outcomes] == [
        ("content", Action.ALLOW),
        ("tool_calls[0].function.arguments", Action.ALLOW),
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"content": BLOCKED},
        {"content": "ok", "reasoning_content": f"the {BLOCKED}"},
        {"content": None, "refusal": BLOCKED},
        {"content": [{"type": "text", "text": BLOCKED}]},
        {"tool_calls": [{"function": {"name": "f", "arguments": '{"a":"\\u0070urple walrus"}'}}]},
        {"tool_calls": [{"function": {"name": "purple_walrus", "arguments": "{}"}}]},
        {"function_call": {"name": "f", "arguments": BLOCKED}},
        {"a_field_of_tomorrow": {"deep": [BLOCKED]}},
    ],
)
def test_a_violation_in_any_field_replaces_that_choice_alone(
    guard: Guard, message: dict[str, Any]
) -> None:
    body = completion({"role": "assistant", **message}, {"role": "assistant", "content": "fine"})

    reply = check_chat_reply(guard, body, language="zh")

    assert "walrus" not in json.dumps(reply.body)
    first, second = reply.body["choices"]
    assert first["finish_reason"] == "content_filter"
    assert first["message"]["content"].startswith("抱歉")
    assert (second["message"]["content"], second["finish_reason"]) == ("fine", "stop")
    assert reply.action is Action.BLOCK


def test_spans_are_redacted_and_values_restored_in_arguments_too(guard: Guard) -> None:
    mask = Mask()
    mask.apply('a"b', [Span(0, 3, "secret")])
    arguments = '{"to":"ann@example.org","key":"[SECRET_1]"}'
    message = {
        "content": "see ann@example.org [SECRET_1]",
        "tool_calls": [{"function": {"name": "f", "arguments": arguments}}],
    }

    reply = check_chat_reply(guard, completion(message), mask=mask)

    checked = reply.body["choices"][0]["message"]
    assert checked["content"] == 'see [EMAIL] a"b'
    call = checked["tool_calls"][0]["function"]
    assert json.loads(call["arguments"]) == {"to": "[EMAIL]", "key": 'a"b'}
    assert reply.outcomes[0].text == "see ann@example.org [SECRET_1]"


def test_shadow_mode_gives_the_body_as_it_came(span_judge: Judge) -> None:
    body = completion({"content": BLOCKED})

    reply = check_chat_reply(Guard(span_judge, shadow=True), body)

    assert reply.body == body
    assert reply.action is Action.BLOCK


@pytest.mark.parametrize("body", [{}, {"choices": {}}, {"choices": [3]}, {"choices": [{}]}])
def test_a_body_that_is_no_completion_is_an_upstream_error(
    guard: Guard, body: dict[str, Any]
) -> None:
    with pytest.raises(UpstreamError, match="the upstream's reply"):
        check_chat_reply(guard, body)
