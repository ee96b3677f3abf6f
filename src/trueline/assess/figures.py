"""Figures of a report as SVG text: bars with intervals, curves, heat maps.

Every figure carries both languages and follows the colours of the page (see `svg`); none holds a
script, an id or an outside link, so that many of them can stand in one page.

>>> drawing = bars([Bar("zh", 0.02, 0.0, 0.07, note="1 / 50")], limit=0.05,
...     title=Bilingual(zh="违规率", en="Violation rate"))
>>> drawing.startswith("<svg"), drawing.count("<circle")
(True, 1)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trueline.assess import svg
from trueline.assess.svg import WIDTH, Label, Tone, number
from trueline.core.policy import Bilingual

__all__ = ["Bar", "Curve", "Label", "Tone", "bars", "curves", "heat_map"]

#: How numbers are written: 0.034 as `3.4 %`, as `0.034`, or 3400 as `3,400`.
Unit = Literal["percent", "number", "count"]

_ROW, _GAP, _EDGE = 26, 12, 8
_SMALL = 12.0
_LIMIT = Bilingual(zh="限值", en="limit")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar figure.

    Args:
        label: what is measured; cut where it is wider than a third of the figure.
        value: where the dot stands; NaN when there is none.
        low: lower end of the interval; None without one.
        high: upper end.
        tone: colour of the row.
        note: at the right, such as `3 / 40`.
    """

    label: Label
    value: float
    low: float | None = None
    high: float | None = None
    tone: Tone = "plain"
    note: Label = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a curve figure.

    Args:
        label: its name in the legend; empty for none.
        points: (x, y), in the order they are joined.
        band: (x, low, high), an interval around the line.
        tone: colour.
        dots: whether each point is marked.
        dashed: for what is not measured, such as a reference.
    """

    label: Label
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = ()
    tone: Tone = "plain"
    dots: bool = False
    dashed: bool = False


def bars(
    rows: Sequence[Bar],
    *,
    title: Bilingual,
    domain: tuple[float, float] | None = None,
    limit: float | None = None,
    unit: Unit = "percent",
    axis: Label = "",
) -> str:
    """Rows of a dot and its interval on one axis: what is known stands out, not the point.

    Args:
        rows: from above to below.
        title: for the alternative text; the page shows it beside the figure.
        domain: ends of the axis; from 0 to a little over the largest number by default.
        limit: a dashed line across all rows.
        unit: see `Unit`.
        axis: what the axis counts.
    """
    numbers = [
        value
        for row in rows
        for value in (row.value, row.low, row.high, limit)
        if value is not None and math.isfinite(value)
    ]
    low, high = domain or (min(0.0, *numbers, 0.0), _round_up(max(numbers, default=1.0), unit))
    left = min(WIDTH / 3, max((svg.width_of(row.label) for row in rows), default=0.0)) + 16
    notes = [row.note or _told(row.value, unit) for row in rows]
    right = WIDTH - max((svg.width_of(note, _SMALL) for note in notes), default=0.0) - 16
    top = 22 if limit is not None else _EDGE
    bottom = top + _ROW * len(rows)

    def x(value: float) -> float:
        share = (min(max(value, low), high) - low) / ((high - low) or 1.0)
        return left + share * (right - left)

    parts = [
        part
        for tick in _ticks(low, high)
        for part in (
            svg.line(x(tick), top, x(tick), bottom, opacity=0.14),
            svg.text(x(tick), bottom + 16, _told(tick, unit), anchor="middle", size=_SMALL,
                     faint=True),
        )
    ]  # fmt: skip
    for index, row in enumerate(rows):
        y = top + _ROW * index + _ROW / 2
        hint = _told(row.value, unit)
        parts.append(
            svg.text(left - 10, y + 4.5, svg.shortened(row.label, WIDTH / 3), anchor="end")
        )
        if row.low is not None and row.high is not None:
            hint += f" [{_told(row.low, unit)}, {_told(row.high, unit)}]"
            start, end = x(row.low), x(row.high)
            parts.append(
                svg.rect(start, y - 4, max(end - start, 1), 8, tone=row.tone, opacity=0.32,
                         round_by=4, hint=hint)
            )  # fmt: skip
        if math.isfinite(row.value):
            parts.append(svg.dot(x(row.value), y, 4.5, tone=row.tone, hint=hint))
        parts.append(
            svg.text(WIDTH - _EDGE, y + 4.5, notes[index], anchor="end", size=_SMALL, faint=True)
        )
    if limit is not None:
        parts.append(svg.line(x(limit), top - 4, x(limit), bottom, wide=1.5, opacity=0.8,
                              dashed=True))  # fmt: skip
        told = Bilingual(
            zh=f"{_LIMIT.zh} {_told(limit, unit)}", en=f"{_LIMIT.en} {_told(limit, unit)}"
        )
        parts.append(_inside(x(limit), top - 9, told))
    height = bottom + 24
    if axis:
        parts.append(svg.text((left + right) / 2, height + 12, axis, anchor="middle", size=_SMALL,
                              faint=True))  # fmt: skip
        height += 20
    return svg.document(title, height, parts)


def curves(
    lines: Sequence[Curve],
    *,
    title: Bilingual,
    x_axis: Label,
    y_axis: Label,
    x_domain: tuple[float, float] | None = None,
    y_domain: tuple[float, float] = (0.0, 1.0),
    x_unit: Unit = "number",
    y_unit: Unit = "percent",
    diagonal: bool = False,
    limit: float | None = None,
    height: float = 340,
    width: float = 560,
) -> str:
    """Lines over one axis, with bands for their intervals and a legend above.

    Args:
        lines: later ones are drawn over earlier ones.
        title: for the alternative text.
        x_axis: name and unit of the x axis.
        y_axis: of the y axis.
        x_domain: ends of the x axis; those of the points by default.
        y_domain: ends of the y axis.
        x_unit: see `Unit`.
        y_unit: see `Unit`.
        diagonal: a faint line from corner to corner (chance, or perfect calibration).
        limit: a dashed level line.
        height: of the drawing without the legend.
        width: of the drawing.
    """
    xs = [x for line in lines for x, _ in line.points]
    left_end, right_end = x_domain or (min(xs, default=0.0), max(xs, default=1.0))
    low, high = y_domain
    named = [line for line in lines if line.label]
    top = 14 + (_ROW if named else 0)
    left, right, bottom = 64.0, width - 20, top + height - 70

    def at(x: float, y: float) -> tuple[float, float]:
        across = (min(max(x, left_end), right_end) - left_end) / ((right_end - left_end) or 1.0)
        up = (min(max(y, low), high) - low) / ((high - low) or 1.0)
        return left + across * (right - left), bottom - up * (bottom - top)

    parts: list[str] = []
    for tick in _ticks(low, high):
        _, y = at(left_end, tick)
        parts += [
            svg.line(left, y, right, y, opacity=0.14),
            svg.text(left - 8, y + 4, _told(tick, y_unit), anchor="end", size=_SMALL, faint=True),
        ]
    for tick in _ticks(left_end, right_end):
        x, _ = at(tick, low)
        parts += [
            svg.line(x, bottom, x, bottom + 4, opacity=0.5),
            svg.text(x, bottom + 18, _told(tick, x_unit), anchor="middle", size=_SMALL, faint=True),
        ]
    parts.append(svg.line(left, bottom, right, bottom, opacity=0.5))
    if diagonal:
        parts.append(svg.line(left, bottom, right, top, opacity=0.45, dashed=True))
    if limit is not None:
        _, y = at(left_end, limit)
        parts.append(svg.line(left, y, right, y, wide=1.5, opacity=0.8, dashed=True))
    for line in lines:
        if line.band:
            above = [at(x, upper) for x, _, upper in line.band]
            below = [at(x, lower) for x, lower, _ in reversed(line.band)]
            parts.append(svg.area([*above, *below], tone=line.tone))
    for line in lines:
        places = [at(x, y) for x, y in line.points if math.isfinite(y)]
        parts.append(svg.polyline(places, tone=line.tone, dashed=line.dashed))
        if line.dots:
            parts += [
                svg.dot(*place, 3.5, tone=line.tone, hint=f"{_told(x, x_unit)}: {_told(y, y_unit)}")
                for place, (x, y) in zip(
                    places, [p for p in line.points if math.isfinite(p[1])], strict=True
                )
            ]
    across = left
    for line in named:
        parts += [
            svg.line(across, 18, across + 22, 18, tone=line.tone, wide=3, dashed=line.dashed),
            svg.text(across + 28, 22.5, line.label),
        ]
        across += 28 + svg.width_of(line.label) + 22
    parts += [
        svg.text((left + right) / 2, bottom + 40, x_axis, anchor="middle", size=_SMALL, faint=True),
        svg.text(14, (top + bottom) / 2, y_axis, anchor="middle", size=_SMALL, faint=True,
                 turned=True),
    ]  # fmt: skip
    return svg.document(title, bottom + 50, parts, width)


def heat_map(
    values: Sequence[Sequence[float | None]],
    *,
    title: Bilingual,
    rows: Sequence[Label],
    columns: Sequence[Label],
    row_axis: Label = "",
    column_axis: Label = "",
    shades: Sequence[Sequence[float]] | None = None,
    unit: Unit = "count",
    tone: Tone = "plain",
    show_values: bool = True,
    cell: float = 52,
) -> str:
    """A grid of cells, darker for more: a confusion matrix, attention weights.

    Args:
        values: [rows][columns], written in the cells; None leaves a cell empty.
        title: for the alternative text.
        rows: their labels.
        columns: their labels, turned where a cell is narrower than the label.
        row_axis: what the rows are, such as the true label.
        column_axis: what the columns are.
        shades: 0 to 1 for each cell; the share of its row's sum by default.
        unit: see `Unit`.
        tone: colour of the cells.
        show_values: False for large grids; the value is then in the hint.
        cell: side of a cell; height shrinks with it below 30.
    """
    room = 170.0
    left = min(room, max((svg.width_of(row) for row in rows), default=0.0)) + 14
    left += 22 if row_axis else 0
    widest = max((svg.width_of(column, _SMALL) for column in columns), default=0.0)
    turned = widest > cell - 6
    top = (min(room, widest) if turned else 16) + 10 + (20 if column_axis else 0)
    tall = min(cell, 36.0)
    across, down = cell * len(columns), tall * len(rows)
    parts: list[str] = []
    for j, column in enumerate(columns):
        x = left + cell * (j + 0.5)
        name = svg.shortened(column, room if turned else cell - 4, _SMALL)
        parts.append(
            svg.text(x + 4, top - 8, name, size=_SMALL, turned=True)
            if turned
            else svg.text(x, top - 8, name, size=_SMALL, anchor="middle")
        )
    for i, row in enumerate(values):
        y = top + tall * i
        parts.append(
            svg.text(left - 8, y + tall / 2 + 4.5, svg.shortened(rows[i], room), anchor="end")
        )
        total = math.fsum(value for value in row if value is not None) or 1.0
        for j, value in enumerate(row):
            if value is None:
                continue
            shade = shades[i][j] if shades is not None else value / total
            told = _told(value, unit)
            parts.append(
                svg.rect(left + cell * j + 1, y + 1, cell - 2, tall - 2, tone=tone,
                         opacity=0.05 + 0.7 * min(1.0, max(0.0, shade)), round_by=min(3, tall / 6),
                         hint=told)
            )  # fmt: skip
            if show_values:
                parts.append(
                    svg.text(left + cell * (j + 0.5), y + tall / 2 + 4.5, told, anchor="middle")
                )
    if row_axis:
        parts.append(
            svg.text(14, top + down / 2, row_axis, anchor="middle", size=_SMALL, faint=True,
                     turned=True)
        )  # fmt: skip
    if column_axis:
        parts.append(
            svg.text(left + across / 2, 14, column_axis, anchor="middle", size=_SMALL, faint=True)
        )
    return svg.document(title, top + down + _EDGE, parts, left + across + _EDGE)


def _inside(x: float, y: float, label: Bilingual) -> str:
    """A centred text, pushed back where it would leave the figure."""
    half = svg.width_of(label, _SMALL) / 2
    return svg.text(min(max(x, half), WIDTH - half), y, label, anchor="middle", size=_SMALL,
                    bold=True)  # fmt: skip


def _told(value: float, unit: Unit) -> str:
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if unit == "percent":
        return f"{number(round(100 * value, 2 if abs(value) < 0.01 else 1))} %"
    if unit == "count":
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers from low to high (steps of 1, 2 or 5 times a power of ten)."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(k * power for k in (5, 2, 1) if span / (k * power) >= 4)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def _round_up(value: float, unit: Unit) -> float:
    """The end of an axis that shows `value`: a round number, at most 1 for rates."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    end = next(k * power for k in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if k * power >= value * 1.02
               or k == 10)  # fmt: skip
    return min(1.0, end) if unit == "percent" and value <= 1 else end
