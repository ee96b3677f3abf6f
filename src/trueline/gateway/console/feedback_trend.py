"""Net promoter scores over time as shapes that a template writes into SVG.

The drawing is 100 units high: 100 points at the top, 0 in the middle, -100 at the ground.

>>> height(100.0), height(0.0), height(-50.0)
(0.0, 50.0, 75.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trueline.gateway.console.charts import SLOT
from trueline.gateway.console.figures import signed
from trueline.monitor.satisfaction import Score, TrendPoint


@dataclass(frozen=True, slots=True)
class TrendMark:
    """One stretch: its dot, the ends of its interval, and what is said when pointed at."""

    x: float
    y: float
    low_y: float
    high_y: float
    title: str


@dataclass(frozen=True, slots=True)
class TrendDrawing:
    """Dots with their intervals, and the line through neighbours."""

    width: float
    marks: tuple[TrendMark, ...]
    line: str


def height(score: float) -> float:
    """Where a score of -100 to 100 stands."""
    return round(50.0 - score / 2.0, 2)


def draw_trend(points: Sequence[TrendPoint], titles: Sequence[str]) -> TrendDrawing:
    """The drawing of a trend; stretches without answers are left empty.

    Args:
        points: oldest first.
        titles: what to say of each.
    """
    marks: list[TrendMark] = []
    line, joined = "", False
    for index, (point, title) in enumerate(zip(points, titles, strict=True)):
        score = point.score
        if score.nps is None:
            joined = False
            continue
        x = round((index + 0.5) * SLOT, 2)
        y = height(score.nps)
        marks.append(TrendMark(x, y, height(score.low), height(score.high), title))
        line += f"{'L' if joined else 'M'}{x:g} {y:g}"
        joined = True
    return TrendDrawing(max(1, len(points)) * SLOT, tuple(marks), line)


def told(score: Score) -> str:
    """A score with its interval, as `+12 (-3 to +28)`; a dash where nobody answered.

    >>> told(Score(3, 0, 1, 50.0, -20.4, 90.0, 0.95)), told(Score(0, 0, 0, None, -100, 100, 0.95))
    ('+50 (−20 – +90)', '–')
    """
    if score.nps is None:
        return "–"
    return f"{signed(score.nps)} ({signed(score.low)} – {signed(score.high)})"
