from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Action, Context, Span
from trueline.guard.chat_stream import ChatStream
from trueline.guard.guard import Guard
from trueline.guard.json_text import JsonText, join_surrogates
from trueline.guard.masking import Mask
from trueline.judge import Judge

BLOCKED = "purple walrus"
FIELDS = ("content", "reasoning_content", "refusal", "arguments")
REPLY = Context(role="reply")
Fields = dict[tuple[int, str], str]
Cutter = Callable[[str, Sequence[int]], list[str]]


def chunk(index: int, delta: dict[str, Any], reason: str | None = None, **more: Any) -> str:
    choice = {
        "index": index,
        "delta": delta,
        "finish_reason": reason,
        "logprobs": {"content": [{"token": "purple walrus"}]},
    }
    return json.dumps(
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 9,
            "model": "m",
            "choices": [choice],
            **more,
        }
    )


def delta_of(field: str, piece: str) -> dict[str, Any]:
    if field == "arguments":
        return {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
    return {field: piece}


def sse(*data: str, end: str = "\n\n") -> bytes:
    return "".join(f"data: {item}{end}" for item in data).encode("utf-8", "surrogatepass")


def events(raw: bytes) -> list[Any]:
    lines = raw.decode().split("\n\n")
    assert lines.pop() == ""
    found = [line.removeprefix("data: ") for line in lines if line != ":"]
    return [item if item == "[DONE]" else json.loads(item) for item in found]


def read(raw: bytes) -> tuple[Fields, dict[int, list[str]], list[Any]]:
    """Texts by choice and field, finish reasons by choice, and the events."""
    texts: Fields = defaultdict(str)
    reasons: dict[int, list[str]] = defaultdict(list)
    found = events(raw)
    for event in found[:-1]:
        for choice in event.get("choices", []):
            index = choice["index"]
            assert not reasons[index], "nothing comes after the final chunk of a choice"
            assert choice["logprobs"] is None
            delta = choice["delta"]
            for field in ("content", "reasoning_content", "refusal"):
                texts[index, field] += delta.get(field) or ""
            for call in delta.get("tool_calls", []):
                texts[index, "arguments"] += call.get("function", {}).get("arguments", "")
            if choice["finish_reason"]:
                reasons[index].append(choice["finish_reason"])
    return texts, reasons, found


def run(
    guard: Guard, raw: bytes, places: Sequence[int] = (), **more: Any
) -> tuple[bytes, ChatStream]:
    stream = ChatStream(guard, **more)
    borders = sorted({0, len(raw), *(p % (len(raw) + 1) for p in places)})
    out = b"".join([stream.feed(raw[a:b]) for a, b in itertools.pairwise(borders)])
    return out + stream.close(), stream


def judged(judge: Judge, field: str, text: str) -> tuple[Action, str]:
    if field != "arguments":
        verdict = judge.judge(join_surrogates(text), REPLY)
        return verdict.action, verdict.redacted_text
    lens = JsonText()
    verdict = judge.judge(lens.feed(text) + lens.close(), REPLY)
    return verdict.action, verdict.redacted_text


@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_no_blocked_character_leaves_through_any_field_choice_or_split(
    data: st.DataObject,
    texts: st.SearchStrategy[str],
    pieces_of: Cutter,
    span_judge: Judge,
    segment_judge: Judge,
) -> None:
    judge = data.draw(st.sampled_from([span_judge, segment_judge]))
    places = st.lists(st.integers(0, 5000), max_size=30)
    sent: Fields = {}
    queue: list[tuple[int, str, str]] = []
    for index in range(data.draw(st.integers(1, 2))):
        for field in data.draw(st.sets(st.sampled_from(FIELDS), min_size=1)):
            text = data.draw(texts)
            if field == "arguments":
                text = json.dumps({"q": text}, ensure_ascii=data.draw(st.booleans()))
            sent[index, field] = text
            queue += [(index, field, piece) for piece in pieces_of(text, data.draw(places))]
    order = data.draw(st.permutations(range(len(queue)))) if len(queue) < 40 else range(len(queue))
    waiting: dict[tuple[int, str], list[str]] = defaultdict(list)
    for index, field, piece in queue:
        waiting[index, field].append(piece)
    pieces = [
        chunk(queue[i][0], delta_of(queue[i][1], waiting[queue[i][0], queue[i][1]].pop(0)))
        for i in order
    ]
    finals = [chunk(index, {}, "stop") for index in sorted({index for index, _ in sent})]
    raw = sse(
        *pieces, *finals, "[DONE]", end=data.draw(st.sampled_from(["\n\n", "\r\n\r\n", "\r\r"]))
    )

    out, stream = run(Guard(judge), raw, data.draw(places))

    got, reasons, found = read(out)
    assert found[-1] == "[DONE]"
    for index in {index for index, _ in sent}:
        fields = {field: text for (i, field), text in sent.items() if i == index}
        actions = {field: judged(judge, field, text) for field, text in fields.items()}
        blocked = any(action >= Action.REWRITE for action, _ in actions.values())
        assert reasons[index] == ["content_filter" if blocked else "stop"]
        for field, (action, redacted) in actions.items():
            delivered = got[index, field]
            if field == "arguments":
                lens = JsonText()
                delivered = lens.feed(delivered) + lens.close()
            if blocked:
                if field == "content":
                    assert "Sorry" in delivered or "sorry" in delivered
                    delivered = delivered[: delivered.lower().rindex("sorry")]
                    delivered = delivered.removesuffix("I'm ").removesuffix("\n\n")
                    delivered = delivered.removesuffix("i'm ")
                if field != "arguments":
                    assert redacted.startswith(delivered.removesuffix("\n\n"))
            elif field != "arguments":
                assert join_surrogates(delivered) == redacted
            elif action < Action.REDACT:
                assert got[index, field] == fields[field]
            else:
                json.loads(got[index, field])
    verdicts = {(o.choice, o.field.split(".")[-1]): o.verdict for o in stream.outcomes}
    for (index, field), text in sent.items():
        if text:
            assert verdicts[index, field].action == judged(judge, field, text)[0]


@pytest.fixture
def guard(span_judge: Judge) -> Guard:
    return Guard(span_judge)


def test_a_harmless_stream_keeps_ids_roles_calls_reasons_and_usage(guard: Guard) -> None:
    start = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "find", "arguments": ""},
    }
    raw = sse(
        chunk(0, {"role": "assistant", "content": ""}),
        chunk(0, {"content": "let me see"}),
        chunk(0, {"tool_calls": [start]}),
        chunk(0, delta_of("arguments", '{"q":"gar')),
        chunk(0, delta_of("arguments", 'den"}')),
        chunk(0, {}, "tool_calls"),
        json.dumps({"id": "c1", "choices": [], "usage": {"total_tokens": 7}}),
        "[DONE]",
    )

    out, stream = run(guard, raw, tool_names=["find"])

    got, reasons, found = read(out)
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert found[1]["choices"][0]["delta"] == {"tool_calls": [start]}
    assert (got[0, "content"], got[0, "arguments"]) == ("let me see", '{"q":"garden"}')
    assert reasons[0] == ["tool_calls"]
    assert found[-2]["usage"] == {"total_tokens": 7}
    assert found[-2]["choices"] == []
    assert all(event["id"] == "c1" and event["model"] == "m" for event in found[:-1])
    assert stream.upstream_fault == ""


