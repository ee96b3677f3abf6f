"""Shapes of the charts, as numbers that a template writes into SVG.

A chart is 100 units high and `SLOT` wide for each bucket; the page stretches it.

>>> nice_top(7), nice_top(130), nice_top(0.0)
(8.0, 160.0, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SLOT = 10.0
_GAP = 1.5
HEIGHT = 100.0
ORDER = ("allow", "flag", "redact", "rewrite", "block")
_STEPS = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One action's part of a column."""

    action: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One bucket: its parts from the ground up, and what is said when pointed at."""

    x: float
    width: float
    title: str
    parts: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Stacked columns; `top` is the count at the upper edge."""

    width: float
    top: float
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Two lines over the buckets, as SVG paths; `top` is the value at the upper edge."""

    top: float
    p50: str
    p99: str


@dataclass(frozen=True, slots=True)
class Band:
    """A rate within its band, and the limit it is held against, as SVG paths.

    `top` is the rate at the upper edge; the band is cut there. `limit_y` is None when the
    limit is above it.
    """

    width: float
    top: float
    area: str
    line: str
    limit_y: float | None


def stacked_columns(counts: Sequence[Mapping[str, int]], titles: Sequence[str]) -> Columns:
    """One column for each bucket, one part for each action that happened in it.

    Args:
        counts: counts by action, oldest bucket first.
        titles: what to say of each bucket.
    """
    top = nice_top(max((sum(bucket.values()) for bucket in counts), default=0))
    if top < 10:  # half of a small count should be a count
        top = 2.0 * math.ceil(top / 2)
    columns: list[Column] = []
    for index, (bucket, title) in enumerate(zip(counts, titles, strict=True)):
        left, ground = index * SLOT, HEIGHT
        parts: list[Bar] = []
        for action in ORDER:
            count = bucket.get(action, 0)
            if count:
                height = HEIGHT * count / top
                ground -= height
                parts.append(
                    Bar(
                        action,
                        round(left + _GAP / 2, 2),
                        round(ground, 2),
                        round(SLOT - _GAP, 2),
                        round(height, 2),
                    )
                )
        columns.append(Column(round(left, 2), SLOT, title, tuple(parts)))
    return Columns(max(1, len(counts)) * SLOT, top, tuple(columns))


def two_lines(p50: Sequence[float | None], p99: Sequence[float | None]) -> Lines:
    """Lines through the middle of each bucket, broken where nothing was measured."""
    known = [value for value in (*p50, *p99) if value is not None]
    top = nice_top(max(known, default=0.0))
    return Lines(top, _path(p50, top), _path(p99, top))


def rate_band(
    places: Sequence[int],
    lows: Sequence[float],
    rates: Sequence[float],
    highs: Sequence[float],
    limit: float,
    buckets: int,
) -> Band:
    """A band over the buckets; a bucket without a look is bridged.

    Args:
        places: bucket of each look, rising.
        lows: lower ends, 0..1, one a look.
        rates: one a look.
        highs: upper ends, one a look.
        limit: drawn as a line.
        buckets: of the whole chart.
    """
    width = max(1, buckets) * SLOT
    if not places:
        return Band(width, nice_top(limit * 2), "", "", round(HEIGHT / 2, 1))
    # The first looks know next to nothing: the last one and the limit set the scale.
    top = nice_top(min(1.0, max(limit * 2, highs[-1] * 1.25, rates[-1] * 1.25)))
    xs = [place * SLOT + SLOT for place in places]
    if len(xs) == 1:  # a lone look becomes a bar as wide as its bucket
        xs = [xs[0] - SLOT, xs[0]]
        lows, rates, highs = [*lows] * 2, [*rates] * 2, [*highs] * 2
    upper = [f"{x:.1f} {_height(high, top):.1f}" for x, high in zip(xs, highs, strict=True)]
    lower = [f"{x:.1f} {_height(low, top):.1f}" for x, low in zip(xs, lows, strict=True)]
    middle = [f"{x:.1f} {_height(rate, top):.1f}" for x, rate in zip(xs, rates, strict=True)]
    area = f"M{'L'.join(upper)}L{'L'.join(reversed(lower))}Z"
    limit_y = round(_height(limit, top), 1) if limit <= top else None
    return Band(width, top, area, f"M{'L'.join(middle)}", limit_y)


def _height(value: float, top: float) -> float:
    return HEIGHT - HEIGHT * min(value, top) / top


def nice_top(highest: float) -> float:
    """A round number not below `highest`, so that half of it is round as well."""
    if highest <= 0 or not math.isfinite(highest):
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (*_STEPS, 20.0) if step * power >= highest * 0.9999)


def _path(values: Sequence[float | None], top: float) -> str:
    parts: list[str] = []
    for index, value in enumerate(values):
        if value is None:
            continue
        x, y = (index + 0.5) * SLOT, HEIGHT - HEIGHT * value / top
        joined = index > 0 and values[index - 1] is not None
        alone = not joined and (index + 1 == len(values) or values[index + 1] is None)
        if joined:
            parts.append(f"L{x:.1f} {y:.1f}")
        elif alone:  # a lone point would not be drawn: a short dash stands for it
            parts.append(f"M{x - SLOT * 0.4:.1f} {y:.1f}H{x + SLOT * 0.4:.1f}")
        else:
            parts.append(f"M{x:.1f} {y:.1f}")
    return "".join(parts)
