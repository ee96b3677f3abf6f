"""Where the characters of a rewritten text stand in the text it was made from.

    >>> step = rewrite("k i l l", [(1, 2, ""), (3, 4, ""), (5, 6, "")])
    >>> step.text, step.offsets.source(0, 2)
    ('kill', (0, 3))

A rewriting keeps only the places where the two texts differ, so that an ordinary text costs
nothing; positions are worked out for the few things found in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol


class Offsets(Protocol):
    """Maps ranges of a rewritten text to ranges of its source."""

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range behind the half-open, non-empty range `[start, end)`."""
        ...


class Step(NamedTuple):
    """A rewritten text, its offsets (None: character for character) and what was undone."""

    text: str
    offsets: Offsets | None = None
    families: tuple[str, ...] = ()


class Edits:
    """Replacements in order of position; between them both texts run in step.

    Each edit says that source `[a, b)` became `[c, d)`. Any part of `[c, d)` stands for the
    whole of `[a, b)`. A deletion has `c == d` and belongs to no finding that ends beside it.
    """

    __slots__ = ("_end", "_source_end", "_source_start", "_start")

    def __init__(self) -> None:
        self._source_start: list[int] = []
        self._source_end: list[int] = []
        self._start: list[int] = []
        self._end: list[int] = []

    def add(self, source_start: int, source_end: int, start: int, end: int) -> None:
        """Source `[source_start, source_end)` became `[start, end)`."""
        self._source_start.append(source_start)
        self._source_end.append(source_end)
        self._start.append(start)
        self._end.append(end)

    def __len__(self) -> int:
        return len(self._start)

    def source(self, start: int, end: int) -> tuple[int, int]:
        return self._behind(start)[0], self._behind(end - 1)[1]

    def _behind(self, position: int) -> tuple[int, int]:
        """Source range behind one character."""
        k = bisect_right(self._start, position) - 1
        if k < 0:
            return position, position + 1
        if position < self._end[k]:
            return self._source_start[k], self._source_end[k]
        at = self._source_end[k] + position - self._end[k]
        return at, at + 1


class Reversal:
    """A text read backwards."""

    __slots__ = ("_length",)

    def __init__(self, length: int) -> None:
        self._length = length

    def source(self, start: int, end: int) -> tuple[int, int]:
        return self._length - end, self._length - start


class Deferred:
    """Offsets that are worked out once something was found."""

    __slots__ = ("_offsets", "_work_out")

    def __init__(self, work_out: Callable[[], Offsets]) -> None:
        self._work_out = work_out
        self._offsets: Offsets | None = None

    def source(self, start: int, end: int) -> tuple[int, int]:
        if self._offsets is None:
            self._offsets = self._work_out()
        return self._offsets.source(start, end)


def rewrite(
    text: str, changes: Iterable[tuple[int, int, str]], families: Iterable[str] = ()
) -> Step:
    """Replace ranges of `text`.

    Args:
        text: the source.
        changes: `(start, end, replacement)`, in order and without overlaps. A replacement of
            the same length stands for its source character for character.
        families: what these changes undo; read after the changes.
    """
    pieces: list[str] = []
    edits = Edits()
    last = 0
    length = 0
    for start, end, replacement in changes:
        pieces.append(text[last:start])
        pieces.append(replacement)
        length += start - last
        size = len(replacement)
        if end - start != size:
            edits.add(start, end, length, length + size)
        length += size
        last = end
    if not pieces:
        return Step(text)
    pieces.append(text[last:])
    return Step("".join(pieces), edits if len(edits) else None, tuple(families))
