"""The numbers behind the charts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.gateway.console.charts import (
    HEIGHT,
    ORDER,
    SLOT,
    nice_top,
    stacked_columns,
    two_lines,
)

COUNTS = st.lists(st.dictionaries(st.sampled_from(ORDER), st.integers(0, 10_000)), max_size=30)


@given(st.floats(0.0001, 1e9))
def test_the_top_is_not_below_the_highest_value_and_not_far_above(highest: float) -> None:
    top = nice_top(highest)

    assert highest * 0.999 <= top <= highest * 2.001


@given(COUNTS)
def test_a_column_is_as_high_as_its_count_and_parts_stand_on_each_other(
    counts: list[dict[str, int]],
) -> None:
    chart = stacked_columns(counts, [""] * len(counts))

    for bucket, column in zip(counts, chart.columns, strict=True):
        height = sum(part.height for part in column.parts)
        assert height == pytest.approx(HEIGHT * sum(bucket.values()) / chart.top, abs=0.05)
        ground = HEIGHT
        for part in column.parts:
            assert part.y + part.height == pytest.approx(ground, abs=0.02)
            assert column.x <= part.x
            assert part.x + part.width <= column.x + SLOT
            ground = part.y


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    lines = two_lines([1.0, 2.0, None, 1.0], [None] * 4)

    assert re.findall("[MLH]", lines.p50) == ["M", "L", "M", "H"]
    assert lines.p99 == ""
    assert lines.top == 2.0


def test_charts_without_traffic_are_flat() -> None:
    chart = stacked_columns([], [])

    assert (chart.top, chart.columns) == (2.0, ())
    assert two_lines([], []).p50 == ""
