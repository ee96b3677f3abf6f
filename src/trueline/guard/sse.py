r"""Server-sent events from bytes, under any split.

>>> parser = SseParser()
>>> [event.data for event in parser.feed(b"data: one\n\nda") + parser.feed(b"ta: two\r\n\r")]
['one', 'two']

Lines end in LF, CRLF or CR; a byte order mark is skipped; bytes that are not UTF-8 become
U+FFFD. Unlike a browser, `close` gives an event whose last blank line is missing: model
servers leave it out. Reference: WHATWG HTML, section 9.2 "Server-sent events".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trueline.core.errors import UpstreamError

# Longest event kept in memory; a chunk with a base64 audio piece stays far below.
MAX_EVENT_BYTES = 4 * 1024 * 1024
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event, or one comment line (`comment` is true, `data` is empty)."""

    data: str
    name: str = ""
    id: str = ""
    comment: bool = False


class SseParser:
    """Incremental parser; `feed` gives the events that are complete.

    Args:
        max_event_bytes: longest line and longest event accepted.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._rest: list[bytes] = []  # start of a line whose end has not come
        self._rest_size = 0
        self._after_cr = False  # a LF that comes next belongs to the CR before it
        self._first_line = True
        self._data: list[bytes] = []
        self._data_size = 0
        self._name = ""
        self._id = ""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Take bytes, give complete events and comments in order.

        Raises:
            UpstreamError: one event is longer than `max_event_bytes`.
        """
        if not chunk:
            return []
        if chunk.startswith(b"data: ") and self._is_fresh and _is_one_event(chunk):
            self._check(len(chunk))
            return [SseEvent(chunk[6:-2].decode("utf-8", "replace"), "", self._id)]
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            lines = _LINE_END.split(chunk)
        else:
            lines = chunk.split(b"\n")
        last = lines.pop()
        if lines and self._rest:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest.clear()
            self._rest_size = 0
        if last:
            self._rest.append(last)
            self._rest_size += len(last)
            self._check(self._rest_size)
        events: list[SseEvent] = []
        for line in lines:
            self._line(line, events)
        return events

    @property
    def _is_fresh(self) -> bool:
        """True between events, where most chunks of a model server begin."""
        return not (self._rest or self._data or self._name or self._first_line or self._after_cr)

    def close(self) -> list[SseEvent]:
        """The bytes have ended; gives an event that lacks its closing blank line."""
        events: list[SseEvent] = []
        if self._rest:
            line = b"".join(self._rest)
            self._rest.clear()
            self._rest_size = 0
            self._line(line, events)
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[SseEvent]) -> None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        if not line:
            if self._data:
                data = b"\n".join(self._data).decode("utf-8", "replace")
                events.append(SseEvent(data, self._name, self._id))
                self._data.clear()
                self._data_size = 0
            self._name = ""
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_size += len(value) + 1
            self._check(self._data_size)
        elif not field:
            events.append(SseEvent("", comment=True))
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise UpstreamError(
                f"the upstream sent an event of more than {self._limit} bytes; "
                "a chat completion chunk is never that long"
            )


def _is_one_event(chunk: bytes) -> bool:
    return chunk.endswith(b"\n\n") and chunk.find(b"\n") == len(chunk) - 2 and b"\r" not in chunk
