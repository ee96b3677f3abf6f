"""Rewriting with offsets: what was changed and what was not can be told apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueline.text.offsets import Edits, Reversal, Step, rewrite


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    text = draw(st.text("abcdefgh", max_size=40))
    cuts = sorted(set(draw(st.lists(st.integers(0, len(text)), max_size=12))))
    found: list[tuple[int, int, str]] = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        found.append((start, end, draw(st.text("XYZ", max_size=4))))
    return text, found


def source(step: Step, start: int, end: int) -> tuple[int, int]:
    return (start, end) if step.offsets is None else step.offsets.source(start, end)


@given(changes())
def test_characters_left_alone_map_to_themselves(
    case: tuple[str, list[tuple[int, int, str]]],
) -> None:
    text, edits = case

    step = rewrite(text, edits)

    for k, character in enumerate(step.text):
        start, end = source(step, k, k + 1)
        if character.islower():
            assert text[start:end] == character


@given(changes())
def test_a_replacement_maps_into_the_range_it_replaced(
    case: tuple[str, list[tuple[int, int, str]]],
) -> None:
    text, edits = case

    step = rewrite(text, edits)

    ranges = [(start, end) for start, end, _ in edits]
    for k, character in enumerate(step.text):
        start, end = source(step, k, k + 1)
        if character.isupper():
            assert any(low <= start and end <= high for low, high in ranges)


def test_a_deletion_belongs_to_no_finding_beside_it() -> None:
    step = rewrite("ab--cd", [(2, 4, "")])

    assert step.text == "abcd"
    assert source(step, 0, 2) == (0, 2)
    assert source(step, 2, 4) == (4, 6)
    assert source(step, 1, 3) == (1, 5)


def test_a_shortened_run_stands_for_all_of_it() -> None:
    step = rewrite("xfuuuun", [(2, 6, "u")])

    assert step.text == "xfun"
    assert source(step, 2, 3) == (2, 6)
    assert source(step, 0, 4) == (0, 7)


def test_no_change_gives_the_very_text_and_no_offsets() -> None:
    assert rewrite("abc", [], ("family",)) == Step("abc", None, ())


def test_reading_backwards_counts_from_the_end() -> None:
    assert Reversal(10).source(0, 3) == (7, 10)


def test_edits_before_the_first_one_run_in_step() -> None:
    edits = Edits()
    edits.add(5, 8, 5, 6)

    assert edits.source(0, 5) == (0, 5)
    assert edits.source(5, 6) == (5, 8)
    assert edits.source(6, 7) == (8, 9)
    assert len(edits) == 1
