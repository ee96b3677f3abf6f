"""What is sent wrong is answered with a clear error in OpenAI's shape, and never with a crash."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.e2e.servers import RunningGateway, ScriptedUpstream

CHAT = "/v1/chat/completions"
POSTS = (CHAT, "/v1/moderations", "/v1/guard/check", "/v1/feedback")


def error_of(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"]
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b'{"messages": [',
        b'\xff\xfe{"a": 1}',
        b'{"text": "\xc3\x28"}',
        b'{"text": "\\ud800"}',
        b'{"a": NaN}',
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b"[" * 100_000,
    ],
    ids=["empty", "words", "list", "null", "string", "cut", "not-utf8", "bad-utf8",
         "lone-surrogate", "nan", "bomb", "deep", "brackets"],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(
    gateway: RunningGateway, path: str, body: bytes
) -> None:
    answer = gateway.client.post(path, content=body)

    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]},
         "messages[0].content[0].text"),
        ({"stream": "yes"}, "stream"),
        ({"tools": "hammer"}, "tools"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_type_is_named(
    gateway: RunningGateway, upstream: ScriptedUpstream, fields: dict[str, Any], param: str
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}

    answer = gateway.client.post(CHAT, json={k: v for k, v in body.items() if v is not None})

    assert answer.status_code == 400
    assert error_of(answer)["param"] == param
    assert upstream.requests == []


def test_the_wrong_type_never_repeats_what_was_sent(gateway: RunningGateway) -> None:
    words = "my secret words"

    answers = [
        gateway.client.post(CHAT, json={"model": "m", "messages": [{"role": words}]}),
        gateway.client.post("/v1/guard/check", json={"text": "x", "role": words}),
        gateway.client.post("/v1/feedback", json={"exchange_id": words, "kind": words}),
        gateway.client.post("/v1/moderations", json={"input": [{"type": words}]}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert all(words not in answer.text for answer in answers)


@pytest.mark.parametrize(
    "text",
    ["\x00", "a\x00b" * 100, "\u202e\u200b\u2060" * 1000, "\U000e0041" * 5000, "😀" * 50_000,
     "a" * 200_000, "1" * 200_000, "%41" * 60_000, "好" * 200_000, " " * 200_000],
    ids=["nul", "nuls", "invisible", "tags", "emoji", "a", "digits", "percent", "han", "spaces"],
)  # fmt: skip
def test_strange_and_long_texts_are_answered(gateway: RunningGateway, text: str) -> None:
    answer = gateway.chat(text)

    assert answer.status_code == 200


def test_a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not(
    gateway: RunningGateway,
) -> None:
    big = b'{"text": "' + b"a" * (gateway.state.settings.max_body_bytes) + b'"}'

    told = gateway.client.post("/v1/guard/check", content=big)
    untold = gateway.client.post("/v1/guard/check", content=iter([big[:1000], big[1000:]]))

    assert [told.status_code, untold.status_code] == [413, 413]
    assert error_of(told)["code"] == error_of(untold)["code"] == "request_too_large"


def test_unknown_paths_and_methods_are_errors_in_the_same_shape(gateway: RunningGateway) -> None:
    missing = gateway.client.get("/v1/nothing<script>")
    wrong = gateway.client.get(CHAT)
    page = gateway.client.put("/policy")

    assert (missing.status_code, wrong.status_code, page.status_code) == (404, 405, 405)
    assert "<script>" not in missing.text
    assert error_of(missing)["code"] == "not_found"
    assert wrong.headers["allow"] == "POST"
    assert error_of(page)["code"] == "method_not_allowed"


def test_bytes_that_are_no_http_are_refused(gateway: RunningGateway) -> None:
    port = int(gateway.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")

        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_headers_without_end_are_refused(gateway: RunningGateway) -> None:
    port = int(gateway.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n")
        answer = b""
        try:
            for number in range(200):
                connection.sendall(b"x-%d: %b\r\n" % (number, b"a" * 1000))
            answer = connection.recv(1000)
        except ConnectionError:
            pass  # the gateway hung up on us, which is as good

    assert answer in {b""} or answer.startswith(b"HTTP/1.1 431")
    assert gateway.client.get("/healthz").status_code == 200


def test_a_long_head_that_is_within_reason_is_answered(gateway: RunningGateway) -> None:
    headers = {f"x-{number}": "a" * 1000 for number in range(30)}

    answer = gateway.chat("x" * 300_000, headers=headers)

    assert answer.status_code == 200


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(POSTS),
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["messages", "role", "content", "text", "input", "type", "kind",
                             "tools", "function", "model", "context", "exchange_id"])
            | st.text(max_size=8),
            inner, max_size=6,
        ),
        max_leaves=30,
    ),
)  # fmt: skip
def test_no_json_at_all_brings_a_route_down(gateway: RunningGateway, path: str, body: Any) -> None:
    raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")

    answer = gateway.client.post(path, content=raw)

    assert answer.status_code in {200, 400, 404}
