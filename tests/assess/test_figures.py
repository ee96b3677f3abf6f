"""Figures: well-formed SVG in both languages, without scripts, escaped, drawn where they should."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.figures import Bar, Curve, bars, curves, heat_map
from trueline.assess.svg import Label, shortened, width_of
from trueline.core.policy import Bilingual

TITLE = Bilingual(zh="图", en="figure")
SVG = "{http://www.w3.org/2000/svg}"
RATE = st.floats(0, 1)
NAME = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


@given(st.lists(st.tuples(NAME, RATE, RATE, RATE), max_size=6), st.none() | RATE)
def test_bars_are_well_formed_and_stay_inside(
    rows: list[tuple[str, float, float, float]], limit: float | None
) -> None:
    ends = [(name, sorted(values)) for name, *values in rows]
    drawn = [Bar(name, middle, low, high) for name, (low, middle, high) in ends]

    root = parsed(bars(drawn, title=TITLE, limit=limit))

    assert len(root.findall(f"{SVG}circle")) == len(rows)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for shape in root.iter():
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert 0 <= float(shape.attrib.get(name, 0)) <= most


@given(st.lists(st.tuples(RATE, RATE), min_size=1, max_size=20), NAME)
def test_curves_are_well_formed(points: list[tuple[float, float]], name: str) -> None:
    band = [(x, y / 2, (1 + y) / 2) for x, y in points]

    root = parsed(
        curves([Curve(name, points, band, dots=True)], title=TITLE, x_axis="x", y_axis=name,
               diagonal=True, limit=0.5)
    )  # fmt: skip

    assert len(root.findall(f"{SVG}circle")) == len(points)
    assert len(root.findall(f"{SVG}polygon")) == 1


@given(st.lists(st.lists(st.none() | st.integers(0, 9999), min_size=3, max_size=3), max_size=5))
def test_a_heat_map_has_a_rectangle_for_each_value(values: list[list[float | None]]) -> None:
    root = parsed(
        heat_map(values, title=TITLE, rows=[f"<{k}>" for k in range(len(values))],
                 columns=["体育", "财经", "a & b"], row_axis=TITLE, column_axis=TITLE)
    )  # fmt: skip

    filled = sum(value is not None for row in values for value in row)
    assert len(root.findall(f"{SVG}rect")) == filled


def test_the_dot_stands_where_the_value_is_and_the_interval_spans_its_ends() -> None:
    root = parsed(bars([Bar("a", 0.5, 0.25, 1.0)], title=TITLE, domain=(0, 1)))

    dot = float(root.findall(f"{SVG}circle")[0].attrib["cx"])
    span = root.findall(f"{SVG}rect")[0]
    low, wide = float(span.attrib["x"]), float(span.attrib["width"])
    assert (dot - low) / wide == pytest.approx(1 / 3, abs=0.01)


def test_both_languages_are_there_and_names_stand_once() -> None:
    drawing = bars(
        [Bar(Bilingual(zh="女性", en="women"), 0.2), Bar("south & <north>", 0.3)], title=TITLE
    )

    assert '<text class="figure-zh" lang="zh"' in drawing
    assert drawing.count("女性") == drawing.count("women") == 1
    assert drawing.count("south &amp; &lt;north&gt;") == 1


def test_nothing_can_run_and_nothing_comes_from_outside() -> None:
    hostile = '"><script>alert(1)</script><a href="http://x"'

    drawing = bars([Bar(hostile, 0.2, note=hostile)], title=Bilingual(zh=hostile, en=hostile))

    root = parsed(drawing)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "style", "text", "rect", "line", "circle", "title",
    }  # fmt: skip
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if "href" in name or name.startswith("on") or name == "id"}
    assert not any("url(" in value for element in root.iter() for value in element.attrib.values())


def test_a_value_that_is_no_number_leaves_its_place_empty() -> None:
    root = parsed(bars([Bar("empty", math.nan, 0.0, 1.0)], title=TITLE))

    assert not root.findall(f"{SVG}circle")
    assert "–" in {text.text for text in root.findall(f"{SVG}text")}


@given(NAME, st.floats(20, 200))
def test_a_shortened_label_fits_or_is_a_single_mark(name: str, room: float) -> None:
    label: Label = shortened(name, room)

    assert width_of(label) <= room + 13
    assert str(label) == name or str(label).endswith("…")