def test_a_blocked_choice_ends_with_the_safe_reply_and_the_other_goes_on(guard: Guard) -> None:
    raw = sse(
        chunk(0, {"role": "assistant", "content": ""}),
        chunk(1, {"role": "assistant", "content": ""}),
        *[
            chunk(0, {"content": f"{word} "})
            for word in ("calm " * 40 + BLOCKED + " more" * 40).split()
        ],
        *[chunk(1, {"content": "fine "}) for _ in range(40)],
        chunk(0, {}, "stop"),
        chunk(1, {}, "length"),
        "[DONE]",
    )

    out, stream = run(guard, raw, language="zh")

    got, reasons, _ = read(out)
    assert got[0, "content"].startswith("calm calm")
    assert "purple" not in got[0, "content"]
    assert "\n\n抱歉" in got[0, "content"]
    assert got[1, "content"] == "fine " * 40
    assert (reasons[0], reasons[1]) == (["content_filter"], ["length"])
    assert stream.action is Action.BLOCK
    assert stream.outcomes[0].text.endswith("more ")


def test_a_finding_that_is_certain_only_at_the_end_is_never_delivered(guard: Guard) -> None:
    out, stream = run(guard, sse(chunk(0, {"content": BLOCKED}), chunk(0, {}, "stop"), "[DONE]"))

    got, reasons, found = read(out)
    assert "purple" not in out.decode()
    assert got[0, "content"].startswith("Sorry")
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    assert reasons[0] == ["content_filter"]
    assert stream.all_stopped


