"""A broken upstream: a clear error, a record, and nothing unchecked delivered."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from tests.e2e.conftest import StartGateway
from tests.e2e.servers import (
    BLOCKED_WORD,
    RunningGateway,
    ScriptedUpstream,
    UpstreamCall,
    chunk,
    completion,
    events_of,
    text_of,
)

from trueline.store.queries import get_exchange

Script = Callable[[UpstreamCall], None]


def garbage(call: UpstreamCall) -> None:
    call.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<html>???")


def not_http(call: UpstreamCall) -> None:
    call.raw(b"SSH-2.0-nonsense\r\n\r\n")
    call.hang_up()


def short(call: UpstreamCall) -> None:
    call.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{")
    call.hang_up()


def compressed(call: UpstreamCall) -> None:
    call.raw(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b")


def redirect(call: UpstreamCall) -> None:
    call.raw(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (not_http, 502, "upstream_invalid_reply"),
        (compressed, 502, "upstream_invalid_reply"),
        (redirect, 502, "upstream_error"),
        (lambda call: call.json({"error": {"message": BLOCKED_WORD, "code": "odd"}}, 500),
         502, "odd"),
        (lambda call: call.json({"error": {"message": BLOCKED_WORD, "code": "bad_n"}}, 400),
         400, "bad_n"),
        (lambda call: call.json(b"<html>", 401), 502, "upstream_error"),
    ],
    ids=["not-http", "compressed", "redirect", "500", "400", "401"],
)  # fmt: skip
def test_an_upstream_that_fails_before_it_replies(
    gateway: RunningGateway,
    upstream: ScriptedUpstream,
    script: Script,
    status: int,
    code: str,
    stream: bool,
) -> None:
    upstream.script = script

    answer = gateway.chat("hello", stream=stream)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert BLOCKED_WORD not in answer.text
    event = get_exchange(gateway.state.store, answer.headers["x-trueline-exchange-id"])
    assert event is not None
    assert (event.exchange.status, event.exchange.error) == (status, code)


@pytest.mark.parametrize(
    "script",
    [
        garbage,
        short,
        lambda call: call.json([1, 2]),
        lambda call: call.json({"choices": "none"}),
        lambda call: call.json({"choices": [{"message": "words"}]}),
        lambda call: call.json(b"[" * 100_000),
    ],
    ids=["html", "short", "list", "no-choices", "no-message", "bomb"],
)
def test_a_reply_that_is_no_completion_is_a_bad_gateway(
    gateway: RunningGateway, upstream: ScriptedUpstream, script: Script
) -> None:
    upstream.script = script

    answer = gateway.chat("hello")

    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_invalid_reply"


def test_a_stream_that_is_cut_gives_what_is_certain_then_an_error(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    def script(call: UpstreamCall) -> None:
        call.start_stream()
        call.event(chunk({"content": f"half a sentence, {BLOCKED_WORD[:5]}"}))
        call.hang_up()

    upstream.script = script

    answer = gateway.chat("hello", stream=True)

    events = events_of(answer.text)
    assert events[-1]["error"]["code"] == "upstream_cut"
    assert answer.text.endswith("data: [DONE]\n\n")
    event = get_exchange(gateway.state.store, answer.headers["x-trueline-exchange-id"])
    assert event is not None
    assert event.exchange.error == "upstream_cut"


@pytest.mark.parametrize(
    "bytes_",
    [b"data: {broken\n\n", b"data: [1]\n\n", b'data: {"choices": 5}\n\n',
     b'data: {"error": {"message": "out of memory"}}\n\n', b"\xff\xfe\x00data: x\n\n"],
    ids=["json", "list", "choices", "error", "bytes"],
)  # fmt: skip
def test_garbage_within_a_stream_ends_it_in_good_order(
    gateway: RunningGateway, upstream: ScriptedUpstream, bytes_: bytes
) -> None:
    def script(call: UpstreamCall) -> None:
        call.start_stream()
        call.event(chunk({"content": "so far so good"}))
        call.piece(bytes_)
        call.end_stream()

    upstream.script = script

    answer = gateway.chat("hello", stream=True)

    assert answer.text.endswith("data: [DONE]\n\n")
    assert "out of memory" not in answer.text
    assert text_of(events_of(answer.text)) == "so far so good"


def test_a_refused_connection_is_tried_again_then_told(start: StartGateway) -> None:
    running = start(upstream_url="http://127.0.0.1:9", upstream_retries=1)

    answer = running.chat("hello")

    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_unreachable"
    assert running.client.get("/readyz").status_code == 503
    assert running.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("status", [429, 502, 503])
def test_not_now_is_asked_again(
    gateway: RunningGateway, upstream: ScriptedUpstream, status: int
) -> None:
    def script(call: UpstreamCall) -> None:
        if len(upstream.requests) < 3:
            call.json({"error": {}}, status)
        else:
            call.json(completion("third time"))

    upstream.script = script

    answer = gateway.chat("hello")

    assert answer.json()["choices"][0]["message"]["content"] == "third time"
    assert len(upstream.requests) == 3


def test_nothing_is_asked_again_once_bytes_have_come(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    upstream.script = short

    gateway.chat("hello")

    assert len(upstream.requests) == 1


def test_an_upstream_that_is_too_slow_is_given_up(
    start: StartGateway, upstream: ScriptedUpstream
) -> None:
    release = threading.Event()

    def script(call: UpstreamCall) -> None:
        if call.request.body.get("stream"):
            call.start_stream()
            call.event(chunk({"content": "once upon a time"}))
        release.wait(20)

    upstream.script = script
    running = start(first_byte_timeout=0.2, between_bytes_timeout=0.2)

    whole = running.chat("hello")
    streamed = running.chat("hello", stream=True)
    release.set()

    assert whole.status_code == 504
    assert whole.json()["error"]["code"] == "upstream_timeout"
    assert events_of(streamed.text)[-1]["error"]["code"] == "upstream_cut"
    assert streamed.text.endswith("data: [DONE]\n\n")


def test_a_connection_the_upstream_closed_while_idle_is_replaced(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    def script(call: UpstreamCall) -> None:
        call.json(completion("closing"))
        call.handler.close_connection = True

    upstream.script = script

    answers = [gateway.chat("hello") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5


def test_an_answer_without_a_length_ends_with_its_connection(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    def script(call: UpstreamCall) -> None:
        call.raw(b"HTTP/1.0 200 OK\r\n\r\n")
        call.raw(b'{"choices":[{"index":0,"message":{"role":"assistant","content":"old"}}]}')
        call.hang_up()

    upstream.script = script

    assert gateway.chat("hello").json()["choices"][0]["message"]["content"] == "old"


def test_lone_surrogates_in_a_reply_do_not_break_it(
    gateway: RunningGateway, upstream: ScriptedUpstream
) -> None:
    upstream.script = lambda call: call.json(
        b'{"choices":[{"index":0,"message":{"role":"assistant","content":"half \\ud83d"}}]}'
    )

    answer = gateway.chat("hello")

    assert answer.status_code == 200
    assert "half" in answer.text
