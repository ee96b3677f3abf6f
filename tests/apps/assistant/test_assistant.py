"""The assistant as an upstream: OpenAI's shapes, whole and streamed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from trueline.apps.assistant.assistant import MODEL, Assistant
from trueline.gateway.upstream import Upstream


def request(*texts: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text} for text in texts]
    return {"model": MODEL, "messages": messages, **fields}


def complete(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    status, raw = asyncio.run(Assistant().complete(body, None))
    return status, json.loads(raw)


def stream(body: dict[str, Any]) -> tuple[int, bytes]:
    async def collect() -> tuple[int, bytes]:
        status, pieces = await Assistant().stream(body, None)
        return status, b"".join([piece async for piece in pieces])

    return asyncio.run(collect())


def test_it_keeps_the_interface_of_an_upstream() -> None:
    upstream: Upstream = Assistant()

    assert asyncio.run(upstream.reachable())
    status, raw = asyncio.run(upstream.models(None))
    assert (status, json.loads(raw)["data"][0]["id"]) == (200, MODEL)


def test_a_streamed_answer_says_the_same_as_a_whole_one() -> None:
    _, whole = complete(request("什么是策略？"))
    _, raw = stream(request("什么是策略？", stream_options={"include_usage": True}))

    lines = [line.removeprefix("data: ") for line in raw.decode().split("\n\n") if line]
    events = [json.loads(line) for line in lines[:-1]]
    text = "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"])
    assert text == whole["choices"][0]["message"]["content"]
    assert events[-1]["usage"] == whole["usage"]
    assert lines[-1] == "[DONE]"


def test_choices_limits_and_stop_words_are_kept() -> None:
    _, several = complete(request("what is a policy", n=3))
    _, short = complete(request("what is a policy", max_tokens=2))
    _, stopped = complete(request("what is a policy", stop=[" YAML"]))

    assert [choice["index"] for choice in several["choices"]] == [0, 1, 2]
    assert short["choices"][0]["finish_reason"] == "length"
    assert len(short["choices"][0]["message"]["content"]) == 16
    assert stopped["choices"][0]["message"]["content"] == "A policy is a"


def test_tools_are_declined_and_none_is_called() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    _, answer = complete(request("what is a policy", tools=tools))
    _, quiet = complete(request("what is a policy", tools=tools, tool_choice="none"))

    message = answer["choices"][0]["message"]
    assert "tool_calls" not in message
    assert "I cannot call tools" in message["content"]
    assert "cannot call tools" not in quiet["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "gpt-9", "messages": []}, 404, "model"),
        ({"model": MODEL}, 400, "messages"),
        ({"model": MODEL, "messages": ["x"]}, 400, "messages"),
        (request("x", n=0), 400, "n"),
        (request("x", n=True), 400, "n"),
        (request("x", max_tokens="many"), 400, "max_tokens"),
    ],
)
def test_a_request_it_cannot_answer_is_refused_with_the_field(
    body: dict[str, Any], status: int, param: str
) -> None:
    whole = complete(body)
    streamed = stream(body)

    assert whole[0] == streamed[0] == status
    assert whole[1]["error"]["param"] == json.loads(streamed[1])["error"]["param"] == param
