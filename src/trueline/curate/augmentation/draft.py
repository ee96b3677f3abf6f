"""A text being changed: its words, which of them may change, and the edits proposed.

An operation proposes `Edit`s and never touches the text itself, so that what was changed is
known exactly: labels are checked and entity spans moved by the edits alone.

>>> apply_edits("a small dog", (Edit(2, 7, "tiny"),))
'a tiny dog'
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from trueline.curate.words.segment import Token


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `[start, end)` give way to `replacement`; an insertion has start == end."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class EntitySpan:
    """Characters `[start, end)` of a text are an entity of kind `label`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text with its tokens; `free` lists the positions of words that may change.

    `rate` (0..1) is the share of the free words an operation works on, at least one.
    `mask` stands for a masked word.
    """

    text: str
    tokens: Sequence[Token]
    free: Sequence[int]
    rate: float
    mask: str = "[MASK]"

    def chosen(self, random: Random, among: Sequence[int] | None = None) -> list[int]:
        """Free positions drawn at the draft's rate, at least one, from left to right."""
        pool = self.free if among is None else among
        count = min(len(pool), max(1, round(self.rate * len(self.free))))
        return sorted(random.sample(list(pool), count))


#: Proposes edits; an empty list when it finds nothing to do.
Operation = Callable[[Draft, Random], Sequence[Edit]]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits, which are sorted and do not overlap."""
    pieces: list[str] = []
    done = 0
    for edit in edits:
        assert done <= edit.start <= edit.end <= len(text), (done, edit)
        pieces += [text[done : edit.start], edit.replacement]
        done = edit.end
    return "".join([*pieces, text[done:]])


def shift_spans(spans: Sequence[EntitySpan], edits: Sequence[Edit]) -> list[EntitySpan]:
    """The spans where they are after the edits, none of which may reach into a span.

    What is inserted right before a span pushes it on; what is inserted right behind it stays
    outside.
    """
    ends = [edit.end for edit in edits]
    grown = [0, *accumulate(len(e.replacement) - (e.end - e.start) for e in edits)]
    moves = [grown[bisect_right(ends, span.start)] for span in spans]
    return [
        EntitySpan(span.start + move, span.end + move, span.label)
        for span, move in zip(spans, moves, strict=True)
    ]


def breaks_a_span(spans: Sequence[EntitySpan], edits: Sequence[Edit]) -> bool:
    """Whether an edit changes characters of a span or inserts some between them."""
    starts = [edit.start for edit in edits]
    ends = [edit.end for edit in edits]
    # Edits are sorted and apart: those that end behind the span's start and start before its
    # end are the ones that reach into it.
    return any(bisect_right(ends, span.start) < bisect_left(starts, span.end) for span in spans)
