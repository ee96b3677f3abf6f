"""Shapes of the report's charts, as numbers that the template writes into SVG.

Every chart is 100 units wide and high; the page stretches it. Labels are HTML beside it, so
that they keep their size on a phone.

>>> nice_top(7), nice_top(130), nice_top(0.0)
(8.0, 160.0, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0)
# A bar of one in ten thousand still shows.
_THINNEST = 0.4


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a horizontal bar: where it starts, how wide it is, and what it stands for."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A histogram: for each bin one height (0..100) for each series; `top` is its scale."""

    top: float
    heights: tuple[tuple[float, ...], ...]
    counts: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]

    @property
    def slot(self) -> float:
        """Width of a bin."""
        return 100.0 / max(1, len(self.heights))


def bar(start: float, end: float, whole: float, kind: str) -> Bar:
    """A bar from `start` to `end` on a scale of `whole`, never too thin to be seen."""
    if whole <= 0 or start == end:
        return Bar(0.0, 0.0, kind)
    low, high = sorted((start / whole * 100, end / whole * 100))
    width = max(_THINNEST, high - low)
    return Bar(round(min(low, 100 - width), 3), round(width, 3), kind)


def columns(series: Sequence[Sequence[int]], labels: Sequence[str]) -> Columns:
    """A histogram of one or more series over the same bins.

    Args:
        series: counts by bin, one sequence for each series, [series, bins].
        labels: what each bin is called.
    """
    top = nice_top(max((max(one, default=0) for one in series), default=0))
    if top < 10:  # half of a small count should be a count
        top = 2.0 * math.ceil(top / 2)
    heights = tuple(
        tuple(round(100 * count / top, 3) for count in counts)
        for counts in zip(*series, strict=True)
    )
    return Columns(top, heights, tuple(zip(*series, strict=True)), tuple(labels))


def nice_top(highest: float) -> float:
    """A round number not below `highest`."""
    if highest <= 0 or not math.isfinite(highest):
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in _STEPS if step * power >= highest * 0.9999)
