"""A URL as target: a real server that answers, limits, hangs, lies and goes away."""

from __future__ import annotations

import pytest
from tests.assess.chat_server import ChatServer, chat_server, cut, say, send, stay_silent

from trueline.assess.target import Answer, Question
from trueline.assess.targets.url import UrlTarget, api_messages, read_completion
from trueline.core.errors import InputError

QUESTION = Question(item="a", sample=0, messages=[{"role": "user", "content": "hi"}], seed=7)


def ask(server: ChatServer, **options: float) -> tuple[Answer, list[float]]:
    waits: list[float] = []
    target = UrlTarget(server.url, "m", pause=waits.append, **options)  # type: ignore[arg-type]
    try:
        return target.ask([QUESTION])[0], waits
    finally:
        target.close()


def test_a_reply_comes_back_with_its_model_and_what_was_sent() -> None:
    with chat_server(say("hello", model="m-1")) as server:
        answer, waits = ask(server)

    assert answer == Answer(text="hello", model="m-1", finish_reason="stop")
    assert waits == []
    assert server.asked[0] == {
        "model": "m", "seed": 7, "max_tokens": 512, "temperature": 0.0,
        "messages": [{"role": "user", "content": "hi"}],
    }  # fmt: skip


def test_the_key_comes_from_the_environment_and_stays_out_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRUELINE_TARGET_KEY", "k-1")

    with chat_server(say("ok")) as server:
        target = UrlTarget(server.url, "m")
        target.ask([QUESTION])
        target.close()

    assert server.headers[0]["Authorization"] == "Bearer k-1"
    assert "k-1" not in repr(target.settings)


def test_a_rate_limit_is_waited_out_as_long_as_the_server_asks() -> None:
    limited = send(429, b"{}", {"Retry-After": "17"})
    with chat_server(limited, limited, say("at last")) as server:
        answer, waits = ask(server)

    assert answer.text == "at last"
    assert waits == [17.0, 17.0]


def test_waits_grow_and_end_with_the_last_attempt() -> None:
    with chat_server(send(503, b"busy")) as server:
        answer, waits = ask(server, attempts=4)

    assert answer == Answer(fault="http_503")
    assert len(server.asked) == 4
    assert len(waits) == 3
    assert waits == sorted(waits)
    assert waits[0] >= 0.5


def test_a_long_retry_after_is_cut_to_a_minute() -> None:
    with chat_server(send(429, b"", {"Retry-After": "86400"}), say("ok")) as server:
        _, waits = ask(server)

    assert waits == [60.0]


@pytest.mark.parametrize(
    ("answer", "fault", "tries"),
    [
        (send(400, b"{}"), "http_400", 1),
        (send(302, b"", {"Location": "http://127.0.0.1:1/"}), "http_302", 1),
        (send(200, b'{"choices": [{"mess'), "not_json", 2),
        (send(200, b"[]"), "not_completion", 2),
        (send(200, b'{"choices": []}'), "not_completion", 2),
        (say(None), "empty", 1),
        (cut, "connection", 2),
    ],
)
def test_garbage_is_a_fault_of_its_own_name(answer: object, fault: str, tries: int) -> None:
    with chat_server(answer) as server:  # type: ignore[arg-type]
        found, _ = ask(server, attempts=2)

    assert found.fault == fault
    assert found.text == ""
    assert len(server.asked) >= tries


def test_a_server_that_hangs_is_a_timeout() -> None:
    with chat_server(stay_silent) as server:
        answer, _ = ask(server, timeout_seconds=0.1, attempts=2)
        server.released.set()

    assert answer == Answer(fault="timeout")


def test_nobody_there_is_a_fault_of_connection() -> None:
    with chat_server(say("x")) as server:
        url = server.url

    answer = UrlTarget(url, "m", attempts=1).ask([QUESTION])[0]

    assert answer == Answer(fault="connection")


def test_a_closed_target_stops_asking() -> None:
    with chat_server(send(503, b"")) as server:
        target = UrlTarget(server.url, "m", attempts=9, pause=lambda _: target.close())
        answer = target.ask([QUESTION])[0]

    assert answer == Answer(fault="stopped")
    assert len(server.asked) == 1


def test_a_tool_call_is_part_of_the_reply() -> None:
    call = {"type": "function", "function": {"name": "send_mail", "arguments": '{"to": "x"}'}}
    reply = {"choices": [{"message": {"content": None, "tool_calls": [call]}}]}

    assert read_completion(reply).text == 'send_mail {"to": "x"}'


def test_a_tool_result_follows_a_call_as_the_api_asks() -> None:
    messages = [{"role": "user", "content": "u"}, {"role": "tool", "content": "t", "name": "web"}]

    spelled = api_messages(messages)

    assert [message["role"] for message in spelled] == ["user", "assistant", "tool"]
    assert spelled[1]["tool_calls"][0]["id"] == spelled[2]["tool_call_id"]
    assert spelled[1]["tool_calls"][0]["function"]["name"] == "web"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://h/v1",
         "target 'ftp://h/v1' is not a URL; give one such as http://127.0.0.1:8080/v1"),
        ("http://me:key@h/v1",
         "the target's URL must be plain: no user name, query or fragment; put the key into "
         "TRUELINE_TARGET_KEY"),
        ("http://h:x/v1",
         "target 'http://h:x/v1' is not a URL: Port could not be cast to integer value as 'x'"),
    ],
)  # fmt: skip
def test_a_wrong_url_says_what_to_give(url: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        UrlTarget(url, "m")

    assert str(caught.value) == told