@pytest.mark.parametrize(
    ("ending", "fault"),
    [
        ((), "upstream_cut"),
        (('{"error":{"message":"a purple walrus broke it"}}',), "upstream_error"),
        (("{garbage",), "upstream_invalid"),
        (("[1]",), "upstream_invalid"),
        (('{"choices":{}}',), "upstream_invalid"),
        (('{"choices":[{"index":"x"}]}',), "upstream_invalid"),
        (('{"choices":[{"index":0,"delta":"x"}]}',), "upstream_invalid"),
    ],
)
def test_an_upstream_that_breaks_off_still_ends_in_good_order(
    guard: Guard, ending: tuple[str, ...], fault: str
) -> None:
    raw = sse(chunk(0, {"content": "half a sen"}), *ending)

    out, stream = run(guard, raw)

    got, reasons, found = read(out)
    assert got[0, "content"] == "half a sen"
    assert reasons[0] == ["length"]
    assert found[-2]["error"]["code"] == stream.upstream_fault == fault
    assert "walrus" not in out.decode()
    assert found[-1] == "[DONE]"


def test_done_without_a_finish_reason_gets_one(guard: Guard) -> None:
    out, stream = run(
        guard, sse(chunk(0, {"content": "short"}), "[DONE]", chunk(0, {"content": "late"}))
    )

    got, reasons, _ = read(out)
    assert (got[0, "content"], reasons[0]) == ("short", ["stop"])
    assert stream.upstream_fault == ""


def test_a_missing_done_is_added(guard: Guard) -> None:
    out, stream = run(guard, sse(chunk(0, {"content": "short"}), chunk(0, {}, "stop")))

    assert events(out)[-1] == "[DONE]"
    assert stream.upstream_fault == ""


def test_a_blocked_half_sentence_stays_back_when_the_upstream_is_cut(guard: Guard) -> None:
    out, _ = run(guard, sse(chunk(0, {"content": f"a {BLOCKED}"})))

    _, reasons, found = read(out)
    assert "purple" not in out.decode()
    assert reasons[0] == ["content_filter"]
    assert not any(isinstance(event, dict) and "error" in event for event in found)


def test_an_empty_stream_still_has_a_final_chunk(guard: Guard) -> None:
    out, _ = run(guard, b"", model="m")

    _, reasons, found = read(out)
    assert reasons[0] == ["length"]
    assert found[0]["model"] == "m"
    assert found[-1] == "[DONE]"


