from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.errors import UpstreamError
from trueline.guard.sse import SseEvent, SseParser

SNIPPETS = [
    b"data: hello", b"data:no space", b"data:  two spaces", b"data", b": comment", b"event: ping",
    b"id: 7", b"id: a\0b", b"retry: 10", b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\r\r",
    b"\xef\xbb\xbf", "data: 你好😀".encode(), b"data: \xff\xfe\xe4\xbd", b"\x00", b"data: [DONE]", b"x: y",
]  # fmt: skip


def reference(raw: bytes) -> list[SseEvent]:
    """The standard's algorithm, read literally, over the whole of the bytes."""
    lines = re.split(rb"\r\n|\n|\r", raw)
    if lines[-1] == b"":
        lines.pop()
    lines += [b""]  # an event that lacks its blank line is given at the end
    lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
    events: list[SseEvent] = []
    data: list[str] = []
    name = last_id = ""
    for line in (raw_line.decode("utf-8", "replace") for raw_line in lines):
        if line == "":
            if data:
                events.append(SseEvent("\n".join(data), name, last_id))
            data, name = [], ""
        elif line.startswith(":"):
            events.append(SseEvent("", comment=True))
        else:
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id" and "\0" not in value:
                last_id = value
    return events


@settings(deadline=None, max_examples=300)
@given(
    raw=st.one_of(
        st.lists(st.sampled_from(SNIPPETS), max_size=40).map(b"".join), st.binary(max_size=80)
    ),
    places=st.lists(st.integers(0, 500), max_size=30),
)
def test_any_split_gives_the_events_of_the_standard(raw: bytes, places: list[int]) -> None:
    borders = sorted({0, len(raw), *(p % (len(raw) + 1) for p in places)})
    parser = SseParser()

    events: list[SseEvent] = []
    for start, end in itertools.pairwise(borders):
        events += parser.feed(raw[start:end])
    events += parser.close()

    assert events == reference(raw)


def test_one_byte_at_a_time_is_read_like_the_whole() -> None:
    raw = b'data: {"a":"\xe4\xbd\xa0"}\r\n\r\n: hi\r\rdata: 1\rdata: 2\n\r\ndata: [DONE]'
    parser = SseParser()

    events = [event for byte in raw for event in parser.feed(bytes([byte]))] + parser.close()

    assert events == [*SseParser().feed(raw), SseEvent("[DONE]")]
    assert [event.data for event in events] == ['{"a":"你"}', "", "1\n2", "[DONE]"]


@pytest.mark.parametrize(
    "raw",
    [b"data: " + b"x" * 2000, b"data: 12345678\n" * 200, b"y" * 2000],
    ids=["line", "event", "field"],
)
def test_an_endless_event_is_refused_with_a_clear_error(raw: bytes) -> None:
    parser = SseParser(max_event_bytes=1000)

    with pytest.raises(UpstreamError) as error:
        [parser.feed(raw[start : start + 7]) for start in range(0, len(raw), 7)]

    assert str(error.value) == (
        "the upstream sent an event of more than 1000 bytes; "
        "a chat completion chunk is never that long"
    )
