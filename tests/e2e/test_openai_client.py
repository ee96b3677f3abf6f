"""The official OpenAI client against a real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from tests.e2e.servers import (
    BLOCKED_WORD,
    RunningGateway,
    ScriptedUpstream,
    UpstreamCall,
    chunk,
    completion,
    says,
)


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def ask(client: openai.OpenAI, text: str, **fields: Any) -> Any:
    return client.chat.completions.create(
        model="scripted", messages=[{"role": "user", "content": text}], **fields
    )


def test_a_plain_completion(client: openai.OpenAI) -> None:
    answer = ask(client, "hello")

    assert answer.choices[0].message.content == "All is well."
    assert answer.usage.total_tokens == 3


def test_a_streamed_completion(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.script = says("四个字一段，慢慢说。" * 20)

    chunks = list(ask(client, "hello", stream=True))

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "四个字一段，慢慢说。" * 20
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_blocked_prompt_does_not_make_the_client_stumble(client: openai.OpenAI) -> None:
    whole = ask(client, BLOCKED_WORD, n=2)
    chunks = list(ask(client, BLOCKED_WORD, stream=True))

    assert [choice.finish_reason for choice in whole.choices] == ["content_filter"] * 2
    assert chunks[-1].choices[0].finish_reason == "content_filter"


def test_a_reply_blocked_in_mid_stream_ends_in_good_order(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.script = says("An ordinary sentence. " * 100 + BLOCKED_WORD + " and more" * 100)

    chunks = list(ask(client, "hello", stream=True))

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert BLOCKED_WORD not in text
    assert "and more" not in text


def test_tool_calls_whole_and_streamed(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    def script(call: UpstreamCall) -> None:
        function = {"name": "weather", "arguments": '{"city": "北京"}'}
        if not call.request.body.get("stream"):
            tool = {"id": "call_1", "type": "function", "function": function}
            call.json(completion("", tool_calls=[tool]))
            return
        call.start_stream()
        head = {
            "index": 0,
            "id": "call_1",
            "type": "function",
            "function": {"name": "weather", "arguments": ""},
        }
        call.event(chunk({"role": "assistant", "tool_calls": [head]}))
        for piece in ('{"ci', 'ty": "北', '京"}'):
            call.event(chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
        call.event(chunk({}, reason="tool_calls"))
        call.end_stream()

    upstream.script = script
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": parameters}}]

    whole = ask(client, "weather in Beijing?", tools=tools)
    arguments, name = "", ""
    for piece in ask(client, "weather in Beijing?", tools=tools, stream=True):
        for part in (piece.choices[0].delta.tool_calls or []) if piece.choices else []:
            name += part.function.name or ""
            arguments += part.function.arguments or ""

    assert whole.choices[0].message.tool_calls[0].function.arguments == '{"city": "北京"}'
    assert (name, arguments) == ("weather", '{"city": "北京"}')
    assert upstream.requests[0].body["tools"] == tools


def test_several_choices(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    def script(call: UpstreamCall) -> None:
        body = completion("first")
        second = {
            "index": 1,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": f"second {BLOCKED_WORD}"},
        }
        body["choices"].append(second)
        call.json(body)

    upstream.script = script

    answer = ask(client, "hello", n=2)

    assert answer.choices[0].message.content == "first"
    assert answer.choices[1].finish_reason == "content_filter"


def test_moderations_parse_as_the_clients_own_types(client: openai.OpenAI) -> None:
    one = client.moderations.create(input="call 13800138000")
    many = client.moderations.create(input=["nice weather", f"the {BLOCKED_WORD} plan"])
    parts: Any = [
        {"type": "text", "text": "call 13800138000"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    mixed = client.moderations.create(input=parts)

    assert one.results[0].flagged is True
    assert [result.flagged for result in many.results] == [False, True]
    assert many.results[1].categories.illicit is True
    assert many.results[0].category_scores.violence == 0
    assert (one.results[0].categories.model_extra or {})["privacy"] is True
    assert [result.flagged for result in mixed.results] == [True]


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["scripted"]


def test_an_upstream_error_becomes_the_clients_exception(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    error = {
        "error": {
            "message": "no such model",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }
    upstream.script = lambda call: call.json(error, 404)

    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, "hello")

    assert caught.value.code == "model_not_found"


def test_a_stream_cut_by_the_upstream_raises_in_the_client(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    def script(call: UpstreamCall) -> None:
        call.start_stream()
        call.event(chunk({"content": "half a"}))
        call.hang_up()

    upstream.script = script

    with pytest.raises(openai.APIError, match="closed the stream"):
        list(ask(client, "hello", stream=True))