@pytest.mark.parametrize(
    "delta",
    [
        {"thinking": BLOCKED},
        {"reasoning": BLOCKED},
        {"reasoning_details": [{"type": "reasoning.text", "text": BLOCKED}]},
        {"audio": {"id": "a", "transcript": BLOCKED}},
        {"function_call": {"name": "f", "arguments": BLOCKED}},
        {"function_call": {"name": "purple_walrus", "arguments": "{}"}},
        {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "purple_walrus"}}]},
        {"tool_calls": [{"index": 2, "custom": {"name": "f", "input": BLOCKED}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"\\u0070urple walrus"'}}]},
        {"x": {"y": {"z": [[BLOCKED]]}}},
    ],
)
def test_fields_nobody_has_heard_of_carry_nothing_blocked(
    guard: Guard, delta: dict[str, Any]
) -> None:
    raw = sse(chunk(0, delta, secret=BLOCKED), chunk(0, {}, "stop"), "[DONE]")

    out, _ = run(guard, raw)

    assert b"walrus" not in out
    assert b"purple" not in out


def test_a_tool_name_in_pieces_is_judged_before_it_leaves(guard: Guard) -> None:
    head = {"index": 0, "id": "1", "type": "function"}
    good = sse(
        chunk(0, {"tool_calls": [{**head, "function": {"name": "find_", "arguments": ""}}]}),
        chunk(0, {"tool_calls": [{"index": 0, "function": {"name": "garden"}}]}),
        chunk(0, delta_of("arguments", "{}")),
        chunk(0, {}, "tool_calls"),
        "[DONE]",
    )

    out, _ = run(guard, good)

    calls = [
        c for e in events(out)[:-1] for x in e["choices"] for c in x["delta"].get("tool_calls", [])
    ]
    assert calls[0]["function"]["name"] == "find_garden"
    assert calls[0]["id"] == "1"
    assert "".join(c["function"].get("arguments", "") for c in calls) == "{}"
    assert (
        b"walrus"
        not in run(guard, good.replace(b"find_", b"purple_").replace(b"garden", b"walrus"))[0]
    )


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_masked_values_come_back_across_pieces_and_inside_arguments(
    guard: Guard, step: int
) -> None:
    mask = Mask()
    mask.apply('Ann "A" Lee', [Span(0, 11, "person")])
    content, arguments = "Dear [PERSON_1], hello.", '{"to":"[PERSON_1]"}'
    raw = sse(
        *[chunk(0, {"content": content[i : i + step]}) for i in range(0, len(content), step)],
        *[
            chunk(0, delta_of("arguments", arguments[i : i + step]))
            for i in range(0, len(arguments), step)
        ],
        chunk(0, {}, "stop"),
        "[DONE]",
    )

    out, stream = run(guard, raw, mask=mask)

    got, _, _ = read(out)
    assert got[0, "content"] == 'Dear Ann "A" Lee, hello.'
    assert json.loads(got[0, "arguments"]) == {"to": 'Ann "A" Lee'}
    assert stream.outcomes[0].text == content


def test_shadow_mode_passes_the_very_bytes_and_keeps_verdicts(span_judge: Judge) -> None:
    raw = b": hi\r\n" + sse(
        chunk(0, {"content": f"a {BLOCKED}"}), chunk(0, {}, "stop"), "[DONE]", "x"
    )

    out, stream = run(Guard(span_judge, shadow=True), raw, places=[3, 50, 200])

    assert out == raw
    assert stream.action is Action.BLOCK


def test_keep_alive_comments_go_on_without_their_words(guard: Guard) -> None:
    stream = ChatStream(guard)

    assert stream.feed(b": purple walrus\n\n") == b":\n\n"


def test_an_endless_event_ends_the_stream_in_good_order(guard: Guard) -> None:
    stream = ChatStream(guard)

    out = stream.feed(b"data: " + b"x" * (5 * 1024 * 1024))

    assert events(out)[-2]["error"]["code"] == "upstream_invalid"
    assert stream.ended


@settings(deadline=None, max_examples=100)
@given(
    raw=st.lists(
        st.sampled_from(
            [
                b"data: ",
                b"{}",
                b'{"choices":[{"delta":{"content":"a"}}]}',
                b"\n\n",
                b"\r",
                b"[DONE]",
                b":",
                b"\xff",
                b"null",
                b'{"choices":[null]}',
                b'{"choices":[{}]}',
            ]
        ),
        max_size=20,
    ).map(b"".join)
)
def test_any_bytes_end_with_done(raw: bytes, span_judge: Judge) -> None:
    out, _ = run(Guard(span_judge), raw)

    assert out.endswith(b"data: [DONE]\n\n")
