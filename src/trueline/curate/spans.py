"""Labelled ranges of a text in a column, and how they move when the text changes.

A span is stored as `start:end:label`, so that a column of spans is a list of strings in every
file format. Columns that came with the data may hold `[start, end, label]` or mappings
instead; they are read as well and written back in the form they had.

    >>> replace_all("call 13800138000 now", [Replacement(5, 16, "[PHONE]")])
    'call [PHONE] now'
    >>> moved([Labelled(17, 20, "time")], [Replacement(5, 16, "[PHONE]")])
    [Labelled(start=13, end=16, label='time')]
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trueline.core.errors import InputError


class Labelled(NamedTuple):
    """Characters `[start, end)` of a text, in code points, and what they are."""

    start: int
    end: int
    label: str


class Replacement(NamedTuple):
    """Characters `[start, end)` make way for `text`."""

    start: int
    end: int
    text: str


def text_mark(text: str) -> int:
    """CRC-32 of a text: spans stored beside the mark of a text belong to that text."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def packed(spans: Sequence[Labelled]) -> list[str]:
    """Spans as a column stores them."""
    return [f"{span.start}:{span.end}:{span.label}" for span in spans]


def unpacked(value: object, column: str) -> list[Labelled]:
    """Spans of one document, however its column holds them.

    Args:
        value: None, a list of `start:end:label`, of `[start, end, label]` or of mappings with
            these three names, or such a list as JSON.
        column: its name, for the error message.

    Raises:
        InputError: the value is none of these.
    """
    try:
        if isinstance(value, str):
            value = json.loads(value) if value.strip() else []
        items: Sequence[Any] = list(value) if value is not None else []  # type: ignore[call-overload]
        return [_labelled(item) for item in items]
    except (ValueError, TypeError, KeyError, IndexError):
        raise InputError(
            f"column {column} holds no spans; write each as [start, end, label], "
            "with offsets in characters"
        ) from None


def like(value: object, spans: Sequence[Labelled]) -> object:
    """Spans in the form that `value`, the column's value before, had them."""
    if isinstance(value, str):
        return json.dumps([list(span) for span in spans], ensure_ascii=False)
    items = [] if value is None else list(value)  # type: ignore[call-overload]
    if not items:
        return value
    if isinstance(items[0], str):
        return packed(spans)
    if isinstance(items[0], Mapping):
        return [span._asdict() for span in spans]
    return [list(span) for span in spans]


def replace_all(text: str, replacements: Sequence[Replacement]) -> str:
    """The text after replacements that are in order and do not overlap."""
    pieces: list[str] = []
    done = 0
    for start, end, new in replacements:
        pieces += (text[done:start], new)
        done = end
    return "".join((*pieces, text[done:]))


def moved(spans: Sequence[Labelled], replacements: Sequence[Replacement]) -> list[Labelled]:
    """Where spans lie after replacements that are in order and do not overlap.

    A span's edge inside a replaced range goes to that edge of the new text, so that a span
    which covered a value covers what stands in its place.
    """
    starts = [replacement.start for replacement in replacements]
    shifts = [0]
    for start, end, new in replacements:
        shifts.append(shifts[-1] + len(new) - (end - start))

    def start_of(offset: int) -> int:
        count = bisect_right(starts, offset)
        if count and offset < replacements[count - 1].end:
            return replacements[count - 1].start + shifts[count - 1]
        return offset + shifts[count]

    def end_of(offset: int) -> int:
        count = bisect_right(starts, offset - 1)
        if count and offset < replacements[count - 1].end:
            return replacements[count - 1].end + shifts[count]
        return offset + shifts[count]

    found = [(start_of(span.start), end_of(span.end), span.label) for span in spans]
    return [Labelled(start, max(start, end), label) for start, end, label in found]


def _labelled(item: Any) -> Labelled:
    if isinstance(item, str):
        start, end, label = item.split(":", 2)
    elif isinstance(item, Mapping):
        start, end, label = item["start"], item["end"], item["label"]
    else:
        start, end, label = item
    span = Labelled(int(start), int(end), str(label))
    if not 0 <= span.start <= span.end:
        raise ValueError
    return span
