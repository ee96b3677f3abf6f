"""Curves of a training run as SVG paths, from the lines of `metrics.jsonl`.

>>> lines = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0, "dev_loss": 1.5}]
>>> [(chart.title, [line.name for line in chart.lines]) for chart in run_curves(lines)]
[('loss', ['loss', 'dev_loss'])]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 600.0, 100.0
#: Points of one line; a screen shows no more.
MOST_POINTS = 300
MOST_CHARTS = 12
# A figure beyond this, infinite or not a number, belongs to a run that blew up: not drawn.
_LARGEST = 1e30
# Not curves: what counts the run itself, and yes-or-no figures.
_LEFT_OUT = frozenset({
    "step", "epoch", "tokens", "tokens_per_second", "seconds", "dev_within_limits", "fold",
})  # fmt: skip
# Figures of the constraint stand together: the rate, its bound, and the price.
_RATE, _UPPER, _DEV_UPPER = "violation_rate_", "upper_", "dev_upper_"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line, and its last value as text."""

    name: str
    path: str
    last: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Some lines on one scale; `limit_y` is None without a limit in sight."""

    title: str
    lines: tuple[Curve, ...]
    first_step: int
    last_step: int
    top_label: str
    middle_label: str
    bottom_label: str
    told: str
    limit: float | None = None
    limit_y: float | None = None


def run_curves(
    lines: Sequence[Mapping[str, Any]], limits: Mapping[str, float] | None = None
) -> list[Chart]:
    """The charts of a run: loss first, then each constraint, then every other figure.

    Args:
        lines: as `metric_lines` gives them.
        limits: of constraints by name; drawn as a line.
    """
    series: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in _LEFT_OUT and isinstance(value, int | float) and abs(value) < _LARGEST:
                series.setdefault(name, []).append((int(line["step"]), float(value)))
    known = limits or {}
    charts: list[Chart] = []
    for title, names in _together(series).items():
        if any(len(series[name]) > 1 for name in names):
            charts.append(_chart(title, {name: series[name] for name in names}, known.get(title)))
    return charts[:MOST_CHARTS]


def _together(series: Mapping[str, Any]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    ordered = sorted(
        series, key=lambda name: (name not in ("loss", "dev_loss"), name == "dev_loss")
    )
    for name in ordered:
        title = name.removeprefix("dev_")
        for prefix in (_RATE, _DEV_UPPER, _UPPER):
            if name.startswith(prefix):
                title = name.removeprefix(prefix)
                break
        groups.setdefault(title, []).append(name)
    return groups


def _chart(
    title: str, series: Mapping[str, Sequence[tuple[int, float]]], limit: float | None
) -> Chart:
    points = [point for line in series.values() for point in line]
    first, last = min(step for step, _ in points), max(step for step, _ in points)
    values = [value for _, value in points] + ([limit] if limit is not None else [])
    low, high = min(values), max(values)
    if low >= 0 and low < 0.5 * high:
        low = 0.0
    if high == low:
        high = low + 1.0

    def height(value: float) -> float:
        return HEIGHT - HEIGHT * (value - low) / (high - low)

    curves = tuple(
        Curve(name, _path(line, first, last, height), number(line[-1][1]))
        for name, line in series.items()
    )
    return Chart(
        title,
        curves,
        first,
        last,
        number(high),
        number((high + low) / 2),
        number(low),
        "; ".join(f"{curve.name} {curve.last}" for curve in curves),
        limit,
        round(height(limit), 1) if limit is not None else None,
    )


def _path(line: Sequence[tuple[int, float]], first: int, last: int, height: Any) -> str:
    stride = -(-len(line) // MOST_POINTS)
    shown = [*line[::stride], *(line[-1:] if (len(line) - 1) % stride else ())]
    span = max(1, last - first)
    places = [f"{WIDTH * (step - first) / span:.1f} {height(value):.1f}" for step, value in shown]
    if len(places) == 1:  # a lone point would not be drawn
        return f"M{places[0]}h4"
    return f"M{'L'.join(places)}"


def number(value: float) -> str:
    """A figure with four telling digits.

    >>> number(0.98765), number(12345.6), number(0.00001)
    ('0.9877', '12,346', '1e-05')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
