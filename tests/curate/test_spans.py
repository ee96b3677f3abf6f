from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.curate.spans import (
    Labelled,
    Replacement,
    like,
    moved,
    packed,
    replace_all,
    unpacked,
)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[Replacement]]:
    text = draw(st.text(max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return text, [Replacement(start, end, draw(st.text(max_size=6))) for start, end in pairs]


@given(edits(), st.data())
def test_a_span_outside_every_replacement_keeps_its_characters(
    edit: tuple[str, list[Replacement]], data: st.DataObject
) -> None:
    text, replacements = edit
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if start == end or any(r.start < end and start < r.end for r in replacements):
        return

    (span,) = moved([Labelled(start, end, "x")], replacements)

    assert replace_all(text, replacements)[span.start : span.end] == text[start:end]


@given(edits())
def test_a_span_over_a_value_covers_what_stands_in_its_place(
    edit: tuple[str, list[Replacement]],
) -> None:
    text, replacements = edit

    spans = moved([Labelled(r.start, r.end, "x") for r in replacements], replacements)

    new = replace_all(text, replacements)
    assert [new[s.start : s.end] for s in spans] == [r.text for r in replacements]


@pytest.mark.parametrize(
    "value",
    [["2:5:city"], [[2, 5, "city"]], [{"start": 2, "end": 5, "label": "city"}], '[[2, 5, "city"]]'],
)
def test_every_form_of_spans_is_read_and_written_back_in_its_own_form(value: object) -> None:
    spans = unpacked(value, "entities")

    assert spans == [Labelled(2, 5, "city")]
    assert unpacked(like(value, spans), "entities") == spans
    assert type(like(value, spans)) is type(value)


def test_labels_may_hold_colons() -> None:
    spans = [Labelled(0, 2, "policy:x")]

    assert unpacked(packed(spans), "entities") == spans


@pytest.mark.parametrize("value", [["x"], [[1, 2]], 3, "[1", [[5, 2, "a"]], [["a", 2, "b"]]])
def test_a_column_without_spans_is_named(value: object) -> None:
    with pytest.raises(InputError) as fault:
        unpacked(value, "entities")

    assert str(fault.value) == (
        "column entities holds no spans; write each as [start, end, label], "
        "with offsets in characters"
    )
